/*
 * The audit trail: a chain in which each row's hash covers the row and the hash before it, every
 * field with its length in front so that no two rows have the same bytes.
 */
#include "orchestrator/shell/store_sqlite.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <string.h>

struct audit_row {
	int64_t seq;
	int64_t at_ms;
	const char *actor, *action, *body;
	uint8_t prev[XN_HASH_SIZE];
};

static void
hash_number(gnutls_hash_hd_t hash, int64_t number)
{
	uint8_t bytes[8];
	struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};

	xn_write_i64(&out, number);
	gnutls_hash(hash, bytes, sizeof(bytes));
}

static void
hash_text(gnutls_hash_hd_t hash, const char *text)
{
	hash_number(hash, (int64_t)strlen(text));
	gnutls_hash(hash, text, strlen(text));
}

static void
hash_row(const struct audit_row *row, uint8_t *ret_hash)
{
	gnutls_hash_hd_t hash;
	int code = gnutls_hash_init(&hash, GNUTLS_DIG_SHA256);

	assert(code == 0);
	(void)code;
	gnutls_hash(hash, row->prev, XN_HASH_SIZE);
	hash_number(hash, row->seq);
	hash_number(hash, row->at_ms);
	hash_text(hash, row->actor);
	hash_text(hash, row->action);
	hash_text(hash, row->body);
	gnutls_hash_deinit(hash, ret_hash);
}

static int
last_row(struct xn_store *store, struct audit_row *row, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_AUDIT_LAST, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	row->seq = 1;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		const void *hash = sqlite3_column_blob(statement, 1);

		row->seq = sqlite3_column_int64(statement, 0) + 1;
		if (hash != NULL && sqlite3_column_bytes(statement, 1) == XN_HASH_SIZE)
			memcpy(row->prev, hash, XN_HASH_SIZE);
	}
	sqlite3_reset(statement);
	return XN_OK;
}

int
xn_store_audit(struct xn_store *store, xn_instant at, const char *actor, const char *action,
    const char *body, struct xn_error *err)
{
	struct audit_row row = {.at_ms = at.ms, .actor = actor, .action = action, .body = body};
	uint8_t hash[XN_HASH_SIZE];
	sqlite3_stmt *statement;
	int result = last_row(store, &row, err);

	if (result != XN_OK || (statement = xn_sql(store, XN_SQL_AUDIT, err)) == NULL)
		return XN_ESYSTEM;
	hash_row(&row, hash);
	sqlite3_bind_int64(statement, 1, row.seq);
	sqlite3_bind_int64(statement, 2, at.ms);
	xn_sql_text(statement, 3, actor);
	xn_sql_text(statement, 4, action);
	xn_sql_text(statement, 5, body);
	xn_sql_bytes(statement, 6, row.prev, XN_HASH_SIZE);
	xn_sql_bytes(statement, 7, hash, XN_HASH_SIZE);
	return xn_sql_run(store, statement, err);
}

/* Whether the statement's row follows `before` and has the hash it claims; then `before` is its
 * hash. */
static bool
row_fits(sqlite3_stmt *statement, uint8_t *before)
{
	struct audit_row row = {
	    .seq = sqlite3_column_int64(statement, 0),
	    .at_ms = sqlite3_column_int64(statement, 1),
	    .actor = (const char *)sqlite3_column_text(statement, 2),
	    .action = (const char *)sqlite3_column_text(statement, 3),
	    .body = (const char *)sqlite3_column_text(statement, 4),
	};
	const void *prev = sqlite3_column_blob(statement, 5);
	const void *claimed = sqlite3_column_blob(statement, 6);

	if (sqlite3_column_bytes(statement, 5) != XN_HASH_SIZE ||
	    sqlite3_column_bytes(statement, 6) != XN_HASH_SIZE ||
	    memcmp(prev, before, XN_HASH_SIZE) != 0)
		return false;
	memcpy(row.prev, before, XN_HASH_SIZE);
	hash_row(&row, before);
	return memcmp(before, claimed, XN_HASH_SIZE) == 0;
}

int
xn_store_audit_verify(struct xn_store *store, int64_t *ret_rows, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_AUDIT_ALL, err);
	uint8_t before[XN_HASH_SIZE] = {0};
	int64_t rows = 0;
	int result = XN_OK;

	if (statement == NULL)
		return XN_ESYSTEM;
	while (result == XN_OK && sqlite3_step(statement) == SQLITE_ROW) {
		rows++;
		if (sqlite3_column_int64(statement, 0) != rows || !row_fits(statement, before))
			result = xn_fail(err, XN_EINVALID, "audit row %lld does not fit the chain",
			    (long long)rows);
	}
	sqlite3_reset(statement);
	*ret_rows = rows;
	return result;
}
