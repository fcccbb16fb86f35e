/* The supply of a period, priced: what site energy, the annual data, carbon and invoices share. */
#include "orchestrator/reports/making.h"

#include <stdlib.h>
#include <string.h>

struct passing {
	struct xn_making *making;
	enum xn_books_step step;
	int (*each)(const struct xn_supply *supply, void *context, struct xn_error *err);
	void *context;
	struct xn_price price;
	struct xn_supply supply;
	struct xn_price_interval interval; /* being read; end 0: none */
	/* The plan in force, looked up once a day. */
	char *text;
	const struct xn_energy_plan *plan;
	xn_instant looked_up;
};

/* A plan that is in the books was checked when it was applied. */
static const struct xn_energy_plan *
compile(struct xn_making *making, const char *text)
{
	struct xn_source *source = xn_new(making->arena, struct xn_source, 1);
	struct xn_problems problems;
	const struct xn_yaml *documents;

	xn_problems_init(&problems, making->arena);
	*source = (struct xn_source){.path = "energy-plan",
	    .bytes = xn_text_copy(making->arena, text, strlen(text)),
	    .size = strlen(text)};
	documents = xn_yaml_read_text(making->arena, source, &problems);
	if (documents == NULL || documents->first == NULL)
		return NULL;
	return xn_energy_plan_compile(making->arena, documents->first, &problems);
}

static int
look_up(struct passing *p, xn_instant at, struct xn_error *err)
{
	xn_instant day = xn_day_start(at, p->making->site->utc_offset_s);
	struct xn_error why = {0};
	char *text = NULL;
	int result;

	if (p->looked_up.ms == day.ms)
		return XN_OK;
	p->looked_up = day;
	result = xn_books_energy_plan(p->making->books, at, &text, &why);
	if (result == XN_ENOTFOUND) {
		p->plan = NULL;
		free(p->text);
		p->text = NULL;
		return XN_OK;
	}
	if (result != XN_OK)
		return xn_fail(err, why.code, "%s", why.text);
	if (p->text == NULL || strcmp(p->text, text) != 0)
		p->plan = compile(p->making, text);
	free(p->text);
	p->text = text;
	return XN_OK;
}

/* ---- steps ---- */

static void
begin_step(struct passing *p, xn_instant start)
{
	int offset = p->making->site->utc_offset_s;
	xn_instant end = p->making->period.to;

	if (p->step == XN_BOOKS_DAY) {
		start = xn_day_start(start, offset);
		end.ms = start.ms + 86400000;
	} else if (p->step == XN_BOOKS_MONTH) {
		start = xn_month_start(start, offset);
		end = xn_month_next(start, offset);
	} else {
		start = p->making->period.from;
	}
	if (start.ms < p->making->period.from.ms)
		start = p->making->period.from;
	if (end.ms > p->making->period.to.ms)
		end = p->making->period.to;
	p->supply = (struct xn_supply){.start = start, .end = end, .price = &p->price};
	xn_price_begin(&p->price, offset);
}

static int
end_step(struct passing *p, struct xn_error *err)
{
	if (p->supply.price == NULL)
		return XN_OK;
	xn_price_end(&p->price);
	p->supply.plan = p->plan;
	return p->each(&p->supply, p->context, err);
}

static int
end_interval(struct passing *p, struct xn_error *err)
{
	int result;

	if (p->interval.end.ms == 0)
		return XN_OK;
	result = look_up(p, p->interval.start, err);
	if (result == XN_OK)
		xn_price_add(&p->price, p->plan, &p->interval);
	return result;
}

static int
begin_interval(struct passing *p, const struct xn_books_row *row, struct xn_error *err)
{
	int result = end_interval(p, err);

	if (result == XN_OK && (p->supply.price == NULL || row->start.ms >= p->supply.end.ms)) {
		result = end_step(p, err);
		if (result == XN_OK)
			begin_step(p, row->start);
	}
	p->interval = (struct xn_price_interval){.start = row->start, .end = row->end};
	return result;
}

static int
take_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct passing *p = context;
	xn_energy energy = row->amount.energy;

	if ((p->interval.end.ms == 0 || row->start.ms != p->interval.start.ms) &&
	    begin_interval(p, row, err) != XN_OK)
		return (int)err->code;
	if (row->account <= XN_ACCOUNT_GENERATOR)
		xn_amount_add(&p->supply.amounts[row->account], &row->amount);
	else
		xn_amount_add(&p->supply.it, &row->amount);
	switch ((unsigned)row->account) {
	case XN_ACCOUNT_GRID: p->interval.grid = energy; break;
	case XN_ACCOUNT_PV: p->interval.pv = energy; break;
	case XN_ACCOUNT_BATTERY: p->interval.battery = energy; break;
	case XN_ACCOUNT_GENERATOR: p->interval.generator = energy; break;
	default: p->interval.it.mj -= energy.mj; break;
	}
	return XN_OK;
}

int
xn_making_supply(struct xn_making *making, enum xn_books_step step,
    int (*each)(const struct xn_supply *supply, void *context, struct xn_error *err), void *context,
    struct xn_error *err)
{
	struct xn_books_query query = {
	    .accounts = XN_SOURCES | XN_IT, .step = XN_BOOKS_INTERVAL, .whole = true};
	struct passing *p = calloc(1, sizeof(*p));
	int result;

	if (p == NULL)
		abort();
	*p = (struct passing){
	    .making = making, .step = step, .each = each, .context = context, .looked_up = {-1}};
	result = xn_making_entries(making, &query, take_row, p, err);
	if (result == XN_OK)
		result = end_interval(p, err);
	if (result == XN_OK)
		result = end_step(p, err);
	free(p->text);
	free(p);
	return result;
}

bool
xn_supply_factor(const struct xn_supply *supply, struct xn_factor *ret_factor)
{
	return supply->plan != NULL &&
	    xn_energy_plan_factor(supply->plan, XN_FACTOR_LOCATION, supply->start, ret_factor);
}

void
xn_supply_remarks(struct xn_making *making, const struct xn_price *price)
{
	if (price->unpriced.mj > 0) {
		xn_remark_number(making, true, "Chưa có biểu giá cho %s kWh mua vào",
		    "No tariff for %s kWh that were bought",
		    xn_share(price->unpriced.mj, XN_WH_MJ, 1), 3);
		making->document->complete = false;
	}
	if (price->uncounted.mj > 0) {
		xn_remark_number(making, true, "Chưa có hệ số phát thải cho %s kWh mua vào",
		    "No emission factor for %s kWh that were bought",
		    xn_share(price->uncounted.mj, XN_WH_MJ, 1), 3);
		making->document->complete = false;
	}
	if (price->split.mj > 0)
		xn_remark_number(making, false,
		    "Chia theo thời gian qua ranh giới khung giờ (không đo riêng): %s kWh",
		    "Split by time across a band's border (not measured apart): %s kWh",
		    xn_share(price->split.mj, XN_WH_MJ, 1), 3);
}
