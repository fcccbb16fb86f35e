/*
 * Worker: one thread for one blocking library (a Modbus bus, libvirt, librrd, an HTTPS client),
 * behind two bounded rings and an eventfd each: requests in, facts out. One other thread owns the
 * worker and is the only one to start, ask, take and stop; `handle` and `idle` run in the worker's
 * thread and own `state` until xn_worker_stop returns.
 *
 * Invariants: (1) requests are handled in the order asked, one at a time; (2) every fact told
 * before xn_worker_stop can still be taken after it, until xn_worker_free; (3) no signal is
 * delivered to the worker's thread.
 */
#ifndef XN_COMMON_WORKER_H
#define XN_COMMON_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct xn_worker;

struct xn_worker_verbs {
	const char *name; /* of the thread, at most 15 characters */
	size_t request_size;
	size_t fact_size;
	size_t capacity; /* of each ring */
	void (*handle)(struct xn_worker *worker, void *state, const void *request);
	/* Instead of sleeping while there is no request: waits for events of its own, serves them,
	 * and returns at the latest when `wake_fd` can be read. */
	void (*turn)(struct xn_worker *worker, void *state, int wake_fd);
	int idle_ms; /* > 0: call `idle` after so long without a request */
	void (*idle)(struct xn_worker *worker, void *state);
};

int xn_worker_start(struct xn_worker **ret_worker, const struct xn_worker_verbs *verbs, void *state,
    struct xn_error *err);

/* Owner: false when the ring is full, which the owner decides about. */
bool xn_worker_ask(struct xn_worker *worker, const void *request);

/* Owner: readable while facts may be waiting; take until false, which also quiets the descriptor.
 */
int xn_worker_fd(const struct xn_worker *worker);
bool xn_worker_take(struct xn_worker *worker, void *ret_fact);

/* Worker's thread: false when the ring is full. */
bool xn_worker_tell(struct xn_worker *worker, const void *fact);

/* Worker's thread, in a long job: whether to give up because the owner is stopping us. */
bool xn_worker_stopping(const struct xn_worker *worker);

/* Owner: asks to stop and waits for the request being handled; those still in the ring are dropped.
 */
void xn_worker_stop(struct xn_worker *worker);
/* Owner: after stop, when the last facts are taken. */
void xn_worker_free(struct xn_worker *worker);

#endif
