/* What comes after its interval: split at the border while it is open, a correction afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "orchestrator/core/ledger.h"
#include "orchestrator/core/ledger_late.h"
#include "tests/lib/stage.h"

#define HALF_HOUR_MS INT64_C(1800000)

static int64_t
sum_of(const struct stage *stage, enum xn_account account, bool correction)
{
	int64_t sum = 0;

	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.correction == correction &&
		    stage->heard[a].ledger.account == account)
			sum += stage->heard[a].ledger.energy.mj;
	return sum;
}

static const struct xn_action *
row_of(const struct stage *stage, enum xn_account account, const char *name, bool correction)
{
	static const struct xn_action none;

	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.correction == correction &&
		    stage->heard[a].ledger.account == account &&
		    strcmp(stage->heard[a].ledger.name, name) == 0)
			return &stage->heard[a];
	fail_msg("there is no row of %s", name);
	return &none;
}

static int64_t
balance(const struct stage *stage)
{
	int64_t sum = 0;

	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.account < XN_ACCOUNT_METER)
			sum += stage->heard[a].ledger.energy.mj;
	return sum;
}

/* What rows of a meter say it counted. */
static int64_t
counted(const struct stage *stage, uint32_t meter)
{
	int64_t sum = 0;

	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.account == XN_ACCOUNT_METER &&
		    stage->heard[a].ledger.subject == meter)
			sum += stage->heard[a].ledger.energy.mj;
	return sum;
}

static void
read_one(struct stage *stage, uint32_t meter, xn_instant at, int64_t energy_mj)
{
	struct xn_event event = {.kind = XN_EV_READING};

	event.reading.meter = meter;
	event.reading.quality = XN_QUALITY_GOOD;
	event.reading.has_power = event.reading.has_energy = true;
	event.reading.power = xn_watts(stage->watts[meter]);
	event.reading.energy.mj = energy_mj;
	event.reading.at = at;
	stage_step(stage, event);
}

/* Everything is read each 10 s but one meter. */
static void
wait_without(struct stage *stage, uint32_t silent, int64_t seconds)
{
	for (; seconds > 0; seconds -= 10) {
		stage_pass(stage, 10);
		for (uint32_t m = 0; m < STAGE_METERS; m++)
			if (m != silent && stage->meters[m].role != XN_METER_INLET)
				read_one(stage, m, stage->now, stage->energy_mj[m]);
	}
}

static void
a_reading_over_the_border_is_split_by_time(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_wait(stage, 1790);
	stage_forget(stage);
	wait_without(
	    stage, GRID, 20); /* the border lies between two readings of the grid's meter */
	assert_int_equal(stage_count(stage, XN_ACT_LEDGER), 0); /* it may still say something */
	read_one(stage, GRID, stage->now, stage->energy_mj[GRID]);
	assert_true(stage_count(stage, XN_ACT_LEDGER) > 0); /* now all have said what there was */
	assert_int_equal(sum_of(stage, XN_ACCOUNT_GRID, false), INT64_C(600) * 1800 * 1000);
	assert_int_equal(row_of(stage, XN_ACCOUNT_GRID, "hl1", false)->ledger.covered.ms, 1800000);
	assert_int_equal(
	    row_of(stage, XN_ACCOUNT_GRID, "hl1", false)->ledger.grade, XN_GRADE_MEASURED);
	assert_true(balance(stage) == 0);
	stage_end(stage);
}

static void
nobody_is_waited_for_longer_than_a_meter_takes_to_be_lost(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_wait(stage, 1790);
	stage_forget(stage);
	stage_pass(stage, 120); /* nobody says anything any more */
	assert_int_equal(stage_count(stage, XN_ACT_LEDGER), 0);
	stage_pass(stage, 20);
	assert_true(stage_count(stage, XN_ACT_LEDGER) > 0);
	stage_end(stage);
}

/* H1_A is silent from 14:10 to 15:40; its register then tells what passed. `estimated` is whether
 * its host is known meanwhile, so that its curve can stand in. */
static struct stage *
told_late(bool estimated)
{
	struct stage *stage = stage_new();

	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	if (!estimated)
		stage_down(stage, H1);
	stage_wait(stage, 600);
	stage_forget(stage);
	wait_without(stage, H1_A, 5400);
	return stage;
}

static void
what_is_told_after_the_closing_is_a_balanced_correction(void **state)
{
	struct stage *stage = told_late(false);
	const struct xn_action *row;

	(void)state;
	assert_int_equal(sum_of(stage, XN_ACCOUNT_METER, true), 0);
	stage_wait(stage, 200);
	row = row_of(stage, XN_ACCOUNT_METER, "pdu-r1-a/1", true);
	assert_string_equal(row->ledger.author, "xanhd");
	assert_string_equal(row->ledger.reason, "pdu-r1-a/1 told late");
	/* What the outlet gave from 14:10 to 15:30 was taken for the rack's own until now. */
	assert_int_equal(sum_of(stage, XN_ACCOUNT_HOST, true), -INT64_C(60) * 4800 * 1000);
	assert_int_equal(sum_of(stage, XN_ACCOUNT_RACK_OTHER, true), INT64_C(60) * 4800 * 1000);
	assert_true(balance(stage) == 0);
	assert_int_equal(counted(stage, H1_A), INT64_C(60) * 5400 * 1000);
	stage_end(stage);
}

static void
an_outlet_that_is_not_read_is_estimated_until_it_tells(void **state)
{
	struct stage *stage = told_late(true);
	const struct xn_action *vm = row_of(stage, XN_ACCOUNT_VM, "vm1", false);
	int64_t drawn, corrected;

	(void)state;
	/* A third of the first interval was measured; the curve knows the host's 120 W. */
	assert_int_equal(vm->ledger.grade, XN_GRADE_ESTIMATED);
	assert_true(vm->ledger.estimated.mj > 0);
	assert_true(vm->ledger.estimated.mj < -vm->ledger.energy.mj / 2);
	drawn =
	    -row_of(stage, XN_ACCOUNT_HOST, "h1", false)->ledger.energy.mj - vm->ledger.energy.mj;
	assert_in_range(drawn, 119 * 1800000, 121 * 1800000);
	assert_true(balance(stage) == 0);
	stage_wait(stage, 200);
	/* The register's figure takes the estimate's place; the meter's own row has all of it. */
	corrected = sum_of(stage, XN_ACCOUNT_HOST, true);
	assert_in_range(corrected + 4800 * 1000, 0, 2 * 4800 * 1000);
	assert_int_equal(counted(stage, H1_A), INT64_C(60) * 5400 * 1000);
	assert_true(row_of(stage, XN_ACCOUNT_HOST, "h1", true)->ledger.estimated.mj < 0);
	assert_int_equal(stage->core->meters[H1_A].owed.left.energy.mj, 0);
	assert_true(balance(stage) == 0);
	stage_end(stage);
}

static int64_t
estimated_of(const struct stage *stage, enum xn_account account)
{
	int64_t sum = 0;

	for (uint32_t a = 0; a < stage->heard_count; a++)
		if (stage->heard[a].kind == XN_ACT_LEDGER &&
		    stage->heard[a].ledger.account == account)
			sum += stage->heard[a].ledger.estimated.mj;
	return sum;
}

static void
nothing_estimated_is_left_of_a_rack_or_host_whose_outlet_has_told(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage->meters[H1_A].feed = -1; /* on no feed that has a meter: the rack is known by it */
	stage_forget(stage);
	wait_without(stage, H1_A, 3700);
	assert_in_range(estimated_of(stage, XN_ACCOUNT_RACK), 59 * 3600000, 61 * 3600000);
	assert_int_equal(
	    estimated_of(stage, XN_ACCOUNT_RACK), estimated_of(stage, XN_ACCOUNT_HOST));
	assert_int_equal(sum_of(stage, XN_ACCOUNT_METER, true), 0);
	stage_wait(stage, 200);
	assert_int_equal(estimated_of(stage, XN_ACCOUNT_RACK), 0);
	assert_int_equal(estimated_of(stage, XN_ACCOUNT_HOST), 0);
	assert_true(balance(stage) == 0);
	stage_end(stage);
}

/* ---- people ---- */

static struct xn_event
correction(const struct stage *stage, const char *meter, int64_t from, int64_t to, int64_t joules)
{
	struct xn_event event = {.kind = XN_EV_CORRECTION};
	struct xn_correction *what = &event.correction.what;
	xn_instant open = xn_ledger_open_since(stage->core);

	event.correction.request = 7;
	snprintf(what->meter, sizeof(what->meter), "%s", meter);
	what->start.ms = open.ms + from * HALF_HOUR_MS;
	what->end.ms = open.ms + to * HALF_HOUR_MS;
	what->energy.mj = joules * 1000;
	what->grade = XN_GRADE_SUBSTITUTED;
	snprintf(what->author, sizeof(what->author), "lan");
	snprintf(what->reason, sizeof(what->reason), "the meter was being calibrated");
	snprintf(what->evidence, sizeof(what->evidence), "invoice 2026-11/17");
	return event;
}

static void
a_persons_correction_is_spread_over_whole_intervals(void **state)
{
	struct stage *stage = stage_new();
	const struct xn_action *row;

	(void)state;
	stage_forget(stage);
	stage_step(stage, correction(stage, "meter-main", -4, -1, 1000));
	assert_int_equal(stage_reply(stage)->reply.code, XN_OK);
	assert_int_equal(sum_of(stage, XN_ACCOUNT_GRID, true), 1000000);
	assert_int_equal(sum_of(stage, XN_ACCOUNT_UNEXPLAINED, true), -1000000);
	assert_int_equal(sum_of(stage, XN_ACCOUNT_METER, true), 1000000);
	assert_int_equal(stage_count(stage, XN_ACT_LEDGER), 9);
	row = row_of(stage, XN_ACCOUNT_GRID, "hl1", true);
	assert_int_equal(row->ledger.energy.mj, 333333);
	assert_int_equal(row->ledger.grade, XN_GRADE_SUBSTITUTED);
	assert_string_equal(row->ledger.author, "lan");
	assert_string_equal(row->ledger.evidence, "invoice 2026-11/17");
	stage_end(stage);
}

/* One interval's correction of a meter by 1 kJ; returns what one account got of it. */
static int64_t
corrected(struct stage *stage, const char *meter, enum xn_account account)
{
	stage_forget(stage);
	stage_step(stage, correction(stage, meter, -1, 0, 1));
	assert_int_equal(stage_reply(stage)->reply.code, XN_OK);
	assert_int_equal(sum_of(stage, XN_ACCOUNT_METER, true), 1000);
	assert_true(balance(stage) == 0);
	return sum_of(stage, account, true);
}

static void
a_correction_goes_to_the_account_of_its_meter(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	assert_int_equal(corrected(stage, "crac-1", XN_ACCOUNT_COOLING), -1000);
	assert_int_equal(corrected(stage, "crac-1", XN_ACCOUNT_UNEXPLAINED), 1000);
	assert_int_equal(corrected(stage, "pdu-r1-a", XN_ACCOUNT_RACK_OTHER), -1000);
	assert_int_equal(corrected(stage, "pdu-r1-a", XN_ACCOUNT_RACK), 1000);
	assert_int_equal(corrected(stage, "pdu-r1-a", XN_ACCOUNT_UNEXPLAINED), 1000);
	assert_int_equal(corrected(stage, "pdu-r1-a/1", XN_ACCOUNT_HOST), -1000);
	assert_int_equal(corrected(stage, "pdu-r1-a/1", XN_ACCOUNT_RACK_OTHER), 1000);
	assert_int_equal(corrected(stage, "pdu-r1-a/1", XN_ACCOUNT_RACK), 0); /* its feed has it */
	/* Without a meter at the feed the outlet is what the rack is known by. */
	stage->meters[R1_A].role = XN_METER_INLET;
	assert_int_equal(corrected(stage, "pdu-r1-a/1", XN_ACCOUNT_RACK), 1000);
	assert_int_equal(corrected(stage, "pdu-r1-a/1", XN_ACCOUNT_UNEXPLAINED), 1000);
	stage->meters[H1_A].host = XN_NONE;
	assert_int_equal(corrected(stage, "pdu-r1-a/1", XN_ACCOUNT_RACK_OTHER), -1000);
	stage_end(stage);
}

static void
a_year_of_corrections_leaves_over_several_steps(void **state)
{
	struct stage *stage = stage_new();
	int64_t cooling = 0, steps = 0;

	(void)state;
	stage_forget(stage);
	stage_step(stage, correction(stage, "crac-1", -400 * 48, 0, -777777));
	for (; stage_count(stage, XN_ACT_LEDGER) > 0; steps++) {
		assert_true(stage_count(stage, XN_ACT_LEDGER) <= XN_LEDGER_ROWS_PER_STEP);
		assert_true(balance(stage) == 0);
		cooling += sum_of(stage, XN_ACCOUNT_COOLING, true);
		stage_forget(stage);
		stage_step(stage, (struct xn_event){.kind = XN_EV_TICK});
	}
	assert_int_equal(cooling, 777777000);
	assert_in_range(steps, 10, 40);
	stage_end(stage);
}

static void
refused(struct stage *stage, struct xn_event event, const char *why)
{
	stage_forget(stage);
	stage_step(stage, event);
	assert_int_equal(stage_reply(stage)->reply.code, XN_EINVALID);
	assert_string_equal(stage_reply(stage)->reply.text, why);
	assert_int_equal(stage_count(stage, XN_ACT_LEDGER), 0);
}

static void
what_cannot_be_is_refused_with_a_sentence(void **state)
{
	struct stage *stage = stage_new();
	struct xn_event event;

	(void)state;
	refused(stage, correction(stage, "meter-9", -1, 0, 1), "there is no meter meter-9");
	refused(stage, correction(stage, "inlet-r1", -1, 0, 1), "there is no meter inlet-r1");
	refused(stage, correction(stage, "crac-1", 0, 1, 1),
	    "only intervals that are closed can be corrected; this one ends later");
	refused(
	    stage, correction(stage, "crac-1", -1, -1, 1), "a correction begins before it ends");
	event = correction(stage, "crac-1", -1, 0, 1);
	event.correction.what.start.ms += 1000;
	refused(stage, event, "a correction is of whole intervals of 30 min");
	/* 4 kW are 7.2 MJ in half an hour, and a tenth more may be a bad plate. */
	refused(stage, correction(stage, "crac-1", -1, 0, 8000000),
	    "that is more than the rating of crac-1 allows");
	refused(stage, correction(stage, "crac-1", -1, 0, -8000000),
	    "that is more than the rating of crac-1 allows");
	refused(stage, correction(stage, "crac-1", -401 * 48, 0, 1),
	    "a correction covers 400 days at most");
	event = correction(stage, "crac-1", -1, 0, 1);
	event.correction.what.grade = XN_GRADE_MEASURED;
	refused(stage, event, "a correction is substituted (S) or estimated (E)");
	event = correction(stage, "crac-1", -1, 0, 1);
	event.correction.what.reason[0] = '\0';
	refused(stage, event, "a correction has an author and a reason");
	stage_end(stage);
}

static void
more_corrections_than_there_is_room_for_are_turned_away(void **state)
{
	struct stage *stage = stage_new();
	struct xn_event full = {.kind = XN_EV_STORAGE};

	(void)state;
	full.storage.full = true; /* nothing leaves */
	stage_step(stage, full);
	for (int i = 0; i < XN_CORRECTIONS_MAX; i++) {
		stage_step(stage, correction(stage, "crac-1", -1, 0, 1));
		assert_int_equal(stage_reply(stage)->reply.code, XN_OK);
	}
	stage_step(stage, correction(stage, "crac-1", -1, 0, 1));
	assert_int_equal(stage_reply(stage)->reply.code, XN_EFULL);
	stage_forget(stage);
	full.storage.full = false;
	stage_step(stage, full);
	for (int i = 0; i < XN_CORRECTIONS_MAX; i++)
		stage_step(stage, (struct xn_event){.kind = XN_EV_TICK});
	assert_int_equal(
	    sum_of(stage, XN_ACCOUNT_COOLING, true), -INT64_C(1000) * XN_CORRECTIONS_MAX);
	stage_end(stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reading_over_the_border_is_split_by_time),
	    cmocka_unit_test(nobody_is_waited_for_longer_than_a_meter_takes_to_be_lost),
	    cmocka_unit_test(what_is_told_after_the_closing_is_a_balanced_correction),
	    cmocka_unit_test(an_outlet_that_is_not_read_is_estimated_until_it_tells),
	    cmocka_unit_test(nothing_estimated_is_left_of_a_rack_or_host_whose_outlet_has_told),
	    cmocka_unit_test(a_persons_correction_is_spread_over_whole_intervals),
	    cmocka_unit_test(a_correction_goes_to_the_account_of_its_meter),
	    cmocka_unit_test(a_year_of_corrections_leaves_over_several_steps),
	    cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
	    cmocka_unit_test(more_corrections_than_there_is_room_for_are_turned_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
