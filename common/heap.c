#include "common/heap.h"

#include <assert.h>
#include <stddef.h>

static bool
before(struct xn_heap_entry a, struct xn_heap_entry b)
{
	return a.key != b.key ? a.key < b.key : a.id < b.id;
}

void
xn_heap_init(struct xn_heap *heap, struct xn_heap_entry *entries, uint32_t capacity)
{
	*heap = (struct xn_heap){.entries = entries, .capacity = capacity};
}

bool
xn_heap_push(struct xn_heap *heap, int64_t key, uint32_t id)
{
	struct xn_heap_entry entry = {.key = key, .id = id};
	uint32_t at = heap->count;

	if (heap->count == heap->capacity)
		return false;
	heap->count++;
	while (at > 0 && before(entry, heap->entries[(at - 1) / 2])) {
		heap->entries[at] = heap->entries[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->entries[at] = entry;
	assert(at == 0 || !before(entry, heap->entries[(at - 1) / 2])); /* invariant 1 */
	return true;
}

const struct xn_heap_entry *
xn_heap_first(const struct xn_heap *heap)
{
	return heap->count > 0 ? &heap->entries[0] : NULL;
}

void
xn_heap_pop(struct xn_heap *heap)
{
	struct xn_heap_entry last;
	uint32_t at = 0;
	uint32_t child;

	assert(heap->count > 0);
	last = heap->entries[--heap->count];
	while ((child = 2 * at + 1) < heap->count) {
		if (child + 1 < heap->count &&
		    before(heap->entries[child + 1], heap->entries[child]))
			child++;
		if (!before(heap->entries[child], last))
			break;
		heap->entries[at] = heap->entries[child];
		at = child;
	}
	heap->entries[at] = last;
	assert(at == 0 || !before(last, heap->entries[(at - 1) / 2])); /* invariant 1 */
}
