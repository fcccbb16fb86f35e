#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/crc32c.h"
#include "common/frame.h"

static uint8_t bytes[2 * XN_FRAME_BYTES_MAX];
static struct xn_frame given, got;

static struct xn_writer
writer(void)
{
	return (struct xn_writer){.base = bytes, .size = sizeof(bytes)};
}

static void
fill(unsigned rows)
{
	given = (struct xn_frame){.boot = 0x1122334455667788,
	    .sequence = 42,
	    .schema = 0xdeadbeef,
	    .at = {.ms = 1790000000123},
	    .count = (uint16_t)rows};
	for (unsigned i = 0; i < rows; i++) {
		given.rows[i].slot = (uint16_t)i;
		given.rows[i].sample.milli = (int64_t)i * -1000003;
		given.rows[i].sample.quality = i % XN_QUALITY_COUNT;
	}
}

static void
a_frame_comes_back_as_it_went(void **state)
{
	struct xn_writer out = writer();
	struct xn_reader in;

	(void)state;
	fill(100);
	given.rows[99].sample.milli = INT64_MIN;
	xn_frame_encode(&given, &out);
	assert_false(out.full);
	in = (struct xn_reader){.at = bytes, .left = out.used};
	assert_int_equal(xn_frame_decode(&in, &got, NULL), XN_OK);
	assert_int_equal(in.left, 0);
	assert_memory_equal(&given, &got, offsetof(struct xn_frame, rows));
	assert_memory_equal(given.rows, got.rows, sizeof(given.rows[0]) * 100);
}

static void
the_largest_frame_fits_its_limit_and_one_byte_less_is_full(void **state)
{
	struct xn_writer out = {.base = bytes, .size = XN_FRAME_BYTES_MAX};
	size_t used;

	(void)state;
	fill(XN_SLOTS_MAX);
	xn_frame_encode(&given, &out);
	assert_false(out.full);
	used = out.used;
	out = (struct xn_writer){.base = bytes, .size = used - 1};
	xn_frame_encode(&given, &out);
	assert_true(out.full);
	assert_int_equal(out.used, 0);
}

static void
frames_lie_one_after_another(void **state)
{
	struct xn_writer out = writer();
	struct xn_reader in;

	(void)state;
	fill(3);
	xn_frame_encode(&given, &out);
	given.sequence = 43;
	given.count = 0;
	xn_frame_encode(&given, &out);
	in = (struct xn_reader){.at = bytes, .left = out.used};
	assert_int_equal(xn_frame_decode(&in, &got, NULL), XN_OK);
	assert_int_equal(got.sequence, 42);
	assert_int_equal(xn_frame_decode(&in, &got, NULL), XN_OK);
	assert_int_equal(got.sequence, 43);
	assert_int_equal(got.count, 0);
	assert_int_equal(in.left, 0);
}

static void
every_shorter_piece_is_refused_and_the_cursor_stays(void **state)
{
	struct xn_writer out = writer();

	(void)state;
	fill(5);
	xn_frame_encode(&given, &out);
	for (size_t length = 0; length < out.used; length++) {
		struct xn_reader in = {.at = bytes, .left = length};

		assert_int_equal(xn_frame_decode(&in, &got, NULL), XN_EINVALID);
		assert_ptr_equal(in.at, bytes);
		assert_int_equal(in.left, length);
	}
}

static void
every_flipped_bit_is_refused(void **state)
{
	struct xn_writer out = writer();

	(void)state;
	fill(5);
	xn_frame_encode(&given, &out);
	for (size_t bit = 0; bit < out.used * 8; bit++) {
		struct xn_reader in = {.at = bytes, .left = out.used};

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(xn_frame_decode(&in, &got, NULL), XN_EINVALID);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* A liar computes the checksum too: change a byte of a good frame and sign it again. */
static int
decode_forged(size_t at, uint8_t value)
{
	struct xn_writer out = writer();
	struct xn_reader in;

	fill(5);
	xn_frame_encode(&given, &out);
	bytes[at] = value;
	in = (struct xn_reader){.at = bytes, .left = out.used};
	out.used -= 4;
	xn_write_u32(&out, xn_crc32c(0, bytes, in.left - 4));
	return xn_frame_decode(&in, &got, NULL);
}

static void
a_forged_frame_is_refused_by_its_contents(void **state)
{
	(void)state;
	assert_int_equal(decode_forged(39, 0), XN_OK);          /* slot 0 as it was */
	assert_int_equal(decode_forged(37, 6), XN_EINVALID);    /* more rows than bytes */
	assert_int_equal(decode_forged(41, 0), XN_EINVALID);    /* slots do not rise */
	assert_int_equal(decode_forged(46, 0xf0), XN_EINVALID); /* no such slot */
	assert_int_equal(decode_forged(48, XN_QUALITY_COUNT), XN_EINVALID); /* no such quality */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_frame_comes_back_as_it_went),
	    cmocka_unit_test(the_largest_frame_fits_its_limit_and_one_byte_less_is_full),
	    cmocka_unit_test(frames_lie_one_after_another),
	    cmocka_unit_test(every_shorter_piece_is_refused_and_the_cursor_stays),
	    cmocka_unit_test(every_flipped_bit_is_refused),
	    cmocka_unit_test(a_forged_frame_is_refused_by_its_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
