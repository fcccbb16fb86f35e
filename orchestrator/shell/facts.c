#include "orchestrator/shell/facts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the site and its meters ---- */

static int
store_site(struct xn_store *store, const struct xn_map *map, struct xn_error *err)
{
	const struct xn_site *site = map->site;
	struct xn_books_site facts = {
	    .utc_offset_s = map->topology.utc_offset_s, .interval = map->topology.interval};

	snprintf(facts.name, sizeof(facts.name), "%s", site->name);
	snprintf(facts.title_vi, sizeof(facts.title_vi), "%s",
	    site->title_vi == NULL ? "" : site->title_vi);
	snprintf(facts.title_en, sizeof(facts.title_en), "%s",
	    site->title_en == NULL ? "" : site->title_en);
	snprintf(facts.timezone, sizeof(facts.timezone), "%s",
	    site->timezone == NULL ? "" : site->timezone);
	return xn_store_site(store, &facts, err);
}

static int
store_meter(struct xn_store *store, const struct xn_map *map, uint32_t meter,
    const struct xn_site_device *device, struct xn_error *err)
{
	const struct xn_topo_meter *what;
	struct xn_books_meter row;

	if (meter == XN_NONE)
		return XN_OK;
	what = &map->topology.meters[meter];
	row = (struct xn_books_meter){
	    .name = what->name,
	    .role = (int)what->role,
	    .rack = what->rack == XN_NONE ? "" : map->topology.racks[what->rack].name,
	    .host = what->host == XN_NONE ? "" : map->topology.hosts[what->host].name,
	    .feed = what->feed < 0 ? ""
		: what->feed == 0  ? "A"
				   : "B",
	    .accuracy = what->accuracy,
	    .transformer = what->transformer,
	    .calibrated = device->calibrated == NULL ? "" : device->calibrated,
	    .certificate = device->certificate == NULL ? "" : device->certificate,
	};
	return xn_store_meter(store, &row, err);
}

static int
store_meters(struct xn_store *store, const struct xn_map *map, struct xn_error *err)
{
	int result = XN_OK;

	for (uint32_t i = 0; i < map->site->device_count && result == XN_OK; i++) {
		const struct xn_device_meters *meters = &map->devices[i];
		const struct xn_site_device *device = &map->site->devices[i];

		result = store_meter(store, map, meters->measures, device, err);
		if (result == XN_OK)
			result = store_meter(store, map, meters->feed, device, err);
		for (uint32_t o = 0; o < meters->outlet_count && result == XN_OK; o++)
			result = store_meter(
			    store, map, map->outlets[meters->first_outlet + o].meter, device, err);
	}
	return result;
}

int
xn_facts_store(struct xn_store *store, const struct xn_map *map, struct xn_error *err)
{
	int result = store_site(store, map, err);

	if (result != XN_OK || (result = xn_store_begin(store, err)) != XN_OK)
		return result;
	if ((result = store_meters(store, map, err)) == XN_OK)
		result = xn_store_commit(store, err);
	if (result != XN_OK)
		xn_store_rollback(store);
	return result;
}

/* ---- gauges ---- */

struct gauge {
	int64_t sum, min, max;
	uint32_t samples;
};

struct xn_gauges {
	const struct xn_topology *topology;
	int64_t start_ms;     /* of the interval that is gathered; 0: none yet */
	struct gauge *inlets; /* by meter */
	struct gauge *hosts;
};

struct xn_gauges *
xn_gauges_new(struct xn_arena *arena, const struct xn_topology *topology)
{
	struct xn_gauges *gauges = xn_new(arena, struct xn_gauges, 1);

	gauges->topology = topology;
	gauges->inlets = xn_new(arena, struct gauge, topology->meter_count + 1);
	gauges->hosts = xn_new(arena, struct gauge, topology->host_count + 1);
	return gauges;
}

static void
sample(struct gauge *gauge, int64_t value)
{
	if (gauge->samples == 0 || value < gauge->min)
		gauge->min = value;
	if (gauge->samples == 0 || value > gauge->max)
		gauge->max = value;
	gauge->sum += value;
	gauge->samples++;
}

static void
sample_all(struct xn_gauges *gauges, const struct xn_meters *meters, const struct xn_core *core,
    xn_instant now)
{
	const struct xn_topology *topology = gauges->topology;

	for (uint32_t i = 0; i < topology->meter_count; i++) {
		double celsius;

		if (topology->meters[i].role != XN_METER_INLET)
			continue;
		celsius = xn_meters_value(meters, i, now);
		if (!isnan(celsius))
			sample(&gauges->inlets[i], llround(celsius * 1000));
	}
	for (uint32_t i = 0; i < topology->host_count; i++)
		if (core->hosts[i].cpus > 0)
			sample(&gauges->hosts[i],
			    core->hosts[i].used_millicores * 1000 / core->hosts[i].cpus);
}

static int
store_gauge(struct xn_gauges *gauges, struct xn_store *store, enum xn_gauge kind, const char *name,
    const struct gauge *gauge, struct xn_error *err)
{
	struct xn_books_gauge row = {
	    .start = {gauges->start_ms},
	    .end = {gauges->start_ms + gauges->topology->interval.ms},
	    .name = name,
	    .min = gauge->min,
	    .max = gauge->max,
	    .samples = gauge->samples,
	};

	if (gauge->samples == 0)
		return XN_OK;
	row.mean = gauge->sum / gauge->samples;
	return xn_store_gauge(store, kind, &row, err);
}

static int
store_all(struct xn_gauges *gauges, struct xn_store *store, struct xn_error *err)
{
	const struct xn_topology *topology = gauges->topology;
	int result = xn_store_begin(store, err);

	if (result != XN_OK)
		return result;
	for (uint32_t i = 0; i < topology->meter_count && result == XN_OK; i++)
		result = store_gauge(gauges, store, XN_GAUGE_INLET, topology->meters[i].name,
		    &gauges->inlets[i], err);
	for (uint32_t i = 0; i < topology->host_count && result == XN_OK; i++)
		result = store_gauge(
		    gauges, store, XN_GAUGE_USE, topology->hosts[i].name, &gauges->hosts[i], err);
	if (result == XN_OK)
		result = xn_store_commit(store, err);
	if (result != XN_OK)
		xn_store_rollback(store);
	return result;
}

/* The beginning of the interval of site time that holds `at`. */
static int64_t
interval_of(const struct xn_topology *topology, xn_instant at)
{
	int64_t local = at.ms + (int64_t)topology->utc_offset_s * 1000;

	return at.ms - local % topology->interval.ms;
}

int
xn_gauges_take(struct xn_gauges *gauges, const struct xn_meters *meters, const struct xn_core *core,
    xn_instant now, struct xn_store *store, struct xn_error *err)
{
	int64_t start_ms = interval_of(gauges->topology, now);
	int result = XN_OK;

	if (start_ms != gauges->start_ms) {
		if (gauges->start_ms != 0)
			result = store_all(gauges, store, err);
		memset(gauges->inlets, 0, gauges->topology->meter_count * sizeof(*gauges->inlets));
		memset(gauges->hosts, 0, gauges->topology->host_count * sizeof(*gauges->hosts));
		gauges->start_ms = start_ms;
	}
	sample_all(gauges, meters, core, now);
	return result;
}
