/* The journal, snapshots and what agents have delivered. */
#include "orchestrator/shell/store_sqlite.h"

#include <stdlib.h>
#include <string.h>

int
xn_store_journal(struct xn_store *store, const struct xn_journal_row *row, int64_t *ret_seq,
    struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_JOURNAL, err);
	int result;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, row->at.ms);
	sqlite3_bind_int(statement, 2, row->kind);
	xn_sql_text(statement, 3, row->agent);
	sqlite3_bind_int64(statement, 4, (int64_t)row->frame);
	xn_sql_bytes(statement, 5, row->body, row->size);
	result = xn_sql_run(store, statement, err);
	if (result != XN_OK)
		return result;

	*ret_seq = sqlite3_last_insert_rowid(store->db);
	return XN_OK;
}

int
xn_store_replay(struct xn_store *store, int64_t seq,
    int (*each)(const struct xn_journal_row *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_REPLAY, err);
	int code, result = XN_OK;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, seq);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && result == XN_OK) {
		struct xn_journal_row row = {
		    .seq = sqlite3_column_int64(statement, 0),
		    .at = {sqlite3_column_int64(statement, 1)},
		    .kind = sqlite3_column_int(statement, 2),
		    .agent = (const char *)sqlite3_column_text(statement, 3),
		    .frame = (uint64_t)sqlite3_column_int64(statement, 4),
		    .body = sqlite3_column_blob(statement, 5),
		    .size = (size_t)sqlite3_column_bytes(statement, 5),
		};
		result = each(&row, context, err);
	}
	if (result == XN_OK && code != SQLITE_DONE)
		result = xn_sql_fail(store, "reading the journal", err);
	sqlite3_reset(statement);
	return result;
}

int
xn_store_snapshot(struct xn_store *store, int64_t seq, xn_instant at, const void *body, size_t size,
    xn_instant keep_from, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_SNAPSHOT, err);
	int result;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, seq);
	sqlite3_bind_int64(statement, 2, at.ms);
	xn_sql_bytes(statement, 3, body, size);
	if ((result = xn_sql_run(store, statement, err)) != XN_OK)
		return result;

	statement = xn_sql(store, XN_SQL_SNAPSHOT_PRUNE, err);
	if (statement == NULL || (result = xn_sql_run(store, statement, err)) != XN_OK)
		return result;

	statement = xn_sql(store, XN_SQL_JOURNAL_PRUNE, err);
	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, keep_from.ms);
	return xn_sql_run(store, statement, err);
}

int
xn_store_snapshot_read(struct xn_store *store, int64_t before, int64_t *ret_seq, void **ret_body,
    size_t *ret_size, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_SNAPSHOT_READ, err);
	int result = XN_ENOTFOUND;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, before);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		size_t size = (size_t)sqlite3_column_bytes(statement, 1);
		const void *body = sqlite3_column_blob(statement, 1);
		void *copy = malloc(size + 1);

		if (copy == NULL)
			abort();
		if (size > 0)
			memcpy(copy, body, size);
		*ret_seq = sqlite3_column_int64(statement, 0);
		*ret_body = copy;
		*ret_size = size;
		result = XN_OK;
	}
	sqlite3_reset(statement);
	return result == XN_OK ? XN_OK : xn_fail(err, XN_ENOTFOUND, "no snapshot");
}

uint64_t
xn_store_mark_of(struct xn_store *store, const char *agent, uint64_t boot)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_MARK_READ, NULL);
	uint64_t sequence = 0;

	if (statement == NULL)
		return 0;
	xn_sql_text(statement, 1, agent);
	sqlite3_bind_int64(statement, 2, (int64_t)boot);
	if (sqlite3_step(statement) == SQLITE_ROW)
		sequence = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return sequence;
}

int
xn_store_mark(struct xn_store *store, const char *agent, uint64_t boot, uint64_t sequence,
    struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_MARK, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	xn_sql_text(statement, 1, agent);
	sqlite3_bind_int64(statement, 2, (int64_t)boot);
	sqlite3_bind_int64(statement, 3, (int64_t)sequence);
	return xn_sql_run(store, statement, err);
}

int
xn_store_schema(struct xn_store *store, const char *agent, uint32_t schema, const char *text,
    struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_SCHEMA, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	xn_sql_text(statement, 1, agent);
	sqlite3_bind_int64(statement, 2, schema);
	xn_sql_text(statement, 3, text);
	return xn_sql_run(store, statement, err);
}

char *
xn_store_schema_of(struct xn_store *store, const char *agent, uint32_t schema)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_SCHEMA_READ, NULL);
	char *text = NULL;

	if (statement == NULL)
		return NULL;
	xn_sql_text(statement, 1, agent);
	sqlite3_bind_int64(statement, 2, schema);
	if (sqlite3_step(statement) == SQLITE_ROW)
		text = xn_sql_copy(statement, 0);
	sqlite3_reset(statement);
	return text;
}

int
xn_store_meta(struct xn_store *store, const char *key, const char *value, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_META, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	xn_sql_text(statement, 1, key);
	xn_sql_text(statement, 2, value);
	return xn_sql_run(store, statement, err);
}

char *
xn_store_meta_of(struct xn_store *store, const char *key)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_META_READ, NULL);
	char *text = NULL;

	if (statement == NULL)
		return NULL;
	xn_sql_text(statement, 1, key);
	if (sqlite3_step(statement) == SQLITE_ROW)
		text = xn_sql_copy(statement, 0);
	sqlite3_reset(statement);
	return text;
}
