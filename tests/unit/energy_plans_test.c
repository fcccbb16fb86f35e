#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/energy_plans.h"
#include "tests/lib/books_make.h"

#define KWH (XN_WH_MJ * 1000)

static const char cheap[] =
    "kind: energy-plan\nname: cheap\nsources: {grid: {limit: 90 kW, carbon: {factor: 500 g/kWh}, "
    "tariff: {vat: 10 %, bands: [{name: flat, hours: [00:00-24:00], price: 1000 VND/kWh}]}}}\n"
    "targets: {pue: [{hours: 00:00-24:00, max: 1.2}], cue: {max: 0.7 kg/kWh, over: day}}\n";
static const char dear[] =
    "kind: energy-plan\nname: dear\nfrom: 2026-11-16T12:00+07:00\nsources: {grid: {carbon: "
    "{factor: "
    "600 g/kWh}, demand: 100 VND/kW, tariff: {bands: [{name: flat, hours: [00:00-24:00], price: "
    "3000 VND/kWh}]}}}\n";

/* Of a question: "name=value". */
static const char *
parameter(const void *context, const char *name)
{
	const char *const *given = context;

	for (; *given != NULL; given++)
		if (strncmp(*given, name, strlen(name)) == 0 && (*given)[strlen(name)] == '=')
			return *given + strlen(name) + 1;
	return NULL;
}

static json_t *
ask(struct books_make *make, const char *path, const char *const *given, struct xn_error *err)
{
	struct xn_question question = {.books = books_make_read(make),
	    .now = books_make_at("2026-11-16T18:00"),
	    .parameter = parameter,
	    .context = given};

	return xn_question_answer(&question, path, err);
}

static void
put(struct books_make *make, enum xn_account account, const char *name, int64_t mj)
{
	books_make_entries(make,
	    &(struct books_make_entry){.start = books_make_at("2026-11-16"),
		.account = account,
		.name = name,
		.energy_mj = mj},
	    48);
}

/* A day: 80 kW of IT, 100 kW from the grid, 20 kW of PV, and cooling. */
static int
setup(void **state)
{
	struct books_make *make = calloc(1, sizeof(*make));

	books_make_open(make, NULL, NULL);
	put(make, XN_ACCOUNT_GRID, NULL, 50 * KWH);
	put(make, XN_ACCOUNT_PV, NULL, 10 * KWH);
	put(make, XN_ACCOUNT_HOST, "h1", -40 * KWH);
	put(make, XN_ACCOUNT_COOLING, NULL, -20 * KWH);
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

static void
apply(struct books_make *make, const char *text, const char *from, const char *to)
{
	struct xn_error err = {0};

	assert_int_equal(xn_store_energy_plan(make->store, books_make_at("2026-11-15"), "p", "lan",
			     from == NULL ? (xn_instant){0} : books_make_at(from),
			     to == NULL ? (xn_instant){INT64_MAX} : books_make_at(to), text, &err),
	    XN_OK);
}

static double
number(const json_t *object, const char *field, const char *within)
{
	return json_number_value(json_object_get(json_object_get(object, field), within));
}

static void
without_a_plan_a_day_has_no_price(void **state)
{
	const char *const day[] = {"period=2026-11-16", NULL};
	struct xn_error err = {0};
	json_t *answer = ask(*state, "/energy-plan/cost", day, &err);

	assert_non_null(answer);
	assert_true(number(answer, "cost", "bought_kwh") == 2400);
	assert_true(number(answer, "cost", "unpriced_kwh") == 2400);
	assert_true(number(answer, "cost", "total_vnd") == 0);
	json_decref(answer);
	assert_null(ask(*state, "/energy-plan", day, &err));
	assert_int_equal(err.code, XN_ENOTFOUND);
}

static void
a_day_is_priced_by_the_plan_in_force_in_each_interval(void **state)
{
	const char *const day[] = {"period=2026-11-16", NULL};
	struct xn_error err = {0};
	json_t *answer;

	apply(*state, cheap, NULL, NULL);
	apply(*state, dear, "2026-11-16T12:00", NULL);
	answer = ask(*state, "/energy-plan/cost", day, &err);
	assert_non_null(answer);
	assert_true(number(answer, "cost", "unpriced_kwh") == 0);
	assert_true(number(answer, "cost", "energy_vnd") == 1200 * 1000 + 1200 * 3000);
	assert_true(number(answer, "cost", "vat_vnd") == 120 * 1000);
	assert_true(number(answer, "carbon", "location_kg") == 1200 * 0.5 + 1200 * 0.6);
	assert_true(number(answer, "cost", "load_factor") == 1);
	assert_true(json_number_value(json_object_get(answer, "coverage")) == 1);
	json_decref(answer);
	answer = ask(*state, "/energy-plan", day, &err);
	assert_string_equal(json_string_value(json_object_get(answer, "name")), "dear");
	assert_string_equal(json_string_value(json_object_get(answer, "yaml")), dear);
	json_decref(answer);
}

/* A plan for an afternoon; then the one that it stood before is in force again. */
static void
a_plan_that_ends_leaves_the_one_before_in_force(void **state)
{
	const char *const day[] = {"period=2026-11-16", NULL};
	struct xn_error err = {0};
	json_t *answer;

	apply(*state, cheap, NULL, NULL);
	apply(*state, dear, "2026-11-16T12:00", "2026-11-16T18:00");
	answer = ask(*state, "/energy-plan/cost", day, &err);
	assert_non_null(answer);
	assert_true(number(answer, "cost", "unpriced_kwh") == 0);
	assert_true(number(answer, "cost", "energy_vnd") == 1800 * 1000 + 600 * 3000);
	json_decref(answer);
}

static void
what_a_contract_delivered_is_matched_interval_by_interval(void **state)
{
	const char *const day[] = {"period=2026-11-16", NULL};
	const struct xn_books_activity contract = {.kind = XN_ACTIVITY_CONTRACT,
	    .start = books_make_at("2026-11-16T09:00"),
	    .end = books_make_at("2026-11-16T15:00"),
	    .milli = 1200 * 1000,
	    .about = "ppa-1",
	    .author = "lan",
	    .evidence = "statement.pdf"};
	struct books_make *make = *state;
	struct xn_error err = {0};
	json_t *answer;

	apply(make, cheap, NULL, NULL);
	assert_int_equal(
	    xn_store_activity(make->store, books_make_at("2026-11-17"), &contract, &err), XN_OK);
	answer = ask(make, "/energy-plan/cost", day, &err);
	assert_non_null(answer);
	/* 200 kW over six hours, of which 100 kW were used. */
	assert_true(number(answer, "carbon", "contracted_kwh") == 1200);
	assert_true(number(answer, "carbon", "matched_kwh") == 600);
	assert_true(number(answer, "carbon", "location_kg") == 1200);
	assert_true(number(answer, "carbon", "market_kg") == 900);
	json_decref(answer);
}

static void
the_gap_has_a_row_of_each_hour_with_what_was_asked(void **state)
{
	const char *const hours[] = {"period=2026-11-16", "by=hour", NULL};
	struct xn_error err = {0};
	const json_t *row;
	json_t *answer;

	apply(*state, cheap, NULL, "2026-11-16T12:00");
	answer = ask(*state, "/energy-plan/gap", hours, &err);
	assert_non_null(answer);
	/* Nothing was asked after noon. */
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 12);
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_true(number(row, "pue", "actual") == 1.5);
	assert_true(number(row, "pue", "target") == 1.2);
	assert_true(json_is_false(json_object_get(json_object_get(row, "pue"), "met")));
	assert_true(number(row, "cue", "actual") == 0.625);
	assert_true(json_is_true(json_object_get(json_object_get(row, "cue"), "met")));
	assert_true(json_is_null(json_object_get(json_object_get(row, "ref"), "target")));
	assert_true(json_number_value(json_object_get(row, "highest_kw")) == 100);
	assert_true(json_number_value(json_object_get(row, "limit_kw")) == 90);
	json_decref(answer);
	assert_null(ask(*state, "/energy-plan/gap",
	    (const char *const[]){"period=2026-11-16", "by=week", NULL}, &err));
	assert_int_equal(err.code, XN_EINVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(without_a_plan_a_day_has_no_price, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_day_is_priced_by_the_plan_in_force_in_each_interval, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_plan_that_ends_leaves_the_one_before_in_force, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_a_contract_delivered_is_matched_interval_by_interval, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_gap_has_a_row_of_each_hour_with_what_was_asked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
