/*
 * A fleet whose truth is known: 50 hosts with curves of their own that differ from their plates,
 * 400 VMs whose loads change at random, outlets that show whole watts and err. What the core books
 * to each VM is compared with what the same method gives who knows the true curve.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/dice.h"
#include "orchestrator/core/core.h"

#define HOSTS   50
#define VMS     400
#define CPUS    32
#define POLL_S  30
#define WARM_S  (6 * 3600) /* to learn the curves */
#define TRIAL_S (6 * 3600 + 600)

struct fleet {
	struct xn_topology topology;
	struct xn_topo_host hosts[HOSTS];
	struct xn_topo_meter meters[HOSTS * 2];
	char names[HOSTS * 3][16];
	struct {
		int64_t idle_mw, range_mw; /* the truth; the rest of the curve is bent */
		int64_t bend_ppm;
	} truth[HOSTS];
	struct {
		uint32_t host, vcpus;
		int64_t millicores;
		uint64_t cpu_ns;
		double ideal_mj;
		int64_t booked_before;
	} vms[VMS];
	struct xn_arena life, scratch;
	struct xn_core *core;
	struct xn_actions *actions;
	struct dice dice;
	xn_instant now;
};

static void
step(struct fleet *fleet, struct xn_event event)
{
	event.now = fleet->now;
	xn_core_step(fleet->core, &event, fleet->actions);
}

static xn_uuid
uuid_of(uint32_t vm)
{
	xn_uuid uuid = {{0xbb, 1}};

	uuid.bytes[14] = (uint8_t)(vm >> 8);
	uuid.bytes[15] = (uint8_t)vm;
	return uuid;
}

static void
build(struct fleet *fleet)
{
	for (uint32_t h = 0; h < HOSTS; h++) {
		snprintf(fleet->names[h], sizeof(fleet->names[h]), "h%u", h);
		fleet->hosts[h] = (struct xn_topo_host){.name = fleet->names[h],
		    .cluster = "c",
		    .rack = XN_NONE,
		    .idle = xn_watts(100),
		    .full = xn_watts(400)};
		fleet->truth[h].idle_mw = dice_between(&fleet->dice, 70000, 160000);
		fleet->truth[h].range_mw = dice_between(&fleet->dice, 180000, 400000);
		fleet->truth[h].bend_ppm = dice_between(&fleet->dice, 0, 200000);
		for (uint32_t o = 0; o < 2; o++) {
			uint32_t m = h * 2 + o;

			snprintf(fleet->names[HOSTS + m], sizeof(fleet->names[0]), "o%u", m);
			fleet->meters[m] = (struct xn_topo_meter){.name = fleet->names[HOSTS + m],
			    .role = XN_METER_OUTLET,
			    .rack = XN_NONE,
			    .host = h,
			    .feed = (int)o,
			    .max = xn_watts(1000)};
		}
	}
	fleet->topology = (struct xn_topology){.site = "fleet",
	    .fresh = xn_seconds(POLL_S * 3),
	    .lost = xn_seconds(600),
	    .interval = xn_seconds(1800),
	    .tick = xn_seconds(60),
	    .fingerprint = 1,
	    .hosts = fleet->hosts,
	    .host_count = HOSTS,
	    .meters = fleet->meters,
	    .meter_count = HOSTS * 2};
}

static void
see_vms(struct fleet *fleet)
{
	for (uint32_t v = 0; v < VMS; v++) {
		struct xn_event event = {.kind = XN_EV_VM_SEEN};

		fleet->vms[v].host = (uint32_t)dice_between(&fleet->dice, 0, HOSTS - 1);
		fleet->vms[v].vcpus = (uint32_t)dice_between(&fleet->dice, 1, 4);
		event.vm.host = fleet->vms[v].host;
		event.vm.uuid = uuid_of(v);
		event.vm.state = XN_VM_RUNNING;
		snprintf(event.vm.facts.name, sizeof(event.vm.facts.name), "vm%u", v);
		event.vm.facts.vcpus = fleet->vms[v].vcpus;
		event.vm.facts.memory_mib = 1024;
		step(fleet, event);
	}
	for (uint32_t h = 0; h < HOSTS; h++) {
		struct xn_event event = {.kind = XN_EV_HOST_LISTED};

		event.host.host = h;
		step(fleet, event);
	}
}

static struct fleet *
fleet_new(uint64_t seed)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));

	assert_non_null(fleet);
	fleet->dice = dice_for(seed, "fleet");
	fleet->now.ms = INT64_C(1795590000000);
	build(fleet);
	xn_arena_map(&fleet->life, xn_core_size(&fleet->topology, VMS));
	xn_arena_map(&fleet->scratch, 64u << 20);
	fleet->core = xn_core_new(&fleet->life, &fleet->scratch, &fleet->topology, VMS);
	fleet->actions = calloc(1, sizeof(*fleet->actions));
	assert_non_null(fleet->actions);
	step(fleet, (struct xn_event){.kind = XN_EV_BOOT});
	for (uint32_t h = 0; h < HOSTS; h++) {
		struct xn_event event = {.kind = XN_EV_HOST_UP};

		event.host.host = h;
		event.host.cpus = CPUS;
		event.host.memory_mib = 65536;
		step(fleet, event);
	}
	see_vms(fleet);
	return fleet;
}

static void
fleet_end(struct fleet *fleet)
{
	xn_arena_unmap(&fleet->life);
	xn_arena_unmap(&fleet->scratch);
	free(fleet->actions);
	free(fleet);
}

/* A host's true watts: a line that is bent upwards in the middle. */
static int64_t
true_mw(const struct fleet *fleet, uint32_t host, int64_t used)
{
	int64_t ppm = used * 1000000 / (CPUS * 1000);
	int64_t bend = ppm * (1000000 - ppm) / 1000000 * fleet->truth[host].bend_ppm / 1000000;

	return fleet->truth[host].idle_mw +
	    fleet->truth[host].range_mw / 1000 * (ppm + bend) / 1000;
}

/* Half a minute of truth, shared as who knows the idle watts shares it. */
static void
live(struct fleet *fleet, int64_t watts_mw[HOSTS])
{
	int64_t used[HOSTS] = {0}, reserved[HOSTS] = {0};

	fleet->now.ms += POLL_S * 1000;
	for (uint32_t v = 0; v < VMS; v++) {
		if (dice_chance(&fleet->dice, 50000)) /* every ten minutes, about */
			fleet->vms[v].millicores =
			    dice_between(&fleet->dice, 0, fleet->vms[v].vcpus * 1000);
		fleet->vms[v].cpu_ns += (uint64_t)fleet->vms[v].millicores * POLL_S * 1000000;
		used[fleet->vms[v].host] += fleet->vms[v].millicores;
		reserved[fleet->vms[v].host] += fleet->vms[v].vcpus;
	}
	for (uint32_t h = 0; h < HOSTS; h++)
		watts_mw[h] = true_mw(fleet, h, used[h]);
	for (uint32_t v = 0; v < VMS; v++) {
		uint32_t h = fleet->vms[v].host;
		double idle = (double)fleet->truth[h].idle_mw;
		double share =
		    idle * fleet->vms[v].vcpus / (double)(reserved[h] > CPUS ? reserved[h] : CPUS);

		if (used[h] > 0)
			share += ((double)watts_mw[h] - idle) * (double)fleet->vms[v].millicores /
			    (double)used[h];
		fleet->vms[v].ideal_mj += share * POLL_S;
	}
}

/* What is seen of it: outlets show whole watts and err by half of a percent and a watt. */
static void
tell(struct fleet *fleet, const int64_t watts_mw[HOSTS])
{
	for (uint32_t v = 0; v < VMS; v++) {
		struct xn_event event = {.kind = XN_EV_VM_LOAD};

		event.load.host = fleet->vms[v].host;
		event.load.uuid = uuid_of(v);
		event.load.cpu_ns = fleet->vms[v].cpu_ns;
		event.load.at = fleet->now;
		step(fleet, event);
	}
	for (uint32_t m = 0; m < HOSTS * 2; m++) {
		struct xn_event event = {.kind = XN_EV_READING};
		int64_t mw = watts_mw[m / 2] / 2;

		mw += dice_between(&fleet->dice, -mw / 200, mw / 200);
		mw += dice_between(&fleet->dice, -1000, 1000);
		event.reading.meter = m;
		event.reading.quality = XN_QUALITY_GOOD;
		event.reading.has_power = true;
		event.reading.power.mw = (mw + 500) / 1000 * 1000;
		event.reading.at = fleet->now;
		step(fleet, event);
	}
	step(fleet, (struct xn_event){.kind = XN_EV_TICK});
}

static int
by_size(const void *one, const void *two)
{
	double a = *(const double *)one, b = *(const double *)two;

	return (a > b) - (a < b);
}

static void
the_energy_of_vms_is_within_five_percent_of_the_ideal(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct fleet *fleet = fleet_new(seed);
		double errors[VMS];
		int64_t watts[HOSTS];
		int64_t outlets = 0, shares = 0;

		for (int s = 0; s < WARM_S; s += POLL_S) {
			live(fleet, watts);
			tell(fleet, watts);
		}
		for (uint32_t v = 0; v < VMS; v++) {
			fleet->vms[v].ideal_mj = 0;
			fleet->vms[v].booked_before = fleet->core->vms[v].energy.mj;
		}
		for (int s = 0; s < TRIAL_S; s += POLL_S) {
			live(fleet, watts);
			tell(fleet, watts);
		}
		for (uint32_t v = 0; v < VMS; v++) {
			double booked =
			    (double)(fleet->core->vms[v].energy.mj - fleet->vms[v].booked_before);

			errors[v] = booked / fleet->vms[v].ideal_mj - 1;
			errors[v] = errors[v] < 0 ? -errors[v] : errors[v];
		}
		qsort(errors, VMS, sizeof(errors[0]), by_size);
		print_message("seed %d: median %.2f %%, 95th percentile %.2f %%, worst %.2f %%\n",
		    (int)seed, errors[VMS / 2] * 100, errors[VMS * 95 / 100] * 100,
		    errors[VMS - 1] * 100);
		assert_true(errors[VMS * 95 / 100] <= 0.05);
		for (int slot = 0; slot < XN_SLOTS; slot++) {
			for (uint32_t m = 0; m < HOSTS * 2; m++)
				outlets += fleet->core->meters[m].slots[slot].energy.mj;
			for (uint32_t h = 0; h < HOSTS; h++)
				shares += fleet->core->hosts[h].slots[slot].energy.mj;
			for (uint32_t v = 0; v < VMS; v++)
				shares += fleet->core->vms[v].slots[slot].energy.mj;
		}
		assert_true(outlets > 0 && outlets == shares);
		fleet_end(fleet);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_energy_of_vms_is_within_five_percent_of_the_ideal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
