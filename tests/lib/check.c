/*
 * The invariants, against the truth of the world and not against what the core believes. Numbers
 * are those of the failure model.
 */
#include "tests/lib/site.h"

#include <stdarg.h>
#include <string.h>

void
check_fail(struct site *site, const char *format, ...)
{
	va_list args;

	if (site->failure[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(site->failure, sizeof(site->failure), format, args);
	va_end(args);
}

/* I6: nothing is decided on data older than its limit, measured at what really reached the core. */
static void
check_fresh(struct site *site, uint32_t host)
{
	const struct world *world = &site->world;
	uint32_t rack = world->topo_hosts[host].rack;

	for (uint32_t m = 0; m < world->meter_count; m++) {
		const struct xn_topo_meter *meter = &world->topo_meters[m];

		if (meter->rack != rack || meter->role == XN_METER_OUTLET)
			continue;
		if (xn_since(world->now, site->delivered[m]).ms > world->topology.fresh.ms)
			check_fail(site, "I6: a move touches %s, whose %s was last read %lld s ago",
			    world->racks[rack].name, meter->name,
			    (long long)xn_since(world->now, site->delivered[m]).ms / 1000);
	}
}

/* R1, R2 (I1, I2): what the rack was last known to draw, and this VM, survive on one feed. */
static void
check_feeds(struct site *site, const struct xn_action *action, uint32_t vm)
{
	const struct world *world = &site->world;
	uint32_t rack = world->topo_hosts[action->virt.target].rack;
	const struct world_host *host = &world->hosts[action->virt.target];
	int64_t known = 0;
	int64_t extra =
	    (host->full.mw - host->idle.mw) * world->vms[vm].load_millicores / host->millicores;

	if (rack == world->topo_hosts[action->virt.host].rack)
		return;
	for (uint32_t m = 0; m < world->meter_count; m++)
		if (world->topo_meters[m].rack == rack &&
		    world->topo_meters[m].role == XN_METER_FEED)
			known += site->delivered_power[m].mw;
	if (known > world->racks[rack].feed_rating[0].mw)
		check_fail(site, "I2: a VM of %lld mW enters %s, which draws %lld mW already",
		    (long long)extra, world->racks[rack].name, (long long)known);
}

static void
check_migrate(struct site *site, const struct xn_action *action)
{
	const struct world *world = &site->world;
	uint32_t vm = world_vm_of(world, action->virt.uuid);
	int in_flight = 0;

	site->moves++;
	if (site->core->paused || site->world.disk_full)
		check_fail(site, "I22: a move starts while automation holds");
	if (vm == XN_NONE || action->virt.target >= world->host_count ||
	    action->virt.host >= world->host_count) {
		check_fail(site, "a move of something that does not exist");
		return;
	}
	for (int j = 0; j < WORLD_JOBS; j++) {
		if (!world->jobs[j].used || world->jobs[j].kind != XN_ACT_MIGRATE)
			continue;
		in_flight += world->jobs[j].request != 0;
		if (world->jobs[j].vm == vm)
			check_fail(site, "I7: vm%u is asked to move while it moves", vm + 1);
	}
	if (in_flight >= 2)
		check_fail(site, "I12: more than 2 moves at once");
	if (!world->vms[vm].facts.movable)
		check_fail(site, "I10: vm%u is not movable", vm + 1);
	if (!world->vms[vm].facts.lockable && !action->virt.paused)
		check_fail(
		    site, "I4: vm%u has no lockable disk and does not arrive paused", vm + 1);
	if (world_host_memory_used(world, action->virt.target) + world->vms[vm].facts.memory_mib >
	    16384)
		check_fail(site, "I11: no memory for vm%u on its target", vm + 1);
	check_fresh(site, action->virt.host);
	check_fresh(site, action->virt.target);
	check_feeds(site, action, vm);
}

void
check_action(struct site *site, const struct xn_action *action)
{
	for (uint32_t i = 0; i < site->request_count; i++)
		if (site->requests[i] == action->virt.request)
			check_fail(site, "I7: request %llu is sent twice",
			    (unsigned long long)action->virt.request);
	if (site->request_count < SITE_REQUESTS_MAX)
		site->requests[site->request_count++] = action->virt.request;
	if (action->kind == XN_ACT_MIGRATE)
		check_migrate(site, action);
}

/* I14, I15: energy never falls, and never runs ahead of the truth. */
static void
check_energy(struct site *site)
{
	for (uint32_t m = 0; m < site->world.meter_count; m++) {
		int64_t booked = site->core->meters[m].booked.mj;
		int64_t truth = site->world.meters[m].true_mj;

		if (booked < 0 || booked > truth + truth / 20 + INT64_C(200000000))
			check_fail(site, "I14: %s booked %lld mJ of %lld mJ",
			    site->world.topo_meters[m].name, (long long)booked, (long long)truth);
		if (site->pending_count == 0 && booked < site->booked[m])
			check_fail(site, "I14: %s fell from %lld to %lld mJ",
			    site->world.topo_meters[m].name, (long long)site->booked[m],
			    (long long)booked);
		site->booked[m] = booked;
	}
	if (site->core->picture.it.mw > INT64_C(20000000) || site->core->picture.it.mw < 0)
		check_fail(site, "I15: the picture shows %lld mW of IT",
		    (long long)site->core->picture.it.mw);
}

void
check_second(struct site *site)
{
	const struct world *world = &site->world;

	for (uint32_t v = 0; v < world->vm_count; v++) {
		if (world_running_copies(world, v) > 1)
			check_fail(site, "I4: vm%u runs twice", v + 1);
		if (world_copies(world, v) == 0)
			check_fail(site, "I4: vm%u is gone", v + 1);
	}
	for (uint32_t h = 0; h < world->host_count; h++)
		if (world_host_memory_used(world, h) > 16384)
			check_fail(site, "I11: %s holds more memory than it has",
			    world->topo_hosts[h].name);
	for (uint32_t a = 0; a <= world->rack_count; a++)
		if (world->agents[a].acked > site->seen[a])
			check_fail(site, "I13: agent %u was told that %llu is safe; %llu is", a,
			    (unsigned long long)world->agents[a].acked,
			    (unsigned long long)site->seen[a]);
	check_energy(site);
}

/* I28: fifteen calm minutes later nothing hangs, and every VM runs exactly once. */
void
check_calm(struct site *site)
{
	const struct xn_core *core = site->core;
	const struct world *world = &site->world;

	for (int i = 0; i < XN_MOVES_MAX; i++)
		if (core->moves[i].phase != XN_MOVE_NONE &&
		    core->moves[i].deadline.ms < core->now.ms)
			check_fail(site, "I28: a move of vm%u hangs in phase %u",
			    core->moves[i].vm + 1, (unsigned)core->moves[i].phase);
	for (uint32_t v = 0; v < world->vm_count; v++)
		if (world_running_copies(world, v) != 1) {
			bool moving = false;

			for (int j = 0; j < WORLD_JOBS; j++)
				moving |= world->jobs[j].used && world->jobs[j].vm == v;
			if (!moving)
				check_fail(site, "I28: vm%u runs %d times when all is calm", v + 1,
				    world_running_copies(world, v));
		}
	for (uint32_t r = 0; r < world->rack_count; r++)
		if (xn_core_hold(core, r) != NULL)
			check_fail(site, "I28: %s still holds: %s", world->racks[r].name,
			    xn_core_hold(core, r));
}

/* Every interval's debits equal its credits, and so do those of every correction. */
static void
check_balance(struct site *site)
{
	for (uint32_t i = 0; i < site->ledger_count; i++) {
		const struct site_row *row = &site->ledger[i];
		int64_t sum = 0;

		if (i > 0 && row->start.ms == row[-1].start.ms && row->revision == row[-1].revision)
			continue;
		for (uint32_t j = 0; j < site->ledger_count; j++)
			if (site->ledger[j].start.ms == row->start.ms &&
			    site->ledger[j].revision == row->revision &&
			    site->ledger[j].account < XN_ACCOUNT_METER)
				sum += site->ledger[j].mj;
		if (sum != 0)
			check_fail(site, "the interval at %lld sums to %lld mJ",
			    (long long)row->start.ms, (long long)sum);
	}
}

/* Every joule that a meter booked is in a row, in an open interval, or on its way. */
static void
check_joules(struct site *site)
{
	const struct xn_core *core = site->core;

	for (uint32_t m = 0; m < site->world.meter_count; m++) {
		int64_t sum = core->meters[m].late.tally.energy.mj;

		for (int s = 0; s < XN_SLOTS; s++)
			sum += core->meters[m].slots[s].energy.mj;
		for (uint32_t i = 0; i < core->correcting_count; i++) {
			const struct xn_correcting *job =
			    &core->correcting[(core->correcting_first + i) % XN_CORRECTIONS_MAX];

			if (job->meter == m && !job->person)
				sum += job->left.tally.energy.mj;
		}
		for (uint32_t i = 0; i < site->ledger_count; i++)
			if (site->ledger[i].account == XN_ACCOUNT_METER &&
			    site->ledger[i].subject == m && !site->ledger[i].person)
				sum += site->ledger[i].mj;
		if (sum != core->meters[m].booked.mj + core->meters[m].returned.mj)
			check_fail(site, "%s booked %lld mJ, the ledger has %lld mJ",
			    site->world.topo_meters[m].name, (long long)core->meters[m].booked.mj,
			    (long long)sum);
	}
}

void
check_ledger(struct site *site)
{
	check_balance(site);
	check_joules(site);
}
