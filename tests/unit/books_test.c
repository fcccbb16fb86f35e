#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/books_make.h"
#include "tests/lib/books_year.h"

#define BALANCE ((XN_ACCOUNT_BIT(XN_ACCOUNT_UNEXPLAINED) << 1) - 1)

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

/* ---- what is told, as text: "2026-11 vm web 5 ..." ---- */

static int
write_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	static const char grades[] = "-MRIESX";
	char *text = context;

	(void)err;
	snprintf(text + strlen(text), 4096 - strlen(text), "%+lldh %d %s %s%s%lld%c ",
	    (long long)((row->start.ms - books_make_at("2026-11-01").ms) / 3600000),
	    (int)row->account, row->name, row->platform, row->platform[0] == '\0' ? "" : " ",
	    (long long)row->amount.energy.mj, grades[row->amount.worst]);
	return XN_OK;
}

static const char *
told(struct books_make *make, struct xn_books_query query)
{
	static char text[4096];
	struct xn_error err = {0};

	text[0] = '\0';
	if (query.to.ms == 0) {
		query.from = books_make_at("2026-11-01");
		query.to = books_make_at("2026-12-01");
	}
	if (xn_books_entries(books_make_read(make), &query, write_row, text, &err) != XN_OK)
		fail_msg("%s", err.text);
	return text;
}

static struct xn_amount
summed(struct books_make *make, struct xn_books_query query)
{
	struct xn_amount amount = {0};
	struct xn_error err = {0};

	if (query.to.ms == 0) {
		query.from = books_make_at("2026-11-01");
		query.to = books_make_at("2026-12-01");
	}
	if (xn_books_sum(books_make_read(make), &query, &amount, &err) != XN_OK)
		fail_msg("%s", err.text);
	return amount;
}

static int
add_energy(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	int64_t *sum = context;

	(void)err;
	*sum += row->amount.energy.mj;
	return XN_OK;
}

static int64_t
told_energy(struct books_make *make, struct xn_books_query query)
{
	struct xn_error err;
	int64_t sum = 0;

	assert_int_equal(
	    xn_books_entries(books_make_read(make), &query, add_energy, &sum, &err), XN_OK);
	return sum;
}

static void
put(struct books_make *make, const char *start, enum xn_account account, const char *name,
    int64_t mj)
{
	books_make_entry(make,
	    &(struct books_make_entry){
		.start = books_make_at(start), .account = account, .name = name, .energy_mj = mj});
}

static void
put_vm(
    struct books_make *make, const char *start, const char *name, const char *platform, int64_t mj)
{
	books_make_entry(make,
	    &(struct books_make_entry){.start = books_make_at(start),
		.account = XN_ACCOUNT_VM,
		.name = name,
		.uuid = name,
		.platform = platform,
		.agency = "tax",
		.energy_mj = mj});
}

static void
correct(struct books_make *make, int64_t revision, const char *start, enum xn_account account,
    const char *name, int64_t mj, int64_t estimated)
{
	books_make_entry(make,
	    &(struct books_make_entry){.start = books_make_at(start),
		.account = account,
		.name = name,
		.energy_mj = mj,
		.estimated_mj = estimated,
		.grade = XN_GRADE_MEASURED,
		.revision = revision,
		.author = "lan",
		.reason = "the meter was read"});
}

static void
an_interval_balances(void **state)
{
	put(*state, "2026-11-25T10:00", XN_ACCOUNT_GRID, NULL, 100);
	put(*state, "2026-11-25T10:00", XN_ACCOUNT_COOLING, NULL, -30);
	put(*state, "2026-11-25T10:00", XN_ACCOUNT_HOST, "h1", -20);
	put_vm(*state, "2026-11-25T10:00", "web", "portal", -50);
	put(*state, "2026-11-25T10:00", XN_ACCOUNT_METER, "main", 100);

	assert_int_equal(summed(*state, (struct xn_books_query){.accounts = BALANCE}).energy.mj, 0);
	assert_string_equal(
	    told(*state, (struct xn_books_query){.accounts = BALANCE, .step = XN_BOOKS_INTERVAL}),
	    "+586h 0 dc-test 100M +586h 4 dc-test -30M +586h 7 h1 -20M +586h 8 web portal -50M ");
	assert_string_equal(told(*state,
				(struct xn_books_query){
				    .accounts = BALANCE, .step = XN_BOOKS_INTERVAL, .whole = true}),
	    "+586h 0 dc-test 100M +586h 4 dc-test -30M +586h 7 dc-test -20M +586h 8 dc-test -50M ");
}

static void
days_and_months_are_those_of_site_time(void **state)
{
	struct xn_books_query query = {.from = books_make_at("2026-10-01"),
	    .to = books_make_at("2026-12-01"),
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_GRID)};

	put(*state, "2026-10-31T23:30", XN_ACCOUNT_GRID, NULL, 1); /* 16:30 UTC */
	put(*state, "2026-11-01T00:00", XN_ACCOUNT_GRID, NULL, 10);
	put(*state, "2026-11-01T23:30", XN_ACCOUNT_GRID, NULL, 20);
	put(*state, "2026-11-02T00:00", XN_ACCOUNT_GRID, NULL, 30);

	query.step = XN_BOOKS_MONTH;
	assert_string_equal(told(*state, query), "-744h 0 dc-test 1M +0h 0 dc-test 60M ");
	query.step = XN_BOOKS_DAY;
	assert_string_equal(
	    told(*state, query), "-24h 0 dc-test 1M +0h 0 dc-test 30M +24h 0 dc-test 30M ");
	query.step = XN_BOOKS_TOTAL;
	assert_string_equal(told(*state, query), "-744h 0 dc-test 61M ");
}

static void
all_steps_agree(struct books_make *make, const char *from, const char *to)
{
	struct xn_books_query query = {.from = books_make_at(from),
	    .to = books_make_at(to),
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_VM) | XN_ACCOUNT_BIT(XN_ACCOUNT_RACK)};
	int64_t total = summed(make, query).energy.mj;
	int64_t named;

	query.name = "a";
	named = summed(make, query).energy.mj;
	assert_true(named > 0 && named < total);
	for (int step = XN_BOOKS_TOTAL; step <= XN_BOOKS_MONTH; step++)
		for (int whole = 0; whole < 2; whole++) {
			query.step = (enum xn_books_step)step;
			query.whole = whole == 1;
			query.name = NULL;
			assert_int_equal(told_energy(make, query), total);
			query.name = "a";
			assert_int_equal(told_energy(make, query), named);
		}
}

/* Sources of every kind of step agree, also where a question begins and ends within months. */
static void
months_are_the_sums_of_their_intervals(void **state)
{
	static const char *const froms[] = {"2026-09-01", "2026-09-13T04:30"};
	static const char *const tos[] = {"2026-11-01", "2026-11-09T04:30", "2027-01-01"};
	uint32_t random = 26;

	for (int i = 0; i < 3000; i++) {
		struct books_make_entry entry = {
		    .start = {books_make_at("2026-09-01").ms + i * INT64_C(1800000)},
		    .account = i % 2 == 0 ? XN_ACCOUNT_VM : XN_ACCOUNT_RACK,
		    .name = i % 3 == 0 ? "a" : "b",
		    .platform = i % 2 == 0 && i % 5 == 0 ? "portal" : ""};

		random = random * 1664525 + 1013904223;
		entry.energy_mj = random >> 8;
		books_make_entry(*state, &entry);
	}
	for (size_t i = 0; i < 6; i++)
		all_steps_agree(*state, froms[i / 3], tos[i % 3]);
	/* Among many others a few are looked up one by one. */
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "other-%d", i);
		put(*state, "2026-10-20T10:00", XN_ACCOUNT_VM, name, 1);
	}
	for (size_t i = 0; i < 6; i++)
		all_steps_agree(*state, froms[i / 3], tos[i % 3]);
}

static void
a_correction_is_added_and_what_was_told_before_can_be_told_again(void **state)
{
	struct xn_books_query query = {
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_GRID) | XN_ACCOUNT_BIT(XN_ACCOUNT_HOST)};
	int64_t before;

	put(*state, "2026-11-25T10:00", XN_ACCOUNT_HOST, "h1", -20);
	books_make_entry(*state,
	    &(struct books_make_entry){.start = books_make_at("2026-11-25T10:00"),
		.account = XN_ACCOUNT_GRID,
		.energy_mj = 100,
		.estimated_mj = 40});
	before = xn_books_newest(books_make_read(*state));
	correct(*state, 77, "2026-11-25T10:00", XN_ACCOUNT_GRID, NULL, 5, -40);

	for (int step = XN_BOOKS_TOTAL; step <= XN_BOOKS_MONTH; step++) {
		query.step = (enum xn_books_step)step;
		query.as_of = 0;
		assert_non_null(strstr(told(*state, query), "0 dc-test 105M"));
		query.as_of = before;
		assert_non_null(strstr(told(*state, query), "0 dc-test 100E"));
		assert_non_null(strstr(told(*state, query), "7 h1 -20M"));
	}
	assert_int_equal(xn_books_newest(books_make_read(*state)), 77);
}

static int
write_correction(const struct xn_books_correction *row, void *context, struct xn_error *err)
{
	char *text = context;

	(void)err;
	snprintf(text + strlen(text), 256, "%lld %s: %s\n", (long long)row->revision, row->author,
	    row->reason);
	return XN_OK;
}

static void
corrections_are_listed_with_who_and_why(void **state)
{
	char text[256] = "";
	struct xn_error err;

	correct(*state, 77, "2026-11-25T10:00", XN_ACCOUNT_GRID, NULL, 5, 0);
	correct(*state, 77, "2026-11-25T10:00", XN_ACCOUNT_LOSSES, NULL, -5, 0);
	correct(*state, 99, "2026-11-25T10:30", XN_ACCOUNT_GRID, NULL, 5, 0);

	assert_int_equal(
	    xn_books_corrections(books_make_read(*state), 0, write_correction, text, &err), XN_OK);
	assert_string_equal(text, "77 lan: the meter was read\n99 lan: the meter was read\n");
}

static void
an_entry_that_is_written_again_counts_once(void **state)
{
	for (int i = 0; i < 3; i++) {
		put(*state, "2026-11-25T10:00", XN_ACCOUNT_GRID, NULL, 100);
		put_vm(*state, "2026-11-25T10:00", "web", "portal", -50);
		correct(*state, 77, "2026-11-25T10:00", XN_ACCOUNT_GRID, NULL, 5, 0);
	}
	for (int step = XN_BOOKS_TOTAL; step <= XN_BOOKS_MONTH; step++)
		for (int whole = 0; whole < 2; whole++) {
			const char *text = told(*state,
			    (struct xn_books_query){.accounts = BALANCE,
				.step = (enum xn_books_step)step,
				.whole = whole == 1});

			assert_non_null(strstr(text, " 105M"));
			assert_non_null(strstr(text, " -50M"));
		}
}

static void
a_vm_that_moves_to_another_platform_keeps_its_past_there(void **state)
{
	struct xn_books_query query = {.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_VM)};

	put_vm(*state, "2026-11-25T10:00", "web", "portal", -50);
	put_vm(*state, "2026-11-25T10:30", "web", "archive", -60);
	put_vm(*state, "2026-11-25T10:30", "db", "archive", -7);

	assert_string_equal(told(*state, query),
	    "+0h 8 db archive -7M +0h 8 web archive -60M +0h 8 web portal -50M ");
	query.platform = "archive";
	assert_int_equal(summed(*state, query).energy.mj, -67);
	query.name = "web";
	assert_string_equal(told(*state, query), "+0h 8 web archive -60M ");
	query.platform = NULL;
	query.whole = true;
	assert_string_equal(told(*state, query), "+0h 8 dc-test -110M ");
}

static void
what_is_pruned_stays_in_months_and_totals(void **state)
{
	struct books_make *make = *state;
	struct xn_books_query query = {
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_GRID) | XN_ACCOUNT_BIT(XN_ACCOUNT_VM)};
	xn_instant later = {books_make_at("2026-11-25").ms + 400 * INT64_C(86400000)};
	struct xn_error err;
	uint32_t pruned;

	for (int i = 0; i < 5; i++) {
		char start[32];

		snprintf(start, sizeof(start), "2026-11-24T%02d:00", i);
		put(make, start, XN_ACCOUNT_GRID, NULL, 10);
		put_vm(make, start, "web", "portal", -10);
	}
	put_vm(make, "2026-11-25T12:00", "web", "portal", -1);

	assert_int_equal(xn_store_prune(make->store, later, 3, &pruned, &err), XN_OK);
	assert_int_equal(pruned, 3);
	assert_int_equal(xn_store_prune(make->store, later, 3, &pruned, &err), XN_OK);
	assert_int_equal(pruned, 2);
	assert_int_equal(xn_store_prune(make->store, later, 3, &pruned, &err), XN_OK);
	assert_int_equal(pruned, 0);

	query.step = XN_BOOKS_MONTH;
	assert_string_equal(told(make, query), "+0h 0 dc-test 50M +0h 8 web portal -51M ");
	query.whole = true;
	assert_string_equal(told(make, query), "+0h 0 dc-test 50M +0h 8 dc-test -51M ");
	query.whole = false;
	query.step = XN_BOOKS_DAY;
	assert_string_equal(told(make, query),
	    "+552h 0 dc-test 50M +552h 8 web portal -50M +576h 8 web portal -1M ");
}

/* Two questions in a hold see the same entries. */
static void
a_held_view_stands_still(void **state)
{
	struct xn_books_query query = {.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_GRID),
	    .from = books_make_at("2026-11-01"),
	    .to = books_make_at("2026-12-01")};
	struct xn_amount amount;
	struct xn_error err;
	struct xn_books *books;

	put(*state, "2026-11-25T10:00", XN_ACCOUNT_GRID, NULL, 100);
	books = books_make_read(*state);
	assert_int_equal(xn_books_hold(books, &err), XN_OK);
	put(*state, "2026-11-25T10:30", XN_ACCOUNT_GRID, NULL, 100);
	books_make_commit(*state);
	assert_int_equal(xn_books_sum(books, &query, &amount, &err), XN_OK);
	assert_int_equal(amount.energy.mj, 100);
	xn_books_release(books);
	assert_int_equal(xn_books_sum(books, &query, &amount, &err), XN_OK);
	assert_int_equal(amount.energy.mj, 200);
}

static void
the_site_says_what_it_is(void **state)
{
	const struct xn_books_site *site = xn_books_site(books_make_read(*state));

	assert_string_equal(site->name, "dc-test");
	assert_string_equal(site->title_en, "Test data centre");
	assert_string_equal(site->timezone, "Asia/Ho_Chi_Minh");
	assert_int_equal(site->utc_offset_s, 7 * 3600);
	assert_int_equal(site->interval.ms, 1800000);
}

static void
the_range_is_from_the_first_interval_to_the_end_of_the_last(void **state)
{
	xn_instant first, last;
	struct xn_error err;

	assert_int_equal(
	    xn_books_range(books_make_read(*state), &first, &last, &err), XN_ENOTFOUND);
	put(*state, "2026-11-25T10:00", XN_ACCOUNT_GRID, NULL, 100);
	put(*state, "2026-11-25T11:00", XN_ACCOUNT_GRID, NULL, 100);
	assert_int_equal(xn_books_range(books_make_read(*state), &first, &last, &err), XN_OK);
	assert_int_equal(first.ms, books_make_at("2026-11-25T10:00").ms);
	assert_int_equal(last.ms, books_make_at("2026-11-25T11:30").ms);
}

static int
write_meter(const struct xn_books_meter *row, void *context, struct xn_error *err)
{
	char *text = context;

	(void)err;
	snprintf(text + strlen(text), 256, "%s in %s, %lld ppm, %s, %d months\n", row->name,
	    row->rack, (long long)row->accuracy.ppm, row->calibrated,
	    row->first.ms == 0 ? 0 : 1 + (int)((row->last.ms - row->first.ms) / 2592000000));
	return XN_OK;
}

static void
meters_tell_their_class_and_since_when_they_book(void **state)
{
	struct books_make *make = *state;
	struct xn_books_meter meter = {.name = "pdu-1",
	    .rack = "r1",
	    .host = "",
	    .feed = "A",
	    .accuracy = {5000},
	    .calibrated = "2026-03-01",
	    .certificate = "C-1"};
	struct xn_error err;
	char text[256] = "";

	assert_int_equal(xn_store_meter(make->store, &meter, &err), XN_OK);
	meter.name = "pdu-2";
	meter.calibrated = "";
	assert_int_equal(xn_store_meter(make->store, &meter, &err), XN_OK);
	put(make, "2026-10-25T10:00", XN_ACCOUNT_METER, "pdu-1", 5);
	put(make, "2026-11-25T10:00", XN_ACCOUNT_METER, "pdu-1", 5);
	assert_int_equal(xn_books_meters(books_make_read(make), write_meter, text, &err), XN_OK);
	assert_string_equal(text,
	    "pdu-1 in r1, 5000 ppm, 2026-03-01, 2 months\npdu-2 in r1, 5000 ppm, , 0 months\n");
}

static int
write_activity(const struct xn_books_activity *row, void *context, struct xn_error *err)
{
	char *text = context;

	(void)err;
	snprintf(text + strlen(text), 256, "%s %lld %s\n", xn_activity_word(row->kind),
	    (long long)row->milli, xn_activity_unit(row->kind));
	return XN_OK;
}

static void
activities_and_plans_are_kept(void **state)
{
	struct books_make *make = *state;
	xn_instant from = books_make_at("2026-11-01"), to = books_make_at("2026-12-01");
	struct xn_books_activity water = {.kind = XN_ACTIVITY_WATER,
	    .start = from,
	    .end = to,
	    .milli = 12500,
	    .about = "",
	    .author = "lan",
	    .evidence = "water.csv:2"};
	struct xn_error err;
	char text[256] = "";
	char *plan;

	water.milli = 99;
	assert_int_equal(xn_store_activity(make->store, from, &water, &err), XN_OK);
	water.milli = 12500;
	assert_int_equal(xn_store_activity(make->store, from, &water, &err), XN_OK);
	water.about = "second meter";
	water.milli = 1;
	assert_int_equal(xn_store_activity(make->store, from, &water, &err), XN_OK);
	assert_int_equal(
	    xn_store_energy_plan(make->store, from, "a", "lan", from, to, "first", &err), XN_OK);
	assert_int_equal(
	    xn_store_energy_plan(make->store, to, "b", "lan", from, to, "second", &err), XN_OK);

	assert_int_equal(
	    xn_books_activities(books_make_read(make), from, to, write_activity, text, &err),
	    XN_OK);
	assert_string_equal(text, "water 12500 m3\nwater 1 m3\n");
	assert_int_equal(xn_books_energy_plan(books_make_read(make), from, &plan, &err), XN_OK);
	assert_string_equal(plan, "second");
	free(plan);
	assert_int_equal(
	    xn_books_energy_plan(books_make_read(make), to, &plan, &err), XN_ENOTFOUND);
}

static void
the_year_of_the_benches_balances(void **state)
{
	const struct books_year size = {.racks = 3, .vms = 40, .platforms = 4, .agencies = 2};
	struct xn_books_query query = {
	    .from = books_make_at("2026-01-01"), .to = books_make_at("2027-01-01")};
	struct books_make *make = *state;
	struct xn_amount vms;
	struct xn_error err;
	bool quarantined;

	xn_store_close(make->store);
	books_year_make(make->folder, &size);
	assert_int_equal(xn_store_open(&make->store, make->folder, &quarantined, &err), XN_OK);
	assert_int_equal(xn_store_begin(make->store, &err), XN_OK);

	query.accounts = BALANCE;
	assert_int_equal(told_energy(make, query), 0);
	query.whole = true;
	query.step = XN_BOOKS_MONTH;
	assert_int_equal(told_energy(make, query), 0);
	query.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_VM);
	vms = summed(make, query);
	assert_true(vms.energy.mj < 0);
	query.whole = false;
	assert_int_equal(told_energy(make, query), vms.energy.mj);
	query.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_PLATFORM);
	query.step = XN_BOOKS_INTERVAL;
	assert_int_equal(told_energy(make, query), -vms.energy.mj);
}

static void
a_folder_without_a_database_is_said_so(void **state)
{
	struct xn_books *books;
	struct xn_error err;

	(void)state;
	assert_int_equal(xn_books_open(&books, "/nonexistent", &err), XN_ENOTFOUND);
	assert_string_equal(err.text, "there is no state.db in /nonexistent");
}

int
main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    STORY(an_interval_balances),
	    STORY(days_and_months_are_those_of_site_time),
	    STORY(months_are_the_sums_of_their_intervals),
	    STORY(a_correction_is_added_and_what_was_told_before_can_be_told_again),
	    STORY(corrections_are_listed_with_who_and_why),
	    STORY(an_entry_that_is_written_again_counts_once),
	    STORY(a_vm_that_moves_to_another_platform_keeps_its_past_there),
	    STORY(what_is_pruned_stays_in_months_and_totals),
	    STORY(a_held_view_stands_still),
	    STORY(the_site_says_what_it_is),
	    STORY(the_range_is_from_the_first_interval_to_the_end_of_the_last),
	    STORY(meters_tell_their_class_and_since_when_they_book),
	    STORY(activities_and_plans_are_kept),
	    STORY(the_year_of_the_benches_balances),
	    STORY(a_folder_without_a_database_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
