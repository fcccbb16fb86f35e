/*
 * Lines: what the answers about energy are made of: rows of the books, one for each step, account
 * and name, and what every such answer begins and ends with.
 */
#ifndef XN_BOOKS_ENERGY_LINES_H
#define XN_BOOKS_ENERGY_LINES_H

#include "orchestrator/books/question.h"

#define XN_LINES_MAX 100000

struct xn_line {
	xn_instant start, end;
	enum xn_account account;
	char name[XN_NAME_SIZE];
	char platform[XN_NAME_SIZE];
	char agency[XN_NAME_SIZE];
	struct xn_amount amount;
};

/* The items are malloc'ed. */
struct xn_lines {
	struct xn_line *items;
	size_t count, room;
	bool cut; /* there were more than XN_LINES_MAX */
};

int xn_lines_read(const struct xn_question *question, const struct xn_books_query *query,
    struct xn_lines *ret_lines, struct xn_error *err);

/* Widens the lines' time to be measured by the part of the span that has no entries at all. */
int xn_lines_widen(const struct xn_question *question, const struct xn_period *period,
    struct xn_lines *lines, struct xn_error *err);

/* The answer's head: the site, the span and whether the books reach over it. */
json_t *xn_lines_begin(const struct xn_question *question, const struct xn_period *period);
/* Sets its rows and frees the lines. */
json_t *xn_lines_answer(json_t *answer, struct xn_lines *lines, json_t *rows);

/* A part of a whole, which must be above 0; else null. */
json_t *xn_lines_share(int64_t part_mj, int64_t whole_mj);

#endif
