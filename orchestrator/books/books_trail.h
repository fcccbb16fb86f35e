/*
 * Trail: what the audit and the operations of a state folder say of a span of time, read by the
 * handle of the books. Texts are good until the next row.
 */
#ifndef XN_BOOKS_BOOKS_TRAIL_H
#define XN_BOOKS_BOOKS_TRAIL_H

#include "orchestrator/books/books.h"

struct xn_books_note {
	xn_instant at;
	const char *actor, *body;
};

/* Rows of the audit with this action whose time is in [from, to), in their order. */
int xn_books_notes(struct xn_books *books, const char *action, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_note *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

struct xn_books_move {
	xn_instant at;
	bool ended, done;
};

/* Migrations that were asked for in [from, to). */
int xn_books_moves(struct xn_books *books, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_move *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

#endif
