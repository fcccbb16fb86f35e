/* The books' tables (orchestrator/books/schema.h): what the ledger books, and what stands beside.
 */
#include "orchestrator/books/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/period.h"
#include "orchestrator/shell/store_sqlite.h"

#define DAY_MS INT64_C(86400000)

struct sums {
	int64_t energy, overhead, estimated, covered, span, grades, events;
};

static void
bind_sums(sqlite3_stmt *statement, int column, const struct sums *sums)
{
	sqlite3_bind_int64(statement, column, sums->energy);
	sqlite3_bind_int64(statement, column + 1, sums->overhead);
	sqlite3_bind_int64(statement, column + 2, sums->estimated);
	sqlite3_bind_int64(statement, column + 3, sums->covered);
	sqlite3_bind_int64(statement, column + 4, sums->span);
	sqlite3_bind_int64(statement, column + 5, sums->grades);
	sqlite3_bind_int64(statement, column + 6, sums->events);
}

/* Writes or adds a row whose key is three numbers and whose rest is sums. */
static int
put(struct xn_store *store, enum xn_sql which, int64_t first, int64_t second, int64_t revision,
    const struct sums *sums, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, which, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, first);
	sqlite3_bind_int64(statement, 2, second);
	sqlite3_bind_int64(statement, 3, revision);
	bind_sums(statement, 4, sums);
	return xn_sql_run(store, statement, err);
}

static void
bind_holder(sqlite3_stmt *statement, const struct xn_action *row)
{
	sqlite3_bind_int(statement, 1, (int)row->ledger.account);
	xn_sql_text(statement, 2, row->ledger.name);
	xn_sql_text(statement, 3, row->ledger.uuid);
	xn_sql_text(statement, 4, row->ledger.platform);
	xn_sql_text(statement, 5, row->ledger.agency);
}

static int
find_holder(
    struct xn_store *store, const struct xn_action *row, int64_t *ret_holder, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_HOLDER_READ, err);
	int code, result;

	if (statement == NULL)
		return XN_ESYSTEM;
	bind_holder(statement, row);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret_holder = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	if (code == SQLITE_ROW)
		return XN_OK;

	statement = xn_sql(store, XN_SQL_HOLDER, err);
	if (statement == NULL)
		return XN_ESYSTEM;
	bind_holder(statement, row);
	if ((result = xn_sql_run(store, statement, err)) != XN_OK)
		return result;
	*ret_holder = sqlite3_last_insert_rowid(store->db);
	return XN_OK;
}

static int
put_interval(struct xn_store *store, xn_instant start, xn_instant end, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_INTERVAL, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, start.ms);
	sqlite3_bind_int64(statement, 2, end.ms);
	return xn_sql_run(store, statement, err);
}

static int
put_correction(struct xn_store *store, int64_t revision, xn_instant at, const struct xn_action *row,
    struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_CORRECTION, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, revision);
	sqlite3_bind_int64(statement, 2, at.ms);
	xn_sql_text(statement, 3, row->ledger.author);
	xn_sql_text(statement, 4, row->ledger.reason);
	xn_sql_text(statement, 5, row->ledger.evidence);
	return xn_sql_run(store, statement, err);
}

static struct sums
sums_of(const struct xn_action *row)
{
	return (struct sums){
	    .energy = row->ledger.energy.mj,
	    .overhead = row->ledger.overhead.mj,
	    .estimated = row->ledger.estimated.mj,
	    .covered = row->ledger.covered.ms,
	    .span = row->ledger.span.ms,
	    .grades = INT64_C(1) << row->ledger.grade,
	    .events = row->ledger.events,
	};
}

int
xn_store_ledger(struct xn_store *store, int64_t seq, xn_instant at, const struct xn_action *row,
    struct xn_error *err)
{
	enum xn_account account = row->ledger.account;
	int64_t start = row->ledger.start.ms;
	int64_t revision = row->ledger.correction ? seq : 0;
	bool detail = (XN_BOOKS_DETAIL & XN_ACCOUNT_BIT(account)) != 0;
	struct sums sums = sums_of(row);
	int64_t holder;
	int result;

	assert(row->kind == XN_ACT_LEDGER);
	if (revision == 0 && start < store->taken_over_ms)
		return XN_OK;
	if ((result = find_holder(store, row, &holder, err)) != XN_OK)
		return result;
	result = detail ? put(store, XN_SQL_DETAIL, start, holder, revision, &sums, err)
			: put(store, XN_SQL_ENTRY, holder, start, revision, &sums, err);
	if (result != XN_OK)
		return result;
	/* A row that was there is a replay: its sums have it already. */
	if (sqlite3_changes(store->db) == 0)
		return XN_OK;

	if (detail)
		result =
		    put(store, XN_SQL_DAY, xn_day_start(row->ledger.start, store->utc_offset_s).ms,
			holder, revision, &sums, err);
	if (result != XN_OK)
		return result;
	result = put(store, XN_SQL_MONTH, xn_month_start(row->ledger.start, store->utc_offset_s).ms,
	    holder, revision, &sums, err);
	if (result == XN_OK)
		result = put(store, XN_SQL_TOTAL, (int64_t)account, start, revision, &sums, err);
	if (result == XN_OK)
		result = put_interval(store, row->ledger.start, row->ledger.end, err);
	if (result == XN_OK && row->ledger.correction)
		result = put_correction(store, revision, at, row, err);
	return result;
}

int
xn_store_prune(struct xn_store *store, xn_instant now, uint32_t rows, uint32_t *ret_pruned,
    struct xn_error *err)
{
	static const enum xn_sql tables[] = {
	    XN_SQL_DETAIL_PRUNE, XN_SQL_DAY_PRUNE, XN_SQL_GAUGE_PRUNE};

	*ret_pruned = 0;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		sqlite3_stmt *statement = xn_sql(store, tables[i], err);
		int result;

		if (statement == NULL)
			return XN_ESYSTEM;
		sqlite3_bind_int64(statement, 1, now.ms - XN_STORE_DETAIL_DAYS * DAY_MS);
		sqlite3_bind_int64(statement, 2, rows);
		if ((result = xn_sql_run(store, statement, err)) != XN_OK)
			return result;
		*ret_pruned += (uint32_t)sqlite3_changes(store->db);
	}
	return XN_OK;
}

/* ---- what stands beside the entries ---- */

int
xn_store_gauge(struct xn_store *store, enum xn_gauge gauge, const struct xn_books_gauge *row,
    struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_GAUGE, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, row->start.ms);
	sqlite3_bind_int(statement, 2, (int)gauge);
	xn_sql_text(statement, 3, row->name);
	sqlite3_bind_int64(statement, 4, row->end.ms);
	sqlite3_bind_int64(statement, 5, row->mean);
	sqlite3_bind_int64(statement, 6, row->min);
	sqlite3_bind_int64(statement, 7, row->max);
	sqlite3_bind_int64(statement, 8, row->samples);
	return xn_sql_run(store, statement, err);
}

int
xn_store_meter(struct xn_store *store, const struct xn_books_meter *meter, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_METER, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	xn_sql_text(statement, 1, meter->name);
	sqlite3_bind_int(statement, 2, meter->role);
	xn_sql_text(statement, 3, meter->rack);
	xn_sql_text(statement, 4, meter->host);
	xn_sql_text(statement, 5, meter->feed);
	sqlite3_bind_int64(statement, 6, meter->accuracy.ppm);
	sqlite3_bind_int64(statement, 7, meter->transformer.ppm);
	xn_sql_text(statement, 8, meter->calibrated);
	xn_sql_text(statement, 9, meter->certificate);
	return xn_sql_run(store, statement, err);
}

int
xn_store_activity(struct xn_store *store, xn_instant at, const struct xn_books_activity *row,
    struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_ACTIVITY, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, at.ms);
	xn_sql_text(statement, 2, xn_activity_word(row->kind));
	sqlite3_bind_int64(statement, 3, row->start.ms);
	sqlite3_bind_int64(statement, 4, row->end.ms);
	sqlite3_bind_int64(statement, 5, row->milli);
	xn_sql_text(statement, 6, row->about);
	xn_sql_text(statement, 7, row->author);
	xn_sql_text(statement, 8, row->evidence);
	return xn_sql_run(store, statement, err);
}

int
xn_store_energy_plan(struct xn_store *store, xn_instant at, const char *name, const char *actor,
    xn_instant from, xn_instant to, const char *text, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_ENERGY_PLAN, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, at.ms);
	xn_sql_text(statement, 2, name);
	xn_sql_text(statement, 3, actor);
	sqlite3_bind_int64(statement, 4, from.ms);
	sqlite3_bind_int64(statement, 5, to.ms);
	xn_sql_text(statement, 6, text);
	return xn_sql_run(store, statement, err);
}

/* ---- the site, and what an older file has ---- */

/* Copies the rows of the table `ledger`, which had coverage and the estimated share as ratios and
 * knew VMs by name. */
static int
copy_ledger(struct xn_store *store, struct xn_error *err)
{
	sqlite3_stmt *read;
	int result = XN_OK;

	if (sqlite3_prepare_v2(store->db,
		"SELECT start_ms, max(end_ms), account, name, sum(energy_mj), min(coverage_ppm),"
		" max(estimated_ppm) FROM ledger GROUP BY start_ms, account, name",
		-1, &read, NULL) != SQLITE_OK)
		return xn_sql_fail(store, "reading the older ledger", err);
	while (result == XN_OK && sqlite3_step(read) == SQLITE_ROW) {
		struct xn_action row = {.kind = XN_ACT_LEDGER};
		int64_t span = sqlite3_column_int64(read, 1) - sqlite3_column_int64(read, 0);
		int64_t energy = sqlite3_column_int64(read, 4);
		int64_t estimated = sqlite3_column_int64(read, 6);

		row.ledger.start.ms = sqlite3_column_int64(read, 0);
		row.ledger.end.ms = sqlite3_column_int64(read, 1);
		row.ledger.account = (enum xn_account)sqlite3_column_int(read, 2);
		snprintf(row.ledger.name, sizeof(row.ledger.name), "%s",
		    (const char *)sqlite3_column_text(read, 3));
		row.ledger.energy.mj = energy;
		row.ledger.estimated.mj = (energy < 0 ? -energy : energy) / 1000000 * estimated;
		row.ledger.covered.ms = span * sqlite3_column_int64(read, 5) / 1000000;
		row.ledger.span.ms = span;
		row.ledger.grade = estimated > 0 ? XN_GRADE_ESTIMATED : XN_GRADE_MEASURED;
		result = xn_store_ledger(store, 0, row.ledger.start, &row, err);
	}
	sqlite3_finalize(read);
	return result;
}

static int
run_text(struct xn_store *store, const char *sql, struct xn_error *err)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK
	    ? XN_OK
	    : xn_sql_fail(store, "migrating", err);
}

/* What was taken over is not booked again when the journal is replayed: VMs have UUIDs now, so
 * their rows would not be known as the same. */
static int
close_copied(struct xn_store *store, struct xn_error *err)
{
	int result = run_text(store,
	    "INSERT OR REPLACE INTO meta(key, value)"
	    " SELECT '" XN_STORE_TAKEN_OVER "', ifnull(max(end_ms), 0) FROM interval",
	    err);
	char *end = xn_store_meta_of(store, XN_STORE_TAKEN_OVER);

	store->taken_over_ms = end == NULL ? 0 : atoll(end);
	free(end);
	return result;
}

static int
migrate(struct xn_store *store, struct xn_error *err)
{
	char version[64];
	bool old = sqlite3_table_column_metadata(
		       store->db, NULL, "ledger", NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
	int result = XN_OK;

	if (old)
		result = copy_ledger(store, err);
	if (old && result == XN_OK)
		result = close_copied(store, err);
	if (old && result == XN_OK)
		result = run_text(store, "DROP TABLE ledger", err);
	snprintf(version, sizeof(version), "PRAGMA user_version = %d", XN_BOOKS_VERSION);
	return result == XN_OK ? run_text(store, version, err) : result;
}

static int
put_site(struct xn_store *store, const struct xn_books_site *site, struct xn_error *err)
{
	char offset[24], interval[24];
	const char *const facts[][2] = {
	    {XN_BOOKS_META_NAME, site->name},
	    {XN_BOOKS_META_TITLE_VI, site->title_vi},
	    {XN_BOOKS_META_TITLE_EN, site->title_en},
	    {XN_BOOKS_META_TIMEZONE, site->timezone},
	    {XN_BOOKS_META_OFFSET, offset},
	    {XN_BOOKS_META_INTERVAL, interval},
	};
	int result = XN_OK;

	snprintf(offset, sizeof(offset), "%d", site->utc_offset_s);
	snprintf(interval, sizeof(interval), "%lld", (long long)site->interval.ms);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]) && result == XN_OK; i++)
		result = xn_store_meta(store, facts[i][0], facts[i][1], err);
	return result;
}

int
xn_store_site(struct xn_store *store, const struct xn_books_site *site, struct xn_error *err)
{
	int result = xn_store_begin(store, err);

	if (result != XN_OK)
		return result;
	store->utc_offset_s = site->utc_offset_s;
	if ((result = put_site(store, site, err)) == XN_OK)
		result = migrate(store, err);
	if (result == XN_OK)
		result = xn_store_commit(store, err);
	if (result != XN_OK)
		xn_store_rollback(store);
	return result;
}
