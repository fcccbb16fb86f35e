/*
 * Inside of the store on SQLite: one connection, each statement prepared once. Only store*.c
 * include this. A statement from xn_sql is reset and free of bindings; whoever took it steps it to
 * the end before taking it again.
 */
#ifndef XN_SHELL_STORE_SQLITE_H
#define XN_SHELL_STORE_SQLITE_H

#include <sqlite3.h>

#include "orchestrator/shell/store.h"

enum xn_sql {
	XN_SQL_BEGIN,
	XN_SQL_COMMIT,
	XN_SQL_ROLLBACK,
	XN_SQL_JOURNAL,
	XN_SQL_REPLAY,
	XN_SQL_SNAPSHOT,
	XN_SQL_SNAPSHOT_PRUNE,
	XN_SQL_JOURNAL_PRUNE,
	XN_SQL_SNAPSHOT_READ,
	XN_SQL_MARK,
	XN_SQL_MARK_READ,
	XN_SQL_SCHEMA,
	XN_SQL_SCHEMA_READ,
	XN_SQL_HOLDER,
	XN_SQL_HOLDER_READ,
	XN_SQL_INTERVAL,
	XN_SQL_ENTRY,
	XN_SQL_DETAIL,
	XN_SQL_DETAIL_PRUNE,
	XN_SQL_DAY,
	XN_SQL_DAY_PRUNE,
	XN_SQL_MONTH,
	XN_SQL_TOTAL,
	XN_SQL_CORRECTION,
	XN_SQL_GAUGE,
	XN_SQL_GAUGE_PRUNE,
	XN_SQL_METER,
	XN_SQL_ACTIVITY,
	XN_SQL_ENERGY_PLAN,
	XN_SQL_ALARM,
	XN_SQL_OP,
	XN_SQL_OP_DONE,
	XN_SQL_OP_LAST,
	XN_SQL_POLICY,
	XN_SQL_POLICY_READ,
	XN_SQL_AUDIT,
	XN_SQL_AUDIT_LAST,
	XN_SQL_AUDIT_ALL,
	XN_SQL_META,
	XN_SQL_META_READ,
	XN_SQL_COUNT
};

#define XN_HASH_SIZE        32

/* Key of `meta`: the end of the last interval that came from an older file. */
#define XN_STORE_TAKEN_OVER "ledger.taken_over_ms"

struct xn_store {
	sqlite3 *db;
	sqlite3_stmt *statements[XN_SQL_COUNT];
	char *folder;
	int utc_offset_s;      /* of the months */
	int64_t taken_over_ms; /* what is before it came from an older file */
	uint64_t ballast;      /* bytes held; 0: given up */
	uint64_t ballast_size;
};

/* The statement, ready to bind; NULL and *err when SQLite refuses it. */
sqlite3_stmt *xn_sql(struct xn_store *store, enum xn_sql which, struct xn_error *err);
/* Steps a statement that gives no rows and resets it. */
int xn_sql_run(struct xn_store *store, sqlite3_stmt *statement, struct xn_error *err);
/* The error of the last call, as ours. */
int xn_sql_fail(struct xn_store *store, const char *doing, struct xn_error *err);
void xn_sql_text(sqlite3_stmt *statement, int column, const char *text);
void xn_sql_bytes(sqlite3_stmt *statement, int column, const void *bytes, size_t size);
/* A text column, malloc'ed. */
char *xn_sql_copy(sqlite3_stmt *statement, int column);

#endif
