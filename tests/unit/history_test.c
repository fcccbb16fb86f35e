#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/shell/history_rrd.h"

static const struct xn_series series = {
    .name = "site", .columns = {"grid_w", "pv_w"}, .column_count = 2};
static const struct xn_history_layout layout = {
    .step_s = 10, .raw_keep_s = 86400, .hour_keep_s = 86400 * 30};

struct fixture {
	char folder[64];
	char path[128];
	int64_t begin; /* a multiple of 10 s, half an hour ago */
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/xanh-history-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/site.rrd", f->folder);
	f->begin = (time(NULL) - 1800) / 10 * 10;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
prepare(struct fixture *f, bool quarantined)
{
	struct xn_error err = {0};
	bool got;

	if (xn_rrd_prepare(f->path, &series, &layout, &got, &err) != XN_OK)
		fail_msg("%s", err.text);
	assert_int_equal(got, quarantined);
}

static void
feed(struct fixture *f, unsigned count)
{
	struct xn_rrd_row rows[200];
	struct xn_error err = {0};

	for (unsigned i = 0; i < count; i++)
		rows[i] = (struct xn_rrd_row){
		    f->begin + (i + 1) * 10, {1500.25, i % 2 ? (double)NAN : -3}};
	if (xn_rrd_update(f->path, &series, rows, count, &err) != XN_OK)
		fail_msg("%s", err.text);
}

static void
fetch(struct fixture *f, unsigned points, struct xn_history_result *ret_result)
{
	struct xn_error err = {0};
	struct xn_history_query query = {
	    .from_s = f->begin, .to_s = f->begin + 1000, .points = points};

	if (xn_rrd_fetch(f->path, &series, &layout, &query, ret_result, &err) != XN_OK)
		fail_msg("%s", err.text);
}

static void
what_was_written_is_read_back(void **state)
{
	struct fixture *f = *state;
	struct xn_history_result result;
	unsigned known = 0;

	prepare(f, false);
	feed(f, 100);
	fetch(f, 200, &result);
	assert_true(result.rows >= 99 && result.rows <= 102);
	assert_int_equal(result.times_s[0], f->begin + 10);
	for (unsigned i = 0; i < result.rows; i++)
		if (isfinite(result.values[i * 2])) {
			assert_true(fabs(result.values[i * 2] - 1500.25) < 0.01);
			known++;
		}
	assert_true(known >= 98);
	xn_history_result_free(&result);
}

static void
a_result_has_at_most_the_points_asked_for(void **state)
{
	struct fixture *f = *state;
	struct xn_history_result result;

	prepare(f, false);
	feed(f, 100);
	fetch(f, 7, &result);
	assert_true(result.rows >= 1 && result.rows <= 7);
	xn_history_result_free(&result);
}

static void
feeding_the_same_rows_twice_is_harmless(void **state)
{
	struct fixture *f = *state;

	prepare(f, false);
	feed(f, 50);
	feed(f, 100);
	prepare(f, false);
}

static void
damage(struct fixture *f, long at, int byte)
{
	FILE *file = fopen(f->path, "r+");

	fseek(file, at, SEEK_SET);
	fputc(byte, file);
	fclose(file);
}

static void
a_damaged_header_is_set_aside_before_librrd_sees_it(void **state)
{
	struct fixture *f = *state;
	char aside[160];

	prepare(f, false);
	feed(f, 10);
	damage(f, 40, 0xff);
	prepare(f, true);
	snprintf(aside, sizeof(aside), "%s.corrupt-1", f->path);
	assert_int_equal(access(aside, F_OK), 0);
	feed(f, 10);
	prepare(f, false);
}

static void
a_row_pointer_outside_its_archive_is_damage(void **state)
{
	struct fixture *f = *state;
	long pointers = 128 + 120 * 2 + 120 * 6 + 16 + 112 * 2 + 80 * 2 * 6;

	prepare(f, false);
	damage(f, pointers + 7, 0x7f);
	prepare(f, true);
}

static void
a_file_cut_short_is_set_aside(void **state)
{
	struct fixture *f = *state;

	prepare(f, false);
	assert_int_equal(truncate(f->path, 5000), 0);
	prepare(f, true);
}

static void
a_clock_from_the_future_does_not_poison_a_file_for_ever(void **state)
{
	struct fixture *f = *state;
	struct xn_rrd_row row = {2700000000, {1, 1}};
	struct xn_error err;

	prepare(f, false);
	xn_rrd_update(f->path, &series, &row, 1, &err);
	prepare(f, true);
	feed(f, 10);
}

static void
a_full_disk_is_said_and_leaves_no_half_file(void **state)
{
	struct xn_error err = {0};
	bool quarantined;

	(void)state;
	assert_int_not_equal(
	    xn_rrd_prepare("/dev/full/site.rrd", &series, &layout, &quarantined, &err), XN_OK);
	assert_true(err.text[0] != '\0');
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(what_was_written_is_read_back),
	    STORY(a_result_has_at_most_the_points_asked_for),
	    STORY(feeding_the_same_rows_twice_is_harmless),
	    STORY(a_damaged_header_is_set_aside_before_librrd_sees_it),
	    STORY(a_row_pointer_outside_its_archive_is_damage),
	    STORY(a_file_cut_short_is_set_aside),
	    STORY(a_clock_from_the_future_does_not_poison_a_file_for_ever),
	    STORY(a_full_disk_is_said_and_leaves_no_half_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
