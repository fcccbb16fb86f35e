#include "orchestrator/core/curve.h"

#include <assert.h>

#define BINS         11
#define STEADY_PARTS 20 /* use that moved by more than 1/20 of the host is a transient */
#define WHOLE_PPM    1000000
#define WEIGHT_MAX   16  /* the level follows with 1/16 of each new reading: minutes */
#define MEAN_PARTS   128 /* moves are counted from a mean with 1/128: about an hour */
#define SLOPE_PARTS  512 /* the slope with 1/512: hours, for a host's use moves slowly */
#define SPREAD_PARTS 32  /* the spread follows with 1/32 */
#define PLATE_DOUBT  4   /* a plate is wrong by a quarter of its range, until readings say more */

static int64_t
plate_mw(const struct xn_topo_host *what, int bin)
{
	int64_t idle = what->idle.mw > 0 ? what->idle.mw : XN_CURVE_IDLE_MW;
	int64_t full = what->full.mw > idle ? what->full.mw : idle;

	if (what->full.mw == 0)
		full = what->idle.mw > 0 ? 3 * idle : XN_CURVE_FULL_MW;
	return idle + (full - idle) * bin / (BINS - 1);
}

static int64_t
range_mw(const struct xn_topo_host *what)
{
	return plate_mw(what, BINS - 1) - plate_mw(what, 0);
}

/*
 * How much steeper than the plate, in mW for the whole host: ridge regression of the moves around
 * the level. The plate's slope counts as known to 30 %, and readings as if they erred four times as
 * much as they do, for their errors stay the same for a while; so a host whose use hardly moves
 * keeps the plate's slope, and a slope of noise does not send VMs the wrong way.
 */
static int64_t
tilt_mw(const struct xn_host *host, const struct xn_topo_host *what)
{
	xn_register error = host->curve_spread.mw > 1000 ? host->curve_spread.mw : 1000;
	xn_register doubt = range_mw(what) >= 10 ? range_mw(what) * 3 / 10 : 1;
	xn_register ridge = 4 * error * WHOLE_PPM / doubt;

	return (int64_t)((xn_register)host->curve_fit.product * WHOLE_PPM /
	    (host->curve_fit.spread + ridge * ridge));
}

/* Where it falls, the bins are levelled to their mean, as often as needed. */
static void
level(struct xn_host *host)
{
	int64_t sum[BINS];
	int width[BINS];
	int blocks = 0;

	for (int bin = 0; bin < BINS; bin++) {
		sum[blocks] = host->curve[bin].mw;
		width[blocks] = 1;
		blocks++;
		while (blocks > 1 &&
		    sum[blocks - 2] / width[blocks - 2] > sum[blocks - 1] / width[blocks - 1]) {
			sum[blocks - 2] += sum[blocks - 1];
			width[blocks - 2] += width[blocks - 1];
			blocks--;
		}
	}
	for (int block = 0, bin = 0; block < blocks; block++)
		for (int i = 0; i < width[block]; i++)
			host->curve[bin++].mw = sum[block] / width[block];
}

static void
rebuild(struct xn_host *host, const struct xn_topo_host *what)
{
	const struct xn_curve_fit *fit = &host->curve_fit;
	int64_t tilt = tilt_mw(host, what);

	for (int bin = 0; bin < BINS; bin++) {
		int64_t away = bin * (WHOLE_PPM / (BINS - 1)) - fit->used_ppm;
		int64_t mw = plate_mw(what, bin) + fit->above_mw +
		    (int64_t)((xn_register)tilt * away / WHOLE_PPM);

		host->curve[bin].mw = mw > 0 ? mw : 0;
	}
	level(host);
	for (int bin = 1; bin < BINS; bin++)
		assert(host->curve[bin].mw >= host->curve[bin - 1].mw); /* invariant 1 */
}

void
xn_curve_start(struct xn_host *host, const struct xn_topo_host *what)
{
	rebuild(host, what);
	host->curve_spread.mw = range_mw(what) / PLATE_DOUBT;
}

bool
xn_curve_steady(struct xn_host *host)
{
	int64_t change = host->used_millicores - host->steady_millicores;
	int64_t slack = (int64_t)host->cpus * 1000 / STEADY_PARTS;

	host->steady_millicores = host->used_millicores;
	return change <= slack && change >= -slack;
}

static int64_t
absolute(int64_t value)
{
	return value < 0 ? -value : value;
}

/* Whether this use was measured too often, and this reading is too far, for it to be believed. */
static bool
is_strange(struct xn_host *host, int64_t bin, int64_t off, int64_t far, xn_instant now)
{
	host->strange.mw = off;
	if (host->curve_weight[bin] < WEIGHT_MAX || absolute(off) <= far) {
		host->strange_since.ms = 0;
		host->strange_count = 0;
		return false;
	}
	if (host->strange_count++ == 0)
		host->strange_since = now;
	return !xn_curve_drifts(host, now);
}

/* Moves a mean by a reading's weight: one of as many as there were, of `most` at last. */
static void
follow(int64_t *mean, int64_t value, uint32_t readings, uint32_t most)
{
	*mean += (value - *mean) / (int64_t)(readings < most ? readings : most);
}

/* A reading at a use, so many mW above the plate's line. */
static void
take(struct xn_curve_fit *fit, int64_t used_ppm, int64_t above_mw)
{
	int64_t move_ppm = used_ppm - fit->mean_ppm;
	int64_t move_mw = above_mw - fit->mean_mw;

	if (fit->readings > 0) {
		fit->spread += move_ppm * move_ppm - fit->spread / SLOPE_PARTS;
		fit->product += move_ppm * move_mw - fit->product / SLOPE_PARTS;
	}
	if (fit->readings < MEAN_PARTS)
		fit->readings++;
	follow(&fit->used_ppm, used_ppm, fit->readings, WEIGHT_MAX);
	follow(&fit->above_mw, above_mw, fit->readings, WEIGHT_MAX);
	follow(&fit->mean_ppm, used_ppm, fit->readings, MEAN_PARTS);
	follow(&fit->mean_mw, above_mw, fit->readings, MEAN_PARTS);
}

bool
xn_curve_drifts(const struct xn_host *host, xn_instant now)
{
	return host->strange_count >= XN_CURVE_STRANGE_READINGS &&
	    xn_since(now, host->strange_since).ms >= XN_CURVE_STRANGE;
}

void
xn_curve_learn(struct xn_host *host, const struct xn_topo_host *what, xn_instant now)
{
	int64_t full = (int64_t)host->cpus * 1000;
	int64_t used = host->used_millicores < full ? host->used_millicores : full;
	int64_t range = range_mw(what);
	int64_t far = range / 1000 * XN_CURVE_FAR_PPM / 1000;
	int64_t curve_mw, off, bin;

	if (full == 0 || host->power.mw <= 0)
		return;
	bin = (used * (BINS - 1) * 2 + full) / (full * 2);
	curve_mw = xn_curve_watts(host, used).mw;
	off = host->power.mw - curve_mw;
	if (is_strange(host, bin, off, far, now)) {
		host->curve_spread.mw += (far - host->curve_spread.mw) / SPREAD_PARTS;
		return;
	}
	/* A wild reading is one reading, however wild. */
	if (absolute(off) > range)
		off = off < 0 ? -range : range;
	host->curve_spread.mw += (absolute(off) - host->curve_spread.mw) / SPREAD_PARTS;
	if (host->curve_weight[bin] < WEIGHT_MAX)
		host->curve_weight[bin]++;
	else if (absolute(off) > far)
		off = off < 0 ? -far : far; /* invariant 2 */
	take(&host->curve_fit, used * WHOLE_PPM / full,
	    curve_mw + off - plate_mw(what, 0) - range * used / full);
	rebuild(host, what);
}

xn_power
xn_curve_watts(const struct xn_host *host, int64_t used_millicores)
{
	int64_t full = (int64_t)host->cpus * 1000;
	int64_t low, part;

	if (full == 0 || used_millicores <= 0)
		return host->curve[0];
	if (used_millicores >= full)
		return host->curve[BINS - 1];
	low = used_millicores * (BINS - 1) / full;
	part = used_millicores * (BINS - 1) % full;
	return (xn_power){.mw = host->curve[low].mw +
		(host->curve[low + 1].mw - host->curve[low].mw) * part / full};
}
