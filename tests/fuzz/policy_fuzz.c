/* Any bytes as a policy: problems or a policy, never a crash. */
#include <stdlib.h>

#include "policies/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_source source = {.path = "p", .bytes = (const char *)bytes, .size = size};
	const struct xn_yaml *documents;

	if (size > 65536)
		return 0;
	xn_arena_map(&arena, (size_t)1 << 30);
	xn_problems_init(&problems, &arena);
	documents = xn_yaml_read_text(&arena, &source, &problems);
	XN_YAML_EACH (document, documents)
		xn_policy_compile(&arena, document, &problems);
	xn_arena_unmap(&arena);
	return 0;
}
