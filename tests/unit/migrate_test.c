/* The migration machine against the failure table: what both hosts show decides, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/core/alarm.h"
#include "orchestrator/core/migrate.h"
#include "tests/lib/stage.h"

/* vm `vm` runs on h1 and is asked to move to h3. */
static struct stage *
moving(int vm)
{
	struct stage *stage = stage_new();

	stage_seen(stage, H1, vm, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_forget(stage);
	stage->last->count = 0;
	xn_arena_reset(stage->core->scratch);
	assert_true(
	    xn_migrate_start(stage->core, stage_vm(stage, vm), H3, XN_NONE, "test", stage->last));
	for (uint32_t a = 0; a < stage->last->count; a++)
		stage->heard[stage->heard_count++] = stage->last->items[a];
	assert_non_null(stage_asked(stage, XN_ACT_MIGRATE));
	return stage;
}

static void
answer(struct stage *stage, enum xn_virt_outcome outcome)
{
	stage_done(stage, stage_asked(stage, XN_ACT_MIGRATE)->virt.request, outcome);
}

static bool
in_flight(const struct stage *stage)
{
	return xn_migrate_in_flight(stage->core) > 0;
}

static uint32_t
owner(const struct stage *stage, int vm)
{
	return stage->core->vms[stage_vm(stage, vm)].host;
}

static void
success_is_believed_when_both_hosts_show_it(void **state)
{
	struct stage *stage = moving(1);

	(void)state;
	assert_false(stage_asked(stage, XN_ACT_MIGRATE)->virt.paused);
	answer(stage, XN_VIRT_OK);
	assert_int_equal(stage_count(stage, XN_ACT_LIST), 2);
	assert_int_equal(owner(stage, 1), H1);
	stage_lists(stage, 1, H1, XN_VM_ABSENT, H3, XN_VM_RUNNING);
	assert_false(in_flight(stage));
	assert_int_equal(owner(stage, 1), H3);
	assert_true(stage_told(stage, "move vm1 done"));
	assert_int_equal(stage->core->vms[stage_vm(stage, 1)].moves_today, 1);
	stage_end(stage);
}

static void
a_vm_without_a_lock_arrives_paused_and_is_resumed(void **state)
{
	struct stage *stage = moving(2);

	(void)state;
	assert_true(stage_asked(stage, XN_ACT_MIGRATE)->virt.paused);
	assert_null(stage_asked(stage, XN_ACT_RESUME));
	answer(stage, XN_VIRT_OK);
	assert_int_equal(stage_asked(stage, XN_ACT_RESUME)->virt.host, H3);
	stage_done(stage, stage_asked(stage, XN_ACT_RESUME)->virt.request, XN_VIRT_OK);
	stage_lists(stage, 2, H1, XN_VM_ABSENT, H3, XN_VM_RUNNING);
	assert_int_equal(owner(stage, 2), H3);
	stage_end(stage);
}

static void
a_failed_move_leaves_it_where_it_was(void **state)
{
	struct stage *stage = moving(1);

	(void)state;
	answer(stage, XN_VIRT_FAILED);
	stage_lists(stage, 1, H1, XN_VM_RUNNING, H3, XN_VM_ABSENT);
	assert_true(in_flight(stage)); /* one look is not enough */
	stage_lists(stage, 1, H1, XN_VM_RUNNING, H3, XN_VM_ABSENT);
	assert_false(in_flight(stage));
	assert_int_equal(owner(stage, 1), H1);
	assert_true(stage_told(stage, "failed: the test says so"));
	stage_end(stage);
}

/* An unknown outcome with these two copies leads to this one cure, after two equal looks. */
static void
cured(int vm, enum xn_vm_state source, enum xn_vm_state target, enum xn_action_kind kind,
    uint32_t host, uint32_t ends_at)
{
	struct stage *stage = moving(vm);

	answer(stage, XN_VIRT_UNKNOWN);
	stage_lists(stage, vm, H1, source, H3, target);
	assert_null(stage_asked(stage, kind));
	stage_lists(stage, vm, H1, source, H3, target);
	assert_int_equal(stage_count(stage, XN_ACT_DESTROY) + stage_count(stage, XN_ACT_RESUME), 1);
	assert_int_equal(stage_asked(stage, kind)->virt.host, host);
	stage_done(stage, stage_asked(stage, kind)->virt.request, XN_VIRT_OK);
	for (int look = 0; look < 2; look++)
		stage_lists(stage, vm, H1, ends_at == H1 ? XN_VM_RUNNING : XN_VM_ABSENT, H3,
		    ends_at == H3 ? XN_VM_RUNNING : XN_VM_ABSENT);
	assert_false(in_flight(stage));
	assert_int_equal(owner(stage, vm), ends_at);
	stage_end(stage);
}

static void
what_is_left_over_is_cured_by_the_table(void **state)
{
	(void)state;
	cured(1, XN_VM_PAUSED_MIGRATING, XN_VM_RUNNING, XN_ACT_DESTROY, H1, H3); /* rows 4, 6 */
	cured(1, XN_VM_RUNNING, XN_VM_RUNNING, XN_ACT_DESTROY, H3, H1);          /* row 5 */
	cured(2, XN_VM_RUNNING, XN_VM_PAUSED, XN_ACT_DESTROY, H3, H1);           /* row 7 */
	cured(2, XN_VM_ABSENT, XN_VM_PAUSED, XN_ACT_RESUME, H3, H3);             /* row 8 */
	cured(1, XN_VM_PAUSED_MIGRATING, XN_VM_ABSENT, XN_ACT_RESUME, H1, H1);
	cured(2, XN_VM_PAUSED_MIGRATING, XN_VM_PAUSED, XN_ACT_DESTROY, H3, H1);
}

static void
lists_that_cross_a_finishing_move_destroy_nothing(void **state)
{
	struct stage *stage = moving(2);

	(void)state;
	answer(stage, XN_VIRT_UNKNOWN);
	/* h1 was listed before the hand-over, h3 after it: it looks like row 7 and is row 8. */
	stage_lists(stage, 2, H1, XN_VM_RUNNING, H3, XN_VM_PAUSED);
	stage_lists(stage, 2, H1, XN_VM_ABSENT, H3, XN_VM_PAUSED);
	assert_null(stage_asked(stage, XN_ACT_DESTROY));
	stage_lists(stage, 2, H1, XN_VM_ABSENT, H3, XN_VM_PAUSED);
	assert_int_equal(stage_asked(stage, XN_ACT_RESUME)->virt.host, H3);
	stage_end(stage);
}

static void
running_twice_is_an_alarm(void **state)
{
	struct stage *stage = moving(1);

	(void)state;
	answer(stage, XN_VIRT_UNKNOWN);
	stage_lists(stage, 1, H1, XN_VM_RUNNING, H3, XN_VM_RUNNING);
	stage_lists(stage, 1, H1, XN_VM_RUNNING, H3, XN_VM_RUNNING);
	stage_step(stage, (struct xn_event){.kind = XN_EV_TICK});
	assert_int_equal(xn_alarm_find(stage->core, "split:vm1")->severity, XN_SEVERITY_CRITICAL);
	assert_int_equal(stage_asked(stage, XN_ACT_DESTROY)->virt.host, H3);
	stage_end(stage);
}

static void
with_one_host_silent_nothing_is_done(void **state)
{
	struct stage *stage = moving(1);
	uint32_t asked;

	(void)state;
	answer(stage, XN_VIRT_UNKNOWN);
	stage_down(stage, H3);
	stage_lists(stage, 1, H1, XN_VM_PAUSED_MIGRATING, H1, XN_VM_PAUSED_MIGRATING);
	asked = stage_count(stage, XN_ACT_LIST);
	stage_wait(stage, 600);
	assert_true(in_flight(stage));
	assert_null(stage_asked(stage, XN_ACT_RESUME));
	assert_null(stage_asked(stage, XN_ACT_DESTROY));
	assert_int_equal(stage_count(stage, XN_ACT_LIST), asked);
	assert_true(stage_told(stage, "has no known outcome"));
	stage_up(stage, H3);
	assert_int_equal(stage_count(stage, XN_ACT_LIST), asked + 2);
	stage_lists(stage, 1, H1, XN_VM_PAUSED_MIGRATING, H3, XN_VM_RUNNING);
	stage_lists(stage, 1, H1, XN_VM_PAUSED_MIGRATING, H3, XN_VM_RUNNING);
	assert_int_equal(stage_asked(stage, XN_ACT_DESTROY)->virt.host, H1);
	stage_end(stage);
}

static void
a_restart_adopts_a_move_instead_of_repeating_it(void **state)
{
	struct stage *stage = moving(1);
	uint64_t request = stage_asked(stage, XN_ACT_MIGRATE)->virt.request;

	(void)state;
	stage_step(stage, (struct xn_event){.kind = XN_EV_BOOT});
	stage_done(stage, request, XN_VIRT_FAILED); /* of the life before: ignored */
	stage_up(stage, H1);
	stage_up(stage, H3);
	stage_lists(stage, 1, H1, XN_VM_RUNNING, H3, XN_VM_INCOMING);
	assert_true(in_flight(stage));
	stage_wait(stage, 10);
	stage_lists(stage, 1, H1, XN_VM_ABSENT, H3, XN_VM_RUNNING);
	assert_false(in_flight(stage));
	assert_int_equal(owner(stage, 1), H3);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1);
	stage_end(stage);
}

static void
a_move_that_takes_too_long_is_aborted_and_looked_at(void **state)
{
	struct stage *stage = moving(1);

	(void)state;
	stage_wait(stage, 300);
	assert_int_equal(stage_asked(stage, XN_ACT_ABORT_JOB)->virt.host, H1);
	stage_lists(stage, 1, H1, XN_VM_RUNNING, H3, XN_VM_ABSENT);
	stage_lists(stage, 1, H1, XN_VM_RUNNING, H3, XN_VM_ABSENT);
	assert_false(in_flight(stage));
	assert_true(stage_told(stage, "failed: not done in"));
	stage_end(stage);
}

static void
answers_that_nobody_waits_for_change_nothing(void **state)
{
	struct stage *stage = moving(1);

	(void)state;
	stage_done(stage, 999, XN_VIRT_OK);
	assert_int_equal(stage_count(stage, XN_ACT_LIST), 0);
	answer(stage, XN_VIRT_OK);
	answer(stage, XN_VIRT_FAILED); /* a second answer to the same request */
	stage_lists(stage, 1, H1, XN_VM_ABSENT, H3, XN_VM_RUNNING);
	assert_int_equal(owner(stage, 1), H3);
	stage_end(stage);
}

static void
a_vm_seen_twice_without_a_move_is_an_alarm_only_when_it_stays_so(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_seen(stage, H3, 1, XN_VM_RUNNING); /* somebody moves it by hand */
	stage_listed(stage, H3);
	assert_false(stage->core->vms[stage_vm(stage, 1)].split);
	assert_non_null(stage_asked(stage, XN_ACT_LIST));
	stage_pass(stage, 1);
	stage_listed(stage, H1);
	assert_int_equal(owner(stage, 1), H3);
	stage_pass(stage, 1);
	for (int round = 0; round < 2; round++) {
		stage_seen(stage, H1, 1, XN_VM_RUNNING);
		stage_listed(stage, H1);
		stage_seen(stage, H3, 1, XN_VM_RUNNING);
		stage_listed(stage, H3);
		stage_pass(stage, 1);
	}
	assert_true(stage->core->vms[stage_vm(stage, 1)].split);
	assert_int_equal(owner(stage, 1), H3);
	stage_end(stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(success_is_believed_when_both_hosts_show_it),
	    cmocka_unit_test(a_vm_without_a_lock_arrives_paused_and_is_resumed),
	    cmocka_unit_test(a_failed_move_leaves_it_where_it_was),
	    cmocka_unit_test(what_is_left_over_is_cured_by_the_table),
	    cmocka_unit_test(lists_that_cross_a_finishing_move_destroy_nothing),
	    cmocka_unit_test(running_twice_is_an_alarm),
	    cmocka_unit_test(with_one_host_silent_nothing_is_done),
	    cmocka_unit_test(a_restart_adopts_a_move_instead_of_repeating_it),
	    cmocka_unit_test(a_move_that_takes_too_long_is_aborted_and_looked_at),
	    cmocka_unit_test(answers_that_nobody_waits_for_change_nothing),
	    cmocka_unit_test(a_vm_seen_twice_without_a_move_is_an_alarm_only_when_it_stays_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
