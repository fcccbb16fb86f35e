/*
 * Curve: watts of a host at 0, 10 .. 100 % CPU, learned from its outlets. It begins as the line
 * from the plate's idle to full watts. Readings of the last minutes set its level where the host is
 * used now, how watts moved with the CPU over hours its slope: a line through what was measured,
 * and the plate's as long as use has not moved enough to tell.
 *
 * A reading far from the curve at a use that was measured often teaches nothing: a wild one must
 * not tilt the curve. When they have been so for XN_CURVE_STRANGE, the host has changed, which is
 * an alarm, and the curve begins to follow.
 *
 * The spread is the mean distance of readings from the curve, the newest weighing most: the error
 * bar of whatever the curve is used for.
 *
 * Invariants: (1) a curve never falls; (2) at a use that was measured often, one reading
 * moves the level by at most 1/16 of XN_CURVE_FAR_PPM of the plate's range.
 */
#ifndef XN_CORE_CURVE_H
#define XN_CORE_CURVE_H

#include "orchestrator/core/core.h"

/* What a host is taken for whose plate is not in the configuration; a common two-socket server. */
#define XN_CURVE_IDLE_MW          INT64_C(110000)
#define XN_CURVE_FULL_MW          INT64_C(400000)

/* A reading is far from the others beyond so much of the range from idle to full watts. */
#define XN_CURVE_FAR_PPM          150000
/* For so long, and so many readings, before the host is taken to have changed. */
#define XN_CURVE_STRANGE          INT64_C(3600000) /* ms */
#define XN_CURVE_STRANGE_READINGS 30

/* The curve of the plate alone. */
void xn_curve_start(struct xn_host *host, const struct xn_topo_host *what);

/* Whether its use is much as it was when last asked: meters lag behind a transient. */
bool xn_curve_steady(struct xn_host *host);

/* Learns from what the host draws now at the CPU it uses now. */
void xn_curve_learn(struct xn_host *host, const struct xn_topo_host *what, xn_instant now);

/* Whether its readings have been far from the curve for so long that it is not by chance. */
bool xn_curve_drifts(const struct xn_host *host, xn_instant now);

/* Watts at a CPU use, linear between the bins. */
xn_power xn_curve_watts(const struct xn_host *host, int64_t used_millicores);

#endif
