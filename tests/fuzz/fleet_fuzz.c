/* Small fleets made of any bytes: a plan, its bound below its end, steps that wait for earlier
 * ones. */
#include <assert.h>
#include <stdlib.h>

#include "common/bytes.h"
#include "policies/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static void
make_fleet(struct xn_reader *in, struct xn_arena *arena, struct xn_fleet *fleet)
{
	fleet->feeds = xn_new(arena, struct xn_fleet_feed, 2);
	fleet->racks = xn_new(arena, struct xn_fleet_rack, 2);
	fleet->hosts = xn_new(arena, struct xn_fleet_host, 4);
	fleet->vms = xn_new(arena, struct xn_fleet_vm, 8);
	fleet->feed_count = fleet->rack_count = 2;
	fleet->host_count = 4;
	fleet->vm_count = 8;
	for (uint32_t i = 0; i < 2; i++) {
		fleet->feeds[i] = (struct xn_fleet_feed){
		    .id = ids[i], .rating = xn_watts(xn_read_u16(in)), .max_load = {800000}};
		fleet->racks[i] = (struct xn_fleet_rack){.id = ids[i],
		    .room = "r",
		    .site = "s",
		    .feeds = {i, !i},
		    .feed_count = xn_read_u8(in) % 3,
		    .inlet_quality = (enum xn_quality)(xn_read_u8(in) % XN_QUALITY_COUNT)};
	}
	for (uint32_t i = 0; i < 4; i++) {
		struct xn_fleet_host *host = &fleet->hosts[i];

		*host = (struct xn_fleet_host){.id = ids[i],
		    .cluster = "c",
		    .labels = "",
		    .rack = i / 2,
		    .cpu_millicores = xn_read_u8(in) * 100,
		    .memory_mib = xn_read_u8(in),
		    .network_mbps = 100,
		    .state = (enum xn_host_state)(xn_read_u8(in) % 5),
		    .security_level = xn_read_u8(in) % 6,
		    .can_sleep = true};
		for (int w = 0; w <= 10; w++)
			host->watts[w].mw =
			    (w > 0 ? host->watts[w - 1].mw : 0) + xn_read_u8(in) * 1000;
	}
	for (uint32_t i = 0; i < 8; i++) {
		uint8_t host = xn_read_u8(in) % 5;

		fleet->vms[i] = (struct xn_fleet_vm){.id = ids[i],
		    .labels = "",
		    .group = "g",
		    .host = host == 4 ? XN_NONE : host,
		    .cpu_millicores = 1000,
		    .cpu_used_millicores = xn_read_u8(in) * 10,
		    .memory_mib = xn_read_u8(in),
		    .security_level = xn_read_u8(in) % 6,
		    .movable = true,
		    .running = true};
		if (host < 4 &&
		    (fleet->hosts[host].state == XN_HOST_OFF ||
			fleet->hosts[host].state == XN_HOST_SLEEP))
			fleet->vms[i].host = XN_NONE;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char text[] = "kind: policy\nname: p\nconstraints:\n"
				   "  - spread: {select: {all: true}, across: host, max: 3}\n"
				   "  - reserve: {hosts: 1}\npower_off: {idle_for: 1 min}\n";
	struct xn_source source = {.path = "p", .bytes = text, .size = sizeof(text) - 1};
	struct xn_reader in = {.at = bytes, .left = size};
	struct xn_placement plan;
	struct xn_problems problems;
	struct xn_arena arena;
	struct xn_fleet fleet = {0};
	const struct xn_policy *policy;

	xn_arena_map(&arena, (size_t)1 << 30);
	xn_problems_init(&problems, &arena);
	policy = xn_policy_compile(
	    &arena, xn_yaml_read_text(&arena, &source, &problems)->first, &problems);
	make_fleet(&in, &arena, &fleet);
	xn_place(&fleet, policy, (struct xn_place_options){.seed = 1}, &arena, &plan, NULL);
	assert(plan.bound_it.mw <= plan.after.it.mw);
	for (uint32_t i = 0; i < plan.step_count; i++)
		for (unsigned a = 0; a < plan.steps[i].after_count; a++)
			assert(plan.steps[i].after[a] < plan.steps[i].number);
	xn_arena_unmap(&arena);
	return 0;
}
