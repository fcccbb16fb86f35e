#include "orchestrator/shell/virt_wire.h"

#include <assert.h>
#include <stdlib.h>

uint8_t *
xn_virt_queue_room(struct xn_virt_queue *queue, size_t count)
{
	assert(count <= XN_VIRT_BODY_MAX + XN_VIRT_HEADER_SIZE);
	if (queue->size - queue->used < count) {
		size_t size = (queue->used + count) * 2;
		uint8_t *bytes = realloc(queue->bytes, size);

		if (bytes == NULL)
			abort(); /* a restart finds everything again */
		queue->bytes = bytes;
		queue->size = size;
	}
	return queue->bytes + queue->used;
}

void
xn_virt_queue_drop(struct xn_virt_queue *queue, size_t count)
{
	assert(count <= queue->used);
	queue->used -= count;
	if (queue->used > 0)
		memmove(queue->bytes, queue->bytes + count, queue->used);
}

void
xn_virt_queue_free(struct xn_virt_queue *queue)
{
	free(queue->bytes);
	*queue = (struct xn_virt_queue){.bytes = NULL};
}

void
xn_virt_put(struct xn_virt_queue *queue, const struct xn_virt_message *message)
{
	size_t size = XN_VIRT_HEADER_SIZE + message->size;
	struct xn_writer out = {.base = xn_virt_queue_room(queue, size), .size = size};

	assert(message->size <= XN_VIRT_BODY_MAX);
	xn_write_u32(&out, message->size);
	xn_write_u8(&out, (uint8_t)message->kind);
	xn_write_u32(&out, message->host);
	xn_write_u64(&out, message->stamp);
	xn_write_bytes(&out, message->body, message->size);
	assert(!out.full && out.used == size);
	queue->used += size;
}

int
xn_virt_get(const struct xn_virt_queue *queue, struct xn_virt_message *ret_message,
    size_t *ret_count, struct xn_error *err)
{
	struct xn_reader in = {.at = queue->bytes, .left = queue->used};
	uint32_t size = xn_read_u32(&in);
	uint8_t kind = xn_read_u8(&in);
	uint32_t host = xn_read_u32(&in);
	uint64_t stamp = xn_read_u64(&in);

	*ret_count = 0;
	if (in.short_)
		return XN_OK;
	if (size > XN_VIRT_BODY_MAX)
		return xn_fail(err, XN_EINVALID, "a message of %u bytes", size);
	if (kind < XN_VIRT_EVENTS || kind > XN_VIRT_ALIVE)
		return xn_fail(err, XN_EINVALID, "a message of kind %u", kind);
	if (in.left < size)
		return XN_OK;
	*ret_message = (struct xn_virt_message){
	    .kind = kind, .host = host, .stamp = stamp, .body = in.at, .size = size};
	*ret_count = XN_VIRT_HEADER_SIZE + size;
	return XN_OK;
}
