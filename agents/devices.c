#include "agents/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/address.h"
#include "common/loop.h"
#include "common/worker.h"

struct request {
	uint32_t device;
	int deadline_ms;
};

struct entry {
	char *url;
	char *profile;
	uint32_t bus;
	struct xn_device *device; /* of its bus's thread; NULL: not opened yet */
};

struct bus {
	char name[XN_URL_SIZE];
	struct xn_devices *all;
	struct xn_worker *worker;
};

struct xn_devices {
	char *profile_dir;
	struct entry entries[XN_POLL_DEVICES_MAX];
	uint32_t count;
	struct bus *buses[XN_POLL_DEVICES_MAX];
	uint32_t bus_count;
};

int
xn_devices_new(struct xn_devices **ret_devices, const char *profile_dir, struct xn_error *err)
{
	struct xn_devices *devices = calloc(1, sizeof(*devices));

	if (devices != NULL)
		devices->profile_dir = strdup(profile_dir);
	if (devices == NULL || devices->profile_dir == NULL) {
		free(devices);
		return xn_fail(err, XN_ESYSTEM, "devices: no memory");
	}
	*ret_devices = devices;
	return XN_OK;
}

static int
find_bus(struct xn_devices *devices, const char *url, uint32_t *ret_bus, struct xn_error *err)
{
	char name[XN_URL_SIZE];
	struct bus *bus;

	xn_address_bus(url, name, sizeof(name));
	for (uint32_t i = 0; i < devices->bus_count; i++)
		if (strcmp(devices->buses[i]->name, name) == 0) {
			*ret_bus = i;
			return XN_OK;
		}
	bus = calloc(1, sizeof(*bus));
	if (bus == NULL)
		return xn_fail(err, XN_ESYSTEM, "devices: no memory");
	memcpy(bus->name, name, sizeof(name));
	bus->all = devices;
	devices->buses[devices->bus_count] = bus;
	*ret_bus = devices->bus_count++;
	return XN_OK;
}

int
xn_devices_add(struct xn_devices *devices, const char *url, const char *profile, uint32_t *ret_bus,
    struct xn_error *err)
{
	struct entry *entry = &devices->entries[devices->count];
	int result;

	if (devices->count == XN_POLL_DEVICES_MAX)
		return xn_fail(err, XN_EFULL, "more than %d devices", XN_POLL_DEVICES_MAX);
	result = find_bus(devices, url, &entry->bus, err);
	if (result < 0)
		return result;
	entry->url = strdup(url);
	entry->profile = profile != NULL ? strdup(profile) : NULL;
	if (entry->url == NULL)
		return xn_fail(err, XN_ESYSTEM, "devices: no memory");
	devices->count++;
	*ret_bus = entry->bus;
	return XN_OK;
}

/* ---- in the bus's thread ---- */

static bool
copy_values(const struct xn_device_view *view, struct xn_device_fact *fact)
{
	fact->values = calloc(view->count + 1, sizeof(fact->values[0]));
	if (fact->values == NULL)
		return false;
	for (unsigned i = 0; i < view->count; i++) {
		const struct xn_reading *reading = &view->readings[i];

		memcpy(fact->values[i].point, reading->name, sizeof(reading->name));
		fact->values[i].class_ = reading->class_;
		fact->values[i].sample = reading->sample;
	}
	fact->count = view->count;
	return true;
}

static void
read_device(struct xn_devices *devices, const struct request *request, struct xn_device_fact *fact)
{
	struct entry *entry = &devices->entries[request->device];
	struct xn_device_view view = {0};
	struct xn_error err = {0};
	int result = XN_OK;

	if (entry->device == NULL)
		result = xn_device_open(
		    &entry->device, entry->url, devices->profile_dir, entry->profile, &err);
	if (result == XN_OK)
		result = xn_device_poll(entry->device, request->deadline_ms, &view, &err);
	if (result == XN_OK && !copy_values(&view, fact))
		result = xn_fail(&err, XN_ESYSTEM, "no memory");
	fact->good = result == XN_OK;
	snprintf(fact->text, sizeof(fact->text), "%.159s", err.text);
}

static void
handle(struct xn_worker *worker, void *state, const void *argument)
{
	struct bus *bus = state;
	const struct request *request = argument;
	struct xn_device_fact fact = {.device = request->device};
	int64_t began_ms = xn_clock_monotonic_ms();

	read_device(bus->all, request, &fact);
	fact.elapsed_ms = xn_clock_monotonic_ms() - began_ms;
	fact.at = (xn_instant){.ms = xn_clock_now().ms - fact.elapsed_ms / 2};
	if (!xn_worker_tell(worker, &fact))
		free(fact.values); /* cannot be: a bus is asked for one device at a time */
}

static const struct xn_worker_verbs verbs = {.name = "bus",
    .request_size = sizeof(struct request),
    .fact_size = sizeof(struct xn_device_fact),
    .capacity = 4,
    .handle = handle};

/* ---- in the owner's thread ---- */

int
xn_devices_start(struct xn_devices *devices, struct xn_error *err)
{
	for (uint32_t i = 0; i < devices->bus_count; i++) {
		struct bus *bus = devices->buses[i];
		int result = xn_worker_start(&bus->worker, &verbs, bus, err);

		if (result < 0)
			return xn_wrap(err, "%s", bus->name);
	}
	return XN_OK;
}

static void
free_bus(struct bus *bus)
{
	struct xn_device_fact fact;

	if (bus->worker != NULL) {
		xn_worker_stop(bus->worker);
		while (xn_worker_take(bus->worker, &fact))
			free(fact.values);
		xn_worker_free(bus->worker);
	}
	free(bus);
}

void
xn_devices_free(struct xn_devices *devices)
{
	if (devices == NULL)
		return;
	for (uint32_t i = 0; i < devices->bus_count; i++)
		free_bus(devices->buses[i]);
	for (uint32_t i = 0; i < devices->count; i++) {
		if (devices->entries[i].device != NULL)
			xn_device_close(devices->entries[i].device);
		free(devices->entries[i].url);
		free(devices->entries[i].profile);
	}
	free(devices->profile_dir);
	free(devices);
}

uint32_t
xn_devices_buses(const struct xn_devices *devices)
{
	return devices->bus_count;
}

int
xn_devices_fd(const struct xn_devices *devices, uint32_t bus)
{
	return xn_worker_fd(devices->buses[bus]->worker);
}

bool
xn_devices_ask(struct xn_devices *devices, uint32_t device, int deadline_ms)
{
	struct request request = {.device = device, .deadline_ms = deadline_ms};

	return xn_worker_ask(devices->buses[devices->entries[device].bus]->worker, &request);
}

bool
xn_devices_take(struct xn_devices *devices, uint32_t bus, struct xn_device_fact *ret_fact)
{
	return xn_worker_take(devices->buses[bus]->worker, ret_fact);
}
