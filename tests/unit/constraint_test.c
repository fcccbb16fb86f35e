#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/place.h"
#include "policies/terms.h"

/* Four hosts in two racks; one story per constraint: what it says is broken, and what the plan
 * does. */
static struct xn_arena arena;
static struct xn_source source;
static struct xn_fleet_feed feeds[2];
static struct xn_fleet_rack racks[2];
static struct xn_fleet_host hosts[4];
static struct xn_fleet_vm vms[8];
static struct xn_fleet fleet;

static void
reset(void)
{
	static const char *const names[] = {"h1", "h2", "h3", "h4"};

	xn_arena_reset(&arena);
	for (unsigned i = 0; i < 2; i++) {
		feeds[i] = (struct xn_fleet_feed){.id = i == 0 ? "R1/A" : "R2/A",
		    .rating = xn_watts(2000),
		    .max_load = {1000000}};
		racks[i] = (struct xn_fleet_rack){.id = i == 0 ? "R1" : "R2",
		    .room = "hall",
		    .site = "s",
		    .feeds = {i},
		    .feed_count = 1,
		    .inlet = xn_millicelsius(25000),
		    .inlet_max = xn_millicelsius(40000),
		    .inlet_quality = XN_QUALITY_GOOD,
		    .inlet_mk_per_kw = 10000};
	}
	for (unsigned i = 0; i < 4; i++) {
		hosts[i] = (struct xn_fleet_host){.id = names[i],
		    .cluster = "c",
		    .labels = "",
		    .rack = i / 2,
		    .cpu_millicores = 4000,
		    .memory_mib = 4096,
		    .network_mbps = 1000,
		    .security_level = 5,
		    .can_sleep = true};
		for (int w = 0; w <= 10; w++)
			hosts[i].watts[w] = xn_watts(100 + 10 * w);
	}
	fleet = (struct xn_fleet){.feeds = feeds,
	    .feed_count = 2,
	    .racks = racks,
	    .rack_count = 2,
	    .hosts = hosts,
	    .host_count = 4,
	    .vms = vms};
}

static struct xn_fleet_vm *
vm(const char *id, uint32_t host)
{
	struct xn_fleet_vm *row = &vms[fleet.vm_count++];

	*row = (struct xn_fleet_vm){.id = id,
	    .labels = "",
	    .group = "g",
	    .agency = "a",
	    .host = host,
	    .cpu_millicores = 2000,
	    .cpu_used_millicores = 1000,
	    .cpu_p95_millicores = 1000,
	    .memory_mib = 1024,
	    .network_mbps = 100,
	    .security_level = 1,
	    .movable = true,
	    .running = true};
	return row;
}

static const struct xn_policy *
policy(const char *rest)
{
	char *text = xn_text(&arena, "kind: policy\nname: p\n%s\n", rest);
	struct xn_problems problems;
	const struct xn_policy *made;

	xn_problems_init(&problems, &arena);
	source = (struct xn_source){.path = "p.yaml", .bytes = text, .size = strlen(text)};
	made = xn_policy_compile(
	    &arena, xn_yaml_read_text(&arena, &source, &problems)->first, &problems);
	xn_problems_print(&problems, stderr);
	assert_non_null(made);
	return made;
}

/* Before: exactly this is broken, in words "constraint about about"; after: nothing, by `moves`. */
static struct xn_placement
expect(const char *rest, const char *broken, uint32_t moves)
{
	struct xn_placement plan;
	struct xn_error err = {.code = XN_OK};
	const char *said = "";

	assert_int_equal(xn_place(&fleet, policy(rest), (struct xn_place_options){.seed = 1},
			     &arena, &plan, &err),
	    XN_OK);
	for (uint32_t i = 0; i < plan.before.violation_count; i++) {
		const struct xn_violation *row = &plan.before.violations[i];

		said = xn_text(&arena, "%s%s%s", said, i > 0 ? "; " : "", row->constraint);
		for (unsigned a = 0; a < row->about_count; a++)
			said = xn_text(&arena, "%s %s", said, row->about[a]);
		assert_true(row->about_count > 0 || row->why[0] != '\0');
	}
	assert_string_equal(said, broken);
	assert_int_equal(plan.after.violation_count, 0);
	assert_int_equal(plan.step_count, moves);
	return plan;
}

static void
spread_and_gather(void **state)
{
	(void)state;
	reset();
	vm("a", 0);
	vm("b", 0);
	vm("c", 1);
	expect("constraints: [{spread: {select: {all: true}, across: host}}]", "spread g h1", 1);
	expect("constraints: [{spread: {select: {all: true}, across: rack, max: 2}}]",
	    "spread g R1", 1);
	expect("constraints: [{spread: {select: {label: none}, across: host}}]", "", 0);
	expect("constraints: [{gather: {select: {all: true}, within: host}}]", "gather g", 1);
	expect("constraints: [{gather: {select: {all: true}, within: rack}}]", "", 0);
}

static void
among_split_and_lonely(void **state)
{
	struct xn_placement plan;

	(void)state;
	reset();
	vm("a", 0);
	vm("b", 3);
	plan = expect("constraints: [{among: {select: {all: true}, by: all,"
		      " sets: [{rack: R1}, {rack: R2}]}}]",
	    "among all", 1);
	assert_true(hosts[plan.steps[0].to].rack != hosts[plan.steps[0].from].rack);
	vm("c", 0);
	expect("constraints: [{split: {sets: [{vm: a}, {vm: c}]}}]", "split h1", 1);
	plan = expect(
	    "constraints: [{split: {sets: [{vm: a}, {vm: [b, c]}], across: rack}}]", "split R1", 1);
	assert_int_equal(
	    hosts[plan.steps[0].to].rack == 0, plan.steps[0].vm != 2 && plan.steps[0].vm != 0);
	expect("constraints: [{lonely: {select: {vm: a}}}]", "lonely h1", 1);
}

static void
ban_fence_root_and_quarantine(void **state)
{
	struct xn_placement plan;

	(void)state;
	reset();
	vm("a", 0);
	plan =
	    expect("constraints: [{ban: {select: {vm: a}, hosts: {host: [h1, h2]}}}]", "ban a", 1);
	assert_true(plan.steps[0].to >= 2);
	plan = expect("constraints: [{fence: {select: {vm: a}, hosts: {host: h4}}}]", "fence a", 1);
	assert_int_equal(plan.steps[0].to, 3);
	hosts[0].state = XN_HOST_MAINTENANCE;
	expect("", "maintenance h1", 1);
	assert_int_equal(xn_place(&fleet, policy("constraints: [{root: {select: {vm: a}}}]"),
			     (struct xn_place_options){.seed = 1}, &arena, &plan, NULL),
	    XN_OK);
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.after.violation_count, 1);
	plan =
	    expect("constraints: [{quarantine: {hosts: {host: [h2, h3]}}}]", "maintenance h1", 1);
	assert_int_equal(plan.steps[0].to, 3);
}

static void
preserve_and_overbook(void **state)
{
	(void)state;
	reset();
	vm("a", 0);
	vm("b", 0);
	expect("constraints: [{preserve: {select: {all: true}, resource: cpu, at_least: 3 cores}}]",
	    "cpu h1", 1);
	expect("constraints: [{overbook: {resource: cpu, ratio: 0.5}}]", "overbook h1", 1);
	expect("constraints: [{overbook: {resource: memory, ratio: 0.4}}]", "memory h1", 1);
	vms[0].memory_mib = 4096;
	expect("constraints: [{overbook: {resource: memory, ratio: 1.5}}]", "", 0);
	expect("", "memory h1", 1);
}

static void
max_online_and_capacities(void **state)
{
	struct xn_placement plan;

	(void)state;
	reset();
	vm("a", 0);
	vm("b", 1);
	plan = expect("constraints: [{max_online: {hosts: {rack: R1}, max: 1}}]\n"
		      "power_off: {keep_spare_hosts: 2}",
	    "max_online", 2);
	assert_int_equal(plan.steps[1].kind, XN_STEP_SLEEP);
	assert_int_equal(plan.steps[1].after[0], 1);
	expect("constraints: [{running_capacity: {hosts: {rack: R1}, max: 1}}]", "running_capacity",
	    1);
	expect("constraints: [{resource_capacity:"
	       " {hosts: {rack: R1}, resource: memory, max: 1 GiB}}]",
	    "resource_capacity", 1);
}

static void
reserve_keeps_a_host_empty(void **state)
{
	(void)state;
	reset();
	vm("a", 0);
	vm("b", 1);
	expect("constraints: [{reserve: {hosts: 1, per: rack}}]", "reserve R1", 1);
	expect("constraints: [{reserve: {hosts: 3}}]", "reserve all", 1);
	hosts[2].state = hosts[3].state = XN_HOST_SLEEP;
	expect("constraints: [{reserve: {hosts: 1, per: site}}]", "reserve s", 1);
}

static void
rack_power_power_cap_and_inlet(void **state)
{
	struct xn_placement plan;

	(void)state;
	reset();
	vm("a", 0);
	vm("b", 1);
	/* Two hosts idle draw 200 W, each VM 25 W. */
	plan = expect("constraints: [{rack_power: {max: 11.5 %}}]", "rack_power R1/A", 1);
	assert_true(plan.steps[0].to >= 2);
	expect("constraints: [{rack_power: {max: 11.5 %, racks: [R2]}}]", "", 0);
	plan =
	    expect("constraints: [{power_cap: {hosts: {rack: R1}, max: 230 W}}]", "power_cap", 1);
	assert_true(plan.steps[0].to >= 2);
	racks[0].inlet = xn_millicelsius(27100);
	plan =
	    expect("constraints: [{inlet_temperature: {max: 27 degC}}]", "inlet_temperature R1", 1);
	assert_true(plan.steps[0].to >= 2);
}

static void
precedence_and_serialize_set_an_order(void **state)
{
	struct xn_placement plan;

	(void)state;
	reset();
	vm("a", 0);
	vm("b", 1);
	hosts[0].state = hosts[1].state = XN_HOST_MAINTENANCE;
	plan = expect("", "maintenance h1; maintenance h2", 2);
	assert_int_equal(plan.steps[1].after_count, 0);
	plan = expect("constraints: [{precedence: {first: {vm: b}, then: {vm: a}}}]",
	    "maintenance h1; maintenance h2", 2);
	assert_int_equal(plan.steps[0].vm, 1);
	assert_int_equal(plan.steps[1].after[0], 1);
	plan = expect("constraints: [{serialize: {select: {all: true}}}]",
	    "maintenance h1; maintenance h2", 2);
	assert_int_equal(plan.steps[1].after_count, 1);
}

static void
security_levels_separate_and_dedicate(void **state)
{
	struct xn_placement plan;

	(void)state;
	reset();
	vm("a", 0)->security_level = 4;
	vm("b", 0);
	expect("security_levels: [{level: 4, hosts: separated}]", "security_levels h1", 1);
	expect("security_levels: [{level: 4, hosts: shared}]", "", 0);
	plan = expect(
	    "security_levels: [{level: 4, hosts: shared, racks: [R2]}]", "security_levels a", 1);
	assert_true(plan.steps[0].to >= 2);
	vms[1].security_level = 4;
	vms[1].agency = "b";
	expect("security_levels: [{level: 4, hosts: separated}]", "", 0);
	expect("security_levels: [{level: 4, hosts: dedicated}]", "security_levels h1", 1);
}

static void
at_the_end_means_only_at_the_end(void **state)
{
	struct xn_placement plan;

	(void)state;
	reset();
	vm("a", 0);
	vm("b", 1);
	hosts[2].state = hosts[3].state = XN_HOST_OFF;
	/* They must change places; on the way two VMs are on one host. */
	plan = expect("constraints:\n"
		      "  - fence: {select: {vm: a}, hosts: {host: h2}}\n"
		      "  - fence: {select: {vm: b}, hosts: {host: h1}}\n"
		      "  - spread: {select: {all: true}, across: host, max: 2}\n",
	    "fence a; fence b", 2);
	assert_int_equal(plan.steps[1].after_count, 0);
}

static void
every_constraint_of_the_contract_is_in_the_catalogue(void **state)
{
	unsigned count = 0;

	(void)state;
	while (xn_constraints[count] != NULL)
		count++;
	assert_int_equal(count, 20);
}

int
main(void)
{
	static unsigned char memory[64 << 20];
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spread_and_gather),
	    cmocka_unit_test(among_split_and_lonely),
	    cmocka_unit_test(ban_fence_root_and_quarantine),
	    cmocka_unit_test(preserve_and_overbook),
	    cmocka_unit_test(max_online_and_capacities),
	    cmocka_unit_test(reserve_keeps_a_host_empty),
	    cmocka_unit_test(rack_power_power_cap_and_inlet),
	    cmocka_unit_test(precedence_and_serialize_set_an_order),
	    cmocka_unit_test(security_levels_separate_and_dedicate),
	    cmocka_unit_test(at_the_end_means_only_at_the_end),
	    cmocka_unit_test(every_constraint_of_the_contract_is_in_the_catalogue),
	};

	xn_arena_init(&arena, memory, sizeof(memory));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
