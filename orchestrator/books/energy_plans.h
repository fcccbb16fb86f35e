/*
 * Energy plans: the answers about plans that were applied (question.h): what holds now, what a span
 * cost and emitted by the plans in force in each of its intervals, and how far it was from them.
 */
#ifndef XN_BOOKS_ENERGY_PLANS_H
#define XN_BOOKS_ENERGY_PLANS_H

#include "orchestrator/books/gap.h"
#include "orchestrator/books/question.h"

/* The plan in force, its week, its text. */
json_t *xn_energy_plans_show(const struct xn_question *question, struct xn_error *err);
/* Every plan that was applied, the last one first. */
json_t *xn_energy_plans_list(const struct xn_question *question, struct xn_error *err);
/* Cost by band, demand, VAT; carbon by location and by market. */
json_t *xn_energy_plans_cost(const struct xn_question *question, struct xn_error *err);
/* Actual beside target, `by` hour or day. */
json_t *xn_energy_plans_gap(const struct xn_question *question, struct xn_error *err);

/* ---- for others of the books ---- */

/* Plans by instant, each compiled once. */
struct xn_plans {
	struct xn_books *books;
	struct xn_arena arena;
	char *text;                        /* of `plan` */
	const struct xn_energy_plan *plan; /* compiled last */
	const struct xn_energy_plan *now;  /* in force from `since` to `until` */
	xn_instant since, until, asked;
};

void xn_plans_open(struct xn_plans *plans, struct xn_books *books);
void xn_plans_close(struct xn_plans *plans);
/* The plan in force at an instant, good until xn_plans_close; NULL: none was, or what was stored
 * compiles no more. */
const struct xn_energy_plan *xn_plans_at(struct xn_plans *plans, xn_instant at);

/* The intervals of a span with what the ledger says of each, malloc'ed, and how well it was known.
 */
int xn_plans_intervals(struct xn_books *books, xn_instant from, xn_instant to,
    struct xn_price_interval **ret_intervals, unsigned *ret_count, struct xn_amount *ret_known,
    struct xn_error *err);

#endif
