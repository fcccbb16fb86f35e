/*
 * Driver: how to talk to one kind of equipment. A driver is a table of verbs (one per transport)
 * and profiles are tables of facts (YAML, one per device family, reviewed by an electrician). A
 * device is one instance; state belongs to it, so two hundred live side by side. Drivers only read.
 *
 * Life: open (name resolution, session; no traffic) -> poll (all points, once, within the deadline)
 * -> ... -> close. A device is owned by one thread at a time. Readings that fail one by one are
 * absent with a reason; a poll fails only when nothing could be read.
 *
 * Devices whose transport waits on sockets (SNMP) can share a hub: thousands on one thread, each
 * with one question in flight. Those whose transport blocks (Modbus) are polled by a worker.
 */
#ifndef XN_DRIVERS_DRIVER_H
#define XN_DRIVERS_DRIVER_H

#include "common/arena.h"
#include "common/error.h"
#include "common/point.h"

#define XN_POINT_NAME_SIZE 64
#define XN_SNMP_ENGINE_MAX 32 /* RFC 3411: SnmpEngineID */

struct xn_rule;

/* What one reading of a device is; the same at every poll, and shared by devices of one kind. */
struct xn_point {
	const char *name;   /* "outlet.3.realpower"; unique in a device */
	const char *source; /* numeric OID, or holding:ADDRESS, input:ADDRESS; "" of a sum */
	const struct xn_rule *rule;
	bool computed; /* from other readings; probe does not print it */
};

/* What it was when last polled. */
struct xn_reading {
	struct xn_sample sample;
	double value;    /* in the class's unit; of an absent reading the number that was refused */
	const char *why; /* NULL, or why it is absent or suspect; one that ends with a blank is
			    followed by `value` */
};

/* A device's identity and readings after a poll; arrays live in the device. */
struct xn_device_view {
	const char *profile; /* "" if no profile fits */
	const char *match;   /* sysObjectID sysDescr probe sunspec named standard none */
	const char *vendor;
	const char *model;
	const struct xn_point *points;
	const struct xn_reading *readings; /* of the points, by the same index */
	unsigned count;
	/* Rises when the points became others (the device was recognised, or exchanged). */
	unsigned layout;
	const uint8_t *engine; /* of SNMPv3, as the device named itself; size 0: none */
	size_t engine_size;
};

struct xn_device;
struct xn_hub;
struct xn_profiles;

/*
 * Opens a device by URL (DESIGN.md section 8.1; `@FILE` values are read). `profiles` outlive the
 * device; `profile` NULL: recognise it at the first poll. `hub` NULL: the device polls on its own.
 * XN_EINVALID: the URL or profile is wrong.
 */
int xn_device_open(struct xn_device **ret_device, struct xn_hub *hub, const char *url,
    struct xn_profiles *profiles, const char *profile, struct xn_error *err);

/*
 * Reads everything once; returns within `deadline_ms` whatever the peer does. The first poll fixes
 * the set and order of readings; later polls keep it (a point that vanished is absent), unless the
 * device was exchanged, which `ret_view->layout` then shows.
 */
int xn_device_poll(struct xn_device *device, int deadline_ms, struct xn_device_view *ret_view,
    struct xn_error *err);

void xn_device_close(struct xn_device *device);

/* ---- many devices on one thread ---- */

/* A poll ended; called from xn_hub_turn (or xn_device_start itself, of a recording), once for each
 * xn_device_start. It may close other devices, not this one. */
typedef void (*xn_device_done)(void *to, struct xn_device *device, int code,
    const struct xn_device_view *view, const struct xn_error *err);

int xn_hub_open(struct xn_hub **ret_hub, struct xn_error *err);
/* After its devices. */
void xn_hub_close(struct xn_hub *hub);
/* Waits up to `wait_ms` for answers and deadlines, and serves them. `wake_fd` >= 0 ends the wait as
 * well. */
void xn_hub_turn(struct xn_hub *hub, int wait_ms, int wake_fd);

/* Begins a poll of a device of the hub that is not being polled. */
void xn_device_start(struct xn_device *device, int deadline_ms, xn_device_done done, void *to);

/* The folder of profiles: $XANH_PROFILES, else the installed one, else drivers/profiles beside the
 * build. */
const char *xn_profile_dir(void);

/* A transport. The registry (drivers/registry.c) is one array of these. */
struct xn_driver_ops {
	const char *scheme; /* "snmp", "modbus", "modbus-rtu", "replay", "replay of registers" */
	int (*open)(struct xn_device *device, struct xn_error *err);
	/* One of these two. */
	int (*poll)(struct xn_device *device, int deadline_ms, struct xn_error *err);
	void (*start)(struct xn_device *device);
	void (*close)(struct xn_device *device);
};

extern const struct xn_driver_ops *const xn_drivers[]; /* ends with NULL */

#endif
