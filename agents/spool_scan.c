#include "agents/spool.h"

size_t
xn_spool_scan(const uint8_t *bytes, size_t size, struct xn_frame *scratch, unsigned *ret_count)
{
	struct xn_reader in = {.at = bytes, .left = size};
	uint64_t last = 0;

	*ret_count = 0;
	while (in.left > 0) {
		struct xn_reader next = in;

		/* A frame that does not rise is debris of an older life of these blocks. */
		if (xn_frame_decode(&next, scratch, NULL) < 0 || scratch->sequence <= last)
			break;
		last = scratch->sequence;
		in = next;
		++*ret_count;
	}
	return size - in.left;
}
