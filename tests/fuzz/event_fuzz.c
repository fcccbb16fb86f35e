/* Bytes from the journal or the virt worker: what decodes encodes to the same bytes again. */
#include <assert.h>

#include "orchestrator/core/action.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xn_reader in = {.at = data, .left = size};
	uint8_t bytes[4096], again[4096];
	struct xn_source source;
	struct xn_action action;
	struct xn_event event;
	struct xn_error err;

	while (in.left > 0 && xn_event_decode(&in, &event, &source, &err) == XN_OK) {
		struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};
		struct xn_writer twice = {.base = again, .size = sizeof(again)};
		struct xn_reader back;

		if (event.kind == XN_EV_POLICY)
			continue; /* its text must be compiled first */
		xn_event_encode(&event, &out);
		back = (struct xn_reader){.at = bytes, .left = out.used};
		assert(xn_event_decode(&back, &event, &source, &err) == XN_OK && back.left == 0);
		xn_event_encode(&event, &twice);
		assert(out.used == twice.used && memcmp(bytes, again, out.used) == 0);
	}
	in = (struct xn_reader){.at = data, .left = size};
	if (xn_action_decode(&in, &action, &err) == XN_OK) {
		struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};

		xn_action_encode(&action, &out);
		assert(memcmp(bytes, data, out.used) == 0);
	}
	return 0;
}
