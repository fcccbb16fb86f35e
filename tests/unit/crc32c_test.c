#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/crc32c.h"

static uint32_t
bit_by_bit(const uint8_t *bytes, size_t count)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (UINT32_C(0x82F63B78) & (0u - (crc & 1u)));
	}
	return ~crc;
}

static void
gives_the_vectors_of_rfc_3720(void **state)
{
	uint8_t bytes[32];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(xn_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(xn_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	assert_int_equal(xn_crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
	assert_int_equal(xn_crc32c(0, "123456789", 9), 0xe3069283);
}

static void
agrees_with_the_definition_on_every_byte(void **state)
{
	(void)state;
	for (unsigned b = 0; b < 256; b++) {
		uint8_t bytes[3] = {(uint8_t)b, 0x5a, (uint8_t)~b};

		assert_int_equal(xn_crc32c(0, bytes, 3), bit_by_bit(bytes, 3));
	}
}

static void
goes_on_where_it_stopped(void **state)
{
	(void)state;
	assert_int_equal(
	    xn_crc32c(xn_crc32c(0, "1234", 4), "56789", 5), xn_crc32c(0, "123456789", 9));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_the_vectors_of_rfc_3720),
	    cmocka_unit_test(agrees_with_the_definition_on_every_byte),
	    cmocka_unit_test(goes_on_where_it_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
