#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/energy_plan.h"

#define HEAD      "kind: energy-plan\nname: p\n"
#define VN_OFFSET (7 * 3600)

static struct xn_arena arena;
static struct xn_problems problems;
static struct xn_source source;

static const struct xn_energy_plan *
compile(const char *text)
{
	const struct xn_yaml *documents;
	const struct xn_energy_plan *plan;

	xn_arena_reset(&arena);
	xn_problems_init(&problems, &arena);
	source = (struct xn_source){.path = "e.yaml", .bytes = text, .size = strlen(text)};
	documents = xn_yaml_read_text(&arena, &source, &problems);
	if (documents->first == NULL)
		return NULL;
	plan = xn_energy_plan_compile(&arena, documents->first, &problems);
	return problems.count == 0 ? plan : NULL;
}

static void
expect_problem(const char *text, unsigned line, unsigned column, const char *words)
{
	const struct xn_problem *problem;

	assert_null(compile(text));
	problem = problems.first;
	for (const struct xn_problem *p = problem; p != NULL; p = p->next)
		if (problems.count != 1 || p->mark.line != line || p->mark.column != column ||
		    strstr(p->text, words) == NULL)
			print_error("%u:%u: %s\n", p->mark.line, p->mark.column, p->text);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problem->mark.line, line);
	assert_int_equal(problem->mark.column, column);
	assert_non_null(strstr(problem->text, words));
}

/* 2026-11-16 was a Monday. */
static xn_instant
monday(int day, int hour, int minute)
{
	const int64_t start = INT64_C(1794762000000); /* 2026-11-16T00:00+07:00 */

	return (xn_instant){start + ((day * 24 + hour) * 60 + minute) * INT64_C(60000)};
}

#define BANDS                                                                                      \
	HEAD "sources:\n"                                                                          \
	     "  grid:\n"                                                                           \
	     "    tariff:\n"                                                                       \
	     "      bands:\n"
#define PEAK    "        - {name: peak, hours: [17:30-22:30], days: mon-sat, price: 3398 VND/kWh}\n"
#define OFFPEAK "        - {name: off-peak, hours: [00:00-06:00], price: 1190 VND/kWh}\n"
#define NORMAL                                                                                     \
	"        - {name: normal, hours: [06:00-17:30, 22:30-24:00], days: mon-sat, price: 1833 "  \
	"VND/kWh}\n"
#define SUNDAY                                                                                     \
	"        - {name: normal-sunday, hours: [06:00-24:00], days: sun, price: 1833 VND/kWh}\n"

static void
the_contracts_example_compiles(void **state)
{
	const struct xn_energy_plan *plan = compile(
	    "kind: energy-plan\n"
	    "name: hl1-2026-q4\n"
	    "from: 2026-10-01T00:00+07:00\n"
	    "to: 2027-01-01T00:00+07:00\n"
	    "basis: \"PDP8; Decision 2629/QD-TTg\"\n"
	    "sources:\n"
	    "  grid:\n"
	    "    limit: 2500 kW\n"
	    "    carbon: {factor: 659 g/kWh}\n"
	    "    tariff:\n"
	    "      bands:\n" PEAK OFFPEAK NORMAL SUNDAY "  pv: {capacity: 900 kWp}\n"
	    "  battery: {capacity: 1200 kWh, floor: 30 %}\n"
	    "  generator: {limit: 2000 kW, use: outage-only}\n"
	    "targets:\n"
	    "  pue: [{hours: 00:00-09:00, max: 1.42}, {hours: 09:00-15:00, max: 1.38}, {hours: "
	    "15:00-24:00, max: 1.42}]\n"
	    "  ref: {min: 30 %, over: month}\n"
	    "  cue: {max: 0.90 kg/kWh, over: month}\n"
	    "events:\n"
	    "  - {name: evn-peak, from: 2026-11-30T17:00+07:00, to: 2026-11-30T20:00+07:00, "
	    "grid_max: 1800 kW}\n");
	struct xn_target target;
	struct xn_factor factor;
	unsigned count;

	(void)state;
	assert_non_null(plan);
	assert_string_equal(xn_energy_plan_name(plan), "hl1-2026-q4");
	assert_int_equal(xn_energy_plan_sources(plan)->grid_limit.mw, INT64_C(2500000000));
	assert_true(
	    xn_energy_plan_target(plan, XN_TARGET_PUE, monday(0, 9, 0), VN_OFFSET, &target));
	assert_int_equal(target.millionths, 1380000);
	assert_true(
	    xn_energy_plan_target(plan, XN_TARGET_CUE, monday(0, 9, 0), VN_OFFSET, &target));
	assert_int_equal(target.millionths, 900000);
	assert_true(target.is_max);
	assert_true(xn_energy_plan_factor(plan, XN_FACTOR_RESIDUAL, monday(0, 0, 0), &factor));
	assert_int_equal(factor.per_kwh.mg, 659000);
	assert_int_equal(factor.year, 0);
	assert_int_equal(xn_energy_plan_events(plan, &count)->grid_max.mw, INT64_C(1800000000));
	assert_int_equal(count, 1);
	/* Outside its time a plan says nothing. */
	assert_false(xn_energy_plan_factor(plan, XN_FACTOR_LOCATION, (xn_instant){0}, &factor));
}

static void
a_band_is_found_with_the_instant_at_which_it_ends(void **state)
{
	const struct xn_energy_plan *plan = compile(BANDS PEAK OFFPEAK NORMAL SUNDAY);
	struct xn_band band;

	(void)state;
	assert_non_null(plan);
	assert_true(xn_energy_plan_band(plan, monday(4, 17, 29), VN_OFFSET, &band));
	assert_string_equal(band.name, "normal");
	assert_int_equal(band.until.ms, monday(4, 17, 30).ms);
	assert_true(xn_energy_plan_band(plan, monday(4, 17, 30), VN_OFFSET, &band));
	assert_int_equal(band.kind, XN_BAND_PEAK);
	assert_int_equal(band.price.mvnd, 3398000);
	/* Sunday has no peak; its end is the week's, where the next week goes on. */
	assert_true(xn_energy_plan_band(plan, monday(6, 18, 0), VN_OFFSET, &band));
	assert_string_equal(band.name, "normal-sunday");
	assert_int_equal(band.kind, XN_BAND_NORMAL);
	assert_int_equal(band.until.ms, monday(7, 0, 0).ms);
}

static void
hours_past_midnight_belong_to_the_day_they_began(void **state)
{
	const struct xn_energy_plan *plan = compile(
	    BANDS "        - {name: night, hours: [22:00-04:00], days: sat, price: 1 VND/kWh}\n"
		  "        - {name: a, hours: [00:00-24:00], days: mon-fri, price: 2 VND/kWh}\n"
		  "        - {name: b, hours: [00:00-22:00], days: sat, price: 2 VND/kWh}\n"
		  "        - {name: c, hours: [04:00-24:00], days: sun, price: 2 VND/kWh}\n");
	struct xn_band band;

	(void)state;
	assert_non_null(plan);
	assert_true(xn_energy_plan_band(plan, monday(6, 3, 59), VN_OFFSET, &band));
	assert_string_equal(band.name, "night");
	assert_true(xn_energy_plan_band(plan, monday(6, 4, 0), VN_OFFSET, &band));
	assert_string_equal(band.name, "c");
}

static void
each_mistake_in_the_bands_is_told_where_it_stands(void **state)
{
	(void)state;
	/* The later band's item, whatever the earlier one's place. */
	expect_problem(BANDS "        - {name: peak, hours: [17:30-23:00], days: mon-sat, price: 1 "
			     "VND/kWh}\n" OFFPEAK NORMAL SUNDAY,
	    9, 47, "overlaps the band 'peak': mon 22:30");
	expect_problem(BANDS
	    "        - {name: a, hours: [00:00-13:00, 12:00-24:00], price: 1 VND/kWh}\n",
	    7, 42, "mon 12:00");
	/* A gap is told at `bands`, with the minutes that are in none. */
	expect_problem(BANDS PEAK OFFPEAK NORMAL, 6, 7, "sun 06:00-24:00 is in no band");
	expect_problem(BANDS OFFPEAK NORMAL SUNDAY, 6, 7, "mon-sat 17:30-22:30 is in no band");
	expect_problem(BANDS "        []\n", 6, 7, "mon-sun 00:00-24:00 is in no band");
	/* Of a band whose times are wrong, the time itself only. */
	expect_problem(BANDS "        - {name: a, hours: [00:00-25:00], price: 1 VND/kWh}\n", 7, 29,
	    "no hours");
	expect_problem(BANDS "        - {name: a, hours: [00:00-24:00], days: mon-son, price: 1 "
			     "VND/kWh}\n",
	    7, 49, "no days");
	expect_problem(
	    BANDS "        - {name: a, hours: 00:00-24:00, price: 1 VND/kWh}\n", 7, 28, "a list");
	expect_problem(BANDS "        - {name: a, hours: [00:00-24:00], price: -1 VND/kWh}\n", 7,
	    50, "below zero");
	expect_problem(
	    BANDS "        - {name: a, hours: [00:00-24:00], price: 1 VND}\n", 7, 50, "wrong unit");
	expect_problem(BANDS "        - {name: a, hours: [00:00-12:00], price: 1 VND/kWh}\n"
			     "        - {name: a, hours: [12:00-24:00], price: 1 VND/kWh}\n",
	    8, 18, "'a' is there already");
	expect_problem(BANDS "        - {name: a, hours: [00:00-24:00]}\n", 7, 11, "'price'");
}

static void
each_mistake_in_the_rest_is_told_where_it_stands(void **state)
{
	(void)state;
	expect_problem(HEAD "sorces: {}\n", 3, 1, "unknown key 'sorces'");
	expect_problem(
	    HEAD "from: 2026-10-01T00:00+07:00\nto: 2026-10-01T00:00+07:00\n", 4, 5, "not after");
	expect_problem(HEAD "sources: {grid: {limit: 0 kW}}\n", 3, 25, "above 0");
	expect_problem(HEAD "sources: {grid: {limit: 2500}}\n", 3, 25, "no unit");
	expect_problem(HEAD "sources: {grid: {carbon: {}}}\n", 3, 18, "'factor' or 'file'");
	expect_problem(
	    HEAD "sources: {grid: {carbon: {factor: 1 g/kWh, file: x}}}\n", 3, 44, "not both");
	expect_problem(HEAD "sources: {grid: {carbon: {factor: 1 g/kWh, id: x}}}\n", 3, 18,
	    "the factor 'x' is of no year");
	expect_problem(HEAD "sources: {grid: {carbon: {factor: 659 kg}}}\n", 3, 35, "wrong unit");
	expect_problem(HEAD "sources: {grid: {tariff: {}}}\n", 3, 18, "'bands' or 'file'");
	expect_problem(
	    HEAD "sources: {grid: {tariff: {file: t.yaml}}}\n", 3, 33, "no file 't.yaml'");
	expect_problem(HEAD "sources: {pv: {capacity: 900 kW}}\n", 3, 26, "wrong unit 'kW'");
	expect_problem(HEAD "sources: {pv: {forecast: {file: f.csv}}}\n", 3, 33, "no file 'f.csv'");
	expect_problem(HEAD "sources: {battery: {floor: 130 %}}\n", 3, 28, "no share");
	expect_problem(HEAD "sources: {generator: {use: always}}\n", 3, 28, "not known");
	expect_problem(
	    HEAD "targets: {pue: [{hours: 00:00-09:00, max: 0.99}]}\n", 3, 43, "below 1.0");
	expect_problem(HEAD
	    "targets: {pue: [{hours: 00:00-09:00, max: 2}, {hours: 08:59-10:00, max: 2}]}\n",
	    3, 55, "overlaps earlier hours at 08:59");
	expect_problem(HEAD
	    "targets: {pue: [{hours: 22:00-06:00, max: 2}, {hours: 05:00-10:00, max: 2}]}\n",
	    3, 55, "05:00");
	expect_problem(HEAD "targets: {ref: {over: month}}\n", 3, 11, "'min' or 'max'");
	expect_problem(HEAD "targets: {ref: {min: 30 %}}\n", 3, 11, "'over'");
	expect_problem(HEAD "targets: {cue: {max: 0.9 kg/kWh, over: week}}\n", 3, 40, "not known");
	expect_problem(HEAD "events: [{name: a, from: 2026-01-02T00:00Z, to: 2026-01-01T00:00Z, "
			    "grid_max: 1 kW}]\n",
	    3, 49, "not after");
	expect_problem(HEAD "events: [{name: a, from: 2026-01-01T00:00Z, to: 2026-01-02T00:00Z}]\n",
	    3, 10, "'grid_max'");
	expect_problem(HEAD
	    "events:\n"
	    "- {name: a, from: 2026-01-01T00:00Z, to: 2026-01-02T00:00Z, grid_max: 1 kW}\n"
	    "- {name: a, from: 2026-01-03T00:00Z, to: 2026-01-04T00:00Z, grid_max: 1 kW}\n",
	    5, 10, "'a' is there already");
	/* The limit may stand after the event that is above it. */
	expect_problem(HEAD
	    "events:\n"
	    "- {name: a, from: 2026-01-01T00:00Z, to: 2026-01-02T00:00Z, grid_max: 3 MW}\n"
	    "sources: {grid: {limit: 2500 kW}}\n",
	    4, 71, "above the limit");
}

#define TARIFF                                                                                     \
	"---\nkind: file\npath: t.yaml\n---\n"                                                     \
	"kind: tariff\nname: t\n"                                                                  \
	"vat: [{rate: 8 %, to: 2027-01-01T00:00+07:00}, {rate: 10 %, from: "                       \
	"2027-01-01T00:00+07:00}]\n"                                                               \
	"schedules:\n"                                                                             \
	"  old: {basis: x, evidence: read, rest: normal, bands: [{name: peak, hours: "             \
	"[09:30-11:30, 17:00-20:00], days: mon-sat}, {name: off-peak, hours: [22:00-04:00]}]}\n"   \
	"  new: {basis: x, evidence: read, rest: normal, bands: [{name: peak, hours: "             \
	"[17:30-22:30], days: mon-sat}, {name: off-peak, hours: [00:00-06:00]}]}\n"                \
	"prices:\n"                                                                                \
	"  retail:\n"                                                                              \
	"  - {basis: first, evidence: read, from: 2025-01-01T00:00+07:00, categories: "            \
	"{production: "                                                                            \
	"{high: {normal: 10 VND/kWh, peak: 30 VND/kWh, off-peak: 5 VND/kWh}, low: {flat: 12 "      \
	"VND/kWh}}}}\n"                                                                            \
	"  - {basis: second, evidence: read, from: 2026-11-18T00:00+07:00, categories: "           \
	"{production: {high: {normal: 20 VND/kWh, peak: 60 VND/kWh, off-peak: 10 VND/kWh, "        \
	"demand: "                                                                                 \
	"100 VND/kW}, low: {flat: 24 VND/kWh}}}}\n"
#define FROM_FILE(rest) HEAD "sources: {grid: {tariff: {file: t.yaml, " rest "}}}\n" TARIFF

static void
a_tariff_file_gives_versions_by_date(void **state)
{
	const struct xn_energy_plan *plan = compile(
	    FROM_FILE("schedule: [{use: old}, {use: new, from: 2026-11-19T00:00+07:00}], category: "
		      "production, voltage: high"));
	struct xn_band band;
	xn_money demand;
	xn_ratio vat;

	(void)state;
	for (const struct xn_problem *p = problems.first; p != NULL; p = p->next)
		print_error("%u:%u: %s\n", p->mark.line, p->mark.column, p->text);
	assert_non_null(plan);
	/* Tuesday: old hours, first prices. */
	assert_true(xn_energy_plan_band(plan, monday(1, 17, 0), VN_OFFSET, &band));
	assert_int_equal(band.price.mvnd, 30000);
	assert_false(xn_energy_plan_demand(plan, monday(1, 17, 0), &demand));
	/* Wednesday: old hours, second prices; a band ends where its tariff does. */
	assert_true(xn_energy_plan_band(plan, monday(2, 17, 0), VN_OFFSET, &band));
	assert_int_equal(band.price.mvnd, 60000);
	assert_true(xn_energy_plan_demand(plan, monday(2, 17, 0), &demand));
	assert_int_equal(demand.mvnd, 100000);
	assert_true(xn_energy_plan_band(plan, monday(2, 23, 0), VN_OFFSET, &band));
	assert_int_equal(band.until.ms, monday(3, 0, 0).ms);
	/* Thursday: new hours. */
	assert_true(xn_energy_plan_band(plan, monday(3, 17, 0), VN_OFFSET, &band));
	assert_string_equal(band.name, "normal");
	assert_true(xn_energy_plan_vat(plan, monday(0, 0, 0), &vat));
	assert_int_equal(vat.ppm, 80000);

	/* A category without bands has one price, whatever the hours. */
	plan = compile(FROM_FILE("schedule: new, category: production, voltage: low"));
	assert_true(xn_energy_plan_band(plan, monday(4, 18, 0), VN_OFFSET, &band));
	assert_int_equal(band.kind, XN_BAND_FLAT);
	assert_int_equal(band.price.mvnd, 24000);
}

static void
a_wrong_pick_from_a_tariff_is_told_in_the_plan(void **state)
{
	(void)state;
	expect_problem(FROM_FILE("schedule: newer, category: production, voltage: high"), 3, 51,
	    "no schedule 'newer'");
	expect_problem(FROM_FILE("schedule: new, category: business, voltage: high"), 3, 66,
	    "no category 'business'");
	expect_problem(FROM_FILE("schedule: new, category: production"), 3, 18, "'voltage'");
	expect_problem(HEAD "sources: {grid: {tariff: {schedule: x, bands: [{name: a, hours: "
			    "[00:00-24:00], price: 1 VND/kWh}]}}}\n",
	    3, 27, "no 'file' is given");
}

static void
factors_come_from_a_table_by_id_or_year(void **state)
{
	const char *file = "---\nkind: file\npath: f.csv\n---\nkind: bytes\nlines:\n"
			   "- \"factor_id,year,value_tco2e_per_mwh,issuer,method,use\"\n"
			   "- \"a,2022,0.6766,\\\"Dept, of X\\\",tool,location_based\"\n"
			   "- \"b,2023,0.6592,Dept,tool,location_based_default\"\n"
			   "- \"s,2024,0.6810,Univ,study,scenario_only\"\n";
	char text[2048];
	struct xn_factor factor;

	(void)state;
	snprintf(
	    text, sizeof(text), HEAD "sources: {grid: {carbon: {file: f.csv, id: a}}}\n%s", file);
	assert_non_null(compile(text));
	snprintf(text, sizeof(text),
	    HEAD "from: 2022-01-01T00:00+07:00\nsources: {grid: {carbon: {file: f.csv}}}\n%s",
	    file);
	assert_true(
	    xn_energy_plan_factor(compile(text), XN_FACTOR_LOCATION, monday(0, 0, 0), &factor));
	/* The study is not of the series. */
	assert_int_equal(factor.per_kwh.mg, 659200);
	assert_string_equal(factor.id, "b");
	/* 2022 in site time. */
	assert_true(xn_energy_plan_factor(
	    compile(text), XN_FACTOR_LOCATION, (xn_instant){INT64_C(1672505999000)}, &factor));
	assert_string_equal(factor.issuer, "Dept, of X");
	assert_int_equal(factor.per_kwh.mg, 676600);
	assert_true(xn_energy_plan_factor(
	    compile(text), XN_FACTOR_LOCATION, (xn_instant){INT64_C(1672506000000)}, &factor));
	assert_int_equal(factor.year, 2023);

	expect_problem(HEAD
	    "sources: {grid: {carbon: {file: f.csv}}}\n"
	    "---\nkind: file\npath: f.csv\n---\nkind: bytes\nlines:\n"
	    "- \"factor_id,year,value_tco2e_per_mwh\"\n- \"a,,0.6\"\n- \"b,2022,0.6\"\n",
	    2, 3, "the factor 'a' has no year");
}

static void
contracts_deliver_in_their_hours(void **state)
{
	const struct xn_energy_plan *plan = compile(
	    HEAD "contracts:\n- {name: solar, power: 300 kW, hours: 09:00-15:00, days: mon-fri}\n"
		 "- {name: wind, power: 100 kW, carbon: {factor: 12 g/kWh}}\n");
	xn_energy energy;
	xn_carbon carbon;

	(void)state;
	assert_non_null(plan);
	assert_true(xn_energy_plan_contracted(
	    plan, monday(0, 14, 30), monday(0, 15, 30), VN_OFFSET, &energy, &carbon));
	assert_int_equal(energy.mj, 250 * 1000 * XN_WH_MJ);
	assert_int_equal(carbon.mg, 4800);
	assert_true(xn_energy_plan_contracted(
	    plan, monday(5, 12, 0), monday(5, 13, 0), VN_OFFSET, &energy, &carbon));
	assert_int_equal(energy.mj, 100 * 1000 * XN_WH_MJ);
}

static int
set_up(void **state)
{
	(void)state;
	xn_arena_map(&arena, (size_t)256 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	xn_arena_unmap(&arena);
	return 0;
}

#define PV_FILE                                                                                    \
	HEAD "sources: {pv: {forecast: {file: pv.csv}}}\n---\nkind: file\npath: pv.csv\n---\n"     \
	     "kind: bytes\nlines:\n"

static void
a_forecast_of_pv_is_read_from_its_table(void **state)
{
	const struct xn_energy_sources *sources;
	const struct xn_energy_plan *plan =
	    compile(PV_FILE "- \"time,power_kw,low,high\"\n- \"2026-11-16T06:00+07:00,0,,\"\n"
			    "- \"2026-11-16T06:30+07:00,12.5,10,15\"\n");

	(void)state;
	assert_non_null(plan);
	sources = xn_energy_plan_sources(plan);
	assert_string_equal(sources->pv_forecast, "pv.csv");
	assert_int_equal(sources->pv_row_count, 2);
	assert_int_equal(sources->pv_rows[0].at.ms, monday(0, 6, 0).ms);
	assert_true(sources->pv_rows[0].low.mw < 0);
	assert_int_equal(sources->pv_rows[1].mean.mw, 12500000);
	assert_int_equal(sources->pv_rows[1].high.mw, 15000000);
	expect_problem(PV_FILE "- \"time,kw\"\n", 3, 33, "no forecast of PV");
	expect_problem(PV_FILE "- \"time,power_kw\"\n- \"2026-11-16,1\"\n", 2, 1, "2026-11-16");
	expect_problem(PV_FILE "- \"time,power_kw\"\n- \"2026-11-16T06:00+07:00,-1\"\n", 2, 24,
	    "never below zero");
	expect_problem(PV_FILE "- \"time,power_kw\"\n- \"2026-11-16T06:00+07:00,1\"\n"
			       "- \"2026-11-16T06:00+07:00,1\"\n",
	    3, 1, "not after the row before");
	expect_problem(PV_FILE "- \"time,power_kw,low,high\"\n"
			       "- \"2026-11-16T06:00+07:00,5,6,7\"\n",
	    2, 26, "do not rise");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_contracts_example_compiles),
	    cmocka_unit_test(a_band_is_found_with_the_instant_at_which_it_ends),
	    cmocka_unit_test(hours_past_midnight_belong_to_the_day_they_began),
	    cmocka_unit_test(each_mistake_in_the_bands_is_told_where_it_stands),
	    cmocka_unit_test(each_mistake_in_the_rest_is_told_where_it_stands),
	    cmocka_unit_test(a_tariff_file_gives_versions_by_date),
	    cmocka_unit_test(a_wrong_pick_from_a_tariff_is_told_in_the_plan),
	    cmocka_unit_test(factors_come_from_a_table_by_id_or_year),
	    cmocka_unit_test(contracts_deliver_in_their_hours),
	    cmocka_unit_test(a_forecast_of_pv_is_read_from_its_table),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
