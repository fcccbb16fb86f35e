/* Periods as people write them, in site time of +07:00 unless said otherwise. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "orchestrator/books/period.h"

#define OFFSET (7 * 3600)

/* The last interval ended 2026-11-25T14:30+07:00. */
static const struct xn_period_place place = {OFFSET, {INT64_C(1795591800000)}};

static const char *
text_of(const struct xn_period *period)
{
	static char text[300];
	char from[XN_INSTANT_TEXT_SIZE], to[XN_INSTANT_TEXT_SIZE];

	xn_instant_text(period->from, OFFSET, from);
	xn_instant_text(period->to, OFFSET, to);
	snprintf(text, sizeof(text), "%.16s %.16s %s", from, to, period->name);
	return text;
}

static const char *
parsed(const char *text)
{
	static struct xn_error err;
	struct xn_period period;

	if (xn_period_parse(text, &place, &period, &err) != XN_OK)
		return err.text;
	return text_of(&period);
}

static void
periods_of_the_calendar_are_in_site_time(void **state)
{
	(void)state;
	assert_string_equal(parsed("2026"), "2026-01-01T00:00 2027-01-01T00:00 2026");
	assert_string_equal(parsed("2026-Q1"), "2026-01-01T00:00 2026-04-01T00:00 2026-Q1");
	assert_string_equal(parsed("2026-Q4"), "2026-10-01T00:00 2027-01-01T00:00 2026-Q4");
	assert_string_equal(parsed("2026-11"), "2026-11-01T00:00 2026-12-01T00:00 2026-11");
	assert_string_equal(parsed("2026-12"), "2026-12-01T00:00 2027-01-01T00:00 2026-12");
	assert_string_equal(parsed("2026-11-25"), "2026-11-25T00:00 2026-11-26T00:00 2026-11-25");
	assert_string_equal(parsed("2024-02-29"), "2024-02-29T00:00 2024-03-01T00:00 2024-02-29");
}

static void
windows_end_at_the_last_closed_interval(void **state)
{
	(void)state;
	assert_string_equal(parsed("24h"), "2026-11-24T14:30 2026-11-25T14:30 24h");
	assert_string_equal(parsed("7d"), "2026-11-18T14:30 2026-11-25T14:30 7d");
	assert_string_equal(parsed("30d"), "2026-10-26T14:30 2026-11-25T14:30 30d");
	assert_string_equal(parsed("12mo"), "2025-12-01T00:00 2026-11-25T14:30 12mo");
	assert_string_equal(parsed("1mo"), "2026-11-01T00:00 2026-11-25T14:30 1mo");
}

/* At midnight of the first, the month that ended is whole and the next has not begun. */
static void
a_window_at_the_end_of_a_month_is_of_whole_months(void **state)
{
	struct xn_period_place end = place;
	struct xn_period period;
	struct xn_error err;

	(void)state;
	end.now = xn_date_start((struct xn_date){2026, 12, 1}, OFFSET);
	assert_int_equal(xn_period_parse("12mo", &end, &period, &err), XN_OK);
	assert_string_equal(text_of(&period), "2025-12-01T00:00 2026-12-01T00:00 12mo");
}

static void
what_is_no_period_is_refused_with_examples(void **state)
{
	static const char *const bad[] = {"", "26", "2026-", "2026-13", "2026-00", "2026-Q5",
	    "2026-Q0", "2026-Q11", "2026-1", "2026-11-31", "2026-02-29", "2026-11-25T10:00", "0h",
	    "7", "h", "-7d", "7w", "12m", "99999h", " 2026", "2026 ", "1969", "7 d"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (strstr(parsed(bad[i]), "is no period") == NULL)
			fail_msg("'%s': %s", bad[i], parsed(bad[i]));
	assert_string_equal(parsed("last"),
	    "'last' is no period: write 2026, 2026-Q3, 2026-11, 2026-11-25, 24h, 7d or 12mo");
}

static const char *
spanned(const char *from, const char *to)
{
	static struct xn_error err;
	struct xn_period period;

	if (xn_period_between(from, to, &place, &period, &err) == XN_OK)
		return text_of(&period);
	return err.text;
}

static void
a_span_is_two_instants_with_offset_or_days(void **state)
{
	(void)state;
	assert_string_equal(spanned("2026-11-01", "2026-11-25T12:00Z"),
	    "2026-11-01T00:00 2026-11-25T19:00 "
	    "2026-11-01T00:00:00+07:00/2026-11-25T19:00:00+07:00");
	assert_string_equal(spanned("2026-11-25T10:00:30+07:00", "2026-11-25T10:00+02:00"),
	    "2026-11-25T10:00 2026-11-25T15:00 "
	    "2026-11-25T10:00:30+07:00/2026-11-25T15:00:00+07:00");
	assert_string_equal(
	    spanned("2026-11-25", "2026-11-25"), "2026-11-25 is not before 2026-11-25");
	assert_non_null(strstr(spanned("2026-11-25T10:00", "2026-11-26"), "is no instant"));
	assert_non_null(strstr(spanned("2026-11-25", "2026-11-26T24:00Z"), "is no instant"));
	assert_non_null(strstr(spanned("2026-11-25", "2026-11-26T10:00Zx"), "is no instant"));
}

static const char *
before(const char *text)
{
	struct xn_period period;
	struct xn_error err;

	assert_int_equal(xn_period_parse(text, &place, &period, &err), XN_OK);
	period = xn_period_before(&period, OFFSET);
	return text_of(&period);
}

static void
the_period_before_is_of_the_same_kind(void **state)
{
	(void)state;
	assert_string_equal(before("2026"), "2025-01-01T00:00 2026-01-01T00:00 2025");
	assert_string_equal(before("2026-Q1"), "2025-10-01T00:00 2026-01-01T00:00 2025-Q4");
	assert_string_equal(before("2026-03"), "2026-02-01T00:00 2026-03-01T00:00 2026-02");
	assert_string_equal(before("2026-01-01"), "2025-12-31T00:00 2026-01-01T00:00 2025-12-31");
	assert_string_equal(before("24h"),
	    "2026-11-23T14:30 2026-11-24T14:30 "
	    "2026-11-23T14:30:00+07:00/2026-11-24T14:30:00+07:00");
}

static void
a_period_is_finished_when_its_last_interval_is(void **state)
{
	struct xn_period period;
	struct xn_error err;

	(void)state;
	assert_int_equal(xn_period_parse("2026-11-24", &place, &period, &err), XN_OK);
	assert_true(xn_period_finished(&period, place.now));
	assert_int_equal(xn_period_parse("2026-11-25", &place, &period, &err), XN_OK);
	assert_false(xn_period_finished(&period, place.now));
	assert_true(xn_period_finished(&period, period.to));
}

/* Every day of 400 years has the date after the one before, and begins where it says. */
static void
the_calendar_counts_every_day(void **state)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct xn_date date = {1900, 1, 1};
	xn_instant at = xn_date_start(date, OFFSET);

	(void)state;
	for (int i = 0; i < 146097; i++) {
		struct xn_date same = xn_date_of((xn_instant){at.ms + 86399999}, OFFSET);
		bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;

		assert_int_equal(same.year, date.year);
		assert_int_equal(same.month, date.month);
		assert_int_equal(same.day, date.day);
		assert_int_equal(xn_date_start(date, OFFSET).ms, at.ms);
		at.ms += 86400000;
		if (++date.day > lengths[date.month - 1] + (date.month == 2 && leap)) {
			date.day = 1;
			if (++date.month > 12) {
				date.month = 1;
				date.year++;
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(periods_of_the_calendar_are_in_site_time),
	    cmocka_unit_test(windows_end_at_the_last_closed_interval),
	    cmocka_unit_test(a_window_at_the_end_of_a_month_is_of_whole_months),
	    cmocka_unit_test(what_is_no_period_is_refused_with_examples),
	    cmocka_unit_test(a_span_is_two_instants_with_offset_or_days),
	    cmocka_unit_test(the_period_before_is_of_the_same_kind),
	    cmocka_unit_test(a_period_is_finished_when_its_last_interval_is),
	    cmocka_unit_test(the_calendar_counts_every_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
