#include "common/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool
xn_ring_init(struct xn_ring *ring, size_t capacity, size_t item_size)
{
	size_t rounded = 1;

	assert(capacity > 0 && item_size > 0);
	while (rounded < capacity)
		rounded *= 2;
	ring->items = calloc(rounded, item_size);
	ring->item_size = item_size;
	ring->capacity = rounded; /* invariant 3 */
	atomic_init(&ring->put, 0);
	atomic_init(&ring->taken, 0);
	return ring->items != NULL;
}

void
xn_ring_free(struct xn_ring *ring)
{
	free(ring->items);
	ring->items = NULL;
}

static unsigned char *
item_at(struct xn_ring *ring, size_t place)
{
	return ring->items + (place & (ring->capacity - 1)) * ring->item_size;
}

bool
xn_ring_put(struct xn_ring *ring, const void *item)
{
	size_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
	size_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);

	assert(put - taken <= ring->capacity); /* invariant 1 */
	if (put - taken == ring->capacity)
		return false;
	memcpy(item_at(ring, put), item, ring->item_size);
	atomic_store_explicit(&ring->put, put + 1, memory_order_release);
	return true;
}

bool
xn_ring_take(struct xn_ring *ring, void *ret_item)
{
	size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
	size_t put = atomic_load_explicit(&ring->put, memory_order_acquire);

	assert(put - taken <= ring->capacity); /* invariant 1 */
	if (put == taken)
		return false;
	memcpy(ret_item, item_at(ring, taken), ring->item_size);
	atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
	return true;
}
