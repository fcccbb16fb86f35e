#include <stdlib.h>

#include "agents/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A segment damaged anywhere: what is kept of it is kept again when it is opened the next time. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xn_frame frame;
	unsigned count, again;
	size_t good = xn_spool_scan(data, size, &frame, &count);

	if (good > size || (count == 0) != (good == 0) ||
	    xn_spool_scan(data, good, &frame, &again) != good || again != count)
		abort();
	return 0;
}
