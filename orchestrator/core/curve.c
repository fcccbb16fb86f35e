#include "orchestrator/core/curve.h"

#include <assert.h>

#define BINS          11
#define STEADY_PARTS  20 /* use that moved by more than 1/20 of the host is a transient */
#define WEIGHT_MAX    16 /* a bin follows with 1/16 of each new reading once it has had so many */

#define ERROR_PARTS   16 /* the newest reading's weight in the error */
#define SURE_AFTER    32 /* readings until an error is known */
#define WILD_ERRORS   6  /* a reading further away than so many errors is wild */
#define WILD_MIN_MW   5000
#define DRIFT_PERCENT 15

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

void
xn_curve_start(struct xn_host *host, const struct xn_topo_host *what)
{
	rebuild(host, what);
}

bool
xn_curve_steady(struct xn_host *host)
{
	int64_t change = host->used_millicores - host->steady_millicores;
	int64_t slack = (int64_t)host->cpus * 1000 / STEADY_PARTS;

	host->steady_millicores = host->used_millicores;
	return change <= slack && change >= -slack;
}

/* How far a reading lies from the curve, no further than the border of the wild ones; it is added
 * to the error. */
static int64_t
tamed(struct xn_host *host, int64_t away)
{
	int64_t border = host->curve_error.mw * WILD_ERRORS;
	int64_t size;

	if (border < WILD_MIN_MW)
		border = WILD_MIN_MW;
	if (host->curve_readings >= SURE_AFTER && away > border)
		away = border;
	if (host->curve_readings >= SURE_AFTER && away < -border)
		away = -border;
	size = away < 0 ? -away : away;
	if (host->curve_readings < SURE_AFTER)
		host->curve_readings++;
	host->curve_error.mw += (size - host->curve_error.mw) /
	    (int64_t)(host->curve_readings < ERROR_PARTS ? host->curve_readings : ERROR_PARTS);
	return away;
}

void
xn_curve_learn(struct xn_host *host, const struct xn_topo_host *what)
{
	int64_t full = (int64_t)host->cpus * 1000;
	int64_t used = host->used_millicores < full ? host->used_millicores : full;
	int64_t watts, bin;
	uint32_t weight;

	if (full == 0 || host->power.mw <= 0)
		return;
	/* What was measured between two bins is carried to the nearer one along the curve as it is.
	 */
	bin = (used * (BINS - 1) * 2 + full) / (full * 2);
	watts = tamed(host, host->power.mw - xn_curve_watts(host, used).mw) + host->curve[bin].mw;
	weight = host->curve_weight[bin] < WEIGHT_MAX ? host->curve_weight[bin] + 1 : WEIGHT_MAX;
	host->curve_weight[bin] = weight;
	host->curve_seen[bin].mw += (watts - host->curve_seen[bin].mw) / (int64_t)weight;
	rebuild(host, what);
}

bool
xn_curve_drifts(const struct xn_host *host, const struct xn_topo_host *what)
{
	int64_t range = plate_mw(what, BINS - 1) - plate_mw(what, 0);

	return host->curve_readings >= SURE_AFTER &&
	    host->curve_error.mw > range * DRIFT_PERCENT / 100;
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
