/*
 * The ledger of the largest site: 10,000 hosts on two outlets each, 80,000 VMs, 500 racks. A step
 * must not keep the loop from its work, whatever closes in it; half a second is a poll that waits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/core/core.h"
#include "tests/bench/bench.h"

#define RACKS  500
#define HOSTS  10000
#define VMS    80000
#define METERS (2 + 2 * RACKS + 2 * HOSTS)

static struct xn_topo_rack racks[RACKS];
static struct xn_topo_host hosts[HOSTS];
static struct xn_topo_meter meters[METERS];
static char rack_names[RACKS][16], host_names[HOSTS][16], meter_names[METERS][16];
static struct xn_topology topology;
static struct xn_actions actions;
static struct xn_core *core;
static xn_instant now = {INT64_C(1795590000000)}; /* 2026-11-25 14:00 in Ha Noi */
static double longest;
static uint32_t rows, steps;

static void
step(struct xn_event event)
{
	double start = bench_cpu(), took;
	uint32_t before = rows;

	event.now = now;
	xn_core_step(core, &event, &actions);
	took = bench_cpu() - start;
	for (uint32_t a = 0; a < actions.count; a++)
		rows += actions.items[a].kind == XN_ACT_LEDGER;
	steps += rows > before;
	if (took > longest)
		longest = took;
}

static void
add_meter(uint32_t meter, enum xn_meter_role role, uint32_t rack, uint32_t host, int feed)
{
	snprintf(meter_names[meter], sizeof(meter_names[meter]), "m%u", meter);
	meters[meter] = (struct xn_topo_meter){
	    .name = meter_names[meter], .role = role, .rack = rack, .host = host, .feed = feed};
}

static void
build(void)
{
	add_meter(0, XN_METER_GRID, XN_NONE, XN_NONE, -1);
	add_meter(1, XN_METER_COOLING, XN_NONE, XN_NONE, -1);
	for (uint32_t r = 0; r < RACKS; r++) {
		snprintf(rack_names[r], sizeof(rack_names[r]), "r%u", r);
		racks[r] = (struct xn_topo_rack){
		    .name = rack_names[r], .room = "hall", .cooling_meter = 1};
		for (uint32_t f = 0; f < 2; f++)
			add_meter(2 + 2 * r + f, XN_METER_FEED, r, XN_NONE, (int)f);
	}
	for (uint32_t h = 0; h < HOSTS; h++) {
		snprintf(host_names[h], sizeof(host_names[h]), "h%u", h);
		hosts[h] =
		    (struct xn_topo_host){.name = host_names[h], .cluster = "c", .rack = h % RACKS};
		for (uint32_t f = 0; f < 2; f++)
			add_meter(2 + 2 * RACKS + 2 * h + f, XN_METER_OUTLET, h % RACKS, h, (int)f);
	}
	topology = (struct xn_topology){.site = "bench",
	    .fresh = xn_seconds(30),
	    .lost = xn_seconds(120),
	    .interval = xn_seconds(1800),
	    .tick = xn_seconds(60),
	    .racks = racks,
	    .rack_count = RACKS,
	    .hosts = hosts,
	    .host_count = HOSTS,
	    .meters = meters,
	    .meter_count = METERS};
}

static void
fill(void)
{
	step((struct xn_event){.kind = XN_EV_BOOT});
	for (uint32_t h = 0; h < HOSTS; h++) {
		struct xn_event event = {.kind = XN_EV_HOST_UP};

		event.host.host = h;
		event.host.cpus = 64;
		event.host.memory_mib = 1 << 19;
		step(event);
	}
	for (uint32_t v = 0; v < VMS; v++) {
		struct xn_event event = {.kind = XN_EV_VM_SEEN};

		event.vm.host = v % HOSTS;
		event.vm.state = XN_VM_RUNNING;
		for (int byte = 0; byte < 4; byte++)
			event.vm.uuid.bytes[byte] = (uint8_t)(v >> 8 * byte);
		snprintf(event.vm.facts.name, sizeof(event.vm.facts.name), "vm%u", v);
		snprintf(event.vm.facts.platform, sizeof(event.vm.facts.platform), "p%u", v % 200);
		snprintf(event.vm.facts.agency, sizeof(event.vm.facts.agency), "a%u", v % 30);
		event.vm.facts.vcpus = 4;
		step(event);
	}
}

static void
read_all(void)
{
	for (uint32_t m = 0; m < METERS; m++) {
		struct xn_event event = {.kind = XN_EV_READING};

		event.reading.meter = m;
		event.reading.quality = XN_QUALITY_GOOD;
		event.reading.has_power = true;
		event.reading.power = xn_watts(m == 0 ? 3000000 : m == 1 ? 600000 : 100);
		event.reading.at = now;
		step(event);
	}
}

int
main(void)
{
	struct xn_arena life = {0}, scratch = {0};
	double start;

	build();
	xn_arena_map(&life, xn_core_size(&topology, VMS));
	xn_arena_map(&scratch, 256u << 20);
	core = xn_core_new(&life, &scratch, &topology, VMS);
	fill();
	for (int minute = 0; minute < 3; minute++, now.ms += 20000)
		read_all();
	now.ms += 1800000;
	step((struct xn_event){.kind = XN_EV_BOOT}); /* the interval is over */
	now.ms += 120000;
	longest = 0;
	start = bench_cpu();
	do
		step((struct xn_event){.kind = XN_EV_STORAGE});
	while (core->closing.active);
	bench_print("ledger, an interval of 80,000 VMs", bench_cpu() - start, "CPU s");
	bench_print("ledger, an interval of 80,000 VMs, longest step", longest * 1e3, "CPU ms");
	bench_print("ledger, an interval of 80,000 VMs, rows", rows, "rows");
	bench_print("ledger, an interval of 80,000 VMs, rows a step", (double)rows / steps, "rows");
	bench_print(
	    "ledger, core of the largest site", (double)xn_core_size(&topology, VMS) / 1e6, "MB");
	xn_arena_unmap(&life);
	xn_arena_unmap(&scratch);
	return 0;
}
