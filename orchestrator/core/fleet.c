/* The core's state as placement sees it. */
#include "orchestrator/core/plan.h"

#include <assert.h>

#include "orchestrator/core/inventory.h"
#include "orchestrator/core/migrate.h"
#include "orchestrator/core/telemetry.h"

#define INLET_MK_PER_KW 1000 /* as the contract's default: 1 K per kW more in a rack */
#define COOLING_PPM_MAX 2000000
#define NETWORK_MBPS    10000
#define LEVEL_MAX       5 /* hosts of this site have no level of their own */

/* Cooling watts per IT watt of a rack: of its own cooler, shared by the racks that name it. */
static xn_ratio
cooling_of(const struct xn_core *core, uint32_t rack)
{
	uint32_t meter = core->topology->racks[rack].cooling_meter;
	int64_t cooling = core->picture.cooling.mw;
	int64_t it = 0;
	xn_ratio ratio = {0};

	for (uint32_t r = 0; r < core->topology->rack_count; r++)
		if (meter == XN_NONE || core->topology->racks[r].cooling_meter == meter)
			it += xn_telemetry_rack(core, r).mw;
	if (meter != XN_NONE)
		cooling = core->meters[meter].power.mw;
	if (it <= 0 || cooling <= 0)
		return ratio;
	ratio.ppm = cooling > it * 2 ? COOLING_PPM_MAX : cooling * 1000000 / it;
	return ratio;
}

static void
build_rack(
    const struct xn_core *core, struct xn_arena *arena, struct xn_fleet *fleet, uint32_t rack)
{
	const struct xn_topo_rack *what = &core->topology->racks[rack];
	struct xn_fleet_rack *row = &fleet->racks[rack];
	int64_t hosts_mw = 0;

	*row = (struct xn_fleet_rack){.id = what->name,
	    .room = what->room,
	    .site = core->topology->site,
	    .inlet_max = what->inlet_max,
	    .inlet_quality = XN_QUALITY_GOOD,
	    .inlet_mk_per_kw = INLET_MK_PER_KW,
	    .cooling = cooling_of(core, rack)};
	for (unsigned feed = 0; feed < 2; feed++) {
		if (what->feed_rating[feed].mw == 0)
			continue;
		row->feeds[row->feed_count++] = fleet->feed_count;
		fleet->feeds[fleet->feed_count++] = (struct xn_fleet_feed){
		    .id = xn_text(arena, "%s/%c", what->name, (char)('A' + (int)feed)),
		    .rating = what->feed_rating[feed],
		    .max_load.ppm = what->feed_max_load[feed].ppm > 0
			? what->feed_max_load[feed].ppm
			: 1000000};
	}
	if (!xn_telemetry_inlet(core, rack, &row->inlet))
		row->inlet_max.mk = 0;
	/* Placement holds a rack by its inlet; here any meter that cannot be trusted holds it. */
	if (core->racks[rack].hold[0] != '\0')
		row->inlet_quality = XN_QUALITY_STALE;
	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack)
		if (core->topology->meters[m].role == XN_METER_OUTLET)
			hosts_mw += core->meters[m].power.mw;
	row->other.mw = xn_telemetry_rack(core, rack).mw - hosts_mw;
	if (row->other.mw < 0)
		row->other.mw = 0;
}

static enum xn_host_state
state_of(const struct xn_host *host)
{
	if (!host->up || !host->listed)
		return XN_HOST_UNREACHABLE;
	return host->drained ? XN_HOST_MAINTENANCE : XN_HOST_ON;
}

static void
build_host(const struct xn_core *core, struct xn_fleet *fleet, uint32_t host)
{
	const struct xn_topo_host *what = &core->topology->hosts[host];
	const struct xn_host *from = &core->hosts[host];
	struct xn_fleet_host *row = &fleet->hosts[host];

	*row = (struct xn_fleet_host){.id = what->name,
	    .cluster = what->cluster != NULL ? what->cluster : "default",
	    .labels = "",
	    .rack = what->rack != XN_NONE ? what->rack : core->topology->rack_count,
	    .cpu_millicores = (int64_t)from->cpus * 1000,
	    .memory_mib = (int64_t)from->memory_mib,
	    .network_mbps = NETWORK_MBPS,
	    .state = state_of(from),
	    .security_level = LEVEL_MAX};
	for (int bin = 0; bin < 11; bin++)
		row->watts[bin] = from->curve[bin];
}

/* Whether a VM could be moved at all as things stand (guard.c has the last word). */
static bool
may_move(const struct xn_core *core, uint32_t vm)
{
	const struct xn_vm *row = &core->vms[vm];

	for (uint32_t m = 0; m < XN_MOVES_MAX; m++)
		if (core->moves[m].phase != XN_MOVE_NONE && core->moves[m].vm == vm)
			return false;
	return row->facts.movable && row->split_at.ms == 0 &&
	    row->failures < XN_MOVE_FAILURES_MAX &&
	    xn_inventory_state(core, vm, row->host) == XN_VM_RUNNING;
}

static void
build_vm(const struct xn_core *core, struct xn_fleet *fleet, uint32_t *places, uint32_t vm)
{
	const struct xn_vm *from = &core->vms[vm];
	enum xn_vm_state state;

	if (!from->known || from->host == XN_NONE)
		return;
	state = xn_inventory_state(core, vm, from->host);
	places[fleet->vm_count] = vm;
	fleet->vms[fleet->vm_count++] = (struct xn_fleet_vm){.id = from->facts.name,
	    .labels = from->facts.labels,
	    .group = from->facts.group[0] != '\0' ? from->facts.group : NULL,
	    .platform = from->facts.platform[0] != '\0' ? from->facts.platform : NULL,
	    .agency = from->facts.agency[0] != '\0' ? from->facts.agency : NULL,
	    .host = from->host,
	    .cpu_millicores = (int64_t)from->facts.vcpus * 1000,
	    .cpu_used_millicores = from->used_millicores,
	    .cpu_p95_millicores = from->p95_millicores,
	    .memory_mib = from->facts.memory_mib,
	    .security_level = from->facts.security_level,
	    .moves_today = (int)from->moves_today,
	    .movable = may_move(core, vm),
	    .running = state != XN_VM_SHUTOFF && state != XN_VM_ABSENT};
	if (from->moves_day != (core->now.ms / 1000 + core->topology->utc_offset_s) / 86400)
		fleet->vms[fleet->vm_count - 1].moves_today = 0;
}

void
xn_fleet_build(const struct xn_core *core, struct xn_arena *arena, struct xn_fleet *ret_fleet,
    uint32_t **ret_places)
{
	const struct xn_topology *topology = core->topology;
	struct xn_fleet fleet = {.now = core->now, .utc_offset_s = topology->utc_offset_s};
	bool rackless = false;

	fleet.feeds = xn_new(arena, struct xn_fleet_feed, 2 * (size_t)topology->rack_count + 1);
	fleet.racks = xn_new(arena, struct xn_fleet_rack, (size_t)topology->rack_count + 1);
	fleet.hosts = xn_new(arena, struct xn_fleet_host, topology->host_count);
	fleet.vms = xn_new(arena, struct xn_fleet_vm, core->vm_count);
	*ret_places = xn_new(arena, uint32_t, core->vm_count);
	for (uint32_t r = 0; r < topology->rack_count; r++)
		build_rack(core, arena, &fleet, r);
	for (uint32_t h = 0; h < topology->host_count; h++) {
		build_host(core, &fleet, h);
		rackless |= topology->hosts[h].rack == XN_NONE;
	}
	fleet.host_count = topology->host_count;
	fleet.rack_count = topology->rack_count;
	if (rackless) /* hosts in no rack share one that has no feed and no limit */
		fleet.racks[fleet.rack_count++] = (struct xn_fleet_rack){.id = "-",
		    .room = "-",
		    .site = topology->site,
		    .inlet_quality = XN_QUALITY_GOOD};
	for (uint32_t v = 0; v < core->vm_count; v++)
		build_vm(core, &fleet, *ret_places, v);
	*ret_fleet = fleet;
}

void
xn_core_fleet(const struct xn_core *core, struct xn_arena *arena, struct xn_fleet *ret_fleet)
{
	uint32_t *places;

	xn_fleet_build(core, arena, ret_fleet, &places);
}
