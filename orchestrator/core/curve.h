/*
 * Curve: watts of a host at 0, 10 .. 100 % CPU, learned from its outlets. It begins as the line
 * from the plate's idle to full watts. Readings of the last minutes set its level where the host is
 * used now, how watts moved with the CPU over hours its slope: a line through what was measured,
 * and the plate's as long as use has not moved enough to tell.
 *
 * The error is the mean distance of the readings from the curve, the newest weighing 1/16. Once
 * that is known, a reading that lies several times as far is wild: it counts as one at the border,
 * so that a single one does little and a host that really changed is followed within minutes.
 *
 * Invariants: (1) a curve never falls; (2) a wild reading moves the level by no more than 1/16 of
 * the border.
 */
#ifndef XN_CORE_CURVE_H
#define XN_CORE_CURVE_H

#include "orchestrator/core/core.h"

/* What a host is taken for whose plate is not in the configuration; a common two-socket server. */
#define XN_CURVE_IDLE_MW INT64_C(110000)
#define XN_CURVE_FULL_MW INT64_C(400000)

/* The curve of the plate alone. */
void xn_curve_start(struct xn_host *host, const struct xn_topo_host *what);

/* Whether its use is much as it was when last asked: meters lag behind a transient. */
bool xn_curve_steady(struct xn_host *host);

/* Learns from what the host draws now at the CPU it uses now. */
void xn_curve_learn(struct xn_host *host, const struct xn_topo_host *what);

/* Whether readings lie further from the curve than a curve can be wrong: 15 % of the plate's range.
 */
bool xn_curve_drifts(const struct xn_host *host, const struct xn_topo_host *what);

/* Watts at a CPU use, linear between the bins. */
xn_power xn_curve_watts(const struct xn_host *host, int64_t used_millicores);

#endif
