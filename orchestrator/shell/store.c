#include "orchestrator/shell/store_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/books/schema.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS journal(seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT "
    "NULL,"
    " kind INTEGER NOT NULL, agent TEXT NOT NULL, frame INTEGER NOT NULL, body BLOB NOT NULL) "
    "STRICT;"
    "CREATE TABLE IF NOT EXISTS snapshot(seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
    " body BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS intake(agent TEXT NOT NULL, boot INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, PRIMARY KEY(agent, boot)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS schema(agent TEXT NOT NULL, crc INTEGER NOT NULL,"
    " body TEXT NOT NULL, PRIMARY KEY(agent, crc)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS alarm(seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT "
    "NULL,"
    " id INTEGER NOT NULL, raised INTEGER NOT NULL, severity INTEGER NOT NULL,"
    " subject TEXT NOT NULL, text TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS audit(seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT "
    "NULL,"
    " actor TEXT NOT NULL, action TEXT NOT NULL, body TEXT NOT NULL, prev BLOB NOT NULL,"
    " hash BLOB NOT NULL) STRICT;"
    "CREATE TRIGGER IF NOT EXISTS audit_fixed BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;"
    "CREATE TRIGGER IF NOT EXISTS audit_kept BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is never deleted'); END;"
    "CREATE TABLE IF NOT EXISTS op(request INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, body BLOB NOT NULL, done_ms INTEGER, outcome INTEGER, text TEXT) "
    "STRICT;"
    "CREATE TABLE IF NOT EXISTS policy(seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT "
    "NULL,"
    " name TEXT NOT NULL, actor TEXT NOT NULL, text TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT "
    "ROWID;";
static const char books_schema[] = XN_BOOKS_SCHEMA;
static const char report_schema[] = XN_BOOKS_REPORT_SCHEMA;

/* The end of a row of sums, and what adds it to the row that is there. */
#define SUMS                                                                                       \
	", energy_mj, overhead_mj, estimated_mj, covered_ms, span_ms, grades, events)"             \
	" VALUES(?,?,?,?,?,?,?,?,?,?)"
#define ADDED                                                                                      \
	" ON CONFLICT DO UPDATE SET energy_mj = energy_mj + excluded.energy_mj,"                   \
	" overhead_mj = overhead_mj + excluded.overhead_mj,"                                       \
	" estimated_mj = estimated_mj + excluded.estimated_mj,"                                    \
	" covered_ms = covered_ms + excluded.covered_ms, span_ms = span_ms + excluded.span_ms,"    \
	" grades = grades | excluded.grades, events = events | excluded.events"

static const char *const texts[XN_SQL_COUNT] = {
    [XN_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [XN_SQL_COMMIT] = "COMMIT",
    [XN_SQL_ROLLBACK] = "ROLLBACK",
    [XN_SQL_JOURNAL] = "INSERT INTO journal(at_ms, kind, agent, frame, body) VALUES(?,?,?,?,?)",
    [XN_SQL_REPLAY] =
	"SELECT seq, at_ms, kind, agent, frame, body FROM journal WHERE seq > ? ORDER BY seq",
    [XN_SQL_SNAPSHOT] = "INSERT OR REPLACE INTO snapshot(seq, at_ms, body) VALUES(?,?,?)",
    [XN_SQL_SNAPSHOT_PRUNE] = "DELETE FROM snapshot WHERE seq NOT IN"
			      " (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT 2)",
    [XN_SQL_JOURNAL_PRUNE] =
	"DELETE FROM journal WHERE at_ms < ? AND seq <= (SELECT min(seq) FROM snapshot)",
    [XN_SQL_SNAPSHOT_READ] =
	"SELECT seq, body FROM snapshot WHERE seq < ? ORDER BY seq DESC LIMIT 1",
    [XN_SQL_MARK] = "INSERT INTO intake(agent, boot, seq) VALUES(?1,?2,?3)"
		    " ON CONFLICT(agent, boot) DO UPDATE SET seq = max(seq, ?3)",
    [XN_SQL_MARK_READ] = "SELECT seq FROM intake WHERE agent = ? AND boot = ?",
    [XN_SQL_SCHEMA] = "INSERT OR REPLACE INTO schema(agent, crc, body) VALUES(?,?,?)",
    [XN_SQL_SCHEMA_READ] = "SELECT body FROM schema WHERE agent = ? AND crc = ?",
    [XN_SQL_HOLDER] =
	"INSERT INTO holder(account, name, subject, platform, agency) VALUES(?,?,?,?,?)",
    [XN_SQL_HOLDER_READ] = "SELECT id FROM holder WHERE account = ? AND name = ? AND subject = ?"
			   " AND platform = ? AND agency = ?",
    [XN_SQL_INTERVAL] = "INSERT OR IGNORE INTO interval(start_ms, end_ms) VALUES(?,?)",
    [XN_SQL_ENTRY] = "INSERT OR IGNORE INTO entry(holder, start_ms, revision" SUMS,
    [XN_SQL_DETAIL] = "INSERT OR IGNORE INTO detail(start_ms, holder, revision" SUMS,
    [XN_SQL_DETAIL_PRUNE] = "DELETE FROM detail WHERE (start_ms, holder, revision) IN"
			    " (SELECT start_ms, holder, revision FROM detail WHERE start_ms < ?"
			    " LIMIT ?)",
    [XN_SQL_DAY] = "INSERT INTO day(day_ms, holder, revision" SUMS ADDED,
    /* A day goes when the last of its intervals has. */
    [XN_SQL_DAY_PRUNE] = "DELETE FROM day WHERE (day_ms, holder, revision) IN"
			 " (SELECT day_ms, holder, revision FROM day WHERE day_ms < ? - 86400000"
			 " LIMIT ?)",
    [XN_SQL_MONTH] = "INSERT INTO month(month_ms, holder, revision" SUMS ADDED,
    [XN_SQL_TOTAL] = "INSERT INTO total(account, start_ms, revision" SUMS ADDED,
    [XN_SQL_CORRECTION] = "INSERT OR IGNORE INTO correction(revision, at_ms, author, reason,"
			  " evidence) VALUES(?,?,?,?,?)",
    [XN_SQL_GAUGE] = "INSERT OR REPLACE INTO gauge(start_ms, kind, name, end_ms, mean, min, max,"
		     " samples) VALUES(?,?,?,?,?,?,?,?)",
    [XN_SQL_GAUGE_PRUNE] = "DELETE FROM gauge WHERE (kind, start_ms, name) IN"
			   " (SELECT kind, start_ms, name FROM gauge WHERE kind IN (0, 1)"
			   " AND start_ms < ? LIMIT ?)",
    [XN_SQL_METER] = "INSERT OR REPLACE INTO meter(name, role, rack, host, feed, accuracy_ppm,"
		     " transformer_ppm, calibrated, certificate) VALUES(?,?,?,?,?,?,?,?,?)",
    [XN_SQL_ACTIVITY] = "INSERT INTO activity(at_ms, kind, start_ms, end_ms, milli, about, author,"
			" evidence) VALUES(?,?,?,?,?,?,?,?)",
    [XN_SQL_ENERGY_PLAN] = "INSERT INTO energy_plan(at_ms, name, actor, from_ms, to_ms, text)"
			   " VALUES(?,?,?,?,?,?)",
    [XN_SQL_ALARM] =
	"INSERT INTO alarm(at_ms, id, raised, severity, subject, text) VALUES(?,?,?,?,?,?)",
    [XN_SQL_OP] = "INSERT OR REPLACE INTO op(request, at_ms, kind, body) VALUES(?,?,?,?)",
    [XN_SQL_OP_DONE] = "UPDATE op SET done_ms = ?, outcome = ?, text = ? WHERE request = ?",
    [XN_SQL_OP_LAST] = "SELECT max(request) FROM op",
    [XN_SQL_POLICY_READ] = "SELECT text FROM policy ORDER BY seq DESC LIMIT 1",
    [XN_SQL_POLICY] = "INSERT INTO policy(at_ms, name, actor, text) VALUES(?,?,?,?)",
    [XN_SQL_AUDIT] = "INSERT INTO audit(seq, at_ms, actor, action, body, prev, hash)"
		     " VALUES(?,?,?,?,?,?,?)",
    [XN_SQL_AUDIT_LAST] = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
    [XN_SQL_AUDIT_ALL] =
	"SELECT seq, at_ms, actor, action, body, prev, hash FROM audit ORDER BY seq",
    [XN_SQL_META] = "INSERT OR REPLACE INTO meta(key, value) VALUES(?,?)",
    [XN_SQL_META_READ] = "SELECT value FROM meta WHERE key = ?",
};

int
xn_sql_fail(struct xn_store *store, const char *doing, struct xn_error *err)
{
	int code = sqlite3_errcode(store->db);
	bool full = code == SQLITE_FULL || sqlite3_system_errno(store->db) == ENOSPC;

	return xn_fail(err, full ? XN_EFULL : XN_ESYSTEM, "%s in %s/state.db: %s", doing,
	    store->folder, full ? "the disk is full" : sqlite3_errmsg(store->db));
}

sqlite3_stmt *
xn_sql(struct xn_store *store, enum xn_sql which, struct xn_error *err)
{
	sqlite3_stmt **statement = &store->statements[which];

	if (*statement == NULL &&
	    sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
		NULL) != SQLITE_OK) {
		xn_sql_fail(store, "preparing a statement", err);
		return NULL;
	}
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
	return *statement;
}

int
xn_sql_run(struct xn_store *store, sqlite3_stmt *statement, struct xn_error *err)
{
	int code = sqlite3_step(statement);

	if (code != SQLITE_DONE) {
		xn_sql_fail(store, "writing", err);
		sqlite3_reset(statement);
		return err == NULL ? XN_ESYSTEM : (int)err->code;
	}
	sqlite3_reset(statement);
	return XN_OK;
}

void
xn_sql_text(sqlite3_stmt *statement, int column, const char *text)
{
	sqlite3_bind_text(statement, column, text, -1, SQLITE_TRANSIENT);
}

void
xn_sql_bytes(sqlite3_stmt *statement, int column, const void *bytes, size_t size)
{
	sqlite3_bind_blob64(statement, column, size == 0 ? "" : bytes, size, SQLITE_TRANSIENT);
}

char *
xn_sql_copy(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text == NULL ? NULL : strdup((const char *)text);
}

static int
simple(struct xn_store *store, enum xn_sql which, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, which, err);

	return statement == NULL ? XN_ESYSTEM : xn_sql_run(store, statement, err);
}

int
xn_store_begin(struct xn_store *store, struct xn_error *err)
{
	assert(sqlite3_get_autocommit(store->db) != 0);
	return simple(store, XN_SQL_BEGIN, err);
}

int
xn_store_commit(struct xn_store *store, struct xn_error *err)
{
	assert(sqlite3_get_autocommit(store->db) == 0);
	return simple(store, XN_SQL_COMMIT, err);
}

void
xn_store_rollback(struct xn_store *store)
{
	/* A full disk may have ended the transaction already. */
	if (sqlite3_get_autocommit(store->db) == 0)
		simple(store, XN_SQL_ROLLBACK, NULL);
}

/* ---- opening ---- */

static bool
is_damaged(int code)
{
	return (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT;
}

static int
check_version(struct xn_store *store, struct xn_error *err)
{
	sqlite3_stmt *statement;
	int version;

	if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
		return xn_sql_fail(store, "opening", err);
	version = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
	sqlite3_finalize(statement);
	return version <= XN_BOOKS_VERSION
	    ? XN_OK
	    : xn_fail(err, XN_EINVALID, "%s/state.db is of a newer xanhd (schema %d, known %d)",
		  store->folder, version, XN_BOOKS_VERSION);
}

static int
open_database(struct xn_store *store, int *ret_code, struct xn_error *err)
{
	char path[4096];
	int code;

	snprintf(path, sizeof(path), "%s/state.db", store->folder);
	code = sqlite3_open_v2(path, &store->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db,
		    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000;"
		    "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;",
		    NULL, NULL, NULL);
	*ret_code = code;
	if (code == SQLITE_OK && check_version(store, err) == XN_EINVALID)
		return XN_EINVALID;
	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db, schema, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db, books_schema, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db, report_schema, NULL, NULL, NULL);
	*ret_code = code;
	return code == SQLITE_OK ? XN_OK : xn_sql_fail(store, "opening", err);
}

static int64_t
read_number(struct xn_store *store, const char *key)
{
	char *text = xn_store_meta_of(store, key);
	int64_t number = text == NULL ? 0 : atoll(text);

	free(text);
	return number;
}

static void
close_database(struct xn_store *store)
{
	for (int i = 0; i < XN_SQL_COUNT; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
}

/* Sets the damaged file aside under the first free number, its log with it. */
static void
quarantine(const struct xn_store *store)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char from[4096], to[4096];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(from, sizeof(from), "%s/state.db%s", store->folder, suffixes[i]);
		for (int n = 1; n < 1000; n++) {
			snprintf(to, sizeof(to), "%s/state.db.corrupt-%d%s", store->folder, n,
			    suffixes[i]);
			if (link(from, to) == 0 || errno != EEXIST)
				break;
		}
		unlink(from);
	}
}

int
xn_store_open(
    struct xn_store **ret_store, const char *folder, bool *ret_quarantined, struct xn_error *err)
{
	struct xn_store *store = calloc(1, sizeof(*store));
	int code, result;

	*ret_quarantined = false;
	if (store == NULL || (store->folder = strdup(folder)) == NULL)
		abort();
	result = open_database(store, &code, err);
	if (result != XN_OK && is_damaged(code)) {
		close_database(store);
		quarantine(store);
		*ret_quarantined = true;
		result = open_database(store, &code, err);
	}
	if (result != XN_OK) {
		xn_store_close(store);
		return result;
	}
	store->utc_offset_s = (int)read_number(store, XN_BOOKS_META_OFFSET);
	store->taken_over_ms = read_number(store, XN_STORE_TAKEN_OVER);
	xn_store_ballast_take(store);
	*ret_store = store;
	return XN_OK;
}

void
xn_store_close(struct xn_store *store)
{
	if (store == NULL)
		return;
	close_database(store);
	free(store->folder);
	free(store);
}
