/*
 * From the site's configuration to the core's topology, and from what agents say to the meters of
 * that topology. Built once; constant; everything lives in the arena given.
 *
 * Meters: each device with `measures`; each device with `feeds` (FEED); each outlet that feeds a
 * host (OUTLET, "pdu-a07-a/3"); and for each rack with such devices one INLET ("A07/inlet"), which
 * is the hottest of the probes of its devices, because not every PDU has one.
 *
 * Invariants: (1) racks and hosts keep the ids they have in the site; (2) the same configuration
 * gives the same ids and fingerprint; (3) a point goes to at most one meter.
 */
#ifndef XN_SHELL_TOPOLOGY_H
#define XN_SHELL_TOPOLOGY_H

#include "common/arena.h"
#include "common/point.h"
#include "common/site.h"
#include "orchestrator/core/topology.h"

/* What a point tells of its meter. */
enum xn_channel { XN_CHANNEL_POWER, XN_CHANNEL_ENERGY, XN_CHANNEL_TEMPERATURE };

struct xn_route {
	uint32_t meter; /* XN_NONE: the point is only shown */
	enum xn_channel channel;
};

/* Where a site's device leads. */
struct xn_device_meters {
	uint32_t measures;     /* meter of `measures`, or XN_NONE */
	uint32_t feed;         /* FEED */
	uint32_t inlet;        /* INLET of its rack */
	uint32_t first_outlet; /* place in xn_map.outlets */
	uint32_t outlet_count;
};

struct xn_outlet_meter {
	unsigned number;
	uint32_t meter;
};

struct xn_map {
	const struct xn_site *site;
	struct xn_topology topology;
	struct xn_device_meters *devices; /* [site->device_count] */
	struct xn_outlet_meter *outlets;
};

/* The offset of a zone of the tz database at an instant; sets TZ for this process. */
int xn_zone_use(const char *zone, xn_instant at);

void xn_map_build(
    struct xn_arena *arena, const struct xn_site *site, int utc_offset_s, struct xn_map *ret_map);

struct xn_route xn_map_route(
    const struct xn_map *map, uint32_t device, const char *point, enum xn_point_class class_);

/* The device of this name; XN_NONE. */
uint32_t xn_map_device(const struct xn_map *map, const char *name);

#endif
