#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agents/address.h"
#include "agents/catalog.h"
#include "agents/post.h"
#include "agents/validate.h"
#include "common/frame.h"

static struct xn_line line;
static struct xn_catalog catalog, again;

static void
a_conversation_begins_with_hello_and_goes_on_from_the_watermark(void **state)
{
	(void)state;
	xn_line_init(&line, 1);
	assert_true(xn_line_wants_hello(&line, 0));
	xn_line_said(&line);
	assert_false(xn_line_wants_hello(&line, 0));
	assert_int_equal(xn_line_next(&line, 7, 0), XN_SAY_NOTHING);
	assert_true(xn_line_wait_ms(&line, 0) == INT64_MAX);
	xn_line_hello_done(&line, XN_LINE_OK, 7, 40, 10);
	assert_int_equal(line.cursor, 40);
	assert_int_equal(xn_line_next(&line, 7, 10), XN_SAY_FRAMES);
	xn_line_said(&line);
	xn_line_frames_done(&line, XN_LINE_OK, 55, 20);
	assert_int_equal(line.cursor, 55);
}

static void
frames_of_another_schema_need_their_own_hello_which_moves_nothing_back(void **state)
{
	(void)state;
	xn_line_init(&line, 1);
	xn_line_said(&line);
	xn_line_hello_done(&line, XN_LINE_OK, 7, 40, 0);
	xn_line_said(&line);
	xn_line_frames_done(&line, XN_LINE_OK, 55, 0);
	assert_int_equal(xn_line_next(&line, 8, 0), XN_SAY_HELLO);
	xn_line_said(&line);
	xn_line_hello_done(&line, XN_LINE_OK, 8, 40, 0); /* durable lags behind */
	assert_int_equal(line.cursor, 55);
	assert_int_equal(xn_line_next(&line, 8, 0), XN_SAY_FRAMES);
}

static void
after_a_failure_everything_not_durable_is_said_again(void **state)
{
	(void)state;
	xn_line_init(&line, 1);
	xn_line_said(&line);
	xn_line_hello_done(&line, XN_LINE_OK, 7, 40, 0);
	xn_line_said(&line);
	xn_line_frames_done(&line, XN_LINE_OK, 55, 0);
	xn_line_said(&line);
	xn_line_frames_done(&line, XN_LINE_AGAIN, 60, 0);
	assert_true(xn_line_wait_ms(&line, 0) < 1000);
	assert_true(xn_line_wants_hello(&line, 1000));
	xn_line_said(&line);
	xn_line_hello_done(&line, XN_LINE_OK, 7, 50, 1000);
	assert_int_equal(line.cursor, 50);
}

static void
reconnects_have_full_jitter_up_to_thirty_seconds(void **state)
{
	int64_t longest = 0;
	int64_t now_ms = 0;
	int short_ = 0;

	(void)state;
	xn_line_init(&line, 99);
	for (int i = 0; i < 1000; i++) {
		int64_t wait_ms;

		xn_line_said(&line);
		xn_line_hello_done(&line, XN_LINE_FAILED, 7, 0, now_ms);
		wait_ms = xn_line_wait_ms(&line, now_ms);
		longest = wait_ms > longest ? wait_ms : longest;
		short_ += wait_ms < 10000;
		now_ms += wait_ms;
	}
	assert_in_range(longest, 29000, 30000);
	assert_in_range(short_, 250, 420); /* a third of an even spread */
}

static void
a_refusal_is_not_knocked_at(void **state)
{
	(void)state;
	xn_line_init(&line, 5);
	xn_line_said(&line);
	xn_line_hello_done(&line, XN_LINE_REFUSED, 7, 0, 0);
	assert_in_range(xn_line_wait_ms(&line, 0), 30000, 60000);
}

static void
hello_and_409_in_a_circle_slow_down(void **state)
{
	int64_t now_ms = 0;

	(void)state;
	xn_line_init(&line, 5);
	for (int i = 0; i < 50; i++) {
		now_ms += xn_line_wait_ms(&line, now_ms);
		xn_line_said(&line);
		xn_line_hello_done(&line, XN_LINE_OK, 7, 0, now_ms);
		xn_line_said(&line);
		xn_line_frames_done(&line, XN_LINE_AGAIN, 1, now_ms);
	}
	assert_true(now_ms > 200000);
}

static void
only_a_watermark_is_an_answer(void **state)
{
	uint64_t durable = 7;

	(void)state;
	assert_true(xn_post_parse_durable("{\"durable\":9007199254740993}", 28, &durable));
	assert_true(durable == UINT64_C(9007199254740993));
	assert_false(xn_post_parse_durable("{\"durable\":-1}", 14, &durable));
	assert_false(xn_post_parse_durable("{\"durable\":\"1\"}", 15, &durable));
	assert_false(xn_post_parse_durable("{\"durable\":1.5}", 15, &durable));
	assert_false(xn_post_parse_durable("{}", 2, &durable));
	assert_false(xn_post_parse_durable("<html>", 6, &durable));
	assert_false(xn_post_parse_durable("", 0, &durable));
}

static bool
all_but_gone(const void *context, const char *device)
{
	return strcmp(device, context) != 0;
}

static void
a_catalog_is_read_back_from_its_own_hello_with_the_same_schema(void **state)
{
	char *hello;

	(void)state;
	memset(&catalog, 0, sizeof(catalog));
	assert_int_equal(
	    xn_catalog_slot(&catalog, "pdu-a", "outlet.1.realpower", XN_CLASS_POWER), 0);
	assert_int_equal(
	    xn_catalog_slot(&catalog, "pdu-b", "outlet.1.realpower", XN_CLASS_POWER), 1);
	assert_int_equal(
	    xn_catalog_slot(&catalog, "pdu-a", "outlet.1.realpower", XN_CLASS_POWER), 0);
	assert_int_equal(catalog.schema,
	    xn_frame_schema(xn_frame_schema(0, "pdu-a", "outlet.1.realpower", XN_CLASS_POWER),
		"pdu-b", "outlet.1.realpower", XN_CLASS_POWER));
	hello = xn_catalog_hello(&catalog, "a07", 0xabc);
	assert_non_null(strstr(hello, "\"boot\":\"0000000000000abc\""));
	memset(&again, 0, sizeof(again));
	assert_int_equal(xn_catalog_load(&again, hello, all_but_gone, "", NULL), XN_OK);
	assert_int_equal(again.schema, catalog.schema);
	memset(&again, 0, sizeof(again));
	assert_int_equal(xn_catalog_load(&again, hello, all_but_gone, "pdu-a", NULL), XN_OK);
	assert_int_equal(again.count, 1);
	assert_int_not_equal(again.schema, catalog.schema);
	free(hello);
	assert_int_equal(xn_catalog_load(&again, "{", all_but_gone, "", NULL), XN_EINVALID);
}

static void
a_catalog_takes_exactly_its_slots(void **state)
{
	char point[16];

	(void)state;
	memset(&catalog, 0, sizeof(catalog));
	for (int i = 0; i <= XN_SLOTS_MAX; i++) {
		snprintf(point, sizeof(point), "p%d", i);
		assert_int_equal(xn_catalog_slot(&catalog, "d", point, XN_CLASS_STATE),
		    i < XN_SLOTS_MAX ? (uint32_t)i : XN_CATALOG_NONE);
	}
}

static struct xn_sample
believed(enum xn_point_class class_, int64_t milli, int64_t before)
{
	return xn_validate(class_, (struct xn_sample){milli, XN_QUALITY_GOOD},
	    (struct xn_sample){before, XN_QUALITY_GOOD}, 10000);
}

static void
an_implausible_reading_is_suspect_and_keeps_its_value(void **state)
{
	struct xn_sample none = {0, XN_QUALITY_ABSENT};

	(void)state;
	assert_int_equal(believed(XN_CLASS_TEMPERATURE, 24000, 23000).quality, XN_QUALITY_GOOD);
	assert_int_equal(believed(XN_CLASS_TEMPERATURE, 60000, 23000).quality, XN_QUALITY_SUSPECT);
	assert_int_equal(
	    believed(XN_CLASS_TEMPERATURE, 6553500, 23000).quality, XN_QUALITY_SUSPECT);
	assert_int_equal(believed(XN_CLASS_TEMPERATURE, 6553500, 23000).milli, 6553500);
	assert_int_equal(believed(XN_CLASS_HUMIDITY, 100001, 0).quality, XN_QUALITY_SUSPECT);
	assert_int_equal(believed(XN_CLASS_POWER_FACTOR, -1000, 0).quality, XN_QUALITY_GOOD);
	assert_int_equal(xn_validate(XN_CLASS_POWER, none, none, 0).quality, XN_QUALITY_ABSENT);
}

static void
devices_behind_one_gateway_share_a_bus_and_all_of_snmp_does(void **state)
{
	char a[256], b[256], c[256], d[256];

	(void)state;
	xn_address_bus("modbus://10.0.0.1:502?unit=1", a, sizeof(a));
	xn_address_bus("modbus://10.0.0.1?unit=2", b, sizeof(b));
	xn_address_bus("modbus://10.0.0.2:502?unit=1", c, sizeof(c));
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	xn_address_bus("snmp://10.0.0.1", c, sizeof(c));
	xn_address_bus("snmp://10.0.0.2:1161?x=1", d, sizeof(d));
	assert_string_equal(c, d);
	xn_address_bus("modbus-rtu:/dev/ttyS0?unit=3", d, sizeof(d));
	assert_string_equal(d, "/dev/ttyS0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_conversation_begins_with_hello_and_goes_on_from_the_watermark),
	    cmocka_unit_test(
		frames_of_another_schema_need_their_own_hello_which_moves_nothing_back),
	    cmocka_unit_test(after_a_failure_everything_not_durable_is_said_again),
	    cmocka_unit_test(reconnects_have_full_jitter_up_to_thirty_seconds),
	    cmocka_unit_test(a_refusal_is_not_knocked_at),
	    cmocka_unit_test(hello_and_409_in_a_circle_slow_down),
	    cmocka_unit_test(only_a_watermark_is_an_answer),
	    cmocka_unit_test(a_catalog_is_read_back_from_its_own_hello_with_the_same_schema),
	    cmocka_unit_test(a_catalog_takes_exactly_its_slots),
	    cmocka_unit_test(an_implausible_reading_is_suspect_and_keeps_its_value),
	    cmocka_unit_test(devices_behind_one_gateway_share_a_bus_and_all_of_snmp_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
