/*
 * The rows of one interval that is over: what each account gave or took, in a fixed order, a place
 * of the list at a time. Sources are positive and sinks negative; memo rows are positive.
 *
 * Overhead is what serves IT without being IT: cooling, by the zone's own ratio (a rack's zone is
 * its cooling meter; racks without one share the coolers that no rack names); losses, what racks
 * draw beside their hosts, and positive unexplained energy by IT over the whole site. HOST and VM
 * rows carry it in proportion to their energy, PLATFORM and AGENCY rows the sums of their VMs.
 *
 * Invariants: (1) the rows of the balance sum to exactly zero; (2) the overheads of HOST and VM
 * rows sum to exactly what there was to carry; (3) PLATFORM rows sum to the VM rows, and so do
 * AGENCY rows.
 */
#ifndef XN_CORE_LEDGER_ROWS_H
#define XN_CORE_LEDGER_ROWS_H

#include "orchestrator/core/core.h"

/* Transformer, UPS and cables lose at most so much of what the sources give; more is unexplained.
 */
#define XN_LEDGER_LOSSES_PPM 120000
/* The platform or agency of VMs that say none, and of those beyond XN_GROUPS_MAX. */
#define XN_LEDGER_UNASSIGNED "unassigned"
#define XN_LEDGER_OTHERS     "others"

/* What the rows need to know of the whole interval; once its sums have been set aside. */
void xn_ledger_prepare(struct xn_core *core);

/* The rows at one place of the list; false: it was the last. */
bool xn_ledger_rows(struct xn_core *core, struct xn_actions *actions, uint32_t place);

/* A new row of the closing interval; the caller fills in the rest. */
struct xn_action *xn_ledger_row(struct xn_core *core, struct xn_actions *actions,
    enum xn_account account, uint32_t subject, const char *name, xn_energy energy);

#endif
