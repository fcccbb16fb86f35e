/*
 * A fleet whose truth is known: fifty hosts with curves of their own, some hundred VMs with loads
 * that wander, outlets that show whole watts with noise, plates that are wrong. The core hears what
 * a site hears, and gives each VM what the same method gives that knows the true curve.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/core/attribution.h"
#include "orchestrator/core/core.h"
#include "tests/lib/dice.h"

#define HOSTS    50
#define VMS      400
#define METERS   (2 * HOSTS)
#define CPUS     32
#define READ_S   10
#define HOURS    8
#define START_MS INT64_C(1795590000000) /* 2026-11-25 14:00 in Ha Noi */

struct truth {
	uint32_t host;
	int64_t vcpus, millicores;
	uint64_t cpu_ns;
	int64_t energy_uj; /* its true share */
};

struct fleet {
	struct xn_topology topology;
	struct xn_topo_rack rack;
	struct xn_topo_host hosts[HOSTS];
	struct xn_topo_meter meters[METERS];
	char names[HOSTS][16], outlets[METERS][16];
	int64_t idle_mw[HOSTS], full_mw[HOSTS];
	struct truth vms[VMS];
	struct xn_arena life, scratch;
	struct xn_core *core;
	struct xn_actions actions;
	xn_instant now;
	int64_t balance_mj, shared_mj; /* rows of outlets, hosts and VMs */
	struct dice dice;
};

static void
step(struct fleet *fleet, struct xn_event event)
{
	event.now = fleet->now;
	xn_core_step(fleet->core, &event, &fleet->actions);
	for (uint32_t a = 0; a < fleet->actions.count; a++) {
		const struct xn_action *row = &fleet->actions.items[a];

		if (row->kind != XN_ACT_LEDGER)
			continue;
		if (row->ledger.account == XN_ACCOUNT_METER)
			fleet->balance_mj += row->ledger.energy.mj;
		if (row->ledger.account != XN_ACCOUNT_VM && row->ledger.account != XN_ACCOUNT_HOST)
			continue;
		fleet->balance_mj += row->ledger.energy.mj;
		fleet->shared_mj -= row->ledger.energy.mj;
	}
}

static xn_uuid
uuid(uint32_t vm)
{
	xn_uuid uuid = {{0}};

	uuid.bytes[0] = 0xaa;
	uuid.bytes[14] = (uint8_t)(vm >> 8);
	uuid.bytes[15] = (uint8_t)vm;
	return uuid;
}

static void
build_host(struct fleet *fleet, uint32_t host)
{
	int64_t idle = dice_between(&fleet->dice, 90, 160);
	int64_t full = idle + dice_between(&fleet->dice, 150, 300);

	fleet->idle_mw[host] = idle * 1000;
	fleet->full_mw[host] = full * 1000;
	snprintf(fleet->names[host], sizeof(fleet->names[host]), "h%u", host);
	fleet->hosts[host] = (struct xn_topo_host){.name = fleet->names[host],
	    .cluster = "c",
	    .rack = 0,
	    .idle = xn_watts(idle * dice_between(&fleet->dice, 80, 120) / 100),
	    .full = xn_watts(full * dice_between(&fleet->dice, 90, 125) / 100)};
	for (uint32_t f = 0; f < 2; f++) {
		uint32_t meter = host * 2 + f;

		snprintf(fleet->outlets[meter], sizeof(fleet->outlets[meter]), "pdu-%c/%u",
		    f == 0 ? 'a' : 'b', host);
		fleet->meters[meter] = (struct xn_topo_meter){.name = fleet->outlets[meter],
		    .role = XN_METER_OUTLET,
		    .rack = 0,
		    .host = host,
		    .feed = (int)f,
		    .max = xn_watts(2000)};
	}
}

static void
place_vms(struct fleet *fleet)
{
	for (uint32_t v = 0; v < VMS; v++) {
		struct xn_event event = {.kind = XN_EV_VM_SEEN};

		fleet->vms[v] = (struct truth){.host = v % HOSTS,
		    .vcpus = dice_between(&fleet->dice, 1, CPUS * HOSTS / VMS),
		    .millicores = 500};
		event.vm.host = fleet->vms[v].host;
		event.vm.uuid = uuid(v);
		event.vm.state = XN_VM_RUNNING;
		snprintf(event.vm.facts.name, sizeof(event.vm.facts.name), "vm%u", v);
		event.vm.facts.vcpus = (uint32_t)fleet->vms[v].vcpus;
		event.vm.facts.memory_mib = 1024;
		step(fleet, event);
	}
}

static struct fleet *
fleet_new(void)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));

	assert_non_null(fleet);
	fleet->dice = dice_for(7, "fleet");
	fleet->now.ms = START_MS;
	fleet->rack = (struct xn_topo_rack){.name = "r", .room = "hall", .cooling_meter = XN_NONE};
	for (uint32_t h = 0; h < HOSTS; h++)
		build_host(fleet, h);
	fleet->topology = (struct xn_topology){.site = "truth",
	    .utc_offset_s = 7 * 3600,
	    .fresh = xn_seconds(30),
	    .lost = xn_seconds(120),
	    .interval = xn_seconds(1800),
	    .tick = xn_seconds(60),
	    .fingerprint = 7,
	    .racks = &fleet->rack,
	    .rack_count = 1,
	    .hosts = fleet->hosts,
	    .host_count = HOSTS,
	    .meters = fleet->meters,
	    .meter_count = METERS};
	xn_arena_map(&fleet->life, xn_core_size(&fleet->topology, VMS));
	xn_arena_map(&fleet->scratch, 64u << 20);
	fleet->core = xn_core_new(&fleet->life, &fleet->scratch, &fleet->topology, VMS);
	step(fleet, (struct xn_event){.kind = XN_EV_BOOT});
	for (uint32_t h = 0; h < HOSTS; h++) {
		struct xn_event event = {.kind = XN_EV_HOST_UP};

		event.host.host = h;
		event.host.cpus = CPUS;
		event.host.memory_mib = 1 << 18;
		step(fleet, event);
	}
	place_vms(fleet);
	for (uint32_t h = 0; h < HOSTS; h++) {
		struct xn_event event = {.kind = XN_EV_HOST_LISTED};

		event.host.host = h;
		step(fleet, event);
	}
	return fleet;
}

static int64_t
used_of(const struct fleet *fleet, uint32_t host)
{
	int64_t used = 0;

	for (uint32_t v = host; v < VMS; v += HOSTS)
		used += fleet->vms[v].millicores;
	return used;
}

/* A machine's watts bend a little: the first cores cost more than the last. */
static int64_t
true_mw(const struct fleet *fleet, uint32_t host, int64_t used)
{
	int64_t full = CPUS * 1000;
	int64_t range = fleet->full_mw[host] - fleet->idle_mw[host];

	return fleet->idle_mw[host] + range * used / full +
	    range / 8 * used / full * (full - used) / full;
}

/* What the same method gives that knows the curve, over the last READ_S seconds. */
static void
share_truth(struct fleet *fleet, uint32_t host)
{
	int64_t used = used_of(fleet, host);
	int64_t dynamic = true_mw(fleet, host, used) - fleet->idle_mw[host];

	for (uint32_t v = host; v < VMS; v += HOSTS) {
		struct truth *vm = &fleet->vms[v];
		int64_t mw = fleet->idle_mw[host] * vm->vcpus / CPUS;

		if (used > 0)
			mw += dynamic * vm->millicores / used;
		vm->energy_uj += mw * READ_S * 1000;
		vm->cpu_ns += (uint64_t)vm->millicores * 1000000 * READ_S;
	}
}

static void
tell_loads(struct fleet *fleet)
{
	for (uint32_t v = 0; v < VMS; v++) {
		struct xn_event event = {.kind = XN_EV_VM_LOAD};

		event.load.host = fleet->vms[v].host;
		event.load.uuid = uuid(v);
		event.load.cpu_ns = fleet->vms[v].cpu_ns;
		event.load.at = fleet->now;
		step(fleet, event);
	}
}

static void
tell_outlets(struct fleet *fleet, uint32_t host)
{
	int64_t mw = true_mw(fleet, host, used_of(fleet, host));

	for (uint32_t f = 0; f < 2; f++) {
		struct xn_event event = {.kind = XN_EV_READING};
		int64_t noise = mw / 2 / 100 * dice_between(&fleet->dice, -200, 200) / 100;

		event.reading.meter = host * 2 + f;
		event.reading.quality = XN_QUALITY_GOOD;
		event.reading.has_power = true;
		event.reading.power = xn_watts((mw / 2 + noise + 500) / 1000);
		event.reading.at = fleet->now;
		step(fleet, event);
	}
}

/* Each VM's load wanders; now and then it jumps. */
static void
wander(struct fleet *fleet)
{
	for (uint32_t v = 0; v < VMS; v++) {
		struct truth *vm = &fleet->vms[v];
		int64_t most = vm->vcpus * 1000;

		vm->millicores += most * dice_between(&fleet->dice, -20, 20) / 1000;
		if (dice_chance(&fleet->dice, 1000))
			vm->millicores = dice_between(&fleet->dice, 0, most);
		if (vm->millicores < 0)
			vm->millicores = 0;
		if (vm->millicores > most)
			vm->millicores = most;
	}
}

static void
live(struct fleet *fleet, int64_t seconds)
{
	for (int64_t s = 0; s < seconds; s += READ_S) {
		fleet->now.ms += READ_S * 1000;
		for (uint32_t h = 0; h < HOSTS; h++)
			share_truth(fleet, h);
		tell_loads(fleet);
		for (uint32_t h = 0; h < HOSTS; h++)
			tell_outlets(fleet, h);
		wander(fleet);
		if (xn_core_next_deadline(fleet->core).ms <= fleet->now.ms)
			step(fleet, (struct xn_event){.kind = XN_EV_TICK});
	}
}

static int
by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static void
each_vm_gets_nearly_what_it_truly_used(void **state)
{
	struct fleet *fleet = fleet_new();
	int64_t off_ppm[VMS], covered = 0;

	(void)state;
	live(fleet, HOURS * 3600);
	for (uint32_t v = 0; v < VMS; v++) {
		int64_t truth = fleet->vms[v].energy_uj / 1000;
		int64_t off = fleet->core->vms[v].energy.mj - truth;
		int64_t bar = xn_attribution_error(fleet->core, v).mw;

		assert_int_equal(fleet->core->vms[v].facts.vcpus, fleet->vms[v].vcpus);
		off = off < 0 ? -off : off;
		off_ppm[v] = off * 1000 / (truth / 1000);
		assert_true(bar > 0 && bar <= fleet->core->vms[v].power.mw);
		covered += off <= bar * HOURS * 3600;
	}
	qsort(off_ppm, VMS, sizeof(off_ppm[0]), by_size);
	print_message("off by %.2f %% (median), %.2f %% (95th), %.2f %% (worst); %d of %d within "
		      "the error bar\n",
	    (double)off_ppm[VMS / 2] / 1e4, (double)off_ppm[VMS * 95 / 100] / 1e4,
	    (double)off_ppm[VMS - 1] / 1e4, (int)covered, VMS);
	assert_true(off_ppm[VMS * 95 / 100] <= 50000);
	assert_true(fleet->shared_mj > 0);
	assert_true(fleet->balance_mj == 0); /* outlets = hosts + VMs, to the millijoule */
	xn_arena_unmap(&fleet->life);
	xn_arena_unmap(&fleet->scratch);
	free(fleet);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_vm_gets_nearly_what_it_truly_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
