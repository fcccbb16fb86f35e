#include "orchestrator/books/outlook.h"

#include <math.h>
#include <string.h>

#include "common/calendar.h"

#define DAY_MS     INT64_C(86400000)
#define SLOT_MS    INT64_C(1800000)
#define POWER_MOST 1e9 /* kW: what is booked was held against its meters' ratings */

#define SOURCES                                                                                    \
	(XN_ACCOUNT_BIT(XN_ACCOUNT_GRID) | XN_ACCOUNT_BIT(XN_ACCOUNT_PV) |                         \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_BATTERY) | XN_ACCOUNT_BIT(XN_ACCOUNT_GENERATOR))
#define IT                                                                                         \
	(XN_ACCOUNT_BIT(XN_ACCOUNT_HOST) | XN_ACCOUNT_BIT(XN_ACCOUNT_VM) |                         \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_RACK_OTHER))

static const struct {
	const char *word;
	enum xn_forecast_kind kind;
	uint64_t accounts; /* 0: gauges */
} kinds[XN_OUTLOOK_KIND_COUNT] = {
    [XN_OUTLOOK_LOAD] = {"load", XN_FORECAST_LOAD, SOURCES},
    [XN_OUTLOOK_IT] = {"it", XN_FORECAST_LOAD, IT},
    [XN_OUTLOOK_PV] = {"pv", XN_FORECAST_PV, XN_ACCOUNT_BIT(XN_ACCOUNT_PV)},
    [XN_OUTLOOK_TEMPERATURE] = {"temperature", XN_FORECAST_TEMPERATURE, 0},
    [XN_OUTLOOK_DEMAND] = {"demand", XN_FORECAST_LOAD, XN_ACCOUNT_BIT(XN_ACCOUNT_GRID)},
};

const char *
xn_outlook_word(enum xn_outlook_kind kind)
{
	return kinds[kind].word;
}

bool
xn_outlook_of(const char *word, enum xn_outlook_kind *ret_kind)
{
	for (int i = 0; i < XN_OUTLOOK_KIND_COUNT; i++)
		if (strcmp(kinds[i].word, word) == 0) {
			*ret_kind = (enum xn_outlook_kind)i;
			return true;
		}
	return false;
}

xn_instant
xn_outlook_at(const struct xn_outlook *outlook, unsigned index)
{
	return (xn_instant){outlook->start.ms + index * outlook->slot.ms};
}

/* ---- slots from intervals ---- */

struct sum {
	double amount;        /* mJ; milli degC times ms */
	double covered, span; /* ms of meters */
	int64_t booked;       /* ms */
};

struct filling {
	const struct xn_outlook *outlook;
	struct sum *sums;
	xn_instant last; /* interval that was counted into `booked` */
};

/* Shares an amount between the slots that it reaches over, by time. */
static void
fill(struct filling *in, xn_instant start, xn_instant end, const struct sum *whole)
{
	const struct xn_outlook *outlook = in->outlook;
	int64_t from = start.ms - outlook->start.ms, to = end.ms - outlook->start.ms;
	int64_t limit = outlook->count * outlook->slot.ms;

	if (to <= from)
		return;
	for (int64_t at = from < 0 ? 0 : from; at < to && at < limit;) {
		struct sum *sum = &in->sums[at / outlook->slot.ms];
		int64_t stop = (at / outlook->slot.ms + 1) * outlook->slot.ms;
		int64_t part = (stop < to ? stop : to) - at;
		double share = (double)part / (double)(to - from);

		sum->amount += whole->amount * share;
		sum->covered += whole->covered * share;
		sum->span += whole->span * share;
		sum->booked += whole->booked > 0 ? part : 0;
		at = stop;
	}
}

static int
take_entry(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct filling *in = context;
	enum xn_outlook_kind kind = in->outlook->kind;
	double mj = (double)row->amount.energy.mj;
	struct sum whole = {.amount = kind == XN_OUTLOOK_IT ? -mj : mj,
	    .covered = (double)row->amount.covered.ms,
	    .span = (double)row->amount.span.ms,
	    .booked = row->start.ms != in->last.ms};

	(void)err;
	/* What an inverter draws at night, and what is fed into the grid, is not of this kind. */
	if ((kind == XN_OUTLOOK_PV || kind == XN_OUTLOOK_DEMAND) && mj < 0)
		whole.amount = 0;
	in->last = row->start;
	fill(in, row->start, row->end, &whole);
	return XN_OK;
}

static int
take_gauge(const struct xn_books_gauge *row, void *context, struct xn_error *err)
{
	struct sum whole = {
	    .amount = (double)row->mean * (double)(row->end.ms - row->start.ms), .booked = 1};

	(void)err;
	fill(context, row->start, row->end, &whole);
	return XN_OK;
}

static double
mean_of(const struct xn_outlook *outlook, const struct sum *sum)
{
	/* Sensors are counted each: any of them will do. */
	if (sum->booked == 0 || sum->covered * 2 < sum->span)
		return (double)NAN;
	if (outlook->kind != XN_OUTLOOK_TEMPERATURE && sum->booked * 10 < outlook->slot.ms * 9)
		return (double)NAN;
	/* mJ in a ms are W. */
	return sum->amount / (double)sum->booked / 1000;
}

static void
finish(struct xn_outlook *outlook, const struct sum *sums)
{
	unsigned first = 0;

	for (unsigned i = 0; i < outlook->count; i++)
		outlook->values[i] = mean_of(outlook, &sums[i]);
	while (first < outlook->count && isnan(outlook->values[first]))
		first++;
	outlook->start = xn_outlook_at(outlook, first);
	outlook->values += first;
	outlook->count -= first;
	for (unsigned i = 0; i < outlook->count; i++)
		outlook->gaps += isnan(outlook->values[i]) ? 1 : 0;
}

/* Slots and where they begin and end; XN_ENOTFOUND when there is none. */
static int
lay_out(struct xn_outlook *outlook, struct xn_books *books, unsigned days, struct xn_error *err)
{
	const struct xn_books_site *site = xn_books_site(books);
	int64_t interval = site->interval.ms, from;
	xn_instant first, last, midnight;

	if (xn_books_range(books, &first, &last, err) != XN_OK)
		return xn_fail(
		    err, XN_ENOTFOUND, "nothing was booked yet: a forecast needs a past");
	outlook->utc_offset_s = site->utc_offset_s;
	outlook->slot.ms = interval > SLOT_MS && DAY_MS % interval == 0 ? interval : SLOT_MS;
	outlook->per_day = (unsigned)(DAY_MS / outlook->slot.ms);
	midnight = xn_day_start(last, outlook->utc_offset_s);
	from = xn_day_start(first, outlook->utc_offset_s).ms;
	if (from < midnight.ms - days * DAY_MS)
		from = midnight.ms - days * DAY_MS;
	outlook->start.ms = from;
	outlook->count = (unsigned)((last.ms - from) / outlook->slot.ms);
	return XN_OK;
}

int
xn_outlook_read(struct xn_outlook *outlook, struct xn_books *books, enum xn_outlook_kind kind,
    unsigned days, struct xn_arena *arena, struct xn_error *err)
{
	struct filling in = {.outlook = outlook};
	struct xn_books_query query = {
	    .accounts = kinds[kind].accounts, .step = XN_BOOKS_INTERVAL, .whole = true};
	int result;

	*outlook = (struct xn_outlook){.kind = kind, .arena = arena};
	result = lay_out(outlook, books, days, err);
	if (result != XN_OK)
		return result;
	in.sums = xn_new(arena, struct sum, outlook->count + 1);
	outlook->values = xn_new(arena, double, outlook->count + 1);
	/* The interval before may reach into the first slot. */
	query.from.ms = outlook->start.ms - DAY_MS;
	query.to = xn_outlook_at(outlook, outlook->count);
	result = query.accounts != 0 ? xn_books_entries(books, &query, take_entry, &in, err)
				     : xn_books_gauges(books, XN_GAUGE_INLET, outlook->start,
					   query.to, take_gauge, &in, err);
	if (result != XN_OK)
		return result;
	finish(outlook, in.sums);
	if (outlook->count > 0)
		return XN_OK;
	return xn_fail(err, XN_ENOTFOUND, "nothing was booked of %s: a forecast needs a past",
	    kinds[kind].word);
}

/* ---- forecasts ---- */

static unsigned
phase_of(const struct xn_outlook *outlook, unsigned index)
{
	int64_t local = xn_outlook_at(outlook, index).ms + outlook->utc_offset_s * INT64_C(1000);
	int64_t monday = local - 4 * DAY_MS; /* 1970-01-05 was one */

	return (unsigned)((monday % (7 * DAY_MS) + 7 * DAY_MS) % (7 * DAY_MS) / outlook->slot.ms);
}

/* Two days from what is before the slot `origin` alone: bands go by how far ahead a slot is of all
 * that is forecast, so that what is shown and what is scored have the same. */
static struct xn_forecast
forecast(const struct xn_outlook *outlook, unsigned origin, bool last_week)
{
	bool warm = outlook->kind == XN_OUTLOOK_TEMPERATURE;
	unsigned most = (warm ? XN_OUTLOOK_HISTORY_C : XN_OUTLOOK_HISTORY) * outlook->per_day;
	unsigned skip = origin > most ? origin - most : 0;
	struct xn_forecast_series series = {.kind = kinds[outlook->kind].kind,
	    .values = outlook->values + skip,
	    .count = origin - skip,
	    .per_day = outlook->per_day,
	    .phase = phase_of(outlook, skip),
	    .least = warm ? -100 : 0,
	    .most = warm ? 100 : POWER_MOST};

	return last_week ? xn_forecast_last_week(outlook->arena, &series, 2 * outlook->per_day)
			 : xn_forecast_make(outlook->arena, &series, 2 * outlook->per_day);
}

/* Fitted forecasts of days, one behind the other, and what came: days[0] begins at `first`. */
struct rehearsal {
	unsigned first, days;
	struct xn_forecast_slot *slots;
};

static void
put_day(const struct xn_outlook *outlook, unsigned origin, bool last_week,
    struct xn_forecast_slot *ret_slots)
{
	size_t before = outlook->arena->used;
	struct xn_forecast made = forecast(outlook, origin, last_week);

	memcpy(ret_slots, made.slots, outlook->per_day * sizeof(made.slots[0]));
	outlook->arena->used = before;
}

/* The last `days` whole days that have two before them. */
static struct rehearsal
rehearse(const struct xn_outlook *outlook, unsigned days)
{
	unsigned per_day = outlook->per_day;
	unsigned into = phase_of(outlook, outlook->count) % per_day;
	unsigned end = outlook->count > into ? outlook->count - into : 0;
	unsigned there = end / per_day > 2 ? end / per_day - 2 : 0;
	struct rehearsal on = {.days = days < there ? days : there};

	on.first = end - on.days * per_day;
	on.slots = xn_new(outlook->arena, struct xn_forecast_slot, on.days * per_day + 1);
	for (unsigned d = 0; d < on.days; d++)
		put_day(outlook, on.first + d * per_day, false, &on.slots[d * per_day]);
	return on;
}

/* By the days before the one of index `day`. */
static struct xn_outlook_choice
choose(const struct xn_outlook *outlook, const struct rehearsal *on, unsigned day)
{
	unsigned days = day < XN_OUTLOOK_TRIAL ? day : XN_OUTLOOK_TRIAL;
	unsigned skip = (day - days) * outlook->per_day;
	struct xn_outlook_choice choice = {.days = days};

	choice.trial = xn_forecast_score(
	    on->slots + skip, outlook->values + on->first + skip, days * outlook->per_day);
	if (choice.trial.slots < XN_OUTLOOK_TRIAL_MIN * outlook->per_day / 2)
		choice.days = 0;
	choice.last_week = choice.days < XN_OUTLOOK_TRIAL_MIN || !xn_forecast_beats(&choice.trial);
	return choice;
}

struct xn_forecast
xn_outlook_make(
    const struct xn_outlook *outlook, unsigned hours, struct xn_outlook_choice *ret_choice)
{
	struct rehearsal on = rehearse(outlook, XN_OUTLOOK_TRIAL);
	unsigned asked = (hours * outlook->per_day + 23) / 24;
	struct xn_forecast made;

	*ret_choice = choose(outlook, &on, on.days);
	made = forecast(outlook, outlook->count, ret_choice->last_week);
	made.count = asked < made.count ? asked : made.count;
	return made;
}

unsigned
xn_outlook_score(const struct xn_outlook *outlook, unsigned days, struct xn_outlook_day *ret_days,
    struct xn_forecast_score *ret_whole)
{
	struct rehearsal on = rehearse(outlook, days + XN_OUTLOOK_TRIAL);
	unsigned per_day = outlook->per_day;
	unsigned count = on.days < days ? on.days : days;
	unsigned skip = on.days - count;

	/* The choice looks at the fitted ones: what was shown takes their places from behind. */
	for (unsigned i = count; i-- > 0;) {
		unsigned origin = on.first + (skip + i) * per_day;
		struct xn_forecast_slot *slots = &on.slots[(skip + i) * per_day];

		ret_days[i].start = xn_outlook_at(outlook, origin);
		ret_days[i].choice = choose(outlook, &on, skip + i);
		if (ret_days[i].choice.last_week)
			put_day(outlook, origin, true, slots);
		ret_days[i].score = xn_forecast_score(slots, outlook->values + origin, per_day);
	}
	*ret_whole = xn_forecast_score(on.slots + skip * per_day,
	    outlook->values + on.first + skip * per_day, count * per_day);
	return count;
}
