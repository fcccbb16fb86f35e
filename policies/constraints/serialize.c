#include "policies/terms.h"

/* serialize: no two moves of these VMs overlap. Bounds plans: order.c. */
const struct xn_constraint xn_constraint_serialize = {
    .name = "serialize",
    .fields = {{"select", XN_FIELD_SELECT, true}},
};
