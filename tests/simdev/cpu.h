/*
 * Cpu: how much of its CPUs each host uses, from what its guests really burn. A host's guests are
 * the processes whose numbers stand in BASE/HOST/run/libvirt/qemu/GUEST.pid; where BASE/HOST/cpu_ns
 * is, its count of nanoseconds is taken instead (a simulated hypervisor writes it). Averaged over
 * three steps.
 *
 * A guest that appears counts from then on; one that is gone takes nothing back.
 */
#ifndef XN_SIMDEV_CPU_H
#define XN_SIMDEV_CPU_H

#include "tests/simdev/plant.h"

#define XN_CPU_GUESTS_MAX 64
#define XN_CPU_STEPS      3

struct xn_cpu_guest {
	int pid;
	uint64_t started; /* with the pid it names one process */
	uint64_t ticks;
};

struct xn_cpu_host {
	struct xn_cpu_guest guests[XN_CPU_GUESTS_MAX];
	size_t guest_count;
	bool counted; /* `counter_ns` was read before */
	uint64_t counter_ns;
	int64_t used_ns[XN_CPU_STEPS], span_ns[XN_CPU_STEPS];
	unsigned at;
};

struct xn_cpu {
	struct xn_cpu_host hosts[XN_HOSTS_MAX];
};

/* Looks at every host and sets its `use`, unless a person holds it. `ms` since the last look. */
void xn_cpu_look(struct xn_cpu *cpu, struct xn_plant *plant, int64_t ms);

#endif
