/* A pattern and the numbers of a row: what fits fills the name and the other index, or says no. */
#include <assert.h>
#include <string.h>

#include "common/bytes.h"
#include "drivers/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text up to its NUL byte. */
static void
take_text(struct xn_reader *in, char *ret_text, size_t size)
{
	size_t used = 0;
	uint8_t c;

	while ((c = xn_read_u8(in)) != 0)
		if (used + 1 < size)
			ret_text[used++] = (char)c;
	ret_text[used] = '\0';
}

/* Pattern, name, label, each ended by NUL; then the numbers, four bytes each. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xn_reader in = {.at = data, .left = size};
	char pattern[64], name[64], label[64], filled[64];
	struct xn_oid oid = {.id = {1, 3, 6}, .count = 3};
	struct xn_index index;
	uint32_t id[XN_OID_MAX];
	unsigned count = 0;

	take_text(&in, pattern, sizeof(pattern));
	take_text(&in, name, sizeof(name));
	take_text(&in, label, sizeof(label));
	while (in.left >= 4 && count < XN_OID_MAX)
		id[count++] = xn_read_u32(&in);
	if (pattern[0] != '\0' && !xn_index_check(pattern))
		return 0;
	if (!xn_index_match(pattern[0] != '\0' ? pattern : NULL, id, count, &index))
		return 0;
	assert(index.count == count && index.hole_count <= XN_INDEX_HOLES_MAX);
	if (xn_index_name(&index, name, label, filled, sizeof(filled)))
		assert(strlen(filled) < sizeof(filled));
	if (xn_index_append(&index, pattern[0] != '\0' ? pattern : NULL, &oid))
		assert(oid.count >= 3 && oid.count <= XN_OID_MAX);
	return 0;
}
