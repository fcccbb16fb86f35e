#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "drivers/reading.h"

static struct xn_rule
rule_of(enum xn_point_class class_, const char *unit)
{
	struct xn_rule rule = {.class_ = class_};

	assert_true(xn_scale_parse(unit, class_, &rule.scale));
	return rule;
}

static struct xn_reading
take(const struct xn_rule *rule, int64_t integer)
{
	struct xn_reading reading = {.value = 77};

	xn_reading_take(
	    &reading, rule, (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = integer});
	return reading;
}

static struct xn_reading
take_real(const struct xn_rule *rule, double real)
{
	struct xn_reading reading = {.value = 77};

	xn_reading_take(&reading, rule, (struct xn_raw){.kind = XN_RAW_REAL, .real = real});
	return reading;
}

static void
ranges_that_mean_none_are_absent(void **state)
{
	static const struct xn_range none[] = {{INT64_MIN, -41}, {-1, -1}, {9001, INT64_MAX}};
	struct xn_rule rule = rule_of(XN_CLASS_POWER, "W");
	static const struct {
		int64_t raw;
		bool there;
	} cases[] = {{-42, false}, {-41, false}, {-40, true}, {-2, true}, {-1, false}, {0, true},
	    {9000, true}, {9001, false}, {INT64_MAX, false}, {INT64_MIN, false}};

	(void)state;
	rule.none = none;
	rule.none_count = 3;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xn_reading reading = take(&rule, cases[i].raw);

		if ((reading.sample.quality != XN_QUALITY_ABSENT) != cases[i].there)
			fail_msg("%ld", cases[i].raw);
		assert_true(cases[i].there || strcmp(reading.why, "sentinel ") == 0);
	}
	assert_int_equal(take_real(&rule, -1.0).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(take_real(&rule, -1.5).sample.quality, XN_QUALITY_GOOD);
}

static void
the_ends_of_32_bits_are_none_but_of_energy(void **state)
{
	static const int64_t ends[] = {INT32_MAX, INT32_MIN, UINT32_MAX};
	struct xn_rule power = rule_of(XN_CLASS_POWER, "0.001 W");
	struct xn_rule energy = rule_of(XN_CLASS_ENERGY, "Wh");

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(take(&power, ends[i]).sample.quality, XN_QUALITY_ABSENT);
		assert_int_equal(take(&energy, ends[i]).sample.quality, XN_QUALITY_GOOD);
	}
	assert_int_equal(take(&power, INT32_MAX - 1).sample.quality, XN_QUALITY_GOOD);
}

static void
what_registers_hold_is_compared_bit_by_bit(void **state)
{
	static const struct xn_range none[] = {{0x80000000, 0x80000000}};
	struct xn_rule rule = rule_of(XN_CLASS_POWER, "W");
	struct xn_reading reading;

	(void)state;
	rule.none = none;
	rule.none_count = 1;
	xn_reading_take(&reading, &rule,
	    (struct xn_raw){.kind = XN_RAW_REAL, .real = -0.0, .bits = 0x80000000});
	assert_int_equal(reading.sample.quality, XN_QUALITY_ABSENT);
}

static void
a_doubt_makes_every_value_suspect_and_says_why(void **state)
{
	struct xn_rule rule = rule_of(XN_CLASS_CURRENT, "0.1 A");
	struct xn_reading reading;

	(void)state;
	rule.doubt = "the manual and the MIB disagree";
	reading = take(&rule, 13);
	assert_int_equal(reading.sample.quality, XN_QUALITY_SUSPECT);
	assert_int_equal(reading.sample.milli, 1300);
	assert_string_equal(reading.why, "the manual and the MIB disagree");
	/* What is not there is not doubted, but absent. */
	assert_int_equal(take(&rule, INT32_MAX).sample.quality, XN_QUALITY_ABSENT);
}

static void
a_card_that_is_ten_times_too_big_is_read_in_the_other_unit(void **state)
{
	struct xn_rule rule = rule_of(XN_CLASS_VOLTAGE, "V");
	struct xn_reading reading;

	(void)state;
	rule.windowed = true;
	rule.min = 180;
	rule.max = 280;
	assert_true(xn_scale_parse("0.1 V", XN_CLASS_VOLTAGE, &rule.other_scale));
	reading = take(&rule, 231);
	assert_int_equal(reading.sample.quality, XN_QUALITY_GOOD);
	assert_int_equal(reading.sample.milli, 231000);
	reading = take(&rule, 2312);
	assert_int_equal(reading.sample.quality, XN_QUALITY_SUSPECT);
	assert_int_equal(reading.sample.milli, 231200);
	assert_non_null(strstr(reading.why, "scale suspect"));
	/* Outside in both: as it came. */
	reading = take(&rule, 12);
	assert_int_equal(reading.sample.quality, XN_QUALITY_SUSPECT);
	assert_int_equal(reading.sample.milli, 12000);
	/* A real goes the same way. */
	assert_int_equal(take_real(&rule, 2312.5).sample.milli, 231250);
}

static void
the_ends_of_the_window_are_inside(void **state)
{
	struct xn_rule rule = rule_of(XN_CLASS_TEMPERATURE, "degC");

	(void)state;
	rule.windowed = true;
	rule.min = -10;
	rule.max = 60;
	assert_int_equal(take(&rule, -10).sample.quality, XN_QUALITY_GOOD);
	assert_int_equal(take(&rule, 60).sample.quality, XN_QUALITY_GOOD);
	assert_int_equal(take(&rule, -11).sample.quality, XN_QUALITY_SUSPECT);
	assert_int_equal(take(&rule, 61).sample.quality, XN_QUALITY_SUSPECT);
}

static void
a_sign_that_means_lead_or_lag_is_dropped(void **state)
{
	struct xn_rule rule = rule_of(XN_CLASS_POWER_FACTOR, "0.01");

	(void)state;
	rule.encoding = XN_MAGNITUDE;
	assert_int_equal(take(&rule, -97).sample.milli, 970);
	assert_int_equal(take(&rule, 97).sample.milli, 970);
	assert_int_equal(take(&rule, 0).sample.milli, 0);
	assert_false(signbit(take_real(&rule, -0.0).value));
	rule.encoding = XN_PLAIN;
	assert_int_equal(take(&rule, -97).sample.milli, -970);
}

static void
a_counter_holds_what_its_bits_can(void **state)
{
	struct xn_rule rule = rule_of(XN_CLASS_ENERGY, "0.1 kWh");

	(void)state;
	rule.counter_bits = 32;
	assert_int_equal(take(&rule, UINT32_MAX).sample.quality, XN_QUALITY_GOOD);
	assert_int_equal(take(&rule, (int64_t)UINT32_MAX + 1).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(take(&rule, -1).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(take(&rule, 0).sample.quality, XN_QUALITY_GOOD);
	rule.counter_bits = 64;
	assert_int_equal(take(&rule, INT64_MIN).sample.quality, XN_QUALITY_ABSENT);
	rule.counter_bits = 0; /* not told: net meters run backwards */
	assert_int_equal(take(&rule, -5).sample.milli, -500000);
}

static void
what_cannot_be_is_absent_and_keeps_the_number(void **state)
{
	struct xn_rule humidity = rule_of(XN_CLASS_HUMIDITY, "%");
	struct xn_rule factor = rule_of(XN_CLASS_POWER_FACTOR, "0.01");
	struct xn_reading reading = take(&humidity, 101);

	(void)state;
	assert_int_equal(reading.sample.quality, XN_QUALITY_ABSENT);
	assert_string_equal(reading.why, "impossible: ");
	assert_true(reading.value == 101);
	assert_int_equal(take(&humidity, 100).sample.quality, XN_QUALITY_GOOD);
	assert_int_equal(take(&factor, 101).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(take_real(&humidity, NAN).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(take_real(&humidity, HUGE_VAL).sample.quality, XN_QUALITY_ABSENT);
}

static void
a_bit_of_a_field_is_a_state(void **state)
{
	static const struct xn_word words[] = {
	    {0, NULL, "fine", XN_SEVERITY_OK}, {128, NULL, "low battery", XN_SEVERITY_CRITICAL}};
	struct xn_rule rule = {.class_ = XN_CLASS_STATE,
	    .scale = {1, 1, XN_CELSIUS},
	    .words = words,
	    .word_count = 2,
	    .mask = 128};
	struct xn_reading reading = take(&rule, 0x83);

	(void)state;
	assert_string_equal(xn_reading_word(&reading, &rule)->text, "low battery");
	reading = take(&rule, 0x7f);
	assert_string_equal(xn_reading_word(&reading, &rule)->text, "fine");
	rule.mask = 0;
	assert_null(xn_reading_word(&reading, &rule));
}

static void
a_word_the_device_sends_is_its_state_whatever_the_case(void **state)
{
	static const struct xn_word words[] = {{1, "DRY", "dry", XN_SEVERITY_OK},
	    {2, "WET", "water", XN_SEVERITY_CRITICAL}, {3, NULL, "three", XN_SEVERITY_WARNING}};
	struct xn_rule rule = {.class_ = XN_CLASS_STATE, .words = words, .word_count = 3};

	(void)state;
	assert_string_equal(xn_rule_sent(&rule, "wet", 3)->text, "water");
	assert_string_equal(xn_rule_sent(&rule, "DRYER", 3)->text, "dry");
	assert_null(xn_rule_sent(&rule, "DR", 2));
	assert_null(xn_rule_sent(&rule, "WETTER", 6));
	assert_null(xn_rule_sent(&rule, "", 0));
	assert_string_equal(xn_severity_word(words[1].severity), "critical");
}

static void
a_reading_that_never_was_has_its_reason(void **state)
{
	struct xn_rule rule = rule_of(XN_CLASS_POWER, "W");
	struct xn_reading reading;

	(void)state;
	xn_reading_take(&reading, &rule, (struct xn_raw){.why = "no such object"});
	assert_string_equal(reading.why, "no such object");
	xn_reading_take(&reading, &rule, (struct xn_raw){.kind = XN_RAW_NONE});
	assert_string_equal(reading.why, "no value");
	assert_int_equal(reading.sample.quality, XN_QUALITY_ABSENT);
}

static void
integers_become_thousandths_exactly_however_big(void **state)
{
	struct xn_rule energy = rule_of(XN_CLASS_ENERGY, "Wh");
	struct xn_rule flow = rule_of(XN_CLASS_FLOW, "gpm");

	(void)state;
	assert_int_equal(take(&energy, 8999999999999999).sample.milli, 8999999999999999000);
	assert_int_equal(take(&energy, 9000000000000001).sample.quality, XN_QUALITY_ABSENT);
	assert_int_equal(take(&flow, 10).sample.milli, 37854); /* 10 US gallons */
	assert_int_equal(take(&flow, 9223372036).sample.quality, XN_QUALITY_ABSENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_that_mean_none_are_absent),
	    cmocka_unit_test(the_ends_of_32_bits_are_none_but_of_energy),
	    cmocka_unit_test(what_registers_hold_is_compared_bit_by_bit),
	    cmocka_unit_test(a_doubt_makes_every_value_suspect_and_says_why),
	    cmocka_unit_test(a_card_that_is_ten_times_too_big_is_read_in_the_other_unit),
	    cmocka_unit_test(the_ends_of_the_window_are_inside),
	    cmocka_unit_test(a_sign_that_means_lead_or_lag_is_dropped),
	    cmocka_unit_test(a_counter_holds_what_its_bits_can),
	    cmocka_unit_test(what_cannot_be_is_absent_and_keeps_the_number),
	    cmocka_unit_test(a_bit_of_a_field_is_a_state),
	    cmocka_unit_test(a_word_the_device_sends_is_its_state_whatever_the_case),
	    cmocka_unit_test(a_reading_that_never_was_has_its_reason),
	    cmocka_unit_test(integers_become_thousandths_exactly_however_big),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
