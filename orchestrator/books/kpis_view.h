/*
 * The indicators of a span as JSON: one answer for the API, the command line and reports. A value
 * always has its unit, span, coverage and estimated share beside it; null where there is none.
 */
#ifndef XN_BOOKS_KPIS_VIEW_H
#define XN_BOOKS_KPIS_VIEW_H

#include "orchestrator/books/kpis.h"
#include "orchestrator/books/question.h"

/* {"site", "period", "from", "to", "finished", "coverage_min", "estimated_max", "rows": [...],
 * "meters": [...]}; `only` XN_KPI_COUNT: all indicators, without meters. NULL and *err. */
json_t *xn_kpis_view(struct xn_books *books, const struct xn_period *period, xn_instant now,
    enum xn_kpi_id only, struct xn_error *err);

/* Answers (question.h): all of them, and the one of the argument with the meters it stands on. */
json_t *xn_kpis_all(const struct xn_question *question, struct xn_error *err);
json_t *xn_kpis_one(const struct xn_question *question, struct xn_error *err);

#endif
