/* Files of readings: whatever order and clock the rows have, what the register counted is booked,
 * in the intervals of its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/books/readings.h"

#define WH(x)    ((int64_t)(x)*XN_WH_MJ)
#define HOUR     INT64_C(3600000)
#define MINUTE   INT64_C(60000)
#define ROWS_MAX 256u
/* On the hour. */
#define START_MS INT64_C(1796000400000)

static unsigned char memory[64 << 20];
static struct xn_meter_reading rows[ROWS_MAX];

/* A file, and what is booked of it by a meter of 22 kW in intervals of half an hour. */
struct file {
	struct xn_readings readings;
	struct xn_readings_rules rules;
	struct xn_bookings bookings;
};

static struct file
a_file(void)
{
	return (struct file){.readings = {.rows = rows},
	    .rules = {.meter = {.max = {22000000}, .step = {WH(1)}}, .interval = {HOUR / 2}}};
}

/* A register below 0 or watts below 0: none. */
static void
row(struct file *file, int64_t at_ms, int64_t wh, int64_t watts)
{
	assert_true(file->readings.count < ROWS_MAX);
	rows[file->readings.count++] = (struct xn_meter_reading){.at = {START_MS + at_ms},
	    .has_register = wh >= 0,
	    .has_power = watts >= 0,
	    .power = xn_watts(watts),
	    .counted = WH(wh)};
}

/* One a minute, 10 Wh each. */
static void
minutes(struct file *file, int64_t at_ms, int64_t wh, int count)
{
	for (int i = 0; i < count; i++)
		row(file, at_ms + i * MINUTE, wh + 10 * i, -1);
}

static int64_t
booked(struct file *file)
{
	struct xn_arena arena;
	struct xn_error err;
	int64_t sum = 0;

	xn_arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(
	    xn_readings_book(&file->readings, &file->rules, &arena, &file->bookings, &err), XN_OK);
	for (uint32_t i = 0; i < file->bookings.count; i++) {
		assert_true(file->bookings.rows[i].energy.mj >= 0);
		assert_true(file->bookings.rows[i].covered.ms <= file->bookings.interval.ms);
		sum += file->bookings.rows[i].energy.mj;
	}
	return sum;
}

static uint32_t
events(const struct file *file)
{
	uint32_t events = 0;

	for (uint32_t i = 0; i < file->bookings.count; i++)
		events |= file->bookings.rows[i].events;
	return events;
}

static void
nothing_is_no_interval_and_one_reading_is_one(void **state)
{
	struct file file = a_file();

	(void)state;
	assert_int_equal(booked(&file), 0);
	assert_int_equal(file.bookings.count, 0);
	row(&file, 0, 1000, -1);
	assert_int_equal(booked(&file), 0);
	assert_int_equal(file.bookings.count, 1);
	assert_int_equal(file.bookings.rows[0].grade, XN_GRADE_NONE);
}

static void
intervals_lie_in_the_sites_time(void **state)
{
	struct file file = a_file();

	(void)state;
	file.rules.utc_offset_s = 25200 + 900;
	minutes(&file, 0, 1000, 61);
	assert_int_equal(booked(&file), WH(600));
	assert_int_equal(file.bookings.start.ms, START_MS - HOUR / 4);
	assert_int_equal(file.bookings.count, 3);
	assert_int_equal(file.bookings.rows[0].energy.mj, WH(150));
	assert_int_equal(file.bookings.rows[1].energy.mj, WH(300));
	assert_int_equal(file.bookings.rows[1].covered.ms, HOUR / 2);
	assert_int_equal(events(&file), 0);
}

static void
the_distance_of_readings_is_the_lower_median(void **state)
{
	struct file file = a_file();

	(void)state;
	/* One minute, and a gap of two hours: not two hours, and no gap. */
	row(&file, 0, -1, 6000);
	row(&file, MINUTE, -1, 6000);
	row(&file, MINUTE + 2 * HOUR, -1, 6000);
	assert_int_equal(booked(&file), WH(100));
	assert_true(events(&file) & XN_METER_GAP);
}

static void
late_rows_go_where_they_belong(void **state)
{
	struct file file = a_file();

	(void)state;
	minutes(&file, 0, 1000, 20);
	minutes(&file, 21 * MINUTE, 1210, 10);
	row(&file, 20 * MINUTE, 1200, -1);
	row(&file, 30 * MINUTE, 1300, -1); /* and once more */
	minutes(&file, 31 * MINUTE, 1310, 10);
	assert_int_equal(booked(&file), WH(400));
	assert_int_equal(file.bookings.rows[0].grade, XN_GRADE_MEASURED);
	assert_int_equal(events(&file), XN_METER_CLOCK | XN_METER_DUPLICATE);
}

static void
the_newest_row_may_come_first(void **state)
{
	struct file file = a_file();

	(void)state;
	for (int i = 120; i >= 0; i--)
		row(&file, i * MINUTE, 1000 + 10 * i, -1);
	assert_int_equal(booked(&file), WH(1200));
	assert_int_equal(events(&file), 0);
	file = a_file();
	for (int i = 120; i >= 0; i--)
		row(&file, i * MINUTE, -1, 600);
	assert_int_equal(booked(&file), WH(1200));
	assert_int_equal(events(&file), 0);
}

static void
two_rows_that_leap_ahead_are_not_believed_and_three_are(void **state)
{
	struct file file = a_file();

	(void)state;
	minutes(&file, 0, 1000, 30);
	minutes(&file, 24 * HOUR, 1300, 2);
	minutes(&file, 32 * MINUTE, 1320, 28);
	assert_int_equal(booked(&file), WH(590));
	assert_int_equal(file.bookings.count, 2);
	assert_true(events(&file) & XN_METER_CLOCK);
	file = a_file();
	minutes(&file, 0, 1000, 30);
	minutes(&file, 24 * HOUR, 15000, 3);
	assert_int_equal(booked(&file), WH(14020));
	assert_int_equal(file.bookings.count, 49);
	assert_true(events(&file) & XN_METER_GAP);
}

static void
a_clock_that_was_set_back_hides_nothing_that_was_counted(void **state)
{
	struct file file = a_file();

	(void)state;
	minutes(&file, 0, 1000, 90);
	minutes(&file, 30 * MINUTE, 1900, 90); /* an hour earlier */
	assert_int_equal(booked(&file), WH(1790));
	assert_int_equal(file.bookings.count, 4);
	assert_true(events(&file) & XN_METER_CLOCK);
}

static void
a_first_stamp_that_nothing_follows_was_wrong(void **state)
{
	static const int64_t stamps[] = {-START_MS, -48 * HOUR, 48 * HOUR};

	(void)state;
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++)
		for (int watts = 0; watts < 2; watts++) {
			struct file file = a_file();

			row(&file, stamps[i], watts ? -1 : 990, watts ? 600 : -1);
			minutes(&file, 0, 1000, 60);
			for (uint32_t j = 1; watts && j < file.readings.count; j++)
				rows[j] = (struct xn_meter_reading){
				    .at = rows[j].at, .has_power = true, .power = xn_watts(600)};
			assert_int_equal(booked(&file), WH(590));
			assert_int_equal(file.bookings.count, 2);
			assert_int_equal(events(&file), XN_METER_CLOCK);
		}
}

static void
a_gap_after_the_first_reading_stays_one(void **state)
{
	struct file file = a_file();

	(void)state;
	row(&file, 0, 1000, -1);
	minutes(&file, 2 * HOUR, 2200, 60);
	assert_int_equal(booked(&file), WH(1790));
	assert_int_equal(file.bookings.start.ms, START_MS);
	assert_int_equal(file.bookings.rows[0].grade, XN_GRADE_INTERPOLATED);
	assert_int_equal(events(&file), XN_METER_GAP);
}

static void
no_interval_gets_more_than_the_rating_when_a_clock_was_set(void **state)
{
	struct file file = a_file();

	(void)state;
	/* At 16 kW; half an hour of readings comes again in the same time. */
	for (int i = 0; i < 120; i++)
		row(&file, (i < 90 ? i : i - 45) * MINUTE, 1000 + 267 * i, -1);
	assert_int_equal(booked(&file), WH(267 * 119));
	for (uint32_t i = 0; i < file.bookings.count; i++)
		assert_true(file.bookings.rows[i].energy.mj <= WH(11001));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_no_interval_and_one_reading_is_one),
	    cmocka_unit_test(intervals_lie_in_the_sites_time),
	    cmocka_unit_test(the_distance_of_readings_is_the_lower_median),
	    cmocka_unit_test(late_rows_go_where_they_belong),
	    cmocka_unit_test(the_newest_row_may_come_first),
	    cmocka_unit_test(two_rows_that_leap_ahead_are_not_believed_and_three_are),
	    cmocka_unit_test(a_clock_that_was_set_back_hides_nothing_that_was_counted),
	    cmocka_unit_test(a_first_stamp_that_nothing_follows_was_wrong),
	    cmocka_unit_test(a_gap_after_the_first_reading_stays_one),
	    cmocka_unit_test(no_interval_gets_more_than_the_rating_when_a_clock_was_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
