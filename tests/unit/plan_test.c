/* A plan's life: proposed, approved, applied one guarded move at a time, measured; or stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/core/explain.h"
#include "orchestrator/core/migrate.h"
#include "tests/lib/stage.h"

#define ONE_BY_ONE                                                                                 \
	"kind: policy\nname: green\nmode: approve\nobjectives:\n"                                  \
	"  - {minimise: energy, weight: 1}\nmoves: {at_once: 1}\n"
#define OBSERVE "kind: policy\nname: look\nmode: observe\n"
#define AUTO    "kind: policy\nname: alone\nmode: auto\nmoves: {at_once: 1}\n"

/* vm1 and vm3 on h1, vm5 on h3. */
static struct stage *
site(const char *policy)
{
	struct stage *stage = stage_new();

	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_seen(stage, H1, 3, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_seen(stage, H3, 5, XN_VM_RUNNING);
	stage_listed(stage, H3);
	if (policy != NULL)
		stage_policy(stage, policy);
	stage_forget(stage);
	return stage;
}

static enum xn_plan_state
state_of(const struct stage *stage)
{
	return xn_core_plan(stage->core)->state;
}

/* The hypervisors do what was asked: the newest migration arrives. */
static void
arrive(struct stage *stage)
{
	struct xn_action asked = *stage_asked(stage, XN_ACT_MIGRATE);
	int vm = asked.virt.uuid.bytes[15];

	stage_done(stage, asked.virt.request, XN_VIRT_OK);
	for (int other = 1; other <= 5; other += 2) {
		uint32_t v = stage_vm(stage, other);

		if (other != vm && stage->core->vms[v].host == asked.virt.host)
			stage_seen(stage, asked.virt.host, other, XN_VM_RUNNING);
	}
	stage_listed(stage, asked.virt.host);
	for (int other = 1; other <= 5; other += 2) {
		uint32_t v = stage_vm(stage, other);

		if (other == vm || stage->core->vms[v].host == asked.virt.target)
			stage_seen(stage, asked.virt.target, other, XN_VM_RUNNING);
	}
	stage_listed(stage, asked.virt.target);
}

static void
without_a_policy_there_is_no_plan(void **state)
{
	struct stage *stage = site(NULL);

	(void)state;
	stage_say(stage, XN_DO_PLAN, "");
	assert_int_equal(stage_reply(stage)->reply.code, XN_EREFUSED);
	assert_non_null(strstr(stage_reply(stage)->reply.text, "no policy is applied"));
	assert_null(xn_core_plan(stage->core));
	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(stage_reply(stage)->reply.code, XN_ENOTFOUND);
	stage_end(stage);
}

static void
nothing_to_do_is_a_result(void **state)
{
	struct stage *stage = site(ONE_BY_ONE);

	(void)state;
	stage_say(stage, XN_DO_PLAN, "");
	assert_int_equal(stage_reply(stage)->reply.code, XN_OK);
	assert_int_equal(xn_core_plan(stage->core)->step_count, 0);
	assert_int_equal(state_of(stage), XN_PLAN_DONE);
	assert_string_not_equal(xn_core_plan(stage->core)->verdict, "");
	assert_string_equal(stage_reply(stage)->reply.subject, "p-0001");
	stage_end(stage);
}

static void
a_drained_host_is_emptied_one_move_after_the_other(void **state)
{
	struct stage *stage = site(ONE_BY_ONE);
	const struct xn_note *notes[4];

	(void)state;
	stage_say(stage, XN_DO_DRAIN, "h1");
	assert_int_equal(stage_reply(stage)->reply.code, XN_OK);
	assert_string_equal(stage_reply(stage)->reply.subject, "p-0001");
	assert_int_equal(state_of(stage), XN_PLAN_PROPOSED);
	assert_int_equal(xn_core_plan(stage->core)->step_count, 2);

	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(stage_reply(stage)->reply.code, XN_EREFUSED);
	assert_non_null(strstr(stage_reply(stage)->reply.text, "not approved"));
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 0);
	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(state_of(stage), XN_PLAN_RUNNING);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1);
	stage_wait(stage, 20);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1); /* one at a time */
	arrive(stage);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 2);
	arrive(stage);
	assert_int_equal(state_of(stage), XN_PLAN_DONE);
	assert_int_equal(stage->core->hosts[H1].first_vm, XN_NONE);

	assert_int_equal(xn_explain_vm(stage->core, stage_vm(stage, 1), 4, notes), 2);
	assert_string_equal(notes[0]->text, "move vm1 done");
	assert_non_null(strstr(notes[1]->text, "move vm1 h1 -> "));
	stage->watts[R1_A] -= 20;
	stage_wait(stage, 90);
	assert_true(xn_core_plan(stage->core)->measured);
	assert_int_equal(xn_core_plan(stage->core)->measured_before.mw, 390000);
	assert_int_equal(xn_core_plan(stage->core)->measured_after.mw, 370000);
	assert_true(stage_told(stage, "plan p-0001 measured: IT 390 W -> 370 W"));
	stage_end(stage);
}

static struct stage *
running(void)
{
	struct stage *stage = site(ONE_BY_ONE);

	stage_say(stage, XN_DO_DRAIN, "h1");
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1);
	return stage;
}

static void
abort_lets_the_move_end_and_starts_no_more(void **state)
{
	struct stage *stage = running();

	(void)state;
	stage_say(stage, XN_DO_ABORT, "p-0001");
	assert_int_equal(stage_reply(stage)->reply.code, XN_OK);
	stage_say(stage, XN_DO_PLAN, "");
	assert_non_null(strstr(stage_reply(stage)->reply.text, "still under way"));
	arrive(stage);
	stage_wait(stage, 60);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1);
	assert_int_equal(xn_migrate_in_flight(stage->core), 0);
	assert_int_equal(state_of(stage), XN_PLAN_ABORTED);
	assert_int_equal(xn_core_plan(stage->core)->steps[0].state, XN_STEP_DONE);
	assert_int_equal(xn_core_plan(stage->core)->steps[1].state, XN_STEP_WAITING);
	stage_end(stage);
}

static void
a_failed_move_stops_the_plan(void **state)
{
	struct stage *stage = running();

	(void)state;
	stage_done(stage, stage_asked(stage, XN_ACT_MIGRATE)->virt.request, XN_VIRT_FAILED);
	for (int look = 0; look < 2; look++) {
		uint32_t to = stage_asked(stage, XN_ACT_MIGRATE)->virt.target;

		stage_seen(stage, H1, 1, XN_VM_RUNNING);
		stage_seen(stage, H1, 3, XN_VM_RUNNING);
		stage_listed(stage, H1);
		if (to == H3)
			stage_seen(stage, H3, 5, XN_VM_RUNNING);
		stage_listed(stage, to);
	}
	assert_int_equal(state_of(stage), XN_PLAN_STOPPED);
	assert_non_null(strstr(xn_core_plan(stage->core)->why, "failed: the test says so"));
	stage_end(stage);
}

static void
a_plan_waits_for_a_hold_and_goes_on(void **state)
{
	struct stage *stage = site(ONE_BY_ONE);

	(void)state;
	stage_say(stage, XN_DO_DRAIN, "h1");
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	stage_pass(stage, 60);
	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 0);
	assert_true(stage_told(stage, "plan p-0001 waits: hold: pdu-r1-a stale"));
	stage_wait(stage, 10);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1);
	stage_end(stage);
}

static void
a_hold_that_does_not_end_stops_the_plan(void **state)
{
	struct stage *stage = site(ONE_BY_ONE);

	(void)state;
	stage_say(stage, XN_DO_DRAIN, "h1");
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	stage_pass(stage, 40);
	stage_say(stage, XN_DO_APPLY, "p-0001");
	stage_pass(stage, 700);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 0);
	assert_int_equal(state_of(stage), XN_PLAN_STOPPED);
	stage_end(stage);
}

static void
a_fleet_that_drifted_stops_the_plan(void **state)
{
	struct stage *stage = site(ONE_BY_ONE);

	(void)state;
	stage_say(stage, XN_DO_DRAIN, "h1");
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	stage_listed(stage, H1); /* its VMs are not there any more */
	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(state_of(stage), XN_PLAN_STOPPED);
	assert_non_null(strstr(xn_core_plan(stage->core)->why, "is not on h1 any more"));
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 0);
	stage_end(stage);
}

static void
observe_never_applies(void **state)
{
	struct stage *stage = site(OBSERVE);

	(void)state;
	stage_say(stage, XN_DO_DRAIN, "h1");
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	stage_say(stage, XN_DO_APPLY, "p-0001");
	assert_int_equal(stage_reply(stage)->reply.code, XN_EREFUSED);
	assert_non_null(strstr(stage_reply(stage)->reply.text, "only observes"));
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 0);
	stage_end(stage);
}

static void
auto_plans_approves_and_applies_by_itself(void **state)
{
	struct stage *stage = site(AUTO);

	(void)state;
	stage_wait(stage, 120);
	assert_int_equal(
	    stage_count(stage, XN_ACT_MIGRATE), 0); /* nothing helps: nothing is done */
	stage->core->hosts[H1].drained = true;
	stage_wait(stage, 70);
	assert_int_equal(state_of(stage), XN_PLAN_RUNNING);
	assert_int_equal(stage_count(stage, XN_ACT_MIGRATE), 1);
	assert_string_equal(xn_core_plan(stage->core)->approver, "xanhd");
	arrive(stage);
	arrive(stage);
	assert_int_equal(state_of(stage), XN_PLAN_DONE);
	stage_end(stage);
}

static void
a_new_plan_or_policy_supersedes_a_proposal(void **state)
{
	struct stage *stage = site(ONE_BY_ONE);

	(void)state;
	stage_say(stage, XN_DO_DRAIN, "h1");
	stage_say(stage, XN_DO_PLAN, "");
	assert_int_equal(xn_core_plan_of(stage->core, "p-0001")->state, XN_PLAN_SUPERSEDED);
	stage_say(stage, XN_DO_APPROVE, "p-0001");
	assert_non_null(strstr(stage_reply(stage)->reply.text, "superseded"));
	stage_policy(stage, AUTO);
	assert_int_equal(xn_core_plan_of(stage->core, "p-0002")->state, XN_PLAN_SUPERSEDED);
	for (int p = 0; p < 20; p++)
		stage_say(stage, XN_DO_PLAN, "");
	assert_null(xn_core_plan_of(stage->core, "p-0001")); /* the ring keeps the newest */
	assert_string_equal(xn_core_plan(stage->core)->id, "p-0016");
	stage_end(stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_policy_there_is_no_plan),
	    cmocka_unit_test(nothing_to_do_is_a_result),
	    cmocka_unit_test(a_drained_host_is_emptied_one_move_after_the_other),
	    cmocka_unit_test(abort_lets_the_move_end_and_starts_no_more),
	    cmocka_unit_test(a_failed_move_stops_the_plan),
	    cmocka_unit_test(a_plan_waits_for_a_hold_and_goes_on),
	    cmocka_unit_test(a_hold_that_does_not_end_stops_the_plan),
	    cmocka_unit_test(a_fleet_that_drifted_stops_the_plan),
	    cmocka_unit_test(observe_never_applies),
	    cmocka_unit_test(auto_plans_approves_and_applies_by_itself),
	    cmocka_unit_test(a_new_plan_or_policy_supersedes_a_proposal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
