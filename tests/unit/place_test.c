#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/place.h"

/* A small site: two racks of two hosts, one feed pair each; tests change what they are about. */
struct world {
	struct xn_fleet_feed feeds[4];
	struct xn_fleet_rack racks[2];
	struct xn_fleet_host hosts[4];
	struct xn_fleet_vm vms[12];
	struct xn_fleet fleet;
};

static struct xn_arena arena;
static struct xn_source source;

static void
set_curve(struct xn_fleet_host *host, int idle, int full)
{
	for (int i = 0; i <= 10; i++)
		host->watts[i] = (xn_power){idle * 1000 + (full - idle) * 100 * i};
}

static void
make_world(struct world *world)
{
	static const char *const feeds[] = {"A01/A", "A01/B", "A02/A", "A02/B"};
	static const char *const racks[] = {"A01", "A02"};
	static const char *const hosts[] = {"h1", "h2", "h3", "h4"};

	memset(world, 0, sizeof(*world));
	xn_arena_reset(&arena);
	for (unsigned i = 0; i < 4; i++) {
		world->feeds[i] = (struct xn_fleet_feed){
		    .id = feeds[i], .rating = xn_watts(3000), .max_load = {800000}};
		world->hosts[i] = (struct xn_fleet_host){.id = hosts[i],
		    .cluster = "default",
		    .labels = "",
		    .rack = i / 2,
		    .cpu_millicores = 4000,
		    .memory_mib = 8192,
		    .network_mbps = 1000,
		    .sleep_watts = xn_watts(5),
		    .security_level = 1,
		    .can_sleep = true};
		set_curve(&world->hosts[i], 60, i < 2 ? 160 : 220);
	}
	for (unsigned i = 0; i < 2; i++)
		world->racks[i] = (struct xn_fleet_rack){.id = racks[i],
		    .room = "hall",
		    .site = "s",
		    .feeds = {i * 2, i * 2 + 1},
		    .feed_count = 2,
		    .inlet = xn_millicelsius(22000),
		    .inlet_max = xn_millicelsius(27000),
		    .inlet_quality = XN_QUALITY_GOOD,
		    .inlet_mk_per_kw = 1000,
		    .cooling = {i == 0 ? 300000 : 450000}};
	world->fleet = (struct xn_fleet){.feeds = world->feeds,
	    .feed_count = 4,
	    .racks = world->racks,
	    .rack_count = 2,
	    .hosts = world->hosts,
	    .host_count = 4,
	    .vms = world->vms};
}

static struct xn_fleet_vm *
add_vm(struct world *world, const char *id, uint32_t host, int64_t used)
{
	struct xn_fleet_vm *vm = &world->vms[world->fleet.vm_count++];

	*vm = (struct xn_fleet_vm){.id = id,
	    .labels = "",
	    .host = host,
	    .cpu_millicores = 1000,
	    .cpu_used_millicores = used,
	    .cpu_p95_millicores = used,
	    .memory_mib = 1024,
	    .security_level = 1,
	    .movable = true,
	    .running = true};
	return vm;
}

static const struct xn_policy *
compile(const char *text)
{
	struct xn_problems problems;
	const struct xn_yaml *documents;
	const struct xn_policy *policy;

	xn_problems_init(&problems, &arena);
	source = (struct xn_source){.path = "p.yaml", .bytes = text, .size = strlen(text)};
	documents = xn_yaml_read_text(&arena, &source, &problems);
	policy = xn_policy_compile(&arena, documents->first, &problems);
	xn_problems_print(&problems, stderr);
	assert_non_null(policy);
	return policy;
}

static struct xn_placement
place(const struct world *world, const struct xn_policy *policy)
{
	struct xn_placement placement;
	struct xn_error err = {.code = XN_OK};

	assert_int_equal(xn_place(&world->fleet, policy, (struct xn_place_options){.seed = 1},
			     &arena, &placement, &err),
	    XN_OK);
	assert_true(placement.bound_it.mw <= placement.after.it.mw);
	return placement;
}

static void
apply(struct world *world, const struct xn_placement *placement)
{
	for (uint32_t i = 0; i < placement->step_count; i++) {
		const struct xn_step *step = &placement->steps[i];

		switch (step->kind) {
		case XN_STEP_MOVE: world->vms[step->vm].host = step->to; break;
		case XN_STEP_WAKE: world->hosts[step->to].state = XN_HOST_ON; break;
		case XN_STEP_SLEEP: world->hosts[step->to].state = XN_HOST_SLEEP; break;
		}
	}
}

#define HEAD "kind: policy\nname: p\n"

static void
work_goes_to_the_rack_that_needs_fewer_watts_and_stays(void **state)
{
	struct world world;
	struct xn_placement plan;

	(void)state;
	make_world(&world);
	for (uint32_t i = 0; i < 6; i++)
		add_vm(&world, (const char *[]){"a", "b", "c", "d", "e", "f"}[i], i % 4, 300);
	plan = place(&world, compile(HEAD));
	assert_int_equal(plan.step_count, 2);
	for (uint32_t i = 0; i < plan.step_count; i++) {
		assert_true(plan.steps[i].from >= 2);
		assert_true(plan.steps[i].to < 2);
		assert_true(plan.steps[i].saves.mw > 0);
	}
	assert_true(plan.after.facility.mw < plan.before.facility.mw);
	apply(&world, &plan);
	plan = place(&world, compile(HEAD));
	assert_int_equal(plan.step_count, 0);
	assert_string_equal(plan.verdict, "no beneficial move");
}

static void
an_emptied_host_sleeps_after_its_last_vm_left(void **state)
{
	struct world world;
	struct xn_placement plan;
	const struct xn_step *last;

	(void)state;
	make_world(&world);
	add_vm(&world, "a", 0, 500);
	add_vm(&world, "b", 3, 500);
	plan = place(&world, compile(HEAD "power_off: {keep_spare_hosts: 1}\n"));
	assert_int_equal(plan.after.violation_count, 0);
	last = &plan.steps[plan.step_count - 1];
	assert_int_equal(last->kind, XN_STEP_SLEEP);
	for (uint32_t i = 0; i < plan.step_count; i++)
		if (plan.steps[i].kind == XN_STEP_SLEEP && plan.steps[i].to == 3)
			assert_int_equal(plan.steps[i].after_count, 1);
	/* One of four is loaded, one is kept: two sleep. */
	assert_int_equal(plan.step_count, 3);
}

static void
a_vm_that_is_nowhere_wakes_a_host_when_it_must(void **state)
{
	struct world world;
	struct xn_placement plan;

	(void)state;
	make_world(&world);
	for (unsigned i = 1; i < 4; i++)
		world.hosts[i].state = XN_HOST_SLEEP;
	add_vm(&world, "big", 0, 3500);
	add_vm(&world, "new", XN_NONE, 1000);
	plan = place(&world, compile(HEAD));
	assert_int_equal(plan.step_count, 2);
	assert_int_equal(plan.steps[0].kind, XN_STEP_WAKE);
	assert_int_equal(plan.steps[0].to, 1);
	assert_int_equal(plan.steps[1].kind, XN_STEP_MOVE);
	assert_int_equal(plan.steps[1].after_count, 1);
	assert_int_equal(plan.steps[1].after[0], 1);
	assert_int_equal(plan.unplaced_count, 0);
}

static void
what_fits_nowhere_is_listed_with_the_reason(void **state)
{
	struct world world;
	struct xn_placement plan;

	(void)state;
	make_world(&world);
	add_vm(&world, "huge", XN_NONE, 100)->memory_mib = 1 << 20;
	plan = place(&world, compile(HEAD));
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.unplaced_count, 1);
	assert_non_null(strstr(plan.unplaced[0].why, "memory"));
	assert_non_null(strstr(plan.unplaced[0].why, "4 of 4"));
}

static void
a_swap_of_room_waits_for_the_one_that_leaves(void **state)
{
	struct world world;
	struct xn_placement plan;
	uint32_t leaves = 0;
	uint32_t enters = 0;

	(void)state;
	make_world(&world);
	/* `in` must go to h1, which is full until `out` has left it. */
	world.hosts[2].state = world.hosts[3].state = XN_HOST_OFF;
	add_vm(&world, "out", 0, 100)->memory_mib = 8192;
	add_vm(&world, "in", 1, 100)->memory_mib = 4096;
	world.hosts[1].memory_mib = 16384;
	plan = place(&world,
	    compile(HEAD "constraints:\n"
			 "  - fence: {select: {vm: in}, hosts: {host: h1}}\n"
			 "  - fence: {select: {vm: out}, hosts: {host: h2}}\n"));
	assert_int_equal(plan.after.violation_count, 0);
	assert_int_equal(plan.step_count, 2);
	for (uint32_t i = 0; i < 2; i++)
		*(plan.steps[i].to == 0 ? &enters : &leaves) = plan.steps[i].number;
	assert_int_equal(leaves, 1);
	assert_int_equal(plan.steps[enters - 1].after_count, 1);
	assert_int_equal(plan.steps[enters - 1].after[0], leaves);
}

static void
a_rack_whose_inlet_is_stale_is_left_alone(void **state)
{
	struct world world;
	struct xn_placement plan;

	(void)state;
	make_world(&world);
	add_vm(&world, "a", 2, 900);
	world.racks[0].inlet_quality = XN_QUALITY_STALE;
	plan = place(&world, compile(HEAD "power_off: {idle_for: 30 min}\n"));
	for (uint32_t i = 0; i < plan.step_count; i++)
		assert_true(plan.steps[i].to >= 2);
	world.racks[1].inlet_quality = XN_QUALITY_ABSENT;
	plan = place(&world, compile(HEAD "power_off: {idle_for: 30 min}\n"));
	assert_int_equal(plan.step_count, 0);
	assert_non_null(
	    strstr(xn_place_refusal(&world.fleet, compile(HEAD), 0, 0, &arena), "hold"));
}

static void
a_freeze_lets_only_cures_and_placements_pass(void **state)
{
	static const char frozen[] = HEAD "moves: {freeze: [{dates: 1970-01-01}]}\n"
					  "power_off: {idle_for: 30 min}\n";
	struct world world;
	struct xn_placement plan;

	(void)state;
	make_world(&world);
	add_vm(&world, "a", 2, 900);
	assert_int_equal(place(&world, compile(frozen)).step_count, 0);
	world.hosts[2].state = XN_HOST_MAINTENANCE;
	add_vm(&world, "b", 3, 900);
	add_vm(&world, "new", XN_NONE, 900);
	plan = place(&world, compile(frozen));
	assert_int_equal(plan.step_count, 2);
	assert_int_equal(world.vms[1].host, 3);
	for (uint32_t i = 0; i < plan.step_count; i++)
		assert_int_not_equal(plan.steps[i].vm, 1);
}

static void
a_plan_that_saves_too_little_has_no_step(void **state)
{
	struct world world;
	struct xn_placement plan;

	(void)state;
	make_world(&world);
	add_vm(&world, "a", 2, 100);
	assert_int_equal(place(&world, compile(HEAD)).step_count, 1);
	plan = place(&world, compile(HEAD "moves: {min_saving: 1 kWh per move}\n"));
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.after.it.mw, plan.before.it.mw);
}

static void
limits_of_a_plan_are_kept(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	for (uint32_t i = 0; i < 6; i++)
		add_vm(&world, (const char *[]){"a", "b", "c", "d", "e", "f"}[i], 2, 300);
	assert_int_equal(place(&world, compile(HEAD)).step_count, 6);
	assert_int_equal(place(&world, compile(HEAD "moves: {per_hour: 2}\n")).step_count, 2);
	world.vms[0].moves_today = world.vms[1].moves_today = 1;
	assert_int_equal(place(&world, compile(HEAD "moves: {per_vm: 1 per day}\n")).step_count, 4);
	world.vms[2].movable = false;
	world.vms[3].running = false;
	assert_int_equal(place(&world, compile(HEAD "moves: {per_vm: 1 per day}\n")).step_count, 2);
	assert_int_equal(
	    place(&world, compile(HEAD "constraints: [{root: {select: {all: true}}}]\n"))
		.step_count,
	    0);
	assert_int_equal(place(&world, compile(HEAD "clusters: [other]\n")).step_count, 0);
	assert_int_equal(
	    place(&world, compile(HEAD "constraints: [{quarantine: {hosts: {rack: A02}}}]\n"))
		.step_count,
	    0);
}

static void
a_feed_is_never_loaded_beyond_what_the_other_can_take_over(void **state)
{
	struct world world;
	struct xn_placement plan;

	(void)state;
	make_world(&world);
	/* Each feed of A01 alone can carry 2 x 60 W idle and 40 W more. */
	world.feeds[0].rating = world.feeds[1].rating = xn_watts(160);
	for (uint32_t i = 0; i < 6; i++)
		add_vm(&world, (const char *[]){"a", "b", "c", "d", "e", "f"}[i], 2, 500);
	plan = place(&world, compile(HEAD));
	/* 500 millicores are 12.5 W there: three fit, the plan takes no fourth. */
	assert_int_equal(plan.step_count, 3);
	assert_int_equal(plan.after.violation_count, 0);
}

static void
sleep_waits_for_twelve_moves_though_eight_can_be_listed(void **state)
{
	struct world world;
	struct xn_placement plan;
	bool slept = false;

	(void)state;
	make_world(&world);
	for (uint32_t i = 0; i < 12; i++)
		add_vm(&world, xn_text(&arena, "v%u", (unsigned)i), 3, 100)->memory_mib = 256;
	plan = place(&world, compile(HEAD "power_off: {idle_for: 30 min}\n"));
	for (uint32_t i = 0; i < plan.step_count; i++) {
		const struct xn_step *step = &plan.steps[i];

		for (unsigned a = 0; a < step->after_count; a++)
			assert_true(step->after[a] < step->number);
		slept |= step->kind == XN_STEP_SLEEP && step->to == 3 && step->after_count == 8;
	}
	assert_true(slept);
}

int
main(void)
{
	static unsigned char memory[64 << 20];
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(work_goes_to_the_rack_that_needs_fewer_watts_and_stays),
	    cmocka_unit_test(an_emptied_host_sleeps_after_its_last_vm_left),
	    cmocka_unit_test(a_vm_that_is_nowhere_wakes_a_host_when_it_must),
	    cmocka_unit_test(what_fits_nowhere_is_listed_with_the_reason),
	    cmocka_unit_test(a_swap_of_room_waits_for_the_one_that_leaves),
	    cmocka_unit_test(a_rack_whose_inlet_is_stale_is_left_alone),
	    cmocka_unit_test(a_freeze_lets_only_cures_and_placements_pass),
	    cmocka_unit_test(a_plan_that_saves_too_little_has_no_step),
	    cmocka_unit_test(limits_of_a_plan_are_kept),
	    cmocka_unit_test(a_feed_is_never_loaded_beyond_what_the_other_can_take_over),
	    cmocka_unit_test(sleep_waits_for_twelve_moves_though_eight_can_be_listed),
	};

	xn_arena_init(&arena, memory, sizeof(memory));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
