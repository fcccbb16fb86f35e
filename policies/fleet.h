/*
 * Fleet: what placement looks at, a snapshot of feeds, racks, hosts and VMs in physical terms
 * (contracts/policy-and-plan.md section 2). The daemon's core builds it from its state, the command
 * line from FLEET.json; both reach the same engine. All numbers are integers; strings and arrays
 * live in the arena of whoever built it.
 *
 * Invariants: (1) ids are unique within their kind; (2) every index is below its count or XN_NONE;
 * (3) a host's eleven watts never fall; (4) a running VM is not on a host that is off or asleep.
 */
#ifndef XN_POLICIES_FLEET_H
#define XN_POLICIES_FLEET_H

#include "common/limits.h"
#include "common/point.h"
#include "common/units.h"

#ifndef XN_NONE
#define XN_NONE UINT32_MAX
#endif

struct xn_fleet_feed {
	const char *id;
	xn_power rating;
	xn_ratio max_load;
};

struct xn_fleet_rack {
	const char *id;
	const char *room;
	const char *site;
	uint32_t feeds[2];
	unsigned feed_count;
	xn_temperature inlet;
	xn_temperature inlet_max; /* mk 0: no limit */
	enum xn_quality inlet_quality;
	int64_t inlet_mk_per_kw;
	xn_ratio cooling; /* cooling watts per IT watt */
	xn_power other;   /* switches and the like; part of IT power */
};

enum xn_host_state {
	XN_HOST_ON,
	XN_HOST_SLEEP,
	XN_HOST_OFF,
	XN_HOST_MAINTENANCE, /* on, to be emptied */
	XN_HOST_UNREACHABLE,
};

struct xn_fleet_host {
	const char *id;
	const char *cluster;
	const char *labels; /* blank-separated */
	uint32_t rack;
	int64_t cpu_millicores;
	int64_t memory_mib;
	int64_t network_mbps;
	xn_power watts[11]; /* at 0, 10 .. 100 % CPU */
	xn_power sleep_watts;
	enum xn_host_state state;
	int security_level;
	bool can_sleep;
};

struct xn_fleet_vm {
	const char *id;
	const char *labels;
	const char *group; /* NULL: none */
	const char *platform;
	const char *agency;
	uint32_t host;               /* XN_NONE: to be placed */
	int64_t cpu_millicores;      /* vCPUs x 1000 */
	int64_t cpu_used_millicores; /* what it draws watts for */
	int64_t cpu_p95_millicores;
	int64_t memory_mib;
	int64_t network_mbps;
	int64_t dirty_mib_s;
	int security_level;
	int moves_today;
	bool movable;
	bool running;
};

struct xn_fleet {
	xn_instant now;
	int utc_offset_s; /* local time of windows and freezes */
	struct xn_fleet_feed *feeds;
	uint32_t feed_count;
	struct xn_fleet_rack *racks;
	uint32_t rack_count;
	struct xn_fleet_host *hosts;
	uint32_t host_count;
	struct xn_fleet_vm *vms;
	uint32_t vm_count;
};

/* Watts of a host at this CPU use, linear between the eleven points. */
xn_power xn_fleet_host_watts(const struct xn_fleet_host *host, int64_t used_millicores);

#endif
