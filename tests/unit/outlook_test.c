/* The outlook: weeks of made books, what is forecast behind their end, and how that is scored. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/outlook.h"
#include "orchestrator/books/question.h"
#include "tests/lib/books_make.h"
#include "tests/lib/dice.h"

enum { DAY = 48 };

static const int64_t kw_slot = 1000 * 1000 * INT64_C(1800); /* a kW for half an hour, mJ */

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct books_make));
	books_make_open(*state, NULL, NULL);
	return 0;
}

static int
teardown(void **state)
{
	books_make_close(*state);
	free(*state);
	return 0;
}

static xn_instant
slot_at(unsigned slot)
{
	/* 2026-10-05 was a Monday. */
	return xn_after(books_make_at("2026-10-05"), (xn_duration){slot * INT64_C(1800000)});
}

static void
book(struct books_make *make, enum xn_account account, unsigned slot, double kw)
{
	books_make_entry(make,
	    &(struct books_make_entry){.start = slot_at(slot),
		.account = account,
		.energy_mj = (int64_t)(kw * (double)kw_slot)});
}

/* 100 kW bought, 20 more at noon and 15 less at weekends; noise of 4 if there are dice. */
static double
usual(unsigned slot, struct dice *dice)
{
	double noise = dice == NULL ? 0 : (double)dice_between(dice, -4000, 4000) / 1000;

	return 100 - 20 * cos(2 * M_PI * (slot % DAY) / DAY) - (slot / DAY % 7 >= 5 ? 15 : 0) +
	    noise;
}

static void
book_usual(struct books_make *make, unsigned from, unsigned to, struct dice *dice)
{
	for (unsigned slot = from; slot < to; slot++)
		book(make, XN_ACCOUNT_GRID, slot, usual(slot, dice));
}

/* ---- asking ---- */

static const char *
parameter(const void *context, const char *name)
{
	const char *given = context;
	size_t length = strlen(name);

	if (given == NULL || strncmp(given, name, length) != 0 || given[length] != '=')
		return NULL;
	return given + length + 1;
}

static json_t *
ask(struct books_make *make, const char *path, const char *given, enum xn_code *ret_code)
{
	struct xn_question question = {.books = books_make_read(make),
	    .now = books_make_at("2026-12-01"),
	    .parameter = parameter,
	    .context = given};
	struct xn_error err = {.code = XN_OK};
	json_t *answer = xn_question_answer(&question, path, &err);

	if (ret_code != NULL)
		*ret_code = err.code;
	else if (answer == NULL)
		fail_msg("%s: %s", path, err.text);
	return answer;
}

static const char *
text(const json_t *object, const char *field)
{
	const char *found = json_string_value(json_object_get(object, field));

	return found == NULL ? "" : found;
}

static double
number(const json_t *object, const char *field)
{
	const json_t *value = json_object_get(object, field);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const json_t *
row_of(const json_t *answer, const char *list, size_t index)
{
	return json_array_get(json_object_get(answer, list), index);
}

static void
apply(struct books_make *make, const char *plan)
{
	struct xn_error err = {.code = XN_OK};

	assert_int_equal(xn_store_energy_plan(make->store, books_make_at("2026-10-01"), "p", "lan",
			     (xn_instant){0}, (xn_instant){INT64_MAX}, plan, &err),
	    XN_OK);
}

/* ---- stories ---- */

static void
four_weeks_are_forecast_from_the_end_of_the_books(void **state)
{
	struct dice dice = dice_for(1, "load");
	json_t *answer;

	book_usual(*state, 0, 28 * DAY, &dice);
	answer = ask(*state, "/forecast/load", NULL, NULL);
	assert_string_equal(text(answer, "from"), "2026-11-02T00:00:00+07:00");
	assert_string_equal(text(answer, "to"), "2026-11-04T00:00:00+07:00");
	assert_string_equal(text(answer, "method"), "smoothing");
	assert_string_equal(text(answer, "unit"), "kW");
	assert_true(json_is_false(json_object_get(answer, "naive")));
	assert_true(number(json_object_get(answer, "history"), "days") == 28);
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 96);
	for (unsigned h = 0; h < 96; h++) {
		const json_t *row = row_of(answer, "rows", h);
		double mean = number(row, "mean_kw");

		assert_true(fabs(mean - usual(28 * DAY + h, NULL)) < 5);
		assert_true(number(row, "low95_kw") < mean && mean < number(row, "high95_kw"));
		assert_true(fabs(number(row, "last_week_kw") - usual(21 * DAY + h, NULL)) < 4.001);
	}
	json_decref(answer);
}

static void
a_day_is_scored_by_what_was_booked_before_it(void **state)
{
	struct dice dice = dice_for(2, "load");
	json_t *before, *after;

	book_usual(*state, 0, 28 * DAY, &dice);
	before = ask(*state, "/forecast/demand/score", "days=3", NULL);
	assert_int_equal(json_array_size(json_object_get(before, "rows")), 3);
	assert_string_equal(text(row_of(before, "rows", 2), "day"), "2026-11-01");
	assert_true(json_is_true(json_object_get(before, "better")));
	assert_true(number(json_object_get(before, "score"), "slots") == 3 * DAY);
	/* What comes later is quite another thing, and changes nothing of those days. */
	for (unsigned slot = 28 * DAY; slot < 29 * DAY; slot++)
		book(*state, XN_ACCOUNT_GRID, slot, 900);
	after = ask(*state, "/forecast/demand/score", "days=4", NULL);
	assert_int_equal(json_array_size(json_object_get(after, "rows")), 4);
	for (size_t i = 0; i < 3; i++)
		assert_true(json_equal(row_of(before, "rows", i), row_of(after, "rows", i)));
	assert_true(number(row_of(after, "rows", 3), "mae_kw") > 700);
	json_decref(before);
	json_decref(after);
}

static void
with_too_little_history_last_week_or_yesterday_is_shown(void **state)
{
	json_t *answer;

	book_usual(*state, 0, 4 * DAY, NULL);
	answer = ask(*state, "/forecast/load", "hours=1", NULL);
	assert_true(json_is_true(json_object_get(answer, "naive")));
	assert_string_equal(text(answer, "method"), "last-week");
	assert_non_null(strstr(text(answer, "note"), "too little history (4.0 days"));
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 2);
	assert_true(number(row_of(answer, "rows", 0), "mean_kw") == usual(3 * DAY, NULL));
	json_decref(answer);
	answer = ask(*state, "/forecast/load/score", NULL, NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 2);
	json_decref(answer);
}

/* Every slot of the week has its own level, the same each week: no method does better than it. */
static void
where_last_week_does_better_it_is_shown_and_said(void **state)
{
	struct dice dice = dice_for(3, "week");
	double week[7 * DAY];
	json_t *answer;

	for (unsigned i = 0; i < 7 * DAY; i++)
		week[i] = (double)dice_between(&dice, 10, 200);
	for (unsigned slot = 0; slot < 28 * DAY; slot++)
		book(*state, XN_ACCOUNT_GRID, slot,
		    week[slot % (7 * DAY)] + (double)dice_between(&dice, 0, 100) / 100);
	answer = ask(*state, "/forecast/load", NULL, NULL);
	assert_string_equal(text(answer, "method"), "last-week");
	assert_non_null(strstr(text(answer, "note"), "no better than last week"));
	for (unsigned h = 0; h < 96; h++) {
		const json_t *row = row_of(answer, "rows", h);

		assert_true(fabs(number(row, "mean_kw") - week[h]) <= 1);
		/* Its band is that of its own errors, not of the method's. */
		assert_true(number(row, "high95_kw") - number(row, "low95_kw") < 2.001);
	}
	json_decref(answer);
	answer = ask(*state, "/forecast/load/score", NULL, NULL);
	assert_true(json_is_false(json_object_get(answer, "better")));
	assert_string_equal(text(row_of(answer, "rows", 13), "method"), "last-week");
	json_decref(answer);
}

static void
read_outlook(struct books_make *make, enum xn_outlook_kind kind, struct xn_outlook *ret_outlook,
    struct xn_arena *ret_arena)
{
	struct xn_error err;

	xn_arena_map(ret_arena, XN_OUTLOOK_ARENA_SIZE);
	assert_int_equal(
	    xn_outlook_read(ret_outlook, books_make_read(make), kind, 10, ret_arena, &err), XN_OK);
}

static void
what_was_not_measured_is_a_gap(void **state)
{
	struct xn_outlook outlook;
	struct xn_arena arena;

	book_usual(*state, 20, 30, NULL);
	books_make_entry(*state,
	    &(struct books_make_entry){.start = slot_at(31),
		.energy_mj = kw_slot,
		.estimated_mj = kw_slot,
		.covered_ms = 600000,
		.span_ms = 1800000});
	book_usual(*state, 32, 33, NULL);
	read_outlook(*state, XN_OUTLOOK_LOAD, &outlook, &arena);
	/* What is before the first that is known is left out. */
	assert_int_equal(outlook.start.ms, slot_at(20).ms);
	assert_int_equal(outlook.count, 13);
	assert_int_equal(outlook.gaps, 2);
	assert_true(isnan(outlook.values[10]) && isnan(outlook.values[11]));
	assert_true(fabs(outlook.values[12] - usual(32, NULL)) < 1e-6);
	xn_arena_unmap(&arena);
}

static void
sources_are_the_load_and_sinks_are_it(void **state)
{
	struct xn_outlook outlook;
	struct xn_arena arena;

	book(*state, XN_ACCOUNT_GRID, 0, 80);
	book(*state, XN_ACCOUNT_PV, 0, 30);
	book(*state, XN_ACCOUNT_BATTERY, 0, -10);
	book(*state, XN_ACCOUNT_HOST, 0, -40);
	book(*state, XN_ACCOUNT_VM, 0, -25);
	book(*state, XN_ACCOUNT_COOLING, 0, -35);
	for (int kind = 0; kind < XN_OUTLOOK_KIND_COUNT; kind++) {
		static const double expected[] = {[XN_OUTLOOK_LOAD] = 100,
		    [XN_OUTLOOK_IT] = 65,
		    [XN_OUTLOOK_PV] = 30,
		    [XN_OUTLOOK_DEMAND] = 80};

		if (kind == XN_OUTLOOK_TEMPERATURE)
			continue;
		read_outlook(*state, (enum xn_outlook_kind)kind, &outlook, &arena);
		assert_int_equal(outlook.count, 1);
		assert_true(fabs(outlook.values[0] - expected[kind]) < 1e-9);
		xn_arena_unmap(&arena);
	}
}

static void
five_minutes_make_half_hours_and_hours_stay(void **state)
{
	struct books_make make;
	struct xn_books_site site;
	struct xn_outlook outlook;
	struct xn_arena arena;

	site = ((struct books_make *)*state)->site;
	site.interval = xn_seconds(300);
	books_make_open(&make, NULL, &site);
	for (int i = 0; i < 12; i++) /* two half hours, and 10 minutes of the third */
		books_make_entry(&make,
		    &(struct books_make_entry){.start = xn_after(slot_at(0), xn_seconds(300 * i)),
			.energy_mj = (i + 1) * kw_slot / 6});
	books_make_entry(
	    &make, &(struct books_make_entry){.start = slot_at(2), .energy_mj = 99 * kw_slot});
	read_outlook(&make, XN_OUTLOOK_LOAD, &outlook, &arena);
	assert_int_equal(outlook.per_day, 48);
	assert_int_equal(outlook.count, 2);
	assert_true(fabs(outlook.values[0] - 3.5) < 1e-9 && fabs(outlook.values[1] - 9.5) < 1e-9);
	xn_arena_unmap(&arena);
	books_make_close(&make);
	site.interval = xn_seconds(3600);
	books_make_open(&make, NULL, &site);
	books_make_entry(
	    &make, &(struct books_make_entry){.start = slot_at(0), .energy_mj = 14 * kw_slot});
	read_outlook(&make, XN_OUTLOOK_LOAD, &outlook, &arena);
	assert_int_equal(outlook.per_day, 24);
	assert_true(outlook.count == 1 && fabs(outlook.values[0] - 7) < 1e-9);
	xn_arena_unmap(&arena);
	books_make_close(&make);
}

static void
intakes_are_a_mean_of_their_sensors(void **state)
{
	struct books_make *make = *state;
	struct xn_outlook outlook;
	struct xn_arena arena;
	struct xn_error err;

	book_usual(make, 0, 3, NULL);
	for (int i = 0; i < 4; i++)
		assert_int_equal(xn_store_gauge(make->store, XN_GAUGE_INLET,
				     &(struct xn_books_gauge){.start = slot_at(i < 2 ? 0 : 2),
					 .end = slot_at(i < 2 ? 1 : 3),
					 .name = i % 2 == 0 ? "r1-inlet" : "r2-inlet",
					 .mean = 22000 + 1000 * i,
					 .samples = 30},
				     &err),
		    XN_OK);
	read_outlook(make, XN_OUTLOOK_TEMPERATURE, &outlook, &arena);
	assert_int_equal(outlook.count, 3);
	assert_true(fabs(outlook.values[0] - 22.5) < 1e-9);
	assert_true(isnan(outlook.values[1]));
	assert_true(fabs(outlook.values[2] - 24.5) < 1e-9);
	xn_arena_unmap(&arena);
}

static void
demand_stands_beside_the_month_the_limit_and_events(void **state)
{
	const json_t *month, *event;
	json_t *answer;

	/* Four weeks to 2026-11-02, and two days of November with a quarter more. */
	book_usual(*state, 0, 28 * DAY, NULL);
	for (unsigned slot = 28 * DAY; slot < 30 * DAY; slot++)
		book(*state, XN_ACCOUNT_GRID, slot, 1.25 * usual(slot, NULL));
	apply(*state,
	    "kind: energy-plan\nname: p\nsources: {grid: {limit: 130 kW, demand: 200000 VND/kW}}\n"
	    "events: [{name: evening, from: 2026-11-04T17:00+07:00, to: 2026-11-04T19:00+07:00, "
	    "grid_max: 50 kW}, {name: later, from: 2026-11-09T17:00+07:00, to: "
	    "2026-11-09T19:00+07:00, grid_max: 50 kW}]\n");
	answer = ask(*state, "/forecast/demand", NULL, NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "months")), 1);
	month = row_of(answer, "months", 0);
	assert_string_equal(text(month, "month"), "2026-11");
	assert_true(fabs(number(month, "booked_kw") - 150) < 0.01);
	assert_string_equal(text(month, "booked_at"), "2026-11-02T12:00:00+07:00");
	assert_true(number(month, "demand_vnd_kw") == 200000);
	assert_true(number(month, "forecast_kw") > 100);
	assert_true(number(json_object_get(answer, "highest"), "limit_kw") == 130);
	assert_true(number(json_object_get(answer, "highest"), "forecast_kw") ==
	    number(month, "forecast_kw"));
	assert_int_equal(json_array_size(json_object_get(answer, "events")), 1);
	event = row_of(answer, "events", 0);
	assert_string_equal(text(event, "name"), "evening");
	assert_string_equal(text(event, "exceeds"), "yes");
	json_decref(answer);
}

static void
the_plans_own_forecast_of_pv_stands_beside(void **state)
{
	const json_t *row;
	json_t *answer;

	for (unsigned slot = 0; slot < 14 * DAY; slot++)
		book(
		    *state, XN_ACCOUNT_PV, slot, fmax(0, -50 * cos(2 * M_PI * (slot % DAY) / DAY)));
	apply(*state,
	    "kind: energy-plan\nname: p\nsources: {pv: {capacity: 40 kWp, forecast: {file: "
	    "pv.csv}}}\n---\nkind: file\npath: pv.csv\n---\nkind: bytes\nlines:\n"
	    "- \"time,power_kw,low,high\"\n- \"2026-10-19T00:00+07:00,0,,\"\n"
	    "- \"2026-10-19T10:15+07:00,20,10,30\"\n- \"2026-10-19T10:45+07:00,30,20,40\"\n");
	answer = ask(*state, "/forecast/pv", NULL, NULL);
	assert_string_equal(text(answer, "file"), "pv.csv");
	assert_string_equal(text(answer, "from"), "2026-10-19T00:00:00+07:00");
	row = row_of(answer, "rows", 20); /* 10:00: half 0, half 20 */
	assert_true(number(row, "file_kw") == 10 && isnan(number(row, "file_low_kw")));
	row = row_of(answer, "rows", 21);
	assert_true(number(row, "file_kw") == 25 && number(row, "file_low_kw") == 15);
	assert_true(number(row, "mean_kw") > 0);
	assert_null(json_object_get(row_of(answer, "rows", 30), "file_kw"));
	json_decref(answer);
}

static void
what_cannot_be_asked_is_told(void **state)
{
	static const struct {
		const char *path, *given;
		enum xn_code code;
	} cases[] = {{"/forecast/wind", NULL, XN_ENOTFOUND}, {"/forecast/", NULL, XN_ENOTFOUND},
	    {"/forecast//score", NULL, XN_ENOTFOUND}, {"/forecast/load/scores", NULL, XN_ENOTFOUND},
	    {"/forecast/load/score/x", NULL, XN_ENOTFOUND},
	    {"/forecast/load", "hours=0", XN_EINVALID}, {"/forecast/load", "hours=49", XN_EINVALID},
	    {"/forecast/load/score", "days=61", XN_EINVALID},
	    {"/forecast/load", NULL, XN_ENOTFOUND}, /* nothing is booked */
	    {"/forecast/load/score", NULL, XN_ENOTFOUND}};
	enum xn_code code;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(ask(*state, cases[i].path, cases[i].given, &code));
		assert_int_equal(code, cases[i].code);
	}
	book_usual(*state, 0, 2, NULL);
	assert_null(ask(*state, "/forecast/temperature", NULL, &code));
	assert_int_equal(code, XN_ENOTFOUND);
	json_decref(ask(*state, "/forecast/load", NULL, NULL));
}

int
main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    STORY(four_weeks_are_forecast_from_the_end_of_the_books),
	    STORY(a_day_is_scored_by_what_was_booked_before_it),
	    STORY(with_too_little_history_last_week_or_yesterday_is_shown),
	    STORY(where_last_week_does_better_it_is_shown_and_said),
	    STORY(what_was_not_measured_is_a_gap),
	    STORY(sources_are_the_load_and_sinks_are_it),
	    STORY(five_minutes_make_half_hours_and_hours_stay),
	    STORY(intakes_are_a_mean_of_their_sensors),
	    STORY(demand_stands_beside_the_month_the_limit_and_events),
	    STORY(the_plans_own_forecast_of_pv_stands_beside),
	    STORY(what_cannot_be_asked_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
