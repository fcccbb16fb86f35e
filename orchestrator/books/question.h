/*
 * Questions: what can be asked of the books, each a path with parameters and its answer in JSON.
 * xanhd serves them under /api/v1, and `xanh ... --state DIR` asks the same ones of a state folder
 * without a daemon, so that the page, the command line and an auditor see one answer.
 */
#ifndef XN_BOOKS_QUESTION_H
#define XN_BOOKS_QUESTION_H

#include <jansson.h>

#include "orchestrator/books/books.h"
#include "orchestrator/books/period.h"

struct xn_question {
	struct xn_books *books;
	const char *argument; /* the "*" of the path; "" */
	xn_instant now;
	/* The value of a parameter, one of xn_question_parameters; NULL: not given. */
	const char *(*parameter)(const void *context, const char *name);
	const void *context;
};

/* Every parameter that some question takes; ends with NULL. */
extern const char *const xn_question_parameters[];

/*
 * The answer to `path` ("/energy/flow"; "*" of a path goes to its question's argument). NULL and
 * *err: XN_ENOTFOUND for a path or thing that does not exist, XN_EINVALID for a bad parameter.
 */
json_t *xn_question_answer(
    const struct xn_question *question, const char *path, struct xn_error *err);

/* ---- for those who answer ---- */

const char *xn_question_get(const struct xn_question *question, const char *name);

/* Site time, and the end of what is booked. */
struct xn_period_place xn_question_place(const struct xn_question *question);

/* The span of --period, --window or --from and --to; the current month if none is given. */
int xn_question_period(
    const struct xn_question *question, struct xn_period *ret_period, struct xn_error *err);

/* A whole number within bounds; `otherwise` when it is not given. */
int xn_question_number(const struct xn_question *question, const char *name, int64_t otherwise,
    int64_t least, int64_t most, int64_t *ret_value, struct xn_error *err);

#endif
