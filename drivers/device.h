/*
 * Device: what transports (snmp.c, modbus.c) share behind driver.h: who the device is, the layout
 * of its readings and their last values.
 *
 * Invariants: (1) every poll gives each reading anew: what was not read is absent; (2) transports
 * end a poll before its deadline, by xn_device_polled exactly once.
 */
#ifndef XN_DRIVERS_DEVICE_H
#define XN_DRIVERS_DEVICE_H

#include "drivers/hub.h"
#include "drivers/layout.h"
#include "drivers/profiles.h"

struct xn_device {
	struct xn_url url;
	const struct xn_driver_ops *ops;
	void *session; /* the transport's */
	struct xn_profiles *profiles;
	struct xn_hub *hub;
	bool own_hub;
	int named; /* the profile the caller named; -1: recognise it */
	/* Set by the first good poll. */
	const struct xn_profile *profile;
	const char *match;
	char vendor[64];
	char model[64];
	struct xn_layout *layout;    /* NULL: not recognised */
	struct xn_reading *readings; /* of a device of a shared hub only while it is polled */
	unsigned layouts;            /* how many there were */
	uint8_t engine[XN_SNMP_ENGINE_MAX]; /* of SNMPv3, as found at the last poll */
	size_t engine_size;
	/* The poll that is under way. */
	bool polling;
	int64_t deadline;
	struct xn_error err;
	xn_device_done done;
	void *to;
};

/* Takes the layout, and gives each of its points an absent reading. */
int xn_device_lay_out(struct xn_device *device, struct xn_layout *layout, struct xn_error *err);

/* Forgets profile and readings: the next poll recognises the device anew. */
void xn_device_forget(struct xn_device *device);

/* The poll ended: code and, if negative, a sentence in device->err. */
void xn_device_polled(struct xn_device *device, int code);

#endif
