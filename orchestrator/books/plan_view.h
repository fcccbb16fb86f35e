/*
 * Plan view: an energy plan as JSON, for the page and the command line: the bands of a week,
 * prices, factors, targets and events that hold at an instant.
 */
#ifndef XN_BOOKS_PLAN_VIEW_H
#define XN_BOOKS_PLAN_VIEW_H

#include <jansson.h>

#include "policies/energy_plan.h"

/* `at`: of the week, the factors and the targets; moved into the plan's time when outside it. */
json_t *xn_plan_view(const struct xn_energy_plan *plan, xn_instant at, int utc_offset_s);

#endif
