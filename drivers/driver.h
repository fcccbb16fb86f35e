/*
 * Driver: how to talk to one kind of equipment. A driver is a table of verbs (one per transport)
 * and profiles are tables of facts (YAML, one per device family, reviewed by an electrician). A
 * device is one instance; state belongs to it, so two hundred live side by side. Drivers only read.
 *
 * Life: open (name resolution, session; no traffic) -> poll (all points, once, blocking, within the
 * deadline) -> ... -> close. A device is owned by one worker thread at a time. Readings that fail
 * one by one are absent with a reason; poll fails only when nothing could be read.
 */
#ifndef XN_DRIVERS_DRIVER_H
#define XN_DRIVERS_DRIVER_H

#include "common/arena.h"
#include "common/error.h"
#include "common/point.h"

#define XN_POINT_NAME_SIZE   64
#define XN_POINT_SOURCE_SIZE 128

struct xn_reading {
	char name[XN_POINT_NAME_SIZE]; /* "outlet.3.realpower"; unique in a device */
	enum xn_point_class class_;
	struct xn_sample sample;
	double value;                      /* as printed by probe, in the class's unit */
	char source[XN_POINT_SOURCE_SIZE]; /* numeric OID, or holding:ADDRESS, input:ADDRESS */
	char text[48];                     /* of a state: its word */
	char why[64];                      /* of an absent or suspect reading */
	bool computed;                     /* from other readings; probe does not print it */
};

/* A device's identity and readings after a poll; arrays live in the device. */
struct xn_device_view {
	const char *profile; /* "" if no profile fits */
	const char *match;   /* sysObjectID sysDescr probe sunspec named standard none */
	const char *vendor;
	const char *model;
	const struct xn_reading *readings;
	unsigned count;
};

struct xn_device;

/*
 * Opens a device by URL (DESIGN.md section 8.1; `@FILE` values are read). `profile_dir` holds the
 * profiles; `profile` NULL: recognise it at the first poll. XN_EINVALID: the URL or profile is
 * wrong.
 */
int xn_device_open(struct xn_device **ret_device, const char *url, const char *profile_dir,
    const char *profile, struct xn_error *err);

/*
 * Reads everything once; returns within `deadline_ms` whatever the peer does. The first poll fixes
 * the set and order of readings; later polls keep it (a point that vanished is absent), unless the
 * device was exchanged, which `ret_view->readings` then shows as a new set.
 */
int xn_device_poll(struct xn_device *device, int deadline_ms, struct xn_device_view *ret_view,
    struct xn_error *err);

void xn_device_close(struct xn_device *device);

/* The folder of profiles: $XANH_PROFILES, else the installed one, else drivers/profiles beside the
 * build. */
const char *xn_profile_dir(void);

/* A transport. The registry (drivers/registry.c) is one array of these. */
struct xn_driver_ops {
	const char *scheme; /* "snmp", "modbus", "modbus-rtu" */
	int (*open)(struct xn_device *device, struct xn_error *err);
	int (*poll)(struct xn_device *device, int deadline_ms, struct xn_error *err);
	void (*close)(struct xn_device *device);
};

extern const struct xn_driver_ops *const xn_drivers[]; /* ends with NULL */

#endif
