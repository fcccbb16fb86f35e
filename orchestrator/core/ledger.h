/*
 * Ledger: energy booked like money. An interval (topology->interval, aligned in site time) collects
 * what meters booked in its time; when it is over, every joule that a source gave is carried to
 * cooling, losses, racks, hosts and VMs, and what nothing explains is a row of its own
 * (ledger_rows.h).
 *
 * A piece of energy lands where its time is: in the interval that began last or in the one before
 * it, which closes once every meter that is not lost has been read past its end, topology->lost
 * after it at the latest. Of what is older a correction is made (ledger_late.h).
 *
 * A source that takes energy back (a battery that charges, a grid that is fed) books pieces below
 * zero: its row is what it gave less what it took, and below zero it is a sink like any other.
 *
 * Invariants: (1) the rows of an interval sum to exactly zero, memo rows apart, and so do those of
 * a correction; (2) the rows of VMs and hosts sum to exactly what the hosts' outlets booked; (3) a
 * large interval leaves over several steps, a bounded number of rows each, and nothing booked
 * meanwhile enters it; (4) every joule of every piece is in exactly one slot, row or correction.
 */
#ifndef XN_CORE_LEDGER_H
#define XN_CORE_LEDGER_H

#include "orchestrator/core/core.h"

#define XN_LEDGER_ROWS_PER_STEP 2000 /* with whatever else the step asks for: half of the room */

/* Books a piece of a meter, and its shares to hosts and VMs. */
void xn_ledger_book(struct xn_core *core, uint32_t meter, const struct xn_meter_piece *piece);

/* Begins and closes intervals as they are due; lets rows go. */
void xn_ledger_advance(struct xn_core *core, struct xn_actions *actions);

/* Adds a part to a sum: energy, time, events, and the worse grade. */
void xn_tally_add(struct xn_tally *sum, const struct xn_tally *part);

/* The next instant at which it wants to be stepped. */
xn_instant xn_ledger_next(const struct xn_core *core);

/* The start of the interval that holds an instant. */
xn_instant xn_ledger_aligned(const struct xn_core *core, xn_instant at);

/* The start of the oldest interval that is not closed: what is older is corrected. */
xn_instant xn_ledger_open_since(const struct xn_core *core);

#endif
