#include "orchestrator/core/curve.h"

#include <assert.h>

#define BINS          11
#define WHOLE_PPM     1000000
#define STEADY_PARTS  20  /* use that moved by more than 1/20 of the host is a transient */
#define LEVEL_PARTS   16  /* the newest reading's weight in the level and in the error: minutes */
#define SLOPE_PARTS   512 /* ... in the slope: hours, for a host's use moves slowly */
#define SURE_AFTER    32  /* readings until an error is known */
#define WILD_ERRORS   6   /* a reading further away than so many errors is wild */
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
	xn_register error = host->curve_error.mw > 1000 ? host->curve_error.mw : 1000;
	xn_register doubt = range_mw(what) > 0 ? range_mw(what) * 3 / 10 : 1;
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
	    (int64_t)(host->curve_readings < LEVEL_PARTS ? host->curve_readings : LEVEL_PARTS);
	return away;
}

void
xn_curve_learn(struct xn_host *host, const struct xn_topo_host *what)
{
	struct xn_curve_fit *fit = &host->curve_fit;
	int64_t full = (int64_t)host->cpus * 1000;
	int64_t used = host->used_millicores < full ? host->used_millicores : full;
	int64_t curve_mw, ppm, above, parts;

	if (full == 0 || host->power.mw <= 0)
		return;
	curve_mw = xn_curve_watts(host, used).mw;
	ppm = used * WHOLE_PPM / full;
	above = curve_mw + tamed(host, host->power.mw - curve_mw) - plate_mw(what, 0) -
	    range_mw(what) * used / full;
	parts = host->curve_readings < LEVEL_PARTS ? host->curve_readings : LEVEL_PARTS;
	if (parts > 1) {
		int64_t move_ppm = ppm - fit->used_ppm;
		int64_t move_mw = above - fit->above_mw;

		fit->spread += move_ppm * move_ppm - fit->spread / SLOPE_PARTS;
		fit->product += move_ppm * move_mw - fit->product / SLOPE_PARTS;
	}
	fit->used_ppm += (ppm - fit->used_ppm) / parts;
	fit->above_mw += (above - fit->above_mw) / parts;
	rebuild(host, what);
}

bool
xn_curve_drifts(const struct xn_host *host, const struct xn_topo_host *what)
{
	return host->curve_readings >= SURE_AFTER &&
	    host->curve_error.mw > range_mw(what) * DRIFT_PERCENT / 100;
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
