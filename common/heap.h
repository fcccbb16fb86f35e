/*
 * Heap: what comes due first. Entries are (key, id); the least key is on top and of equal keys the
 * least id, so that the order never depends on how entries came in. Pure: the rows are handed in.
 *
 * Invariant: (1) no entry is before its parent; checked where entries come in and go out.
 */
#ifndef XN_COMMON_HEAP_H
#define XN_COMMON_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct xn_heap_entry {
	int64_t key;
	uint32_t id;
};

struct xn_heap {
	struct xn_heap_entry *entries;
	uint32_t count;
	uint32_t capacity;
};

void xn_heap_init(struct xn_heap *heap, struct xn_heap_entry *entries, uint32_t capacity);

/* False when the heap is full. */
bool xn_heap_push(struct xn_heap *heap, int64_t key, uint32_t id);

/* The first entry, or NULL when there is none; xn_heap_pop takes it away. */
const struct xn_heap_entry *xn_heap_first(const struct xn_heap *heap);
void xn_heap_pop(struct xn_heap *heap);

#endif
