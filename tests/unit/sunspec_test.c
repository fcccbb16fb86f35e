#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/sunspec.h"

static const struct xn_sunspec_point *
find(uint16_t id, const char *name)
{
	const struct xn_sunspec_model *model = xn_sunspec_model(id);

	assert_non_null(model);
	for (unsigned i = 0; i < model->count; i++) {
		if (strcmp(model->points[i].name, name) == 0)
			return &model->points[i];
	}
	fail_msg("no point %s in model %u", name, id);
	return NULL;
}

static struct xn_reading
take_wide(uint16_t model, const char *name, const uint16_t registers[4], int scale)
{
	const struct xn_sunspec_point *point = find(model, name);
	struct xn_reading reading = {.value = 0};
	struct xn_rule rule;
	struct xn_raw raw;

	xn_sunspec_rule(point, &rule);
	raw = xn_sunspec_number(point, registers, (uint16_t)scale, &rule);
	xn_reading_take(&reading, &rule, raw);
	return reading;
}

static struct xn_reading
take(uint16_t model, const char *name, uint16_t high, uint16_t low, int scale)
{
	return take_wide(model, name, (const uint16_t[]){high, low, 0, 0}, scale);
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

/* Recorded: mini weather station, -2.3 degC; reference point, 34.5 degC. */
static void
a_model_may_fix_the_exponent(void **state)
{
	(void)state;
	assert_int_equal(take(308, "ambient.temperature", 0xffe9, 0, 0).sample.milli, -2300);
	assert_int_equal(take(306, "reference.{n}.temperature", 0, 0x0159, 0).sample.milli, 34500);
	assert_int_equal(take(307, "ambient.pressure", 1013, 0, 0).sample.milli, 101300000);
}

/* Every type's own code, and beside it the nearest number that is a reading. */
static void
codes_for_not_implemented_are_absent(void **state)
{
	static const struct {
		uint16_t model;
		const char *name;
		uint16_t none[4];
		uint16_t some[4];
	} rows[] = {
	    {103, "output.L2.current", {0xffff}, {0xfffe}},
	    {103, "output.realpower", {0x8000}, {0x8001}},
	    {701, "output.frequency", {0xffff, 0xffff}, {0, 60000}},
	    {704, "control.realpower", {0x8000, 0}, {0x8000, 1}},
	    {701, "output.energy", {0xffff, 0xffff, 0xffff, 0xffff}, {0, 0, 0, 1}},
	    {103, "output.energy", {0, 0}, {0, 1}},
	    {122, "output.energy.lifetime", {0, 0, 0, 0}, {0, 0, 0, 1}},
	    {103, "output.status", {0xffff}, {4}},
	    {701, "output.L1.powerfactor", {0xffff}, {0xfffe}},
	    {122, "pv.connection", {0xffff}, {7}},
	    {103, "output.events", {0xffff, 0xffff}, {0, 1}},
	    {113, "output.realpower", {0x7fc0, 0}, {0x42c8, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xn_reading none = take_wide(rows[i].model, rows[i].name, rows[i].none, -2);
		struct xn_reading some = take_wide(rows[i].model, rows[i].name, rows[i].some, -2);

		if (none.sample.quality != XN_QUALITY_ABSENT)
			fail_msg("%s: the code for none is a reading", rows[i].name);
		if (some.sample.quality != XN_QUALITY_GOOD)
			fail_msg("%s: a number is none", rows[i].name);
	}
}

static void
a_missing_or_impossible_scale_factor_makes_the_point_absent(void **state)
{
	static const int factors[] = {0x8000, 11, -11};

	(void)state;
	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		assert_int_equal(take(103, "output.realpower", 100, 0, factors[i]).sample.quality,
		    XN_QUALITY_ABSENT);
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
a_short_form_of_a_model_has_fewer_points(void **state)
{
	const struct xn_sunspec_model *meter = xn_sunspec_model(204);

	(void)state;
	assert_int_equal(xn_sunspec_instances(meter, find(204, "input.events"), 105), 1);
	assert_int_equal(xn_sunspec_instances(meter, find(204, "input.events"), 81), 0);
	assert_int_equal(xn_sunspec_instances(meter, find(204, "input.energy"), 81), 1);
}

/* Recorded: Fronius Symo, model 160 of 48 registers: two inputs. */
static void
a_repeating_group_stands_as_often_as_the_length_says(void **state)
{
	const struct xn_sunspec_model *mppt = xn_sunspec_model(160);
	const struct xn_sunspec_model *reference = xn_sunspec_model(306);

	(void)state;
	assert_int_equal(xn_sunspec_instances(mppt, find(160, "input.dc.{n}.voltage"), 48), 2);
	assert_int_equal(xn_sunspec_instances(mppt, find(160, "input.dc.{n}.voltage"), 27), 0);
	assert_int_equal(xn_sunspec_instances(mppt, find(160, "input.dc.events"), 48), 1);
	assert_int_equal(
	    xn_sunspec_instances(reference, find(306, "reference.{n}.current"), 14), 2);
	assert_int_equal(xn_sunspec_instances(reference, find(306, "reference.{n}.current"), 4), 0);
}

static void
every_row_of_the_table_makes_sense(void **state)
{
	(void)state;
	for (unsigned id = 0; id < 65536; id++) {
		const struct xn_sunspec_model *model = xn_sunspec_model((uint16_t)id);

		for (unsigned i = 0; model != NULL && i < model->count; i++) {
			const struct xn_sunspec_point *point = &model->points[i];
			bool repeated = model->stride != 0 && point->offset >= model->group;

			if ((strstr(point->name, "{n}") != NULL) != repeated)
				fail_msg("model %u, %s: {n} belongs to repeating groups", id,
				    point->name);
			if ((point->class_ != XN_CLASS_STATE) && point->word_count > 0)
				fail_msg("model %u, %s: words of no state", id, point->name);
			for (unsigned k = 0; k < i; k++) {
				if (strcmp(model->points[k].name, point->name) == 0)
					fail_msg("model %u has %s twice", id, point->name);
			}
		}
	}
	assert_null(xn_sunspec_model(1));
	assert_null(xn_sunspec_model(64122));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scale_factors_go_both_ways),
	    cmocka_unit_test(a_model_may_fix_the_exponent),
	    cmocka_unit_test(codes_for_not_implemented_are_absent),
	    cmocka_unit_test(a_missing_or_impossible_scale_factor_makes_the_point_absent),
	    cmocka_unit_test(a_power_factor_is_percent_or_the_ratio_itself),
	    cmocka_unit_test(a_short_form_of_a_model_has_fewer_points),
	    cmocka_unit_test(a_repeating_group_stands_as_often_as_the_length_says),
	    cmocka_unit_test(every_row_of_the_table_makes_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
