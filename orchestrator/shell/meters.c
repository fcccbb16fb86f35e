#include "orchestrator/shell/meters.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct latest {
	bool known;
	double value; /* watts or degC */
	xn_instant at;
};

struct xn_meters {
	const struct xn_topology *topology;
	struct latest *latest;
	uint32_t (*counts)[XN_SERIES_COLUMNS_MAX]; /* of a row being made */
};

enum { SITE_GRID, SITE_PV, SITE_BATTERY, SITE_GENERATOR, SITE_COOLING, SITE_IT, SITE_LOSSES };
enum { RACK_IT, RACK_FEED_A, RACK_FEED_B, RACK_INLET, RACK_COOLING };

static const struct xn_series site_series = {
    .name = "site",
    .columns = {"grid_w", "pv_w", "battery_w", "generator_w", "cooling_w", "it_w", "losses_w"},
    .column_count = 7,
};
static const struct xn_series rack_series = {
    .columns = {"it_w", "feed_a_w", "feed_b_w", "inlet_c", "cooling_w"},
    .column_count = 5,
};

struct xn_meters *
xn_meters_new(struct xn_arena *arena, const struct xn_topology *topology)
{
	struct xn_meters *meters = xn_new(arena, struct xn_meters, 1);

	meters->topology = topology;
	meters->latest = xn_new(arena, struct latest, topology->meter_count + 1);
	meters->counts = xn_arena_take(arena, topology->rack_count + 1, sizeof(*meters->counts));
	return meters;
}

void
xn_meters_take(struct xn_meters *meters, const struct xn_event *reading)
{
	struct latest *latest = &meters->latest[reading->reading.meter];
	enum xn_meter_role role = meters->topology->meters[reading->reading.meter].role;

	assert(reading->kind == XN_EV_READING);
	if (reading->reading.at.ms < latest->at.ms)
		return;
	if (role == XN_METER_INLET)
		latest->value =
		    (double)(reading->reading.temperature.mk - XN_KELVIN_ZERO_MK) / 1000;
	else if (reading->reading.has_power)
		latest->value = (double)reading->reading.power.mw / 1000;
	else
		return;
	latest->known = reading->reading.quality >= XN_QUALITY_ESTIMATED;
	latest->at = reading->reading.at;
}

struct xn_series *
xn_meters_series(struct xn_arena *arena, const struct xn_topology *topology)
{
	struct xn_series *series = xn_new(arena, struct xn_series, topology->rack_count + 1);

	series[0] = site_series;
	for (uint32_t rack = 0; rack < topology->rack_count; rack++) {
		series[rack + 1] = rack_series;
		snprintf(series[rack + 1].name, sizeof(series->name), "rack-%s",
		    topology->racks[rack].name);
	}
	return series;
}

double
xn_meters_value(const struct xn_meters *meters, uint32_t meter, xn_instant now)
{
	const struct latest *latest;

	if (meter == XN_NONE)
		return (double)NAN;
	latest = &meters->latest[meter];
	return latest->known && now.ms - latest->at.ms <= meters->topology->fresh.ms ? latest->value
										     : (double)NAN;
}

/* Where a meter of this role stands in the site's row and in its rack's; -1: nowhere. */
static int
site_column(enum xn_meter_role role)
{
	switch (role) {
	case XN_METER_GRID: return SITE_GRID;
	case XN_METER_PV: return SITE_PV;
	case XN_METER_BATTERY: return SITE_BATTERY;
	case XN_METER_GENERATOR: return SITE_GENERATOR;
	case XN_METER_COOLING: return SITE_COOLING;
	case XN_METER_FEED: return SITE_IT;
	case XN_METER_OUTLET:
	case XN_METER_INLET: return -1;
	}
	return -1;
}

/* `counts` tells a sum of nothing, which is unknown, from one that is 0; an unknown part stays. */
static void
add(struct xn_meters_row *row, uint32_t *counts, int column, double value)
{
	row->values[column] += value;
	counts[column]++;
}

static void
add_meter(const struct xn_meters *meters, uint32_t meter, xn_instant now,
    struct xn_meters_row *rows, uint32_t (*counts)[XN_SERIES_COLUMNS_MAX])
{
	const struct xn_topo_meter *what = &meters->topology->meters[meter];
	double value = xn_meters_value(meters, meter, now);
	int column = site_column(what->role);

	if (column >= 0)
		add(&rows[0], counts[0], column, value);
	if (what->rack == XN_NONE)
		return;
	if (what->role == XN_METER_FEED) {
		add(&rows[what->rack + 1], counts[what->rack + 1], RACK_IT, value);
		add(&rows[what->rack + 1], counts[what->rack + 1],
		    what->feed == 0 ? RACK_FEED_A : RACK_FEED_B, value);
	} else if (what->role == XN_METER_INLET) {
		add(&rows[what->rack + 1], counts[what->rack + 1], RACK_INLET, value);
	}
}

static double
known_or_zero(double value)
{
	return isnan(value) ? 0 : value;
}

void
xn_meters_rows(const struct xn_meters *meters, xn_instant now, struct xn_meters_row *ret_rows)
{
	const struct xn_topology *topology = meters->topology;
	uint32_t count = topology->rack_count + 1;
	double *site = ret_rows[0].values;

	memset(ret_rows, 0, count * sizeof(*ret_rows));
	memset(meters->counts, 0, count * sizeof(*meters->counts));
	for (uint32_t i = 0; i < topology->meter_count; i++)
		add_meter(meters, i, now, ret_rows, meters->counts);
	for (uint32_t rack = 0; rack < topology->rack_count; rack++)
		if (topology->racks[rack].cooling_meter != XN_NONE)
			add(&ret_rows[rack + 1], meters->counts[rack + 1], RACK_COOLING,
			    xn_meters_value(meters, topology->racks[rack].cooling_meter, now));
	for (uint32_t i = 0; i < count; i++)
		for (int column = 0; column < XN_SERIES_COLUMNS_MAX; column++)
			if (meters->counts[i][column] == 0)
				ret_rows[i].values[column] = (double)NAN;
	site[SITE_LOSSES] = site[SITE_GRID] + known_or_zero(site[SITE_PV]) +
	    known_or_zero(site[SITE_BATTERY]) + known_or_zero(site[SITE_GENERATOR]) -
	    site[SITE_IT] - known_or_zero(site[SITE_COOLING]);
}
