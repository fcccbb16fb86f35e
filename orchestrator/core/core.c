#include "orchestrator/core/core.h"

#include <assert.h>
#include <stdalign.h>

#include "orchestrator/core/alarm.h"
#include "orchestrator/core/attribution.h"
#include "orchestrator/core/command.h"
#include "orchestrator/core/curve.h"
#include "orchestrator/core/energy.h"
#include "orchestrator/core/inventory.h"
#include "orchestrator/core/ledger.h"
#include "orchestrator/core/ledger_estimate.h"
#include "orchestrator/core/ledger_late.h"
#include "orchestrator/core/migrate.h"
#include "orchestrator/core/plan.h"
#include "orchestrator/core/telemetry.h"

/* ---- a new core ---- */

static uint32_t
index_size(uint32_t vm_capacity)
{
	uint32_t size = 16;

	while (size < 2 * vm_capacity)
		size *= 2;
	return size;
}

/* As the arena counts: each table starts at an aligned place. */
static size_t
table(size_t count, size_t size)
{
	const size_t align = alignof(max_align_t);

	return (count * size + align - 1) & ~(align - 1);
}

size_t
xn_core_size(const struct xn_topology *topology, uint32_t vm_capacity)
{
	return alignof(max_align_t) + table(1, sizeof(struct xn_core)) +
	    table(topology->rack_count, sizeof(struct xn_rack)) +
	    table(topology->meter_count, sizeof(struct xn_meter)) +
	    table(topology->host_count, sizeof(struct xn_host)) +
	    table(vm_capacity, sizeof(struct xn_vm)) +
	    table(index_size(vm_capacity), sizeof(uint32_t));
}

struct xn_core *
xn_core_new(struct xn_arena *arena, struct xn_arena *scratch, const struct xn_topology *topology,
    uint32_t vm_capacity)
{
	struct xn_core *core = xn_new(arena, struct xn_core, 1);

	assert(vm_capacity <= XN_VMS_MAX && topology->interval.ms > 0 && topology->tick.ms > 0);
	core->topology = topology;
	core->scratch = scratch;
	core->vm_capacity = vm_capacity;
	core->vm_index_size = index_size(vm_capacity);
	core->racks = xn_new(arena, struct xn_rack, topology->rack_count);
	core->meters = xn_new(arena, struct xn_meter, topology->meter_count);
	core->hosts = xn_new(arena, struct xn_host, topology->host_count);
	core->vms = xn_new(arena, struct xn_vm, vm_capacity);
	core->vm_index = xn_new(arena, uint32_t, core->vm_index_size);
	memcpy(core->site_hold, "not started yet", sizeof("not started yet"));
	xn_inventory_index(core);
	xn_telemetry_link(core);
	for (uint32_t h = 0; h < topology->host_count; h++) {
		core->hosts[h].first_vm = core->hosts[h].first_copy = XN_NONE;
		xn_curve_start(&core->hosts[h], &topology->hosts[h]);
	}
	return core;
}

/* ---- one step ---- */

static void
learn_curves(struct xn_core *core)
{
	for (uint32_t h = 0; h < core->topology->host_count; h++) {
		bool moving = false;

		for (uint32_t m = 0; m < XN_MOVES_MAX; m++)
			moving |= core->moves[m].phase != XN_MOVE_NONE &&
			    (core->moves[m].from == h || core->moves[m].to == h);
		if (xn_curve_steady(&core->hosts[h]) && !moving && core->hosts[h].up &&
		    core->hosts[h].listed && core->hosts[h].power_quality == XN_QUALITY_GOOD)
			xn_curve_learn(&core->hosts[h], &core->topology->hosts[h], core->now);
	}
}

static void
tick(struct xn_core *core, struct xn_actions *actions)
{
	xn_ledger_expect(core);
	xn_telemetry_age(core, actions);
	if (core->last_learned.ms == 0 ||
	    xn_since(core->now, core->last_learned).ms >= core->topology->tick.ms / 2) {
		core->last_learned = core->now;
		learn_curves(core);
		xn_telemetry_age(core, actions); /* shares follow the new curves */
	}
	xn_energy_picture(core);
	xn_plan_decide(core, actions);
	xn_alarm_sweep(core, actions);
	core->last_tick = core->now;
}

static void
boot(struct xn_core *core, struct xn_actions *actions)
{
	core->booted = true;
	core->booted_at = core->now;
	xn_inventory_boot(core);
	xn_telemetry_age(core, actions);
	xn_migrate_boot(core, actions);
}

static void
check_ids(const struct xn_core *core, const struct xn_event *event)
{
	uint32_t hosts = core->topology->host_count;

	if (event->kind == XN_EV_READING)
		assert(event->reading.meter < core->topology->meter_count);
	else if (event->kind == XN_EV_HOST_UP || event->kind == XN_EV_HOST_DOWN ||
	    event->kind == XN_EV_HOST_LISTED)
		assert(event->host.host < hosts);
	else if (event->kind == XN_EV_VM_SEEN)
		assert(event->vm.host < hosts);
	else if (event->kind == XN_EV_VM_LOAD)
		assert(event->load.host < hosts);
}

static void
dispatch(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	switch (event->kind) {
	case XN_EV_BOOT: boot(core, actions); return;
	case XN_EV_TICK: tick(core, actions); return;
	case XN_EV_READING: xn_telemetry_take(core, event, actions); return;
	case XN_EV_HOST_UP:
		xn_inventory_up(core, event);
		xn_migrate_host_up(core, event->host.host, actions);
		return;
	case XN_EV_HOST_DOWN: xn_inventory_down(core, event->host.host); return;
	case XN_EV_VM_SEEN: xn_inventory_seen(core, event); return;
	case XN_EV_HOST_LISTED:
		xn_inventory_listed(core, event->host.host, actions);
		xn_migrate_listed(core, event->host.host, actions);
		return;
	case XN_EV_VM_LOAD: xn_inventory_load(core, event); return;
	case XN_EV_VIRT_DONE: xn_migrate_answer(core, event, actions); return;
	case XN_EV_COMMAND: xn_command_take(core, event, actions); return;
	case XN_EV_POLICY: xn_command_policy(core, event, actions); return;
	case XN_EV_STORAGE:
		core->storage_full = event->storage.full;
		xn_telemetry_age(core, actions);
		return;
	case XN_EV_CORRECTION: xn_ledger_correct(core, event, actions); return;
	}
	assert(false && "an event of a kind that does not exist");
}

void
xn_core_step(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	assert(event->now.ms >= core->now.ms); /* invariant 1 */
	check_ids(core, event);
	actions->count = 0;
	core->now = event->now;
	xn_arena_reset(core->scratch);

	dispatch(core, event, actions);
	xn_migrate_deadlines(core, actions);
	xn_plan_advance(core, actions);
	xn_ledger_advance(core, actions);

	xn_migrate_check(core); /* invariant 2 */
	xn_plan_check(core);    /* invariant 3 */
	if (event->kind == XN_EV_TICK)
		for (uint32_t h = 0; h < core->topology->host_count; h++)
			xn_attribution_check(core, h); /* invariant 5 */
	if (!core->booted)
		actions->count = 0;
}

xn_instant
xn_core_next_deadline(const struct xn_core *core)
{
	const struct xn_topology *topology = core->topology;
	/* Ages and alarms are looked at more often than decisions are made. */
	int64_t look_ms =
	    topology->fresh.ms / 2 < topology->tick.ms ? topology->fresh.ms / 2 : topology->tick.ms;
	xn_instant next = xn_after(core->last_tick, (xn_duration){.ms = look_ms > 0 ? look_ms : 1});
	xn_instant move = xn_migrate_next(core);
	xn_instant ledger = xn_ledger_next(core);

	if (move.ms < next.ms)
		next = move;
	if (ledger.ms < next.ms)
		next = ledger;
	return next;
}
