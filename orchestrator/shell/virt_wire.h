/*
 * Virt wire: messages between xanhd and its virt worker on a socket pair. A message is length,
 * kind, host and stamp, then events or one action as the core encodes them.
 *
 * A stamp counts xanhd's LIST requests: an ACTION carries its number, and EVENTS that are a host's
 * list carry the number of the last LIST for that host which the worker had seen when it began to
 * read, so that a list older than the question can be told from its answer.
 */
#ifndef XN_SHELL_VIRT_WIRE_H
#define XN_SHELL_VIRT_WIRE_H

#include "common/bytes.h"
#include "common/error.h"

enum xn_virt_message_kind {
	XN_VIRT_EVENTS = 1, /* one or more events */
	XN_VIRT_LIST,       /* events: the whole list of one host */
	XN_VIRT_ACTION,
	XN_VIRT_ALIVE, /* empty: the worker's threads turn */
};

#define XN_VIRT_HEADER_SIZE 17u
/* The list of a host with XN_VIRT_DOMAINS_MAX domains of at most XN_VIRT_EVENT_SIZE each. */
#define XN_VIRT_DOMAINS_MAX 4096u
#define XN_VIRT_EVENT_SIZE  1024u
#define XN_VIRT_BODY_MAX    (XN_VIRT_DOMAINS_MAX * XN_VIRT_EVENT_SIZE)

struct xn_virt_message {
	enum xn_virt_message_kind kind;
	uint32_t host;
	uint64_t stamp;
	const uint8_t *body; /* within the queue it was read from */
	uint32_t size;
};

/* Bytes on their way; grows to what one message needs. */
struct xn_virt_queue {
	uint8_t *bytes;
	size_t used;
	size_t size;
};

/* Room for `count` more bytes at bytes + used; aborts when memory is out. */
uint8_t *xn_virt_queue_room(struct xn_virt_queue *queue, size_t count);
void xn_virt_queue_drop(struct xn_virt_queue *queue, size_t count);
void xn_virt_queue_free(struct xn_virt_queue *queue);

/* Appends a message. */
void xn_virt_put(struct xn_virt_queue *queue, const struct xn_virt_message *message);

/*
 * The first message: its bytes' count (drop them when done with it), 0 when it is not complete yet,
 * XN_EINVALID when these are no messages.
 */
int xn_virt_get(const struct xn_virt_queue *queue, struct xn_virt_message *ret_message,
    size_t *ret_count, struct xn_error *err);

#endif
