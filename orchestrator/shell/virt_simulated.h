/*
 * Virt simulated: hosts and guests that exist only in a folder, for a machine without root or QEMU
 * and for tests. What is in the folder outlives the worker, as real guests outlive it.
 * XANH_SIM_STATE names the folder:
 *
 *   vms               one line per guest: name, host, state, second host and state, end of its
 *                     migration (ms since 1970), whether it arrives paused, CPU ns, ticks
 *   HOST/cpu_ns       CPU time the host's guests have used, decimal ns, each second; never falls
 *   serial/VM.log     a tick per second while a copy runs
 *   load/VM           read: percent of one core the guest wants; absent: what it was born with
 *   HOST/down         while it exists the host does not answer
 *   fault             read and removed by the next migration: failed | unknown | lost-source (the
 *                     target runs, the source stays paused, nobody hears) | slow (60 s)
 *
 * XANH_SIM_MIGRATION_MS: how long a migration takes; 2000 if not given.
 */
#ifndef XN_SHELL_VIRT_SIMULATED_H
#define XN_SHELL_VIRT_SIMULATED_H

#include "orchestrator/shell/virt_worker.h"

#define XN_SIM_VMS_MAX 32

/* One copy of a guest. */
struct xn_sim_copy {
	uint32_t host; /* XN_NONE: none */
	enum xn_vm_state state;
};

struct xn_sim_vm {
	char name[XN_NAME_SIZE];
	xn_uuid uuid;
	struct xn_vm_facts facts;
	int load_percent; /* of one core */
	struct xn_sim_copy here;
	struct xn_sim_copy there; /* of a migration, or left by a broken one */
	int64_t ends_ms;          /* of its migration, wall clock; 0: none */
	bool arrives_paused;
	uint64_t request; /* of its migration; not kept in the folder: who asked is gone */
	enum xn_virt_outcome outcome;
	char fault[16];
	uint64_t cpu_ns; /* on this host */
	uint64_t ticks;
};

struct xn_sim {
	struct xn_virt_worker *worker;
	const char *folder;
	int64_t migration_ms;
	pthread_mutex_t lock; /* of all that follows */
	struct xn_sim_vm vms[XN_SIM_VMS_MAX];
	uint32_t vm_count;
	uint64_t *host_cpu_ns; /* [worker->target_count] */
	bool *up;
	bool *list_wanted;
	bool changed;
	_Atomic uint64_t turns;
	uint64_t turns_seen;
};

/* The folder's side (virt_simulated_files.c). Loading makes a first fleet where there is none. */
void xn_sim_load(struct xn_sim *sim);
void xn_sim_save(const struct xn_sim *sim);
void xn_sim_save_figures(const struct xn_sim *sim);
int xn_sim_load_percent(const struct xn_sim *sim, const struct xn_sim_vm *vm);
bool xn_sim_host_answers(const struct xn_sim *sim, uint32_t host);
void xn_sim_take_fault(const struct xn_sim *sim, char ret_fault[16]);

#endif
