#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "drivers/modbus_codec.h"
#include "drivers/modbus_plan.h"

static const struct xn_modbus_request two_registers = {
    .transaction = 0x1234, .unit = 7, .space = XN_MODBUS_HOLDING, .address = 2999, .count = 2};

/* The reply a good device gives to `two_registers`. */
static const uint8_t good_reply[13] = {0x12, 0x34, 0, 0, 0, 7, 7, 3, 4, 0x42, 0xdb, 0x6b, 0x85};

static int
check(const uint8_t *frame, size_t length)
{
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	struct xn_error err = {0};

	return xn_modbus_check(&two_registers, frame, length, values, &err);
}

static void
a_good_reply_gives_its_registers(void **state)
{
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(xn_modbus_frame_length(false, good_reply, 6), 0);
	assert_int_equal(xn_modbus_frame_length(false, good_reply, 7), 13);
	assert_int_equal(
	    xn_modbus_check(&two_registers, good_reply, sizeof(good_reply), values, &err), XN_OK);
	assert_int_equal(values[0], 0x42db);
	assert_int_equal(values[1], 0x6b85);
}

/* Transaction, protocol, frame length, unit, function, byte count: any one wrong and it is refused.
 */
static void
each_wrong_header_field_is_refused(void **state)
{
	static const size_t fields[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t frame[sizeof(good_reply)];

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		memcpy(frame, good_reply, sizeof(frame));
		frame[fields[i]] ^= 0x10;
		assert_int_equal(check(frame, sizeof(frame)), XN_EDEVICE);
	}
	for (size_t length = 0; length < sizeof(good_reply); length++)
		assert_int_equal(check(good_reply, length), XN_EDEVICE);
}

static void
an_exception_is_its_code(void **state)
{
	static const uint8_t frame[9] = {0x12, 0x34, 0, 0, 0, 3, 7, 0x83, 2};

	(void)state;
	assert_int_equal(check(frame, sizeof(frame)), 2);
}

static void
a_serial_reply_needs_its_checksum(void **state)
{
	struct xn_modbus_request request = {
	    .rtu = true, .unit = 1, .space = XN_MODBUS_HOLDING, .address = 0, .count = 1};
	/* 01 03 02 12 34 and its CRC, from the serial line specification's example polynomial. */
	uint8_t frame[7] = {0x01, 0x03, 0x02, 0x12, 0x34, 0xb5, 0x33};
	uint8_t sent[XN_MODBUS_ADU_MAX];
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(xn_modbus_write(&request, sent), 8);
	assert_int_equal(sent[6], 0x84); /* 01 03 00 00 00 01 84 0a, in every Modbus tutorial */
	assert_int_equal(sent[7], 0x0a);
	assert_int_equal(xn_modbus_frame_length(true, frame, 3), 7);
	assert_int_equal(xn_modbus_check(&request, frame, sizeof(frame), values, &err), XN_OK);
	assert_int_equal(values[0], 0x1234);
	frame[3] ^= 1;
	assert_int_equal(xn_modbus_check(&request, frame, sizeof(frame), values, &err), XN_EDEVICE);
}

static void
bits_come_one_a_value(void **state)
{
	struct xn_modbus_request request = {
	    .transaction = 1, .unit = 1, .space = XN_MODBUS_COIL, .address = 8, .count = 10};
	static const uint8_t frame[11] = {0, 1, 0, 0, 0, 5, 1, 1, 2, 0x81, 0x02};
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(xn_modbus_check(&request, frame, sizeof(frame), values, &err), XN_OK);
	assert_int_equal(values[0], 1);
	assert_int_equal(values[1], 0);
	assert_int_equal(values[7], 1);
	assert_int_equal(values[9], 1);
}

static void
numbers_decode_in_every_word_order(void **state)
{
	static const uint16_t abcd[] = {0x42db, 0x6b85};
	static const uint16_t cdab[] = {0x6b85, 0x42db};
	static const uint16_t badc[] = {0xdb42, 0x856b};
	static const uint16_t dcba[] = {0x856b, 0xdb42};
	static const uint16_t *const orders[] = {abcd, cdab, badc, dcba};

	(void)state;
	for (int order = XN_ABCD; order <= XN_DCBA; order++) {
		struct xn_raw raw =
		    xn_modbus_number(XN_F32, (enum xn_modbus_order)order, orders[order]);

		assert_int_equal(raw.kind, XN_RAW_REAL);
		assert_true(fabs(raw.real - 109.71) < 1e-5);
	}
}

static void
wide_and_signed_numbers_decode(void **state)
{
	static const uint16_t energy[] = {0, 0, 0x046e, 0x73ea}; /* of the recorded PM5330 */
	static const uint16_t minus[] = {0xffff, 0xffff, 0xffff, 0xfffe};
	static const uint16_t three_and_a_half[] = {0x400c, 0, 0, 0};

	(void)state;
	assert_int_equal(xn_modbus_number(XN_I64, XN_ABCD, energy).integer, 74347498);
	assert_int_equal(xn_modbus_number(XN_U64, XN_ABCD, energy).integer, 74347498);
	assert_int_equal(xn_modbus_number(XN_I64, XN_ABCD, minus).integer, -2);
	assert_int_equal(xn_modbus_number(XN_I32, XN_ABCD, minus).integer, -1);
	assert_int_equal(xn_modbus_number(XN_U32, XN_ABCD, minus).integer, 4294967295);
	assert_int_equal(xn_modbus_number(XN_I16, XN_ABCD, minus + 3).integer, -2);
	assert_int_equal(xn_modbus_number(XN_U16, XN_ABCD, minus + 3).integer, 65534);
	assert_true(fabs(xn_modbus_number(XN_F64, XN_ABCD, three_and_a_half).real - 3.5) < 1e-12);
	assert_int_equal(xn_modbus_number(XN_U64, XN_ABCD, minus).kind, XN_RAW_NONE);
}

static void
codes_for_none_are_no_numbers(void **state)
{
	static const uint16_t nan_[] = {0xffc0, 0};
	static const uint16_t schneider[] = {0x8000, 0x8000};
	static const uint16_t infinite[] = {0x7f80, 0};

	(void)state;
	assert_int_equal(xn_modbus_number(XN_F32, XN_ABCD, nan_).kind, XN_RAW_NONE);
	assert_int_equal(xn_modbus_number(XN_F32, XN_ABCD, schneider).kind, XN_RAW_NONE);
	assert_int_equal(xn_modbus_number(XN_F32, XN_ABCD, infinite).kind, XN_RAW_NONE);
}

static void
a_sentinel_is_matched_as_it_stood_on_the_wire(void **state)
{
	static const struct xn_range none[] = {{0xffff, 0xffff}, {0x7fffffff, 0x7fffffff}};
	struct xn_rule rule = {.class_ = XN_CLASS_CURRENT,
	    .scale = {1, 10, XN_CELSIUS},
	    .none = none,
	    .none_count = 2};
	static const uint16_t ones[] = {0xffff};
	struct xn_reading reading = {.value = 0};

	(void)state;
	xn_reading_take(&reading, &rule, xn_modbus_number(XN_I16, XN_ABCD, ones));
	assert_int_equal(reading.sample.quality, XN_QUALITY_ABSENT);
	assert_non_null(reading.why);
}

/* Schneider writes a leading power factor as 2 - PF. */
static void
a_four_quadrant_power_factor_is_unfolded(void **state)
{
	struct xn_rule rule = {.class_ = XN_CLASS_POWER_FACTOR,
	    .scale = {1, 1, XN_CELSIUS},
	    .encoding = XN_FOUR_QUADRANT};
	static const struct {
		double raw;
		double factor;
	} rows[] = {{1.0018685, 0.9981315}, {-1.25, -0.75}, {0.5, 0.5}, {-0.5, -0.5}, {1, 1}};
	struct xn_reading reading = {.value = 0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xn_reading_take(
		    &reading, &rule, (struct xn_raw){.kind = XN_RAW_REAL, .real = rows[i].raw});
		assert_int_equal(reading.sample.quality, XN_QUALITY_GOOD);
		assert_true(fabs(reading.value - rows[i].factor) < 1e-9);
	}
}

/* ---- the plan of reads ---- */

static struct xn_modbus_plan plan;

/* Reads the plan against a device that has only the registers `there` says. */
static unsigned
read_all(bool (*there)(unsigned))
{
	struct xn_modbus_range range;
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	unsigned requests = 0;

	xn_modbus_plan_start(&plan);
	while (xn_modbus_plan_next(&plan, &range)) {
		int outcome = XN_OK;

		assert_in_range(range.count, 1, 125);
		for (unsigned i = 0; i < range.count; i++) {
			values[i] = (uint16_t)(range.address + i);
			if (!there(range.address + i))
				outcome = 2;
		}
		xn_modbus_plan_take(&plan, outcome, values);
		assert_in_range(++requests, 1, 1000);
	}
	return requests;
}

static bool
everywhere(unsigned address)
{
	(void)address;
	return true;
}

static bool
not_15_nor_20(unsigned address)
{
	return address != 15 && address != 20;
}

static void
near_registers_are_read_together_and_far_ones_apart(void **state)
{
	uint16_t value[4];
	int near;
	int far;

	(void)state;
	xn_modbus_plan_clear(&plan);
	far = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 3203, 4);
	near = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 2999, 2);
	xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 3009, 2);
	xn_modbus_plan_add(&plan, XN_MODBUS_INPUT, 3010, 1);
	assert_int_equal(read_all(everywhere), 3);
	assert_null(xn_modbus_plan_value(&plan, near, value));
	assert_int_equal(value[1], 3000);
	assert_null(xn_modbus_plan_value(&plan, far, value));
	assert_int_equal(value[0], 3203);
}

static void
a_hundred_and_twenty_six_registers_take_two_reads(void **state)
{
	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < 125; i++)
		xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, (uint16_t)i, 1);
	assert_int_equal(read_all(everywhere), 1);
	xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 125, 1);
	assert_int_equal(read_all(everywhere), 2);
}

static void
a_hole_is_found_by_splitting_and_remembered(void **state)
{
	uint16_t value[4];
	int good;
	int hole;

	(void)state;
	xn_modbus_plan_clear(&plan);
	xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 10, 2);
	good = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 18, 1);
	hole = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 20, 1);
	/* 10-20 refused; 10-11 and 18 are good; 20 is refused alone. */
	assert_int_equal(read_all(not_15_nor_20), 4);
	assert_null(xn_modbus_plan_value(&plan, good, value));
	assert_int_equal(value[0], 18);
	assert_non_null(xn_modbus_plan_value(&plan, hole, value));
	/* The next poll asks for no register that is not there. */
	assert_int_equal(read_all(not_15_nor_20), 2);
	assert_non_null(xn_modbus_plan_value(&plan, hole, value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_reply_gives_its_registers),
	    cmocka_unit_test(each_wrong_header_field_is_refused),
	    cmocka_unit_test(an_exception_is_its_code),
	    cmocka_unit_test(a_serial_reply_needs_its_checksum),
	    cmocka_unit_test(bits_come_one_a_value),
	    cmocka_unit_test(numbers_decode_in_every_word_order),
	    cmocka_unit_test(wide_and_signed_numbers_decode),
	    cmocka_unit_test(codes_for_none_are_no_numbers),
	    cmocka_unit_test(a_sentinel_is_matched_as_it_stood_on_the_wire),
	    cmocka_unit_test(a_four_quadrant_power_factor_is_unfolded),
	    cmocka_unit_test(near_registers_are_read_together_and_far_ones_apart),
	    cmocka_unit_test(a_hundred_and_twenty_six_registers_take_two_reads),
	    cmocka_unit_test(a_hole_is_found_by_splitting_and_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
