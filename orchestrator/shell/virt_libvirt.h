/*
 * Virt libvirt: the driver that talks to real hypervisors; within the worker process only. One
 * thread per host owns its connection: it connects, lists, reads figures and tries again; requests
 * run in threads of their own, so that a migration of minutes delays no figure. libvirt's event
 * loop has a thread too; its callbacks only leave a mark and wake the host's thread.
 *
 * Invariants: (1) events are registered before the list is read, and an event means "read the list
 * again", never a state; (2) a host's `conn` is non-NULL only between its HOST_UP and HOST_DOWN;
 * (3) a failed call that may have happened all the same is XN_VIRT_UNKNOWN.
 */
#ifndef XN_SHELL_VIRT_LIBVIRT_H
#define XN_SHELL_VIRT_LIBVIRT_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "common/log.h"
#include "orchestrator/shell/virt_worker.h"

struct xn_libvirt;

struct xn_libvirt_host {
	struct xn_libvirt *driver;
	uint32_t id;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	virConnectPtr conn;
	bool lost;        /* libvirt says that the connection ended */
	bool list_wanted; /* a request or an event */
	/* of the host's thread alone */
	int64_t list_due_ms, stats_due_ms, retry_ms;
	unsigned dice; /* for jitter */
	struct xn_log_repeat fault, unlisted;
};

struct xn_libvirt {
	struct xn_virt_worker *worker;
	struct xn_libvirt_host *hosts; /* [worker->target_count] */
	_Atomic uint64_t turns;        /* of libvirt's event loop */
	uint64_t turns_seen;
	_Atomic int threads; /* of requests */
};

/* The host's connection with a reference of its own; NULL while the host is down. */
virConnectPtr xn_libvirt_connection(struct xn_libvirt_host *host);

/* Has the host's list read soon. */
void xn_libvirt_want_list(struct xn_libvirt_host *host);

/* Carries out MIGRATE, ABORT_JOB, RESUME or DESTROY in a thread and answers it. */
void xn_libvirt_act(struct xn_libvirt *driver, const struct xn_action *action);

/* ---- domains (virt_domain.c) ---- */

/*
 * State and facts of one domain as it is now; XN_VM_ABSENT when it is gone meanwhile. False when
 * that cannot be told: a list without it would be a lie.
 */
bool xn_libvirt_domain(virDomainPtr domain, xn_uuid *ret_uuid, enum xn_vm_state *ret_state,
    struct xn_vm_facts *ret_facts);

/* The words of this thread's last libvirt error; read it before any other libvirt call. */
const char *xn_libvirt_error(int *ret_code);

#endif
