#include "orchestrator/books/books_trail.h"

#include "orchestrator/books/books_inside.h"

static int
prepare(struct xn_books *books, const char *sql, xn_instant from, xn_instant to,
    sqlite3_stmt **ret_statement, struct xn_error *err)
{
	if (sqlite3_prepare_v2(books->db, sql, -1, ret_statement, NULL) != SQLITE_OK)
		return xn_books_fail(books, "reading the trail", err);
	sqlite3_bind_int64(*ret_statement, 1, from.ms);
	sqlite3_bind_int64(*ret_statement, 2, to.ms);
	return XN_OK;
}

int
xn_books_notes(struct xn_books *books, const char *action, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_note *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement;
	int code = SQLITE_DONE;
	int result = prepare(books,
	    "SELECT at_ms, actor, body FROM audit WHERE at_ms >= ?1 AND at_ms < ?2 AND action = ?3"
	    " ORDER BY seq",
	    from, to, &statement, err);

	if (result != XN_OK)
		return result;
	sqlite3_bind_text(statement, 3, action, -1, SQLITE_STATIC);
	while (result == XN_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct xn_books_note row = {.at = {sqlite3_column_int64(statement, 0)},
		    .actor = xn_books_text(statement, 1),
		    .body = xn_books_text(statement, 2)};

		result = each(&row, context, err);
	}
	if (result == XN_OK && code != SQLITE_DONE)
		result = xn_books_fail(books, "reading the audit", err);
	sqlite3_finalize(statement);
	return result;
}

int
xn_books_moves(struct xn_books *books, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_move *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err)
{
	sqlite3_stmt *statement;
	int code = SQLITE_DONE;
	int result = prepare(books,
	    "SELECT at_ms, outcome FROM op WHERE at_ms >= ?1 AND at_ms < ?2 AND kind = ?3"
	    " ORDER BY request",
	    from, to, &statement, err);

	if (result != XN_OK)
		return result;
	sqlite3_bind_int(statement, 3, XN_ACT_MIGRATE);
	while (result == XN_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct xn_books_move row = {.at = {sqlite3_column_int64(statement, 0)},
		    .ended = sqlite3_column_type(statement, 1) != SQLITE_NULL,
		    .done = sqlite3_column_int(statement, 1) == XN_VIRT_OK};

		result = each(&row, context, err);
	}
	if (result == XN_OK && code != SQLITE_DONE)
		result = xn_books_fail(books, "reading the operations", err);
	sqlite3_finalize(statement);
	return result;
}
