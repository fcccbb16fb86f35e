#include "orchestrator/core/telemetry.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/core/attribution.h"
#include "orchestrator/core/explain.h"
#include "orchestrator/core/ledger.h"
#include "orchestrator/core/meter.h"

#define NOTES_PER_STEP 1000 /* a quarter of what a step may ask for */
/* An inlet below freezing or above boiling is a broken sensor. */
#define INLET_MK_MIN   XN_KELVIN_ZERO_MK
#define INLET_MK_MAX   (XN_KELVIN_ZERO_MK + 100000)

void
xn_telemetry_link(struct xn_core *core)
{
	const struct xn_topology *topology = core->topology;

	for (uint32_t r = 0; r < topology->rack_count; r++)
		core->racks[r].first_meter = XN_NONE;
	for (uint32_t h = 0; h < topology->host_count; h++)
		core->hosts[h].first_meter = XN_NONE;
	for (uint32_t m = topology->meter_count; m-- > 0;) {
		const struct xn_topo_meter *what = &topology->meters[m];
		struct xn_meter *meter = &core->meters[m];

		meter->next_of_rack = meter->next_of_host = XN_NONE;
		if (what->rack != XN_NONE) {
			meter->next_of_rack = core->racks[what->rack].first_meter;
			core->racks[what->rack].first_meter = m;
		}
		if (what->role == XN_METER_OUTLET && what->host != XN_NONE) {
			meter->next_of_host = core->hosts[what->host].first_meter;
			core->hosts[what->host].first_meter = m;
		}
	}
}

enum xn_quality
xn_telemetry_quality(const struct xn_core *core, uint32_t meter)
{
	const struct xn_meter *row = &core->meters[meter];

	if (row->quality <= XN_QUALITY_STALE)
		return row->quality;
	if (xn_since(core->now, row->at).ms > core->topology->fresh.ms)
		return XN_QUALITY_STALE;
	return row->quality;
}

/* ---- ages and holds ---- */

static void
sum_host(struct xn_core *core, uint32_t host)
{
	struct xn_host *row = &core->hosts[host];
	xn_power power = {0};

	row->power_quality = row->first_meter == XN_NONE ? XN_QUALITY_ABSENT : XN_QUALITY_GOOD;
	for (uint32_t m = row->first_meter; m != XN_NONE; m = core->meters[m].next_of_host) {
		enum xn_quality quality = xn_telemetry_quality(core, m);

		if (core->meters[m].power.mw > 0)
			power.mw += core->meters[m].power.mw;
		if (quality < row->power_quality)
			row->power_quality = quality;
	}
	row->power = power;
	xn_attribution_power(core, host);
}

static void
age_meter(struct xn_core *core, uint32_t meter)
{
	core->meters[meter].quality = xn_telemetry_quality(core, meter);
}

/* Writes why a meter keeps its rack from moving; false if it does not. */
static bool
meter_holds(const struct xn_core *core, uint32_t meter, char *text, size_t size)
{
	const char *name = core->topology->meters[meter].name;
	const struct xn_meter *row = &core->meters[meter];

	if (row->quality >= XN_QUALITY_ESTIMATED)
		return false;
	if (row->at.ms == 0)
		snprintf(text, size, "%s was never read", name);
	else if (row->quality == XN_QUALITY_SUSPECT)
		snprintf(text, size, "%s says what cannot be", name);
	else
		snprintf(text, size, "%s stale for %lld s", name,
		    (long long)(xn_since(core->now, row->at).ms / 1000));
	return true;
}

void
xn_telemetry_age_rack(struct xn_core *core, uint32_t rack)
{
	struct xn_rack *row = &core->racks[rack];
	bool holds = false;

	row->lost = false;
	for (uint32_t m = row->first_meter; m != XN_NONE; m = core->meters[m].next_of_rack) {
		age_meter(core, m);
		if (core->meters[m].quality < XN_QUALITY_ESTIMATED &&
		    xn_since(core->now, core->meters[m].at).ms > core->topology->lost.ms)
			row->lost = true;
		if (!holds)
			holds = meter_holds(core, m, row->hold, sizeof(row->hold));
	}
	if (!holds)
		row->hold[0] = '\0';
}

static void
age_site(struct xn_core *core)
{
	uint32_t lost = 0;

	for (uint32_t r = 0; r < core->topology->rack_count; r++)
		lost += core->racks[r].lost;
	core->site_hold[0] = '\0';
	if (!core->booted)
		snprintf(core->site_hold, sizeof(core->site_hold), "not started yet");
	else if (core->storage_full)
		snprintf(core->site_hold, sizeof(core->site_hold), "the disk is full");
	else if (core->paused)
		snprintf(core->site_hold, sizeof(core->site_hold), "paused by %s", core->paused_by);
	else if (lost * 10 > core->topology->rack_count)
		snprintf(core->site_hold, sizeof(core->site_hold), "%u of %u racks are lost", lost,
		    core->topology->rack_count);
}

void
xn_telemetry_age(struct xn_core *core, struct xn_actions *actions)
{
	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		if (core->topology->meters[m].rack == XN_NONE)
			age_meter(core, m);
	for (uint32_t r = 0; r < core->topology->rack_count; r++) {
		struct xn_rack *rack = &core->racks[r];
		const char *name = core->topology->racks[r].name;
		bool holds;

		xn_telemetry_age_rack(core, r);
		holds = rack->hold[0] != '\0';
		if (holds == rack->hold_told || actions->count >= NOTES_PER_STEP)
			continue; /* the rest of a large site is told at the next look */
		xn_note(core, actions, XN_NONE, name, holds ? "hold: %s" : "hold ends%s",
		    holds ? rack->hold : "");
		rack->hold_told = holds;
	}
	for (uint32_t h = 0; h < core->topology->host_count; h++)
		sum_host(core, h);
	age_site(core);
}

const char *
xn_core_hold(const struct xn_core *core, uint32_t rack)
{
	if (core->site_hold[0] != '\0')
		return core->site_hold;
	if (rack != XN_NONE && core->racks[rack].hold[0] != '\0')
		return core->racks[rack].hold;
	return NULL;
}

/* ---- readings ---- */

/* Whether a value can be believed at all (R5, I15). */
static bool
believable(const struct xn_topo_meter *what, const struct xn_event *event)
{
	int64_t most = what->max.mw > 0 ? what->max.mw + what->max.mw / 10 : INT64_C(20000000000);
	int64_t mw = event->reading.power.mw;

	if (event->reading.quality == XN_QUALITY_SUSPECT)
		return false;
	if (what->role == XN_METER_INLET)
		return event->reading.temperature.mk >= INLET_MK_MIN &&
		    event->reading.temperature.mk <= INLET_MK_MAX;
	return !event->reading.has_power || (mw <= most && mw >= -most);
}

/* The coarsest step of rack equipment's registers, and how far watts may run ahead of it. */
#define STEP_MJ  (100 * XN_WH_MJ)
#define AHEAD_MJ (2 * STEP_MJ)

struct sink {
	struct xn_core *core;
	uint32_t meter;
};

static void
add_piece(void *context, const struct xn_meter_piece *piece)
{
	const struct sink *sink = context;

	xn_ledger_book(sink->core, sink->meter, piece);
}

/*
 * Watts below zero are energy that a source takes back: a piece below zero, by the watts alone, for
 * registers count one way. It covers no time: the way forth, at zero watts, does.
 */
static void
book_back(struct xn_core *core, uint32_t id, struct xn_meter_reading *reading)
{
	struct xn_meter *meter = &core->meters[id];
	xn_power back = {.mw = reading->power.mw < 0 ? reading->power.mw : 0};
	struct xn_meter_piece piece = {
	    .start = meter->back_at, .end = reading->at, .grade = XN_GRADE_MEASURED};
	int64_t span_ms = xn_since(reading->at, meter->back_at).ms;

	if (!reading->has_power)
		return;
	if (meter->has_back && span_ms > 0 && span_ms <= core->topology->fresh.ms)
		piece.energy.mj = (meter->back.mw + back.mw) / 2 * span_ms / 1000;
	meter->has_back = true;
	meter->back = back;
	meter->back_at = reading->at;
	if (back.mw < 0)
		reading->power.mw = 0;
	if (piece.energy.mj < 0)
		xn_ledger_book(core, id, &piece);
}

static bool
is_source(enum xn_meter_role role)
{
	return role == XN_METER_GRID || role == XN_METER_PV || role == XN_METER_BATTERY ||
	    role == XN_METER_GENERATOR;
}

static void
book(struct xn_core *core, const struct xn_event *event, xn_instant at)
{
	const struct xn_topo_meter *what = &core->topology->meters[event->reading.meter];
	struct xn_meter *meter = &core->meters[event->reading.meter];
	const struct xn_meter_rules rules = {.max = what->max,
	    .modulus = what->modulus.mj,
	    .step = {STEP_MJ},
	    .sample = {core->topology->fresh.ms / 3},
	    .ahead = {AHEAD_MJ}};
	struct xn_meter_reading reading = {.at = at,
	    .heard = core->now,
	    .has_power = event->reading.has_power,
	    .has_register = event->reading.has_energy,
	    .power = event->reading.power,
	    .counted = event->reading.energy.mj};
	struct sink sink = {core, event->reading.meter};

	if (event->reading.quality == XN_QUALITY_SUSPECT)
		reading.has_power = reading.has_register = false;
	if (is_source(what->role) && believable(what, event))
		book_back(core, event->reading.meter, &reading);
	xn_meter_book(&meter->booking, &rules, &reading, add_piece, &sink);
}

void
xn_telemetry_take(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	const struct xn_topo_meter *what = &core->topology->meters[event->reading.meter];
	struct xn_meter *meter = &core->meters[event->reading.meter];
	/* An agent's clock that runs ahead must not keep a value fresh longer. */
	xn_instant at = event->reading.at.ms < core->now.ms ? event->reading.at : core->now;
	bool value =
	    event->reading.has_power || event->reading.has_energy || what->role == XN_METER_INLET;

	(void)actions;
	if (event->reading.quality <= XN_QUALITY_STALE || !value || at.ms <= meter->at.ms)
		return;
	if (what->role != XN_METER_INLET)
		book(core, event, at);
	if (!believable(what, event)) {
		meter->quality = XN_QUALITY_SUSPECT;
		return;
	}
	meter->quality = event->reading.quality;
	meter->at = at;
	meter->has_energy = event->reading.has_energy;
	if (event->reading.has_power) {
		meter->has_power = true;
		meter->power = event->reading.power;
	}
	meter->temperature = event->reading.temperature;
	if (what->role == XN_METER_OUTLET && what->host != XN_NONE)
		sum_host(core, what->host);
	age_meter(core, event->reading.meter);
}

/* ---- sums ---- */

bool
xn_telemetry_feed(const struct xn_core *core, uint32_t rack, int feed, xn_power *ret_power)
{
	xn_power feeds = {0}, outlets = {0};
	bool has_feed = false, has_outlet = false;

	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack) {
		const struct xn_topo_meter *what = &core->topology->meters[m];

		if (what->feed != feed || !core->meters[m].has_power)
			continue;
		if (what->role == XN_METER_FEED) {
			feeds.mw += core->meters[m].power.mw;
			has_feed = true;
		} else if (what->role == XN_METER_OUTLET) {
			outlets.mw += core->meters[m].power.mw;
			has_outlet = true;
		}
	}
	*ret_power = has_feed ? feeds : outlets;
	return has_feed || has_outlet;
}

xn_power
xn_telemetry_rack(const struct xn_core *core, uint32_t rack)
{
	xn_power sum = {0};
	bool measured = false;

	for (int feed = 0; feed < 2; feed++) {
		xn_power power;

		if (!xn_telemetry_feed(core, rack, feed, &power))
			continue;
		sum.mw += power.mw;
		measured = true;
	}
	for (uint32_t h = 0; !measured && h < core->topology->host_count; h++)
		if (core->topology->hosts[h].rack == rack)
			sum.mw += core->hosts[h].power.mw;
	return sum;
}

bool
xn_telemetry_inlet(const struct xn_core *core, uint32_t rack, xn_temperature *ret_inlet)
{
	bool found = false;

	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack) {
		if (core->topology->meters[m].role != XN_METER_INLET || core->meters[m].at.ms == 0)
			continue;
		if (!found || core->meters[m].temperature.mk > ret_inlet->mk)
			*ret_inlet = core->meters[m].temperature;
		found = true;
	}
	return found;
}
