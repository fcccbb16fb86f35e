/* The largest site: an interval of 8,000 hosts and 80,000 VMs closes over many short steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "orchestrator/core/ledger.h"

#define RACKS     1000
#define HOSTS     8000
#define VMS       80000
#define PLATFORMS (XN_GROUPS_MAX + 100) /* more than there is room for */
/* Feeds A and B of each rack, outlets A and B of each host, the grid. */
#define METERS    (1 + RACKS * 2 + HOSTS * 2)

struct large {
	struct xn_topology topology;
	struct xn_topo_rack racks[RACKS];
	struct xn_topo_host hosts[HOSTS];
	struct xn_topo_meter meters[METERS];
	struct xn_arena life, scratch;
	struct xn_core *core;
	struct xn_actions *actions;
	xn_instant now;
};

static void
step(struct large *site, struct xn_event event)
{
	event.now = site->now;
	xn_core_step(site->core, &event, site->actions);
}

static void
build(struct large *site)
{
	uint32_t m = 0;

	site->meters[m++] = (struct xn_topo_meter){
	    .name = "grid", .role = XN_METER_GRID, .rack = XN_NONE, .host = XN_NONE, .feed = -1};
	for (uint32_t r = 0; r < RACKS; r++) {
		site->racks[r] = (struct xn_topo_rack){.name = "r", .cooling_meter = XN_NONE};
		for (int f = 0; f < 2; f++)
			site->meters[m++] = (struct xn_topo_meter){.name = "f",
			    .role = XN_METER_FEED,
			    .rack = r,
			    .host = XN_NONE,
			    .feed = f};
	}
	for (uint32_t h = 0; h < HOSTS; h++) {
		site->hosts[h] = (struct xn_topo_host){.name = "h", .rack = h % RACKS};
		for (int f = 0; f < 2; f++)
			site->meters[m++] = (struct xn_topo_meter){.name = "o",
			    .role = XN_METER_OUTLET,
			    .rack = h % RACKS,
			    .host = h,
			    .feed = f};
	}
	site->topology = (struct xn_topology){.site = "large",
	    .fresh = xn_seconds(30),
	    .lost = xn_seconds(120),
	    .interval = xn_seconds(1800),
	    .tick = xn_seconds(60),
	    .racks = site->racks,
	    .rack_count = RACKS,
	    .hosts = site->hosts,
	    .host_count = HOSTS,
	    .meters = site->meters,
	    .meter_count = METERS};
}

static void
see_vms(struct large *site)
{
	for (uint32_t v = 0; v < VMS; v++) {
		struct xn_event event = {.kind = XN_EV_VM_SEEN};

		event.vm.host = v % HOSTS;
		memcpy(event.vm.uuid.bytes, &v, sizeof(v));
		event.vm.state = XN_VM_RUNNING;
		snprintf(event.vm.facts.name, sizeof(event.vm.facts.name), "v%u", v);
		snprintf(
		    event.vm.facts.platform, sizeof(event.vm.facts.platform), "p%u", v % PLATFORMS);
		event.vm.facts.vcpus = 1;
		step(site, event);
	}
}

static struct large *
large_new(void)
{
	struct large *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	site->now.ms = INT64_C(1795590000000);
	build(site);
	xn_arena_map(&site->life, xn_core_size(&site->topology, VMS));
	xn_arena_map(&site->scratch, (size_t)256 << 20);
	site->core = xn_core_new(&site->life, &site->scratch, &site->topology, VMS);
	site->actions = calloc(1, sizeof(*site->actions));
	assert_non_null(site->actions);
	step(site, (struct xn_event){.kind = XN_EV_BOOT});
	for (uint32_t h = 0; h < HOSTS; h++) {
		struct xn_event event = {.kind = XN_EV_HOST_UP};

		event.host.host = h;
		event.host.cpus = 32;
		step(site, event);
	}
	see_vms(site);
	return site;
}

/* Each outlet gave 1 kWh and each feed what its outlets did. */
static void
book_all(struct large *site)
{
	for (uint32_t m = 0; m < METERS; m++) {
		struct xn_meter_piece piece = {.start = site->now,
		    .end = xn_after(site->now, site->topology.interval),
		    .energy = {1000 * XN_WH_MJ},
		    .grade = XN_GRADE_MEASURED,
		    .covered = true};

		if (site->meters[m].role == XN_METER_FEED)
			piece.energy.mj *= HOSTS / RACKS;
		else if (site->meters[m].role == XN_METER_GRID)
			piece.energy.mj *= HOSTS * 2;
		xn_ledger_book(site->core, m, &piece);
	}
}

static void
a_large_interval_leaves_in_bounded_steps_and_sums_to_zero(void **state)
{
	struct large *site = large_new();
	struct xn_event event = {.kind = XN_EV_VM_LOAD};
	int64_t sum = 0, vms = 0, platforms = 0, others = 0;
	uint32_t steps = 0;
	double longest = 0;

	(void)state;
	book_all(site);
	site->now.ms += 1800000;
	event.load.uuid.bytes[15] = 0xff; /* of no VM: a step that does nothing else */
	step(site, event);
	site->now.ms += 120000;
	do {
		clock_t began = clock();

		step(site, event);
		longest = longest > (double)(clock() - began) ? longest : (double)(clock() - began);
		assert_true(site->actions->count <= XN_LEDGER_ROWS_PER_STEP + 4);
		for (uint32_t a = 0; a < site->actions->count; a++) {
			const struct xn_action *row = &site->actions->items[a];

			if (row->ledger.account < XN_ACCOUNT_METER)
				sum += row->ledger.energy.mj;
			if (row->ledger.account == XN_ACCOUNT_VM)
				vms -= row->ledger.energy.mj;
			if (row->ledger.account == XN_ACCOUNT_PLATFORM)
				platforms += row->ledger.energy.mj;
			if (row->ledger.account == XN_ACCOUNT_PLATFORM &&
			    strcmp(row->ledger.name, "others") == 0)
				others += row->ledger.energy.mj;
		}
		steps++;
	} while (site->core->closing.active);
	print_message(
	    "%u steps, the longest took %.0f ms\n", steps, longest * 1000 / CLOCKS_PER_SEC);
	assert_in_range(steps, 50, 70);
	assert_true(sum == 0 && vms > 0 && vms == platforms);
	assert_true(others > 0); /* what found no place has a row too */
	xn_arena_unmap(&site->life);
	xn_arena_unmap(&site->scratch);
	free(site->actions);
	free(site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_large_interval_leaves_in_bounded_steps_and_sums_to_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
