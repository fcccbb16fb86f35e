/*
 * Device: what transports (snmp.c, modbus.c) share behind driver.h. A device owns one arena from
 * which everything of it comes; its readings keep their order from the first good poll on, and a
 * transport keeps beside each reading how it is read, by the same index.
 *
 * Invariants: (1) names of readings are unique; (2) every poll gives each reading anew: what was
 * not read is absent; (3) transports return before the deadline.
 */
#ifndef XN_DRIVERS_DEVICE_H
#define XN_DRIVERS_DEVICE_H

#include "drivers/profile.h"

#define XN_DEVICE_READINGS_MAX 2048
#define XN_DEVICE_PROFILES_MAX 64

struct xn_device {
	struct xn_arena arena;
	struct xn_url url;
	const struct xn_driver_ops *ops;
	void *session; /* the transport's */
	/* The profiles to choose from: the named one, or all of the transport. */
	const struct xn_profile *profiles[XN_DEVICE_PROFILES_MAX];
	unsigned profile_count;
	bool named;
	/* Set by the first good poll. */
	const struct xn_profile *profile;
	const char *match;
	char vendor[64];
	char model[64];
	struct xn_reading *readings; /* XN_DEVICE_READINGS_MAX */
	unsigned count;
};

/*
 * Adds a reading (absent until taken) and gives its index; -1 when there is no room. A name that is
 * there already gets a number behind it.
 */
int xn_device_add(struct xn_device *device, const char *name, enum xn_point_class class_);

/* Adds the sums of the profile, and works them out after every poll. */
void xn_device_add_sums(struct xn_device *device);
void xn_device_sum(struct xn_device *device);

/* Forgets profile and readings: the next poll recognises the device anew. */
void xn_device_forget(struct xn_device *device);

/* An instant of the monotonic clock, in milliseconds, and what is left until one (0 when past). */
int64_t xn_deadline_in(int ms);
int xn_deadline_left(int64_t deadline);

#endif
