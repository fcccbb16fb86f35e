/*
 * Energy: the answers about where joules came from and went to (question.h). Sources and sinks are
 * both shown positive; which one an account is, stands beside it.
 */
#ifndef XN_BOOKS_ENERGY_H
#define XN_BOOKS_ENERGY_H

#include "orchestrator/books/question.h"

/* Entries as they were booked, to the millijoule, sinks negative; the last hour if no span is
 * given. */
json_t *xn_energy_entries(const struct xn_question *question, struct xn_error *err);
/* By account over a span; `by` day, interval or month; `account` lists its names. */
json_t *xn_energy_show(const struct xn_question *question, struct xn_error *err);
/* From sources to cooling, losses and agencies. */
json_t *xn_energy_flow(const struct xn_question *question, struct xn_error *err);
/* Debits against credits, by interval, day or month, and what nothing explains. */
json_t *xn_energy_balance(const struct xn_question *question, struct xn_error *err);
/* A span against another (`with`), or the one before it. */
json_t *xn_energy_compare(const struct xn_question *question, struct xn_error *err);
/* How well each meter was read. */
json_t *xn_energy_coverage(const struct xn_question *question, struct xn_error *err);
/* What was amended, by whom and why. */
json_t *xn_energy_corrections(const struct xn_question *question, struct xn_error *err);
/* By platform or agency (`by`), with the cooling and losses carried to them. */
json_t *xn_energy_tenants(const struct xn_question *question, struct xn_error *err);
/* By VM: those of a `name`, `platform` or `agency`, the `top` largest. */
json_t *xn_energy_vms(const struct xn_question *question, struct xn_error *err);

#endif
