/*
 * The outlook as answers (question.h): "/forecast/KIND", with `hours`, and "/forecast/KIND/score",
 * with `days`. Kinds: load, it, pv, temperature, demand. Fields end with their unit, "_kw" or "_c".
 */
#ifndef XN_BOOKS_OUTLOOK_VIEW_H
#define XN_BOOKS_OUTLOOK_VIEW_H

#include "orchestrator/books/energy_plans.h"
#include "orchestrator/books/outlook.h"

json_t *xn_outlook_show(const struct xn_question *question, struct xn_error *err);
json_t *xn_outlook_check(const struct xn_question *question, struct xn_error *err);

/* ---- for outlook_demand.c ---- */

/* NaN: null. */
json_t *xn_outlook_number(double value);

/*
 * What a forecast of demand means for the contract and the bill: its highest mean beside each
 * month's so far (`months`), the plan's limit, and the events of demand response in it (`events`).
 */
int xn_outlook_put_demand(json_t *answer, const struct xn_question *question,
    const struct xn_outlook *outlook, const struct xn_forecast *forecast,
    const struct xn_energy_plan *plan, struct xn_error *err);

#endif
