/*
 * Ring: a bounded queue between two threads, one that puts and one that takes. Items are copied in
 * and out; neither side ever waits. A full ring is a fact for its owner to decide about, so putting
 * answers false and nothing is dropped silently.
 *
 * Invariants: (1) put - taken <= capacity; (2) only the putting thread moves `put`, only the taking
 * thread moves `taken`; (3) capacity is a power of two.
 */
#ifndef XN_COMMON_RING_H
#define XN_COMMON_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct xn_ring {
	unsigned char *items;
	size_t item_size;
	size_t capacity;
	/* Each on its own cache line, so that the two threads do not slow each other down. */
	_Alignas(64) atomic_size_t put;
	_Alignas(64) atomic_size_t taken;
};

/* False when there is no memory. `capacity` is rounded up to a power of two. */
bool xn_ring_init(struct xn_ring *ring, size_t capacity, size_t item_size);
void xn_ring_free(struct xn_ring *ring);

bool xn_ring_put(struct xn_ring *ring, const void *item);
bool xn_ring_take(struct xn_ring *ring, void *ret_item);

#endif
