#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "drivers/sunspec.h"

static const struct xn_sunspec_point *
find(uint16_t model, const char *name)
{
	unsigned count;
	const struct xn_sunspec_point *points = xn_sunspec_points(model, &count);

	for (unsigned i = 0; i < count; i++) {
		if (strcmp(points[i].name, name) == 0)
			return &points[i];
	}
	fail_msg("no point %s in model %u", name, model);
	return NULL;
}

static struct xn_reading
take(uint16_t model, const char *name, uint16_t high, uint16_t low, int scale)
{
	const struct xn_sunspec_point *point = find(model, name);
	const uint16_t registers[2] = {high, low};
	struct xn_reading reading = {.value = 0};
	struct xn_rule rule;
	struct xn_raw raw;

	xn_sunspec_rule(point, &rule);
	raw = xn_sunspec_number(point, registers, (uint16_t)scale, &rule);
	xn_reading_take(&reading, &rule, raw);
	return reading;
}

static void
scale_factors_go_both_ways(void **state)
{
	(void)state;
	assert_int_equal(take(103, "output.L1.voltage", 2831, 0, -1).sample.milli, 283100);
	assert_int_equal(take(103, "output.frequency", 5999, 0, -2).sample.milli, 59990);
	assert_int_equal(take(203, "input.realpower", 654, 0, 1).sample.milli, 6540000);
	assert_int_equal(take(103, "output.energy", 0x0105, 0x5f88, 0).sample.milli, 17129352000);
	assert_int_equal(take(103, "output.realpower", 0xff9c, 0, 0).sample.milli, -100000);
}

static void
codes_for_not_implemented_are_absent(void **state)
{
	(void)state;
	assert_int_equal(
	    take(103, "output.realpower", 0x8000, 0, 0).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(
	    take(103, "output.L2.current", 0xffff, 0, 0).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(take(103, "output.energy", 0, 0, 0).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(
	    take(103, "output.status", 0xffff, 0, 0).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(
	    take(113, "output.realpower", 0x7fc0, 0, 0).sample.quality, XN_QUALITY_ABSENT);
}

static void
a_missing_or_impossible_scale_factor_makes_the_point_absent(void **state)
{
	(void)state;
	assert_string_equal(
	    take(103, "output.realpower", 100, 0, 0x8000).why, "scale factor not implemented");
	assert_int_equal(
	    take(103, "output.realpower", 100, 0, 11).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(
	    take(103, "output.realpower", 100, 0, -11).sample.quality, XN_QUALITY_ABSENT);
}

/* Recorded: Fronius 642 x 10^-1 %, SolarEdge -9987 x 10^-2 %, Veris 9925 x 10^-4, AccuEnergy 1000 x
 * 10^-3. */
static void
a_power_factor_is_percent_or_the_ratio_itself(void **state)
{
	(void)state;
	assert_int_equal(take(101, "output.powerfactor", 642, 0, -1).sample.milli, 642);
	assert_int_equal(
	    take(103, "output.powerfactor", (uint16_t)-9987, 0, -2).sample.milli, -998);
	assert_int_equal(take(203, "input.powerfactor", 9925, 0, -4).sample.milli, 992);
	assert_int_equal(take(204, "input.powerfactor", 1000, 0, -3).sample.milli, 1000);
	assert_int_equal(take(113, "output.powerfactor", 0x42c8, 0, 0).sample.milli, 1000);
}

static void
a_state_has_its_word(void **state)
{
	const struct xn_sunspec_point *point = find(103, "output.status");
	struct xn_reading reading = take(103, "output.status", 4, 0, 0);
	struct xn_rule rule;

	(void)state;
	xn_sunspec_rule(point, &rule);
	assert_string_equal(xn_reading_word(&reading, &rule)->text, "producing");
	reading = take(113, "output.status", 2, 0, 0);
	assert_string_equal(xn_reading_word(&reading, &rule)->text, "sleeping");
}

static void
every_model_we_read_has_power_and_energy(void **state)
{
	static const uint16_t inverters[] = {101, 102, 103, 111, 112, 113};
	static const uint16_t meters[] = {201, 202, 203, 204};
	unsigned count;

	(void)state;
	for (size_t i = 0; i < sizeof(inverters) / sizeof(inverters[0]); i++) {
		find(inverters[i], "output.realpower");
		find(inverters[i], "output.energy");
	}
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++) {
		find(meters[i], "input.realpower");
		find(meters[i], "input.energy");
	}
	assert_null(xn_sunspec_points(1, &count));
	assert_int_equal(count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scale_factors_go_both_ways),
	    cmocka_unit_test(codes_for_not_implemented_are_absent),
	    cmocka_unit_test(a_missing_or_impossible_scale_factor_makes_the_point_absent),
	    cmocka_unit_test(a_power_factor_is_percent_or_the_ratio_itself),
	    cmocka_unit_test(a_state_has_its_word),
	    cmocka_unit_test(every_model_we_read_has_power_and_energy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
