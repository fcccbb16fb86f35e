#include "tests/sim/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID, PV, COOLING, FIRST_RACK_METER };

#define POLL_MS INT64_C(10000)

static uint32_t
feed_meter(uint32_t rack, uint32_t feed)
{
	return FIRST_RACK_METER + rack * 3 + feed;
}

static uint32_t
outlet_meter(const struct world *world, uint32_t host, uint32_t feed)
{
	return FIRST_RACK_METER + world->rack_count * 3 + host * 2 + feed;
}

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
name_of(struct world *world, const char *kind, uint32_t number)
{
	static const size_t count = WORLD_RACKS + WORLD_HOSTS + WORLD_METERS;
	size_t i = 0;

	while (i < count && world->names[i][0] != '\0')
		i++;
	assert(i < count);
	snprintf(world->names[i], sizeof(world->names[i]), "%s%u", kind, number);
	return world->names[i];
}

static void
init_racks(struct world *world)
{
	for (uint32_t r = 0; r < world->rack_count; r++) {
		world->racks[r] = (struct xn_topo_rack){
		    .name = name_of(world, "r", r + 1),
		    .room = "hall",
		    .feed_rating = {xn_watts(900), xn_watts(900)},
		    .feed_max_load = {{800000}, {800000}},
		    .inlet_max = xn_millicelsius(27000),
		    .cooling_meter = COOLING,
		};
		for (uint32_t f = 0; f < 2; f++)
			world->topo_meters[feed_meter(r, f)] = (struct xn_topo_meter){
			    .name = name_of(world, f == 0 ? "pdu-a" : "pdu-b", r + 1),
			    .role = XN_METER_FEED,
			    .rack = r,
			    .host = XN_NONE,
			    .feed = (int)f,
			    .max = xn_watts(900),
			};
		world->topo_meters[feed_meter(r, 2)] = (struct xn_topo_meter){
		    .name = name_of(world, "inlet", r + 1),
		    .role = XN_METER_INLET,
		    .rack = r,
		    .host = XN_NONE,
		    .feed = -1,
		};
	}
}

static void
init_hosts(struct world *world, struct dice *dice)
{
	for (uint32_t h = 0; h < world->host_count; h++) {
		int64_t idle = dice_between(dice, 50, 90);
		int64_t full = idle + dice_between(dice, 80, 160);

		world->hosts[h] = (struct world_host){.daemon_up = true,
		    .idle = xn_watts(idle),
		    .full = xn_watts(full),
		    .millicores = 8000};
		world->topo_hosts[h] = (struct xn_topo_host){.name = name_of(world, "h", h + 1),
		    .cluster = "prod",
		    .rack = h % world->rack_count,
		    .idle = xn_watts(idle),
		    .full = xn_watts(full)};
		for (uint32_t f = 0; f < 2; f++)
			world->topo_meters[outlet_meter(world, h, f)] = (struct xn_topo_meter){
			    .name = name_of(world, f == 0 ? "out-a" : "out-b", h + 1),
			    .role = XN_METER_OUTLET,
			    .rack = h % world->rack_count,
			    .host = h,
			    .feed = (int)f,
			    .max = xn_watts(500),
			};
	}
}

static void
init_vms(struct world *world, struct dice *dice)
{
	for (uint32_t v = 0; v < world->vm_count; v++) {
		struct world_vm *vm = &world->vms[v];
		uint32_t host = (uint32_t)dice_between(dice, 0, world->host_count - 1);

		vm->uuid.bytes[0] = 0xaa;
		vm->uuid.bytes[15] = (uint8_t)(v + 1);
		snprintf(vm->facts.name, sizeof(vm->facts.name), "vm%u", v + 1);
		vm->facts.vcpus = 2;
		vm->facts.memory_mib = 2048;
		vm->facts.security_level = 1;
		vm->facts.movable = dice_chance(dice, 900000);
		vm->facts.lockable = dice_chance(dice, 500000);
		vm->load_millicores = dice_between(dice, 50, 1200);
		vm->copies[host].state = XN_VM_RUNNING;
	}
}

void
world_init(struct world *world, uint64_t seed)
{
	struct dice dice = dice_for(seed, "shape");
	const struct xn_topo_meter site = {
	    .rack = XN_NONE, .host = XN_NONE, .feed = -1, .max = xn_watts(9000)};

	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->now.ms = INT64_C(1795400000000);
	world->rack_count = (uint32_t)dice_between(&dice, 2, WORLD_RACKS);
	world->host_count = (uint32_t)dice_between(&dice, world->rack_count, WORLD_HOSTS);
	world->vm_count = (uint32_t)dice_between(&dice, 4, world->host_count * 3);
	world->meter_count = FIRST_RACK_METER + world->rack_count * 3 + world->host_count * 2;
	draw_faults(world);
	for (uint32_t m = 0; m < FIRST_RACK_METER; m++)
		world->topo_meters[m] = site;
	world->topo_meters[GRID].name = "grid";
	world->topo_meters[GRID].role = XN_METER_GRID;
	world->topo_meters[PV].name = "pv";
	world->topo_meters[PV].role = XN_METER_PV;
	world->topo_meters[COOLING].name = "crac";
	world->topo_meters[COOLING].role = XN_METER_COOLING;
	init_racks(world);
	init_hosts(world, &dice);
	init_vms(world, &dice);
	for (uint32_t a = 0; a <= world->rack_count; a++) {
		world->agents[a].next_sequence = 1;
		world->agents[a].spool = calloc(WORLD_SPOOL, sizeof(struct world_frame));
		if (world->agents[a].spool == NULL)
			abort();
	}
	world->topology = (struct xn_topology){.site = "sim",
	    .utc_offset_s = 7 * 3600,
	    .fresh = xn_seconds(30),
	    .lost = xn_seconds(120),
	    .interval = xn_seconds(1800),
	    .tick = xn_seconds(60),
	    .fingerprint = seed,
	    .racks = world->racks,
	    .rack_count = world->rack_count,
	    .hosts = world->topo_hosts,
	    .host_count = world->host_count,
	    .meters = world->topo_meters,
	    .meter_count = world->meter_count};
	world->load_dice = dice_for(seed, "load");
	world->agent_dice = dice_for(seed, "agents");
	world->virt_dice = dice_for(seed, "virt");
	world->fault_dice = dice_for(seed, "faults");
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
	return (xn_power){machine->idle.mw +
	    (machine->full.mw - machine->idle.mw) * used / machine->millicores};
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
	world->meters[meter].true_mj += mw; /* one second: mW x 1 s = mJ */
}

static void
flow_power(struct world *world)
{
	int64_t it = 0;
	int64_t pv = 200000 + (world->now.ms / 60000 % 60) * 2000;

	for (uint32_t r = 0; r < world->rack_count; r++) {
		int64_t mw = world_rack_power(world, r).mw;

		it += mw;
		set_power(world, feed_meter(r, 0), mw / 2);
		set_power(world, feed_meter(r, 1), mw - mw / 2);
		world->meters[feed_meter(r, 2)].temperature = xn_millicelsius(20000 + mw / 250);
	}
	for (uint32_t h = 0; h < world->host_count; h++) {
		int64_t mw = host_power(world, h).mw;

		set_power(world, outlet_meter(world, h, 0), mw / 2);
		set_power(world, outlet_meter(world, h, 1), mw - mw / 2);
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

/* A device's bad moment: no answer, a doubtful value, or a sentinel that slipped through as suspect. */
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
