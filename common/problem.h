/*
 * Problems: everything that is wrong with the files of one check, collected so that a person mends
 * all of it in one go (contracts/configuration.md section 2). A problem has a place in a source, a
 * sentence and, where there is one, advice. Owns nothing: texts and rows live in the arena given.
 *
 * Invariants: (1) printing is in the order of file (as first read), line, column; (2) after
 * XN_PROBLEMS_PER_FILE problems in a file the rest is only counted.
 */
#ifndef XN_COMMON_PROBLEM_H
#define XN_COMMON_PROBLEM_H

#include <stdbool.h>
#include <stdio.h>

#include "common/arena.h"

#define XN_PROBLEMS_PER_FILE 100

/* A text that was read: its path as a person gave it and its bytes. */
struct xn_source {
	const char *path;
	const char *bytes;
	size_t size;
	unsigned order; /* in which it was read */
};

/* A place: line and column count from 1, the column and width in characters. */
struct xn_mark {
	const struct xn_source *source;
	unsigned line;
	unsigned column;
	unsigned width;
};

struct xn_problem {
	struct xn_problem *next;
	struct xn_mark mark;
	const char *text;
	const char *advice; /* NULL if there is none */
};

struct xn_problems {
	struct xn_arena *arena;
	struct xn_problem *first;
	unsigned count;
	unsigned sources; /* read so far: the next one's `order` */
};

void xn_problems_init(struct xn_problems *problems, struct xn_arena *arena);

/* Adds a problem; `advice` may be NULL ("did you mean 'height'?"). */
void xn_problem_add(struct xn_problems *problems, struct xn_mark mark, const char *advice,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether one more problem would still be listed, so that advice for it is worth working out. */
bool xn_problems_listen(const struct xn_problems *problems);

/* Prints every problem with its line and a caret (tabs and wide characters kept aligned). */
void xn_problems_print(const struct xn_problems *problems, FILE *out);

#endif
