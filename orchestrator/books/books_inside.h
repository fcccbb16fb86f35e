/*
 * Inside of the books: the connection, its prepared questions, and the holders in memory. Only
 * books*.c include this.
 */
#ifndef XN_BOOKS_BOOKS_INSIDE_H
#define XN_BOOKS_BOOKS_INSIDE_H

#include <sqlite3.h>

#include "orchestrator/books/books.h"

enum xn_books_sql {
	XN_BOOKS_SQL_HOLD,
	XN_BOOKS_SQL_PIN,
	XN_BOOKS_SQL_RELEASE,
	XN_BOOKS_SQL_META,
	XN_BOOKS_SQL_NEWEST,
	XN_BOOKS_SQL_HOLDERS,
	XN_BOOKS_SQL_RANGE,
	XN_BOOKS_SQL_INTERVALS,
	XN_BOOKS_SQL_ENTRY,
	XN_BOOKS_SQL_TOTAL,
	XN_BOOKS_SQL_DETAIL_ONE,
	XN_BOOKS_SQL_DETAIL,
	XN_BOOKS_SQL_DAY_ONE,
	XN_BOOKS_SQL_DAY,
	XN_BOOKS_SQL_MONTH_ONE,
	XN_BOOKS_SQL_MONTH,
	XN_BOOKS_SQL_CORRECTIONS,
	XN_BOOKS_SQL_METERS,
	XN_BOOKS_SQL_GAUGES,
	XN_BOOKS_SQL_ACTIVITIES,
	XN_BOOKS_SQL_ENERGY_PLAN,
	XN_BOOKS_SQL_ENERGY_PLANS,
	XN_BOOKS_SQL_COUNT
};

struct xn_books_holder {
	int64_t id;
	enum xn_account account;
	char *text; /* holds the four */
	const char *name, *subject, *platform, *agency;
};

/* A sum that grows; `count` rows went into it. */
struct xn_books_cell {
	int64_t energy, overhead, estimated, covered, span;
	uint32_t grades, events, count;
};

struct xn_books_step_span {
	int64_t start, end;
};

struct xn_books {
	sqlite3 *db;
	sqlite3_stmt *statements[XN_BOOKS_SQL_COUNT];
	char path[4096];
	struct xn_books_site site;
	unsigned held;
	/* In the order of account, name, subject, platform, agency. */
	struct xn_books_holder *holders;
	uint32_t holder_count, holder_room;
	int64_t holder_last;
	/* Of the question that is being answered: */
	const struct xn_books_holder **selected; /* by rank */
	uint32_t *rank_of;                       /* by a holder's id */
	uint32_t selected_count;
	struct xn_books_cell *cells; /* by step, then rank */
	size_t cell_room;
	struct xn_books_step_span *steps;
	uint32_t step_count, step_room;
};

/* The statement, reset and free of bindings; NULL and *err when SQLite refuses it. */
sqlite3_stmt *xn_books_sql(struct xn_books *books, enum xn_books_sql which, struct xn_error *err);
int xn_books_fail(struct xn_books *books, const char *doing, struct xn_error *err);
const char *xn_books_text(sqlite3_stmt *statement, int column);

#endif
