#include "orchestrator/books/gap.h"

#include <string.h>

__extension__ typedef __int128 wide;

xn_instant
xn_gap_step(xn_instant at, xn_duration step, int utc_offset_s)
{
	int64_t local = at.ms + utc_offset_s * INT64_C(1000);
	int64_t past = (local % step.ms + step.ms) % step.ms;

	return (xn_instant){at.ms - past};
}

static struct xn_gap_metric
compare(const struct xn_energy_plan *plan, enum xn_target_metric metric, xn_instant at,
    int utc_offset_s, bool known, int64_t actual)
{
	struct xn_gap_metric row = {.known = known, .actual = known ? actual : 0};

	row.asked = xn_energy_plan_target(plan, metric, at, utc_offset_s, &row.target);
	row.met = row.asked && known &&
	    (row.target.is_max ? actual <= row.target.millionths : actual >= row.target.millionths);
	return row;
}

static int64_t
millionths(wide part, int64_t whole)
{
	return whole <= 0 ? 0 : (int64_t)((part * 1000000 + whole / 2) / whole);
}

static void
close_step(
    const struct xn_energy_plan *plan, int utc_offset_s, int64_t renewable_mj, struct xn_gap *row)
{
	bool has_it = row->it.mj > 0;

	row->pue = compare(plan, XN_TARGET_PUE, row->start, utc_offset_s, has_it,
	    millionths(row->total.mj, row->it.mj));
	row->ref = compare(plan, XN_TARGET_REF, row->start, utc_offset_s, row->total.mj > 0,
	    millionths(renewable_mj, row->total.mj));
	/* Milligrams of a kWh of IT are millionths of a kg/kWh. */
	row->cue = compare(plan, XN_TARGET_CUE, row->start, utc_offset_s, has_it && row->has_carbon,
	    has_it ? (int64_t)((wide)row->location.mg * XN_WH_MJ * 1000 / row->it.mj) : 0);
}

static void
take_limit(
    const struct xn_energy_plan *plan, const struct xn_price_interval *interval, struct xn_gap *row)
{
	int64_t mean =
	    (int64_t)((wide)interval->grid.mj * 1000 / (interval->end.ms - interval->start.ms));
	xn_power limit = xn_energy_plan_sources(plan)->grid_limit;
	unsigned count;
	const struct xn_demand_event *events = xn_energy_plan_events(plan, &count);

	for (unsigned i = 0; i < count; i++)
		if (events[i].has_grid_max && interval->start.ms < events[i].to.ms &&
		    interval->end.ms > events[i].from.ms &&
		    (limit.mw == 0 || events[i].grid_max.mw < limit.mw))
			limit = events[i].grid_max;
	if (mean > row->highest.mw)
		row->highest.mw = mean;
	if (limit.mw > 0 && (row->limit.mw == 0 || limit.mw < row->limit.mw))
		row->limit = limit;
}

static void
take(const struct xn_energy_plan *plan, const struct xn_price_interval *interval, int utc_offset_s,
    int64_t *renewable_mj, struct xn_gap *row)
{
	xn_energy delivered;
	xn_carbon unused;
	struct xn_factor factor;

	row->grid.mj += interval->grid.mj;
	row->it.mj += interval->it.mj;
	row->total.mj +=
	    interval->grid.mj + interval->pv.mj + interval->battery.mj + interval->generator.mj;
	if (xn_energy_plan_factor(plan, XN_FACTOR_LOCATION, interval->start, &factor))
		row->location.mg += xn_carbon_of(interval->grid, factor.per_kwh).mg;
	else
		row->has_carbon = false;
	*renewable_mj += interval->pv.mj;
	take_limit(plan, interval, row);
	delivered = xn_price_delivered(plan, interval, utc_offset_s, &unused);
	*renewable_mj += delivered.mj < interval->grid.mj ? delivered.mj : interval->grid.mj;
}

unsigned
xn_gap_series(const struct xn_energy_plan *plan, const struct xn_price_interval *intervals,
    unsigned count, xn_duration step, int utc_offset_s, struct xn_gap *ret_rows, unsigned max)
{
	unsigned rows = 0;
	int64_t renewable_mj = 0;

	for (unsigned i = 0; i < count; i++) {
		xn_instant start = xn_gap_step(intervals[i].start, step, utc_offset_s);

		if (rows == 0 || ret_rows[rows - 1].start.ms != start.ms) {
			if (rows > 0)
				close_step(plan, utc_offset_s, renewable_mj, &ret_rows[rows - 1]);
			if (rows == max)
				return rows;
			memset(&ret_rows[rows], 0, sizeof(*ret_rows));
			ret_rows[rows].start = start;
			ret_rows[rows].has_carbon = true;
			ret_rows[rows++].end = xn_after(start, step);
			renewable_mj = 0;
		}
		take(plan, &intervals[i], utc_offset_s, &renewable_mj, &ret_rows[rows - 1]);
	}
	if (rows > 0)
		close_step(plan, utc_offset_s, renewable_mj, &ret_rows[rows - 1]);
	return rows;
}
