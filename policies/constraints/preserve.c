#include "policies/terms.h"

/* preserve: each of these VMs counts at least that much. Raises what VMs count: state_make.c. */
const struct xn_constraint xn_constraint_preserve = {
    .name = "preserve",
    .fields = {{"select", XN_FIELD_SELECT, true}, {"resource", XN_FIELD_RESOURCE, true},
	{"at_least", XN_FIELD_AMOUNT, true}},
};
