#include "orchestrator/core/curve.h"

#include <assert.h>

#define BINS         11
#define STEADY_PARTS 20 /* use that moved by more than 1/20 of the host is a transient */
#define WEIGHT_MAX   16 /* a bin follows with 1/16 of each new reading once it has had so many */
#define SPREAD_PARTS 32 /* the spread follows with 1/32 */
#define PLATE_DOUBT  4  /* a plate is wrong by a quarter of its range, until readings say more */

static int64_t
plate_mw(const struct xn_topo_host *what, int bin)
{
	int64_t idle = what->idle.mw > 0 ? what->idle.mw : XN_CURVE_IDLE_MW;
	int64_t full = what->full.mw > idle ? what->full.mw : idle;

	if (what->full.mw == 0)
		full = what->idle.mw > 0 ? 3 * idle : XN_CURVE_FULL_MW;
	return idle + (full - idle) * bin / (BINS - 1);
}

/* What was measured lies from the plate by a shift and a tilt: mW at bin 0, and mW a bin. */
struct fit {
	int64_t shift;
	int64_t tilt;
};

/*
 * Least squares over the measured bins, by their weight. TILT_DOUBT keeps the plate's slope until
 * use has been seen over a range: two bins side by side tell a host's level, not its slope, and a
 * slope of noise would send VMs the wrong way.
 */
#define TILT_DOUBT 40

static struct fit
fit_plate(const struct xn_host *host, const struct xn_topo_host *what)
{
	int64_t weights = 0, bins = 0, offsets = 0, spread = 0, product = 0;
	struct fit fit = {0};

	for (int bin = 0; bin < BINS; bin++) {
		int64_t weight = host->curve_weight[bin];

		weights += weight;
		bins += weight * bin;
		offsets += weight * (host->curve_seen[bin].mw - plate_mw(what, bin));
	}
	if (weights == 0)
		return fit;
	for (int bin = 0; bin < BINS; bin++) {
		int64_t weight = host->curve_weight[bin];
		int64_t offset = host->curve_seen[bin].mw - plate_mw(what, bin);
		int64_t far = bin * weights - bins; /* from the mean bin, x weights */

		spread += weight * far * far / weights;
		product += weight * far * (offset - offsets / weights);
	}
	fit.tilt = product / (spread / weights + TILT_DOUBT) / weights;
	fit.shift = (offsets - fit.tilt * bins) / weights;
	return fit;
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
	struct fit fit = fit_plate(host, what);

	for (int bin = 0; bin < BINS; bin++) {
		int64_t mw = plate_mw(what, bin) + fit.shift + fit.tilt * bin;

		host->curve[bin].mw = mw > 0 ? mw : 0;
	}
	level(host);
	for (int bin = 1; bin < BINS; bin++)
		assert(host->curve[bin].mw >= host->curve[bin - 1].mw); /* invariant 1 */
}

static int64_t
range_mw(const struct xn_topo_host *what)
{
	return plate_mw(what, BINS - 1) - plate_mw(what, 0);
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

/* Whether the readings of this bin are too many and too different for this one to be believed. */
static bool
is_strange(struct xn_host *host, int64_t bin, int64_t watts, int64_t far, xn_instant now)
{
	host->strange.mw = watts - host->curve_seen[bin].mw;
	if (host->curve_weight[bin] < WEIGHT_MAX || absolute(host->strange.mw) <= far) {
		host->strange_since.ms = 0;
		host->strange_count = 0;
		return false;
	}
	if (host->strange_count++ == 0)
		host->strange_since = now;
	return !xn_curve_drifts(host, now);
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
	int64_t watts, off, bin, step;
	uint32_t weight;

	if (full == 0 || host->power.mw <= 0)
		return;
	/* What was measured between two bins is carried to the nearer one along the curve as it is.
	 */
	bin = (used * (BINS - 1) * 2 + full) / (full * 2);
	off = host->power.mw - xn_curve_watts(host, used).mw;
	if (is_strange(host, bin, host->curve[bin].mw + off, far, now)) {
		host->curve_spread.mw += (far - host->curve_spread.mw) / SPREAD_PARTS;
		return;
	}
	/* A wild reading is one reading, however wild. */
	if (absolute(off) > range)
		off = off < 0 ? -range : range;
	watts = host->curve[bin].mw + off;
	host->curve_spread.mw += (absolute(off) - host->curve_spread.mw) / SPREAD_PARTS;
	weight = host->curve_weight[bin] < WEIGHT_MAX ? host->curve_weight[bin] + 1 : WEIGHT_MAX;
	step = watts - host->curve_seen[bin].mw;
	if (weight == WEIGHT_MAX && absolute(step) > far)
		step = step < 0 ? -far : far; /* invariant 2 */
	host->curve_weight[bin] = weight;
	host->curve_seen[bin].mw += step / (int64_t)weight;
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
