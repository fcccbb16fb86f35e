#include "orchestrator/books/energy_plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/json.h"
#include "orchestrator/books/plan_view.h"

#define ARENA_SIZE    ((size_t)16 << 30) /* address space for every plan of a span */
#define ARENA_LEAST   ((size_t)256 << 20)
#define DAY_MS        INT64_C(86400000)
#define INTERVALS_MAX 1000000u
#define GAPS_MAX      20000u

__extension__ typedef __int128 wide;

/* ---- plans by instant ---- */

void
xn_plans_open(struct xn_plans *plans, struct xn_books *books)
{
	*plans = (struct xn_plans){.books = books};
	xn_arena_map(&plans->arena, ARENA_SIZE);
}

void
xn_plans_close(struct xn_plans *plans)
{
	free(plans->text);
	xn_arena_unmap(&plans->arena);
}

static const struct xn_energy_plan *
compile(struct xn_arena *arena, const char *text)
{
	struct xn_source *source = xn_new(arena, struct xn_source, 1);
	struct xn_problems problems;
	const struct xn_yaml *documents;
	const struct xn_energy_plan *plan;

	*source = (struct xn_source){.path = "energy-plan",
	    .bytes = xn_text_copy(arena, text, strlen(text)),
	    .size = strlen(text)};
	xn_problems_init(&problems, arena);
	documents = xn_yaml_read_text(arena, source, &problems);
	if (documents->first == NULL)
		return NULL;
	plan = xn_energy_plan_compile(arena, documents->first, &problems);
	return problems.count == 0 ? plan : NULL;
}

/* Where a plan begins or ends, another one may be in force. */
static int
narrow(const struct xn_books_plan *row, void *context, struct xn_error *err)
{
	struct xn_plans *plans = context;
	const xn_instant borders[] = {row->from, row->to};

	(void)err;
	for (int i = 0; i < 2; i++) {
		if (borders[i].ms <= plans->asked.ms && borders[i].ms > plans->since.ms)
			plans->since = borders[i];
		if (borders[i].ms > plans->asked.ms && borders[i].ms < plans->until.ms)
			plans->until = borders[i];
	}
	return XN_OK;
}

static void
find_plan(struct xn_plans *plans, xn_instant at)
{
	char *text = NULL;

	plans->asked = at;
	plans->since.ms = INT64_MIN;
	plans->until.ms = INT64_MAX;
	if (xn_books_energy_plans(plans->books, narrow, plans, NULL) != XN_OK)
		plans->until.ms = INT64_MIN; /* asked anew the next time */
	if (xn_books_energy_plan(plans->books, at, &text, NULL) != XN_OK) {
		plans->now = NULL;
		return;
	}
	if (plans->text != NULL && strcmp(plans->text, text) == 0) {
		free(text);
	} else {
		free(plans->text);
		plans->text = text;
		plans->plan = xn_arena_room(&plans->arena) < ARENA_LEAST
		    ? NULL
		    : compile(&plans->arena, text);
	}
	plans->now = plans->plan;
}

const struct xn_energy_plan *
xn_plans_at(struct xn_plans *plans, xn_instant at)
{
	if (at.ms < plans->since.ms || at.ms >= plans->until.ms)
		find_plan(plans, at);
	return plans->now;
}

/* ---- intervals ---- */

struct gathering {
	struct xn_price_interval *items;
	unsigned count, room;
	struct xn_amount known;
};

static int
gather(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct gathering *in = context;
	struct xn_price_interval *last = in->count == 0 ? NULL : &in->items[in->count - 1];
	int64_t mj = row->amount.energy.mj;

	if (last == NULL || last->start.ms != row->start.ms) {
		if (in->count == INTERVALS_MAX)
			return xn_fail(err, XN_EINVALID, "the span has too many intervals");
		if (in->count == in->room) {
			in->room = in->room == 0 ? 1024 : in->room * 2;
			in->items = realloc(in->items, in->room * sizeof(*in->items));
			if (in->items == NULL)
				abort();
		}
		last = &in->items[in->count++];
		*last = (struct xn_price_interval){.start = row->start, .end = row->end};
	}
	switch ((int)row->account) {
	case XN_ACCOUNT_GRID: last->grid.mj += mj > 0 ? mj : 0; break;
	case XN_ACCOUNT_PV: last->pv.mj += mj > 0 ? mj : 0; break;
	case XN_ACCOUNT_BATTERY: last->battery.mj += mj; break;
	case XN_ACCOUNT_GENERATOR: last->generator.mj += mj > 0 ? mj : 0; break;
	default: last->it.mj -= mj; break;
	}
	xn_amount_add(&in->known, &row->amount);
	return XN_OK;
}

/* Spreads what a contract delivered over the intervals of its span, by time. */
static int
spread(const struct xn_books_activity *row, void *context, struct xn_error *err)
{
	struct gathering *in = context;
	int64_t span = row->end.ms - row->start.ms;
	unsigned low = 0;
	unsigned high = in->count;

	(void)err;
	if (row->kind != XN_ACTIVITY_CONTRACT || span <= 0)
		return XN_OK;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (in->items[middle].end.ms <= row->start.ms)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < in->count && in->items[low].start.ms < row->end.ms; low++) {
		struct xn_price_interval *interval = &in->items[low];
		int64_t from =
		    interval->start.ms > row->start.ms ? interval->start.ms : row->start.ms;
		int64_t to = interval->end.ms < row->end.ms ? interval->end.ms : row->end.ms;

		/* Thousandths of a kWh are watt-hours. */
		interval->contract.mj +=
		    (int64_t)((wide)row->milli * XN_WH_MJ * (to - from) / span);
	}
	return XN_OK;
}

int
xn_plans_intervals(struct xn_books *books, xn_instant from, xn_instant to,
    struct xn_price_interval **ret_intervals, unsigned *ret_count, struct xn_amount *ret_known,
    struct xn_error *err)
{
	struct xn_books_query query = {.from = from,
	    .to = to,
	    .step = XN_BOOKS_INTERVAL,
	    .whole = true,
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_GRID) | XN_ACCOUNT_BIT(XN_ACCOUNT_PV) |
		XN_ACCOUNT_BIT(XN_ACCOUNT_BATTERY) | XN_ACCOUNT_BIT(XN_ACCOUNT_GENERATOR) |
		XN_ACCOUNT_BIT(XN_ACCOUNT_RACK_OTHER) | XN_ACCOUNT_BIT(XN_ACCOUNT_HOST) |
		XN_ACCOUNT_BIT(XN_ACCOUNT_VM)};
	struct gathering in = {0};
	int result = xn_books_entries(books, &query, gather, &in, err);

	/* Months are the longest spans that contracts are read for. */
	if (result == XN_OK && in.count > 0)
		result = xn_books_activities(
		    books, xn_after(from, (xn_duration){-31 * DAY_MS}), to, spread, &in, err);
	if (result != XN_OK) {
		free(in.items);
		return result;
	}
	*ret_intervals = in.items;
	*ret_count = in.count;
	*ret_known = in.known;
	return XN_OK;
}

/* ---- answers ---- */

static int
offset_of(const struct xn_question *question)
{
	return xn_books_site(question->books)->utc_offset_s;
}

json_t *
xn_energy_plans_show(const struct xn_question *question, struct xn_error *err)
{
	struct xn_plans plans;
	const struct xn_energy_plan *plan;
	json_t *view = NULL;

	xn_plans_open(&plans, question->books);
	plan = xn_plans_at(&plans, question->now);
	if (plan != NULL) {
		view = xn_plan_view(plan, question->now, offset_of(question));
		json_object_set_new(view, "yaml", json_string(plans.text));
	} else {
		xn_fail(
		    err, XN_ENOTFOUND, "no energy plan is in force: xanh energy-plan apply FILE");
	}
	xn_plans_close(&plans);
	return view;
}

struct listing {
	json_t *rows;
	int utc_offset_s;
};

static int
list_one(const struct xn_books_plan *row, void *context, struct xn_error *err)
{
	struct listing *listing = context;
	int offset_s = listing->utc_offset_s;

	(void)err;
	json_array_insert_new(listing->rows, 0,
	    json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", xn_json_name(row->name), "applied",
		xn_json_instant(row->at, offset_s), "actor", xn_json_name(row->actor), "from",
		xn_json_instant(row->from, offset_s), "to",
		row->to.ms == INT64_MAX ? json_null() : xn_json_instant(row->to, offset_s)));
	return XN_OK;
}

json_t *
xn_energy_plans_list(const struct xn_question *question, struct xn_error *err)
{
	struct listing listing = {json_array(), offset_of(question)};

	if (xn_books_energy_plans(question->books, list_one, &listing, err) == XN_OK)
		return json_pack("{s:o}", "rows", listing.rows);
	json_decref(listing.rows);
	return NULL;
}

static json_t *
vnd(xn_money money)
{
	return json_real((double)money.mvnd / 1e3);
}

static json_t *
ratio(xn_ratio share)
{
	return json_real((double)share.ppm / 1e6);
}

static json_t *
cost_view(const struct xn_price *price)
{
	json_t *bands = json_array();
	json_t *months = json_array();
	int64_t sum = price->energy_cost.mvnd + price->demand_cost.mvnd;

	for (unsigned i = 0; i < price->band_count; i++) {
		const struct xn_price_band *band = &price->bands[i];

		json_array_append_new(bands,
		    json_pack("{s:s, s:o, s:o, s:o, s:o}", "band", band->name, "price_vnd_kwh",
			vnd(band->price), "energy_kwh", xn_json_kwh(band->energy), "cost_vnd",
			vnd(band->cost), "vat", ratio(band->vat)));
	}
	for (unsigned i = 0; i < price->month_count; i++) {
		const struct xn_price_month *month = &price->months[i];

		json_array_append_new(months,
		    json_pack("{s:o, s:f, s:o, s:o, s:o}", "month",
			xn_json_instant(month->start, price->utc_offset_s), "peak_kw",
			(double)month->peak.mw / 1e6, "at",
			xn_json_instant(month->peak_at, price->utc_offset_s), "price_vnd_kw",
			vnd(month->per_kw), "cost_vnd", vnd(month->cost)));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "bands", bands,
	    "months", months, "bought_kwh", xn_json_kwh(price->bought), "unpriced_kwh",
	    xn_json_kwh(price->unpriced), "split_kwh", xn_json_kwh(price->split), "energy_vnd",
	    vnd(price->energy_cost), "demand_vnd", vnd(price->demand_cost), "vat_vnd",
	    vnd(price->vat), "total_vnd", vnd((xn_money){sum + price->vat.mvnd}), "peak_share",
	    ratio(xn_price_peak_share(price)), "load_factor", ratio(xn_price_load_factor(price)));
}

static json_t *
carbon_view(const struct xn_price *price)
{
	return json_pack("{s:f, s:f, s:o, s:o, s:o, s:o, s:o}", "location_kg",
	    (double)price->location.mg / 1e6, "market_kg", (double)price->market.mg / 1e6,
	    "uncounted_kwh", xn_json_kwh(price->uncounted), "contracted_kwh",
	    xn_json_kwh(price->delivered), "matched_kwh", xn_json_kwh(price->matched),
	    "matched_share", ratio(xn_price_matched_share(price)), "carbon_free_share",
	    ratio(xn_price_carbon_free(price)));
}

/* What both answers about a span begin with. */
static json_t *
begin(const struct xn_question *question, const struct xn_period *period,
    const struct xn_amount *known)
{
	int offset_s = offset_of(question);

	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "period", period->name, "from",
	    xn_json_instant(period->from, offset_s), "to", xn_json_instant(period->to, offset_s),
	    "coverage", xn_json_coverage(known), "estimated_share", xn_json_estimated(known));
}

json_t *
xn_energy_plans_cost(const struct xn_question *question, struct xn_error *err)
{
	struct xn_price_interval *intervals;
	struct xn_amount known;
	struct xn_period period;
	struct xn_price *price;
	struct xn_plans plans;
	unsigned count;
	json_t *answer;

	if (xn_question_period(question, &period, err) != XN_OK ||
	    xn_plans_intervals(
		question->books, period.from, period.to, &intervals, &count, &known, err) != XN_OK)
		return NULL;
	xn_plans_open(&plans, question->books);
	price = xn_new(&plans.arena, struct xn_price, 1);
	xn_price_begin(price, offset_of(question));
	for (unsigned i = 0; i < count; i++)
		xn_price_add(price, xn_plans_at(&plans, intervals[i].start), &intervals[i]);
	xn_price_end(price);
	answer = begin(question, &period, &known);
	json_object_set_new(answer, "cost", cost_view(price));
	json_object_set_new(answer, "carbon", carbon_view(price));
	xn_plans_close(&plans);
	free(intervals);
	return answer;
}

static json_t *
metric_view(const struct xn_gap_metric *metric)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "actual",
	    metric->known ? json_real((double)metric->actual / 1e6) : json_null(), "target",
	    metric->asked ? json_real((double)metric->target.millionths / 1e6) : json_null(),
	    "bound",
	    metric->asked ? json_string(metric->target.is_max ? "max" : "min") : json_null(), "met",
	    metric->asked && metric->known ? json_boolean(metric->met) : json_null());
}

static json_t *
gap_row(const struct xn_gap *gap, int utc_offset_s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o}", "from",
	    xn_json_instant(gap->start, utc_offset_s), "to",
	    xn_json_instant(gap->end, utc_offset_s), "grid_kwh", xn_json_kwh(gap->grid), "it_kwh",
	    xn_json_kwh(gap->it), "pue", metric_view(&gap->pue), "ref", metric_view(&gap->ref),
	    "cue", metric_view(&gap->cue), "highest_kw", (double)gap->highest.mw / 1e6, "limit_kw",
	    gap->limit.mw == 0 ? json_null() : json_real((double)gap->limit.mw / 1e6));
}

/* Runs of intervals under one plan; a step in which the plan changes has a row of each. */
static json_t *
gap_rows(const struct xn_question *question, struct xn_plans *plans,
    const struct xn_price_interval *intervals, unsigned count, xn_duration step)
{
	struct xn_gap *gaps = xn_new(&plans->arena, struct xn_gap, GAPS_MAX);
	json_t *rows = json_array();
	unsigned start = 0;

	while (start < count) {
		const struct xn_energy_plan *plan = xn_plans_at(plans, intervals[start].start);
		unsigned end = start + 1;
		unsigned found;

		while (end < count && xn_plans_at(plans, intervals[end].start) == plan)
			end++;
		found = plan == NULL ? 0
				     : xn_gap_series(plan, intervals + start, end - start, step,
					   offset_of(question), gaps, GAPS_MAX);
		for (unsigned i = 0; i < found; i++)
			json_array_append_new(rows, gap_row(&gaps[i], offset_of(question)));
		start = end;
	}
	return rows;
}

json_t *
xn_energy_plans_gap(const struct xn_question *question, struct xn_error *err)
{
	const char *by = xn_question_get(question, "by");
	struct xn_price_interval *intervals;
	struct xn_amount known;
	struct xn_period period;
	struct xn_plans plans;
	unsigned count;
	json_t *answer;

	if (by != NULL && strcmp(by, "hour") != 0 && strcmp(by, "day") != 0) {
		xn_fail(err, XN_EINVALID, "by is hour or day, not '%.32s'", by);
		return NULL;
	}
	if (xn_question_period(question, &period, err) != XN_OK ||
	    xn_plans_intervals(
		question->books, period.from, period.to, &intervals, &count, &known, err) != XN_OK)
		return NULL;
	xn_plans_open(&plans, question->books);
	answer = begin(question, &period, &known);
	json_object_set_new(answer, "rows",
	    gap_rows(question, &plans, intervals, count,
		xn_seconds(by != NULL && by[0] == 'h' ? 3600 : 86400)));
	xn_plans_close(&plans);
	free(intervals);
	return answer;
}
