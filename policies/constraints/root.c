#include "policies/terms.h"

/* root: these VMs are not moved; they may be placed. Bounds plans: permits.c. */
const struct xn_constraint xn_constraint_root = {
    .name = "root",
    .fields = {{"select", XN_FIELD_SELECT, true}},
};
