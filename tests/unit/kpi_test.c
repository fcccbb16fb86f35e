#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "orchestrator/core/kpi.h"

static void
assert_near(double got, double expected)
{
	double off = got < expected ? expected - got : got - expected;

	if (off > 1e-6 * (expected < 0 ? 1 - expected : 1 + expected))
		fail_msg("%.9g, not %.9g", got, expected);
}

static void
assert_value(struct xn_kpi kpi, double expected)
{
	if (kpi.state != XN_KPI_VALUE)
		fail_msg("no value (%s), not %.9g", kpi.why, expected);
	assert_near(kpi.value, expected);
}

static void
assert_refused(struct xn_kpi kpi, const char *why)
{
	assert_int_equal(kpi.state, XN_KPI_REFUSED);
	assert_string_equal(kpi.why, why);
}

#define assert_no_data(kpi) assert_int_equal((kpi).state, XN_KPI_NO_DATA)

static void
pue_is_never_below_one(void **state)
{
	(void)state;
	assert_value(xn_kpi_pue(1480000, 1100000), 1.3454545);
	assert_value(xn_kpi_pue(100, 100), 1);
	assert_refused(xn_kpi_pue(95, 100), "pue_lt_1");
	assert_refused(xn_kpi_dcie(95, 100), "pue_lt_1");
	assert_refused(xn_kpi_ere(95, 0, 100), "pue_lt_1");
	assert_refused(xn_kpi_tue(95, 100, 90), "pue_lt_1");
	assert_refused(xn_kpi_pue(-1, 100), "negative");
}

static void
without_it_energy_there_is_no_data(void **state)
{
	(void)state;
	assert_no_data(xn_kpi_pue(10, 0));
	assert_no_data(xn_kpi_pue(0, 0));
	assert_no_data(xn_kpi_dcie(10, 0));
	assert_no_data(xn_kpi_wue(10, 0));
	assert_no_data(xn_kpi_cue(10, 0));
	assert_no_data(xn_kpi_contributions(10, 0, 1, 1).other);
}

static void
contributions_sum_to_pue(void **state)
{
	struct xn_kpi_parts parts = xn_kpi_contributions(1400, 1000, 300, 80);

	(void)state;
	assert_value(parts.cooling, 0.3);
	assert_value(parts.losses, 0.08);
	assert_value(parts.other, 0.02);
	assert_near(
	    1 + parts.cooling.value + parts.losses.value + parts.other.value, parts.pue.value);
	assert_refused(xn_kpi_contributions(1400, 1000, 350, 80).other, "parts_gt_total");
}

static void
a_share_is_between_nothing_and_all(void **state)
{
	(void)state;
	assert_value(xn_kpi_ref(3, 10), 0.3);
	assert_value(xn_kpi_ref(10, 10), 1);
	assert_refused(xn_kpi_ref(11, 10), "ref_gt_1");
	assert_refused(xn_kpi_ref(-1, 10), "ref_lt_0");
	assert_refused(xn_kpi_erf(11, 10), "erf_gt_1");
	assert_refused(xn_kpi_coverage(25, 24), "coverage_gt_1");
	assert_refused(xn_kpi_load_factor(25, 1, 24), "load_factor_gt_1");
	assert_no_data(xn_kpi_ref(0, 0));
}

static void
an_hour_helps_no_other(void **state)
{
	const double e[] = {10, 10}, contract[] = {15, 0}, cfe[] = {30, 0};
	const double residual[] = {0.6592, 0.6592}, none[] = {0, 0};

	(void)state;
	assert_value(xn_kpi_scope2_location(e, residual, 2), 13.184);
	assert_value(xn_kpi_scope2_market(e, contract, residual, none, 2), 6.592);
	assert_value(xn_kpi_cfe(e, cfe, 2), 0.5);
	assert_no_data(xn_kpi_cfe(none, cfe, 2));
	assert_no_data(xn_kpi_scope2_location(e, residual, 0));
}

static void
no_sensor_is_no_good_air(void **state)
{
	const struct xn_kpi_class a1 = {18, 27, 15, 32};
	const double intake[] = {19, 22, 27, 28.5, 31, 17};

	(void)state;
	assert_value(xn_kpi_rci_hi(&a1, intake, 6), 81.6666667);
	assert_value(xn_kpi_rci_lo(&a1, intake, 6), 94.4444444);
	assert_no_data(xn_kpi_rci_hi(&a1, intake, 0));
	assert_value(xn_kpi_rti(35, 20, 12), 125);
	assert_no_data(xn_kpi_rti(35, 20, 0));
}

/* Of one division: the pair sums to exactly one, whatever is divided. */
static void
heat_indices_sum_to_exactly_one(void **state)
{
	(void)state;
	for (int dq = 0; dq < 200; dq++)
		for (int q = 1; q < 200; q += 7)
			assert_true(xn_kpi_shi(dq, q).value + xn_kpi_rhi(dq, q).value == 1.0);
}

static void
software_carries_its_share_of_the_machine(void **state)
{
	(void)state;
	assert_value(xn_kpi_sci_embodied(1000, 1, 35040, 1, 1), 0.0285388);
	assert_value(xn_kpi_sci(2, 600, 28, 4), 307);
	assert_no_data(xn_kpi_sci(2, 600, 28, 0));
}

static void
roots_are_roots(void **state)
{
	(void)state;
	assert_near(xn_kpi_root(2), 1.41421356237);
	assert_near(xn_kpi_root(1e-8), 1e-4);
	assert_near(xn_kpi_root(1e12), 1e6);
	assert_near(xn_kpi_root(0), 0);
	assert_near(xn_kpi_root(-1), 0);
	for (double x = 1e-6; x < 1e6; x *= 1.37)
		assert_near(xn_kpi_root(x * x) / x, 1);
}

/* The four examples of a PUE of 1.40 with k = 2. */
static void
uncertainty_grows_with_the_classes(void **state)
{
	static const struct {
		double meter, ct, u;
	} examples[] = {{0.5, 0.5, 0.016}, {1, 0.5, 0.026}, {1, 1, 0.032}, {2, 1, 0.051}};

	(void)state;
	for (int i = 0; i < 4; i++) {
		double u = xn_kpi_chain(examples[i].meter / 100, examples[i].ct / 100);
		double expanded = xn_kpi_expanded(1.4, u, u);

		assert_true(expanded > examples[i].u - 0.0006);
		assert_true(expanded < examples[i].u + 0.0006);
	}
}

static void
a_target_is_met_with_all_of_the_uncertainty(void **state)
{
	(void)state;
	assert_int_equal(xn_kpi_judge(1.38, 0.032, 1.40, false), XN_KPI_NOT_PROVEN);
	assert_int_equal(xn_kpi_judge(1.38, 0.02, 1.40, false), XN_KPI_MET);
	assert_int_equal(xn_kpi_judge(1.41, 0.02, 1.40, false), XN_KPI_NOT_MET);
	assert_int_equal(xn_kpi_judge(0.31, 0.02, 0.30, true), XN_KPI_NOT_PROVEN);
	assert_int_equal(xn_kpi_judge(0.33, 0.02, 0.30, true), XN_KPI_MET);
	assert_int_equal(xn_kpi_judge(0.29, 0.02, 0.30, true), XN_KPI_NOT_MET);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pue_is_never_below_one),
	    cmocka_unit_test(without_it_energy_there_is_no_data),
	    cmocka_unit_test(contributions_sum_to_pue),
	    cmocka_unit_test(a_share_is_between_nothing_and_all),
	    cmocka_unit_test(an_hour_helps_no_other),
	    cmocka_unit_test(no_sensor_is_no_good_air),
	    cmocka_unit_test(heat_indices_sum_to_exactly_one),
	    cmocka_unit_test(software_carries_its_share_of_the_machine),
	    cmocka_unit_test(roots_are_roots),
	    cmocka_unit_test(uncertainty_grows_with_the_classes),
	    cmocka_unit_test(a_target_is_met_with_all_of_the_uncertainty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
