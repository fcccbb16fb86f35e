#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "drivers/snmp_codec.h"

/* Takes a value of `class_` with unit `unit` and none of -1; gives the reading. */
static struct xn_reading
take(enum xn_point_class class_, const char *unit, struct xn_snmp_value value)
{
	static const struct xn_range none[] = {{-1, -1}};
	struct xn_rule rule = {.class_ = class_, .none = none, .none_count = 1};
	struct xn_reading reading = {.value = 0};
	struct xn_raw raw;

	assert_true(xn_scale_parse(unit, class_, &rule.scale));
	raw = xn_snmp_number(&value, &rule, &rule.scale);
	xn_reading_take(&reading, &rule, raw);
	return reading;
}

static struct xn_reading
take_integer(enum xn_point_class class_, const char *unit, int64_t integer)
{
	return take(
	    class_, unit, (struct xn_snmp_value){.tag = XN_SNMP_INTEGER, .integer = integer});
}

static struct xn_reading
take_text(enum xn_point_class class_, const char *unit, const char *text)
{
	return take(class_, unit,
	    (struct xn_snmp_value){.tag = XN_SNMP_TEXT, .text = text, .size = strlen(text)});
}

static void
tenths_become_amperes_exactly(void **state)
{
	struct xn_reading reading = take_integer(XN_CLASS_CURRENT, "0.1 A", 13);

	(void)state;
	assert_int_equal(reading.sample.quality, XN_QUALITY_GOOD);
	assert_int_equal(reading.sample.milli, 1300);
	assert_true(fabs(reading.value - 1.3) < 1e-15);
}

static void
hundredths_of_a_kilowatt_become_watts(void **state)
{
	(void)state;
	assert_int_equal(take_integer(XN_CLASS_POWER, "10 W", 27).sample.milli, 270000);
	assert_int_equal(take_integer(XN_CLASS_POWER, "0.01 kW", 27).sample.milli, 270000);
	assert_int_equal(take_integer(XN_CLASS_ENERGY, "0.1 kWh", 19677).sample.milli, 1967700000);
}

static void
fahrenheit_becomes_celsius(void **state)
{
	(void)state;
	assert_int_equal(take_integer(XN_CLASS_TEMPERATURE, "0.1 degF", 696).sample.milli, 20889);
	assert_int_equal(take_text(XN_CLASS_TEMPERATURE, "degC", "81 F").sample.milli, 27222);
}

static void
what_a_vendor_writes_for_none_is_absent_and_never_0(void **state)
{
	static const struct {
		enum xn_point_class class_;
		const char *unit;
		int64_t raw;
	} rows[] = {
	    {XN_CLASS_HUMIDITY, "%", -1},                /* APC, no probe */
	    {XN_CLASS_TEMPERATURE, "degC", -100},        /* Eltek */
	    {XN_CLASS_RUNTIME, "min", 4294967295},       /* Huawei */
	    {XN_CLASS_CURRENT, "0.1 A", 65535},          /* the all-ones word */
	    {XN_CLASS_CURRENT, "0.1 A", 655350},         /* the same, times ten */
	    {XN_CLASS_LOAD, "0.1 %", 9999},              /* Vertiv */
	    {XN_CLASS_TEMPERATURE, "degC", -273},        /* Tripp Lite */
	    {XN_CLASS_TEMPERATURE, "degC", -127},        /* Eltek */
	    {XN_CLASS_TEMPERATURE, "0.1 degC", 327670},  /* W&T */
	    {XN_CLASS_TEMPERATURE, "degC", -2147483648}, /* NTI */
	    {XN_CLASS_VOLTAGE, "V", 2147483647},         /* Delta Orion */
	    {XN_CLASS_TEMPERATURE, "0.1 degC", -3000},   /* Rittal */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xn_reading reading = take_integer(rows[i].class_, rows[i].unit, rows[i].raw);

		assert_int_equal(reading.sample.quality, XN_QUALITY_ABSENT);
		assert_non_null(reading.why);
	}
	assert_int_equal(take_integer(XN_CLASS_TEMPERATURE, "degC", -2).sample.milli, -2000);
}

static void
numbers_written_as_text_are_read(void **state)
{
	(void)state;
	assert_int_equal(take_text(XN_CLASS_VOLTAGE, "V", "56.8").sample.milli, 56800);
	assert_int_equal(take_text(XN_CLASS_TEMPERATURE, "degC", "-1.9").sample.milli, -1900);
	assert_int_equal(take_text(XN_CLASS_TEMPERATURE, "degC", "35 C").sample.milli, 35000);
	assert_int_equal(take_text(XN_CLASS_CURRENT, "A", " 0.5 Amp").sample.milli, 500);
	assert_int_equal(take_text(XN_CLASS_VOLTAGE, "V", "54 VDC").sample.milli, 54000);
	assert_int_equal(take_text(XN_CLASS_CURRENT, "0.1 A", "13").sample.milli, 1300);
	assert_int_equal(take_text(XN_CLASS_CURRENT, "A", "-.5").sample.milli, -500);
}

static void
text_without_a_number_is_absent(void **state)
{
	static const char *const texts[] = {
	    "", "DRY", "11/10/2027", "12:30", "-", ".", "-.", "99999999999999999999", "1.2.3"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(
		    take_text(XN_CLASS_VOLTAGE, "V", texts[i]).sample.quality, XN_QUALITY_ABSENT);
}

static void
what_is_not_there_says_so(void **state)
{
	struct xn_reading reading =
	    take(XN_CLASS_POWER, "W", (struct xn_snmp_value){.tag = XN_SNMP_NO_INSTANCE});

	(void)state;
	assert_int_equal(reading.sample.quality, XN_QUALITY_ABSENT);
	assert_string_equal(reading.why, "no such instance");
	reading =
	    take(XN_CLASS_POWER, "W", (struct xn_snmp_value){.tag = XN_SNMP_REAL, .real = NAN});
	assert_int_equal(reading.sample.quality, XN_QUALITY_ABSENT);
}

static void
ten_times_too_big_is_suspect_and_says_so(void **state)
{
	struct xn_rule rule = {.class_ = XN_CLASS_VOLTAGE,
	    .scale = {1, 1, XN_CELSIUS},
	    .windowed = true,
	    .min = 0,
	    .max = 600};
	struct xn_reading reading = {.value = 0};

	(void)state;
	xn_reading_take(&reading, &rule, (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = 2302});
	assert_int_equal(reading.sample.quality, XN_QUALITY_SUSPECT);
	assert_non_null(strstr(reading.why, "scale suspect"));
	assert_int_equal(reading.sample.milli, 2302000);
}

static void
a_state_keeps_its_number_and_gets_its_word(void **state)
{
	static const struct xn_word words[] = {
	    {1, NULL, "low", XN_SEVERITY_WARNING}, {2, NULL, "normal", XN_SEVERITY_OK}};
	struct xn_rule rule = {
	    .class_ = XN_CLASS_STATE, .scale = {1, 1, XN_CELSIUS}, .words = words, .word_count = 2};
	struct xn_reading reading = {.value = 0};

	(void)state;
	xn_reading_take(&reading, &rule, (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = 2});
	assert_string_equal(xn_reading_word(&reading, &rule)->text, "normal");
	assert_true(fabs(reading.value - 2) < 1e-12);
	xn_reading_take(&reading, &rule, (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = 9});
	assert_null(xn_reading_word(&reading, &rule));
	assert_int_equal(reading.sample.quality, XN_QUALITY_GOOD);
}

static void
units_belong_to_their_class(void **state)
{
	struct xn_scale scale;

	(void)state;
	assert_true(xn_scale_parse("CFM", XN_CLASS_AIRFLOW, &scale));
	assert_true(xn_scale_parse("L/s", XN_CLASS_AIRFLOW, &scale));
	assert_true(xn_scale_parse("MW", XN_CLASS_POWER, &scale));
	assert_int_equal(scale.num, 1000000);
	assert_true(xn_scale_parse("mW", XN_CLASS_POWER, &scale));
	assert_int_equal(scale.den, 1000);
	assert_false(xn_scale_parse("A", XN_CLASS_POWER, &scale));
	assert_false(xn_scale_parse("0 W", XN_CLASS_POWER, &scale));
	assert_false(xn_scale_parse("99999999999 W", XN_CLASS_POWER, &scale));
	assert_false(xn_scale_parse("apples", XN_CLASS_STATE, &scale));
}

static void
oids_parse_print_and_order_as_in_a_walk(void **state)
{
	struct xn_oid root;
	struct xn_oid row;
	char text[64];

	(void)state;
	assert_true(xn_oid_parse(".1.3.6.1.4.1.318", &root));
	assert_true(xn_oid_parse("1.3.6.1.4.1.318.4294967295", &row));
	xn_oid_print(&row, text, sizeof(text));
	assert_string_equal(text, "1.3.6.1.4.1.318.4294967295");
	assert_true(xn_oid_under(&row, &root));
	assert_false(xn_oid_under(&root, &row));
	assert_true(xn_oid_compare(&root, &row) < 0);
	assert_int_equal(xn_oid_compare(&row, &row), 0);
	assert_false(xn_oid_parse("", &row));
	assert_false(xn_oid_parse("1..3", &row));
	assert_false(xn_oid_parse("1.3.", &row));
	assert_false(xn_oid_parse("1.4294967296", &row));
	assert_false(xn_oid_parse("1.3.x", &row));
	assert_false(
	    xn_oid_parse("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25."
			 "26.27.28.29.30.31.32.33",
		&row));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tenths_become_amperes_exactly),
	    cmocka_unit_test(hundredths_of_a_kilowatt_become_watts),
	    cmocka_unit_test(fahrenheit_becomes_celsius),
	    cmocka_unit_test(what_a_vendor_writes_for_none_is_absent_and_never_0),
	    cmocka_unit_test(numbers_written_as_text_are_read),
	    cmocka_unit_test(text_without_a_number_is_absent),
	    cmocka_unit_test(what_is_not_there_says_so),
	    cmocka_unit_test(ten_times_too_big_is_suspect_and_says_so),
	    cmocka_unit_test(a_state_keeps_its_number_and_gets_its_word),
	    cmocka_unit_test(units_belong_to_their_class),
	    cmocka_unit_test(oids_parse_print_and_order_as_in_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
