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

/* ---- the books ---- */

static const struct xn_books_site site = {
    .name = "dc", .timezone = "Asia/Ho_Chi_Minh", .utc_offset_s = 25200, .interval = {1800000}};

/* What the table says in one line; "" if it has no rows. */
static const char *
asked(struct fixture *f, const char *sql)
{
	static char text[256];
	sqlite3_stmt *statement;

	text[0] = '\0';
	assert_int_equal(sqlite3_prepare_v2(f->store->db, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(statement); i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
			    (const char *)sqlite3_column_text(statement, i));
	sqlite3_finalize(statement);
	return text;
}

static void
book(struct fixture *f, int64_t seq, enum xn_account account, int64_t mj, bool correction)
{
	struct xn_error err;
	struct xn_action row = {.kind = XN_ACT_LEDGER,
	    .ledger = {.start = {0},
		.end = {1800000},
		.account = account,
		.name = "x",
		.energy = {mj},
		.correction = correction}};

	assert_int_equal(xn_store_ledger(f->store, seq, (xn_instant){9}, &row, &err), XN_OK);
}

static void
an_entry_that_is_replayed_is_booked_once_with_its_sums(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;

	assert_int_equal(xn_store_site(f->store, &site, &err), XN_OK);
	for (int i = 0; i < 2; i++) {
		book(f, 40, XN_ACCOUNT_GRID, 5000, false);
		book(f, 40, XN_ACCOUNT_VM, -7, false);
		book(f, 41, XN_ACCOUNT_GRID, 30, true);
	}
	assert_string_equal(
	    asked(f, "SELECT revision, energy_mj FROM entry ORDER BY 1"), "0 5000 41 30 ");
	assert_string_equal(asked(f, "SELECT revision, energy_mj FROM detail"), "0 -7 ");
	/* The epoch is 07:00 there, of January. */
	assert_string_equal(
	    asked(f, "SELECT month_ms, revision, energy_mj FROM month ORDER BY holder, 2"),
	    "-25200000 0 5000 -25200000 41 30 -25200000 0 -7 ");
	assert_string_equal(
	    asked(f, "SELECT account, revision, energy_mj FROM total ORDER BY 1, 2"),
	    "0 0 5000 0 41 30 8 0 -7 ");
	assert_string_equal(asked(f, "SELECT revision, at_ms FROM correction"), "41 9 ");
	assert_string_equal(asked(f, "SELECT * FROM interval"), "0 1800000 ");
}

static void
nothing_of_a_row_stays_when_it_is_rolled_back(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;

	assert_int_equal(xn_store_begin(f->store, &err), XN_OK);
	book(f, 40, XN_ACCOUNT_GRID, 5000, false);
	xn_store_rollback(f->store);
	assert_string_equal(asked(f,
				"SELECT count(*) FROM month UNION ALL SELECT count(*) FROM"
				" holder UNION ALL SELECT count(*) FROM interval"),
	    "0 0 0 ");
	book(f, 40, XN_ACCOUNT_GRID, 5000, false);
	assert_string_equal(asked(f, "SELECT energy_mj FROM month"), "5000 ");
}

/* Before 0.2 a row had ratios, and VMs that took turns in a place shared a name's rows. */
static void
the_ledger_of_an_older_file_is_taken_over_once(void **state)
{
	static const char old[] =
	    "CREATE TABLE ledger(start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,"
	    " account INTEGER NOT NULL, subject INTEGER NOT NULL, name TEXT NOT NULL,"
	    " energy_mj INTEGER NOT NULL, coverage_ppm INTEGER NOT NULL,"
	    " estimated_ppm INTEGER NOT NULL,"
	    " PRIMARY KEY(start_ms, account, name, subject)) STRICT, WITHOUT ROWID;"
	    "INSERT INTO ledger VALUES(0, 1800000, 0, 0, 'dc', 9000000, 500000, 250000),"
	    "(0, 1800000, 8, 1, 'web', -4000000, 1000000, 0),"
	    "(0, 1800000, 8, 2, 'web', -5000000, 1000000, 0)";
	struct fixture *f = *state;
	struct xn_error err;

	assert_int_equal(sqlite3_exec(f->store->db, old, NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 2; i++) {
		reopen(f);
		assert_int_equal(xn_store_site(f->store, &site, &err), XN_OK);
	}
	assert_string_equal(
	    asked(f, "SELECT energy_mj, estimated_mj, covered_ms, span_ms, grades FROM entry"),
	    "9000000 2250000 900000 1800000 16 ");
	assert_string_equal(asked(f, "SELECT energy_mj FROM detail"), "-9000000 ");
	book(f, 3, XN_ACCOUNT_VM, -9000000, false); /* a replay of what was taken over */
	assert_string_equal(asked(f, "SELECT sum(energy_mj) FROM month"), "0 ");
	assert_string_equal(asked(f, "SELECT name FROM sqlite_schema WHERE name = 'ledger'"), "");
}

static void
a_file_of_a_newer_xanhd_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct xn_store *store;
	struct xn_error err;
	bool quarantined;

	assert_int_equal(
	    sqlite3_exec(f->store->db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(xn_store_open(&store, f->folder, &quarantined, &err), XN_EINVALID);
	assert_non_null(strstr(err.text, "is of a newer xanhd (schema 99, known 2)"));
	assert_false(quarantined);
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
	    STORY(an_entry_that_is_replayed_is_booked_once_with_its_sums),
	    STORY(nothing_of_a_row_stays_when_it_is_rolled_back),
	    STORY(the_ledger_of_an_older_file_is_taken_over_once),
	    STORY(a_file_of_a_newer_xanhd_is_left_alone),
	    STORY(the_audit_trail_is_a_chain_nobody_edits),
	    STORY(a_file_that_is_no_database_is_set_aside),
	    STORY(the_ballast_is_given_up_and_taken_again),
	    STORY(schemas_and_small_facts_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
