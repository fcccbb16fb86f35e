#include "agents/agent.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "agents/address.h"
#include "agents/catalog.h"
#include "agents/devices.h"
#include "agents/traps.h"
#include "agents/uplink.h"
#include "agents/validate.h"
#include "common/log.h"
#include "common/loop.h"

/* Readings that come within this time of the first make one frame. */
#define GATHER_MS       200
/* Until every device has answered or failed once, so that a start makes one schema and not many. */
#define FIRST_GATHER_MS 3000
#define TICK_MS_MIN     1000
#define TICK_MS_MAX     10000

struct device {
	const char *name;
	uint32_t bus;
	uint32_t *slots; /* of its readings, in their order */
	struct xn_device_value *values;
	unsigned count;
	int64_t read_ms; /* when `values` were read; 0: never */
	bool tried;      /* answered or failed once */
	struct xn_log_repeat fault, crowded;
};

struct agent {
	const struct xn_agent_options *options;
	struct xn_loop *loop;
	struct xn_loop_source *poll_timer, *cut_timer, *uplink_timer, *trap_timer;
	struct xn_devices *devices;
	struct xn_traps *traps; /* NULL: not listened for */
	struct xn_poller poller;
	struct device device[XN_POLL_DEVICES_MAX];
	struct xn_catalog catalog;
	uint32_t saved_schema; /* whose hello is in the spool */
	struct xn_spool *spool;
	struct xn_uplink *uplink;
	struct xn_sample samples[XN_SLOTS_MAX]; /* gathered for the next frame */
	bool gathered[XN_SLOTS_MAX];
	xn_instant gather_at; /* of the first reading; ms 0: none yet */
	struct xn_frame frame;
	int64_t began_ms;
	int64_t tick_ms;
	bool started; /* the first frame was cut */
	char self[XN_CATALOG_DEVICE_SIZE];
	uint32_t uptime_slot, spool_slot;
	struct xn_log_repeat full, unsaved;
	uint64_t dropped; /* as last said */
};

static void look_at_uplink(void *context);

/* ---- gathering and cutting frames ---- */

static void
gather(struct agent *agent, uint32_t slot, struct xn_sample sample)
{
	agent->samples[slot] = sample;
	agent->gathered[slot] = true;
}

static void
gather_health(struct agent *agent)
{
	struct xn_spool_state spool = xn_spool_state(agent->spool);
	int64_t uptime_ms = xn_clock_monotonic_ms() - agent->began_ms;

	gather(agent, agent->uptime_slot,
	    (struct xn_sample){.milli = uptime_ms, .quality = XN_QUALITY_GOOD});
	gather(agent, agent->spool_slot,
	    (struct xn_sample){.milli = (int64_t)spool.waiting * 1000, .quality = XN_QUALITY_GOOD});
}

static void
fill_frame(struct agent *agent)
{
	struct xn_frame *frame = &agent->frame;

	frame->schema = agent->catalog.schema;
	frame->at = agent->gather_at.ms != 0 ? agent->gather_at : xn_clock_now();
	frame->count = 0;
	for (uint32_t slot = 0; slot < agent->catalog.count; slot++) {
		if (!agent->gathered[slot])
			continue;
		frame->rows[frame->count++] =
		    (struct xn_frame_row){.slot = (uint16_t)slot, .sample = agent->samples[slot]};
		agent->gathered[slot] = false;
	}
	agent->gather_at.ms = 0;
}

static void
save_schema(struct agent *agent)
{
	struct xn_error err;
	char *hello;

	if (agent->saved_schema == agent->catalog.schema)
		return;
	hello = xn_catalog_hello(
	    &agent->catalog, agent->options->name, xn_spool_state(agent->spool).boot);
	if (hello == NULL)
		return;
	if (xn_spool_save_hello(agent->spool, agent->catalog.schema, hello, &err) == XN_OK)
		agent->saved_schema = agent->catalog.schema;
	else
		xn_log_fault(&agent->unsaved, XN_LOG_ERROR, "spool", XN_TEXT("last", err.text));
	free(hello);
}

/* Lost measurements are said, the first at once and then as their number doubles. */
static void
say_dropped(struct agent *agent)
{
	uint64_t dropped = xn_spool_state(agent->spool).dropped;

	if (dropped == 0 || dropped < 2 * agent->dropped)
		return;
	agent->dropped = dropped;
	xn_log(XN_LOG_ERROR, "spool", XN_TEXT("state", "dropping"),
	    XN_NUMBER("frames", (int64_t)dropped));
}

static void
cut_frame(void *context)
{
	struct agent *agent = context;
	struct xn_error err = {0};
	int result;

	agent->started = true;
	gather_health(agent);
	save_schema(agent);
	fill_frame(agent);
	result = xn_spool_append(agent->spool, &agent->frame, &err);
	if (result == XN_OK)
		result = xn_spool_sync(agent->spool, &err);
	if (result < 0)
		xn_log_fault(&agent->full, XN_LOG_ERROR, "spool", XN_TEXT("state", "full"),
		    XN_TEXT("last", err.text));
	else
		xn_log_over(&agent->full, "spool", XN_TEXT("state", "written"));
	say_dropped(agent);
	xn_loop_timer_set(agent->cut_timer, (xn_duration){.ms = agent->tick_ms});
	look_at_uplink(agent);
}

static bool
all_tried(const struct agent *agent)
{
	for (uint32_t i = 0; i < agent->poller.count; i++)
		if (!agent->device[i].tried)
			return false;
	return true;
}

/* A reading came: its frame is cut a moment later, so that others may join it. */
static void
begin_gathering(struct agent *agent, xn_instant at)
{
	if (agent->gather_at.ms == 0)
		agent->gather_at = at;
	else
		return;
	if (agent->started)
		xn_loop_timer_set(agent->cut_timer, (xn_duration){.ms = GATHER_MS});
}

/* ---- readings ---- */

/* Looks the device's points up when their set is not the one we know. */
static void
learn_points(struct agent *agent, struct device *device, const struct xn_device_fact *fact)
{
	if (fact->names == NULL)
		return;
	free(device->slots);
	device->slots = calloc(fact->count + 1, sizeof(device->slots[0]));
	device->read_ms = 0;
	for (unsigned i = 0; device->slots != NULL && i < fact->count; i++) {
		device->slots[i] = xn_catalog_slot(
		    &agent->catalog, device->name, fact->names[i], fact->values[i].class_);
		if (device->slots[i] == XN_CATALOG_NONE)
			xn_log_fault(&device->crowded, XN_LOG_ERROR, "agent",
			    XN_TEXT("dev", device->name), XN_TEXT("state", "no slot left"));
	}
}

static void
take_values(struct agent *agent, struct device *device, const struct xn_device_fact *fact)
{
	int64_t now_ms = xn_clock_monotonic_ms();
	int64_t since_ms;

	learn_points(agent, device, fact);
	since_ms = device->read_ms != 0 ? now_ms - device->read_ms : INT64_MAX;
	for (unsigned i = 0; device->slots != NULL && i < fact->count; i++) {
		struct xn_sample before = {.quality = XN_QUALITY_ABSENT};

		if (device->slots[i] == XN_CATALOG_NONE)
			continue;
		if (device->read_ms != 0)
			before = device->values[i].sample;
		gather(agent, device->slots[i],
		    xn_validate(fact->values[i].class_, fact->values[i].sample, before, since_ms));
	}
	free(fact->names);
	free(device->values);
	device->values = fact->values;
	device->count = fact->count;
	device->read_ms = now_ms;
	begin_gathering(agent, fact->at);
	xn_log_over(&device->fault, "bus", XN_TEXT("dev", device->name), XN_TEXT("state", "good"));
}

/* It did not answer. Past its limit that is told as such, with the last values; before, it is a
 * gap. */
static void
take_silence(struct agent *agent, uint32_t id, const struct xn_device_fact *fact)
{
	struct device *device = &agent->device[id];
	int64_t now_ms = xn_clock_monotonic_ms();
	enum xn_freshness fresh = xn_poller_freshness(&agent->poller, id, now_ms);

	free(fact->values);
	free(fact->names);
	xn_log_fault(&device->fault, XN_LOG_WARNING, "bus", XN_TEXT("dev", device->name),
	    XN_TEXT("state", fresh == XN_FRESH_STALE ? "stale" : "silent"),
	    XN_TEXT("last", fact->text));
	if (fresh != XN_FRESH_STALE || device->slots == NULL)
		return;
	for (unsigned i = 0; i < device->count; i++) {
		struct xn_sample sample = device->values[i].sample;

		if (device->slots[i] == XN_CATALOG_NONE)
			continue;
		if (sample.quality != XN_QUALITY_ABSENT)
			sample.quality = XN_QUALITY_STALE;
		gather(agent, device->slots[i], sample);
	}
	begin_gathering(agent, fact->at);
}

/* ---- the loop's calls ---- */

static void
ask_devices(void *context)
{
	struct agent *agent = context;
	int64_t now_ms = xn_clock_monotonic_ms();
	int64_t wake_ms;

	for (uint32_t bus = 0; bus < xn_devices_buses(agent->devices); bus++) {
		int deadline_ms;
		uint32_t id;

		while ((id = xn_poller_next(&agent->poller, bus, now_ms, &deadline_ms)) !=
		    XN_POLL_NONE) {
			if (!xn_devices_ask(agent->devices, id, deadline_ms))
				xn_poller_done(&agent->poller, id, false, now_ms, 0);
		}
	}
	wake_ms = xn_poller_wake(&agent->poller, now_ms);
	if (wake_ms != INT64_MAX)
		xn_loop_timer_set(agent->poll_timer, (xn_duration){.ms = wake_ms - now_ms});
}

static void
hurry(void *context, uint32_t device)
{
	struct agent *agent = context;

	xn_poller_hurry(&agent->poller, device, xn_clock_monotonic_ms());
	xn_loop_timer_set(agent->poll_timer, (xn_duration){.ms = 0});
}

static void
take_traps(void *context)
{
	struct agent *agent = context;
	int64_t wait_ms = xn_traps_take(agent->traps, xn_clock_monotonic_ms(), hurry, agent);

	if (wait_ms != INT64_MAX)
		xn_loop_timer_set(agent->trap_timer, (xn_duration){.ms = wait_ms});
}

static void
on_trap_fd(void *context, int fd, uint32_t events)
{
	(void)fd, (void)events;
	take_traps(context);
}

static void
take_device_facts(void *context, int fd, uint32_t events)
{
	struct agent *agent = context;
	struct xn_device_fact fact;

	(void)fd, (void)events;
	for (uint32_t bus = 0; bus < xn_devices_buses(agent->devices); bus++) {
		while (xn_devices_take(agent->devices, bus, &fact)) {
			struct device *device = &agent->device[fact.device];

			xn_poller_done(&agent->poller, fact.device, fact.good,
			    xn_clock_monotonic_ms(), fact.elapsed_ms);
			device->tried = true;
			if (agent->traps != NULL && fact.engine_size > 0)
				xn_traps_engine(
				    agent->traps, fact.device, fact.engine, fact.engine_size);
			if (fact.good)
				take_values(agent, device, &fact);
			else
				take_silence(agent, fact.device, &fact);
		}
	}
	if (!agent->started && all_tried(agent))
		cut_frame(agent);
	ask_devices(agent);
}

static void
look_at_uplink(void *context)
{
	struct agent *agent = context;
	int64_t wait_ms;

	if (agent->saved_schema == 0)
		return; /* the first hello of all names what could be found */
	wait_ms = xn_uplink_turn(agent->uplink, agent->catalog.schema, xn_clock_monotonic_ms());
	if (wait_ms < INT64_MAX)
		xn_loop_timer_set(agent->uplink_timer, (xn_duration){.ms = wait_ms});
}

static void
on_uplink_fd(void *context, int fd, uint32_t events)
{
	(void)fd, (void)events;
	look_at_uplink(context);
}

static void
on_stop(void *context)
{
	struct agent *agent = context;

	xn_loop_stop(agent->loop);
}

/* ---- start and end ---- */

static int
add_device(struct agent *agent, const struct xn_site_device *site, struct xn_error *err)
{
	struct device *device = &agent->device[agent->poller.count];
	char url[XN_URL_SIZE];
	bool shared = false;
	int result = xn_address_url(site, agent->options->credentials, url, err);

	if (result == XN_OK)
		result =
		    xn_devices_add(agent->devices, url, site->profile, &device->bus, &shared, err);
	if (result < 0)
		return result;
	device->name = site->name;
	if (agent->traps != NULL)
		xn_traps_add(agent->traps, agent->poller.count, site, agent->options->credentials);
	xn_poller_add(&agent->poller, device->bus, shared, site->poll.ms, xn_clock_monotonic_ms());
	if (site->poll.ms < agent->tick_ms)
		agent->tick_ms = site->poll.ms;
	return XN_OK;
}

static int
add_devices(struct agent *agent, const struct xn_site *site, struct xn_error *err)
{
	int result = xn_devices_new(&agent->devices, agent->options->profiles, err);

	for (uint32_t i = 0; result == XN_OK && i < site->device_count; i++) {
		const struct xn_site_device *device = &site->devices[i];

		if (device->enabled && strcmp(device->agent, agent->options->name) == 0)
			result = add_device(agent, device, err);
	}
	if (agent->tick_ms < TICK_MS_MIN)
		agent->tick_ms = TICK_MS_MIN;
	if (result == XN_OK && agent->poller.count == 0)
		return xn_fail(err, XN_EINVALID, "no device of the site names the agent '%s'",
		    agent->options->name);
	return result == XN_OK ? xn_devices_start(agent->devices, err) : result;
}

static bool
is_ours(const void *context, const char *name)
{
	const struct agent *agent = context;

	for (uint32_t i = 0; i < agent->poller.count; i++)
		if (strcmp(agent->device[i].name, name) == 0)
			return true;
	return strcmp(agent->self, name) == 0;
}

/* Begins with the points of the last run, so that a restart keeps its schema. */
static void
remember_points(struct agent *agent)
{
	struct xn_error err;
	uint32_t schema;
	char *hello;

	if (xn_spool_last_schema(agent->spool, &schema) &&
	    xn_spool_load_hello(agent->spool, schema, &hello, &err) == XN_OK) {
		if (xn_catalog_load(&agent->catalog, hello, is_ours, agent, &err) < 0)
			xn_log(XN_LOG_WARNING, "spool", XN_TEXT("last", err.text));
		free(hello);
		if (agent->catalog.schema == schema)
			agent->saved_schema = schema;
	}
	agent->uptime_slot =
	    xn_catalog_slot(&agent->catalog, agent->self, "agent.uptime", XN_CLASS_RUNTIME);
	agent->spool_slot =
	    xn_catalog_slot(&agent->catalog, agent->self, "agent.spool", XN_CLASS_STATE);
	assert(agent->uptime_slot != XN_CATALOG_NONE && agent->spool_slot != XN_CATALOG_NONE);
}

static int
watch_traps(struct agent *agent, struct xn_error *err)
{
	int result = xn_loop_timer(agent->loop, (xn_duration){.ms = 0}, (xn_duration){.ms = 0},
	    take_traps, agent, &agent->trap_timer, err);

	return result < 0 ? result
			  : xn_loop_fd(agent->loop, xn_traps_fd(agent->traps), EPOLLIN, on_trap_fd,
				agent, NULL, err);
}

static int
watch(struct agent *agent, struct xn_error *err)
{
	struct xn_loop *loop = agent->loop;
	int result = xn_loop_signal(loop, SIGTERM, on_stop, agent, err);

	if (result == XN_OK)
		result = xn_loop_signal(loop, SIGINT, on_stop, agent, err);
	if (result == XN_OK)
		result = xn_loop_timer(loop, (xn_duration){.ms = 0}, (xn_duration){.ms = 0},
		    ask_devices, agent, &agent->poll_timer, err);
	if (result == XN_OK)
		result = xn_loop_timer(loop, (xn_duration){.ms = FIRST_GATHER_MS},
		    (xn_duration){.ms = 0}, cut_frame, agent, &agent->cut_timer, err);
	if (result == XN_OK)
		result = xn_loop_timer(loop, (xn_duration){.ms = 0}, (xn_duration){.ms = 0},
		    look_at_uplink, agent, &agent->uplink_timer, err);
	if (result == XN_OK)
		result = xn_loop_fd(
		    loop, xn_uplink_fd(agent->uplink), EPOLLIN, on_uplink_fd, agent, NULL, err);
	if (result == XN_OK && agent->traps != NULL)
		result = watch_traps(agent, err);
	for (uint32_t bus = 0; result == XN_OK && bus < xn_devices_buses(agent->devices); bus++)
		result = xn_loop_fd(loop, xn_devices_fd(agent->devices, bus), EPOLLIN,
		    take_device_facts, agent, NULL, err);
	return result;
}

static int
start(struct agent *agent, const struct xn_site *site, struct xn_error *err)
{
	uint64_t seeds[2];
	int result;

	if (getrandom(seeds, sizeof(seeds), 0) != sizeof(seeds))
		return xn_fail(err, XN_ESYSTEM, "no randomness");
	xn_poller_init(&agent->poller, seeds[0]);
	snprintf(agent->self, sizeof(agent->self), "agent:%s", agent->options->name);
	result = xn_loop_open(&agent->loop, err);
	if (result == XN_OK)
		result = xn_spool_open(&agent->spool, agent->options->spool, XN_SPOOL_LIMITS, err);
	if (result == XN_OK && agent->options->trap_port != 0)
		result = xn_traps_open(
		    &agent->traps, agent->options->trap_port, agent->options->spool, err);
	if (result == XN_OK)
		result = add_devices(agent, site, err);
	if (result == XN_OK)
		result = xn_uplink_open(
		    &agent->uplink, &agent->options->post, agent->spool, seeds[1], err);
	if (result == XN_OK) {
		remember_points(agent);
		result = watch(agent, err);
	}
	return result;
}

static void
end(struct agent *agent)
{
	xn_loop_close(agent->loop);
	xn_uplink_close(agent->uplink);
	xn_devices_free(agent->devices);
	xn_traps_close(agent->traps);
	xn_spool_close(agent->spool);
	for (uint32_t i = 0; i < agent->poller.count; i++) {
		free(agent->device[i].slots);
		free(agent->device[i].values);
	}
	free(agent);
}

int
xn_agent_run(
    const struct xn_site *site, const struct xn_agent_options *options, struct xn_error *err)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int result;

	if (agent == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory");
	agent->options = options;
	agent->began_ms = xn_clock_monotonic_ms();
	agent->tick_ms = TICK_MS_MAX;
	result = start(agent, site, err);
	if (result == XN_OK) {
		xn_log(XN_LOG_NOTICE, "agent", XN_TEXT("name", options->name),
		    XN_TEXT("state", "started"), XN_NUMBER("devices", agent->poller.count),
		    XN_NUMBER("buses", xn_devices_buses(agent->devices)),
		    XN_NUMBER("next", (int64_t)xn_spool_state(agent->spool).next));
		xn_loop_ready(agent->loop, "reading devices");
		result = xn_loop_run(agent->loop, err);
	}
	end(agent);
	return result;
}
