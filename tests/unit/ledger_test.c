/* The ledger: every interval sums to zero, and what nothing explains says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/core/alarm.h"
#include "orchestrator/core/ledger.h"
#include "tests/lib/stage.h"

static int64_t
sum_of(const struct stage *stage, enum xn_account account)
{
	int64_t sum = 0;

	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.account == account)
			sum += stage->heard[a].ledger.energy.mj;
	return sum;
}

static int64_t
balance(const struct stage *stage)
{
	int64_t sum = 0;

	for (int account = XN_ACCOUNT_GRID; account < XN_ACCOUNT_METER; account++)
		sum += sum_of(stage, (enum xn_account)account);
	return sum;
}

/* Half an hour with vm1 on h1; the stage begins on an interval's edge. */
static struct stage *
half_hour(int64_t grid_watts)
{
	struct stage *stage = stage_new();

	stage->watts[GRID] = grid_watts;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_forget(stage);
	while (stage_count(stage, XN_ACT_LEDGER) == 0) {
		stage->heard_count = 0;
		stage_wait(stage, 10);
	}
	return stage;
}

static bool
near(int64_t mj, int64_t watts)
{
	int64_t expected = watts * 1800 * 1000;

	return mj > expected - expected / 50 && mj < expected + expected / 50;
}

static void
joules_are_carried_from_the_source_to_the_vm(void **state)
{
	struct stage *stage = half_hour(600);
	const struct xn_action *row = stage_asked(stage, XN_ACT_LEDGER);

	(void)state;
	assert_true(balance(stage) == 0);
	assert_true(near(sum_of(stage, XN_ACCOUNT_GRID), 600));
	assert_true(near(-sum_of(stage, XN_ACCOUNT_COOLING), 150));
	assert_true(near(-sum_of(stage, XN_ACCOUNT_RACK_OTHER), 390 - 360));
	assert_true(near(-sum_of(stage, XN_ACCOUNT_HOST) - sum_of(stage, XN_ACCOUNT_VM), 360));
	assert_true(near(-sum_of(stage, XN_ACCOUNT_VM), 15));
	assert_true(near(-sum_of(stage, XN_ACCOUNT_LOSSES), 60));
	assert_true(
	    near(-sum_of(stage, XN_ACCOUNT_LOSSES) - sum_of(stage, XN_ACCOUNT_UNEXPLAINED), 60));
	assert_int_equal(row->ledger.end.ms - row->ledger.start.ms, 1800000);
	assert_int_equal(row->ledger.start.ms % 1800000, 0);
	assert_null(xn_alarm_find(stage->core, "unexplained"));
	stage_end(stage);
}

static void
outlets_hosts_and_vms_agree_to_the_joule(void **state)
{
	struct stage *stage = half_hour(600);
	int64_t outlets = 0;

	(void)state;
	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.account == XN_ACCOUNT_METER &&
		    stage->heard[a].ledger.subject >= H1_A)
			outlets += stage->heard[a].ledger.energy.mj;
	assert_true(outlets > 0);
	assert_true(outlets + sum_of(stage, XN_ACCOUNT_HOST) + sum_of(stage, XN_ACCOUNT_VM) == 0);
	stage_end(stage);
}

static void
what_nothing_explains_is_an_account_and_an_alarm(void **state)
{
	struct stage *stage = half_hour(900); /* 300 W too much: no cable loses a third */

	(void)state;
	assert_true(balance(stage) == 0);
	assert_true(near(-sum_of(stage, XN_ACCOUNT_LOSSES), 108));
	assert_true(near(-sum_of(stage, XN_ACCOUNT_UNEXPLAINED), 252));
	stage_step(stage, (struct xn_event){.kind = XN_EV_TICK});
	assert_non_null(xn_alarm_find(stage->core, "unexplained"));
	stage_end(stage);
	stage = half_hour(300); /* the other way: more is drawn than is given */
	assert_true(balance(stage) == 0);
	assert_true(sum_of(stage, XN_ACCOUNT_LOSSES) == 0);
	assert_true(near(sum_of(stage, XN_ACCOUNT_UNEXPLAINED), 240));
	stage_end(stage);
}

static void
silence_is_missing_coverage_and_not_energy(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	for (uint32_t m = 0; m < STAGE_METERS; m++)
		stage->core->meters[m].booking.has_register = false;
	stage_wait(stage, 600);
	stage_pass(stage, 1300);
	assert_true(stage_count(stage, XN_ACT_LEDGER) > 0);
	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.account == XN_ACCOUNT_GRID)
			assert_in_range(stage->heard[a].ledger.covered.ms * 100 /
				stage->heard[a].ledger.span.ms,
			    30, 35);
	assert_true(balance(stage) == 0);
	stage_end(stage);
}

static void
a_full_disk_keeps_the_interval_open(void **state)
{
	struct stage *stage = stage_new();
	struct xn_event event = {.kind = XN_EV_STORAGE};
	const struct xn_action *row;

	(void)state;
	event.storage.full = true;
	stage_step(stage, event);
	for (int i = 0; i < 400; i++) {
		stage->heard_count = 0;
		stage_wait(stage, 10);
		assert_int_equal(stage_count(stage, XN_ACT_LEDGER), 0);
	}
	event.storage.full = false;
	stage_step(stage, event);
	row = stage_asked(stage, XN_ACT_LEDGER);
	assert_int_equal(row->ledger.end.ms - row->ledger.start.ms, 3600000);
	assert_true(balance(stage) == 0);
	stage_end(stage);
}

static void
a_vm_that_is_gone_is_booked_and_then_forgotten(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_wait(stage, 60);
	stage_listed(stage, H1);
	assert_int_not_equal(stage_vm(stage, 1), XN_NONE);
	stage_forget(stage);
	while (stage_count(stage, XN_ACT_LEDGER) == 0) {
		stage->heard_count = 0;
		stage_wait(stage, 10);
	}
	assert_true(sum_of(stage, XN_ACCOUNT_VM) < 0);
	assert_int_equal(stage_vm(stage, 1), XN_NONE);
	stage_seen(stage, H2, 3, XN_VM_RUNNING); /* its place is free again */
	assert_int_equal(stage_vm(stage, 3), 0);
	stage_end(stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(joules_are_carried_from_the_source_to_the_vm),
	    cmocka_unit_test(outlets_hosts_and_vms_agree_to_the_joule),
	    cmocka_unit_test(what_nothing_explains_is_an_account_and_an_alarm),
	    cmocka_unit_test(silence_is_missing_coverage_and_not_energy),
	    cmocka_unit_test(a_full_disk_keeps_the_interval_open),
	    cmocka_unit_test(a_vm_that_is_gone_is_booked_and_then_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
