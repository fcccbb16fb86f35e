/* What actions leave behind: alarms, operations, policies; and the ballast. */
#include "orchestrator/shell/store_sqlite.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

int
xn_store_alarm(
    struct xn_store *store, xn_instant at, const struct xn_action *alarm, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_ALARM, err);

	assert(alarm->kind == XN_ACT_ALARM);
	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, at.ms);
	sqlite3_bind_int64(statement, 2, alarm->alarm.id);
	sqlite3_bind_int(statement, 3, alarm->alarm.raised);
	sqlite3_bind_int(statement, 4, (int)alarm->alarm.severity);
	xn_sql_text(statement, 5, alarm->alarm.subject);
	xn_sql_text(statement, 6, alarm->alarm.text);
	return xn_sql_run(store, statement, err);
}

int
xn_store_op(
    struct xn_store *store, xn_instant at, const struct xn_action *action, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_OP, err);
	uint8_t bytes[512];
	struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};

	if (statement == NULL)
		return XN_ESYSTEM;
	xn_action_encode(action, &out);
	assert(!out.full);
	sqlite3_bind_int64(statement, 1, (int64_t)action->virt.request);
	sqlite3_bind_int64(statement, 2, at.ms);
	sqlite3_bind_int(statement, 3, (int)action->kind);
	xn_sql_bytes(statement, 4, bytes, out.used);
	return xn_sql_run(store, statement, err);
}

int
xn_store_op_done(struct xn_store *store, xn_instant at, uint64_t request,
    enum xn_virt_outcome outcome, const char *text, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_OP_DONE, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, at.ms);
	sqlite3_bind_int(statement, 2, (int)outcome);
	xn_sql_text(statement, 3, text);
	sqlite3_bind_int64(statement, 4, (int64_t)request);
	return xn_sql_run(store, statement, err);
}

int
xn_store_policy(struct xn_store *store, xn_instant at, const char *name, const char *actor,
    const void *text, size_t size, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_POLICY, err);

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, at.ms);
	xn_sql_text(statement, 2, name);
	xn_sql_text(statement, 3, actor);
	sqlite3_bind_text64(statement, 4, text, size, SQLITE_TRANSIENT, SQLITE_UTF8);
	return xn_sql_run(store, statement, err);
}

char *
xn_store_policy_of(struct xn_store *store)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_POLICY_READ, NULL);
	char *text = NULL;

	if (statement == NULL)
		return NULL;
	if (sqlite3_step(statement) == SQLITE_ROW)
		text = xn_sql_copy(statement, 0);
	sqlite3_reset(statement);
	return text;
}

uint64_t
xn_store_op_last(struct xn_store *store)
{
	sqlite3_stmt *statement = xn_sql(store, XN_SQL_OP_LAST, NULL);
	uint64_t request = 0;

	if (statement == NULL)
		return 0;
	if (sqlite3_step(statement) == SQLITE_ROW)
		request = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return request;
}

/* ---- ballast: 16 MiB, or an eighth of a small disk ---- */

#define BALLAST_MAX (UINT64_C(16) << 20)

uint64_t
xn_store_room(const struct xn_store *store)
{
	struct statvfs disk;

	if (statvfs(store->folder, &disk) != 0)
		return 0;
	return (uint64_t)disk.f_bavail * disk.f_frsize;
}

uint64_t
xn_store_ballast(const struct xn_store *store)
{
	return store->ballast_size;
}

static void
ballast_path(const struct xn_store *store, char *path, size_t size)
{
	snprintf(path, size, "%s/ballast", store->folder);
}

void
xn_store_ballast_drop(struct xn_store *store)
{
	char path[4096];

	ballast_path(store, path, sizeof(path));
	unlink(path);
	store->ballast = 0;
}

bool
xn_store_ballast_take(struct xn_store *store)
{
	struct statvfs disk;
	char path[4096];
	int fd;

	ballast_path(store, path, sizeof(path));
	if (statvfs(store->folder, &disk) != 0)
		return false;
	store->ballast_size = (uint64_t)disk.f_blocks * disk.f_frsize / 8;
	if (store->ballast_size > BALLAST_MAX)
		store->ballast_size = BALLAST_MAX;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	if (posix_fallocate(fd, 0, (off_t)store->ballast_size) == 0)
		store->ballast = store->ballast_size;
	close(fd);
	if (store->ballast == 0)
		unlink(path);
	return store->ballast != 0;
}
