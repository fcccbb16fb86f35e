/*
 * What an outlet that was not read is taken to have given: its part of what its host's curve says
 * at the CPU its VMs used, over the time that no reading covers. It is booked to the host's VMs and
 * the host as estimated (grade E), and owed: when the outlet's register tells later, or a person
 * says it, that takes its place (ledger_late.h). A meter's own row never has an estimate.
 *
 * Invariants: (1) an estimate is never negative; (2) what takes the place of an estimate takes no
 * more than was owed.
 */
#ifndef XN_CORE_LEDGER_ESTIMATE_H
#define XN_CORE_LEDGER_ESTIMATE_H

#include "orchestrator/core/core.h"

/* Adds to what hosts are expected to draw in the open interval; at every tick. */
void xn_ledger_expect(struct xn_core *core);

/* Books estimates in the interval that begins to close. */
void xn_ledger_estimate(struct xn_core *core);

/* What of the outlet's estimates gives way to `covered` time that is told now within [start, end):
 * the energy, and of it what is still marked as estimated in the host's own row. */
struct xn_instead xn_ledger_settle(
    struct xn_core *core, uint32_t meter, xn_instant start, xn_instant end, xn_duration covered);

#endif
