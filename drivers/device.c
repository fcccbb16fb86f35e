#include "drivers/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Address space, not memory: profiles while they are read, readings, what the transport keeps. */
#define DEVICE_BYTES (32u << 20)

int64_t
xn_deadline_in(int ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
}

int
xn_deadline_left(int64_t deadline)
{
	int64_t left = deadline - xn_deadline_in(0);

	return left > 0 ? (int)left : 0;
}

static const struct xn_driver_ops *
find_ops(enum xn_scheme scheme)
{
	static const char *const names[] = {[XN_URL_SNMP] = "snmp",
	    [XN_URL_MODBUS_TCP] = "modbus",
	    [XN_URL_MODBUS_RTU] = "modbus-rtu"};
	const struct xn_driver_ops *const *ops = xn_drivers;

	while (*ops != NULL && strcmp((*ops)->scheme, names[scheme]) != 0)
		ops++;
	return *ops;
}

static int
load_profiles(struct xn_device *device, const char *dir, const char *name, struct xn_error *err)
{
	bool modbus = device->url.scheme != XN_URL_SNMP;
	struct xn_profile *profile;
	int code;

	device->named = name != NULL;
	if (name == NULL)
		return xn_profile_load_all(&device->arena, dir, modbus, device->profiles,
		    XN_DEVICE_PROFILES_MAX, &device->profile_count, err);
	code = xn_profile_load(&device->arena, dir, name, &profile, err);
	if (code < 0)
		return code;
	if (profile->modbus != modbus)
		return xn_fail(err, XN_EINVALID, "profile %s is for %s", name,
		    profile->modbus ? "modbus://" : "snmp://");
	device->profiles[0] = profile;
	device->profile_count = 1;
	return XN_OK;
}

int
xn_device_open(struct xn_device **ret_device, const char *url, const char *profile_dir,
    const char *profile, struct xn_error *err)
{
	struct xn_device *device = calloc(1, sizeof(*device));
	int code;

	if (device == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	xn_arena_map(&device->arena, DEVICE_BYTES);
	/* Not of the arena, which would touch every page of it. */
	device->readings = calloc(XN_DEVICE_READINGS_MAX, sizeof(device->readings[0]));
	if (device->readings == NULL) {
		xn_device_close(device);
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	}
	code = xn_url_parse(url, &device->url, err);
	if (code == XN_OK)
		code = load_profiles(device, profile_dir, profile, err);
	if (code == XN_OK) {
		device->ops = find_ops(device->url.scheme);
		code = device->ops != NULL ? device->ops->open(device, err)
					   : xn_fail(err, XN_EINVALID, "no driver for this URL");
	}
	if (code < 0) {
		xn_device_close(device);
		return code;
	}
	xn_device_forget(device);
	*ret_device = device;
	return XN_OK;
}

void
xn_device_close(struct xn_device *device)
{
	if (device == NULL)
		return;
	if (device->ops != NULL)
		device->ops->close(device);
	free(device->readings);
	xn_arena_unmap(&device->arena);
	explicit_bzero(&device->url, sizeof(device->url));
	free(device);
}

void
xn_device_forget(struct xn_device *device)
{
	device->profile = NULL;
	device->match = "none";
	device->vendor[0] = '\0';
	device->model[0] = '\0';
	device->count = 0;
}

int
xn_device_poll(struct xn_device *device, int deadline_ms, struct xn_device_view *ret_view,
    struct xn_error *err)
{
	int code;

	for (unsigned i = 0; i < device->count; i++)
		xn_reading_drop(&device->readings[i], "not read");
	code = device->ops->poll(device, deadline_ms, err);
	if (code == XN_OK)
		xn_device_sum(device);
	*ret_view = (struct xn_device_view){
	    .profile = device->profile != NULL ? device->profile->name : "",
	    .match = device->match,
	    .vendor = device->vendor,
	    .model = device->model,
	    .readings = device->readings,
	    .count = device->count,
	};
	if (code < 0) {
		char place[XN_URL_HOST_SIZE + 16];

		xn_url_place(&device->url, place, sizeof(place));
		return xn_wrap(err, "%s", place);
	}
	return XN_OK;
}

static const struct xn_reading *
find_reading(const struct xn_device *device, const char *name)
{
	for (unsigned i = 0; i < device->count; i++) {
		if (strcmp(device->readings[i].name, name) == 0)
			return &device->readings[i];
	}
	return NULL;
}

int
xn_device_add(struct xn_device *device, const char *name, enum xn_point_class class_)
{
	struct xn_reading *reading = &device->readings[device->count];

	if (device->count == XN_DEVICE_READINGS_MAX)
		return -1;
	*reading = (struct xn_reading){.class_ = class_};
	snprintf(reading->name, sizeof(reading->name), "%s", name);
	for (unsigned n = 2; find_reading(device, reading->name) != NULL; n++)
		snprintf(reading->name, sizeof(reading->name), "%.*s.%u", XN_POINT_NAME_SIZE - 12,
		    name, n);
	xn_reading_drop(reading, "not read");
	return (int)device->count++;
}

void
xn_device_add_sums(struct xn_device *device)
{
	for (unsigned i = 0; i < device->profile->point_count; i++) {
		const struct xn_point_spec *spec = &device->profile->points[i];
		int at = -1;

		if (spec->from == XN_FROM_SUM)
			at = xn_device_add(device, spec->name, spec->rule.class_);
		if (at >= 0)
			device->readings[at].computed = true;
	}
}

static void
sum_one(const struct xn_device *device, const struct xn_point_spec *spec, struct xn_reading *sum)
{
	enum xn_quality worst = XN_QUALITY_GOOD;
	int64_t milli = 0;

	for (unsigned i = 0; i < spec->part_count; i++) {
		const struct xn_reading *part = find_reading(device, spec->parts[i]);

		if (part == NULL || part->sample.quality == XN_QUALITY_ABSENT) {
			xn_reading_drop(sum, "%.40s is absent", spec->parts[i]);
			return;
		}
		if (part->sample.quality < worst)
			worst = part->sample.quality;
		milli += part->sample.milli;
		if (i == 0)
			memcpy(sum->source, part->source, sizeof(sum->source));
	}
	sum->sample = (struct xn_sample){.milli = milli, .quality = worst};
	sum->value = (double)milli / 1000;
	sum->why[0] = '\0';
}

void
xn_device_sum(struct xn_device *device)
{
	for (unsigned i = 0; device->profile != NULL && i < device->profile->point_count; i++) {
		const struct xn_point_spec *spec = &device->profile->points[i];

		for (unsigned k = 0; spec->from == XN_FROM_SUM && k < device->count; k++) {
			if (device->readings[k].computed &&
			    strcmp(device->readings[k].name, spec->name) == 0)
				sum_one(device, spec, &device->readings[k]);
		}
	}
}
