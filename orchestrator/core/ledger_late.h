/*
 * What is added to intervals that are closed: what a meter told late, and what a person or an
 * import corrects. Energy of one meter and interval is gathered while more of it comes, then leaves
 * as rows that are marked as a correction: the meter's memo row, the row of its account, and one of
 * the account that had the energy until now (UNEXPLAINED, or RACK_OTHER for an outlet behind a
 * metered feed).
 *
 * Invariants: (1) the rows of one step and interval sum to zero, memo rows apart, and there is one
 * of each account and subject; (2) a step has the rows of one person's correction, or of what
 * meters told late, never of both; (3) what leaves sums to exactly what was to be added.
 */
#ifndef XN_CORE_LEDGER_LATE_H
#define XN_CORE_LEDGER_LATE_H

#include "orchestrator/core/core.h"

#define XN_LEDGER_AUTHOR "xanhd" /* of what a meter told late */
/* Days back that something is corrected at most; what is older is spread over these. */
#define XN_LEDGER_DAYS   400

/* Adds to closed intervals of a meter, evenly over [start, end). False: there is no room. */
bool xn_ledger_late(struct xn_core *core, uint32_t meter, xn_instant start, xn_instant end,
    const struct xn_tally *tally);

/* XN_EV_CORRECTION. */
void xn_ledger_correct(
    struct xn_core *core, const struct xn_event *event, struct xn_actions *actions);

/* Lets rows of corrections go, as many as a step has room for. */
void xn_ledger_correct_some(struct xn_core *core, struct xn_actions *actions);

#endif
