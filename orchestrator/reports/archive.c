#include "orchestrator/reports/archive.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 4096
#define WAIT_MS   10000 /* for the daemon's transactions, which are short */
#define COLUMNS                                                                                    \
	"seq, id, kind, period, revision, state, as_of, slice, config, sha256, made_ms, actor,"    \
	" reference"
#define SCHEDULE_COLUMNS                                                                           \
	"id, kind, every, day, minute, formats, languages, folder, freeze, done, problem"

struct xn_archive {
	sqlite3 *db;
};

static int
fail(struct xn_archive *archive, const char *doing, struct xn_error *err)
{
	return xn_fail(err, sqlite3_errcode(archive->db) == SQLITE_FULL ? XN_EFULL : XN_ESYSTEM,
	    "archive, %s: %s", doing, sqlite3_errmsg(archive->db));
}

int
xn_archive_open(struct xn_archive **ret_archive, const char *state_folder, struct xn_error *err)
{
	struct xn_archive *archive = calloc(1, sizeof(*archive));
	char path[PATH_SIZE];
	struct stat status;
	int result = XN_OK;

	if (archive == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory");
	snprintf(path, sizeof(path), "%s/state.db", state_folder);
	if (stat(path, &status) != 0)
		result = xn_fail(err, XN_ENOTFOUND, "%s: there is no state.db", state_folder);
	else if (sqlite3_open_v2(path, &archive->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(archive->db, WAIT_MS) != SQLITE_OK ||
	    sqlite3_exec(archive->db, "PRAGMA synchronous=FULL", NULL, NULL, NULL) != SQLITE_OK)
		result = fail(archive, path, err);
	if (result != XN_OK)
		xn_archive_close(archive);
	else
		*ret_archive = archive;
	return result;
}

void
xn_archive_close(struct xn_archive *archive)
{
	if (archive == NULL)
		return;
	sqlite3_close(archive->db);
	free(archive);
}

/* ---- statements, each used once ---- */

static sqlite3_stmt *
prepare(struct xn_archive *archive, const char *sql, struct xn_error *err)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(archive->db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail(archive, "its tables", err);
	return statement;
}

static void
bind(sqlite3_stmt *statement, int place, const char *text)
{
	sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

/* Steps a statement that gives no rows, and ends it. */
static int
run(struct xn_archive *archive, sqlite3_stmt *statement, const char *doing, struct xn_error *err)
{
	int result = sqlite3_step(statement) == SQLITE_DONE ? XN_OK : fail(archive, doing, err);

	sqlite3_finalize(statement);
	return result;
}

static void
take(sqlite3_stmt *statement, int column, char *ret_text, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	snprintf(ret_text, size, "%s", text == NULL ? "" : (const char *)text);
}

static void
take_row(sqlite3_stmt *statement, struct xn_archive_row *row)
{
	*row = (struct xn_archive_row){.seq = sqlite3_column_int64(statement, 0),
	    .revision = sqlite3_column_int(statement, 4),
	    .as_of = sqlite3_column_int64(statement, 6),
	    .made = {sqlite3_column_int64(statement, 10)}};
	take(statement, 1, row->id, sizeof(row->id));
	take(statement, 2, row->kind, sizeof(row->kind));
	take(statement, 3, row->period, sizeof(row->period));
	take(statement, 5, row->state, sizeof(row->state));
	take(statement, 7, row->slice, sizeof(row->slice));
	take(statement, 8, row->config, sizeof(row->config));
	take(statement, 9, row->sha256, sizeof(row->sha256));
	take(statement, 11, row->actor, sizeof(row->actor));
	take(statement, 12, row->reference, sizeof(row->reference));
}

/* ---- reports ---- */

int
xn_archive_list(struct xn_archive *archive,
    int (*each)(const struct xn_archive_row *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement =
	    prepare(archive, "SELECT " COLUMNS " FROM report ORDER BY seq", err);
	int result = XN_OK, code = SQLITE_DONE;

	if (statement == NULL)
		return XN_ESYSTEM;
	while (result == XN_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct xn_archive_row row;

		take_row(statement, &row);
		result = each(&row, context, err);
	}
	if (result == XN_OK && code != SQLITE_DONE)
		result = fail(archive, "list", err);
	sqlite3_finalize(statement);
	return result;
}

/* One row of a question with one text; XN_ENOTFOUND. */
static int
find(struct xn_archive *archive, const char *sql, const char *text, struct xn_archive_row *ret_row,
    struct xn_error *err)
{
	sqlite3_stmt *statement = prepare(archive, sql, err);
	int result, code;

	if (statement == NULL)
		return XN_ESYSTEM;
	bind(statement, 1, text);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		take_row(statement, ret_row);
		result = XN_OK;
	} else {
		result = code == SQLITE_DONE
		    ? xn_fail(err, XN_ENOTFOUND, "no report '%s' was frozen", text)
		    : fail(archive, "search", err);
	}
	sqlite3_finalize(statement);
	return result;
}

int
xn_archive_newest(struct xn_archive *archive, const char *id, struct xn_archive_row *ret_row,
    struct xn_error *err)
{
	return find(archive,
	    "SELECT " COLUMNS " FROM report WHERE id = ?1 || '/r' || revision"
	    " ORDER BY revision DESC LIMIT 1",
	    id, ret_row, err);
}

int
xn_archive_last(
    struct xn_archive *archive, char ret_sha256[XN_SHA256_TEXT_SIZE], struct xn_error *err)
{
	struct xn_archive_row row = {0};
	int result =
	    find(archive, "SELECT " COLUMNS " FROM report WHERE ?1 = '' ORDER BY seq DESC LIMIT 1",
		"", &row, err);

	strcpy(ret_sha256, row.sha256);
	return result == XN_ENOTFOUND ? XN_OK : result;
}

int
xn_archive_add(struct xn_archive *archive, const struct xn_archive_row *row, const char *manifest,
    const void *signature, size_t signature_size, struct xn_error *err)
{
	sqlite3_stmt *statement = prepare(archive,
	    "INSERT INTO report(id, kind, period, revision, state, as_of, slice, config, sha256,"
	    " manifest, signature, made_ms, actor, reference)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	    err);

	if (statement == NULL)
		return XN_ESYSTEM;
	bind(statement, 1, row->id);
	bind(statement, 2, row->kind);
	bind(statement, 3, row->period);
	sqlite3_bind_int(statement, 4, row->revision);
	bind(statement, 5, row->state);
	sqlite3_bind_int64(statement, 6, row->as_of);
	bind(statement, 7, row->slice);
	bind(statement, 8, row->config);
	bind(statement, 9, row->sha256);
	bind(statement, 10, manifest);
	if (signature != NULL)
		sqlite3_bind_blob(statement, 11, signature, (int)signature_size, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 12, row->made.ms);
	bind(statement, 13, row->actor);
	bind(statement, 14, row->reference);
	return run(archive, statement, row->id, err);
}

int
xn_archive_file(struct xn_archive *archive, const char *id, const char *reference,
    struct xn_archive_row *ret_row, struct xn_error *err)
{
	static const char by_id[] = "SELECT " COLUMNS " FROM report WHERE id = ?1";
	sqlite3_stmt *statement;
	int result = find(archive, by_id, id, ret_row, err);

	if (result == XN_OK && strcmp(ret_row->state, "filed") == 0)
		return xn_fail(err, XN_EREFUSED, "%s is filed already: %s", id, ret_row->reference);
	if (result != XN_OK)
		return result;
	statement = prepare(archive,
	    "UPDATE report SET state = 'filed', reference = ?2 WHERE id = ?1 AND state = 'frozen'",
	    err);
	if (statement == NULL)
		return XN_ESYSTEM;
	bind(statement, 1, id);
	bind(statement, 2, reference);
	result = run(archive, statement, id, err);
	return result == XN_OK ? find(archive, by_id, id, ret_row, err) : result;
}

/* ---- schedules ---- */

int
xn_archive_schedules(struct xn_archive *archive,
    int (*each)(const struct xn_schedule_row *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement =
	    prepare(archive, "SELECT " SCHEDULE_COLUMNS " FROM report_schedule ORDER BY id", err);
	int result = XN_OK, code = SQLITE_DONE;

	if (statement == NULL)
		return XN_ESYSTEM;
	while (result == XN_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct xn_schedule_row row = {.id = sqlite3_column_int64(statement, 0),
		    .day = sqlite3_column_int(statement, 3),
		    .minute = sqlite3_column_int(statement, 4),
		    .freeze = sqlite3_column_int(statement, 8) != 0};

		take(statement, 1, row.kind, sizeof(row.kind));
		take(statement, 2, row.every, sizeof(row.every));
		take(statement, 5, row.formats, sizeof(row.formats));
		take(statement, 6, row.languages, sizeof(row.languages));
		take(statement, 7, row.folder, sizeof(row.folder));
		take(statement, 9, row.done, sizeof(row.done));
		take(statement, 10, row.problem, sizeof(row.problem));
		result = each(&row, context, err);
	}
	if (result == XN_OK && code != SQLITE_DONE)
		result = fail(archive, "schedules", err);
	sqlite3_finalize(statement);
	return result;
}

int
xn_archive_schedule_add(struct xn_archive *archive, const struct xn_schedule_row *row,
    int64_t *ret_id, struct xn_error *err)
{
	sqlite3_stmt *statement = prepare(archive,
	    "INSERT INTO report_schedule(kind, every, day, minute, formats, languages, folder,"
	    " freeze, done, problem) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '')",
	    err);
	int result;

	if (statement == NULL)
		return XN_ESYSTEM;
	bind(statement, 1, row->kind);
	bind(statement, 2, row->every);
	sqlite3_bind_int(statement, 3, row->day);
	sqlite3_bind_int(statement, 4, row->minute);
	bind(statement, 5, row->formats);
	bind(statement, 6, row->languages);
	bind(statement, 7, row->folder);
	sqlite3_bind_int(statement, 8, row->freeze);
	bind(statement, 9, row->done);
	result = run(archive, statement, "schedule", err);
	if (result == XN_OK)
		*ret_id = sqlite3_last_insert_rowid(archive->db);
	return result;
}

int
xn_archive_schedule_remove(struct xn_archive *archive, int64_t id, struct xn_error *err)
{
	sqlite3_stmt *statement =
	    prepare(archive, "DELETE FROM report_schedule WHERE id = ?1", err);
	int result;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, id);
	result = run(archive, statement, "schedule", err);
	if (result == XN_OK && sqlite3_changes(archive->db) == 0)
		return xn_fail(err, XN_ENOTFOUND, "there is no schedule %lld", (long long)id);
	return result;
}

int
xn_archive_schedule_done(struct xn_archive *archive, int64_t id, const char *period,
    const char *problem, struct xn_error *err)
{
	sqlite3_stmt *statement = prepare(
	    archive, "UPDATE report_schedule SET done = ?2, problem = ?3 WHERE id = ?1", err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, id);
	bind(statement, 2, period);
	bind(statement, 3, problem);
	return run(archive, statement, "schedule", err);
}
