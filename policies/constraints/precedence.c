#include "policies/terms.h"

/* precedence: every move of a `first` VM is done before any of a `then` VM. Bounds plans: order.c.
 */
const struct xn_constraint xn_constraint_precedence = {
    .name = "precedence",
    .fields = {{"first", XN_FIELD_SELECT, true}, {"then", XN_FIELD_THEN, true}},
};
