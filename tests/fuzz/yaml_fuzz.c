/* Whatever bytes are read as YAML: the invariants of yaml.h hold, problems print, checks end. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/value.h"

static void
walk(const struct xn_yaml *node, struct xn_problems *problems, int depth)
{
	xn_power power;
	xn_instant instant;
	unsigned count = 0;
	unsigned days;

	assert(depth <= XN_YAML_DEPTH_MAX + 2);
	assert(node->mark.line >= 1 && node->mark.column >= 1);
	if (node->kind == XN_YAML_SCALAR) {
		assert(strlen(node->text) <= XN_YAML_SCALAR_MAX);
		(void)xn_value_power(node, problems, &power);
		(void)xn_value_instant(node, problems, &instant);
		(void)xn_value_days(node, problems, &days);
		return;
	}
	XN_YAML_EACH (child, node) {
		assert((child->key != NULL) == (node->kind == XN_YAML_MAP));
		assert(child->key == NULL || child->key->kind == XN_YAML_SCALAR);
		assert(child->key == NULL || xn_yaml_get(node, child->key->text) == child);
		walk(child, problems, depth + 1);
		count++;
	}
	assert(count == node->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xn_source source = {.path = "f.yaml", .bytes = (const char *)data, .size = size};
	struct xn_problems problems;
	struct xn_arena arena;
	FILE *out = fopen("/dev/null", "we");

	xn_arena_map(&arena, 64u << 20);
	xn_problems_init(&problems, &arena);
	walk(xn_yaml_read_text(&arena, &source, &problems), &problems, 0);
	xn_problems_print(&problems, out);
	fclose(out);
	xn_arena_unmap(&arena);
	return 0;
}
