#include "tests/lib/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID, PV, COOLING };

#define POLL_MS INT64_C(10000)

/* Half of all fault classes are on in a seed, each at a rate of its own. */
static void
draw_faults(struct world *world)
{
	struct dice dice = dice_for(world->seed, "swarm");
	const struct {
		int64_t *rate;
		int64_t low, high; /* parts per million */
	} classes[] = {
	    {&world->faults.frame_lost, 10000, 300000},
	    {&world->faults.frame_late, 10000, 300000},
	    {&world->faults.frame_twice, 10000, 300000},
	    {&world->faults.agent_cut, 50, 1000},
	    {&world->faults.reading_bad, 1000, 50000},
	    {&world->faults.register_reset, 5, 200},
	    {&world->faults.move_failed, 50000, 400000},
	    {&world->faults.move_unknown, 50000, 500000},
	    {&world->faults.daemon_dies, 50, 1000},
	    {&world->faults.crash, 100, 5000},
	    {&world->faults.disk_full, 20, 300},
	    {&world->faults.load_jump, 100, 5000},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		bool on = dice_chance(&dice, 500000);
		int64_t rate = dice_between(&dice, classes[i].low, classes[i].high);

		*classes[i].rate = on ? rate : 0;
	}
}

static const char *
keep_name(struct world *world, const char *kind, const char *name)
{
	size_t i = 0;

	while (i < WORLD_METERS && world->names[i][0] != '\0')
		i++;
	assert(i < WORLD_METERS);
	snprintf(world->names[i], sizeof(world->names[i]), "%s%s", kind, name);
	return world->names[i];
}

static uint32_t
add_meter(struct world *world, struct xn_topo_meter meter)
{
	assert(world->meter_count < WORLD_METERS);
	world->topo_meters[world->meter_count] = meter;
	world->topology.meter_count = world->meter_count + 1;
	return world->meter_count++;
}

uint32_t
world_add_rack(struct world *world, const char *name, xn_power feed_rating)
{
	uint32_t rack = world->rack_count++;
	struct xn_topo_meter meter = {
	    .role = XN_METER_FEED, .rack = rack, .host = XN_NONE, .max = feed_rating};

	assert(rack < WORLD_RACKS);
	world->racks[rack] = (struct xn_topo_rack){
	    .name = name,
	    .room = "hall",
	    .feed_rating = {feed_rating, feed_rating},
	    .feed_max_load = {{800000}, {800000}},
	    .inlet_max = xn_millicelsius(27000),
	    .cooling_meter = COOLING,
	};
	for (int f = 0; f < 2; f++) {
		meter.name = keep_name(world, f == 0 ? "pdu-a-" : "pdu-b-", name);
		meter.feed = f;
		add_meter(world, meter);
	}
	meter = (struct xn_topo_meter){.name = keep_name(world, "inlet-", name),
	    .role = XN_METER_INLET,
	    .rack = rack,
	    .host = XN_NONE,
	    .feed = -1};
	world->rack_meters[rack] = add_meter(world, meter) - 2;
	world->topology.rack_count = world->rack_count;
	return rack;
}

uint32_t
world_add_host(struct world *world, const char *name, uint32_t rack, xn_power idle, xn_power full)
{
	uint32_t host = world->host_count++;
	struct xn_topo_meter meter = {
	    .role = XN_METER_OUTLET, .rack = rack, .host = host, .max = xn_watts(500)};

	assert(host < WORLD_HOSTS);
	world->hosts[host] =
	    (struct world_host){.daemon_up = true, .idle = idle, .full = full, .millicores = 8000};
	world->topo_hosts[host] = (struct xn_topo_host){
	    .name = name, .cluster = "prod", .rack = rack, .idle = idle, .full = full};
	world->host_meters[host] = world->meter_count;
	for (int f = 0; f < 2; f++) {
		meter.name = keep_name(world, f == 0 ? "out-a-" : "out-b-", name);
		meter.feed = f;
		add_meter(world, meter);
	}
	world->topology.host_count = world->host_count;
	return host;
}

uint32_t
world_add_vm(
    struct world *world, const char *name, uint32_t host, int64_t load_millicores, bool lockable)
{
	uint32_t v = world->vm_count++;
	struct world_vm *vm = &world->vms[v];

	assert(v < WORLD_VMS);
	vm->uuid.bytes[0] = 0xaa;
	vm->uuid.bytes[15] = (uint8_t)(v + 1);
	snprintf(vm->facts.name, sizeof(vm->facts.name), "%s", name);
	vm->facts.vcpus = 2;
	vm->facts.memory_mib = 2048;
	vm->facts.security_level = 1;
	vm->facts.movable = true;
	vm->facts.lockable = lockable;
	vm->load_millicores = load_millicores;
	vm->copies[host].state = XN_VM_RUNNING;
	return v;
}

void
world_begin(struct world *world, uint64_t seed)
{
	const struct xn_topo_meter site = {
	    .rack = XN_NONE, .host = XN_NONE, .feed = -1, .max = xn_watts(9000)};
	static const struct {
		const char *name;
		enum xn_meter_role role;
	} meters[] = {[GRID] = {"grid", XN_METER_GRID},
	    [PV] = {"pv", XN_METER_PV},
	    [COOLING] = {"crac", XN_METER_COOLING}};

	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->now.ms = INT64_C(1795399200000); /* 2026-11-23T02:00:00Z */
	world->topology = (struct xn_topology){.site = "sim",
	    .utc_offset_s = 7 * 3600,
	    .fresh = xn_seconds(30),
	    .lost = xn_seconds(120),
	    .interval = xn_seconds(1800),
	    .tick = xn_seconds(60),
	    .fingerprint = seed,
	    .racks = world->racks,
	    .hosts = world->topo_hosts,
	    .meters = world->topo_meters};
	for (size_t m = 0; m < sizeof(meters) / sizeof(meters[0]); m++) {
		struct xn_topo_meter meter = site;

		meter.name = meters[m].name;
		meter.role = meters[m].role;
		add_meter(world, meter);
	}
	for (uint32_t a = 0; a <= WORLD_RACKS; a++) {
		world->agents[a].next_sequence = 1;
		world->agents[a].spool = calloc(WORLD_SPOOL, sizeof(struct world_frame));
		if (world->agents[a].spool == NULL)
			abort();
	}
	world->load_dice = dice_for(seed, "load");
	world->agent_dice = dice_for(seed, "agents");
	world->virt_dice = dice_for(seed, "virt");
	world->fault_dice = dice_for(seed, "faults");
}

void
world_draw(struct world *world, uint64_t seed)
{
	static const char *const racks[WORLD_RACKS] = {"r1", "r2", "r3", "r4"};
	static const char *const hosts[WORLD_HOSTS] = {
	    "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8"};
	struct dice dice = dice_for(seed, "shape");
	int64_t rack_count = dice_between(&dice, 2, WORLD_RACKS);
	int64_t host_count = dice_between(&dice, rack_count, WORLD_HOSTS);
	int64_t vm_count = dice_between(&dice, 4, host_count * 3);

	world_begin(world, seed);
	draw_faults(world);
	for (int64_t r = 0; r < rack_count; r++)
		world_add_rack(world, racks[r], xn_watts(900));
	for (int64_t h = 0; h < host_count; h++) {
		int64_t idle = dice_between(&dice, 50, 90);

		world_add_host(world, hosts[h], (uint32_t)(h % rack_count), xn_watts(idle),
		    xn_watts(idle + dice_between(&dice, 80, 160)));
	}
	for (int64_t v = 0; v < vm_count; v++) {
		char name[16];
		uint32_t vm;

		snprintf(name, sizeof(name), "vm%d", (int)v + 1);
		vm = world_add_vm(world, name, (uint32_t)dice_between(&dice, 0, host_count - 1),
		    dice_between(&dice, 50, 1200), dice_chance(&dice, 500000));
		world->vms[vm].facts.movable = dice_chance(&dice, 900000);
	}
}

void
world_free(struct world *world)
{
	for (uint32_t a = 0; a <= WORLD_RACKS; a++)
		free(world->agents[a].spool);
}

/* ---- watts ---- */

static xn_power
host_power(const struct world *world, uint32_t host)
{
	const struct world_host *machine = &world->hosts[host];
	int64_t used = 0;

	for (uint32_t v = 0; v < world->vm_count; v++)
		if (world->vms[v].copies[host].state == XN_VM_RUNNING)
			used += world->vms[v].load_millicores;
	if (used > machine->millicores)
		used = machine->millicores;
	return (xn_power){
	    machine->idle.mw + (machine->full.mw - machine->idle.mw) * used / machine->millicores};
}

xn_power
world_rack_power(const struct world *world, uint32_t rack)
{
	xn_power sum = {20000}; /* its switches */

	for (uint32_t h = 0; h < world->host_count; h++)
		if (world->topo_hosts[h].rack == rack)
			sum.mw += host_power(world, h).mw;
	return sum;
}

static void
set_power(struct world *world, uint32_t meter, int64_t mw)
{
	world->meters[meter].power.mw = mw;
	if (mw > 0)
		world->meters[meter].true_mj += mw; /* one second: mW x 1 s = mJ; what is given back
						       has a register of its own */
}

static void
flow_power(struct world *world)
{
	int64_t it = 0;
	int64_t pv = 200000 + (world->now.ms / 60000 % 60) * 2000;

	for (uint32_t r = 0; r < world->rack_count; r++) {
		int64_t mw = world_rack_power(world, r).mw;

		it += mw;
		set_power(world, world->rack_meters[r], mw / 2);
		set_power(world, world->rack_meters[r] + 1, mw - mw / 2);
		world->meters[world->rack_meters[r] + 2].temperature =
		    xn_millicelsius(20000 + mw / 250);
	}
	for (uint32_t h = 0; h < world->host_count; h++) {
		int64_t mw = host_power(world, h).mw;

		set_power(world, world->host_meters[h], mw / 2);
		set_power(world, world->host_meters[h] + 1, mw - mw / 2);
	}
	set_power(world, COOLING, it * 3 / 10);
	set_power(world, PV, pv);
	set_power(world, GRID, it + it * 3 / 10 + it / 20 - pv);
}

static void
change_loads(struct world *world)
{
	for (uint32_t v = 0; v < world->vm_count; v++) {
		struct world_vm *vm = &world->vms[v];

		for (uint32_t h = 0; h < world->host_count; h++)
			if (vm->copies[h].state == XN_VM_RUNNING)
				vm->copies[h].cpu_ns += (uint64_t)vm->load_millicores * 1000000u;
		if (!world->calm && dice_chance(&world->load_dice, world->faults.load_jump))
			vm->load_millicores = dice_between(&world->load_dice, 50, 1900);
	}
}

/* ---- agents ---- */

/* An agent reads its rack's meters; the last one reads the site's. */
static bool
reads(const struct world *world, uint32_t agent, uint32_t meter)
{
	uint32_t rack = world->topo_meters[meter].rack;

	return agent == world->rack_count ? rack == XN_NONE : rack == agent;
}

/* A device's bad moment: no answer, a doubtful value, or a sentinel that slipped through as
 * suspect. */
static enum xn_quality
bad_quality(struct world *world)
{
	return dice_chance(&world->agent_dice, 500000) ? XN_QUALITY_ABSENT : XN_QUALITY_SUSPECT;
}

static void
sample(struct world *world, uint32_t agent)
{
	struct world_agent *self = &world->agents[agent];
	struct world_frame *frame = &self->spool[self->next_sequence % WORLD_SPOOL];

	assert(self->next_sequence - self->acked < WORLD_SPOOL);
	memset(frame, 0, sizeof(*frame));
	frame->at = world->now;
	frame->sequence = self->next_sequence++;
	for (uint32_t m = 0; m < world->meter_count; m++) {
		struct world_meter *meter = &world->meters[m];

		if (!reads(world, agent, m))
			continue;
		if (!world->calm && dice_chance(&world->agent_dice, world->faults.register_reset))
			meter->zero_mj = meter->true_mj;
		frame->rows[m].present = true;
		frame->rows[m].quality = XN_QUALITY_GOOD;
		frame->rows[m].power = meter->power;
		frame->rows[m].temperature = meter->temperature;
		frame->rows[m].energy.mj = meter->true_mj - meter->zero_mj;
		if (!world->calm && dice_chance(&world->agent_dice, world->faults.reading_bad)) {
			frame->rows[m].quality = bad_quality(world);
			frame->rows[m].power.mw = INT64_C(429496729500);
			frame->rows[m].energy.mj = INT64_C(429496729500000);
			frame->rows[m].temperature = xn_millicelsius(999900);
		}
	}
}

static void
begin_faults(struct world *world)
{
	struct dice *dice = &world->fault_dice;

	if (world->calm)
		return;
	for (uint32_t a = 0; a <= world->rack_count; a++)
		if (dice_chance(dice, world->faults.agent_cut))
			world->agents[a].cut_until =
			    xn_after(world->now, xn_seconds(dice_between(dice, 20, 900)));
	for (uint32_t h = 0; h < world->host_count; h++)
		if (world->hosts[h].daemon_up && dice_chance(dice, world->faults.daemon_dies)) {
			world->hosts[h].daemon_up = false;
			world->hosts[h].daemon_back =
			    xn_after(world->now, xn_seconds(dice_between(dice, 3, 300)));
		}
	if (!world->disk_full && dice_chance(dice, world->faults.disk_full)) {
		world->disk_full = true;
		world->disk_until = xn_after(world->now, xn_seconds(dice_between(dice, 30, 600)));
	}
}

void
world_second(struct world *world)
{
	world->now.ms += 1000;
	begin_faults(world);
	if (world->calm) {
		world->disk_until = world->now;
		for (uint32_t a = 0; a <= world->rack_count; a++)
			world->agents[a].cut_until = world->now;
	}
	if (world->disk_full && world->now.ms >= world->disk_until.ms)
		world->disk_full = false;
	change_loads(world);
	flow_power(world);
	if (world->now.ms % POLL_MS == 0)
		for (uint32_t a = 0; a <= world->rack_count; a++)
			sample(world, a);
}
