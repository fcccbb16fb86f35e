/*
 * Job: one thing that is asked of the reports, by the API or by a command on a state folder, done
 * by the same code. Parameters are texts as a person gave them:
 *
 *   export    kind, period (or window, from and to), format, language, platform, agency, table,
 *             draft, facts (a path, of commands only), name (of the file; its evidence comes along)
 *   freeze    kind, period, platform, agency
 *   file      id, reference
 *   list
 *   schedule-list, schedule-add, schedule-remove (kind, every, day, time, format, language, folder,
 *             freeze; id)
 *   bundle    period, folder
 */
#ifndef XN_REPORTS_JOB_H
#define XN_REPORTS_JOB_H

#include <jansson.h>

#include "orchestrator/reports/export.h"

struct xn_report_job {
	const char *state; /* folder */
	const char *action;
	struct xn_signer *signer; /* NULL: not signed */
	const char *actor;
	xn_instant now;
	const char *(*parameter)(const void *context, const char *name); /* NULL: not given */
	const void *context;
	void (*progress)(void *context, const char *what); /* NULL */
	void *progress_context;
};

/* One of the two. */
struct xn_report_answer {
	json_t *json;
	char *bytes; /* malloc'ed */
	size_t size;
	const char *type; /* media type of the bytes */
};

/* Parameters of any action; ends with NULL. */
extern const char *const xn_report_parameters[];

int xn_report_do(
    const struct xn_report_job *job, struct xn_report_answer *ret_answer, struct xn_error *err);
void xn_report_forget(struct xn_report_answer *answer);

/* Makes what schedules are due; *ret_made counts files. What fails is noted in the schedule and
 * tried again the next day. */
int xn_report_due(const char *state, struct xn_signer *signer, xn_instant now, unsigned *ret_made,
    struct xn_error *err);

/* For those who do: the order of a job's parameters. The arena holds the facts. */
int xn_report_order_of(const struct xn_report_job *job, struct xn_books *books,
    struct xn_arena *arena, struct xn_export *ret_export, struct xn_error *err);
int xn_report_period_of(const struct xn_report_job *job, struct xn_books *books,
    struct xn_period *ret_period, struct xn_error *err);

/* schedule.c */
int xn_report_schedule(const struct xn_report_job *job, json_t **ret_answer, struct xn_error *err);

#endif
