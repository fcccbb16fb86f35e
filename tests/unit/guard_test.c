/* The guard: each rule lets a good move pass and refuses the same move when that one rule breaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/core/guard.h"
#include "orchestrator/core/migrate.h"
#include "tests/lib/stage.h"

/* vm1 on h1 and vm3 on h2 (rack r1); h3 (rack r2) is empty. */
static struct stage *
ready(void)
{
	struct stage *stage = stage_new();

	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_seen(stage, H2, 3, XN_VM_RUNNING);
	stage_listed(stage, H2);
	return stage;
}

static const char *
verdict(struct stage *stage, uint32_t to, bool *ret_waits)
{
	return xn_guard_refuses(stage->core, stage_vm(stage, 1), to, ret_waits);
}

static void
refused(struct stage *stage, uint32_t to, const char *why, bool may_wait)
{
	bool waits;
	const char *said = verdict(stage, to, &waits);

	assert_non_null(said);
	if (strstr(said, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", said, why);
	assert_int_equal(waits, may_wait);
	stage_end(stage);
}

static void
a_good_move_passes(void **state)
{
	struct stage *stage = ready();
	bool waits;

	(void)state;
	assert_null(verdict(stage, H3, &waits));
	assert_null(verdict(stage, H2, &waits));
	stage_end(stage);
}

static void
no_second_copy_ever(void **state)
{
	struct stage *stage = ready();

	(void)state;
	stage_seen(stage, H3, 1, XN_VM_PAUSED);
	refused(stage, H3, "another copy of vm1 on h3", false);
	stage = ready();
	stage_seen(stage, H3, 1, XN_VM_SHUTOFF); /* its definition would be in the way */
	refused(stage, H3, "another copy", false);
	stage = ready();
	stage_seen(stage, H2, 1, XN_VM_RUNNING);
	refused(stage, H3, "runs twice", false);
	refused(ready(), H1, "is there already", false);
	stage = ready();
	stage_seen(stage, H1, 1, XN_VM_PAUSED);
	refused(stage, H3, "does not run", false);
	stage = ready();
	stage->core->vms[stage_vm(stage, 1)].facts.movable = false;
	refused(stage, H3, "may not be moved", false);
}

static void
one_that_moves_is_left_alone(void **state)
{
	struct stage *stage = ready();

	(void)state;
	stage->last->count = 0;
	xn_migrate_start(stage->core, stage_vm(stage, 1), H2, XN_NONE, "test", stage->last);
	refused(stage, H3, "is being moved", false);
}

static void
stale_data_holds_both_ends(void **state)
{
	struct stage *stage = ready();

	(void)state;
	/* Time passes without a tick: the guard looks at ages itself. */
	stage->now.ms += 31000;
	stage->core->now = stage->now;
	refused(stage, H3, "hold: pdu-r1-a stale for 31 s", true);
	stage = ready();
	stage->core->meters[R2_INLET].quality = XN_QUALITY_SUSPECT;
	refused(stage, H3, "inlet-r2 says what cannot be", true);
}

static void
a_full_disk_and_a_pause_hold_everything(void **state)
{
	struct stage *stage = ready();
	struct xn_event full = {.kind = XN_EV_STORAGE};

	(void)state;
	full.storage.full = true;
	stage_step(stage, full);
	refused(stage, H3, "the disk is full", true);
	stage = ready();
	stage_say(stage, XN_DO_PAUSE, "");
	refused(stage, H3, "paused by lan", true);
}

static void
a_host_that_does_not_answer_or_was_not_listed_takes_nothing(void **state)
{
	struct stage *stage = ready();

	(void)state;
	stage_down(stage, H3);
	refused(stage, H3, "h3 does not answer", true);
	stage = ready();
	stage_down(stage, H3);
	stage_up(stage, H3);
	refused(stage, H3, "h3 was not listed", true);
	stage = ready();
	stage_down(stage, H1);
	refused(stage, H3, "h1 does not answer", true);
	stage = ready();
	stage_say(stage, XN_DO_DRAIN, "h3");
	refused(stage, H3, "h3 is being emptied", false);
}

static void
memory_counts_what_is_on_its_way(void **state)
{
	struct stage *stage = ready();
	bool waits;

	(void)state;
	stage->core->hosts[H3].memory_mib = 1000; /* room for one of 512 MiB, not for two */
	assert_null(verdict(stage, H3, &waits));
	stage->last->count = 0;
	xn_migrate_start(stage->core, stage_vm(stage, 3), H3, XN_NONE, "test", stage->last);
	refused(stage, H3, "h3 would hold 1024 of 1000 MiB", false);
}

static void
feeds_keep_their_limits_now_and_after_a_loss(void **state)
{
	struct stage *stage = ready();

	(void)state;
	/* 1.7 kW on feed A is above 80 % of 2 kW. */
	stage->watts[R2_A] = 1700;
	stage_wait(stage, 10);
	refused(stage, H3, "feed r2/A would carry 1700 of 1600 W", false);
	/* 1.1 kW on each is below 1.6 kW, but neither carries 2.2 kW alone. */
	stage = ready();
	stage->watts[R2_A] = stage->watts[R2_B] = 1100;
	stage_wait(stage, 10);
	refused(stage, H3, "feed r2/A would carry 2200 of 2000 W if the other one failed", false);
}

static void
feeds_count_the_vm_and_those_under_way(void **state)
{
	struct stage *stage = ready();
	bool waits;

	(void)state;
	/* r2 draws 1.98 kW; a VM of one core adds 25 W on h3: it would be 2.005 kW. */
	stage->watts[R2_A] = stage->watts[R2_B] = 990;
	stage_wait(stage, 10);
	assert_null(verdict(stage, H3, &waits));
	stage->core->vms[stage_vm(stage, 1)].used_millicores = 1000;
	refused(stage, H3, "of 2000 W if the other one failed", false);
	/* The same with an idle VM while a busy one is on its way there. */
	stage = ready();
	stage->watts[R2_A] = stage->watts[R2_B] = 990;
	stage_wait(stage, 10);
	stage->core->vms[stage_vm(stage, 3)].p95_millicores = 1000;
	stage->last->count = 0;
	xn_migrate_start(stage->core, stage_vm(stage, 3), H3, XN_NONE, "test", stage->last);
	refused(stage, H3, "of 2000 W if the other one failed", false);
}

static void
a_warm_inlet_takes_nothing_more(void **state)
{
	struct stage *stage = ready();

	(void)state;
	stage->inlet_milli[R2] = 27600;
	stage_wait(stage, 10);
	refused(stage, H3, "the inlet of r2 is at 27.6 degC", false);
}

static void
three_failures_pin_a_vm(void **state)
{
	struct stage *stage = ready();

	(void)state;
	stage->core->vms[stage_vm(stage, 1)].failures = 3;
	refused(stage, H3, "failed to move 3 times", false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_move_passes),
	    cmocka_unit_test(no_second_copy_ever),
	    cmocka_unit_test(one_that_moves_is_left_alone),
	    cmocka_unit_test(stale_data_holds_both_ends),
	    cmocka_unit_test(a_full_disk_and_a_pause_hold_everything),
	    cmocka_unit_test(a_host_that_does_not_answer_or_was_not_listed_takes_nothing),
	    cmocka_unit_test(memory_counts_what_is_on_its_way),
	    cmocka_unit_test(feeds_keep_their_limits_now_and_after_a_loss),
	    cmocka_unit_test(feeds_count_the_vm_and_those_under_way),
	    cmocka_unit_test(a_warm_inlet_takes_nothing_more),
	    cmocka_unit_test(three_failures_pin_a_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
