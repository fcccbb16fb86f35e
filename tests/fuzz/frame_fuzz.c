#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/crc32c.h"
#include "common/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What decodes encodes to the same bytes. The checksum is mended, as a liar would. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xn_frame frame;
	static uint8_t given[XN_FRAME_BYTES_MAX], again[XN_FRAME_BYTES_MAX];
	struct xn_writer crc = {.base = given, .size = size};
	struct xn_writer out = {.base = again, .size = sizeof(again)};
	struct xn_reader in = {.at = given, .left = size};

	if (size < 4 || size > sizeof(given))
		return 0;
	memcpy(given, data, size);
	crc.used = size - 4;
	xn_write_u32(&crc, xn_crc32c(0, given, size - 4));
	if (xn_frame_decode(&in, &frame, NULL) < 0)
		return 0;
	xn_frame_encode(&frame, &out);
	if (out.full || out.used != size - in.left || memcmp(given, again, out.used) != 0)
		abort();
	return 0;
}
