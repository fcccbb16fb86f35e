/*
 * Ledger: energy booked like money. An interval (topology->interval, aligned in site time) collects
 * what meters booked; when it is over, every joule that a source gave is carried to cooling,
 * losses, racks, hosts and VMs, and what nothing explains is a row of its own. A reading that
 * straddles the end belongs to the interval in which it was read, on both sides of the balance
 * alike.
 *
 * Invariants: (1) the rows of an interval sum to exactly zero, memo rows apart (ledger_rows.h);
 * (2) the rows of VMs and hosts sum to exactly what the hosts' outlets booked; (3) a large interval
 * leaves over several steps, a bounded number of rows each, and nothing booked meanwhile enters it.
 */
#ifndef XN_CORE_LEDGER_H
#define XN_CORE_LEDGER_H

#include "orchestrator/core/core.h"

#define XN_LEDGER_ROWS_PER_STEP 2000 /* with whatever else the step asks for: half of the room */

/* Begins to close the interval once it is over, and goes on with one that is being closed. */
void xn_ledger_advance(struct xn_core *core, struct xn_actions *actions);

/* The next instant at which it wants to be stepped. */
xn_instant xn_ledger_next(const struct xn_core *core);

#endif
