#include "orchestrator/core/guard.h"

#include "orchestrator/core/curve.h"
#include "orchestrator/core/inventory.h"
#include "orchestrator/core/migrate.h"
#include "orchestrator/core/telemetry.h"

/* What a VM may need on arrival: its peak, not its mean. */
static int64_t
needs_millicores(const struct xn_vm *vm)
{
	return vm->used_millicores > vm->p95_millicores ? vm->used_millicores : vm->p95_millicores;
}

/* What moves under way to this host will add to it. */
static void
arriving(const struct xn_core *core, uint32_t host, int64_t *ret_millicores, int64_t *ret_mib)
{
	*ret_millicores = *ret_mib = 0;
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++) {
		const struct xn_move *move = &core->moves[m];

		if (move->phase == XN_MOVE_NONE || move->to != host)
			continue;
		*ret_millicores += needs_millicores(&core->vms[move->vm]);
		*ret_mib += core->vms[move->vm].facts.memory_mib;
	}
}

/* ---- R3, and whether both ends can be trusted ---- */

static const char *
check_vm(const struct xn_core *core, const struct xn_vm *vm, uint32_t to)
{
	const char *name = vm->facts.name;

	if (!vm->known || vm->host == XN_NONE)
		return "it is nowhere";
	if (vm->host == to)
		return xn_text(core->scratch, "%s is there already", name);
	if (!vm->facts.movable)
		return xn_text(core->scratch, "%s may not be moved", name);
	if (vm->split || vm->split_at.ms != 0)
		return xn_text(core->scratch, "%s runs twice", name);
	if (vm->failures >= XN_MOVE_FAILURES_MAX)
		return xn_text(core->scratch, "%s failed to move %u times; ack its alarm first",
		    name, vm->failures);
	for (int c = 0; c < XN_COPIES_MAX; c++) {
		const struct xn_copy *copy = &vm->copies[c];

		if (copy->host == XN_NONE)
			continue;
		if (copy->host == vm->host && copy->state != XN_VM_RUNNING)
			return xn_text(core->scratch, "%s does not run", name);
		if (copy->host != vm->host && (copy->state != XN_VM_SHUTOFF || copy->host == to))
			return xn_text(core->scratch, "there is another copy of %s on %s", name,
			    core->topology->hosts[copy->host].name);
	}
	return NULL;
}

static const char *
check_host(const struct xn_core *core, uint32_t host)
{
	const char *name = core->topology->hosts[host].name;

	if (!core->hosts[host].up)
		return xn_text(core->scratch, "%s does not answer", name);
	if (!core->hosts[host].listed)
		return xn_text(core->scratch, "%s was not listed yet", name);
	return NULL;
}

static const char *
check_hold(struct xn_core *core, uint32_t host)
{
	uint32_t rack = core->topology->hosts[host].rack;
	const char *hold;

	if (rack != XN_NONE)
		xn_telemetry_age_rack(core, rack); /* as old as it is at this instant */
	hold = xn_core_hold(core, rack);
	return hold == NULL ? NULL : xn_text(core->scratch, "hold: %s", hold);
}

/* ---- room on the target ---- */

static const char *
check_room(const struct xn_core *core, const struct xn_vm *vm, uint32_t to)
{
	const struct xn_host *host = &core->hosts[to];
	const char *name = core->topology->hosts[to].name;
	int64_t millicores, mib;

	if (host->drained)
		return xn_text(core->scratch, "%s is being emptied", name);
	arriving(core, to, &millicores, &mib);
	millicores += needs_millicores(vm);
	mib += vm->facts.memory_mib;
	for (uint32_t v = host->first_vm; v != XN_NONE; v = core->vms[v].next_of_host) {
		if (xn_inventory_state(core, v, to) == XN_VM_SHUTOFF)
			continue;
		millicores += needs_millicores(&core->vms[v]);
		mib += core->vms[v].facts.memory_mib;
	}
	if (mib > (int64_t)host->memory_mib)
		return xn_text(core->scratch, "%s would hold %lld of %lld MiB", name,
		    (long long)mib, (long long)host->memory_mib);
	if (millicores > (int64_t)host->cpus * 1000)
		return xn_text(core->scratch, "%s would use %lld.%lld of %u cores", name,
		    (long long)(millicores / 1000), (long long)(millicores % 1000 / 100),
		    host->cpus);
	return NULL;
}

/* ---- R1, R2 ---- */

/* Watts that arrive in a rack: this VM's, and those of moves under way. */
static int64_t
arriving_mw(const struct xn_core *core, uint32_t rack, uint32_t to, const struct xn_vm *vm)
{
	int64_t sum = 0;

	for (uint32_t h = 0; h < core->topology->host_count; h++) {
		const struct xn_host *host = &core->hosts[h];
		int64_t millicores, mib;

		if (core->topology->hosts[h].rack != rack)
			continue;
		arriving(core, h, &millicores, &mib);
		if (h == to)
			millicores += needs_millicores(vm);
		if (millicores > 0)
			sum += xn_curve_watts(host, host->used_millicores + millicores).mw -
			    xn_curve_watts(host, host->used_millicores).mw;
	}
	return sum;
}

/* What the curves of its hosts say a rack draws. */
static int64_t
modelled_mw(const struct xn_core *core, uint32_t rack)
{
	int64_t sum = 0;

	for (uint32_t h = 0; h < core->topology->host_count; h++)
		if (core->topology->hosts[h].rack == rack && core->hosts[h].up)
			sum += xn_curve_watts(&core->hosts[h], core->hosts[h].used_millicores).mw;
	return sum;
}

static const char *
check_feeds(const struct xn_core *core, const struct xn_vm *vm, uint32_t to)
{
	uint32_t rack = core->topology->hosts[to].rack;
	const struct xn_topo_rack *what = &core->topology->racks[rack];
	int64_t measured = xn_telemetry_rack(core, rack).mw;
	int64_t modelled = modelled_mw(core, rack);
	int64_t added = arriving_mw(core, rack, to, vm);
	int feeds = (what->feed_rating[0].mw > 0) + (what->feed_rating[1].mw > 0);
	int64_t whole = (measured > modelled ? measured : modelled) + added;

	for (int feed = 0; feed < 2; feed++) {
		int64_t rating = what->feed_rating[feed].mw;
		int64_t share = what->feed_max_load[feed].ppm;
		int64_t limit = share > 0 ? rating / 1000 * share / 1000 : rating;
		int64_t load = whole / (feeds > 0 ? feeds : 1);
		xn_power now;

		if (rating == 0)
			continue;
		if (xn_telemetry_feed(core, rack, feed, &now) && now.mw + added / feeds > load)
			load = now.mw + added / feeds;
		if (load > limit)
			return xn_text(core->scratch, "feed %s/%c would carry %lld of %lld W",
			    what->name, 'A' + feed, (long long)(load / 1000),
			    (long long)(limit / 1000));
		if (whole > rating)
			return xn_text(core->scratch,
			    "feed %s/%c would carry %lld of %lld W if the other one failed",
			    what->name, 'A' + feed, (long long)(whole / 1000),
			    (long long)(rating / 1000));
	}
	return NULL;
}

static const char *
check_inlet(const struct xn_core *core, uint32_t to)
{
	uint32_t rack = core->topology->hosts[to].rack;
	const struct xn_topo_rack *what = &core->topology->racks[rack];
	xn_temperature inlet;

	if (what->inlet_max.mk == 0 || !xn_telemetry_inlet(core, rack, &inlet))
		return NULL;
	if (inlet.mk <= what->inlet_max.mk)
		return NULL;
	return xn_text(core->scratch, "the inlet of %s is at %lld.%lld degC", what->name,
	    (long long)((inlet.mk - XN_KELVIN_ZERO_MK) / 1000),
	    (long long)((inlet.mk - XN_KELVIN_ZERO_MK) % 1000 / 100));
}

const char *
xn_guard_refuses(struct xn_core *core, uint32_t vm, uint32_t to, bool *ret_waits)
{
	const struct xn_vm *row = &core->vms[vm];
	const char *why = check_vm(core, row, to);

	*ret_waits = false;
	if (why == NULL && xn_inventory_move(core, vm) != NULL)
		why = xn_text(core->scratch, "%s is being moved", row->facts.name);
	if (why != NULL)
		return why;

	*ret_waits = true;
	if ((why = check_hold(core, row->host)) != NULL || (why = check_hold(core, to)) != NULL)
		return why;
	if ((why = check_host(core, row->host)) != NULL || (why = check_host(core, to)) != NULL)
		return why;

	*ret_waits = false;
	why = check_room(core, row, to);
	if (why == NULL && core->topology->hosts[to].rack != XN_NONE)
		why = check_feeds(core, row, to);
	if (why == NULL && core->topology->hosts[to].rack != XN_NONE)
		why = check_inlet(core, to);
	return why;
}
