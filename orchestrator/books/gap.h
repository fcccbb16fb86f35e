/*
 * Gap to plan: hour by hour or day by day, what was reached beside what the plan asked. A step that
 * has no IT energy has no PUE and no CUE, and says so; nothing is carried from one step to the
 * next.
 *
 * Invariant: (1) `actual` is meant only where `known`, `target` only where `asked`.
 */
#ifndef XN_BOOKS_GAP_H
#define XN_BOOKS_GAP_H

#include "orchestrator/books/price.h"

struct xn_gap_metric {
	bool known, asked, met;
	int64_t actual; /* millionths of the metric's unit */
	struct xn_target target;
};

struct xn_gap {
	xn_instant start, end; /* of the step, in site time */
	xn_energy grid, it, total;
	xn_carbon location;
	bool has_carbon; /* a factor was known in every interval */
	struct xn_gap_metric pue, ref, cue;
	/* The highest mean of an interval beside the grid's limit, an event's included; 0: none. */
	xn_power highest, limit;
};

/* The step that holds an instant: hours and days of site time. */
xn_instant xn_gap_step(xn_instant at, xn_duration step, int utc_offset_s);

/*
 * One row per step that `intervals` (in the order of time) touch, into `ret_rows` of room `max`.
 * How many; an interval belongs to the step in which it starts.
 */
unsigned xn_gap_series(const struct xn_energy_plan *plan, const struct xn_price_interval *intervals,
    unsigned count, xn_duration step, int utc_offset_s, struct xn_gap *ret_rows, unsigned max);

#endif
