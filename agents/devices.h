/*
 * Devices: the drivers behind one worker thread per bus: a Modbus gateway or a serial line, which
 * is read one device at a time, so that one that does not answer holds up its own bus at most until
 * its deadline; and one for all of SNMP, whose devices do not wait for each other. Devices and
 * buses are numbered from 0 in the order they are added, before start.
 */
#ifndef XN_AGENTS_DEVICES_H
#define XN_AGENTS_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/poller.h"
#include "common/error.h"
#include "common/point.h"
#include "drivers/driver.h"

/* What a frame needs of a reading. */
struct xn_device_value {
	enum xn_point_class class_;
	struct xn_sample sample;
};

struct xn_device_fact {
	uint32_t device;
	bool good;
	xn_instant at; /* in the middle of the reading */
	int64_t elapsed_ms;
	struct xn_device_value *values;    /* the owner frees them */
	char (*names)[XN_POINT_NAME_SIZE]; /* of the values, when they are others than before; freed
					      likewise; NULL: the same */
	unsigned count;
	uint8_t engine[XN_SNMP_ENGINE_MAX]; /* of SNMPv3: by it the device's traps are known */
	size_t engine_size;
	char text[160]; /* why it could not be read */
};

struct xn_devices;

int xn_devices_new(struct xn_devices **ret_devices, const char *profile_dir, struct xn_error *err);
/* `profile` NULL: recognise the device. Gives the device's bus, and whether the devices of that bus
 * may be asked side by side. */
int xn_devices_add(struct xn_devices *devices, const char *url, const char *profile,
    uint32_t *ret_bus, bool *ret_shared, struct xn_error *err);
int xn_devices_start(struct xn_devices *devices, struct xn_error *err);
/* Waits for the readings under way, each at most until its deadline. */
void xn_devices_free(struct xn_devices *devices);

uint32_t xn_devices_buses(const struct xn_devices *devices);
int xn_devices_fd(const struct xn_devices *devices, uint32_t bus);
bool xn_devices_ask(struct xn_devices *devices, uint32_t device, int deadline_ms);
bool xn_devices_take(struct xn_devices *devices, uint32_t bus, struct xn_device_fact *ret_fact);

#endif
