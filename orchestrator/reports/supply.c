/* The supply of a period, priced: what site energy, the annual data, carbon and invoices share. */
#include "orchestrator/reports/making.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/energy_plans.h"

struct passing {
	struct xn_making *making;
	enum xn_books_step step;
	int (*each)(const struct xn_supply *supply, void *context, struct xn_error *err);
	void *context;
	struct xn_price price;
	struct xn_supply supply;
	xn_instant at; /* the interval whose rows are read; ms 0: none yet */
	/* All intervals, as costs and indicators take them, contracts included. */
	struct xn_price_interval *items;
	unsigned count, next;
	/* The plan in force, looked up once a day. */
	struct xn_plans plans;
	const struct xn_energy_plan *plan;
	xn_instant looked_up;
};

static void
look_up(struct passing *p, xn_instant at)
{
	xn_instant day = xn_day_start(at, p->making->site->utc_offset_s);

	if (p->looked_up.ms == day.ms)
		return;
	p->looked_up = day;
	p->plan = xn_plans_at(&p->plans, at);
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

static void
end_interval(struct passing *p)
{
	while (p->next < p->count && p->items[p->next].start.ms <= p->at.ms) {
		const struct xn_price_interval *interval = &p->items[p->next++];

		look_up(p, interval->start);
		xn_price_add(&p->price, p->plan, interval);
	}
}

static int
begin_interval(struct passing *p, xn_instant start, struct xn_error *err)
{
	int result = XN_OK;

	end_interval(p);
	if (p->supply.price == NULL || start.ms >= p->supply.end.ms) {
		result = end_step(p, err);
		if (result == XN_OK)
			begin_step(p, start);
	}
	p->at = start;
	return result;
}

static int
take_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct passing *p = context;

	if (row->start.ms != p->at.ms && begin_interval(p, row->start, err) != XN_OK)
		return (int)err->code;
	if (row->account <= XN_ACCOUNT_GENERATOR)
		xn_amount_add(&p->supply.amounts[row->account], &row->amount);
	else
		xn_amount_add(&p->supply.it, &row->amount);
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
	struct xn_amount known;
	int result;

	if (p == NULL)
		abort();
	*p = (struct passing){
	    .making = making, .step = step, .each = each, .context = context, .looked_up = {-1}};
	xn_plans_open(&p->plans, making->books);
	result = xn_plans_intervals(making->books, making->period.from, making->period.to,
	    &p->items, &p->count, &known, err);
	if (result == XN_OK)
		result = xn_making_entries(making, &query, take_row, p, err);
	if (result == XN_OK) {
		end_interval(p);
		result = end_step(p, err);
	}
	xn_plans_close(&p->plans);
	free(p->items);
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
