#include "drivers/device.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus_recording.h"

/* Recordings are told by how they begin. */
static bool
is_modbus(const struct xn_url *url)
{
	return url->scheme == XN_URL_MODBUS_TCP || url->scheme == XN_URL_MODBUS_RTU ||
	    (url->scheme == XN_URL_REPLAY && xn_modbus_is_recording(url->host));
}

static const struct xn_driver_ops *
find_ops(const struct xn_url *url)
{
	static const char *const names[] = {[XN_URL_SNMP] = "snmp",
	    [XN_URL_MODBUS_TCP] = "modbus",
	    [XN_URL_MODBUS_RTU] = "modbus-rtu",
	    [XN_URL_REPLAY] = "replay"};
	const char *name = names[url->scheme];
	const struct xn_driver_ops *const *ops = xn_drivers;

	if (url->scheme == XN_URL_REPLAY && is_modbus(url))
		name = "replay of registers";
	while (*ops != NULL && strcmp((*ops)->scheme, name) != 0)
		ops++;
	return *ops;
}

static int
find_named(struct xn_device *device, const char *name, struct xn_error *err)
{
	bool modbus = is_modbus(&device->url);

	device->named = -1;
	if (name == NULL)
		return XN_OK;
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return xn_fail(err, XN_EINVALID, "profile: a name, not a path");
	device->named = xn_profiles_find(device->profiles, name);
	if (device->named < 0)
		return xn_fail(
		    err, XN_ENOTFOUND, "no profile \"%s\" in %s", name, device->profiles->dir);
	if (device->profiles->heads[device->named]->modbus != modbus)
		return xn_fail(err, XN_EINVALID, "profile %s is for %s", name,
		    modbus ? "snmp://" : "modbus://");
	return XN_OK;
}

static int
open_transport(struct xn_device *device, struct xn_error *err)
{
	device->ops = find_ops(&device->url);
	if (device->ops == NULL)
		return xn_fail(err, XN_EINVALID, "no driver for this URL");
	device->own_hub = device->hub == NULL && device->ops->start != NULL;
	if (device->own_hub) {
		int code = xn_hub_open(&device->hub, err);

		if (code < 0)
			return code;
	}
	return device->ops->open(device, err);
}

int
xn_device_open(struct xn_device **ret_device, struct xn_hub *hub, const char *url,
    struct xn_profiles *profiles, const char *profile, struct xn_error *err)
{
	struct xn_device *device = calloc(1, sizeof(*device));
	int code;

	if (device == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	device->hub = hub;
	device->profiles = profiles;
	xn_device_forget(device);
	code = xn_url_parse(url, &device->url, err);
	if (code == XN_OK)
		code = find_named(device, profile, err);
	if (code == XN_OK)
		code = open_transport(device, err);
	if (code < 0) {
		xn_device_close(device);
		return code;
	}
	*ret_device = device;
	return XN_OK;
}

void
xn_device_close(struct xn_device *device)
{
	if (device == NULL)
		return;
	if (device->ops != NULL && device->session != NULL)
		device->ops->close(device);
	xn_device_forget(device);
	if (device->own_hub)
		xn_hub_close(device->hub);
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
	xn_layout_drop(device->layout, device->profiles);
	device->layout = NULL;
	free(device->readings);
	device->readings = NULL;
}

/* An absent reading for each point. */
static int
make_readings(struct xn_device *device, struct xn_error *err)
{
	if (device->readings == NULL)
		device->readings = calloc(device->layout->count + 1, sizeof(device->readings[0]));
	if (device->readings == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	for (unsigned i = 0; i < device->layout->count; i++)
		xn_reading_drop(&device->readings[i], "not read");
	return XN_OK;
}

int
xn_device_lay_out(struct xn_device *device, struct xn_layout *layout, struct xn_error *err)
{
	assert(device->layout == NULL && device->readings == NULL);
	device->layout = xn_layout_share(layout, device->profiles);
	device->layouts++;
	return make_readings(device, err);
}

static bool
shares(const struct xn_device *device)
{
	return device->ops->start != NULL;
}

/* ---- sums ---- */

static void
sum_one(const struct xn_device *device, const struct xn_point_spec *spec, struct xn_reading *sum)
{
	enum xn_quality worst = XN_QUALITY_GOOD;
	int64_t milli = 0;

	for (unsigned i = 0; i < spec->part_count; i++) {
		int at = xn_layout_find(device->layout, spec->parts[i]);
		const struct xn_reading *part = at >= 0 ? &device->readings[at] : NULL;

		if (part == NULL || part->sample.quality == XN_QUALITY_ABSENT) {
			xn_reading_drop(sum, "a part of the sum is absent");
			return;
		}
		if (part->sample.quality < worst)
			worst = part->sample.quality;
		milli += part->sample.milli;
	}
	*sum = (struct xn_reading){
	    .sample = {.milli = milli, .quality = worst}, .value = (double)milli / 1000};
}

static void
sum_up(const struct xn_device *device)
{
	const struct xn_profile *profile = device->profile;

	for (unsigned i = 0; profile != NULL && i < profile->point_count; i++) {
		const struct xn_point_spec *spec = &profile->points[i];
		int at =
		    spec->from == XN_FROM_SUM ? xn_layout_find(device->layout, spec->name) : -1;

		if (at >= 0 && device->layout->points[at].computed)
			sum_one(device, spec, &device->readings[at]);
	}
}

/* ---- polling ---- */

static struct xn_device_view
view_of(const struct xn_device *device)
{
	const struct xn_layout *layout = device->layout;

	return (struct xn_device_view){
	    .profile = device->profile != NULL ? device->profile->name : "",
	    .match = device->match,
	    .vendor = device->vendor,
	    .model = device->model,
	    .points = layout != NULL ? layout->points : NULL,
	    .readings = device->readings,
	    .count = layout != NULL ? layout->count : 0,
	    .layout = device->layouts,
	    .engine = device->engine,
	    .engine_size = device->engine_size,
	};
}

static int
begin(struct xn_device *device, int deadline_ms)
{
	assert(!device->polling);
	device->polling = true;
	device->err = (struct xn_error){.code = XN_OK};
	device->deadline = xn_deadline_in(deadline_ms);
	return device->layout != NULL ? make_readings(device, &device->err) : XN_OK;
}

void
xn_device_polled(struct xn_device *device, int code)
{
	struct xn_device_view view;

	assert(device->polling); /* invariant 2 */
	device->polling = false;
	if (code == XN_OK && device->layout != NULL)
		sum_up(device);
	if (code < 0) {
		char place[XN_URL_HOST_SIZE + 16];

		xn_url_place(&device->url, place, sizeof(place));
		xn_wrap(&device->err, "%s", place);
	}
	view = view_of(device);
	device->done(device->to, device, code, &view, &device->err);
	/* A thousand devices that share a hub would keep a thousand sets of readings. */
	if (shares(device) && !device->own_hub) {
		free(device->readings);
		device->readings = NULL;
	}
}

void
xn_device_start(struct xn_device *device, int deadline_ms, xn_device_done done, void *to)
{
	assert(shares(device));
	device->done = done;
	device->to = to;
	if (begin(device, deadline_ms) < 0)
		xn_device_polled(device, device->err.code);
	else
		device->ops->start(device);
}

struct outcome {
	int code;
	bool there;
};

static void
take_outcome(void *to, struct xn_device *device, int code, const struct xn_device_view *view,
    const struct xn_error *err)
{
	struct outcome *outcome = to;

	(void)device, (void)view, (void)err;
	outcome->code = code;
	outcome->there = true;
}

int
xn_device_poll(struct xn_device *device, int deadline_ms, struct xn_device_view *ret_view,
    struct xn_error *err)
{
	struct outcome outcome = {.there = false};

	if (device->ops->start != NULL) {
		assert(device->own_hub);
		xn_device_start(device, deadline_ms, take_outcome, &outcome);
		while (!outcome.there)
			xn_hub_turn(device->hub, XN_HUB_TICK_MS, -1);
	} else {
		int code = begin(device, deadline_ms);

		device->done = take_outcome;
		device->to = &outcome;
		if (code == XN_OK)
			code = device->ops->poll(device, deadline_ms, &device->err);
		xn_device_polled(device, code);
	}
	*ret_view = view_of(device);
	if (outcome.code < 0 && err != NULL)
		*err = device->err;
	return outcome.code;
}
