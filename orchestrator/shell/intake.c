#include "orchestrator/shell/intake.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

#define AHEAD_MS_MAX  (30 * INT64_C(1000))
#define BEHIND_MS_MAX (7 * INT64_C(86400) * 1000)
#define NO_EVENT      UINT32_MAX

struct xn_intake {
	const struct xn_map *map;
	struct xn_store *store;
	struct xn_agent *agents;
	uint32_t agent_count;
	struct xn_frame frame;
	struct xn_event *events; /* [XN_SLOTS_MAX] of the frame being read */
	uint32_t *event_of;      /* [meters] its place there, or NO_EVENT */
};

static struct xn_agent *
find_agent(const struct xn_intake *intake, const char *name)
{
	for (uint32_t i = 0; i < intake->agent_count; i++)
		if (strcmp(intake->agents[i].name, name) == 0)
			return &intake->agents[i];
	return NULL;
}

static void *
zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL)
		abort();
	return memory;
}

struct xn_intake *
xn_intake_new(const struct xn_map *map, struct xn_store *store)
{
	struct xn_intake *intake = zeroed(1, sizeof(*intake));

	intake->map = map;
	intake->store = store;
	intake->agents = zeroed(map->site->device_count + 1, sizeof(*intake->agents));
	intake->events = zeroed(XN_SLOTS_MAX, sizeof(*intake->events));
	intake->event_of = zeroed(map->topology.meter_count + 1, sizeof(*intake->event_of));
	for (uint32_t i = 0; i < map->topology.meter_count; i++)
		intake->event_of[i] = NO_EVENT;
	for (uint32_t i = 0; i < map->site->device_count; i++)
		if (find_agent(intake, map->site->devices[i].agent) == NULL)
			intake->agents[intake->agent_count++].name = map->site->devices[i].agent;
	return intake;
}

void
xn_intake_free(struct xn_intake *intake)
{
	if (intake == NULL)
		return;
	for (uint32_t i = 0; i < intake->agent_count; i++)
		free(intake->agents[i].slots);
	free(intake->agents);
	free(intake->events);
	free(intake->event_of);
	free(intake);
}

const struct xn_agent *
xn_intake_agents(const struct xn_intake *intake, uint32_t *ret_count)
{
	*ret_count = intake->agent_count;
	return intake->agents;
}

/* ---- hello ---- */

/* "agent:NAME": what the agent says about itself; it is of no device and goes to no meter. */
static bool
is_own_health(const char *agent, const char *device)
{
	return strncmp(device, "agent:", 6) == 0 && strcmp(device + 6, agent) == 0;
}

/* One point to its slot; continues the schema that the points must add up to. */
static int
read_point(const struct xn_intake *intake, const char *agent, json_t *row, struct xn_slot *slot,
    uint32_t *schema, struct xn_error *err)
{
	const char *device, *point, *word;

	if (json_unpack(
		row, "{s:s, s:s, s:s}", "device", &device, "point", &point, "class", &word) != 0)
		return xn_fail(err, XN_EINVALID, "hello: a point needs device, point and class");
	slot->class_ = xn_class_of(word);
	if (slot->class_ == XN_CLASS_COUNT || strlen(point) >= sizeof(slot->point))
		return xn_fail(err, XN_EINVALID, "hello: point %.64s of class %.32s", point, word);
	strcpy(slot->point, point);
	*schema = xn_frame_schema(*schema, device, point, slot->class_);
	slot->device = xn_map_device(intake->map, device);
	slot->route.meter = XN_NONE;
	if (slot->device == XN_NONE && is_own_health(agent, device))
		return XN_OK;
	if (slot->device == XN_NONE ||
	    strcmp(intake->map->site->devices[slot->device].agent, agent) != 0)
		return xn_fail(
		    err, XN_EREFUSED, "agent %s does not read device %.64s", agent, device);
	slot->route = xn_map_route(intake->map, slot->device, point, slot->class_);
	return XN_OK;
}

/* Points as JSON to slots; checks that they are what the schema says. */
static int
read_points(const struct xn_intake *intake, const char *agent, json_t *points, uint32_t schema,
    struct xn_slot **ret_slots, struct xn_error *err)
{
	size_t count = json_array_size(points);
	struct xn_slot *slots;
	uint32_t found = 0;
	int result = XN_OK;

	if (!json_is_array(points) || count > XN_SLOTS_MAX)
		return xn_fail(
		    err, XN_EINVALID, "hello: points must be a list of at most %d", XN_SLOTS_MAX);
	slots = zeroed(count + 1, sizeof(*slots));
	for (size_t i = 0; i < count && result == XN_OK; i++)
		result =
		    read_point(intake, agent, json_array_get(points, i), &slots[i], &found, err);
	if (result == XN_OK && found != schema)
		result = xn_fail(err, XN_EINVALID, "hello: the schema is not that of its points");
	if (result != XN_OK)
		free(slots);
	else
		*ret_slots = slots;
	return result;
}

/* Points that are the same keep their values over a new hello. */
static void
keep_values(const struct xn_agent *agent, struct xn_slot *slots, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (i < agent->slot_count && agent->slots[i].device == slots[i].device &&
		    strcmp(agent->slots[i].point, slots[i].point) == 0) {
			slots[i].sample = agent->slots[i].sample;
			slots[i].at = agent->slots[i].at;
		}
}

static void
adopt(struct xn_agent *agent, struct xn_slot *slots, uint32_t count, uint32_t schema)
{
	keep_values(agent, slots, count);
	free(agent->slots);
	agent->slots = slots;
	agent->slot_count = count;
	agent->schema = schema;
	agent->known = true;
}

/* A number, or text with all its hexadecimal digits for readers whose integers are doubles. */
static bool
read_number(const json_t *value, uint64_t *ret_number)
{
	char *end;

	if (json_is_integer(value)) {
		*ret_number = (uint64_t)json_integer_value(value);
		return true;
	}
	if (!json_is_string(value) || json_string_length(value) == 0)
		return false;
	*ret_number = strtoull(json_string_value(value), &end, 16);
	return *end == '\0';
}

static int
take_hello(struct xn_intake *intake, struct xn_agent *agent, json_t *hello, uint64_t *ret_boot,
    struct xn_error *err)
{
	json_t *points = json_object_get(hello, "points");
	const char *version = json_string_value(json_object_get(hello, "version"));
	uint64_t schema;
	struct xn_slot *slots;
	char *text;
	int result;

	if (!read_number(json_object_get(hello, "boot"), ret_boot) ||
	    !read_number(json_object_get(hello, "schema"), &schema) || schema > UINT32_MAX)
		return xn_fail(err, XN_EINVALID, "hello: boot and schema must be numbers");
	result = read_points(intake, agent->name, points, (uint32_t)schema, &slots, err);
	if (result != XN_OK)
		return result;

	text = json_dumps(points, JSON_COMPACT);
	result = xn_store_schema(intake->store, agent->name, (uint32_t)schema, text, err);
	free(text);
	if (result != XN_OK) {
		free(slots);
		return result;
	}
	adopt(agent, slots, (uint32_t)json_array_size(points), (uint32_t)schema);
	snprintf(agent->version, sizeof(agent->version), "%s", version == NULL ? "" : version);
	return XN_OK;
}

int
xn_intake_hello(struct xn_intake *intake, const char *agent, const char *body, size_t size,
    xn_instant now, uint64_t *ret_durable, struct xn_error *err)
{
	struct xn_agent *who = find_agent(intake, agent);
	json_error_t where;
	json_t *hello;
	const char *name;
	uint64_t boot;
	int result;

	if (who == NULL)
		return xn_fail(err, XN_EREFUSED, "the site has no agent %s", agent);
	hello = json_loadb(body, size, JSON_REJECT_DUPLICATES, &where);
	if (hello == NULL)
		return xn_fail(err, XN_EINVALID, "hello: line %d: %s", where.line, where.text);
	name = json_string_value(json_object_get(hello, "agent"));
	if (name == NULL || strcmp(name, agent) != 0)
		result = xn_fail(err, XN_EREFUSED, "certificate of agent %s, hello of %.64s", agent,
		    name == NULL ? "nobody" : name);
	else
		result = take_hello(intake, who, hello, &boot, err);
	json_decref(hello);
	if (result != XN_OK)
		return result;

	who->heard = now;
	*ret_durable = xn_store_mark_of(intake->store, agent, boot);
	return XN_OK;
}

/* ---- frames ---- */

/* After a restart of ours an agent need not say hello again: its schema is in the store. */
static int
find_schema(struct xn_intake *intake, struct xn_agent *agent, uint32_t schema, struct xn_error *err)
{
	struct xn_slot *slots = NULL;
	json_t *points;
	char *text;
	int result;

	if (agent->known && agent->schema == schema)
		return XN_OK;
	text = xn_store_schema_of(intake->store, agent->name, schema);
	points = text == NULL ? NULL : json_loads(text, 0, NULL);
	free(text);
	if (points == NULL)
		return xn_fail(err, XN_ENOTFOUND, "schema %08x is not known: say hello", schema);
	result = read_points(intake, agent->name, points, schema, &slots, err);
	if (result == XN_OK)
		adopt(agent, slots, (uint32_t)json_array_size(points), schema);
	else
		xn_fail(err, XN_ENOTFOUND, "schema %08x is not of this site any more: say hello",
		    schema);
	json_decref(points);
	return result == XN_OK ? XN_OK : XN_ENOTFOUND;
}

static bool
has_value(struct xn_sample sample)
{
	return sample.quality == XN_QUALITY_GOOD || sample.quality == XN_QUALITY_ESTIMATED;
}

/* The hottest of the agent's probes that go to this meter and have a value. */
static struct xn_sample
hottest(const struct xn_agent *agent, const struct xn_slot *one, xn_instant at)
{
	struct xn_sample most = one->sample;

	for (uint32_t i = 0; i < agent->slot_count; i++) {
		const struct xn_slot *slot = &agent->slots[i];

		if (slot->route.meter == one->route.meter && has_value(slot->sample) &&
		    at.ms - slot->at.ms <= 60000 &&
		    (!has_value(most) || slot->sample.milli > most.milli))
			most = slot->sample;
	}
	return most;
}

static void
add_to_event(const struct xn_agent *agent, const struct xn_slot *slot, struct xn_event *event)
{
	struct xn_sample sample = slot->sample;
	int64_t mj;

	switch (slot->route.channel) {
	case XN_CHANNEL_POWER:
		event->reading.quality = sample.quality;
		event->reading.has_power = has_value(sample);
		event->reading.power.mw = has_value(sample) ? sample.milli : 0;
		break;
	case XN_CHANNEL_ENERGY:
		event->reading.quality = sample.quality;
		if (!has_value(sample) || __builtin_mul_overflow(sample.milli, 3600, &mj))
			break;
		event->reading.has_energy = true;
		event->reading.energy.mj = mj;
		break;
	case XN_CHANNEL_TEMPERATURE:
		sample = hottest(agent, slot, slot->at);
		event->reading.quality = sample.quality;
		if (has_value(sample))
			event->reading.temperature = xn_millicelsius(sample.milli);
		break;
	}
}

/* The reading of this meter in this frame. */
static struct xn_event *
event_for(struct xn_intake *intake, uint32_t meter, xn_instant now, unsigned *count)
{
	uint32_t *place = &intake->event_of[meter];

	if (*place == NO_EVENT) {
		*place = (*count)++;
		intake->events[*place] = (struct xn_event){.kind = XN_EV_READING,
		    .now = now,
		    .reading = {.meter = meter, .at = intake->frame.at}};
	}
	return &intake->events[*place];
}

/* Takes the values of the frame; gives one reading for each meter they are about. */
static unsigned
take_values(struct xn_intake *intake, struct xn_agent *agent, xn_instant now)
{
	const struct xn_frame *frame = &intake->frame;
	unsigned count = 0;

	for (uint16_t i = 0; i < frame->count; i++) {
		struct xn_slot *slot = &agent->slots[frame->rows[i].slot];

		if (frame->at.ms < slot->at.ms)
			continue;
		slot->sample = frame->rows[i].sample;
		slot->at = frame->at;
	}
	/* Registers first, so that a meter's quality is that of its watts where the frame has both.
	 */
	for (int registers = 1; registers >= 0; registers--)
		for (uint16_t i = 0; i < frame->count; i++) {
			struct xn_slot slot = agent->slots[frame->rows[i].slot];

			if (slot.route.meter == XN_NONE ||
			    (slot.route.channel == XN_CHANNEL_ENERGY) != registers)
				continue;
			slot.sample = frame->rows[i].sample;
			slot.at = frame->at;
			add_to_event(
			    agent, &slot, event_for(intake, slot.route.meter, now, &count));
		}
	for (unsigned i = 0; i < count; i++)
		intake->event_of[intake->events[i].reading.meter] = NO_EVENT;
	return count;
}

static bool
in_time(struct xn_agent *agent, const struct xn_frame *frame, xn_instant now)
{
	if (frame->at.ms <= now.ms + AHEAD_MS_MAX && frame->at.ms >= now.ms - BEHIND_MS_MAX)
		return true;
	agent->refused++;
	if (agent->refused == 1 || agent->refused % 1000 == 0)
		xn_log(XN_LOG_ERROR, "intake", XN_TEXT("agent", agent->name),
		    XN_TEXT("refused", "its clock is wrong"),
		    XN_NUMBER("ahead_s", (frame->at.ms - now.ms) / 1000),
		    XN_NUMBER("frames", (int64_t)agent->refused));
	return false;
}

/* The frame just decoded: readings to the sink, unless it is durable already or of a wrong time. */
static int
take_frame(struct xn_intake *intake, struct xn_agent *agent, xn_instant now,
    const struct xn_intake_sink *sink, struct xn_error *err)
{
	const struct xn_frame *frame = &intake->frame;
	unsigned count = 0;
	int result = find_schema(intake, agent, frame->schema, err);

	if (result != XN_OK)
		return result;
	if (frame->count > 0 && frame->rows[frame->count - 1].slot >= agent->slot_count)
		return xn_fail(err, XN_EINVALID, "a frame has slots that its schema has not");
	if (in_time(agent, frame, now)) {
		count = take_values(intake, agent, now);
		if (frame->at.ms > agent->newest.ms)
			agent->newest = frame->at;
	}
	result = sink->frame(sink->context, agent->name, frame, intake->events, count, err);
	if (result == XN_OK)
		agent->frames++;
	return result;
}

int
xn_intake_frames(struct xn_intake *intake, const char *agent, const void *bytes, size_t size,
    xn_instant now, const struct xn_intake_sink *sink, uint64_t *ret_durable, struct xn_error *err)
{
	struct xn_agent *who = find_agent(intake, agent);
	struct xn_reader in = {.at = bytes, .left = size};
	uint64_t boot = 0;
	bool begun = false;
	int result = XN_OK;

	*ret_durable = 0;
	if (who == NULL)
		return xn_fail(err, XN_EREFUSED, "the site has no agent %s", agent);
	who->heard = now;
	while (in.left > 0 && result == XN_OK) {
		result = xn_frame_decode(&in, &intake->frame, err);
		if (result != XN_OK)
			break;
		if (!begun || intake->frame.boot != boot)
			*ret_durable = xn_store_mark_of(intake->store, agent, intake->frame.boot);
		begun = true;
		boot = intake->frame.boot;
		if (intake->frame.sequence <= *ret_durable) {
			who->repeated++;
			continue;
		}
		result = take_frame(intake, who, now, sink, err);
		if (result == XN_OK)
			*ret_durable = intake->frame.sequence;
	}
	return result;
}
