#include "orchestrator/shell/meters.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

struct latest {
	bool known;
	double value; /* watts or degC */
	xn_instant at;
};

struct xn_meters {
	const struct xn_topology *topology;
	struct latest *latest;
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

static double
value_of(const struct xn_meters *meters, uint32_t meter, xn_instant now)
{
	const struct latest *latest;

	if (meter == XN_NONE)
		return (double)NAN;
	latest = &meters->latest[meter];
	return latest->known && now.ms - latest->at.ms <= meters->topology->fresh.ms ? latest->value
										     : (double)NAN;
}

/* One unknown part makes the sum unknown; so does having no part. */
static double
sum_of(const struct xn_meters *meters, enum xn_meter_role role, uint32_t rack, int feed,
    xn_instant now)
{
	double sum = 0;
	unsigned count = 0;

	for (uint32_t i = 0; i < meters->topology->meter_count; i++) {
		const struct xn_topo_meter *meter = &meters->topology->meters[i];

		if (meter->role == role && (rack == XN_NONE || meter->rack == rack) &&
		    (feed < 0 || meter->feed == feed)) {
			sum += value_of(meters, i, now);
			count++;
		}
	}
	return count == 0 ? (double)NAN : sum;
}

static double
known_or_zero(double value)
{
	return isnan(value) ? 0 : value;
}

static void
site_row(const struct xn_meters *meters, xn_instant now, double *row)
{
	double sources;

	row[SITE_GRID] = sum_of(meters, XN_METER_GRID, XN_NONE, -1, now);
	row[SITE_PV] = sum_of(meters, XN_METER_PV, XN_NONE, -1, now);
	row[SITE_BATTERY] = sum_of(meters, XN_METER_BATTERY, XN_NONE, -1, now);
	row[SITE_GENERATOR] = sum_of(meters, XN_METER_GENERATOR, XN_NONE, -1, now);
	row[SITE_COOLING] = sum_of(meters, XN_METER_COOLING, XN_NONE, -1, now);
	row[SITE_IT] = sum_of(meters, XN_METER_FEED, XN_NONE, -1, now);
	sources = row[SITE_GRID] + known_or_zero(row[SITE_PV]) + known_or_zero(row[SITE_BATTERY]) +
	    known_or_zero(row[SITE_GENERATOR]);
	row[SITE_LOSSES] = sources - row[SITE_IT] - known_or_zero(row[SITE_COOLING]);
}

static void
rack_row(const struct xn_meters *meters, uint32_t rack, xn_instant now, double *row)
{
	uint32_t inlet = XN_NONE;

	for (uint32_t i = 0; i < meters->topology->meter_count; i++)
		if (meters->topology->meters[i].role == XN_METER_INLET &&
		    meters->topology->meters[i].rack == rack)
			inlet = i;
	row[RACK_IT] = sum_of(meters, XN_METER_FEED, rack, -1, now);
	row[RACK_FEED_A] = sum_of(meters, XN_METER_FEED, rack, 0, now);
	row[RACK_FEED_B] = sum_of(meters, XN_METER_FEED, rack, 1, now);
	row[RACK_INLET] = value_of(meters, inlet, now);
	row[RACK_COOLING] = value_of(meters, meters->topology->racks[rack].cooling_meter, now);
}

void
xn_meters_row(const struct xn_meters *meters, uint32_t series, xn_instant now,
    double ret_values[XN_SERIES_COLUMNS_MAX])
{
	assert(series <= meters->topology->rack_count);
	if (series == 0)
		site_row(meters, now, ret_values);
	else
		rack_row(meters, series - 1, now, ret_values);
}
