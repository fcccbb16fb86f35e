#include "orchestrator/books/kpis_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/core/topology.h"

#define BALANCE ((XN_ACCOUNT_BIT(XN_ACCOUNT_UNEXPLAINED) << 1) - 1)
#define HOUR_MS 3600000.0
#define KWH_MJ  (1000.0 * (double)XN_WH_MJ)

double
xn_kpi_kwh(const struct xn_amount *amount)
{
	double mj = (double)amount->energy.mj;

	return (mj < 0 ? -mj : mj) / KWH_MJ;
}

/* ---- intervals ---- */

struct gathering {
	struct xn_kpi_all *all;
	struct xn_arena *arena;
	int utc_offset_s;
	/* The interval that is read now; end 0: none yet. */
	xn_instant start, end;
	xn_energy given;
	/* The hour that it is in. */
	int64_t hour;
	double hour_free, hour_all, hour_it;
	bool hour_asked;
	struct xn_target hour_target;
};

static void
close_interval(struct gathering *in)
{
	double hours = (double)(in->end.ms - in->start.ms) / HOUR_MS;
	double kw;

	if (in->end.ms == 0)
		return;
	kw = (double)in->given.mj / KWH_MJ / hours;
	in->all->sums.booked += hours;
	if (kw > in->all->sums.highest_kw)
		in->all->sums.highest_kw = kw;
	in->given.mj = 0;
}

static void
add_amount(struct xn_amount *sum, const struct xn_amount *part)
{
	sum->energy.mj += part->energy.mj;
	sum->overhead.mj += part->overhead.mj;
	sum->estimated.mj += part->estimated.mj;
	sum->covered.ms += part->covered.ms;
	sum->span.ms += part->span.ms;
	sum->events |= part->events;
}

static int
take_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct gathering *in = context;

	(void)err;
	if (in->end.ms == 0 || row->start.ms != in->start.ms) {
		close_interval(in);
		in->start = row->start;
		in->end = row->end;
	}
	if (row->account <= XN_ACCOUNT_GENERATOR)
		in->given.mj += row->amount.energy.mj;
	add_amount(&in->all->sums.accounts[row->account], &row->amount);
	return XN_OK;
}

static int
gather_intervals(struct gathering *in, struct xn_books *books, struct xn_error *err)
{
	const struct xn_books_query query = {.from = in->all->from,
	    .to = in->all->to,
	    .accounts = BALANCE,
	    .step = XN_BOOKS_INTERVAL,
	    .whole = true};

	if (xn_books_entries(books, &query, take_row, in, err) != XN_OK)
		return err->code;
	close_interval(in);
	return XN_OK;
}

/* ---- by the plans in force ---- */

/* The hour's PUE beside the target of that hour. */
static void
judge_hour(struct gathering *in)
{
	int64_t target = in->hour_target.millionths;
	double allowed = in->hour_it * (double)target / 1e6;
	struct xn_kpi_sums *sums = &in->all->sums;

	if (in->hour_it <= 0)
		return;
	if (!in->hour_asked) {
		sums->pue.without++;
		return;
	}
	if (sums->pue.judged == 0 || target < sums->pue.lowest)
		sums->pue.lowest = target;
	if (sums->pue.judged == 0 || target > sums->pue.highest)
		sums->pue.highest = target;
	sums->pue.judged++;
	sums->pue.within += xn_kpi_judge(in->hour_all, 0, allowed, false) == XN_KPI_MET;
	sums->pue.dc += in->hour_all;
	sums->pue.it += in->hour_it;
	sums->pue.allowed += allowed;
}

static void
close_hour(struct gathering *in)
{
	struct xn_kpi_sums *sums = &in->all->sums;

	judge_hour(in);
	sums->cfe_matched += in->hour_free < in->hour_all ? in->hour_free : in->hour_all;
	sums->cfe_total += in->hour_all;
	in->hour_free = in->hour_all = in->hour_it = 0;
}

static void
open_hour(struct gathering *in, const struct xn_energy_plan *plan, xn_instant at)
{
	/* Hours of site time, as targets are written in. */
	int64_t hour = (at.ms + in->utc_offset_s * INT64_C(1000)) / (int64_t)HOUR_MS;

	if (hour == in->hour)
		return;
	close_hour(in);
	in->hour = hour;
	in->hour_asked = plan != NULL &&
	    xn_energy_plan_target(plan, XN_TARGET_PUE, at, in->utc_offset_s, &in->hour_target);
}

/* The part of an interval that is in bands of the kind peak. */
static void
add_bands(struct gathering *in, const struct xn_energy_plan *plan,
    const struct xn_price_interval *interval, double e_dc)
{
	double length = (double)(interval->end.ms - interval->start.ms);
	struct xn_band band;

	for (xn_instant at = interval->start; at.ms < interval->end.ms; at = band.until) {
		double share;

		if (!xn_energy_plan_band(plan, at, in->utc_offset_s, &band) ||
		    band.until.ms <= at.ms)
			return;
		if (band.until.ms > interval->end.ms)
			band.until = interval->end;
		share = (double)(band.until.ms - at.ms) / length;
		in->all->sums.banded += e_dc * share;
		if (band.kind == XN_BAND_PEAK)
			in->all->sums.peak += e_dc * share;
	}
}

static void
add_planned(struct gathering *in, const struct xn_energy_plan *plan,
    const struct xn_price_interval *interval)
{
	double e_dc = (double)(interval->grid.mj + interval->pv.mj + interval->battery.mj +
			  interval->generator.mj) /
	    KWH_MJ;
	struct xn_factor factor;
	xn_carbon per_kwh;

	open_hour(in, plan, interval->start);
	in->hour_all += e_dc;
	in->hour_it += (double)interval->it.mj / KWH_MJ;
	in->hour_free += (double)interval->pv.mj / KWH_MJ;
	if (plan == NULL)
		return;
	in->hour_free +=
	    (double)xn_price_delivered(plan, interval, in->utc_offset_s, &per_kwh).mj / KWH_MJ;
	add_bands(in, plan, interval, e_dc);
	if (!xn_energy_plan_factor(plan, XN_FACTOR_LOCATION, interval->start, &factor))
		return;
	snprintf(in->all->sums.factor, sizeof(in->all->sums.factor), "%s", factor.id);
	in->all->sums.factor_year = factor.year;
}

static int
gather_planned(struct gathering *in, struct xn_books *books, struct xn_error *err)
{
	struct xn_price *price = xn_new(in->arena, struct xn_price, 1);
	struct xn_kpi_sums *sums = &in->all->sums;
	struct xn_price_interval *intervals = NULL;
	struct xn_amount known;
	unsigned count = 0;

	if (xn_plans_intervals(
		books, in->all->from, in->all->to, &intervals, &count, &known, err) != XN_OK)
		return err->code;
	xn_price_begin(price, in->utc_offset_s);
	for (unsigned i = 0; i < count; i++) {
		const struct xn_energy_plan *plan =
		    xn_plans_at(&in->all->plans, intervals[i].start);

		xn_price_add(price, plan, &intervals[i]);
		add_planned(in, plan, &intervals[i]);
	}
	xn_price_end(price);
	free(intervals);
	close_hour(in);
	sums->location_kg = (double)price->location.mg / 1e6;
	sums->market_kg = (double)price->market.mg / 1e6;
	sums->delivered = (double)price->delivered.mj / KWH_MJ;
	sums->contracted = (double)price->matched.mj / KWH_MJ;
	sums->grid_known = (double)(price->bought.mj - price->uncounted.mj) / KWH_MJ;
	in->all->plan = xn_plans_at(&in->all->plans, (xn_instant){in->all->to.ms - 1});
	return XN_OK;
}

/* ---- meters ---- */

static int
take_meter(const struct xn_books_meter *row, void *context, struct xn_error *err)
{
	struct gathering *in = context;
	struct xn_kpi_meter *meter = &in->all->meters[in->all->meter_count];

	if (row->role < XN_METER_GRID || row->role > XN_METER_INLET)
		return xn_fail(err, XN_EINVALID, "meter %s has no known role", row->name);
	if (in->all->meter_count == XN_KPIS_METERS_MAX)
		return xn_fail(err, XN_EFULL, "more than %d meters", XN_KPIS_METERS_MAX);
	meter->meter = *row;
	meter->meter.name = xn_text(in->arena, "%s", row->name);
	meter->meter.rack = xn_text(in->arena, "%s", row->rack);
	meter->meter.host = xn_text(in->arena, "%s", row->host);
	meter->meter.feed = xn_text(in->arena, "%s", row->feed);
	meter->meter.calibrated = xn_text(in->arena, "%s", row->calibrated);
	meter->meter.certificate = xn_text(in->arena, "%s", row->certificate);
	meter->term = "";
	in->all->meter_count++;
	return XN_OK;
}

static int
by_name(const void *a, const void *b)
{
	const struct xn_kpi_meter *left = a;
	const struct xn_kpi_meter *right = b;

	return strcmp(left->meter.name, right->meter.name);
}

static int
take_count(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct gathering *in = context;
	struct xn_kpi_meter wanted = {.meter.name = row->name};
	struct xn_kpi_meter *meter = bsearch(
	    &wanted, in->all->meters, in->all->meter_count, sizeof(*in->all->meters), by_name);

	(void)err;
	if (meter != NULL)
		add_amount(&meter->amount, &row->amount);
	return XN_OK;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The racks whose feeds have a meter, in order. */
static const char **
fed_racks(const struct xn_kpi_all *all, struct xn_arena *arena, size_t *ret_count)
{
	const char **racks = xn_new(arena, const char *, all->meter_count + 1);

	*ret_count = 0;
	for (unsigned i = 0; i < all->meter_count; i++)
		if (all->meters[i].meter.role == XN_METER_FEED)
			racks[(*ret_count)++] = all->meters[i].meter.rack;
	qsort(racks, *ret_count, sizeof(racks[0]), by_text);
	return racks;
}

/* The term that a meter's counts are in; a rack's outlets only where its feeds have no meter. */
static const char *
term_of(const struct xn_books_meter *meter, const char **fed, size_t fed_count)
{
	switch ((enum xn_meter_role)meter->role) {
	case XN_METER_GRID:
	case XN_METER_PV:
	case XN_METER_BATTERY:
	case XN_METER_GENERATOR: return "e_dc";
	case XN_METER_COOLING: return "e_cool";
	case XN_METER_FEED: return "e_it";
	case XN_METER_OUTLET:
		return bsearch(&meter->rack, fed, fed_count, sizeof(fed[0]), by_text) != NULL
		    ? ""
		    : "e_it";
	case XN_METER_INLET: return "";
	}
	return "";
}

static int
gather_meters(struct gathering *in, struct xn_books *books, struct xn_error *err)
{
	struct xn_kpi_all *all = in->all;
	const struct xn_books_query query = {.from = all->from,
	    .to = all->to,
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_METER),
	    .step = XN_BOOKS_TOTAL};

	const char **fed;
	size_t fed_count;

	all->meters = xn_new(in->arena, struct xn_kpi_meter, XN_KPIS_METERS_MAX);
	if (xn_books_meters(books, take_meter, in, err) != XN_OK)
		return err->code;
	qsort(all->meters, all->meter_count, sizeof(*all->meters), by_name);
	if (xn_books_entries(books, &query, take_count, in, err) != XN_OK)
		return err->code;
	fed = fed_racks(all, in->arena, &fed_count);
	for (unsigned i = 0; i < all->meter_count; i++) {
		struct xn_kpi_meter *meter = &all->meters[i];

		meter->term = term_of(&meter->meter, fed, fed_count);
		if (all->sums.hours > 0)
			meter->coverage =
			    (double)meter->amount.covered.ms / HOUR_MS / all->sums.hours;
	}
	return XN_OK;
}

/* ---- activity ---- */

static struct xn_kpi_platform *
platform(struct xn_kpi_all *all, struct xn_arena *arena, const char *name)
{
	for (unsigned i = 0; i < all->platform_count; i++)
		if (strcmp(all->platforms[i].name, name) == 0)
			return &all->platforms[i];
	if (all->platform_count == XN_KPIS_PLATFORMS_MAX)
		return NULL;
	all->platforms[all->platform_count].name = xn_text(arena, "%s", name);
	return &all->platforms[all->platform_count++];
}

struct proofs {
	struct gathering *in;
	const char *ids[XN_KPIS_PROOFS_MAX]; /* of certificates that were counted */
	unsigned count;
};

/* A certificate counts once, by the id of its retirement. */
static bool
certificate_counts(struct proofs *proofs, const char *id)
{
	if (id[0] == '\0' || proofs->count == XN_KPIS_PROOFS_MAX) {
		proofs->in->all->unproven++;
		return false;
	}
	for (unsigned i = 0; i < proofs->count; i++)
		if (strcmp(proofs->ids[i], id) == 0) {
			proofs->in->all->duplicates++;
			return false;
		}
	proofs->ids[proofs->count++] = xn_text(proofs->in->arena, "%s", id);
	return true;
}

/* Of its life the part that is in the span (TiR / EL), of equipment that a platform has alone or
 * that all share. */
static void
add_embodied(struct gathering *in, const struct xn_books_activity *row)
{
	struct xn_kpi_all *all = in->all;
	int64_t from = row->start.ms > all->from.ms ? row->start.ms : all->from.ms;
	int64_t to = row->end.ms < all->to.ms ? row->end.ms : all->to.ms;
	struct xn_kpi part = xn_kpi_sci_embodied((double)row->milli / 1000, (double)(to - from),
	    (double)(row->end.ms - row->start.ms), 1, 1);

	if (to <= from || part.state != XN_KPI_VALUE)
		return;
	all->has_embodied = true;
	if (row->about[0] == '\0') {
		all->embodied += part.value;
		return;
	}
	for (unsigned i = 0; i < all->platform_count; i++)
		if (strcmp(all->platforms[i].name, row->about) == 0)
			all->platforms[i].embodied += part.value;
}

/* Equipment is older than the span that asks. */
static int
take_embodied(const struct xn_books_activity *row, void *context, struct xn_error *err)
{
	(void)err;
	if (row->kind == XN_ACTIVITY_EMBODIED)
		add_embodied(context, row);
	return XN_OK;
}

static int
take_activity(const struct xn_books_activity *row, void *context, struct xn_error *err)
{
	struct proofs *proofs = context;
	struct xn_kpi_all *all = proofs->in->all;
	struct xn_kpi_activity *sum = &all->activity[row->kind];
	int64_t end = row->end.ms < all->to.ms ? row->end.ms : all->to.ms;

	(void)err;
	if (row->kind == XN_ACTIVITY_CERTIFICATE && !certificate_counts(proofs, row->about))
		return XN_OK;
	if (row->kind == XN_ACTIVITY_UNITS) {
		struct xn_kpi_platform *one = platform(all, proofs->in->arena, row->about);

		if (one != NULL)
			one->units += (double)row->milli / 1000;
		return XN_OK;
	}
	sum->any = true;
	sum->sum += (double)row->milli / 1000;
	sum->hours += (double)(end - row->start.ms) / HOUR_MS;
	return XN_OK;
}

static int
take_platform(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct gathering *in = context;

	(void)err;
	for (unsigned i = 0; i < in->all->platform_count; i++) {
		struct xn_kpi_platform *one = &in->all->platforms[i];

		if (strcmp(one->name, row->name) != 0)
			continue;
		one->it += xn_kpi_kwh(&row->amount);
		one->energy += xn_kpi_kwh(&row->amount) + (double)row->amount.overhead.mj / KWH_MJ;
	}
	return XN_OK;
}

static int
gather_activity(struct gathering *in, struct xn_books *books, struct xn_error *err)
{
	struct xn_kpi_all *all = in->all;
	struct proofs *proofs = xn_new(in->arena, struct proofs, 1);
	const struct xn_books_query query = {.from = all->from,
	    .to = all->to,
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_PLATFORM),
	    .step = XN_BOOKS_TOTAL};

	proofs->in = in;
	if (xn_books_activities(books, all->from, all->to, take_activity, proofs, err) != XN_OK)
		return err->code;
	if (all->platform_count == 0)
		return XN_OK;
	if (xn_books_activities(books, (xn_instant){0}, all->to, take_embodied, in, err) != XN_OK)
		return err->code;
	return xn_books_entries(books, &query, take_platform, in, err);
}

/* ---- gauges ---- */

struct gauging {
	struct xn_kpi_sensors *sensors;
	struct xn_arena *arena;
	double unit; /* of the gauge in that of the sums */
	struct xn_kpi_class bounds;
};

static struct xn_kpi_sensor *
sensor(struct gauging *in, const char *name)
{
	struct xn_kpi_sensors *sensors = in->sensors;
	uint32_t place = 2166136261u;

	/* Open addressing: the places are a power of two and never all taken. */
	for (const char *at = name; *at != '\0'; at++)
		place = (place ^ (unsigned char)*at) * 16777619u;
	for (;; place++) {
		struct xn_kpi_sensor *one = &sensors->items[place % (2 * XN_KPIS_SENSORS_MAX)];

		if (one->name != NULL && strcmp(one->name, name) == 0)
			return one;
		if (one->name == NULL && sensors->count == XN_KPIS_SENSORS_MAX) {
			sensors->passed_over++;
			return NULL;
		}
		if (one->name == NULL) {
			sensors->count++;
			one->name = xn_text(in->arena, "%s", name);
			return one;
		}
	}
}

static int
take_gauge(const struct xn_books_gauge *row, void *context, struct xn_error *err)
{
	struct gauging *in = context;
	struct xn_kpi_sensor *one = sensor(in, row->name);
	double mean = (double)row->mean / in->unit;

	(void)err;
	if (one == NULL || row->samples == 0)
		return XN_OK;
	one->count++;
	in->sensors->hours += (double)(row->end.ms - row->start.ms) / HOUR_MS;
	one->sum += mean;
	if (mean > in->bounds.rec_max)
		one->above += mean - in->bounds.rec_max;
	if (mean < in->bounds.rec_min)
		one->below += in->bounds.rec_min - mean;
	return XN_OK;
}

static int
gather_gauges(struct gathering *in, struct xn_books *books, enum xn_gauge gauge, double unit,
    struct xn_kpi_sensors *sensors, struct xn_error *err)
{
	struct gauging gauging = {
	    .sensors = sensors, .arena = in->arena, .unit = unit, .bounds = in->all->bounds};

	sensors->items = xn_new(in->arena, struct xn_kpi_sensor, (size_t)2 * XN_KPIS_SENSORS_MAX);
	return xn_books_gauges(books, gauge, in->all->from, in->all->to, take_gauge, &gauging, err);
}

/* ---- all ---- */

static int
gather_all(struct gathering *in, struct xn_books *books, struct xn_error *err)
{
	const struct xn_thermal_class *class;

	if (xn_library_read(in->arena, &in->all->library, err) != XN_OK)
		return err->code;
	class = xn_library_class(&in->all->library, in->all->library.equipment_class);
	if (class == NULL)
		return xn_fail(err, XN_EINVALID, "the library has no class of equipment");
	in->all->bounds = class->bounds;
	if (gather_intervals(in, books, err) != XN_OK || gather_planned(in, books, err) != XN_OK ||
	    gather_meters(in, books, err) != XN_OK || gather_activity(in, books, err) != XN_OK ||
	    gather_gauges(in, books, XN_GAUGE_INLET, 1000, &in->all->inlets, err) != XN_OK ||
	    gather_gauges(in, books, XN_GAUGE_USE, 10000, &in->all->hosts, err) != XN_OK)
		return err->code;
	return XN_OK;
}

int
xn_kpi_gather(struct xn_books *books, xn_instant from, xn_instant to, struct xn_arena *arena,
    struct xn_kpi_all *ret_all, struct xn_error *err)
{
	struct gathering in = {
	    .all = ret_all, .arena = arena, .utc_offset_s = xn_books_site(books)->utc_offset_s};
	int result;

	*ret_all = (struct xn_kpi_all){.from = from, .to = to};
	xn_plans_open(&ret_all->plans, books);
	ret_all->sums.hours = (double)(to.ms - from.ms) / HOUR_MS;
	if ((result = xn_books_hold(books, err)) != XN_OK)
		return result;
	result = gather_all(&in, books, err);
	xn_books_release(books);
	return result;
}
