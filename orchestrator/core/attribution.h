/*
 * Attribution: whose watts a host's outlets give. The idle part of a host is shared by what VMs
 * reserve (vCPUs), the rest by the CPU time they use; what no VM reserved or used stays with the
 * host.
 *
 * Invariants: (1) the shares of a host's VMs and its remainder sum exactly to what was shared, for
 * power and for energy; (2) no share is negative; (3) a VM that uses nothing pays only for what it
 * reserves.
 */
#ifndef XN_CORE_ATTRIBUTION_H
#define XN_CORE_ATTRIBUTION_H

#include "orchestrator/core/core.h"

/* Splits `total` in proportion to weights, exactly: rounded down, then one more for each of the
 * largest remainders. Weights are >= 0; when all are 0, the last one gets all. */
void xn_split(int64_t total, const int64_t *weights, uint32_t count, int64_t *ret_shares);

/* Sets the watts of the host's VMs and its remainder from host->power. */
void xn_attribution_power(struct xn_core *core, uint32_t host);

/* Books energy that the host's outlets gave to its owners, in one of the ledger's slots. */
void xn_attribution_energy(
    struct xn_core *core, uint32_t host, uint32_t slot, const struct xn_tally *tally);

/* The error bar of a VM's watts: its part of how far its host's readings lie from the curve. */
xn_power xn_attribution_error(const struct xn_core *core, uint32_t vm);

/* Asserts invariant 1 for a host (core.h, invariant 5). */
void xn_attribution_check(const struct xn_core *core, uint32_t host);

#endif
