#include "policies/terms.h"

/* quarantine: no VM enters or leaves these hosts, their power stays. Bounds plans: permits.c. */
const struct xn_constraint xn_constraint_quarantine = {
    .name = "quarantine",
    .fields = {{"hosts", XN_FIELD_HOSTS, true}},
};
