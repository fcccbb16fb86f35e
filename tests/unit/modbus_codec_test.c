#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "drivers/modbus_codec.h"

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
	assert_int_equal(xn_modbus_frame(&request, sent), 8);
	assert_int_equal(sent[6], 0x84); /* 01 03 00 00 00 01 84 0a, in every Modbus tutorial */
	assert_int_equal(sent[7], 0x0a);
	assert_int_equal(xn_modbus_frame_length(true, frame, 3), 7);
	assert_int_equal(xn_modbus_check(&request, frame, sizeof(frame), values, &err), XN_OK);
	assert_int_equal(values[0], 0x1234);
	frame[3] ^= 1;
	assert_int_equal(xn_modbus_check(&request, frame, sizeof(frame), values, &err), XN_EDEVICE);
}

/* What comes before a frame on a bus is passed over; what stands for another unit is no answer. */
static void
a_frame_is_found_behind_noise(void **state)
{
	static const struct xn_modbus_request request = {
	    .rtu = true, .unit = 1, .space = XN_MODBUS_HOLDING, .address = 0, .count = 1};
	static const uint8_t noisy[] = {
	    0xff, 0x01, 0x03, 0x00, 0x01, 0x03, 0x02, 0x12, 0x34, 0xb5, 0x33, 0x00};
	uint8_t spoilt[sizeof(noisy)];
	size_t start = 0;

	(void)state;
	assert_int_equal(xn_modbus_find(&request, noisy, sizeof(noisy), &start), 7);
	assert_int_equal(start, 4);
	assert_int_equal(xn_modbus_find(&request, noisy, 10, &start), 0);
	for (size_t i = 4; i < 11; i++) {
		memcpy(spoilt, noisy, sizeof(noisy));
		spoilt[i] ^= 1;
		assert_int_equal(xn_modbus_find(&request, spoilt, sizeof(spoilt), &start), 0);
	}
}

/* The four writing functions, byte by byte as the Modbus specification's examples have them. */
static void
writes_are_framed_as_the_specification_says(void **state)
{
	static const struct {
		struct xn_modbus_request request;
		uint8_t pdu[12];
		size_t size;
	} rows[] = {
	    {{.write = XN_MODBUS_WRITE_COIL, .address = 172, .count = 1, .values = {1}},
		{0x05, 0x00, 0xac, 0xff, 0x00}, 5},
	    {{.write = XN_MODBUS_WRITE_COIL, .address = 172, .count = 1, .values = {0}},
		{0x05, 0x00, 0xac, 0x00, 0x00}, 5},
	    {{.write = XN_MODBUS_WRITE_REGISTER, .address = 1, .count = 1, .values = {3}},
		{0x06, 0x00, 0x01, 0x00, 0x03}, 5},
	    {{.write = XN_MODBUS_WRITE_COILS, .address = 19, .count = 3, .values = {1, 0, 1}},
		{0x0f, 0x00, 0x13, 0x00, 0x03, 0x01, 0x05}, 7},
	    {{.write = XN_MODBUS_WRITE_REGISTERS,
		 .address = 1,
		 .count = 2,
		 .values = {0x000a, 0x0102}},
		{0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0a, 0x01, 0x02}, 10},
	};
	uint8_t frame[XN_MODBUS_ADU_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(xn_modbus_frame(&rows[i].request, frame), 7 + rows[i].size);
		assert_int_equal(frame[5], 1 + rows[i].size);
		assert_memory_equal(frame + 7, rows[i].pdu, rows[i].size);
	}
}

/* A device repeats what it wrote; anything else in its place is a doubt. */
static void
the_reply_to_a_write_repeats_it(void **state)
{
	static const struct xn_modbus_request request = {.transaction = 1,
	    .unit = 1,
	    .write = XN_MODBUS_WRITE_REGISTER,
	    .address = 1,
	    .count = 1,
	    .values = {3}};
	static const uint8_t good[12] = {0, 1, 0, 0, 0, 6, 1, 6, 0, 1, 0, 3};
	uint16_t nothing[XN_MODBUS_REGISTERS_MAX];
	uint8_t frame[sizeof(good)];

	(void)state;
	assert_int_equal(xn_modbus_check(&request, good, sizeof(good), nothing, NULL), XN_OK);
	for (size_t i = 0; i < sizeof(good); i++) {
		memcpy(frame, good, sizeof(good));
		frame[i] ^= 0x10;
		assert_int_equal(
		    xn_modbus_check(&request, frame, sizeof(frame), nothing, NULL), XN_EDEVICE);
	}
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
decimal_digits_decode_and_others_are_none(void **state)
{
	static const uint16_t digits[] = {0x1234, 0x5678};
	static const uint16_t letters[] = {0x12a4, 0x5678};

	(void)state;
	assert_int_equal(xn_modbus_number(XN_BCD16, XN_ABCD, digits).integer, 1234);
	assert_int_equal(xn_modbus_number(XN_BCD32, XN_ABCD, digits).integer, 12345678);
	assert_int_equal(xn_modbus_number(XN_BCD32, XN_CDAB, digits).integer, 56781234);
	assert_int_equal(xn_modbus_number(XN_BCD32, XN_ABCD, letters).kind, XN_RAW_NONE);
}

static void
a_field_of_bits_is_a_number(void **state)
{
	(void)state;
	assert_int_equal(xn_modbus_bits(0x8201, 0, 1).integer, 1);
	assert_int_equal(xn_modbus_bits(0x8201, 8, 8).integer, 0x82);
	assert_int_equal(xn_modbus_bits(0x8201, 15, 1).integer, 1);
	assert_int_equal(xn_modbus_bits(0xffff, 0, 16).integer, 0xffff);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_reply_gives_its_registers),
	    cmocka_unit_test(each_wrong_header_field_is_refused),
	    cmocka_unit_test(an_exception_is_its_code),
	    cmocka_unit_test(a_serial_reply_needs_its_checksum),
	    cmocka_unit_test(a_frame_is_found_behind_noise),
	    cmocka_unit_test(writes_are_framed_as_the_specification_says),
	    cmocka_unit_test(the_reply_to_a_write_repeats_it),
	    cmocka_unit_test(bits_come_one_a_value),
	    cmocka_unit_test(numbers_decode_in_every_word_order),
	    cmocka_unit_test(wide_and_signed_numbers_decode),
	    cmocka_unit_test(decimal_digits_decode_and_others_are_none),
	    cmocka_unit_test(a_field_of_bits_is_a_number),
	    cmocka_unit_test(codes_for_none_are_no_numbers),
	    cmocka_unit_test(a_sentinel_is_matched_as_it_stood_on_the_wire),
	    cmocka_unit_test(a_four_quadrant_power_factor_is_unfolded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
