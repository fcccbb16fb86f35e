#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROW_MAX 8

/* Up to eight numbers of a row, a byte each behind their count; then pattern, name and label, ended
 * by zeros. What was checked fills; what was not does no harm. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned count = size > 0 ? data[0] % (ROW_MAX + 1) : 0;
	const char *texts[3] = {"", "", ""};
	uint32_t row[ROW_MAX];
	struct xn_index index;
	struct xn_oid oid = {.count = 0};
	char name[24];
	char *copy;
	char *at;

	if (size < 1 + count)
		return 0;
	for (unsigned i = 0; i < count; i++)
		row[i] = data[1 + i];
	copy = calloc(1, size - count + 3);
	memcpy(copy, data + 1 + count, size - 1 - count);
	at = copy;
	for (unsigned i = 0; i < 3; i++, at += strlen(at) + 1)
		texts[i] = at;
	if (xn_index_match(texts[0], row, count, &index)) {
		bool good = xn_index_check(texts[0]);

		assert(good || index.hole_count == XN_INDEX_HOLES_MAX);
		if (xn_index_name(&index, texts[1], texts[2], name, sizeof(name)))
			assert(strlen(name) > 0 && strlen(name) < sizeof(name));
		if (xn_index_append(&index, texts[1], &oid) && good)
			assert(xn_index_fills(texts[0], texts[1]));
		assert(oid.count <= XN_OID_MAX);
	}
	free(copy);
	return 0;
}
