#include "common/crc32c.h"

#define POLYNOMIAL UINT32_C(0x82F63B78) /* 0x1EDC6F41, reflected */

uint32_t
xn_crc32c(uint32_t crc, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	crc = ~crc;
	for (size_t i = 0; i < count; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (POLYNOMIAL & (0u - (crc & 1u)));
	}
	return ~crc;
}
