#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/shell/store_sqlite.h"

struct fixture {
	char folder[64];
	struct xn_store *store;
};

static void
reopen(struct fixture *f)
{
	struct xn_error err;
	bool quarantined;

	xn_store_close(f->store);
	assert_int_equal(xn_store_open(&f->store, f->folder, &quarantined, &err), XN_OK);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/xanh-store-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	reopen(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	xn_store_close(f->store);
	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
append(struct fixture *f, const char *body)
{
	struct xn_error err;
	int64_t seq;
	struct xn_journal_row row = {.at = {1000},
	    .kind = 3,
	    .agent = "A07",
	    .frame = 9,
	    .body = body,
	    .size = strlen(body)};

	assert_int_equal(xn_store_journal(f->store, &row, &seq, &err), XN_OK);
}

static int
collect(const struct xn_journal_row *row, void *context, struct xn_error *err)
{
	char *text = context;

	(void)err;
	assert_int_equal(row->frame, 9);
	assert_string_equal(row->agent, "A07");
	snprintf(text + strlen(text), 64, "%lld=%.*s ", (long long)row->seq, (int)row->size,
	    (const char *)row->body);
	return XN_OK;
}

static void
what_was_committed_is_there_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	char text[256] = "";

	assert_int_equal(xn_store_begin(f->store, &err), XN_OK);
	append(f, "one");
	append(f, "two");
	assert_int_equal(xn_store_mark(f->store, "A07", UINT64_MAX, 41, &err), XN_OK);
	assert_int_equal(xn_store_commit(f->store, &err), XN_OK);
	reopen(f);

	assert_int_equal(xn_store_replay(f->store, 0, collect, text, &err), XN_OK);
	assert_string_equal(text, "1=one 2=two ");
	assert_int_equal(xn_store_mark_of(f->store, "A07", UINT64_MAX), 41);
	assert_int_equal(xn_store_mark_of(f->store, "A07", 7), 0);
}

static void
what_was_rolled_back_never_happened(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	char text[256] = "";

	xn_store_begin(f->store, &err);
	append(f, "lost");
	xn_store_rollback(f->store);
	append(f, "kept");
	assert_int_equal(xn_store_replay(f->store, 0, collect, text, &err), XN_OK);
	assert_string_equal(text, "1=kept ");
}

static void
a_mark_never_goes_back(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;

	xn_store_mark(f->store, "A07", 1, 10, &err);
	xn_store_mark(f->store, "A07", 1, 4, &err);
	assert_int_equal(xn_store_mark_of(f->store, "A07", 1), 10);
}

static void
two_snapshots_are_kept_and_old_journal_rows_go(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	char text[256] = "";
	int64_t seq;
	void *body;
	size_t size;

	for (int i = 0; i < 4; i++)
		append(f, "x");
	for (int i = 1; i <= 3; i++)
		assert_int_equal(xn_store_snapshot(f->store, i, (xn_instant){i}, "core", 4,
				     (xn_instant){2000}, &err),
		    XN_OK);

	assert_int_equal(
	    xn_store_snapshot_read(f->store, INT64_MAX, &seq, &body, &size, &err), XN_OK);
	assert_int_equal(seq, 3);
	assert_int_equal(size, 4);
	free(body);
	assert_int_equal(xn_store_snapshot_read(f->store, 3, &seq, &body, &size, &err), XN_OK);
	assert_int_equal(seq, 2);
	free(body);
	assert_int_equal(
	    xn_store_snapshot_read(f->store, 2, &seq, &body, &size, &err), XN_ENOTFOUND);
	assert_int_equal(xn_store_replay(f->store, 0, collect, text, &err), XN_OK);
	assert_string_equal(text, "3=x 4=x ");
}

static void
the_audit_trail_is_a_chain_nobody_edits(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	int64_t rows;

	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    xn_store_audit(f->store, (xn_instant){i}, "lan", "plan apply", "p-1", &err),
		    XN_OK);
	assert_int_equal(xn_store_audit_verify(f->store, &rows, &err), XN_OK);
	assert_int_equal(rows, 3);

	assert_int_not_equal(
	    sqlite3_exec(f->store->db, "UPDATE audit SET actor = 'x'", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_not_equal(
	    sqlite3_exec(f->store->db, "DELETE FROM audit", NULL, NULL, NULL), SQLITE_OK);

	sqlite3_exec(f->store->db,
	    "DROP TRIGGER audit_fixed; UPDATE audit SET body='p-2' WHERE seq=2", NULL, NULL, NULL);
	assert_int_equal(xn_store_audit_verify(f->store, &rows, &err), XN_EINVALID);
	assert_int_equal(rows, 2);
}

static void
a_file_that_is_no_database_is_set_aside(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	bool quarantined = false;
	char path[128];
	FILE *file;

	xn_store_close(f->store);
	snprintf(path, sizeof(path), "%s/state.db", f->folder);
	file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("garbage ", file);
	fclose(file);
	assert_int_equal(xn_store_open(&f->store, f->folder, &quarantined, &err), XN_OK);
	assert_true(quarantined);
	append(f, "one");
	strcat(path, ".corrupt-1");
	assert_int_equal(access(path, F_OK), 0);
}

static void
the_ballast_is_given_up_and_taken_again(void **state)
{
	struct fixture *f = *state;

	assert_true(f->store->ballast > 0);
	xn_store_ballast_drop(f->store);
	assert_int_equal(f->store->ballast, 0);
	assert_true(xn_store_ballast_take(f->store));
	assert_true(xn_store_room(f->store) > 0);
}

static void
schemas_and_small_facts_are_kept(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	char *text;

	assert_null(xn_store_schema_of(f->store, "A07", 1));
	xn_store_schema(f->store, "A07", 1, "[]", &err);
	text = xn_store_schema_of(f->store, "A07", 1);
	assert_string_equal(text, "[]");
	free(text);
	xn_store_meta(f->store, "fingerprint", "5f", &err);
	text = xn_store_meta_of(f->store, "fingerprint");
	assert_string_equal(text, "5f");
	free(text);
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(what_was_committed_is_there_after_a_restart),
	    STORY(what_was_rolled_back_never_happened),
	    STORY(a_mark_never_goes_back),
	    STORY(two_snapshots_are_kept_and_old_journal_rows_go),
	    STORY(the_audit_trail_is_a_chain_nobody_edits),
	    STORY(a_file_that_is_no_database_is_set_aside),
	    STORY(the_ballast_is_given_up_and_taken_again),
	    STORY(schemas_and_small_facts_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
