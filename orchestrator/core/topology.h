/*
 * Topology: the parts of a site that the core reasons about, as dense ids. Built once by the shell
 * from the site's configuration; constant while the core lives. Ids are places in the arrays here,
 * and the arrays keep the order of the configuration, so a journal replays with the same ids as
 * long as `fingerprint` is the same.
 */
#ifndef XN_CORE_TOPOLOGY_H
#define XN_CORE_TOPOLOGY_H

#include "common/limits.h"
#include "common/units.h"

#ifndef XN_NONE
#define XN_NONE UINT32_MAX
#endif

/* What a meter measures. All but INLET give power, and energy where the device has a register. */
enum xn_meter_role {
	XN_METER_GRID,
	XN_METER_PV,
	XN_METER_BATTERY, /* positive: discharging into the site */
	XN_METER_GENERATOR,
	XN_METER_COOLING,
	XN_METER_FEED,   /* the input of a rack's PDU */
	XN_METER_OUTLET, /* an outlet that feeds a host */
	XN_METER_INLET,  /* a rack's inlet temperature */
};

struct xn_topo_meter {
	const char
	    *name; /* "pdu-a07-a/3", "meter-main": device and outlet as an operator says it */
	enum xn_meter_role role;
	uint32_t rack;        /* of FEED, OUTLET, INLET; XN_NONE otherwise */
	uint32_t host;        /* of OUTLET */
	int feed;             /* 0 A, 1 B; of FEED and OUTLET; -1 */
	xn_power max;         /* plausible at most: breaker or plate; 0: unknown */
	xn_energy modulus;    /* where the energy register wraps; 0: unknown */
	xn_ratio accuracy;    /* class of the meter; 0: not given */
	xn_ratio transformer; /* class of its current transformers; 0: none or not given */
};

struct xn_topo_rack {
	const char *name;
	const char *room;
	xn_power feed_rating[2];   /* 0: the feed does not exist */
	xn_ratio feed_max_load[2]; /* of the rating, in normal operation; 0: all of it */
	xn_temperature inlet_max;  /* 0: none */
	uint32_t cooling_meter;    /* XN_NONE */
};

struct xn_topo_host {
	const char *name;
	const char *cluster;
	uint32_t rack; /* XN_NONE: in no rack */
	xn_power idle; /* of the plate; 0: unknown */
	xn_power full;
};

struct xn_topology {
	const char *site;
	int utc_offset_s;
	xn_duration fresh;    /* a reading younger than this is fresh (3 polls) */
	xn_duration lost;     /* older than this: lost */
	xn_duration interval; /* of the ledger: 30 min */
	xn_duration tick;     /* between decisions: 60 s */
	uint64_t fingerprint; /* of everything above and below, order included */
	const struct xn_topo_rack *racks;
	uint32_t rack_count;
	const struct xn_topo_host *hosts;
	uint32_t host_count;
	const struct xn_topo_meter *meters;
	uint32_t meter_count;
};

#endif
