/*
 * Virt worker: what the child process offers to its driver, libvirt or simulated. The main thread
 * reads requests and keeps their deadlines; a driver answers from any thread.
 *
 * Invariants: (1) each request is answered once, whoever comes first, driver or deadline; (2) the
 * main thread never calls a hypervisor; (3) the process ends when xanhd closes the socket.
 */
#ifndef XN_SHELL_VIRT_WORKER_H
#define XN_SHELL_VIRT_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "orchestrator/core/action.h"
#include "orchestrator/shell/virt_wire.h"

/* Requests at one time; above it, requests fail at once. */
#define XN_VIRT_JOBS_MAX 256

struct xn_virt_worker;

struct xn_virt_driver {
	/* Starts its threads. */
	void *(*start)(struct xn_virt_worker *worker);
	/* Called in the main thread; must not block. */
	void (*act)(void *driver, const struct xn_action *action);
	/* Whether its threads turn; asked once a second. */
	bool (*alive)(void *driver);
};

extern const struct xn_virt_driver xn_virt_libvirt;
extern const struct xn_virt_driver xn_virt_simulated;

struct xn_virt_target {
	const char *name;
	const char *uri;
	const char *migrate_uri; /* dialled by the source's daemon */
	_Atomic uint64_t asked;  /* stamp of the last LIST that was seen */
};

struct xn_virt_job {
	uint64_t request; /* 0: free */
	int64_t deadline_ms;
};

struct xn_virt_worker {
	int fd;
	const struct xn_virt_driver *driver;
	void *state; /* the driver's */
	int64_t stats_every_ms;
	int64_t list_every_ms;
	int64_t retry_ms_max;
	struct xn_virt_target *targets;
	uint32_t target_count;
	struct xn_virt_queue in;
	pthread_mutex_t out_lock; /* of the socket's sending side */
	pthread_mutex_t jobs_lock;
	struct xn_virt_job jobs[XN_VIRT_JOBS_MAX];
};

/* Sends one event; blocks while xanhd is busy. */
void xn_virt_say(struct xn_virt_worker *worker, const struct xn_event *event);
void xn_virt_say_host(struct xn_virt_worker *worker, enum xn_event_kind kind, uint32_t host,
    uint32_t cpus, uint64_t memory_mib);

/* The list of one host: begun before the first look, said whole by xn_virt_list_end, or freed. */
struct xn_virt_list {
	uint32_t host;
	uint64_t stamp;
	struct xn_virt_queue events;
};

void xn_virt_list_begin(
    struct xn_virt_worker *worker, uint32_t host, struct xn_virt_list *ret_list);
void xn_virt_list_add(struct xn_virt_list *list, const xn_uuid *uuid, enum xn_vm_state state,
    const struct xn_vm_facts *facts);
void xn_virt_list_end(struct xn_virt_worker *worker, struct xn_virt_list *list);
void xn_virt_list_free(struct xn_virt_list *list);

/* Answers a request, unless its deadline already did. */
void xn_virt_answer(struct xn_virt_worker *worker, uint64_t request, enum xn_virt_outcome outcome,
    const char *text);

#endif
