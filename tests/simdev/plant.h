/*
 * Plant: the little datacentre behind the devices. Hosts draw watts by the CPU time they use, racks
 * warm with what their outlets give, coolers carry that heat away, the sun shines, and the grid
 * meter sees what is left. A pure function of what went before, the time and the CPU's use; the
 * devices are shown the result.
 *
 * Invariants, of what is shown after a step: (1) a PDU's total is, over any minute, the sum of its
 * outlets; (2) grid = outlets + cooling + losses - PV, in the same instant.
 */
#ifndef XN_SIMDEV_PLANT_H
#define XN_SIMDEV_PLANT_H

#include "tests/simdev/device.h"

#define XN_HOSTS_MAX 64
#define XN_USERS_MAX 8

struct xn_plant_host {
	char name[XN_NAME_MAX];
	double idle_w, full_w, cpus;
	double use; /* 0..1 of its CPUs */
	bool held;  /* `use` was set by a person */
	double watts;
};

struct xn_plant_rack {
	char name[XN_NAME_MAX];
	double supply_c;       /* air at the inlet of an idle rack */
	double rise_k_per_kw;  /* what of its heat comes round to the inlet */
	double watts, inlet_c; /* inlet_c 0: not yet known */
};

struct xn_plant_user {
	char name[40], auth[16], auth_pass[128], priv[16], priv_pass[128];
};

struct xn_plant {
	char base[256];    /* folder of the hosts; empty: they idle */
	char state[256];   /* energy registers between runs; empty: not kept */
	char control[256]; /* the control socket; empty: none */
	char recordings[256];
	uint64_t random;
	int sun_offset_s; /* to UTC, so that the day is where it was asked to be */
	double pv_peak_w, loss_w, loss_share;
	double pv_w, racks_w, cooling_w, grid_w;

	struct xn_plant_host hosts[XN_HOSTS_MAX];
	size_t host_count;
	struct xn_plant_rack racks[XN_RACKS_MAX];
	size_t rack_count;
	struct xn_plant_user users[XN_USERS_MAX];
	size_t user_count;
	struct xn_device *devices; /* do not move once they are served */
	size_t device_count;
};

int xn_plant_read(struct xn_plant *plant, const char *path, struct xn_error *err);

/* One step of `ms` that ends at `now_ms` (UTC); hosts' `use` has been set. Integrates, then shows.
 */
void xn_plant_step(struct xn_plant *plant, int64_t now_ms, int64_t ms);

struct xn_device *xn_plant_device(const struct xn_plant *plant, const char *name);

/* Energy registers to and from plant->state. A file that is not there is a first run. */
int xn_plant_restore(struct xn_plant *plant, struct xn_error *err);
int xn_plant_save(const struct xn_plant *plant, struct xn_error *err);

#endif
