/*
 * Curve: watts of a host at 0, 10 .. 100 % CPU, learned from its outlets. It begins as the line
 * from the plate's idle to full watts; what was measured shifts it and, once it was measured over a
 * range of use, tilts it.
 *
 * A reading far from the many that came before it at the same use teaches nothing: a wild one must
 * not tilt the curve. When they have been so for XN_CURVE_STRANGE, the host has changed, which is
 * an alarm, and the curve begins to follow.
 *
 * The spread is the mean distance of readings from the curve, the newest weighing most: the error
 * bar of whatever the curve is used for.
 *
 * Invariants: (1) a curve never falls; (2) one reading moves what is known of a bin by less than
 * XN_CURVE_FAR_PPM of the plate's range once the bin has been measured often.
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
