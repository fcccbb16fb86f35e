/* Values as configuration.md section 3 writes them: what is taken, what is refused and with which
 * words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/value.h"

static _Alignas(16) unsigned char memory[1 << 16];

/* A scalar that stands alone in a file, and what is said about it. */
struct slip {
	struct xn_arena arena;
	struct xn_source source;
	struct xn_problems problems;
	struct xn_yaml node;
};

static const struct xn_yaml *
slip_write(struct slip *slip, const char *text)
{
	*slip = (struct slip){.source = {.path = "a.yaml", .bytes = text, .size = strlen(text)}};
	xn_arena_init(&slip->arena, memory, sizeof(memory));
	xn_problems_init(&slip->problems, &slip->arena);
	slip->node = (struct xn_yaml){.kind = XN_YAML_SCALAR, .text = text};
	slip->node.mark = (struct xn_mark){&slip->source, 1, 1, 1};
	return &slip->node;
}

/* Takes the text with `read` into `value`; true when it was taken and nothing was said. */
#define TAKES(read, written, value)                                                                \
	(read(slip_write(&slip, (written)), &slip.problems, &(value)) && slip.problems.count == 0)
/* Refuses the text with one problem of these words. */
#define REFUSES(read, written, value, words)                                                       \
	(!read(slip_write(&slip, (written)), &slip.problems, &(value)) &&                          \
	    slip.problems.count == 1 && strcmp(slip.problems.first->text, (words)) == 0)
#define ADVISES(words) (strcmp(slip.problems.first->advice, (words)) == 0)

static void
a_power_is_exact_to_the_milliwatt(void **state)
{
	struct slip slip;
	xn_power power;

	(void)state;
	assert_true(TAKES(xn_value_power, "60 W", power));
	assert_int_equal(power.mw, 60000);
	assert_true(TAKES(xn_value_power, "8.25kW", power));
	assert_int_equal(power.mw, 8250000);
	assert_true(TAKES(xn_value_power, "1.2   MW", power));
	assert_int_equal(power.mw, 1200000000);
	assert_true(TAKES(xn_value_power, "0.0015 W", power));
	assert_int_equal(power.mw, 1);
}

static void
a_quantity_needs_its_unit_in_the_right_case(void **state)
{
	struct slip slip;
	xn_power power;

	(void)state;
	assert_true(REFUSES(xn_value_power, "60", power, "'60' has no unit: a power is expected"));
	assert_true(ADVISES("write it like '60 W', '5 kW' or '1.2 MW'"));
	assert_true(REFUSES(xn_value_power, "5 KW", power, "'5 KW' is no power: wrong unit 'KW'"));
	assert_true(ADVISES("did you mean 'kW'?"));
	assert_true(REFUSES(xn_value_power, "5 A", power, "'5 A' is no power: wrong unit 'A'"));
	assert_true(REFUSES(xn_value_power, "-5 W", power, "'-5 W': a power is never below zero"));
	assert_true(
	    REFUSES(xn_value_power, "1e3 W", power, "'1e3 W' is no power: wrong unit 'e3 W'"));
	assert_true(REFUSES(xn_value_power, ".5 W", power, "'.5 W' is no power"));
	assert_true(REFUSES(xn_value_power, "five W", power, "'five W' is no power"));
	assert_true(REFUSES(xn_value_power, "", power, "'' is no power"));
}

static void
a_value_that_does_not_fit_in_64_bits_is_refused(void **state)
{
	struct slip slip;
	xn_power power;
	xn_energy energy;

	(void)state;
	assert_true(TAKES(xn_value_power, "9223372036 MW", power));
	assert_true(
	    REFUSES(xn_value_power, "9223372037 MW", power, "'9223372037 MW' is too large"));
	assert_true(TAKES(xn_value_energy, "1.999999 MWh", energy));
	assert_int_equal(energy.mj, INT64_C(7199996400000));
	assert_true(REFUSES(xn_value_energy, "99999999999999999999 Wh", energy,
	    "'99999999999999999999 Wh' is no energy"));
}

static void
times_go_from_milliseconds_to_years(void **state)
{
	struct slip slip;
	xn_duration span;

	(void)state;
	assert_true(TAKES(xn_value_time, "500 ms", span) && span.ms == 500);
	assert_true(TAKES(xn_value_time, "10 s", span) && span.ms == 10000);
	assert_true(TAKES(xn_value_time, "1.5 min", span) && span.ms == 90000);
	assert_true(TAKES(xn_value_time, "1h", span) && span.ms == 3600000);
	assert_true(TAKES(xn_value_time, "7 d", span) && span.ms == 604800000);
	assert_true(TAKES(xn_value_time, "10 y", span) && span.ms == INT64_C(315360000000));
	assert_true(REFUSES(xn_value_time, "10 m", span, "'10 m' is no time: wrong unit 'm'"));
}

static void
a_temperature_may_be_below_zero(void **state)
{
	struct slip slip;
	xn_temperature value;

	(void)state;
	assert_true(TAKES(xn_value_temperature, "27 degC", value) && value.mk == 300150);
	assert_true(TAKES(xn_value_temperature,
			"27 \xc2\xb0"
			"C",
			value) &&
	    value.mk == 300150);
	assert_true(TAKES(xn_value_temperature, "-5.5 degC", value) && value.mk == 267650);
	assert_true(
	    REFUSES(xn_value_temperature, "-300 degC", value, "'-300 degC' is no temperature"));
}

static void
a_share_is_0_to_100_percent(void **state)
{
	struct slip slip;
	xn_ratio share;

	(void)state;
	assert_true(TAKES(xn_value_share, "80 %", share) && share.ppm == 800000);
	assert_true(TAKES(xn_value_share, "0%", share) && share.ppm == 0);
	assert_true(TAKES(xn_value_share, "100 %", share) && share.ppm == 1000000);
	assert_true(REFUSES(xn_value_share, "100.0001 %", share, "'100.0001 %' is no share"));
	assert_true(
	    REFUSES(xn_value_share, "0.8", share, "'0.8' has no unit: a share is expected"));
}

static void
other_quantities(void **state)
{
	struct slip slip;
	int64_t value;

	(void)state;
	assert_true(TAKES(xn_value_current, "32 A", value) && value == 32000);
	assert_true(TAKES(xn_value_voltage, "230 V", value) && value == 230000);
	assert_true(TAKES(xn_value_memory, "8 GiB", value) && value == 8192);
	assert_true(TAKES(xn_value_memory, "1.5 TiB", value) && value == 1572864);
	assert_true(
	    REFUSES(xn_value_memory, "8 GB", value, "'8 GB' is no memory size: wrong unit 'GB'"));
	assert_true(TAKES(xn_value_cores, "2 cores", value) && value == 2000);
	assert_true(TAKES(xn_value_cores, "1 core", value) && value == 1000);
	assert_true(TAKES(xn_value_bandwidth, "2 Gbit/s", value) && value == 2000);
	assert_true(TAKES(xn_value_number, "5.0", value) && value == 5000);
	assert_true(
	    REFUSES(xn_value_number, "5 W", value, "'5 W' is no plain number: wrong unit 'W'"));
}

static void
a_count_is_a_whole_number(void **state)
{
	struct slip slip;
	int64_t count;

	(void)state;
	assert_true(TAKES(xn_value_count, "0", count) && count == 0);
	assert_true(TAKES(xn_value_count, "007", count) && count == 7);
	assert_true(REFUSES(xn_value_count, "1.0", count, "'1.0' is no count"));
	assert_true(REFUSES(xn_value_count, "-1", count, "'-1' is no count"));
	assert_true(REFUSES(xn_value_count, "", count, "'' is no count"));
}

static void
a_switch_is_true_or_false_and_nothing_else(void **state)
{
	static const char *const others[] = {"yes", "no", "on", "True", "TRUE", "1", "~", ""};
	struct slip slip;
	bool on;

	(void)state;
	assert_true(TAKES(xn_value_switch, "true", on) && on);
	assert_true(TAKES(xn_value_switch, "false", on) && !on);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(TAKES(xn_value_switch, others[i], on));
}

static void
a_name_has_64_characters_of_a_few_kinds(void **state)
{
	static const char *const others[] = {"", "-a", ".a", "_a", "a b", "a/b", "\xc4\x91"};
	char text[66];
	struct slip slip;
	const char *name;

	(void)state;
	assert_true(TAKES(xn_value_name, "hv-a07.01_x", name));
	assert_string_equal(name, "hv-a07.01_x");
	memset(text, 'a', 65);
	text[65] = '\0';
	assert_false(TAKES(xn_value_name, text, name));
	text[64] = '\0';
	assert_true(TAKES(xn_value_name, text, name));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(TAKES(xn_value_name, others[i], name));
}

static bool
hours(const char *text, bool wraps, int *ret_start, int *ret_end)
{
	struct slip slip;

	return xn_value_hours(slip_write(&slip, text), &slip.problems, wraps, ret_start, ret_end);
}

static void
hours_start_before_they_end_unless_they_may_pass_midnight(void **state)
{
	static const char *const others[] = {"9:00-15:00", "09:00", "09:00-24:01", "24:00-24:00",
	    "09:60-10:00", "25:00-26:00", "09:00 - 15:00", "09:00-15:00 ", "09:00-09:00", ""};
	int start;
	int end;

	(void)state;
	assert_true(hours("09:00-15:30", false, &start, &end));
	assert_int_equal(start, 540);
	assert_int_equal(end, 930);
	assert_true(hours("00:00-24:00", false, &start, &end) && start == 0 && end == 1440);
	assert_false(hours("22:00-06:00", false, &start, &end));
	assert_true(hours("22:00-06:00", true, &start, &end) && start == 1320 && end == 360);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(hours(others[i], true, &start, &end));
}

static void
days_are_one_a_range_or_a_list(void **state)
{
	static const char text[] = "[mon-wed, sun]";
	static const char *const others[] = {"monday", "mon-", "Mon", "mon,tue", "", "-fri"};
	struct slip slip;
	unsigned days;
	struct xn_yaml *list;

	(void)state;
	assert_true(TAKES(xn_value_days, "mon", days) && days == 1);
	assert_true(TAKES(xn_value_days, "mon-fri", days) && days == 0x1f);
	assert_true(TAKES(xn_value_days, "sat-mon", days) && days == 0x61);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(TAKES(xn_value_days, others[i], days));
	(void)slip_write(&slip, text);
	xn_arena_map(&slip.arena, 4u << 20);
	list = xn_yaml_read_text(&slip.arena, &slip.source, &slip.problems)->first;
	assert_true(xn_value_days(list, &slip.problems, &days));
	assert_int_equal(days, 0x47);
	xn_arena_unmap(&slip.arena);
}

static void
instants_carry_their_offset(void **state)
{
	static const char *const others[] = {"2026-11-23", "2026-11-23T09:00", "2026-13-01T00:00Z",
	    "2026-02-29T00:00Z", "2026-11-23T24:00Z", "2026-11-23T09:00:60Z", "2026-11-23T09:00+7",
	    "2026-11-23T09:00Z ", "1700000000", ""};
	struct slip slip;
	xn_instant instant;

	(void)state;
	assert_true(TAKES(xn_value_instant, "1970-01-01T00:00Z", instant) && instant.ms == 0);
	assert_true(TAKES(xn_value_instant, "2026-11-23T09:00+07:00", instant));
	assert_int_equal(instant.ms, INT64_C(1795399200000));
	assert_true(TAKES(xn_value_instant, "2026-11-23T09:00:30.25+07:00", instant));
	assert_int_equal(instant.ms, INT64_C(1795399230250));
	assert_true(TAKES(xn_value_instant, "2024-02-29T23:59:59-03:30", instant));
	assert_int_equal(instant.ms, INT64_C(1709263799000));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(TAKES(xn_value_instant, others[i], instant));
}

static void
a_choice_that_is_not_there_names_the_nearest(void **state)
{
	static const char *const words[] = {"observe", "approve", "auto", NULL};
	struct slip slip;
	int choice;

	(void)state;
	assert_true(xn_value_choice(slip_write(&slip, "auto"), &slip.problems, words, &choice));
	assert_int_equal(choice, 2);
	assert_false(xn_value_choice(slip_write(&slip, "aprove"), &slip.problems, words, &choice));
	assert_true(ADVISES("did you mean 'approve'?"));
	assert_false(xn_value_choice(slip_write(&slip, "never"), &slip.problems, words, &choice));
	assert_true(ADVISES("one of 'observe', 'approve', 'auto'"));
}

static void
a_secret_does_not_stand_in_a_file(void **state)
{
	static const char text[] = "{credential: api-key}";
	struct slip slip;
	const char *name;

	(void)state;
	assert_true(REFUSES(xn_value_credential, "hunter2", name,
	    "a secret does not stand in a configuration file"));
	(void)slip_write(&slip, text);
	xn_arena_map(&slip.arena, 4u << 20);
	assert_true(
	    xn_value_credential(xn_yaml_read_text(&slip.arena, &slip.source, &slip.problems)->first,
		&slip.problems, &name));
	assert_string_equal(name, "api-key");
	xn_arena_unmap(&slip.arena);
}

static void
a_map_where_a_value_belongs_is_said_once(void **state)
{
	struct slip slip;
	xn_power power;

	(void)state;
	(void)slip_write(&slip, "");
	slip.node = (struct xn_yaml){.kind = XN_YAML_MAP, .mark = slip.node.mark};
	assert_false(xn_value_power(&slip.node, &slip.problems, &power));
	assert_string_equal(slip.problems.first->text, "expected a single value, found a map");
	slip.node.spoiled = true;
	assert_false(xn_value_power(&slip.node, &slip.problems, &power));
	assert_int_equal(slip.problems.count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_power_is_exact_to_the_milliwatt),
	    cmocka_unit_test(a_quantity_needs_its_unit_in_the_right_case),
	    cmocka_unit_test(a_value_that_does_not_fit_in_64_bits_is_refused),
	    cmocka_unit_test(times_go_from_milliseconds_to_years),
	    cmocka_unit_test(a_temperature_may_be_below_zero),
	    cmocka_unit_test(a_share_is_0_to_100_percent),
	    cmocka_unit_test(other_quantities),
	    cmocka_unit_test(a_count_is_a_whole_number),
	    cmocka_unit_test(a_switch_is_true_or_false_and_nothing_else),
	    cmocka_unit_test(a_name_has_64_characters_of_a_few_kinds),
	    cmocka_unit_test(hours_start_before_they_end_unless_they_may_pass_midnight),
	    cmocka_unit_test(days_are_one_a_range_or_a_list),
	    cmocka_unit_test(instants_carry_their_offset),
	    cmocka_unit_test(a_choice_that_is_not_there_names_the_nearest),
	    cmocka_unit_test(a_secret_does_not_stand_in_a_file),
	    cmocka_unit_test(a_map_where_a_value_belongs_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
