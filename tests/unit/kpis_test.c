#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/kpis_view.h"
#include "orchestrator/core/topology.h"
#include "tests/lib/books_make.h"

#define MWH_MJ  (INT64_C(1000000) * XN_WH_MJ)
#define KWH_MJ  (INT64_C(1000) * XN_WH_MJ)
#define PER_DAY 48u /* intervals */

static const char plan_text[] =
    "kind: energy-plan\n"
    "name: test\n"
    "from: 2025-01-01T00:00+07:00\n"
    "to: 2028-01-01T00:00+07:00\n"
    "sources:\n"
    "  grid:\n"
    "    limit: 2500 kW\n"
    "    carbon: {factor: 659.2 g/kWh, id: vn-2023, year: 2023, issuer: DCC, method: grid}\n"
    "    tariff:\n"
    "      bands:\n"
    "        - {name: peak, hours: [17:30-22:30], days: mon-sat, price: 3398 VND/kWh}\n"
    "        - {name: off-peak, hours: [00:00-06:00], price: 1190 VND/kWh}\n"
    "        - {name: normal, hours: [06:00-17:30, 22:30-24:00], days: mon-sat, price: 1833 "
    "VND/kWh}\n"
    "        - {name: normal-sunday, hours: [06:00-24:00], days: sun, price: 1833 VND/kWh}\n"
    "targets:\n"
    "  pue: [{hours: 00:00-24:00, max: 1.42}]\n"
    "  ref: {min: 20 %, over: month}\n";

static int
setup(void **state)
{
	struct books_make *make = calloc(1, sizeof(*make));

	books_make_open(make, NULL, NULL);
	*state = make;
	return 0;
}

static int
teardown(void **state)
{
	books_make_close(*state);
	free(*state);
	return 0;
}

/* ---- a site that draws the same in every interval: 1400 kWh a day for 1000 of IT ---- */

static void
put(struct books_make *make, enum xn_account account, int64_t kwh_a_day, const char *from,
    unsigned days)
{
	books_make_entries(make,
	    &(struct books_make_entry){.start = books_make_at(from),
		.account = account,
		.energy_mj = kwh_a_day * KWH_MJ / (int64_t)PER_DAY},
	    days * PER_DAY);
}

static void
put_site(struct books_make *make, const char *from, unsigned days)
{
	put(make, XN_ACCOUNT_GRID, 1120, from, days);
	put(make, XN_ACCOUNT_PV, 280, from, days);
	put(make, XN_ACCOUNT_COOLING, -300, from, days);
	put(make, XN_ACCOUNT_LOSSES, -80, from, days);
	put(make, XN_ACCOUNT_RACK_OTHER, -100, from, days);
	put(make, XN_ACCOUNT_HOST, -400, from, days);
	put(make, XN_ACCOUNT_VM, -500, from, days);
	put(make, XN_ACCOUNT_UNEXPLAINED, -20, from, days);
}

static void
put_meter(struct books_make *make, const char *name, enum xn_meter_role role, const char *rack,
    int64_t kwh_a_day, const char *from, unsigned days)
{
	struct xn_error err;

	assert_int_equal(xn_store_meter(make->store,
			     &(struct xn_books_meter){.name = name,
				 .role = (int)role,
				 .rack = rack,
				 .host = "",
				 .feed = "",
				 .accuracy = {10000},
				 .transformer = {10000},
				 .calibrated = "2026-03-01",
				 .certificate = ""},
			     &err),
	    XN_OK);
	books_make_entries(make,
	    &(struct books_make_entry){.start = books_make_at(from),
		.account = XN_ACCOUNT_METER,
		.name = name,
		.energy_mj = kwh_a_day * KWH_MJ / (int64_t)PER_DAY},
	    days * PER_DAY);
}

static void
put_plan_of(struct books_make *make, const char *from, const char *to, const char *text)
{
	struct xn_error err;

	assert_int_equal(xn_store_energy_plan(make->store, books_make_at("2026-01-01"), "test",
			     "operator", books_make_at(from), books_make_at(to), text, &err),
	    XN_OK);
}

static void
put_plan(struct books_make *make)
{
	put_plan_of(make, "2025-01-01", "2028-01-01", plan_text);
}

static void
put_activity(struct books_make *make, enum xn_activity kind, const char *from, const char *to,
    int64_t milli, const char *about)
{
	struct xn_error err;

	assert_int_equal(xn_store_activity(make->store, books_make_at(to),
			     &(struct xn_books_activity){.kind = kind,
				 .start = books_make_at(from),
				 .end = books_make_at(to),
				 .milli = milli,
				 .about = about,
				 .author = "tester",
				 .evidence = ""},
			     &err),
	    XN_OK);
}

/* ---- asking ---- */

struct asked {
	struct xn_arena arena;
	struct xn_kpis kpis;
};

static void
ask(struct asked *asked, struct books_make *make, const char *from, const char *to)
{
	struct xn_error err = {0};

	xn_arena_map(&asked->arena, (size_t)1 << 30);
	if (xn_kpis_measure(books_make_read(make), books_make_at(from), books_make_at(to),
		books_make_at(to), &asked->arena, &asked->kpis, &err) != XN_OK)
		fail_msg("%s", err.text);
}

/* The first row of an indicator; every indicator has one. */
static const struct xn_kpi_row *
row_of(const struct asked *asked, enum xn_kpi_id id)
{
	const struct xn_kpi_row *row = asked->kpis.rows;

	while (row->id != id)
		row++;
	return row;
}

static void
assert_near(double got, double expected, double off)
{
	if (got < expected - off || got > expected + off)
		fail_msg("%.9g, not %.9g", got, expected);
}

static void
assert_value(const struct asked *asked, enum xn_kpi_id id, double expected)
{
	const struct xn_kpi_row *row = row_of(asked, id);

	if (row->kpi.state != XN_KPI_VALUE)
		fail_msg("%s has no value: %s", xn_kpi_facts[id].id, row->why);
	assert_near(row->kpi.value, expected, 1e-6 * (expected + 1));
}

static void
assert_none(const struct asked *asked, enum xn_kpi_id id)
{
	const struct xn_kpi_row *row = row_of(asked, id);

	assert_int_not_equal(row->kpi.state, XN_KPI_VALUE);
	assert_true(row->why[0] != '\0');
}

/* ---- stories ---- */

static void
a_month_is_interim(void **state)
{
	struct asked asked;
	char text[400];

	put_site(*state, "2026-11-01", 30);
	put_meter(*state, "main", XN_METER_GRID, "", 1120, "2026-11-01", 30);
	put_meter(*state, "roof", XN_METER_PV, "", 280, "2026-11-01", 30);
	put_meter(*state, "pdu-a/0", XN_METER_FEED, "r01", 1000, "2026-11-01", 30);
	ask(&asked, *state, "2026-11-01", "2026-12-01");
	assert_value(&asked, XN_KPI_PUE, 1.4);
	assert_value(&asked, XN_KPI_DCIE, 100 / 1.4);
	assert_value(&asked, XN_KPI_PUE_COOLING, 0.3);
	assert_value(&asked, XN_KPI_PUE_LOSSES, 0.08);
	assert_value(&asked, XN_KPI_PUE_OTHER, 0.02);
	assert_value(&asked, XN_KPI_REF, 0.2);
	assert_value(&asked, XN_KPI_LOAD_FACTOR, 1);
	assert_int_equal(row_of(&asked, XN_KPI_PUE)->span, XN_KPI_INTERIM);
	assert_int_equal(row_of(&asked, XN_KPI_PUE)->category, 1);
	xn_kpi_sentence(row_of(&asked, XN_KPI_PUE), text, sizeof(text));
	assert_string_equal(text, "iPUE1 = 1.4 ± 0.03, coverage 100.0 %, estimated 0.0 %");
	xn_arena_unmap(&asked.arena);
}

static void
without_anything_every_indicator_says_why(void **state)
{
	struct asked asked;

	ask(&asked, *state, "2026-11-01", "2026-12-01");
	assert_int_equal(asked.kpis.row_count, XN_KPI_COUNT);
	for (unsigned i = 0; i < asked.kpis.row_count; i++)
		if (asked.kpis.rows[i].kpi.state != XN_KPI_VALUE)
			assert_true(asked.kpis.rows[i].why[0] != '\0');
	assert_none(&asked, XN_KPI_PUE);
	assert_none(&asked, XN_KPI_REF);
	assert_none(&asked, XN_KPI_CUE);
	assert_none(&asked, XN_KPI_SCOPE2_LOCATION);
	assert_none(&asked, XN_KPI_RCI_HI);
	xn_arena_unmap(&asked.arena);
}

static void
a_pue_below_one_is_refused(void **state)
{
	struct asked asked;

	put(*state, XN_ACCOUNT_GRID, 900, "2026-11-01", 1);
	put(*state, XN_ACCOUNT_HOST, -1000, "2026-11-01", 1);
	ask(&asked, *state, "2026-11-01", "2026-11-02");
	assert_none(&asked, XN_KPI_PUE);
	assert_string_equal(row_of(&asked, XN_KPI_PUE)->kpi.why, "pue_lt_1");
	assert_none(&asked, XN_KPI_DCIE);
	xn_arena_unmap(&asked.arena);
}

/* Twelve months in which one was not booked are a year with a gap, not a year. */
static void
a_year_with_a_gap_is_incomplete(void **state)
{
	struct asked asked;
	char text[400];

	put_site(*state, "2026-01-01", 334);
	ask(&asked, *state, "2026-01-01", "2027-01-01");
	assert_value(&asked, XN_KPI_PUE, 1.4);
	assert_int_equal(row_of(&asked, XN_KPI_PUE)->span, XN_KPI_INCOMPLETE);
	assert_near(row_of(&asked, XN_KPI_PUE)->coverage, 334.0 / 365, 1e-9);
	xn_arena_unmap(&asked.arena);
	put_site(*state, "2026-12-01", 31);
	ask(&asked, *state, "2026-01-01", "2027-01-01");
	assert_int_equal(row_of(&asked, XN_KPI_PUE)->span, XN_KPI_ANNUAL);
	xn_kpi_sentence(row_of(&asked, XN_KPI_PUE), text, sizeof(text));
	assert_string_equal(text, "PUE = 1.4, coverage 100.0 %, estimated 0.0 %");
	xn_arena_unmap(&asked.arena);
}

static void
estimates_above_policy_are_no_annual_value(void **state)
{
	struct asked asked;

	put_site(*state, "2026-01-01", 365);
	books_make_entry(*state,
	    &(struct books_make_entry){.start = books_make_at("2026-05-01"),
		.account = XN_ACCOUNT_GRID,
		.energy_mj = 1000 * MWH_MJ / 10,
		.estimated_mj = 1000 * MWH_MJ / 10,
		.revision = 1,
		.author = "t",
		.reason = "a meter was away"});
	ask(&asked, *state, "2026-01-01", "2027-01-01");
	assert_true(row_of(&asked, XN_KPI_PUE)->estimated > XN_KPIS_ESTIMATED_MAX);
	assert_int_equal(row_of(&asked, XN_KPI_PUE)->span, XN_KPI_INCOMPLETE);
	xn_arena_unmap(&asked.arena);
}

/* 1.40 against 1.42 with U 0.03 is not proven; without any class of a meter neither. */
static void
a_target_within_uncertainty_is_not_proven(void **state)
{
	struct asked asked;

	put_plan(*state);
	put_site(*state, "2026-11-01", 30);
	ask(&asked, *state, "2026-11-01", "2026-12-01");
	assert_false(row_of(&asked, XN_KPI_PUE)->has_u);
	assert_string_equal(xn_kpi_status(row_of(&asked, XN_KPI_PUE)), "not_proven");
	xn_arena_unmap(&asked.arena);
	put_meter(*state, "main", XN_METER_GRID, "", 1400, "2026-11-01", 30);
	put_meter(*state, "pdu-a/0", XN_METER_FEED, "r01", 1000, "2026-11-01", 30);
	ask(&asked, *state, "2026-11-01", "2026-12-01");
	assert_near(row_of(&asked, XN_KPI_PUE)->u, 0.03233, 5e-6);
	assert_string_equal(xn_kpi_status(row_of(&asked, XN_KPI_PUE)), "not_proven");
	xn_arena_unmap(&asked.arena);
}

/* Meters that err independently are surer together: u of n equal ones is u / sqrt(n). */
static void
several_meters_are_surer_than_one(void **state)
{
	static const char *const mains[] = {"m1", "m2", "m3", "m4"};
	static const char *const feeds[] = {"f1", "f2", "f3", "f4"};
	struct asked asked;

	put_site(*state, "2026-11-01", 1);
	for (int i = 0; i < 4; i++)
		put_meter(*state, mains[i], XN_METER_GRID, "", 350, "2026-11-01", 1);
	put_meter(*state, "pdu-a/0", XN_METER_FEED, "r01", 1000, "2026-11-01", 1);
	ask(&asked, *state, "2026-11-01", "2026-11-02");
	assert_near(row_of(&asked, XN_KPI_PUE)->u, 0.02556, 5e-6);
	xn_arena_unmap(&asked.arena);
	put_site(*state, "2026-11-02", 1);
	for (int i = 0; i < 4; i++) {
		put_meter(*state, mains[i], XN_METER_GRID, "", 350, "2026-11-02", 1);
		put_meter(*state, feeds[i], XN_METER_FEED, feeds[i], 250, "2026-11-02", 1);
	}
	ask(&asked, *state, "2026-11-02", "2026-11-03");
	assert_near(row_of(&asked, XN_KPI_PUE)->u, 0.03233 / 2, 5e-6);
	xn_arena_unmap(&asked.arena);
}

/* 1.40 all day: within the night's 1.42, beyond the day's 1.38. The sum is at what both allow. */
static void
targets_by_hour_are_judged_by_hour(void **state)
{
	const struct xn_kpi_row *row;
	struct asked asked;

	put_plan_of(*state, "2026-11-01", "2026-11-02",
	    "kind: energy-plan\n"
	    "name: hours\n"
	    "from: 2026-11-01T00:00+07:00\n"
	    "to: 2026-11-02T00:00+07:00\n"
	    "targets:\n"
	    "  pue: [{hours: 18:00-06:00, max: 1.42}, {hours: 06:00-18:00, max: 1.38}]\n");
	put_plan_of(*state, "2026-11-02", "2026-11-03",
	    "kind: energy-plan\n"
	    "name: part\n"
	    "from: 2026-11-02T00:00+07:00\n"
	    "to: 2026-11-03T00:00+07:00\n"
	    "targets:\n"
	    "  pue: [{hours: 02:00-08:00, max: 1.3}]\n");
	put_site(*state, "2026-11-01", 2);
	ask(&asked, *state, "2026-11-01", "2026-11-02");
	row = row_of(&asked, XN_KPI_PUE);
	assert_int_equal(row->hours_judged, 24);
	assert_int_equal(row->hours_within, 12);
	assert_int_equal(row->target.millionths, 1400000);
	assert_non_null(strstr(row->note, "12 of 24 hours were within their target (50.0 %)"));
	assert_string_equal(xn_kpi_status(row), "not_proven");
	xn_arena_unmap(&asked.arena);
	ask(&asked, *state, "2026-11-02", "2026-11-03");
	row = row_of(&asked, XN_KPI_PUE);
	assert_int_equal(row->hours_judged, 6);
	assert_int_equal(row->hours_within, 0);
	assert_int_equal(row->target.millionths, 1300000);
	assert_non_null(strstr(row->note, "18 hours have no target"));
	assert_string_equal(xn_kpi_status(row), "not_met");
	xn_arena_unmap(&asked.arena);
}

static void
carbon_is_by_the_factor_of_the_plan(void **state)
{
	struct asked asked;

	put_site(*state, "2026-11-16", 7);
	ask(&asked, *state, "2026-11-16", "2026-11-23");
	assert_none(&asked, XN_KPI_CUE);
	assert_none(&asked, XN_KPI_PEAK_SHARE);
	xn_arena_unmap(&asked.arena);
	put_plan(*state);
	ask(&asked, *state, "2026-11-16", "2026-11-23");
	assert_value(&asked, XN_KPI_CUE, 1.12 * 0.6592);
	assert_value(&asked, XN_KPI_SCOPE2_LOCATION, 7 * 1.12 * 0.6592);
	assert_value(&asked, XN_KPI_SCOPE2_MARKET, 7 * 1.12 * 0.6592);
	assert_value(&asked, XN_KPI_CFE, 0.2);
	/* A flat week has 30 of 168 hours in the peak. */
	assert_value(&asked, XN_KPI_PEAK_SHARE, 30.0 / 168);
	xn_arena_unmap(&asked.arena);
}

/* A contract brings half of what is bought, hour by hour: the market's sum sees it, the grid's does
 * not. */
static void
a_contract_is_in_what_it_changes(void **state)
{
	struct asked asked;

	put_plan(*state);
	put_site(*state, "2026-11-16", 1);
	put_activity(*state, XN_ACTIVITY_CONTRACT, "2026-11-16", "2026-11-17", 560000, "");
	ask(&asked, *state, "2026-11-16", "2026-11-17");
	assert_value(&asked, XN_KPI_REF, 0.6);
	assert_value(&asked, XN_KPI_CFE, 0.6);
	assert_value(&asked, XN_KPI_CUE, 1.12 * 0.6592);
	assert_value(&asked, XN_KPI_CUE_MARKET, 0.56 * 0.6592);
	assert_value(&asked, XN_KPI_SCOPE2_LOCATION, 1.12 * 0.6592);
	assert_value(&asked, XN_KPI_SCOPE2_MARKET, 0.56 * 0.6592);
	xn_arena_unmap(&asked.arena);
}

/* Own, contracted and certified together: all of what the site was given, never more. */
static void
no_more_is_renewable_than_was_given(void **state)
{
	struct asked asked;

	put_plan(*state);
	put_site(*state, "2026-11-16", 1);
	put_activity(*state, XN_ACTIVITY_CONTRACT, "2026-11-16", "2026-11-17", 560000, "");
	put_activity(*state, XN_ACTIVITY_CERTIFICATE, "2026-11-16", "2026-11-17", 560000, "R-1");
	ask(&asked, *state, "2026-11-16", "2026-11-17");
	assert_value(&asked, XN_KPI_REF, 1);
	xn_arena_unmap(&asked.arena);
	put_activity(*state, XN_ACTIVITY_CERTIFICATE, "2026-11-16", "2026-11-17", 1000, "R-2");
	ask(&asked, *state, "2026-11-16", "2026-11-17");
	assert_none(&asked, XN_KPI_REF);
	assert_string_equal(row_of(&asked, XN_KPI_REF)->kpi.why, "ref_gt_1");
	xn_arena_unmap(&asked.arena);
}

/* 280 kWh for 1000 units; of what all share, made with 10 kg for each day of its life, the fifth
 * that it has of IT energy; and a server of its own, 1 kg a day. */
static void
software_bears_what_its_servers_cost_to_make(void **state)
{
	struct asked asked;

	put_plan(*state);
	put_site(*state, "2026-11-16", 1);
	books_make_entries(*state,
	    &(struct books_make_entry){.start = books_make_at("2026-11-16"),
		.account = XN_ACCOUNT_PLATFORM,
		.name = "portal",
		.energy_mj = -200 * KWH_MJ / (int64_t)PER_DAY,
		.overhead_mj = 80 * KWH_MJ / (int64_t)PER_DAY},
	    PER_DAY);
	put_activity(*state, XN_ACTIVITY_UNITS, "2026-11-16", "2026-11-17", 1000000, "portal");
	ask(&asked, *state, "2026-11-16", "2026-11-17");
	assert_value(&asked, XN_KPI_SCI, 280 * 0.6592);
	assert_non_null(strstr(row_of(&asked, XN_KPI_SCI)->note, "lower bound"));
	xn_arena_unmap(&asked.arena);
	put_activity(*state, XN_ACTIVITY_EMBODIED, "2025-01-01", "2029-01-01", 14610000, "");
	ask(&asked, *state, "2026-11-16", "2026-11-17");
	assert_value(&asked, XN_KPI_SCI, 280 * 0.6592 + 2);
	assert_null(strstr(row_of(&asked, XN_KPI_SCI)->note, "lower bound"));
	xn_arena_unmap(&asked.arena);
	put_activity(*state, XN_ACTIVITY_EMBODIED, "2025-01-01", "2029-01-01", 1461000, "portal");
	ask(&asked, *state, "2026-11-16", "2026-11-17");
	assert_value(&asked, XN_KPI_SCI, 280 * 0.6592 + 3);
	xn_arena_unmap(&asked.arena);
}

static void
servers_use_is_the_mean_of_their_means(void **state)
{
	struct books_make *make = *state;
	static const struct {
		const char *host, *from, *to;
		int64_t ppm;
	} uses[] = {{"h1", "2026-11-01T10:00", "2026-11-01T10:30", 500000},
	    {"h1", "2026-11-01T10:30", "2026-11-01T11:00", 300000},
	    {"h2", "2026-11-01T10:00", "2026-11-01T10:30", 100000}};
	struct asked asked;
	struct xn_error err;

	for (int i = 0; i < 3; i++)
		assert_int_equal(xn_store_gauge(make->store, XN_GAUGE_USE,
				     &(struct xn_books_gauge){.start = books_make_at(uses[i].from),
					 .end = books_make_at(uses[i].to),
					 .name = uses[i].host,
					 .mean = uses[i].ppm,
					 .min = uses[i].ppm,
					 .max = uses[i].ppm,
					 .samples = 30},
				     &err),
		    XN_OK);
	ask(&asked, make, "2026-11-01", "2026-11-02");
	assert_value(&asked, XN_KPI_ITEUSV, 25);
	xn_arena_unmap(&asked.arena);
}

static void
what_people_bring_makes_the_rest(void **state)
{
	struct asked asked;

	put_site(*state, "2026-11-01", 30);
	put_activity(*state, XN_ACTIVITY_WATER, "2026-11-01", "2026-12-01", 45000, "");
	put_activity(*state, XN_ACTIVITY_HEAT_REUSED, "2026-11-01", "2026-12-01", 4200000, "");
	put_activity(*state, XN_ACTIVITY_HEAT_REMOVED, "2026-11-01", "2026-12-01", 36000000, "");
	ask(&asked, *state, "2026-11-01", "2026-12-01");
	assert_value(&asked, XN_KPI_WUE, 1.5);
	assert_false(row_of(&asked, XN_KPI_WUE)->has_u);
	assert_value(&asked, XN_KPI_ERF, 0.1);
	assert_value(&asked, XN_KPI_ERE, 1.26);
	assert_value(&asked, XN_KPI_CER, 4);
	xn_arena_unmap(&asked.arena);
}

/* One kWh counts once: by the id of its retirement. */
static void
a_certificate_counts_once(void **state)
{
	struct asked asked;

	put_site(*state, "2026-11-01", 30);
	put_activity(*state, XN_ACTIVITY_CERTIFICATE, "2026-11-01", "2026-12-01", 8400000, "R-1");
	put_activity(*state, XN_ACTIVITY_CERTIFICATE, "2026-11-02", "2026-12-01", 8400000, "R-1");
	put_activity(*state, XN_ACTIVITY_CERTIFICATE, "2026-11-03", "2026-12-01", 8400000, "");
	ask(&asked, *state, "2026-11-01", "2026-12-01");
	assert_value(&asked, XN_KPI_REF, 0.4);
	assert_non_null(strstr(row_of(&asked, XN_KPI_REF)->note, "1 without a retirement id"));
	xn_arena_unmap(&asked.arena);
}

static void
warm_racks_lower_the_index(void **state)
{
	struct books_make *make = *state;
	static const char *const names[] = {"r1", "r2", "r3", "r4", "r5", "r6"};
	static const int64_t means[] = {19000, 22000, 27000, 28500, 31000, 17000};
	struct asked asked;
	struct xn_error err;

	for (int i = 0; i < 6; i++)
		assert_int_equal(
		    xn_store_gauge(make->store, XN_GAUGE_INLET,
			&(struct xn_books_gauge){.start = books_make_at("2026-11-01T10:00"),
			    .end = books_make_at("2026-11-01T10:30"),
			    .name = names[i],
			    .mean = means[i],
			    .min = means[i],
			    .max = means[i],
			    .samples = 30},
			&err),
		    XN_OK);
	ask(&asked, make, "2026-11-01", "2026-11-02");
	assert_value(&asked, XN_KPI_RCI_HI, 81.666667);
	assert_value(&asked, XN_KPI_RCI_LO, 94.444444);
	xn_arena_unmap(&asked.arena);
}

static void
outlets_alone_are_category_two(void **state)
{
	struct asked asked;

	put_site(*state, "2026-11-01", 1);
	put_meter(*state, "pdu-b/3", XN_METER_OUTLET, "r02", 500, "2026-11-01", 1);
	ask(&asked, *state, "2026-11-01", "2026-11-02");
	assert_int_equal(row_of(&asked, XN_KPI_PUE)->category, 2);
	xn_arena_unmap(&asked.arena);
	put_meter(*state, "pdu-a/0", XN_METER_FEED, "r01", 500, "2026-11-01", 1);
	ask(&asked, *state, "2026-11-01", "2026-11-02");
	assert_int_equal(row_of(&asked, XN_KPI_PUE)->category, 1);
	xn_arena_unmap(&asked.arena);
}

static void
the_view_has_a_value_or_a_reason(void **state)
{
	struct xn_period period = {.from = books_make_at("2026-11-01"),
	    .to = books_make_at("2026-12-01"),
	    .name = "2026-11"};
	struct xn_error err = {0};
	json_t *view, *row;
	size_t i;

	put_site(*state, "2026-11-01", 30);
	put_meter(*state, "main", XN_METER_GRID, "", 1120, "2026-11-01", 30);
	view = xn_kpis_view(books_make_read(*state), &period, period.to, XN_KPI_COUNT, &err);
	assert_non_null(view);
	json_array_foreach(json_object_get(view, "rows"), i, row)
	    assert_true(json_is_null(json_object_get(row, "value")) !=
		json_is_null(json_object_get(row, "why")));
	json_decref(view);
	view = xn_kpis_view(books_make_read(*state), &period, period.to, XN_KPI_PUE, &err);
	assert_int_equal(json_array_size(json_object_get(view, "rows")), 1);
	assert_int_equal(json_array_size(json_object_get(view, "meters")), 1);
	json_decref(view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_month_is_interim, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		without_anything_every_indicator_says_why, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_pue_below_one_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_year_with_a_gap_is_incomplete, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		estimates_above_policy_are_no_annual_value, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_target_within_uncertainty_is_not_proven, setup, teardown),
	    cmocka_unit_test_setup_teardown(several_meters_are_surer_than_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(targets_by_hour_are_judged_by_hour, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_contract_is_in_what_it_changes, setup, teardown),
	    cmocka_unit_test_setup_teardown(no_more_is_renewable_than_was_given, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		software_bears_what_its_servers_cost_to_make, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		servers_use_is_the_mean_of_their_means, setup, teardown),
	    cmocka_unit_test_setup_teardown(carbon_is_by_the_factor_of_the_plan, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_people_bring_makes_the_rest, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_certificate_counts_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(warm_racks_lower_the_index, setup, teardown),
	    cmocka_unit_test_setup_teardown(outlets_alone_are_category_two, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_view_has_a_value_or_a_reason, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
