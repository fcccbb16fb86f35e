#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/trap_codec.h"

/* upsTrapOnBattery of a UPS card, version 1: community "public". */
static const uint8_t trap_v1[] = {0x30, 0x2a, 0x02, 0x01, 0x00, 0x04, 0x06, 'p', 'u', 'b', 'l', 'i',
    'c', 0xa4, 0x1d, 0x06, 0x07, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x21, 0x02, 0x40, 0x04, 0x0a, 0x14,
    0x07, 0x0b, 0x02, 0x01, 0x06, 0x02, 0x01, 0x01, 0x43, 0x04, 0x00, 0x01, 0x8a, 0x92, 0x30, 0x00};

/* An inform of version 2c with one variable, and lengths written long as net-snmp does. */
static const uint8_t inform_v2c[] = {0x30, 0x82, 0x00, 0x2d, 0x02, 0x01, 0x01, 0x04, 0x02, 'r', 'o',
    0xa6, 0x82, 0x00, 0x22, 0x02, 0x04, 0x12, 0x34, 0x56, 0x78, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
    0x30, 0x82, 0x00, 0x12, 0x30, 0x82, 0x00, 0x0e, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01,
    0x03, 0x00, 0x43, 0x02, 0x12, 0x34};

/* Version 3, authPriv: engine 80001f880401, user "xanh". */
static const uint8_t trap_v3[] = {0x30, 0x4e, 0x02, 0x01, 0x03, 0x30, 0x0f, 0x02, 0x02, 0x01, 0x02,
    0x02, 0x03, 0x00, 0xff, 0xe3, 0x04, 0x01, 0x03, 0x02, 0x01, 0x03, 0x04, 0x2e, 0x30, 0x2c, 0x04,
    0x06, 0x80, 0x00, 0x1f, 0x88, 0x04, 0x01, 0x02, 0x01, 0x07, 0x02, 0x01, 0x63, 0x04, 0x04, 'x',
    'a', 'n', 'h', 0x04, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x04, 0x08, 1, 2, 3, 4, 5, 6,
    7, 8, 0x04, 0x08, 9, 9, 9, 9, 9, 9, 9, 9};

static void
the_community_and_kind_of_a_trap_are_read(void **state)
{
	struct xn_trap_packet packet;

	(void)state;
	assert_true(xn_trap_parse(trap_v1, sizeof(trap_v1), &packet));
	assert_int_equal(packet.kind, XN_TRAP_V1);
	assert_int_equal(packet.community_size, 6);
	assert_memory_equal(packet.community, "public", 6);
	assert_int_equal(packet.size, sizeof(trap_v1));
	assert_true(xn_trap_parse(inform_v2c, sizeof(inform_v2c), &packet));
	assert_int_equal(packet.kind, XN_INFORM_V2C);
	assert_memory_equal(packet.community, "ro", packet.community_size);
	assert_int_equal(inform_v2c[packet.tag_at], 0xa6);
}

static void
of_version_3_what_stands_in_clear_is_read(void **state)
{
	struct xn_trap_packet packet;
	uint8_t bytes[sizeof(trap_v3)];

	(void)state;
	assert_true(xn_trap_parse(trap_v3, sizeof(trap_v3), &packet));
	assert_int_equal(packet.kind, XN_TRAP_V3);
	assert_true(packet.auth && packet.priv && !packet.reportable);
	assert_int_equal(packet.engine_size, 6);
	assert_memory_equal(packet.engine, "\x80\x00\x1f\x88\x04\x01", 6);
	assert_memory_equal(packet.user, "xanh", packet.user_size);
	memcpy(bytes, trap_v3, sizeof(bytes));
	bytes[18] = 0x02; /* privacy without authentication */
	assert_false(xn_trap_parse(bytes, sizeof(bytes), &packet));
	bytes[18] = 0x03;
	bytes[21] = 2; /* another security model */
	assert_false(xn_trap_parse(bytes, sizeof(bytes), &packet));
	bytes[21] = 3;
	bytes[70] = 0x30; /* what should be encrypted is not */
	assert_false(xn_trap_parse(bytes, sizeof(bytes), &packet));
	bytes[70] = 0x04;
	bytes[71] = 7; /* something behind it */
	assert_false(xn_trap_parse(bytes, sizeof(bytes), &packet));
}

static void
what_is_cut_short_is_no_trap(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t size;
	} whole[] = {{trap_v1, sizeof(trap_v1)}, {inform_v2c, sizeof(inform_v2c)},
	    {trap_v3, sizeof(trap_v3)}};
	struct xn_trap_packet packet;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		for (size_t size = 0; size < whole[i].size; size++) {
			uint8_t *part = malloc(size + 1); /* so that a sanitizer sees its end */

			memcpy(part, whole[i].bytes, size);
			assert_false(xn_trap_parse(part, size, &packet));
			free(part);
		}
}

static void
padding_behind_a_trap_is_not_part_of_it(void **state)
{
	uint8_t bytes[sizeof(trap_v1) + 4] = {0};
	struct xn_trap_packet packet;

	(void)state;
	memcpy(bytes, trap_v1, sizeof(trap_v1));
	assert_true(xn_trap_parse(bytes, sizeof(bytes), &packet));
	assert_int_equal(packet.size, sizeof(trap_v1));
}

/* The inform with one byte changed. */
static bool
changed(size_t at, uint8_t to)
{
	uint8_t bytes[sizeof(inform_v2c)];
	struct xn_trap_packet packet;

	memcpy(bytes, inform_v2c, sizeof(bytes));
	bytes[at] = to;
	return xn_trap_parse(bytes, sizeof(bytes), &packet);
}

static void
what_is_not_a_notification_is_no_trap(void **state)
{
	(void)state;
	assert_true(changed(0, 0x30));
	assert_false(changed(6, 0x00));  /* an inform of version 1 */
	assert_false(changed(6, 0x02));  /* a version nobody speaks */
	assert_false(changed(11, 0xa0)); /* GET: we are nobody's agent */
	assert_false(changed(11, 0xa2)); /* an answer: two receivers would talk for ever */
	assert_false(changed(11, 0xa4)); /* a version 1 trap in version 2c */
	assert_false(changed(23, 0x05)); /* an error status, which only answers have */
	assert_false(changed(35, 0x02)); /* a variable whose name is no OID */
	assert_false(changed(1, 0x80));  /* a length left open */
	assert_false(changed(1, 0x85));
	assert_false(changed(34, 0x0f)); /* a variable longer than its list */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_community_and_kind_of_a_trap_are_read),
	    cmocka_unit_test(of_version_3_what_stands_in_clear_is_read),
	    cmocka_unit_test(what_is_cut_short_is_no_trap),
	    cmocka_unit_test(padding_behind_a_trap_is_not_part_of_it),
	    cmocka_unit_test(what_is_not_a_notification_is_no_trap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
