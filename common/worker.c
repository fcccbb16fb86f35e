#include "common/worker.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/ring.h"

struct xn_worker {
	struct xn_ring requests;
	struct xn_ring facts;
	const struct xn_worker_verbs *verbs;
	void *state;
	void *request; /* the one being handled */
	pthread_t thread;
	int request_fd;
	int fact_fd;
	atomic_bool stopping;
	bool joined;
};

static void
wake(int fd)
{
	uint64_t one = 1;
	ssize_t written;

	do
		written = write(fd, &one, sizeof(one));
	while (written < 0 && errno == EINTR);
	/* EAGAIN: the counter is at its end, so the other side is awake already. */
}

static void
quiet(int fd)
{
	uint64_t count;
	ssize_t got;

	do
		got = read(fd, &count, sizeof(count));
	while (got < 0 && errno == EINTR);
}

static void *
work(void *argument)
{
	struct xn_worker *worker = argument;
	const struct xn_worker_verbs *verbs = worker->verbs;
	int patience = verbs->idle_ms > 0 ? verbs->idle_ms : -1;

	while (!xn_worker_stopping(worker)) {
		struct pollfd wait = {.fd = worker->request_fd, .events = POLLIN};
		int ready;

		if (xn_ring_take(&worker->requests, worker->request)) {
			verbs->handle(worker, worker->state, worker->request);
			continue;
		}
		if (verbs->turn != NULL) {
			verbs->turn(worker, worker->state, worker->request_fd);
			quiet(worker->request_fd);
			continue;
		}
		ready = poll(&wait, 1, patience);
		if (ready > 0)
			quiet(worker->request_fd);
		else if (ready == 0 && verbs->idle != NULL)
			verbs->idle(worker, worker->state);
	}
	return NULL;
}

static int
start_thread(struct xn_worker *worker)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* invariant 3: the thread inherits it */
	failed = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0)
		pthread_setname_np(worker->thread, worker->verbs->name);
	return failed;
}

int
xn_worker_start(struct xn_worker **ret_worker, const struct xn_worker_verbs *verbs, void *state,
    struct xn_error *err)
{
	struct xn_worker *worker = aligned_alloc(_Alignof(struct xn_worker), sizeof(*worker));
	int failed;

	assert(strlen(verbs->name) <= 15);
	if (worker == NULL)
		return xn_fail(err, XN_ESYSTEM, "worker %s: no memory", verbs->name);
	memset(worker, 0, sizeof(*worker));
	worker->verbs = verbs;
	worker->state = state;
	worker->joined = true;
	atomic_init(&worker->stopping, false);
	worker->request = calloc(1, verbs->request_size);
	worker->request_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->fact_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!xn_ring_init(&worker->requests, verbs->capacity, verbs->request_size) ||
	    !xn_ring_init(&worker->facts, verbs->capacity, verbs->fact_size) ||
	    worker->request == NULL || worker->request_fd < 0 || worker->fact_fd < 0)
		failed = ENOMEM;
	else
		failed = start_thread(worker);
	if (failed != 0) {
		xn_worker_free(worker);
		return xn_fail(err, XN_ESYSTEM, "worker %s: %s", verbs->name, strerror(failed));
	}
	worker->joined = false;
	*ret_worker = worker;
	return XN_OK;
}

bool
xn_worker_ask(struct xn_worker *worker, const void *request)
{
	if (!xn_ring_put(&worker->requests, request))
		return false;
	wake(worker->request_fd);
	return true;
}

int
xn_worker_fd(const struct xn_worker *worker)
{
	return worker->fact_fd;
}

bool
xn_worker_take(struct xn_worker *worker, void *ret_fact)
{
	if (xn_ring_take(&worker->facts, ret_fact))
		return true;
	quiet(worker->fact_fd);
	return xn_ring_take(&worker->facts, ret_fact); /* told between the look and the quieting */
}

bool
xn_worker_tell(struct xn_worker *worker, const void *fact)
{
	if (!xn_ring_put(&worker->facts, fact))
		return false;
	wake(worker->fact_fd);
	return true;
}

bool
xn_worker_stopping(const struct xn_worker *worker)
{
	return atomic_load(&worker->stopping);
}

void
xn_worker_stop(struct xn_worker *worker)
{
	if (worker->joined)
		return;
	atomic_store(&worker->stopping, true);
	wake(worker->request_fd);
	pthread_join(worker->thread, NULL);
	worker->joined = true;
}

void
xn_worker_free(struct xn_worker *worker)
{
	if (worker == NULL)
		return;
	xn_worker_stop(worker);
	if (worker->request_fd >= 0)
		close(worker->request_fd);
	if (worker->fact_fd >= 0)
		close(worker->fact_fd);
	xn_ring_free(&worker->requests);
	xn_ring_free(&worker->facts);
	free(worker->request);
	free(worker);
}
