#include "agents/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/address.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/worker.h"
#include "drivers/profiles.h"
#include "drivers/reading.h"

#define TURN_MS 1000

struct request {
	uint32_t device;
	int deadline_ms;
};

struct entry {
	char *url;
	char *profile;
	uint32_t bus;
	/* Of its bus's thread. */
	struct xn_device *device; /* NULL: not opened yet */
	unsigned layout;          /* the last one that was told */
	int64_t began_ms;
};

struct bus {
	char name[XN_URL_SIZE];
	struct xn_devices *all;
	struct xn_worker *worker;
	struct xn_hub *hub; /* NULL: devices are read one at a time */
};

struct xn_devices {
	struct xn_profiles *profiles;
	struct entry entries[XN_POLL_DEVICES_MAX];
	uint32_t count;
	struct bus *buses[XN_POLL_DEVICES_MAX];
	uint32_t bus_count;
};

int
xn_devices_new(struct xn_devices **ret_devices, const char *profile_dir, struct xn_error *err)
{
	struct xn_devices *devices = calloc(1, sizeof(*devices));
	int code;

	if (devices == NULL)
		return xn_fail(err, XN_ESYSTEM, "devices: no memory");
	code = xn_profiles_load(&devices->profiles, profile_dir, err);
	if (code < 0) {
		free(devices);
		return code;
	}
	if (devices->profiles->broken > 0)
		xn_log(XN_LOG_WARNING, "profiles",
		    XN_NUMBER("passed_over", devices->profiles->broken),
		    XN_TEXT("last", devices->profiles->mistake.text));
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
	if (strncmp(url, "snmp:", 5) == 0) {
		int result = xn_hub_open(&bus->hub, err);

		if (result < 0) {
			free(bus);
			return result;
		}
	}
	devices->buses[devices->bus_count] = bus;
	*ret_bus = devices->bus_count++;
	return XN_OK;
}

int
xn_devices_add(struct xn_devices *devices, const char *url, const char *profile, uint32_t *ret_bus,
    bool *ret_shared, struct xn_error *err)
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
	*ret_shared = devices->buses[entry->bus]->hub != NULL;
	return XN_OK;
}

/* ---- in the bus's thread ---- */

static bool
copy_values(const struct xn_device_view *view, struct entry *entry, struct xn_device_fact *fact)
{
	bool others = view->layout != entry->layout;

	fact->values = calloc(view->count + 1, sizeof(fact->values[0]));
	fact->names = others ? calloc(view->count + 1, sizeof(fact->names[0])) : NULL;
	if (fact->values == NULL || (others && fact->names == NULL))
		return false;
	for (unsigned i = 0; i < view->count; i++) {
		fact->values[i].class_ = view->points[i].rule->class_;
		fact->values[i].sample = view->readings[i].sample;
		if (others)
			snprintf(
			    fact->names[i], sizeof(fact->names[i]), "%s", view->points[i].name);
	}
	entry->layout = view->layout;
	fact->count = view->count;
	return true;
}

/* Tells the owner how a reading ended. */
static void
tell(struct bus *bus, uint32_t device, int code, const struct xn_device_view *view,
    const struct xn_error *err)
{
	struct entry *entry = &bus->all->entries[device];
	struct xn_device_fact fact = {.device = device, .good = code == XN_OK};
	int64_t elapsed_ms = xn_clock_monotonic_ms() - entry->began_ms;

	snprintf(fact.text, sizeof(fact.text), "%.159s", code < 0 ? err->text : "");
	fact.engine_size = view->engine_size;
	if (view->engine_size > 0)
		memcpy(fact.engine, view->engine, view->engine_size);
	if (code == XN_OK && !copy_values(view, entry, &fact)) {
		fact.good = false;
		snprintf(fact.text, sizeof(fact.text), "no memory");
	}
	fact.elapsed_ms = elapsed_ms;
	fact.at = (xn_instant){.ms = xn_clock_now().ms - elapsed_ms / 2};
	if (!xn_worker_tell(bus->worker, &fact)) {
		/* Cannot be: a device is asked again only after its fact was taken. */
		free(fact.values);
		free(fact.names);
	}
}

static uint32_t
number_of(const struct bus *bus, const struct xn_device *device)
{
	uint32_t i = 0;

	while (bus->all->entries[i].device != device)
		i++;
	return i;
}

static void
on_done(void *to, struct xn_device *device, int code, const struct xn_device_view *view,
    const struct xn_error *err)
{
	struct bus *bus = to;

	tell(bus, number_of(bus, device), code, view, err);
}

static void
handle(struct xn_worker *worker, void *state, const void *argument)
{
	struct bus *bus = state;
	const struct request *request = argument;
	struct entry *entry = &bus->all->entries[request->device];
	struct xn_device_view view = {0};
	struct xn_error err = {0};
	int code = XN_OK;

	(void)worker;
	entry->began_ms = xn_clock_monotonic_ms();
	if (entry->device == NULL)
		code = xn_device_open(
		    &entry->device, bus->hub, entry->url, bus->all->profiles, entry->profile, &err);
	if (code == XN_OK && bus->hub != NULL) {
		xn_device_start(entry->device, request->deadline_ms, on_done, bus);
		return;
	}
	if (code == XN_OK)
		code = xn_device_poll(entry->device, request->deadline_ms, &view, &err);
	tell(bus, request->device, code, &view, &err);
}

static void
turn(struct xn_worker *worker, void *state, int wake_fd)
{
	struct bus *bus = state;

	(void)worker;
	xn_hub_turn(bus->hub, TURN_MS, wake_fd);
}

static const struct xn_worker_verbs line_verbs = {.name = "bus",
    .request_size = sizeof(struct request),
    .fact_size = sizeof(struct xn_device_fact),
    .capacity = 4,
    .handle = handle};

static const struct xn_worker_verbs hub_verbs = {.name = "hub",
    .request_size = sizeof(struct request),
    .fact_size = sizeof(struct xn_device_fact),
    .capacity = XN_POLL_DEVICES_MAX,
    .handle = handle,
    .turn = turn};

/* ---- in the owner's thread ---- */

int
xn_devices_start(struct xn_devices *devices, struct xn_error *err)
{
	for (uint32_t i = 0; i < devices->bus_count; i++) {
		struct bus *bus = devices->buses[i];
		int result = xn_worker_start(
		    &bus->worker, bus->hub != NULL ? &hub_verbs : &line_verbs, bus, err);

		if (result < 0)
			return xn_wrap(err, "%s", bus->name);
	}
	return XN_OK;
}

static void
stop_bus(struct bus *bus)
{
	struct xn_device_fact fact;

	if (bus->worker == NULL)
		return;
	xn_worker_stop(bus->worker);
	while (xn_worker_take(bus->worker, &fact)) {
		free(fact.values);
		free(fact.names);
	}
	xn_worker_free(bus->worker);
}

void
xn_devices_free(struct xn_devices *devices)
{
	if (devices == NULL)
		return;
	for (uint32_t i = 0; i < devices->bus_count; i++)
		stop_bus(devices->buses[i]);
	for (uint32_t i = 0; i < devices->count; i++) {
		xn_device_close(devices->entries[i].device);
		free(devices->entries[i].url);
		free(devices->entries[i].profile);
	}
	for (uint32_t i = 0; i < devices->bus_count; i++) {
		xn_hub_close(devices->buses[i]->hub);
		free(devices->buses[i]);
	}
	xn_profiles_free(devices->profiles);
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
