/* Whose watts: shares sum exactly to the outlets, whatever the loads. Curves learn and never fall.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/core/attribution.h"
#include "orchestrator/core/curve.h"
#include "tests/lib/stage.h"

static void
a_split_is_exact_and_goes_by_largest_remainder(void **state)
{
	const int64_t weights[] = {1, 1, 1};
	const int64_t uneven[] = {10, 6, 0, 1};
	const int64_t none[] = {0, 0};
	int64_t shares[4];

	(void)state;
	xn_split(100, weights, 3, shares);
	assert_int_equal(shares[0], 34); /* ties go to the first */
	assert_int_equal(shares[1] + shares[2], 66);
	xn_split(10, uneven, 4, shares); /* 5.88, 3.53, 0, 0.59 */
	assert_int_equal(shares[0], 6);
	assert_int_equal(shares[1], 3);
	assert_int_equal(shares[2], 0);
	assert_int_equal(shares[3], 1);
	xn_split(7, none, 2, shares);
	assert_int_equal(shares[0], 0);
	assert_int_equal(shares[1], 7);
}

static void
random_splits_are_exact(void **state)
{
	uint64_t dice = 362436069;

	(void)state;
	for (int run = 0; run < 2000; run++) {
		int64_t weights[40], shares[40], sum = 0, total;
		uint32_t count = 1 + (uint32_t)run % 40;

		for (uint32_t i = 0; i < count; i++) {
			dice = dice * 6364136223846793005u + 1442695040888963407u;
			weights[i] = (int64_t)(dice >> 44);
		}
		total = (int64_t)(dice >> 14);
		xn_split(total, weights, count, shares);
		for (uint32_t i = 0; i < count; i++) {
			assert_true(shares[i] >= 0);
			sum += shares[i];
		}
		assert_true(sum == total);
	}
}

static void
load(struct stage *stage, uint32_t host, int vm, int64_t cpu_ms)
{
	struct xn_event event = {.kind = XN_EV_VM_LOAD};

	event.load.host = host;
	event.load.uuid = stage_uuid(vm);
	event.load.cpu_ns = (uint64_t)cpu_ms * 1000000;
	event.load.at = stage->now;
	stage_step(stage, event);
}

static const struct xn_vm *
vm(const struct stage *stage, int number)
{
	return &stage->core->vms[stage_vm(stage, number)];
}

static void
reserved_cores_pay_the_idle_part_and_used_ones_the_rest(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_seen(stage, H1, 3, XN_VM_RUNNING);
	stage_listed(stage, H1);
	load(stage, H1, 1, 0);
	load(stage, H1, 3, 0);
	stage->now.ms += 10000;
	load(stage, H1, 1, 9000); /* 0.9 cores */
	load(stage, H1, 3, 1000); /* 0.1 cores */
	/* 140 W, of them 120 W idle: an eighth of those each; of the other 20 W nine to one. */
	stage->watts[H1_A] = stage->watts[H1_B] = 70;
	stage_read(stage);
	assert_int_equal(vm(stage, 1)->used_millicores, 900);
	assert_int_equal(vm(stage, 1)->power.mw, 15000 + 18000);
	assert_int_equal(vm(stage, 3)->power.mw, 15000 + 2000);
	assert_int_equal(stage->core->hosts[H1].remainder.mw, 90000);
	assert_int_equal(stage->core->hosts[H1].power.mw, 140000);
	stage_end(stage);
}

static void
a_host_without_vms_keeps_its_watts(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	assert_int_equal(stage->core->hosts[H3].power.mw, 120000);
	assert_int_equal(stage->core->hosts[H3].remainder.mw, 120000);
	stage_end(stage);
}

/* In the interval that began last. */
static int64_t
booked(const struct stage *stage, const struct xn_tally slots[XN_SLOTS])
{
	return slots[stage->core->slot].energy.mj;
}

static void
energy_of_vms_and_host_is_that_of_the_outlets(void **state)
{
	struct stage *stage = stage_new();
	int64_t sum;

	(void)state;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_seen(stage, H1, 2, XN_VM_RUNNING);
	stage_listed(stage, H1);
	load(stage, H1, 1, 0);
	for (int i = 1; i < 60; i++) {
		stage->watts[H1_A] = 60 + i % 7;
		stage_wait(stage, 10);
		load(stage, H1, 1, i * 7777);
	}
	sum = booked(stage, stage->core->hosts[H1].slots) + booked(stage, vm(stage, 1)->slots) +
	    booked(stage, vm(stage, 2)->slots);
	assert_true(vm(stage, 1)->energy.mj > vm(stage, 2)->energy.mj);
	assert_true(vm(stage, 2)->energy.mj > 0);
	assert_true(sum ==
	    booked(stage, stage->core->meters[H1_A].slots) +
		booked(stage, stage->core->meters[H1_B].slots));
	stage_end(stage);
}

static void
a_vm_that_moved_takes_its_watts_along(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_read(stage);
	stage_listed(stage, H1); /* gone from here ... */
	assert_int_equal(stage->core->hosts[H1].remainder.mw, 120000);
	stage_seen(stage, H3, 1, XN_VM_RUNNING); /* ... and there */
	stage_listed(stage, H3);
	assert_true(vm(stage, 1)->power.mw > 0);
	assert_int_equal(vm(stage, 1)->power.mw + stage->core->hosts[H3].remainder.mw, 120000);
	stage_end(stage);
}

static void
a_curve_begins_at_the_plate(void **state)
{
	struct xn_topo_host what = {.idle = xn_watts(100), .full = xn_watts(300)};
	struct xn_topo_host unknown = {0};
	struct xn_host host = {.cpus = 10};

	(void)state;
	xn_curve_start(&host, &what);
	assert_int_equal(xn_curve_watts(&host, 0).mw, 100000);
	assert_int_equal(xn_curve_watts(&host, 2500).mw, 150000);
	assert_int_equal(xn_curve_watts(&host, 99999).mw, 300000);
	xn_curve_start(&host, &unknown);
	assert_int_equal(xn_curve_watts(&host, 0).mw, XN_CURVE_IDLE_MW);
	assert_int_equal(xn_curve_watts(&host, 10000).mw, XN_CURVE_FULL_MW);
}

static void
a_curve_learns_what_the_outlets_say(void **state)
{
	struct xn_topo_host what = {.idle = xn_watts(100), .full = xn_watts(300)};
	struct xn_host host = {.cpus = 10};
	uint64_t dice = 1;

	(void)state;
	xn_curve_start(&host, &what);
	for (int i = 0; i < 4000; i++) {
		dice = dice * 6364136223846793005u + 1442695040888963407u;
		host.used_millicores = (int64_t)(dice >> 33) % 10001;
		/* The truth: 80 W idle, 200 W busy, a little noise. */
		host.power.mw =
		    80000 + host.used_millicores * 12 + (int64_t)(dice >> 60) * 100 - 800;
		xn_curve_learn(&host, &what, (xn_instant){.ms = (i + 1) * INT64_C(30000)});
		for (int bin = 1; bin < 11; bin++)
			assert_true(host.curve[bin].mw >= host.curve[bin - 1].mw);
	}
	for (int64_t used = 0; used <= 10000; used += 500)
		assert_in_range(xn_curve_watts(&host, used).mw, 80000 + used * 12 - 2000,
		    80000 + used * 12 + 2000);
}

static void
one_measured_bin_draws_the_others_along(void **state)
{
	struct xn_topo_host what = {.idle = xn_watts(100), .full = xn_watts(300)};
	struct xn_host host = {.cpus = 10, .power = {150000}};

	(void)state;
	xn_curve_start(&host, &what);
	xn_curve_learn(&host, &what, (xn_instant){1}); /* idle draws 150 W, not 100 */
	assert_int_equal(host.curve[0].mw, 150000);
	assert_int_equal(host.curve[10].mw, 350000);
}

/* A host that was measured for two hours at 40 % CPU: 180 W, give or take one. */
static xn_instant
well_known(struct xn_host *host, const struct xn_topo_host *what)
{
	xn_instant now = {.ms = 1};

	xn_curve_start(host, what);
	host->used_millicores = 4000;
	for (int i = 0; i < 240; i++, now.ms += 30000) {
		host->power.mw = 180000 + i % 3 * 1000 - 1000;
		xn_curve_learn(host, what, now);
	}
	assert_in_range(xn_curve_watts(host, 4000).mw, 179000, 181000);
	assert_in_range(host->curve_spread.mw, 300, 1100);
	return now;
}

static void
a_wild_reading_does_not_tilt_a_curve(void **state)
{
	struct xn_topo_host what = {.idle = xn_watts(100), .full = xn_watts(300)};
	struct xn_host host = {.cpus = 10};
	xn_instant now = well_known(&host, &what);
	struct xn_host before = host;

	(void)state;
	host.power = xn_watts(1900);
	xn_curve_learn(&host, &what, now);
	assert_memory_equal(host.curve, before.curve, sizeof(host.curve));
	host.power = xn_watts(180);
	xn_curve_learn(&host, &what, now);
	assert_in_range(host.curve_spread.mw, before.curve_spread.mw, 3000);
	assert_false(xn_curve_drifts(&host, (xn_instant){.ms = now.ms + 2 * XN_CURVE_STRANGE}));
	/* At a use that was never measured, one is all there is; but it is not believed whole. */
	host.used_millicores = 9000;
	host.power = xn_watts(1900);
	xn_curve_learn(&host, &what, now);
	assert_true(xn_curve_watts(&host, 4000).mw < 230000);
}

static void
a_host_that_changed_is_told_and_then_learned(void **state)
{
	struct xn_topo_host what = {.idle = xn_watts(100), .full = xn_watts(300)};
	struct xn_host host = {.cpus = 10};
	xn_instant now = well_known(&host, &what);
	int64_t began = now.ms;

	(void)state;
	host.power = xn_watts(230); /* somebody put a card into it */
	for (; now.ms - began < XN_CURVE_STRANGE; now.ms += 30000) {
		xn_curve_learn(&host, &what, now);
		assert_false(xn_curve_drifts(&host, now));
		assert_true(xn_curve_watts(&host, 4000).mw < 181000);
	}
	xn_curve_learn(&host, &what, now);
	assert_true(xn_curve_drifts(&host, now));
	for (int i = 0; i < 120; i++, now.ms += 30000)
		xn_curve_learn(&host, &what, now);
	assert_false(xn_curve_drifts(&host, now));
	assert_in_range(xn_curve_watts(&host, 4000).mw, 215000, 232000);
}

static void
a_vm_has_its_part_of_the_error(void **state)
{
	struct stage *stage = stage_new();

	(void)state;
	stage_seen(stage, H1, 1, XN_VM_RUNNING);
	stage_listed(stage, H1);
	stage_read(stage);
	stage->core->hosts[H1].curve_spread = xn_watts(8);
	/* 120 W, of them an eighth for its reserved core. */
	assert_int_equal(vm(stage, 1)->power.mw, 15000);
	assert_int_equal(xn_attribution_error(stage->core, stage_vm(stage, 1)).mw, 1000);
	stage_listed(stage, H1); /* it is nowhere now */
	assert_int_equal(xn_attribution_error(stage->core, stage_vm(stage, 1)).mw, 0);
	stage_end(stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_split_is_exact_and_goes_by_largest_remainder),
	    cmocka_unit_test(random_splits_are_exact),
	    cmocka_unit_test(reserved_cores_pay_the_idle_part_and_used_ones_the_rest),
	    cmocka_unit_test(a_host_without_vms_keeps_its_watts),
	    cmocka_unit_test(energy_of_vms_and_host_is_that_of_the_outlets),
	    cmocka_unit_test(a_vm_that_moved_takes_its_watts_along),
	    cmocka_unit_test(a_curve_begins_at_the_plate),
	    cmocka_unit_test(a_curve_learns_what_the_outlets_say),
	    cmocka_unit_test(one_measured_bin_draws_the_others_along),
	    cmocka_unit_test(a_wild_reading_does_not_tilt_a_curve),
	    cmocka_unit_test(a_host_that_changed_is_told_and_then_learned),
	    cmocka_unit_test(a_vm_has_its_part_of_the_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
