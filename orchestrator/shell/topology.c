#include "orchestrator/shell/topology.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEDGER_INTERVAL_S 1800
#define TICK_S            60
#define LOST_S_MIN        60

int
xn_zone_use(const char *zone, xn_instant at)
{
	time_t seconds = (time_t)(at.ms / 1000);
	struct tm local;

	if (zone == NULL)
		return 0;
	setenv("TZ", zone, 1);
	tzset();
	return localtime_r(&seconds, &local) == NULL ? 0 : (int)local.tm_gmtoff;
}

/* ---- racks and hosts ---- */

static struct xn_topo_rack *
build_racks(struct xn_arena *arena, const struct xn_site *site)
{
	struct xn_topo_rack *racks = xn_new(arena, struct xn_topo_rack, site->rack_count);

	for (uint32_t i = 0; i < site->rack_count; i++) {
		const struct xn_site_rack *from = &site->racks[i];

		racks[i].name = from->name;
		racks[i].room = from->room;
		racks[i].inlet_max = from->inlet_max;
		racks[i].cooling_meter = XN_NONE;
		for (int feed = 0; feed < 2; feed++)
			if (from->feeds[feed].present) {
				racks[i].feed_rating[feed] = from->feeds[feed].rating;
				racks[i].feed_max_load[feed] = from->feeds[feed].max_load;
			}
	}
	return racks;
}

static struct xn_topo_host *
build_hosts(struct xn_arena *arena, const struct xn_site *site)
{
	struct xn_topo_host *hosts = xn_new(arena, struct xn_topo_host, site->host_count);

	for (uint32_t i = 0; i < site->host_count; i++) {
		hosts[i].name = site->hosts[i].name;
		hosts[i].cluster = site->hosts[i].cluster;
		hosts[i].rack = site->hosts[i].rack;
		hosts[i].idle = site->hosts[i].idle;
		hosts[i].full = site->hosts[i].full;
	}
	return hosts;
}

/* ---- meters ---- */

struct build {
	struct xn_arena *arena;
	const struct xn_site *site;
	struct xn_map *map;
	struct xn_topo_meter *meters;
	uint32_t count, room;
};

static uint32_t
add_meter(struct build *b, struct xn_topo_meter meter)
{
	assert(b->count < b->room);
	b->meters[b->count] = meter;
	return b->count++;
}

static uint32_t
meters_at_most(const struct xn_site *site)
{
	uint32_t count = site->device_count * 2 + site->rack_count;

	for (uint32_t i = 0; i < site->host_count; i++)
		count += site->hosts[i].outlet_count;
	return count;
}

static xn_power
rating_of(const struct xn_site *site, uint32_t rack, int feed)
{
	if (rack == XN_NONE || feed < 0 || !site->racks[rack].feeds[feed].present)
		return (xn_power){0};
	return site->racks[rack].feeds[feed].rating;
}

/* A register that does not fit wraps in no meter's life. */
static xn_energy
modulus_of(const struct xn_site_register *energy)
{
	int64_t modulus;

	if (energy->bits == 0 || energy->bits > 62 ||
	    __builtin_mul_overflow(INT64_C(1) << energy->bits, energy->unit.mj, &modulus))
		return (xn_energy){0};
	return (xn_energy){modulus};
}

/* What the site says of the device as a meter. */
static struct xn_topo_meter
meter_of(const struct xn_site_device *device, xn_power rating)
{
	return (struct xn_topo_meter){.name = device->name,
	    .rack = XN_NONE,
	    .host = XN_NONE,
	    .feed = -1,
	    .max = device->max_power.mw > 0 ? device->max_power : rating,
	    .modulus = modulus_of(&device->energy_register),
	    .accuracy = device->accuracy,
	    .transformer = device->transformer};
}

static void
add_measures(struct build *b)
{
	static const enum xn_meter_role roles[] = {
	    [XN_MEASURES_GRID] = XN_METER_GRID,
	    [XN_MEASURES_PV] = XN_METER_PV,
	    [XN_MEASURES_BATTERY] = XN_METER_BATTERY,
	    [XN_MEASURES_GENERATOR] = XN_METER_GENERATOR,
	    [XN_MEASURES_COOLING] = XN_METER_COOLING,
	};

	for (uint32_t i = 0; i < b->site->device_count; i++) {
		const struct xn_site_device *device = &b->site->devices[i];
		struct xn_topo_meter meter = meter_of(device, (xn_power){0});

		if (!device->enabled || device->measures == XN_MEASURES_NOTHING)
			continue;
		meter.role = roles[device->measures];
		b->map->devices[i].measures = add_meter(b, meter);
	}
}

static void
add_feeds(struct build *b)
{
	for (uint32_t i = 0; i < b->site->device_count; i++) {
		const struct xn_site_device *device = &b->site->devices[i];
		struct xn_topo_meter meter =
		    meter_of(device, rating_of(b->site, device->rack, device->feed));

		if (!device->enabled || device->feed < 0 || device->rack == XN_NONE)
			continue;
		meter.role = XN_METER_FEED;
		meter.rack = device->rack;
		meter.feed = device->feed;
		b->map->devices[i].feed = add_meter(b, meter);
	}
}

static void
add_outlets_of(struct build *b, uint32_t device, uint32_t *used)
{
	struct xn_device_meters *to = &b->map->devices[device];
	const struct xn_site_device *from = &b->site->devices[device];

	to->first_outlet = *used;
	for (uint32_t host = 0; host < b->site->host_count; host++) {
		const struct xn_site_host *owner = &b->site->hosts[host];

		for (unsigned i = 0; i < owner->outlet_count; i++) {
			unsigned number = owner->outlets[i].number;

			if (owner->outlets[i].device != device || !from->enabled)
				continue;
			b->map->outlets[(*used)++] = (struct xn_outlet_meter){number,
			    add_meter(b,
				(struct xn_topo_meter){
				    .name = xn_text(b->arena, "%s/%u", from->name, number),
				    .role = XN_METER_OUTLET,
				    .rack = owner->rack,
				    .host = host,
				    .feed = from->feed,
				    .accuracy = from->accuracy,
				    .transformer = from->transformer,
				    .max = rating_of(b->site, owner->rack, from->feed)})};
			to->outlet_count++;
		}
	}
}

static void
add_inlets(struct build *b)
{
	for (uint32_t rack = 0; rack < b->site->rack_count; rack++) {
		uint32_t meter = XN_NONE;

		for (uint32_t i = 0; i < b->site->device_count; i++) {
			if (b->map->devices[i].feed == XN_NONE || b->site->devices[i].rack != rack)
				continue;
			if (meter == XN_NONE)
				meter = add_meter(b,
				    (struct xn_topo_meter){.name = xn_text(b->arena, "%s/inlet",
							       b->site->racks[rack].name),
					.role = XN_METER_INLET,
					.rack = rack,
					.host = XN_NONE,
					.feed = -1});
			b->map->devices[i].inlet = meter;
		}
	}
}

/* ---- the whole ---- */

static uint64_t
mix(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
	return hash;
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
	return text == NULL ? mix(hash, "", 1) : mix(hash, text, strlen(text) + 1);
}

static uint64_t
mix_number(uint64_t hash, int64_t number)
{
	return mix(hash, &number, sizeof(number));
}

static uint64_t
fingerprint(const struct xn_topology *topology)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = mix_text(hash, topology->site);
	hash = mix_number(hash, topology->utc_offset_s);
	hash = mix_number(hash, topology->interval.ms);
	for (uint32_t i = 0; i < topology->rack_count; i++) {
		const struct xn_topo_rack *rack = &topology->racks[i];

		hash = mix_text(mix_text(hash, rack->name), rack->room);
		for (int feed = 0; feed < 2; feed++) {
			hash = mix_number(hash, rack->feed_rating[feed].mw);
			hash = mix_number(hash, rack->feed_max_load[feed].ppm);
		}
		hash = mix_number(hash, rack->inlet_max.mk);
		hash = mix_number(hash, rack->cooling_meter);
	}
	for (uint32_t i = 0; i < topology->host_count; i++) {
		const struct xn_topo_host *host = &topology->hosts[i];

		hash = mix_text(mix_text(hash, host->name), host->cluster);
		hash = mix_number(mix_number(hash, host->rack), host->idle.mw);
		hash = mix_number(hash, host->full.mw);
	}
	for (uint32_t i = 0; i < topology->meter_count; i++) {
		const struct xn_topo_meter *meter = &topology->meters[i];

		hash = mix_number(mix_text(hash, meter->name), (int64_t)meter->role);
		hash = mix_number(mix_number(hash, meter->rack), meter->host);
		hash = mix_number(mix_number(hash, meter->feed), meter->max.mw);
		hash = mix_number(mix_number(hash, meter->modulus.mj), meter->accuracy.ppm);
		hash = mix_number(hash, meter->transformer.ppm);
	}
	return hash;
}

static void
set_times(const struct xn_site *site, struct xn_topology *topology)
{
	int64_t slowest = 1000;

	for (uint32_t i = 0; i < site->device_count; i++)
		if (site->devices[i].enabled && site->devices[i].poll.ms > slowest)
			slowest = site->devices[i].poll.ms;
	topology->fresh = (xn_duration){slowest * 3};
	topology->lost = (xn_duration){slowest * 12};
	if (topology->lost.ms < LOST_S_MIN * 1000)
		topology->lost = xn_seconds(LOST_S_MIN);
	topology->interval = site->interval.ms > 0 ? site->interval : xn_seconds(LEDGER_INTERVAL_S);
	topology->tick = site->tick.ms > 0 ? site->tick : xn_seconds(TICK_S);
}

void
xn_map_build(
    struct xn_arena *arena, const struct xn_site *site, int utc_offset_s, struct xn_map *ret_map)
{
	struct xn_topo_rack *racks = build_racks(arena, site);
	struct build b = {
	    .arena = arena, .site = site, .map = ret_map, .room = meters_at_most(site)};
	uint32_t outlets = 0;

	*ret_map = (struct xn_map){.site = site};
	ret_map->devices = xn_new(arena, struct xn_device_meters, site->device_count + 1);
	ret_map->outlets = xn_new(arena, struct xn_outlet_meter, b.room + 1);
	b.meters = xn_new(arena, struct xn_topo_meter, b.room + 1);
	for (uint32_t i = 0; i < site->device_count; i++)
		ret_map->devices[i] = (struct xn_device_meters){
		    .measures = XN_NONE, .feed = XN_NONE, .inlet = XN_NONE};
	add_measures(&b);
	add_feeds(&b);
	for (uint32_t i = 0; i < site->device_count; i++)
		add_outlets_of(&b, i, &outlets);
	add_inlets(&b);
	for (uint32_t i = 0; i < site->rack_count; i++)
		if (site->racks[i].cooling_device != XN_NONE)
			racks[i].cooling_meter =
			    ret_map->devices[site->racks[i].cooling_device].measures;

	ret_map->topology = (struct xn_topology){.site = site->name,
	    .utc_offset_s = utc_offset_s,
	    .racks = racks,
	    .rack_count = site->rack_count,
	    .hosts = build_hosts(arena, site),
	    .host_count = site->host_count,
	    .meters = b.meters,
	    .meter_count = b.count};
	set_times(site, &ret_map->topology);
	ret_map->topology.fingerprint = fingerprint(&ret_map->topology);
}

uint32_t
xn_map_device(const struct xn_map *map, const char *name)
{
	for (uint32_t i = 0; i < map->site->device_count; i++)
		if (strcmp(map->site->devices[i].name, name) == 0)
			return i;
	return XN_NONE;
}

/* "outlet.12.realpower" -> 12 and "realpower"; 0 if it is no outlet's. */
static unsigned
outlet_of(const char *point, const char **ret_quantity)
{
	char *end;
	unsigned long number;

	if (strncmp(point, "outlet.", 7) != 0 || point[7] < '1' || point[7] > '9')
		return 0;
	number = strtoul(point + 7, &end, 10);
	if (*end != '.' || number > 9999)
		return 0;
	*ret_quantity = end + 1;
	return (unsigned)number;
}

static struct xn_route
route_outlet(const struct xn_map *map, uint32_t device, unsigned number, const char *quantity)
{
	const struct xn_device_meters *meters = &map->devices[device];
	struct xn_route route = {.meter = XN_NONE};

	if (strcmp(quantity, "realpower") == 0)
		route.channel = XN_CHANNEL_POWER;
	else if (strcmp(quantity, "energy") == 0)
		route.channel = XN_CHANNEL_ENERGY;
	else
		return route;
	for (uint32_t i = 0; i < meters->outlet_count; i++)
		if (map->outlets[meters->first_outlet + i].number == number)
			route.meter = map->outlets[meters->first_outlet + i].meter;
	return route;
}

struct xn_route
xn_map_route(
    const struct xn_map *map, uint32_t device, const char *point, enum xn_point_class class_)
{
	static const enum xn_point_class classes[] = {
	    [XN_CHANNEL_POWER] = XN_CLASS_POWER,
	    [XN_CHANNEL_ENERGY] = XN_CLASS_ENERGY,
	    [XN_CHANNEL_TEMPERATURE] = XN_CLASS_TEMPERATURE,
	};
	const struct xn_device_meters *meters = &map->devices[device];
	bool inverter = map->site->devices[device].measures == XN_MEASURES_PV;
	const char *side = inverter ? "output." : "input.";
	uint32_t whole = meters->measures != XN_NONE ? meters->measures : meters->feed;
	struct xn_route route = {.meter = XN_NONE};
	const char *quantity = NULL;
	unsigned outlet = outlet_of(point, &quantity);

	if (outlet != 0)
		route = route_outlet(map, device, outlet, quantity);
	else if (strcmp(point, "ambient.temperature") == 0)
		route = (struct xn_route){meters->inlet, XN_CHANNEL_TEMPERATURE};
	else if (strncmp(point, side, strlen(side)) != 0)
		return route;
	else if (strcmp(point + strlen(side), "realpower") == 0)
		route = (struct xn_route){whole, XN_CHANNEL_POWER};
	else if (strcmp(point + strlen(side), "energy") == 0)
		route = (struct xn_route){whole, XN_CHANNEL_ENERGY};
	if (classes[route.channel] != class_)
		route.meter = XN_NONE;
	return route;
}
