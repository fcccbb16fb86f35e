#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "drivers/modbus_register.h"

static void
bits_are_counted_from_the_lowest(void **state)
{
	static const uint16_t word[] = {0x0102};
	struct xn_modbus_register at = {.space = XN_MODBUS_HOLDING, .type = XN_U16, .bit_count = 1};

	(void)state;
	assert_int_equal(xn_modbus_register_number(&at, word).integer, 0);
	at.first_bit = 8;
	assert_int_equal(xn_modbus_register_number(&at, word).integer, 1);
	at.first_bit = 0;
	at.bit_count = 8;
	assert_int_equal(xn_modbus_register_number(&at, word).integer, 2);
	assert_int_equal(xn_modbus_register_width(&at), 1);
}

static void
a_coil_is_one_bit_whatever_the_type(void **state)
{
	static const struct xn_modbus_register coil = {.space = XN_MODBUS_COIL, .type = XN_BIT};

	(void)state;
	assert_int_equal(xn_modbus_register_width(&coil), 1);
	assert_int_equal(xn_modbus_register_number(&coil, (const uint16_t[]){1}).integer, 1);
}

static void
a_marker_is_a_number_in_a_range_a_text_or_anything(void **state)
{
	static const struct xn_range ranges[] = {{71, 73}, {331, 331}};
	struct xn_modbus_marker marker = {
	    .at = {.space = XN_MODBUS_INPUT, .type = XN_U16}, .is = ranges, .is_count = 2};
	static const struct {
		uint16_t value;
		bool holds;
	} rows[] = {{70, false}, {71, true}, {73, true}, {74, false}, {331, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(xn_modbus_marker_holds(&marker, &rows[i].value), rows[i].holds);
	marker.is_count = 0;
	assert_true(xn_modbus_marker_holds(&marker, (const uint16_t[]){12345}));
	marker.text = "power m*";
	marker.registers = 4;
	assert_int_equal(xn_modbus_marker_width(&marker), 4);
	/* "Power Me" and "Energy M" */
	assert_true(
	    xn_modbus_marker_holds(&marker, (const uint16_t[]){0x506f, 0x7765, 0x7220, 0x4d65}));
	assert_false(
	    xn_modbus_marker_holds(&marker, (const uint16_t[]){0x456e, 0x6572, 0x6779, 0x204d}));
}

/* A float that happens to round to a wanted number is another device's measurement. */
static void
a_marker_of_a_float_wants_the_whole_number(void **state)
{
	static const struct xn_range range = {3, 3};
	static const struct xn_modbus_marker marker = {
	    .at = {.space = XN_MODBUS_HOLDING, .type = XN_F32}, .is = &range, .is_count = 1};

	(void)state;
	assert_true(xn_modbus_marker_holds(&marker, (const uint16_t[]){0x4040, 0}));
	assert_false(xn_modbus_marker_holds(&marker, (const uint16_t[]){0x4040, 1}));
	assert_false(xn_modbus_marker_holds(&marker, (const uint16_t[]){0x7fc0, 0}));
}

static void
another_register_scales_a_number(void **state)
{
	static const struct {
		enum xn_modbus_scaling scaling;
		int16_t factor;
		struct xn_scale scale; /* what 1/10 becomes */
	} rows[] = {
	    {XN_MODBUS_EXPONENT, 2, {10, 1, XN_CELSIUS}},
	    {XN_MODBUS_EXPONENT, -1, {1, 100, XN_CELSIUS}},
	    {XN_MODBUS_DIGITS, 1, {1, 100, XN_CELSIUS}},
	    {XN_MODBUS_DIVISOR, 5, {1, 50, XN_CELSIUS}},
	    {XN_MODBUS_FACTOR, 40, {40, 10, XN_CELSIUS}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xn_rule rule = {.scale = {1, 10, XN_CELSIUS}};
		struct xn_raw factor = {.kind = XN_RAW_INTEGER, .integer = rows[i].factor};

		assert_null(xn_modbus_scale(rows[i].scaling, factor, &rule));
		assert_int_equal(rule.scale.num, rows[i].scale.num);
		assert_int_equal(rule.scale.den, rows[i].scale.den);
	}
}

/* Never a number with a scale that cannot be. */
static void
a_scale_that_cannot_be_is_a_reason(void **state)
{
	static const struct {
		enum xn_modbus_scaling scaling;
		struct xn_raw factor;
	} rows[] = {
	    {XN_MODBUS_EXPONENT, {.kind = XN_RAW_INTEGER, .integer = -32768}},
	    {XN_MODBUS_DIGITS, {.kind = XN_RAW_INTEGER, .integer = 13}},
	    {XN_MODBUS_DIVISOR, {.kind = XN_RAW_INTEGER, .integer = 0}},
	    {XN_MODBUS_FACTOR, {.kind = XN_RAW_INTEGER, .integer = -1}},
	    {XN_MODBUS_FACTOR, {.kind = XN_RAW_NONE, .why = "no answer"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xn_rule rule = {.scale = {1, 1, XN_CELSIUS}};

		assert_non_null(xn_modbus_scale(rows[i].scaling, rows[i].factor, &rule));
		assert_int_equal(rule.scale.num, 1);
		assert_int_equal(rule.scale.den, 1);
	}
}

/* Recorded: ADAM-4117, code 0x07 is 4 to 20 mA, 0xffff its end. */
static void
a_span_is_named_by_another_register(void **state)
{
	static const struct xn_modbus_span spans[] = {{0x07, 0.004, 0.020}, {0x0d, -0.020, 0.020}};
	static const struct xn_modbus_source source = {.spans = spans, .span_count = 2};
	struct xn_raw code = {.kind = XN_RAW_INTEGER, .integer = 0x07};
	struct xn_raw number = {.kind = XN_RAW_INTEGER, .integer = 65535};

	(void)state;
	assert_true(fabs(xn_modbus_span_number(xn_modbus_span_of(&source, code), number).real -
			0.020) < 1e-12);
	code.integer = 0x0d;
	number.integer = 0;
	assert_true(fabs(xn_modbus_span_number(xn_modbus_span_of(&source, code), number).real +
			0.020) < 1e-12);
	code.integer = 0x0f;
	assert_null(xn_modbus_span_of(&source, code));
	assert_int_equal(xn_modbus_span_number(NULL, number).kind, XN_RAW_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bits_are_counted_from_the_lowest),
	    cmocka_unit_test(a_coil_is_one_bit_whatever_the_type),
	    cmocka_unit_test(a_marker_is_a_number_in_a_range_a_text_or_anything),
	    cmocka_unit_test(a_marker_of_a_float_wants_the_whole_number),
	    cmocka_unit_test(another_register_scales_a_number),
	    cmocka_unit_test(a_scale_that_cannot_be_is_a_reason),
	    cmocka_unit_test(a_span_is_named_by_another_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
