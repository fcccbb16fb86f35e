#include "orchestrator/books/books.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/books/books_inside.h"
#include "orchestrator/books/schema.h"

#define SUMS "revision, energy_mj, overhead_mj, estimated_mj, covered_ms, span_ms, grades, events"

static const char *const texts[XN_BOOKS_SQL_COUNT] = {
    [XN_BOOKS_SQL_HOLD] = "BEGIN",
    /* A read, without which a transaction sees nothing yet. */
    [XN_BOOKS_SQL_PIN] = "SELECT count(*) FROM (SELECT 1 FROM meta LIMIT 1)",
    [XN_BOOKS_SQL_RELEASE] = "COMMIT",
    [XN_BOOKS_SQL_META] = "SELECT value FROM meta WHERE key = ?",
    [XN_BOOKS_SQL_NEWEST] = "SELECT max(revision) FROM correction",
    [XN_BOOKS_SQL_HOLDERS] =
	"SELECT id, account, name, subject, platform, agency FROM holder WHERE id > ? ORDER BY id",
    [XN_BOOKS_SQL_RANGE] = "SELECT (SELECT min(start_ms) FROM interval),"
			   " (SELECT end_ms FROM interval ORDER BY start_ms DESC LIMIT 1)",
    [XN_BOOKS_SQL_INTERVALS] = "SELECT start_ms, end_ms FROM interval"
			       " WHERE start_ms >= ? AND start_ms < ? ORDER BY start_ms",
    /* The key that is not given comes first, the instant second. */
    [XN_BOOKS_SQL_ENTRY] = "SELECT holder, start_ms, " SUMS " FROM entry WHERE start_ms >= ?1"
			   " AND start_ms < ?2 AND holder = ?3 AND revision <= ?4"
			   " ORDER BY start_ms, revision",
    [XN_BOOKS_SQL_TOTAL] = "SELECT account, start_ms, " SUMS " FROM total WHERE start_ms >= ?1"
			   " AND start_ms < ?2 AND account = ?3 AND revision <= ?4"
			   " ORDER BY start_ms, revision",
    [XN_BOOKS_SQL_DETAIL_ONE] =
	"SELECT holder, d.start_ms, " SUMS " FROM interval i CROSS JOIN detail d"
	" ON d.start_ms = i.start_ms WHERE i.start_ms >= ?1 AND i.start_ms < ?2"
	" AND d.holder = ?3 AND d.revision <= ?4",
    [XN_BOOKS_SQL_DETAIL] = "SELECT holder, start_ms, " SUMS " FROM detail WHERE start_ms >= ?1"
			    " AND start_ms < ?2 AND revision <= ?4 ORDER BY start_ms",
    [XN_BOOKS_SQL_DAY_ONE] = "SELECT holder, day_ms, " SUMS " FROM day WHERE day_ms = ?1"
			     " AND ?2 IS NOT NULL AND holder = ?3 AND revision <= ?4",
    [XN_BOOKS_SQL_DAY] = "SELECT holder, day_ms, " SUMS " FROM day WHERE day_ms = ?1"
			 " AND ?2 IS NOT NULL AND revision <= ?4",
    [XN_BOOKS_SQL_MONTH_ONE] = "SELECT holder, month_ms, " SUMS " FROM month WHERE month_ms = ?1"
			       " AND ?2 IS NOT NULL AND holder = ?3 AND revision <= ?4",
    [XN_BOOKS_SQL_MONTH] = "SELECT holder, month_ms, " SUMS " FROM month WHERE month_ms = ?1"
			   " AND ?2 IS NOT NULL AND revision <= ?4",
    [XN_BOOKS_SQL_CORRECTIONS] = "SELECT revision, at_ms, author, reason, evidence FROM correction"
				 " WHERE revision > ? ORDER BY revision",
    [XN_BOOKS_SQL_METERS] =
	"SELECT name, role, rack, host, feed, accuracy_ppm, transformer_ppm, calibrated,"
	" certificate, ifnull(first, 0), ifnull(last, 0) FROM meter LEFT JOIN"
	" (SELECT h.name AS booked, min(month_ms) AS first, max(month_ms) AS last FROM month"
	" JOIN holder h ON h.id = holder WHERE h.account = ? GROUP BY h.name)"
	" ON booked = name ORDER BY name",
    [XN_BOOKS_SQL_GAUGES] = "SELECT start_ms, end_ms, name, mean, min, max, samples FROM gauge"
			    " WHERE start_ms >= ? AND start_ms < ? AND kind = ?"
			    " ORDER BY start_ms, name",
    [XN_BOOKS_SQL_ACTIVITIES] =
	"SELECT revision, kind, start_ms, end_ms, milli, about, author, evidence FROM activity a"
	" WHERE start_ms >= ? AND start_ms < ? AND NOT EXISTS (SELECT 1 FROM activity b"
	" WHERE b.start_ms = a.start_ms AND b.kind = a.kind AND b.end_ms = a.end_ms"
	" AND b.about = a.about AND b.revision > a.revision) ORDER BY start_ms, kind, revision",
    [XN_BOOKS_SQL_ENERGY_PLAN] = "SELECT text FROM energy_plan WHERE from_ms <= ?1 AND ?1 < to_ms"
				 " ORDER BY seq DESC LIMIT 1",
    [XN_BOOKS_SQL_ENERGY_PLANS] =
	"SELECT at_ms, name, actor, from_ms, to_ms FROM energy_plan ORDER BY seq",
};

int
xn_books_fail(struct xn_books *books, const char *doing, struct xn_error *err)
{
	return xn_fail(
	    err, XN_ESYSTEM, "%s in %s: %s", doing, books->path, sqlite3_errmsg(books->db));
}

sqlite3_stmt *
xn_books_sql(struct xn_books *books, enum xn_books_sql which, struct xn_error *err)
{
	sqlite3_stmt **statement = &books->statements[which];

	if (*statement == NULL &&
	    sqlite3_prepare_v3(books->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
		NULL) != SQLITE_OK) {
		xn_books_fail(books, "preparing a question", err);
		return NULL;
	}
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
	return *statement;
}

const char *
xn_books_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text == NULL ? "" : (const char *)text;
}

/* ---- opening ---- */

static void
read_meta(struct xn_books *books, const char *key, char *text, size_t size)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_META, NULL);

	text[0] = '\0';
	if (statement == NULL)
		return;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		snprintf(text, size, "%s", xn_books_text(statement, 0));
	sqlite3_reset(statement);
}

static void
read_site(struct xn_books *books)
{
	struct xn_books_site *site = &books->site;
	char number[24];

	read_meta(books, XN_BOOKS_META_NAME, site->name, sizeof(site->name));
	read_meta(books, XN_BOOKS_META_TITLE_VI, site->title_vi, sizeof(site->title_vi));
	read_meta(books, XN_BOOKS_META_TITLE_EN, site->title_en, sizeof(site->title_en));
	read_meta(books, XN_BOOKS_META_TIMEZONE, site->timezone, sizeof(site->timezone));
	read_meta(books, XN_BOOKS_META_OFFSET, number, sizeof(number));
	site->utc_offset_s = atoi(number);
	read_meta(books, XN_BOOKS_META_INTERVAL, number, sizeof(number));
	site->interval.ms = atoll(number);
}

/* A folder nobody may write to has no place for the log's index; a file without a log does not need
 * one. */
static int
open_still(struct xn_books *books)
{
	sqlite3_str *uri = sqlite3_str_new(NULL);
	char *text;
	int code;

	sqlite3_str_appendall(uri, "file:");
	for (const char *at = books->path; *at != '\0'; at++)
		sqlite3_str_appendf(uri, *at == '%' || *at == '?' || *at == '#' ? "%%%02x" : "%c",
		    (unsigned char)*at);
	sqlite3_str_appendall(uri, "?immutable=1");
	text = sqlite3_str_finish(uri);
	if (text == NULL)
		return SQLITE_NOMEM;
	sqlite3_close(books->db);
	code = sqlite3_open_v2(
	    text, &books->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_free(text);
	return code;
}

static int
try_database(struct xn_books *books)
{
	return sqlite3_exec(books->db,
	    "PRAGMA busy_timeout=5000; PRAGMA query_only=ON; PRAGMA trusted_schema=OFF;"
	    "PRAGMA cache_size=-32768; SELECT 1 FROM holder LIMIT 1;",
	    NULL, NULL, NULL);
}

static int
open_database(struct xn_books *books, struct xn_error *err)
{
	char log[4096 + 8];
	int code = sqlite3_open_v2(
	    books->path, &books->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK)
		code = try_database(books);
	snprintf(log, sizeof(log), "%s-wal", books->path);
	if ((code & 0xff) == SQLITE_CANTOPEN && access(log, F_OK) != 0 &&
	    (code = open_still(books)) == SQLITE_OK)
		code = try_database(books);
	if (code == SQLITE_ERROR)
		return xn_fail(err, XN_ENOTFOUND,
		    "%s has no books yet: they begin when xanhd starts", books->path);
	return code == SQLITE_OK ? XN_OK : xn_books_fail(books, "opening", err);
}

int
xn_books_open(struct xn_books **ret_books, const char *folder, struct xn_error *err)
{
	struct xn_books *books = calloc(1, sizeof(*books));
	int result = XN_OK;

	if (books == NULL)
		abort();
	if (snprintf(books->path, sizeof(books->path), "%s/state.db", folder) >=
		(int)sizeof(books->path) ||
	    access(books->path, F_OK) != 0)
		result = xn_fail(err, XN_ENOTFOUND, "there is no state.db in %.200s", folder);
	if (result == XN_OK)
		result = open_database(books, err);
	if (result != XN_OK) {
		xn_books_close(books);
		return result;
	}
	read_site(books);
	*ret_books = books;
	return XN_OK;
}

void
xn_books_close(struct xn_books *books)
{
	if (books == NULL)
		return;
	for (int i = 0; i < XN_BOOKS_SQL_COUNT; i++)
		sqlite3_finalize(books->statements[i]);
	sqlite3_close(books->db);
	for (uint32_t i = 0; i < books->holder_count; i++)
		free(books->holders[i].text);
	free(books->holders);
	free(books->selected);
	free(books->rank_of);
	free(books->cells);
	free(books->steps);
	free(books);
}

const struct xn_books_site *
xn_books_site(const struct xn_books *books)
{
	return &books->site;
}

/* ---- one view ---- */

static int
run(struct xn_books *books, enum xn_books_sql which, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, which, err);
	int code;

	if (statement == NULL)
		return XN_ESYSTEM;
	code = sqlite3_step(statement);
	sqlite3_reset(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? XN_OK
							 : xn_books_fail(books, "reading", err);
}

int
xn_books_hold(struct xn_books *books, struct xn_error *err)
{
	int result = XN_OK;

	if (books->held++ > 0)
		return XN_OK;
	result = run(books, XN_BOOKS_SQL_HOLD, err);
	if (result == XN_OK && (result = run(books, XN_BOOKS_SQL_PIN, err)) != XN_OK)
		run(books, XN_BOOKS_SQL_RELEASE, NULL);
	if (result != XN_OK)
		books->held--;
	return result;
}

void
xn_books_release(struct xn_books *books)
{
	assert(books->held > 0);
	if (--books->held == 0)
		run(books, XN_BOOKS_SQL_RELEASE, NULL);
}

int64_t
xn_books_newest(struct xn_books *books)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_NEWEST, NULL);
	int64_t newest = 0;

	if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
		newest = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	/* 0 would ask for corrections that are still to come. */
	return newest > 0 ? newest : 1;
}

int
xn_books_range(
    struct xn_books *books, xn_instant *ret_first, xn_instant *ret_last, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_RANGE, err);
	int result = XN_OK;

	if (statement == NULL)
		return XN_ESYSTEM;
	if (sqlite3_step(statement) != SQLITE_ROW)
		result = xn_books_fail(books, "reading intervals", err);
	else if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
		result = xn_fail(err, XN_ENOTFOUND, "nothing is booked yet");
	if (result == XN_OK) {
		ret_first->ms = sqlite3_column_int64(statement, 0);
		ret_last->ms = sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return result;
}
