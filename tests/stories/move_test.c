#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/story.h"

static const char approve[] = "kind: policy\n"
			      "name: calm\n"
			      "mode: approve\n"
			      "moves: {at_once: 1}\n";

/* Two racks with one host each; r2's does the same work with more watts and holds the portal. */
static struct site *
two_racks(bool lockable)
{
	struct site *s = story_begin();

	world_add_rack(&s->world, "r1", xn_watts(900));
	world_add_rack(&s->world, "r2", xn_watts(900));
	world_add_host(&s->world, "h1", 0, xn_watts(60), xn_watts(160));
	world_add_host(&s->world, "h2", 1, xn_watts(60), xn_watts(260));
	world_add_vm(&s->world, "portal", 1, 2000, lockable);
	story_start(s, approve);
	site_pass(s, 60);
	assert_int_equal(story_told(s)[0], '[');
	return s;
}

static void
order_the_move(struct site *s)
{
	site_command(s, XN_DO_PLAN, "");
	site_pass(s, 1);
	site_command(s, XN_DO_APPROVE, xn_core_plan(s->core)->id);
	site_command(s, XN_DO_APPLY, xn_core_plan(s->core)->id);
}

static void
settle(struct site *s, int seconds)
{
	site_pass(s, seconds);
	assert_string_equal(s->failure, "");
	assert_int_equal(world_running_copies(&s->world, 0), 1);
}

static void
a_vm_moves_to_the_rack_that_needs_less_for_it(void **state)
{
	struct site *s = two_racks(false);

	(void)state;
	order_the_move(s);
	settle(s, 150);
	EXPECT_STORY(s,
	    "[    61] p-0001: plan p-0001: 1 move, 273 W -> 241 W\n"
	    "[    62] p-0001: plan p-0001 approved by operator\n"
	    "[    62] p-0001: plan p-0001 applied by operator\n"
	    "[    62] -> h2: migrate portal to h1, arriving paused\n"
	    "[    62] portal: move portal h2 -> h1 (draws less there, saves 33 W)\n"
	    "[   138] -> h1: resume portal\n"
	    "[   142] portal: move portal done\n"
	    "[   142] p-0001: plan p-0001 done\n"
	    "[   210] p-0001: plan p-0001 measured: IT 210 W -> 185 W, planned 210 W -> 185 W\n");
	story_end(s);
}

static void
a_plan_right_after_it_has_nothing_to_do(void **state)
{
	struct site *s = two_racks(false);

	(void)state;
	order_the_move(s);
	settle(s, 240);
	story_told(s);
	site_command(s, XN_DO_PLAN, "");
	settle(s, 2);
	EXPECT_STORY(s, "[   302] p-0002: plan p-0002: no beneficial move\n");
	story_end(s);
}

static void
the_targets_daemon_dies_at_the_hand_over(void **state)
{
	struct site *s = two_racks(false);

	(void)state;
	s->world.next_fate = FATE_TARGET_DIES_LATE;
	order_the_move(s);
	settle(s, 400);
	EXPECT_STORY(s,
	    "[    61] p-0001: plan p-0001: 1 move, 273 W -> 241 W\n"
	    "[    62] p-0001: plan p-0001 approved by operator\n"
	    "[    62] p-0001: plan p-0001 applied by operator\n"
	    "[    62] -> h2: migrate portal to h1, arriving paused\n"
	    "[    62] portal: move portal h2 -> h1 (draws less there, saves 33 W)\n"
	    "[   130] alarm raised: h1: h1 does not answer; its VMs are left as they are\n"
	    "[   159] -> h1: destroy portal\n"
	    "[   159] portal: destroy the left-over copy on h1\n"
	    "[   160] alarm cleared: h1: h1 does not answer; its VMs are left as they are\n"
	    "[   163] portal: move portal h2 -> h1 failed: migration broke\n"
	    "[   163] p-0001: plan p-0001 stopped: the move of portal failed: migration broke\n");
	story_end(s);
}

static void
the_sources_daemon_dies_at_the_hand_over(void **state)
{
	struct site *s = two_racks(true);

	(void)state;
	s->world.next_fate = FATE_SOURCE_DIES_LATE;
	order_the_move(s);
	settle(s, 400);
	EXPECT_STORY(s,
	    "[    61] p-0001: plan p-0001: 1 move, 273 W -> 241 W\n"
	    "[    62] p-0001: plan p-0001 approved by operator\n"
	    "[    62] p-0001: plan p-0001 applied by operator\n"
	    "[    62] -> h2: migrate portal to h1\n"
	    "[    62] portal: move portal h2 -> h1 (draws less there, saves 33 W)\n"
	    "[   130] alarm raised: h2: h2 does not answer; its VMs are left as they are\n"
	    "[   156] -> h2: destroy portal\n"
	    "[   156] portal: destroy the left-over copy on h2\n"
	    "[   159] portal: move portal done\n"
	    "[   159] p-0001: plan p-0001 done\n"
	    "[   160] alarm cleared: h2: h2 does not answer; its VMs are left as they are\n"
	    "[   220] p-0001: plan p-0001 measured: IT 210 W -> 185 W, planned 210 W -> 185 W\n");
	story_end(s);
}

static void
the_orchestrator_dies_in_mid_migration_and_adopts_it(void **state)
{
	struct site *s = two_racks(false);

	(void)state;
	order_the_move(s);
	site_pass(s, 3);
	site_crash(s);
	settle(s, 200);
	EXPECT_STORY(s,
	    "[    61] p-0001: plan p-0001: 1 move, 273 W -> 241 W\n"
	    "[    62] p-0001: plan p-0001 approved by operator\n"
	    "[    62] p-0001: plan p-0001 applied by operator\n"
	    "[    62] -> h2: migrate portal to h1, arriving paused\n"
	    "[    62] portal: move portal h2 -> h1 (draws less there, saves 33 W)\n"
	    "[    64] the orchestrator dies and starts again\n"
	    "[    65] portal: restarted while portal moved: looking at both hosts\n"
	    "[   144] -> h1: resume portal\n"
	    "[   144] portal: resume the one copy on h1\n"
	    "[   149] portal: move portal done\n"
	    "[   149] p-0001: plan p-0001 done\n"
	    "[   210] p-0001: plan p-0001 measured: IT 210 W -> 185 W, planned 210 W -> 185 W\n");
	story_end(s);
}

static void
a_silent_rack_holds(void **state)
{
	struct site *s = two_racks(false);

	(void)state;
	s->world.agents[0].cut_until = xn_after(s->world.now, xn_seconds(100));
	site_pass(s, 50);
	order_the_move(s);
	settle(s, 150);
	EXPECT_STORY(s,
	    "[   100] r1: hold: pdu-a-r1 stale for 40 s\n"
	    "[   100] alarm raised: pdu-a-r1: pdu-a-r1 was last read 40 s ago\n"
	    "[   100] alarm raised: pdu-b-r1: pdu-b-r1 was last read 40 s ago\n"
	    "[   100] alarm raised: inlet-r1: inlet-r1 was last read 40 s ago\n"
	    "[   100] alarm raised: out-a-h1: out-a-h1 was last read 40 s ago\n"
	    "[   100] alarm raised: out-b-h1: out-b-h1 was last read 40 s ago\n"
	    "[   111] p-0001: plan p-0001: no beneficial move\n"
	    "[   160] r1: hold ends\n"
	    "[   160] alarm cleared: pdu-a-r1: pdu-a-r1 was last read 90 s ago\n"
	    "[   160] alarm cleared: pdu-b-r1: pdu-b-r1 was last read 90 s ago\n"
	    "[   160] alarm cleared: inlet-r1: inlet-r1 was last read 90 s ago\n"
	    "[   160] alarm cleared: out-a-h1: out-a-h1 was last read 90 s ago\n"
	    "[   160] alarm cleared: out-b-h1: out-b-h1 was last read 90 s ago\n");
	story_end(s);
}

static void
a_full_disk_stops_every_move(void **state)
{
	struct site *s = two_racks(false);

	(void)state;
	site_command(s, XN_DO_PLAN, "");
	site_pass(s, 1);
	s->world.disk_full = true;
	s->world.disk_until = xn_after(s->world.now, xn_seconds(60));
	site_command(s, XN_DO_APPROVE, xn_core_plan(s->core)->id);
	site_command(s, XN_DO_APPLY, xn_core_plan(s->core)->id);
	site_pass(s, 59);
	assert_null(strstr(story_told(s), "migrate")); /* nothing is asked of a hypervisor */
	settle(s, 150);
	assert_non_null(strstr(story_told(s), "-> h2: migrate portal to h1, arriving paused\n"));
	story_end(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_vm_moves_to_the_rack_that_needs_less_for_it),
	    cmocka_unit_test(a_plan_right_after_it_has_nothing_to_do),
	    cmocka_unit_test(the_targets_daemon_dies_at_the_hand_over),
	    cmocka_unit_test(the_sources_daemon_dies_at_the_hand_over),
	    cmocka_unit_test(the_orchestrator_dies_in_mid_migration_and_adopts_it),
	    cmocka_unit_test(a_silent_rack_holds),
	    cmocka_unit_test(a_full_disk_stops_every_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
