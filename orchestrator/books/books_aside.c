/* What stands beside the entries: corrections, meters, gauges, activities, plans. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/books/books_inside.h"

#define ACTIVITY_WORD(name, word, unit) [name] = word,
#define ACTIVITY_UNIT(name, word, unit) [name] = unit,
static const char *const activity_words[] = {XN_ACTIVITIES(ACTIVITY_WORD)};
static const char *const activity_units[] = {XN_ACTIVITIES(ACTIVITY_UNIT)};
#undef ACTIVITY_WORD
#undef ACTIVITY_UNIT

const char *
xn_activity_word(enum xn_activity kind)
{
	return activity_words[kind];
}

const char *
xn_activity_unit(enum xn_activity kind)
{
	return activity_units[kind];
}

bool
xn_activity_of(const char *word, enum xn_activity *ret_kind)
{
	for (int i = 0; i < XN_ACTIVITY_COUNT; i++)
		if (strcmp(activity_words[i], word) == 0) {
			*ret_kind = (enum xn_activity)i;
			return true;
		}
	return false;
}

/* The end of every walk over a statement's rows. */
static int
finish(struct xn_books *books, sqlite3_stmt *statement, int code, int result, struct xn_error *err)
{
	if (result == XN_OK && code != SQLITE_DONE)
		result = xn_books_fail(books, "reading", err);
	sqlite3_reset(statement);
	return result;
}

int
xn_books_corrections(struct xn_books *books, int64_t since,
    int (*each)(const struct xn_books_correction *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_CORRECTIONS, err);
	int code, result = XN_OK;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, since);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && result == XN_OK) {
		struct xn_books_correction row = {
		    .revision = sqlite3_column_int64(statement, 0),
		    .at = {sqlite3_column_int64(statement, 1)},
		    .author = xn_books_text(statement, 2),
		    .reason = xn_books_text(statement, 3),
		    .evidence = xn_books_text(statement, 4),
		};
		result = each(&row, context, err);
	}
	return finish(books, statement, code, result, err);
}

int
xn_books_meters(struct xn_books *books,
    int (*each)(const struct xn_books_meter *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_METERS, err);
	int code, result = XN_OK;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int(statement, 1, XN_ACCOUNT_METER);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && result == XN_OK) {
		struct xn_books_meter row = {
		    .name = xn_books_text(statement, 0),
		    .role = sqlite3_column_int(statement, 1),
		    .rack = xn_books_text(statement, 2),
		    .host = xn_books_text(statement, 3),
		    .feed = xn_books_text(statement, 4),
		    .accuracy = {sqlite3_column_int64(statement, 5)},
		    .transformer = {sqlite3_column_int64(statement, 6)},
		    .calibrated = xn_books_text(statement, 7),
		    .certificate = xn_books_text(statement, 8),
		    .first = {sqlite3_column_int64(statement, 9)},
		    .last = {sqlite3_column_int64(statement, 10)},
		};
		result = each(&row, context, err);
	}
	return finish(books, statement, code, result, err);
}

int
xn_books_gauges(struct xn_books *books, enum xn_gauge gauge, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_gauge *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_GAUGES, err);
	int code, result = XN_OK;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, from.ms);
	sqlite3_bind_int64(statement, 2, to.ms);
	sqlite3_bind_int(statement, 3, (int)gauge);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && result == XN_OK) {
		struct xn_books_gauge row = {
		    .start = {sqlite3_column_int64(statement, 0)},
		    .end = {sqlite3_column_int64(statement, 1)},
		    .name = xn_books_text(statement, 2),
		    .mean = sqlite3_column_int64(statement, 3),
		    .min = sqlite3_column_int64(statement, 4),
		    .max = sqlite3_column_int64(statement, 5),
		    .samples = (uint32_t)sqlite3_column_int64(statement, 6),
		};
		result = each(&row, context, err);
	}
	return finish(books, statement, code, result, err);
}

int
xn_books_activities(struct xn_books *books, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_activity *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_ACTIVITIES, err);
	int code, result = XN_OK;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, from.ms);
	sqlite3_bind_int64(statement, 2, to.ms);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && result == XN_OK) {
		struct xn_books_activity row = {
		    .revision = sqlite3_column_int64(statement, 0),
		    .start = {sqlite3_column_int64(statement, 2)},
		    .end = {sqlite3_column_int64(statement, 3)},
		    .milli = sqlite3_column_int64(statement, 4),
		    .about = xn_books_text(statement, 5),
		    .author = xn_books_text(statement, 6),
		    .evidence = xn_books_text(statement, 7),
		};

		if (!xn_activity_of(xn_books_text(statement, 1), &row.kind))
			result = xn_fail(err, XN_EINVALID, "%s has an activity '%.32s'",
			    books->path, xn_books_text(statement, 1));
		else
			result = each(&row, context, err);
	}
	return finish(books, statement, code, result, err);
}

int
xn_books_energy_plan(struct xn_books *books, xn_instant at, char **ret_text, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_ENERGY_PLAN, err);
	char *text = NULL;
	int code;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, at.ms);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		text = strdup(xn_books_text(statement, 0));
	sqlite3_reset(statement);
	if (code == SQLITE_DONE)
		return xn_fail(err, XN_ENOTFOUND, "no energy plan is in force");
	if (text == NULL)
		return xn_books_fail(books, "reading the energy plan", err);
	*ret_text = text;
	return XN_OK;
}

int
xn_books_energy_plans(struct xn_books *books,
    int (*each)(const struct xn_books_plan *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_ENERGY_PLANS, err);
	int result = XN_OK;
	int code = SQLITE_DONE;

	if (statement == NULL)
		return XN_ESYSTEM;
	while (result == XN_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct xn_books_plan row = {
		    .at = {sqlite3_column_int64(statement, 0)},
		    .name = xn_books_text(statement, 1),
		    .actor = xn_books_text(statement, 2),
		    .from = {sqlite3_column_int64(statement, 3)},
		    .to = {sqlite3_column_int64(statement, 4)},
		};

		result = each(&row, context, err);
	}
	return finish(books, statement, code, result, err);
}
