/*
 * Forecast: what a regular series of the site (load, PV, temperature) will be in the next hours,
 * from its own past, beside the baseline "same slot last week". Pure; `double`, because it is only
 * drawn, printed and fitted, never booked.
 *
 * Method: additive exponential smoothing with a day's and a week's season, a damped trend and the
 * last error's persistence (Taylor, "Short-term electricity demand forecasting using double
 * seasonal exponential smoothing", J. Oper. Res. Soc. 54, 2003); errors are clipped, so that an
 * outlier moves little (Gelper, Fried, Croux, J. Forecasting 29, 2010). Parameters are those of a
 * fixed grid with the least past errors one day ahead. PV: the slot's envelope of four weeks times
 * its usual clearness. Bands are quantiles of past errors of about the same horizon (PV: time of
 * day): ceil((n + 1) q) of n.
 *
 * Invariants: (1) the same series gives the same forecast; (2) every mean is finite and inside
 * [least, most], as are its bands; (3) the mean of PV is 0 where the last four weeks were dark;
 * (4) nothing after values[count - 1] is looked at.
 */
#ifndef XN_POLICIES_FORECAST_H
#define XN_POLICIES_FORECAST_H

#include <stdbool.h>

#include "common/arena.h"

#define XN_FORECAST_PER_DAY_MAX 96 /* slots of a quarter of an hour */
#define XN_FORECAST_DAYS_MAX    91 /* of history; what is older is not used */
#define XN_FORECAST_HORIZON_MAX (2 * XN_FORECAST_PER_DAY_MAX)
#define XN_FORECAST_ROOM        ((size_t)2 << 20) /* of the arena, for one forecast */

enum xn_forecast_kind { XN_FORECAST_LOAD, XN_FORECAST_PV, XN_FORECAST_TEMPERATURE };

struct xn_forecast_series {
	enum xn_forecast_kind kind;
	const double *values; /* NaN: a gap; so is what lies outside [least, most] */
	unsigned count;
	unsigned per_day; /* slots; 1..96 */
	unsigned phase;   /* slot of the week of values[0]; 0 is Monday 00:00 of site time */
	double least, most;
};

/* NaN: not known. */
struct xn_forecast_slot {
	double mean;
	double low80, high80, low95, high95;
	double baseline; /* same slot last week; yesterday's when there is no week */
};

struct xn_forecast_score {
	unsigned slots; /* where forecast, baseline and what came are all known */
	double mae, bias,
	    mape; /* MAPE: over what came above a hundredth of its mean; NaN: nothing */
	double coverage80, coverage95; /* shares of the slots with a band; NaN: none */
	double baseline_mae;
	double skill; /* 1 - mae / baseline_mae; NaN: the baseline made no error */
};

struct xn_forecast {
	bool naive; /* less than two days of history: the slots are the baseline */
	unsigned count;
	struct xn_forecast_slot *slots; /* [count], behind the series' last */
	struct xn_forecast_score past;  /* of the fit one day ahead, over at most four weeks */
};

/* `horizon` slots, cut at two days. The forecast lives in the arena, which needs XN_FORECAST_ROOM.
 */
struct xn_forecast xn_forecast_make(
    struct xn_arena *arena, const struct xn_forecast_series *series, unsigned horizon);

/* The baseline as a forecast of its own, with bands from its own past errors (NaN where it has
 * none): for where it does better. `past` is not filled. */
struct xn_forecast xn_forecast_last_week(
    struct xn_arena *arena, const struct xn_forecast_series *series, unsigned horizon);

/* What came, `actual`, beside what was forecast. */
struct xn_forecast_score xn_forecast_score(
    const struct xn_forecast_slot *slots, const double *actual, unsigned count);

/* Whether a score says that the forecast beat its baseline. */
bool xn_forecast_beats(const struct xn_forecast_score *score);

#endif
