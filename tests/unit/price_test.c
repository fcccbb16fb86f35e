#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/value.h"
#include "orchestrator/books/gap.h"

#define VN_OFFSET (7 * 3600)
#define HOUR      3600

static struct xn_arena arena;
static struct xn_problems problems;
static struct xn_source source;
static struct xn_price price;

static const struct xn_energy_plan *
compile(const char *text)
{
	const struct xn_yaml *documents;

	xn_arena_reset(&arena);
	xn_problems_init(&problems, &arena);
	source = (struct xn_source){.path = "e.yaml", .bytes = text, .size = strlen(text)};
	documents = xn_yaml_read_text(&arena, &source, &problems);
	return xn_energy_plan_compile(&arena, documents->first, &problems);
}

/* 2026-11-16 was a Monday. */
static xn_instant
monday(int day, int hour, int minute)
{
	return (xn_instant){
	    INT64_C(1794762000000) + ((day * 24 + hour) * 60 + minute) * INT64_C(60000)};
}

#define HEAD "kind: energy-plan\nname: p\n"
#define HOURS_2026                                                                                 \
	HEAD "sources: {grid: {tariff: {bands: [{name: peak, hours: [17:30-22:30], days: "         \
	     "mon-sat, price: 3398 VND/kWh}, {name: off-peak, hours: [00:00-06:00], price: 1190 "  \
	     "VND/kWh}, {name: normal, hours: [06:00-17:30, 22:30-24:00], days: mon-sat, price: "  \
	     "1833 VND/kWh}, {name: normal-sunday, hours: [06:00-24:00], days: sun, price: 1833 "  \
	     "VND/kWh}]"
#define HOURS_2019                                                                                 \
	HEAD                                                                                       \
	    "sources: {grid: {tariff: {bands: [{name: peak, hours: [09:30-11:30, 17:00-20:00], "   \
	    "days: mon-sat, price: 3398 VND/kWh}, {name: off-peak, hours: [22:00-04:00], price: "  \
	    "1190 VND/kWh}, {name: normal, hours: [04:00-09:30, 11:30-17:00, 20:00-22:00], days: " \
	    "mon-sat, price: 1833 VND/kWh}, {name: normal-sunday, hours: [04:00-22:00], days: "    \
	    "sun, price: 1833 VND/kWh}]"

/* Intervals of 30 min of a constant power. */
static void
run(const struct xn_energy_plan *plan, xn_instant from, xn_instant to, int64_t kw)
{
	xn_price_begin(&price, VN_OFFSET);
	for (; from.ms < to.ms; from.ms += 1800000) {
		struct xn_price_interval interval = {
		    .start = from, .end = {from.ms + 1800000}, .grid = {kw * 500 * XN_WH_MJ}};

		xn_price_add(&price, plan, &interval);
	}
	xn_price_end(&price);
}

static int64_t
kind_wh(enum xn_band_kind kind)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < price.band_count; i++)
		if (price.bands[i].kind == kind)
			sum += price.bands[i].energy.mj;
	return sum / XN_WH_MJ;
}

static void
a_flat_week_costs_the_same_in_both_schedules(void **state)
{
	int64_t cost;

	(void)state;
	run(compile(HOURS_2026 "}}}\n"), monday(0, 0, 0), monday(7, 0, 0), 1000);
	assert_int_equal(kind_wh(XN_BAND_PEAK), 30000000);
	assert_int_equal(kind_wh(XN_BAND_NORMAL), 96000000);
	assert_int_equal(kind_wh(XN_BAND_OFFPEAK), 42000000);
	assert_int_equal(price.split.mj, 0);
	assert_int_equal(price.unpriced.mj, 0);
	cost = price.energy_cost.mvnd;
	assert_int_equal(cost, INT64_C(1000) * (30000 * 3398 + 96000 * 1833 + 42000 * 1190));
	run(compile(HOURS_2019 "}}}\n"), monday(0, 0, 0), monday(7, 0, 0), 1000);
	assert_int_equal(price.energy_cost.mvnd, cost);
	assert_int_equal(xn_price_peak_share(&price).ppm, 178571);
}

static void
vat_stands_apart(void **state)
{
	(void)state;
	run(compile(HOURS_2026 ", vat: 8 %}}}\n"), monday(0, 0, 0), monday(0, 1, 0), 100);
	assert_int_equal(price.energy_cost.mvnd, 119000 * 1000);
	assert_int_equal(price.vat.mvnd, 9520 * 1000);
}

static void
an_interval_across_a_border_is_split_by_time_and_says_so(void **state)
{
	struct xn_price_interval hour = {
	    .start = monday(4, 17, 0), .end = monday(4, 18, 0), .grid = {100 * 1000 * XN_WH_MJ}};

	(void)state;
	xn_price_begin(&price, VN_OFFSET);
	xn_price_add(&price, compile(HOURS_2026 "}}}\n"), &hour);
	xn_price_end(&price);
	assert_int_equal(kind_wh(XN_BAND_PEAK), 50000);
	assert_int_equal(kind_wh(XN_BAND_NORMAL), 50000);
	assert_int_equal(price.split.mj, hour.grid.mj);
}

static void
demand_is_the_months_highest_mean_of_half_an_hour(void **state)
{
	const struct xn_energy_plan *plan = compile(HOURS_2026 "}, demand: 235414 VND/kW}}\n");
	/* Four quarters: 100, 300, 500, 100 kW; the windows are means of two. */
	const int64_t kw[] = {100, 300, 500, 100};

	(void)state;
	xn_price_begin(&price, VN_OFFSET);
	for (int i = 0; i < 4; i++)
		xn_price_add(&price, plan,
		    &(struct xn_price_interval){.start = monday(0, 10, 15 * i),
			.end = monday(0, 10, 15 * i + 15),
			.grid = {kw[i] * 250 * XN_WH_MJ}});
	/* The 1st of December begins another month. */
	xn_price_add(&price, plan,
	    &(struct xn_price_interval){.start = monday(15, 0, 0),
		.end = monday(15, 0, 30),
		.grid = {50 * 500 * XN_WH_MJ}});
	xn_price_end(&price);
	assert_int_equal(price.month_count, 2);
	assert_int_equal(price.months[0].peak.mw, 300000000);
	assert_int_equal(price.months[0].peak_at.ms, monday(0, 10, 30).ms);
	assert_int_equal(price.months[0].start.ms, monday(-15, 0, 0).ms);
	assert_int_equal(price.months[1].start.ms, monday(15, 0, 0).ms);
	assert_int_equal(price.demand_cost.mvnd, INT64_C(350) * 235414 * 1000);
}

static void
cheap_hours_are_not_green_hours(void **state)
{
	const struct xn_energy_plan *plan =
	    compile(HOURS_2026 "}, carbon: {factor: 659.2 g/kWh, residual: {factor: 700 g/kWh}}}}\n"
			       "contracts: [{name: solar, power: 300 kW, hours: 09:00-15:00}]\n");

	(void)state;
	/* A cheap hour at night: no contract delivers, all of it is residual. */
	run(plan, monday(0, 1, 0), monday(0, 2, 0), 100);
	assert_int_equal(price.location.mg, 65920000);
	assert_int_equal(price.market.mg, 70000000);
	assert_int_equal(xn_price_carbon_free(&price).ppm, 0);
	/* A dearer one at noon: matched up to what was used, and no further. */
	run(plan, monday(0, 12, 0), monday(0, 13, 0), 100);
	assert_int_equal(price.location.mg, 65920000);
	assert_int_equal(price.market.mg, 0);
	assert_int_equal(price.matched.mj, 100 * 1000 * XN_WH_MJ);
	assert_int_equal(xn_price_carbon_free(&price).ppm, 1000000);
	assert_int_equal(xn_price_matched_share(&price).ppm, 333333);
	/* A day's volume would match all of it; hour by hour it does not. */
	run(plan, monday(0, 0, 0), monday(1, 0, 0), 75);
	assert_int_equal(price.delivered.mj, price.bought.mj);
	assert_int_equal(price.matched.mj, price.bought.mj / 4);
}

static void
without_a_plan_nothing_is_made_up(void **state)
{
	(void)state;
	run(NULL, monday(0, 0, 0), monday(0, 1, 0), 100);
	assert_int_equal(price.unpriced.mj, price.bought.mj);
	assert_int_equal(price.uncounted.mj, price.bought.mj);
	assert_int_equal(price.energy_cost.mvnd, 0);
	assert_int_equal(price.months[0].cost.mvnd, 0);
	assert_int_equal(xn_price_load_factor(&price).ppm, 1000000);
}

static void
the_gap_is_told_hour_by_hour(void **state)
{
	const struct xn_energy_plan *plan = compile(HEAD
	    "sources: {grid: {limit: 200 kW, carbon: {factor: 600 g/kWh}}}\n"
	    "targets: {pue: [{hours: 00:00-09:00, max: 1.42}, {hours: 09:00-24:00, max: 1.2}], "
	    "cue: {max: 0.9 kg/kWh, over: day}, ref: {min: 30 %, over: day}}\n"
	    "events: [{name: e, from: 2026-11-16T09:00+07:00, to: 2026-11-16T10:00+07:00, "
	    "grid_max: 90 kW}]\n");
	struct xn_price_interval intervals[4];
	struct xn_gap rows[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		intervals[i] = (struct xn_price_interval){.start = monday(0, 8, 30 * i),
		    .end = monday(0, 8, 30 * i + 30),
		    .grid = {100 * 500 * XN_WH_MJ},
		    .pv = {(i < 2 ? 0 : 60) * 500 * XN_WH_MJ},
		    .it = {(i < 2 ? 80 : 0) * 500 * XN_WH_MJ}};
	assert_int_equal(
	    xn_gap_series(plan, intervals, 4, xn_seconds(HOUR), VN_OFFSET, rows, 4), 2);
	assert_int_equal(rows[0].start.ms, monday(0, 8, 0).ms);
	assert_int_equal(rows[0].pue.actual, 1250000);
	assert_true(rows[0].pue.met);
	assert_int_equal(rows[0].cue.actual, 750000);
	assert_true(rows[0].cue.met);
	assert_false(rows[0].ref.met);
	assert_int_equal(rows[0].highest.mw, 100000000);
	assert_int_equal(rows[0].limit.mw, 200000000);
	/* No IT energy: no PUE, which is not a PUE that is met. */
	assert_false(rows[1].pue.known);
	assert_true(rows[1].pue.asked);
	assert_false(rows[1].pue.met);
	assert_int_equal(rows[1].ref.actual, 375000);
	assert_true(rows[1].ref.met);
	assert_int_equal(rows[1].limit.mw, 90000000);
	/* A day is one row. */
	assert_int_equal(
	    xn_gap_series(plan, intervals, 4, xn_seconds(24 * HOUR), VN_OFFSET, rows, 4), 1);
	assert_int_equal(rows[0].start.ms, monday(0, 0, 0).ms);
}

/* ---- published vectors, where they are at hand ---- */

static int64_t
milli_of(const struct xn_yaml *map, const char *key)
{
	int64_t milli = -1;

	assert_true(xn_value_number(xn_yaml_get(map, key), &problems, &milli));
	return milli;
}

static void
the_published_splits_by_band_are_reached(void **state)
{
	const char *shared = getenv("XANH_SHARED");
	char path[512];
	struct xn_arena own;
	struct xn_problems quiet;
	struct xn_yaml *documents = NULL;
	struct xn_error err = {.code = XN_OK};
	const struct xn_yaml *cases;
	int count = 0;

	(void)state;
	xn_arena_map(&own, (size_t)64 << 20);
	xn_problems_init(&quiet, &own);
	snprintf(path, sizeof(path), "%s/facts/kpi-test-vectors.yaml",
	    shared != NULL ? shared : "../shared");
	if (xn_yaml_read_file(&own, path, &quiet, &documents, &err) != XN_OK) {
		xn_arena_unmap(&own);
		print_message("skipped: %s\n", err.text);
		skip();
	}
	cases = xn_yaml_get(documents->first, "tou");
	assert_non_null(cases);
	XN_YAML_EACH (row, cases) {
		const struct xn_yaml *expect = xn_yaml_get(row, "expect_kwh");
		bool old = strcmp(xn_yaml_get(row, "schedule")->text, "legacy") == 0;
		const struct xn_energy_plan *plan =
		    compile(old ? HOURS_2019 "}}}\n" : HOURS_2026 "}}}\n");
		xn_instant from;
		xn_instant to;

		assert_true(xn_value_instant(xn_yaml_get(row, "start"), &problems, &from));
		assert_true(xn_value_instant(xn_yaml_get(row, "end"), &problems, &to));
		run(plan, from, to, milli_of(row, "power_kw") / 1000);
		assert_int_equal(kind_wh(XN_BAND_PEAK), milli_of(expect, "peak"));
		assert_int_equal(kind_wh(XN_BAND_NORMAL), milli_of(expect, "normal"));
		assert_int_equal(kind_wh(XN_BAND_OFFPEAK), milli_of(expect, "offpeak"));
		count++;
	}
	assert_true(count > 0);
	xn_arena_unmap(&own);
}

static int
set_up(void **state)
{
	(void)state;
	xn_arena_map(&arena, (size_t)64 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	xn_arena_unmap(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flat_week_costs_the_same_in_both_schedules),
	    cmocka_unit_test(vat_stands_apart),
	    cmocka_unit_test(an_interval_across_a_border_is_split_by_time_and_says_so),
	    cmocka_unit_test(demand_is_the_months_highest_mean_of_half_an_hour),
	    cmocka_unit_test(cheap_hours_are_not_green_hours),
	    cmocka_unit_test(without_a_plan_nothing_is_made_up),
	    cmocka_unit_test(the_gap_is_told_hour_by_hour),
	    cmocka_unit_test(the_published_splits_by_band_are_reached),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
