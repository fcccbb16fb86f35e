/* Alarms: raised once, worse once, cleared once; and what a person does with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "orchestrator/core/alarm.h"
#include "tests/lib/stage.h"

static uint32_t
raised(const struct stage *stage)
{
	uint32_t count = 0;

	for (int a = 0; a < XN_ALARMS_MAX; a++)
		count += stage->core->alarms[a].id != 0;
	return count;
}

static void
a_quiet_site_has_none(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_wait(stage, 300);
	assert_int_equal(raised(stage), 0);
	assert_int_equal(stage_count(stage, XN_ACT_ALARM), 0);
	stage_end(stage);
}

static void
a_silent_device_is_one_alarm_that_worsens_and_ends(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_pass(stage, 60); /* nobody reads anything: eight devices */
	assert_int_equal(raised(stage), 8);
	assert_int_equal(
	    xn_alarm_find(stage->core, "stale:pdu-r1-a")->severity, XN_SEVERITY_WARNING);
	assert_int_equal(stage_count(stage, XN_ACT_ALARM), 8);
	assert_true(stage_told(stage, "hold: pdu-r1-a stale for"));
	stage_pass(stage, 120);
	assert_int_equal(stage_count(stage, XN_ACT_ALARM), 16);
	assert_int_equal(
	    xn_alarm_find(stage->core, "stale:pdu-r1-a")->severity, XN_SEVERITY_CRITICAL);
	assert_non_null(xn_core_hold(stage->core, XN_NONE)); /* the whole site is lost */
	stage_wait(stage, 10);
	assert_int_equal(raised(stage), 0);
	assert_int_equal(stage_count(stage, XN_ACT_ALARM), 24);
	assert_null(xn_core_hold(stage->core, R1));
	assert_true(stage_told(stage, "hold ends"));
	stage_end(stage);
}

static void
a_feed_over_its_limit_has_hysteresis(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage->watts[R1_A] = 1700;
	stage_wait(stage, 10);
	assert_int_equal(xn_alarm_find(stage->core, "feed:r1/A")->severity, XN_SEVERITY_WARNING);
	stage->watts[R1_A] = 1590; /* below 1600, not below 1520 */
	stage_wait(stage, 10);
	assert_non_null(xn_alarm_find(stage->core, "feed:r1/A"));
	stage->watts[R1_A] = 2100;
	stage_wait(stage, 10);
	assert_int_equal(xn_alarm_find(stage->core, "feed:r1/A")->severity, XN_SEVERITY_CRITICAL);
	assert_non_null(xn_alarm_find(stage->core, "feed-loss:r1/B"));
	stage->watts[R1_A] = 300;
	stage_wait(stage, 10);
	assert_int_equal(raised(stage), 0);
	stage_end(stage);
}

static void
a_warm_inlet_and_a_silent_host_are_told(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage->inlet_milli[R2] = 27900;
	stage_down(stage, H2);
	stage_wait(stage, 10);
	assert_false(stage_told(stage, "h2 does not answer"));
	stage_wait(stage, 30);
	assert_true(stage_told(stage, "the inlet of r2 is at 27.9 degC, its limit is 27.0 degC"));
	assert_true(stage_told(stage, "h2 does not answer"));
	stage->inlet_milli[R2] = 33000;
	stage_up(stage, H2);
	stage_wait(stage, 10);
	assert_int_equal(xn_alarm_find(stage->core, "inlet:r2")->severity, XN_SEVERITY_CRITICAL);
	assert_null(xn_alarm_find(stage->core, "host:h2"));
	stage_end(stage);
}

static void
a_reading_that_cannot_be_holds_its_rack(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage->watts[R1_A] = 65535; /* all ones */
	stage_wait(stage, 10);
	assert_non_null(xn_alarm_find(stage->core, "suspect:pdu-r1-a"));
	assert_string_equal(xn_core_hold(stage->core, R1), "pdu-r1-a says what cannot be");
	assert_null(xn_core_hold(stage->core, R2));
	assert_true(stage->core->picture.it.mw < 500000); /* I15: it reached no picture */
	stage_end(stage);
}

static void
an_ack_is_kept_and_frees_a_pinned_vm(void **state)
{
	struct stage *stage = stage_new();
	char id[16];

	(void)state;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage->core->vms[stage_vm(stage, 1)].failures = 3;
	stage_wait(stage, 10);
	snprintf(id, sizeof(id), "%u", xn_alarm_find(stage->core, "pinned:vm1")->id);
	stage_say(stage, XN_DO_ACK, "12345");
	assert_int_equal(stage_reply(stage)->reply.code, XN_ENOTFOUND);
	stage_say(stage, XN_DO_ACK, "1x");
	assert_int_equal(stage_reply(stage)->reply.code, XN_ENOTFOUND);
	stage_say(stage, XN_DO_ACK, id);
	assert_int_equal(stage_reply(stage)->reply.code, XN_OK);
	assert_string_equal(xn_alarm_find(stage->core, "pinned:vm1")->acked_by, "lan");
	assert_int_equal(stage->core->vms[stage_vm(stage, 1)].failures, 0);
	stage_wait(stage, 10);
	assert_int_equal(raised(stage), 0);
	stage_end(stage);
}

static void
the_table_full_and_one_more(void **state)
{
	struct stage *stage = stage_new();
	char key[32];

	(void)state;
	stage->last->count = 0;
	for (int a = 0; a <= XN_ALARMS_MAX; a++) {
		snprintf(key, sizeof(key), "test:%d", a);
		xn_alarm_raise(
		    stage->core, stage->last, key, XN_SEVERITY_INFO, "x", "number %d", a);
	}
	assert_int_equal(stage->last->count, XN_ALARMS_MAX);
	assert_int_equal(raised(stage), XN_ALARMS_MAX);
	assert_null(xn_alarm_find(stage->core, key));
	stage_end(stage);
}

static void
vms_full_and_one_more(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	for (int vm = 1; vm <= STAGE_VMS; vm++)
		stage_seen(stage, H1, vm, XN_VM_RUNNING);
	stage_wait(stage, 10);
	assert_null(xn_alarm_find(stage->core, "vms"));
	stage_seen(stage, H1, STAGE_VMS + 1, XN_VM_RUNNING);
	stage_wait(stage, 10);
	assert_non_null(xn_alarm_find(stage->core, "vms"));
	assert_int_equal(stage_vm(stage, STAGE_VMS + 1), XN_NONE);
	stage_end(stage);
}

static void
a_host_that_draws_more_than_its_curve_is_told(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_wait(stage, 3600);
	assert_null(xn_alarm_find(stage->core, "curve:h1"));
	stage->watts[H1_A] = 110; /* 50 W more, at the same use */
	for (int i = 0; i < 9; i++) {
		stage_forget(stage); /* half an hour's ledger is more than a test can hear */
		stage_wait(stage, 420);
	}
	assert_non_null(xn_alarm_find(stage->core, "curve:h1"));
	assert_null(xn_alarm_find(stage->core, "curve:h2"));
	assert_true(stage_told(stage, "h1 has drawn 50 W more than before"));
	stage_end(stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_quiet_site_has_none),
	    cmocka_unit_test(a_silent_device_is_one_alarm_that_worsens_and_ends),
	    cmocka_unit_test(a_feed_over_its_limit_has_hysteresis),
	    cmocka_unit_test(a_warm_inlet_and_a_silent_host_are_told),
	    cmocka_unit_test(a_host_that_draws_more_than_its_curve_is_told),
	    cmocka_unit_test(a_reading_that_cannot_be_holds_its_rack),
	    cmocka_unit_test(an_ack_is_kept_and_frees_a_pinned_vm),
	    cmocka_unit_test(the_table_full_and_one_more),
	    cmocka_unit_test(vms_full_and_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
