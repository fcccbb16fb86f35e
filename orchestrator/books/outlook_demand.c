/* What a forecast of demand means: the months' highest means, the limit, demand response. */
#include <math.h>
#include <stdlib.h>

#include "common/calendar.h"
#include "orchestrator/books/json.h"
#include "orchestrator/books/outlook_view.h"

/* The highest slot of [from, to) by its mean and by its upper limit; h is -1: none is there. */
struct highest {
	int by_mean, by_band;
};

static struct highest
highest(const struct xn_outlook *outlook, const struct xn_forecast *forecast, xn_instant from,
    xn_instant to)
{
	struct highest found = {-1, -1};

	for (unsigned h = 0; h < forecast->count; h++) {
		const struct xn_forecast_slot *slot = &forecast->slots[h];
		xn_instant start = xn_outlook_at(outlook, outlook->count + h);

		if (isnan(slot->mean) || start.ms >= to.ms ||
		    start.ms + outlook->slot.ms <= from.ms)
			continue;
		if (found.by_mean < 0 || slot->mean > forecast->slots[found.by_mean].mean)
			found.by_mean = (int)h;
		if (!isnan(slot->high95) &&
		    (found.by_band < 0 || slot->high95 > forecast->slots[found.by_band].high95))
			found.by_band = (int)h;
	}
	return found;
}

/* Sets forecast_kw with its band, when, and the highest upper limit of any slot. */
static void
put_highest(json_t *object, const struct xn_outlook *outlook, const struct xn_forecast *forecast,
    xn_instant from, xn_instant to)
{
	struct highest found = highest(outlook, forecast, from, to);
	struct xn_forecast_slot none = {
	    (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
	const struct xn_forecast_slot *slot =
	    found.by_mean < 0 ? &none : &forecast->slots[found.by_mean];
	xn_instant at = {0};

	if (found.by_mean >= 0)
		at = xn_outlook_at(outlook, outlook->count + (unsigned)found.by_mean);
	json_object_set_new(object, "forecast_kw", xn_outlook_number(slot->mean));
	json_object_set_new(object, "forecast_at", xn_json_instant(at, outlook->utc_offset_s));
	json_object_set_new(object, "low95_kw", xn_outlook_number(slot->low95));
	json_object_set_new(object, "high95_kw", xn_outlook_number(slot->high95));
	json_object_set_new(object, "highest_high95_kw",
	    xn_outlook_number(
		found.by_band < 0 ? (double)NAN : forecast->slots[found.by_band].high95));
}

/* "no", "possible" (the band reaches above it) or "yes" (the mean does); null: nothing to pass. */
static json_t *
passes(const json_t *object, double limit)
{
	const json_t *mean = json_object_get(object, "forecast_kw");
	const json_t *high = json_object_get(object, "highest_high95_kw");

	if (isnan(limit) || !json_is_number(mean))
		return json_null();
	if (json_number_value(mean) > limit)
		return json_string("yes");
	return json_string(json_number_value(high) > limit ? "possible" : "no");
}

/* ---- months ---- */

static int
take_grid(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct xn_price_interval interval = {
	    .start = row->start, .end = row->end, .grid = row->amount.energy};

	(void)err;
	if (interval.grid.mj < 0)
		interval.grid.mj = 0;
	if (row->end.ms > row->start.ms)
		xn_price_add(context, NULL, &interval);
	return XN_OK;
}

static json_t *
month_row(const struct xn_outlook *outlook, const struct xn_forecast *forecast, xn_instant start,
    const struct xn_price *booked, const struct xn_energy_plan *plan)
{
	struct xn_date date = xn_date_of(start, outlook->utc_offset_s);
	json_t *row = json_object();
	const struct xn_price_month *so_far = NULL;
	xn_money per_kw;

	for (unsigned i = 0; i < booked->month_count; i++)
		if (booked->months[i].start.ms == start.ms)
			so_far = &booked->months[i];
	json_object_set_new(row, "month", json_sprintf("%04d-%02d", date.year, date.month));
	json_object_set_new(row, "booked_kw",
	    so_far == NULL ? json_null() : json_real((double)so_far->peak.mw / 1e6));
	json_object_set_new(row, "booked_at",
	    so_far == NULL ? json_null() : xn_json_instant(so_far->peak_at, outlook->utc_offset_s));
	put_highest(row, outlook, forecast, start, xn_month_next(start, outlook->utc_offset_s));
	json_object_set_new(row, "raises",
	    passes(row, so_far == NULL ? (double)NAN : (double)so_far->peak.mw / 1e6));
	json_object_set_new(row, "demand_vnd_kw",
	    plan != NULL && xn_energy_plan_demand(plan, start, &per_kw)
		? json_real((double)per_kw.mvnd / 1e3)
		: json_null());
	return row;
}

static int
put_months(json_t *answer, const struct xn_question *question, const struct xn_outlook *outlook,
    const struct xn_forecast *forecast, const struct xn_energy_plan *plan, struct xn_error *err)
{
	int offset_s = outlook->utc_offset_s;
	xn_instant origin = xn_outlook_at(outlook, outlook->count);
	xn_instant end = xn_outlook_at(outlook, outlook->count + forecast->count);
	struct xn_books_query query = {.from = xn_month_start(origin, offset_s),
	    .to = {origin.ms + outlook->slot.ms},
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_GRID),
	    .step = XN_BOOKS_INTERVAL,
	    .whole = true};
	struct xn_price *booked = malloc(sizeof(*booked));
	json_t *rows = json_array();
	int result;

	if (booked == NULL)
		abort();
	xn_price_begin(booked, offset_s);
	result = xn_books_entries(question->books, &query, take_grid, booked, err);
	xn_price_end(booked);
	for (xn_instant month = query.from; month.ms < end.ms;
	     month = xn_month_next(month, offset_s))
		json_array_append_new(rows, month_row(outlook, forecast, month, booked, plan));
	free(booked);
	json_object_set_new(answer, "months", rows);
	return result;
}

/* ---- demand response ---- */

static json_t *
events_of(const struct xn_outlook *outlook, const struct xn_forecast *forecast,
    const struct xn_energy_plan *plan)
{
	xn_instant from = xn_outlook_at(outlook, outlook->count);
	xn_instant to = xn_outlook_at(outlook, outlook->count + forecast->count);
	const struct xn_demand_event *events = NULL;
	json_t *rows = json_array();
	unsigned count = 0;

	if (plan != NULL)
		events = xn_energy_plan_events(plan, &count);
	for (unsigned i = 0; i < count; i++) {
		const struct xn_demand_event *event = &events[i];
		double most = event->has_grid_max ? (double)event->grid_max.mw / 1e6 : (double)NAN;
		json_t *row;

		if (event->from.ms >= to.ms || event->to.ms <= from.ms)
			continue;
		row = json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", xn_json_text(event->name),
		    "from", xn_json_instant(event->from, outlook->utc_offset_s), "to",
		    xn_json_instant(event->to, outlook->utc_offset_s), "grid_max_kw",
		    xn_outlook_number(most), "reduce_kw",
		    event->reduce.mw == 0 ? json_null()
					  : json_real((double)event->reduce.mw / 1e6));
		put_highest(row, outlook, forecast, event->from, event->to);
		json_object_set_new(row, "exceeds", passes(row, most));
		json_array_append_new(rows, row);
	}
	return rows;
}

int
xn_outlook_put_demand(json_t *answer, const struct xn_question *question,
    const struct xn_outlook *outlook, const struct xn_forecast *forecast,
    const struct xn_energy_plan *plan, struct xn_error *err)
{
	xn_power limit = {plan == NULL ? 0 : xn_energy_plan_sources(plan)->grid_limit.mw};
	double limit_kw = limit.mw == 0 ? (double)NAN : (double)limit.mw / 1e6;
	json_t *highest_row = json_object();

	put_highest(highest_row, outlook, forecast, xn_outlook_at(outlook, outlook->count),
	    xn_outlook_at(outlook, outlook->count + forecast->count));
	json_object_set_new(highest_row, "limit_kw", xn_outlook_number(limit_kw));
	json_object_set_new(highest_row, "exceeds", passes(highest_row, limit_kw));
	json_object_set_new(answer, "highest", highest_row);
	json_object_set_new(answer, "events", events_of(outlook, forecast, plan));
	return put_months(answer, question, outlook, forecast, plan, err);
}
