/*
 * Virt stand: a loop, a real virt worker and a memory of what it said last, for tests. The program
 * that uses it must hand argv to xn_virt_worker_main when argv[1] is XN_VIRT_WORKER.
 */
#ifndef XN_TESTS_VIRT_STAND_H
#define XN_TESTS_VIRT_STAND_H

#include "orchestrator/shell/virt.h"

#define STAND_HOSTS    4
#define STAND_VMS      16
#define STAND_REQUESTS 4096

struct stand_vm {
	xn_uuid uuid;
	struct xn_vm_facts facts;
	enum xn_vm_state copies[STAND_HOSTS];
	bool seen[STAND_HOSTS]; /* in the list that is arriving */
	uint64_t cpu_ns;
	unsigned loads;
};

struct stand {
	struct xn_loop *loop;
	struct xn_virt *virt;
	struct xn_site site;
	struct xn_site_host hosts[STAND_HOSTS];
	struct xn_site_device device;
	bool up[STAND_HOSTS];
	unsigned ups[STAND_HOSTS], lists[STAND_HOSTS];
	struct stand_vm vms[STAND_VMS];
	unsigned vm_count;
	unsigned answers;
	enum xn_virt_outcome outcome;                    /* the last */
	enum xn_virt_outcome by_request[STAND_REQUESTS]; /* 0: no answer yet */
	char text[XN_SENTENCE_SIZE];
	uint64_t next_request;
};

/* `names` and `uris`: `count` of them. */
void stand_up(struct stand *stand, bool simulated, unsigned count, const char *const *names,
    const char *const *uris);
void stand_down(struct stand *stand);

/* Turns the loop until `done` says so; false when that takes longer than `ms`. */
typedef bool stand_done(struct stand *stand, void *context);
bool stand_wait(struct stand *stand, int ms, stand_done *done, void *context);

/* Every host is up and listed. */
bool stand_ready(struct stand *stand, void *context);
/* Another answer than `*(unsigned *)context` of them has come. */
bool stand_answered(struct stand *stand, void *context);

struct stand_vm *stand_vm(struct stand *stand, const char *name);
/* The host on which a VM runs, XN_NONE if on none or on two. */
uint32_t stand_runs_on(const struct stand_vm *vm);

/* Sends a request and waits for its answer; XN_VIRT_UNKNOWN after a minute as well. */
enum xn_virt_outcome stand_ask(struct stand *stand, enum xn_action_kind kind,
    const struct stand_vm *vm, uint32_t host, uint32_t target, bool paused);
/* Only sends it; returns its number. */
uint64_t stand_send(struct stand *stand, enum xn_action_kind kind, const struct stand_vm *vm,
    uint32_t host, uint32_t target, bool paused);
/* Waits for the answer to one request; 0 when none comes. */
enum xn_virt_outcome stand_outcome(struct stand *stand, uint64_t request, int ms);
/* Has a host's list read and waits for it. */
bool stand_list(struct stand *stand, uint32_t host);

#endif
