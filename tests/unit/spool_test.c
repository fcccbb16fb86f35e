#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agents/spool.h"

static const struct xn_spool_limits small = {
    .bytes_max = 8000, .segment_bytes = 2000, .memory_frames = 4};

static struct xn_frame frame, got;
static uint8_t buffer[1 << 20];

struct folder {
	char dir[64];
	struct xn_spool *spool;
};

static int
make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/xanh-spool-XXXXXX");
	*state = f;
	return mkdtemp(f->dir) == NULL ? -1 : 0;
}

static int
drop_folder(void **state)
{
	struct folder *f = *state;
	DIR *dir = opendir(f->dir);

	xn_spool_close(f->spool);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(f->dir);
	free(f);
	return 0;
}

static struct xn_spool *
open_with(struct folder *f, struct xn_spool_limits limits)
{
	struct xn_error err = {0};

	xn_spool_close(f->spool);
	f->spool = NULL;
	if (xn_spool_open(&f->spool, f->dir, limits, &err) != XN_OK)
		fail_msg("%s", err.text);
	return f->spool;
}

/* Appends a frame of `rows` rows whose first value is its own sequence; returns the outcome. */
static int
append(struct xn_spool *spool, uint32_t schema, unsigned rows)
{
	frame = (struct xn_frame){.schema = schema, .at = {.ms = 1}, .count = (uint16_t)rows};
	for (unsigned i = 0; i < rows; i++)
		frame.rows[i].slot = (uint16_t)i;
	return xn_spool_append(spool, &frame, NULL);
}

/* Reads everything behind `after` as a list of sequences "1 2 3"; several batches are parted by
 * "|". */
static const char *
sequences(struct xn_spool *spool, uint64_t after)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (;;) {
		struct xn_spool_batch batch;
		struct xn_reader in;

		assert_int_equal(
		    xn_spool_read(spool, after, buffer, sizeof(buffer), &batch, NULL), XN_OK);
		if (batch.count == 0)
			return text;
		if (used > 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "|");
		in = (struct xn_reader){.at = buffer, .left = batch.used};
		for (unsigned i = 0; i < batch.count; i++) {
			assert_int_equal(xn_frame_decode(&in, &got, NULL), XN_OK);
			assert_int_equal(got.schema, batch.schema);
			assert_int_equal(got.boot, xn_spool_state(spool).boot);
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d",
			    i == 0 ? "" : " ", (int)got.sequence);
		}
		assert_int_equal(in.left, 0);
		assert_int_equal(got.sequence, batch.last);
		after = batch.last;
	}
}

static void
frames_come_back_in_order_and_only_once_synced(void **state)
{
	struct xn_spool *spool = open_with(*state, XN_SPOOL_LIMITS);

	assert_int_equal(append(spool, 1, 10), XN_OK);
	assert_int_equal(append(spool, 1, 0), XN_OK);
	assert_string_equal(sequences(spool, 0), "");
	assert_int_equal(xn_spool_sync(spool, NULL), XN_OK);
	assert_string_equal(sequences(spool, 0), "1 2");
	append(spool, 1, 10);
	xn_spool_sync(spool, NULL);
	assert_string_equal(sequences(spool, 2), "3");
	assert_string_equal(sequences(spool, 0), "1 2 3");
	assert_string_equal(sequences(spool, 3), "");
}

static void
a_batch_holds_one_schema_only(void **state)
{
	struct xn_spool *spool = open_with(*state, XN_SPOOL_LIMITS);

	append(spool, 7, 1);
	append(spool, 7, 1);
	append(spool, 9, 1);
	append(spool, 7, 1);
	xn_spool_sync(spool, NULL);
	assert_string_equal(sequences(spool, 0), "1 2|3|4");
}

static void
sequences_and_boot_go_on_after_a_restart(void **state)
{
	struct xn_spool *spool = open_with(*state, small);
	uint64_t boot = xn_spool_state(spool).boot;

	assert_true(boot != 0);
	for (unsigned i = 0; i < 10; i++)
		append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	spool = open_with(*state, small);
	assert_true(xn_spool_state(spool).boot == boot);
	assert_int_equal(xn_spool_state(spool).next, 11);
	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	assert_string_equal(sequences(spool, 0), "1 2 3 4 5 6 7 8 9 10 11");
	xn_spool_durable(spool, 11);
	spool = open_with(*state, small); /* all durable, and still no sequence is given twice */
	assert_int_equal(xn_spool_state(spool).next, 12);
}

static const char *
segment(struct folder *f, uint64_t first)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%020llu.seg", f->dir, (unsigned long long)first);
	return path;
}

static void
a_torn_tail_is_cut_at_every_possible_place(void **state)
{
	struct folder *f = *state;
	struct xn_spool *spool = open_with(f, XN_SPOOL_LIMITS);
	struct stat whole;

	append(spool, 1, 3);
	xn_spool_sync(spool, NULL);
	stat(segment(f, 1), &whole);
	for (off_t size = 2 * whole.st_size - 1; size >= whole.st_size; size--) {
		spool = open_with(f, XN_SPOOL_LIMITS);
		assert_int_equal(xn_spool_state(spool).next, 2);
		append(spool, 1, 3);
		assert_int_equal(truncate(segment(f, 1), size), 0);
	}
	spool = open_with(f, XN_SPOOL_LIMITS);
	append(spool, 1, 3);
	xn_spool_sync(spool, NULL);
	assert_string_equal(sequences(spool, 0), "1 2");
}

static void
what_is_durable_is_removed_and_nothing_more(void **state)
{
	struct folder *f = *state;
	struct xn_spool *spool = open_with(f, small);

	for (unsigned i = 0; i < 20; i++) /* 262 bytes each: seven in a segment */
		append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	xn_spool_durable(spool, 7);
	assert_int_equal(access(segment(f, 1), F_OK), -1);
	assert_int_equal(access(segment(f, 8), F_OK), 0);
	xn_spool_durable(spool, 13);
	assert_int_equal(access(segment(f, 8), F_OK), 0);
	assert_int_equal(xn_spool_state(spool).waiting, 7);
	assert_string_equal(sequences(spool, 13), "14 15 16 17 18 19 20");
	assert_int_equal(xn_spool_state(spool).dropped, 0);
}

static void
over_the_cap_the_oldest_segment_goes_and_is_counted(void **state)
{
	struct xn_spool *spool = open_with(*state, small);

	for (unsigned i = 0; i < 40; i++)
		append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	assert_true(xn_spool_state(spool).bytes <= small.bytes_max);
	assert_int_equal(xn_spool_state(spool).dropped, 14);
	assert_int_equal(atoi(sequences(spool, 0)), 15);
}

static void
a_damaged_segment_loses_its_rest_and_the_others_are_read(void **state)
{
	struct folder *f = *state;
	struct xn_spool *spool = open_with(f, small);
	int fd;

	for (unsigned i = 0; i < 16; i++)
		append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	fd = open(segment(f, 8), O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 3 * 262 + 50), 1);
	close(fd);
	assert_string_equal(sequences(spool, 0), "1 2 3 4 5 6 7 8 9 10 15 16");
	assert_int_equal(xn_spool_state(spool).dropped, 4);
	assert_string_equal(sequences(spool, 10), "15 16");
	assert_int_equal(xn_spool_state(spool).dropped, 4);
	fd = open(segment(f, 15), O_WRONLY); /* the one being written to */
	assert_int_equal(pwrite(fd, "x", 1, 50), 1);
	close(fd);
	spool = open_with(f, small);
	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	assert_string_equal(sequences(spool, 7), "8 9 10 15");
}

static void
an_orchestrator_that_knows_more_than_we_do_moves_us_on(void **state)
{
	struct xn_spool *spool = open_with(*state, small);

	append(spool, 1, 1);
	xn_spool_durable(spool, 50);
	append(spool, 1, 1);
	xn_spool_sync(spool, NULL);
	assert_string_equal(sequences(spool, 50), "51");
}

static void
hellos_stay_as_long_as_their_frames(void **state)
{
	struct xn_spool *spool = open_with(*state, small);
	uint32_t schema = 0;
	char *json;

	assert_false(xn_spool_last_schema(spool, &schema));
	assert_int_equal(xn_spool_save_hello(spool, 0xa, "{\"a\":1}", NULL), XN_OK);
	append(spool, 0xa, 1);
	assert_int_equal(xn_spool_save_hello(spool, 0xb, "{\"b\":1}", NULL), XN_OK);
	append(spool, 0xb, 1);
	xn_spool_sync(spool, NULL);
	spool = open_with(*state, small);
	assert_true(xn_spool_last_schema(spool, &schema));
	assert_int_equal(schema, 0xb);
	assert_int_equal(xn_spool_load_hello(spool, 0xa, &json, NULL), XN_OK);
	assert_string_equal(json, "{\"a\":1}");
	free(json);
	xn_spool_durable(spool, 2);
	assert_int_equal(xn_spool_load_hello(spool, 0xa, &json, NULL), XN_ENOTFOUND);
	assert_int_equal(xn_spool_load_hello(spool, 0xb, &json, NULL), XN_OK);
	free(json);
}

static void
two_agents_cannot_share_a_spool(void **state)
{
	struct folder *f = *state;
	struct xn_spool *second;

	open_with(f, small);
	assert_int_equal(xn_spool_open(&second, f->dir, small, NULL), XN_EREFUSED);
}

/* A full disk, made by a limit on the size of files: writing past it fails and leaves a torn frame.
 */
static void
limit_files(rlim_t bytes)
{
	struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
on_a_full_disk_frames_wait_in_memory_and_are_sent_from_there(void **state)
{
	struct xn_spool *spool = open_with(*state, XN_SPOOL_LIMITS);

	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	limit_files(300);
	assert_int_equal(append(spool, 1, 20), XN_EFULL);
	assert_int_equal(append(spool, 1, 20), XN_EFULL);
	assert_true(xn_spool_state(spool).full);
	assert_string_equal(sequences(spool, 0), "1 2 3");
	limit_files(RLIM_INFINITY);
	assert_int_equal(append(spool, 1, 20), XN_OK);
	assert_int_equal(xn_spool_sync(spool, NULL), XN_OK);
	assert_false(xn_spool_state(spool).full);
	spool = open_with(*state, XN_SPOOL_LIMITS);
	assert_string_equal(sequences(spool, 0), "1 2 3 4");
}

static void
memory_takes_exactly_its_frames_and_then_drops_the_oldest(void **state)
{
	struct xn_spool *spool = open_with(*state, small);

	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	limit_files(300);
	for (unsigned i = 0; i < 4; i++)
		append(spool, 1, 20);
	assert_int_equal(xn_spool_state(spool).dropped, 0);
	append(spool, 1, 20);
	assert_int_equal(xn_spool_state(spool).dropped, 1);
	limit_files(RLIM_INFINITY);
	assert_string_equal(sequences(spool, 0), "1 3 4 5 6");
}

static void
what_becomes_durable_makes_room_on_a_full_disk(void **state)
{
	struct folder *f = *state;
	struct xn_spool *spool = open_with(f, XN_SPOOL_LIMITS);

	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	limit_files(300);
	assert_int_equal(append(spool, 1, 20), XN_EFULL);
	xn_spool_durable(spool, 1);
	assert_int_equal(access(segment(f, 1), F_OK), -1);
	assert_int_equal(access(segment(f, 2), F_OK), 0);
	assert_string_equal(sequences(spool, 1), "2");
	xn_spool_durable(spool, 2);
	assert_int_equal(append(spool, 1, 20), XN_OK);
	xn_spool_sync(spool, NULL);
	limit_files(RLIM_INFINITY);
	assert_false(xn_spool_state(spool).full);
	assert_string_equal(sequences(spool, 2), "3");
	spool = open_with(f, XN_SPOOL_LIMITS);
	assert_int_equal(xn_spool_state(spool).next, 4);
}

static void
a_segment_that_was_only_renamed_promises_nothing_old(void **state)
{
	struct folder *f = *state;
	struct xn_spool *spool = open_with(f, XN_SPOOL_LIMITS);
	char old[128];

	append(spool, 1, 20);
	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	xn_spool_close(spool);
	f->spool = NULL;
	strcpy(old, segment(f, 1));
	assert_int_equal(rename(old, segment(f, 30)), 0);
	spool = open_with(f, XN_SPOOL_LIMITS);
	assert_int_equal(xn_spool_state(spool).next, 30);
	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	assert_string_equal(sequences(spool, 29), "30");
}

static void
killed_with_a_full_disk_the_agent_gives_no_sequence_twice(void **state)
{
	struct xn_spool *spool = open_with(*state, small);

	append(spool, 1, 20);
	xn_spool_sync(spool, NULL);
	limit_files(300);
	append(spool, 1, 20);
	assert_string_equal(sequences(spool, 1), "2"); /* sent from memory, then killed */
	limit_files(RLIM_INFINITY);
	spool = open_with(*state, small);
	assert_true(xn_spool_state(spool).next > 1000);
	assert_string_equal(sequences(spool, 0), "1");
}

int
main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)
	const struct CMUnitTest tests[] = {
	    STORY(frames_come_back_in_order_and_only_once_synced),
	    STORY(a_batch_holds_one_schema_only),
	    STORY(sequences_and_boot_go_on_after_a_restart),
	    STORY(a_torn_tail_is_cut_at_every_possible_place),
	    STORY(what_is_durable_is_removed_and_nothing_more),
	    STORY(over_the_cap_the_oldest_segment_goes_and_is_counted),
	    STORY(a_damaged_segment_loses_its_rest_and_the_others_are_read),
	    STORY(an_orchestrator_that_knows_more_than_we_do_moves_us_on),
	    STORY(hellos_stay_as_long_as_their_frames),
	    STORY(two_agents_cannot_share_a_spool),
	    STORY(on_a_full_disk_frames_wait_in_memory_and_are_sent_from_there),
	    STORY(memory_takes_exactly_its_frames_and_then_drops_the_oldest),
	    STORY(what_becomes_durable_makes_room_on_a_full_disk),
	    STORY(a_segment_that_was_only_renamed_promises_nothing_old),
	    STORY(killed_with_a_full_disk_the_agent_gives_no_sequence_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
