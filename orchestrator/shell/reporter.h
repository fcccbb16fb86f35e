/*
 * Reporter: makes reports in a thread of its own, with its own connections and the site's report
 * key, one after the other; and once a minute those that a schedule is due for. Freezing and filing
 * are noted in the audit by the loop's thread.
 */
#ifndef XN_SHELL_REPORTER_H
#define XN_SHELL_REPORTER_H

#include "common/loop.h"
#include "orchestrator/shell/http.h"
#include "orchestrator/shell/store.h"

struct xn_reporter;

/* The credentials "report-key" and "report-cert" in `credentials` (NULL: systemd's) sign; without
 * them reports are made unsigned, which is logged. */
int xn_reporter_start(struct xn_reporter **ret_reporter, struct xn_loop *loop,
    struct xn_store *store, const char *state_folder, const char *credentials,
    struct xn_error *err);
/* Those that still wait are answered with 503. */
void xn_reporter_stop(struct xn_reporter *reporter);

/* Answers the request with a job (orchestrator/reports/job.h): parameters are those of its query
 * or its JSON body, `id` is that of its path; "". */
void xn_reporter_ask(struct xn_reporter *reporter, struct xn_http_request *request,
    const char *action, const char *actor, const char *id);

/* Once a minute. */
void xn_reporter_tick(struct xn_reporter *reporter);

#endif
