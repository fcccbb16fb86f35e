#include "orchestrator/core/event.h"

#include <assert.h>

#define POLICY_PATH_SIZE 256
#define POLICY_BYTES_MAX (1u << 20)

/* ---- writing ---- */

static void
write_reading(const struct xn_event *event, struct xn_writer *out)
{
	xn_write_u32(out, event->reading.meter);
	xn_write_u8(out, (uint8_t)event->reading.quality);
	xn_write_u8(out, event->reading.has_power);
	xn_write_u8(out, event->reading.has_energy);
	xn_write_i64(out, event->reading.power.mw);
	xn_write_i64(out, event->reading.energy.mj);
	xn_write_i64(out, event->reading.temperature.mk);
	xn_write_i64(out, event->reading.at.ms);
}

static void
write_uuid(xn_uuid uuid, struct xn_writer *out)
{
	xn_write_bytes(out, uuid.bytes, sizeof(uuid.bytes));
}

static void
write_vm(const struct xn_event *event, struct xn_writer *out)
{
	const struct xn_vm_facts *facts = &event->vm.facts;

	xn_write_u32(out, event->vm.host);
	write_uuid(event->vm.uuid, out);
	xn_write_u8(out, (uint8_t)event->vm.state);
	xn_write_text(out, facts->name, sizeof(facts->name));
	xn_write_text(out, facts->group, sizeof(facts->group));
	xn_write_text(out, facts->platform, sizeof(facts->platform));
	xn_write_text(out, facts->agency, sizeof(facts->agency));
	xn_write_text(out, facts->labels, sizeof(facts->labels));
	xn_write_u32(out, facts->vcpus);
	xn_write_u32(out, facts->memory_mib);
	xn_write_u8(out, facts->security_level);
	xn_write_u8(out, facts->movable);
	xn_write_u8(out, facts->lockable);
}

static void
write_policy(const struct xn_event *event, struct xn_writer *out)
{
	const struct xn_source *source = xn_policy_source(event->policy.policy);

	assert(source->size <= POLICY_BYTES_MAX);
	xn_write_u64(out, event->policy.request);
	xn_write_text(out, event->policy.actor, sizeof(event->policy.actor));
	xn_write_text(out, source->path, POLICY_PATH_SIZE);
	xn_write_u32(out, (uint32_t)source->size);
	xn_write_bytes(out, source->bytes, source->size);
}

static void
write_command(const struct xn_event *event, struct xn_writer *out)
{
	xn_write_u64(out, event->command.request);
	xn_write_u8(out, (uint8_t)event->command.verb);
	xn_write_text(out, event->command.subject, sizeof(event->command.subject));
	xn_write_text(out, event->command.actor, sizeof(event->command.actor));
	xn_write_text(out, event->command.note, sizeof(event->command.note));
}

static void
write_correction(const struct xn_event *event, struct xn_writer *out)
{
	const struct xn_correction *what = &event->correction.what;

	xn_write_u64(out, event->correction.request);
	xn_write_text(out, what->meter, sizeof(what->meter));
	xn_write_i64(out, what->start.ms);
	xn_write_i64(out, what->end.ms);
	xn_write_i64(out, what->energy.mj);
	xn_write_u8(out, (uint8_t)what->grade);
	xn_write_text(out, what->author, sizeof(what->author));
	xn_write_text(out, what->reason, sizeof(what->reason));
	xn_write_text(out, what->evidence, sizeof(what->evidence));
}

void
xn_event_encode(const struct xn_event *event, struct xn_writer *out)
{
	xn_write_u8(out, (uint8_t)event->kind);
	xn_write_i64(out, event->now.ms);
	switch (event->kind) {
	case XN_EV_BOOT:
	case XN_EV_TICK: return;
	case XN_EV_READING: write_reading(event, out); return;
	case XN_EV_HOST_UP:
	case XN_EV_HOST_DOWN:
	case XN_EV_HOST_LISTED:
		xn_write_u32(out, event->host.host);
		xn_write_u32(out, event->host.cpus);
		xn_write_u64(out, event->host.memory_mib);
		return;
	case XN_EV_VM_SEEN: write_vm(event, out); return;
	case XN_EV_VM_LOAD:
		xn_write_u32(out, event->load.host);
		write_uuid(event->load.uuid, out);
		xn_write_u64(out, event->load.cpu_ns);
		xn_write_i64(out, event->load.at.ms);
		return;
	case XN_EV_VIRT_DONE:
		xn_write_u64(out, event->virt.request);
		xn_write_u8(out, (uint8_t)event->virt.outcome);
		xn_write_text(out, event->virt.text, sizeof(event->virt.text));
		return;
	case XN_EV_COMMAND: write_command(event, out); return;
	case XN_EV_POLICY: write_policy(event, out); return;
	case XN_EV_STORAGE: xn_write_u8(out, event->storage.full); return;
	case XN_EV_CORRECTION: write_correction(event, out); return;
	}
	assert(false && "an event of a kind that does not exist");
}

/* ---- reading ---- */

/* A byte that must be below `count`; otherwise the event is refused. */
static uint8_t
read_word(struct xn_reader *in, unsigned first, unsigned count, bool *bad)
{
	uint8_t value = xn_read_u8(in);

	if (value < first || value >= count)
		*bad = true;
	return value;
}

static bool
read_flag(struct xn_reader *in, bool *bad)
{
	return read_word(in, 0, 2, bad) != 0;
}

static xn_uuid
read_uuid(struct xn_reader *in)
{
	const uint8_t *at = xn_read_bytes(in, sizeof(xn_uuid));
	xn_uuid uuid = {{0}};

	if (at != NULL)
		memcpy(uuid.bytes, at, sizeof(uuid.bytes));
	return uuid;
}

static void
read_reading(struct xn_reader *in, struct xn_event *event, bool *bad)
{
	event->reading.meter = xn_read_u32(in);
	event->reading.quality = (enum xn_quality)read_word(in, 0, XN_QUALITY_COUNT, bad);
	event->reading.has_power = read_flag(in, bad);
	event->reading.has_energy = read_flag(in, bad);
	event->reading.power.mw = xn_read_i64(in);
	event->reading.energy.mj = xn_read_i64(in);
	event->reading.temperature.mk = xn_read_i64(in);
	event->reading.at.ms = xn_read_i64(in);
}

static void
read_vm(struct xn_reader *in, struct xn_event *event, bool *bad)
{
	struct xn_vm_facts *facts = &event->vm.facts;

	event->vm.host = xn_read_u32(in);
	event->vm.uuid = read_uuid(in);
	event->vm.state = (enum xn_vm_state)read_word(in, XN_VM_ABSENT, XN_VM_SHUTOFF + 1, bad);
	xn_read_text(in, facts->name, sizeof(facts->name));
	xn_read_text(in, facts->group, sizeof(facts->group));
	xn_read_text(in, facts->platform, sizeof(facts->platform));
	xn_read_text(in, facts->agency, sizeof(facts->agency));
	xn_read_text(in, facts->labels, sizeof(facts->labels));
	facts->vcpus = xn_read_u32(in);
	facts->memory_mib = xn_read_u32(in);
	facts->security_level = xn_read_u8(in);
	facts->movable = read_flag(in, bad);
	facts->lockable = read_flag(in, bad);
}

static void
read_command(struct xn_reader *in, struct xn_event *event, bool *bad)
{
	event->command.request = xn_read_u64(in);
	event->command.verb = (enum xn_verb)read_word(in, XN_DO_PLAN, XN_DO_RESUME + 1, bad);
	xn_read_text(in, event->command.subject, sizeof(event->command.subject));
	xn_read_text(in, event->command.actor, sizeof(event->command.actor));
	xn_read_text(in, event->command.note, sizeof(event->command.note));
}

static void
read_policy(struct xn_reader *in, struct xn_event *event, struct xn_source *ret_source, bool *bad)
{
	const uint8_t *path;
	uint32_t size;

	event->policy.request = xn_read_u64(in);
	xn_read_text(in, event->policy.actor, sizeof(event->policy.actor));
	path = xn_read_bytes(in, POLICY_PATH_SIZE);
	size = xn_read_u32(in);
	if (size > POLICY_BYTES_MAX || (path != NULL && path[POLICY_PATH_SIZE - 1] != '\0')) {
		*bad = true;
		return;
	}
	ret_source->path = (const char *)path;
	ret_source->bytes = (const char *)xn_read_bytes(in, size);
	ret_source->size = size;
}

static void
read_correction(struct xn_reader *in, struct xn_event *event, bool *bad)
{
	struct xn_correction *what = &event->correction.what;

	event->correction.request = xn_read_u64(in);
	xn_read_text(in, what->meter, sizeof(what->meter));
	what->start.ms = xn_read_i64(in);
	what->end.ms = xn_read_i64(in);
	what->energy.mj = xn_read_i64(in);
	what->grade = (enum xn_grade)read_word(in, XN_GRADE_NONE, XN_GRADE_EXCLUDED + 1, bad);
	xn_read_text(in, what->author, sizeof(what->author));
	xn_read_text(in, what->reason, sizeof(what->reason));
	xn_read_text(in, what->evidence, sizeof(what->evidence));
}

static void
read_body(struct xn_reader *in, struct xn_event *event, struct xn_source *ret_source, bool *bad)
{
	switch (event->kind) {
	case XN_EV_BOOT:
	case XN_EV_TICK: return;
	case XN_EV_READING: read_reading(in, event, bad); return;
	case XN_EV_HOST_UP:
	case XN_EV_HOST_DOWN:
	case XN_EV_HOST_LISTED:
		event->host.host = xn_read_u32(in);
		event->host.cpus = xn_read_u32(in);
		event->host.memory_mib = xn_read_u64(in);
		return;
	case XN_EV_VM_SEEN: read_vm(in, event, bad); return;
	case XN_EV_VM_LOAD:
		event->load.host = xn_read_u32(in);
		event->load.uuid = read_uuid(in);
		event->load.cpu_ns = xn_read_u64(in);
		event->load.at.ms = xn_read_i64(in);
		return;
	case XN_EV_VIRT_DONE:
		event->virt.request = xn_read_u64(in);
		event->virt.outcome =
		    (enum xn_virt_outcome)read_word(in, XN_VIRT_OK, XN_VIRT_UNKNOWN + 1, bad);
		xn_read_text(in, event->virt.text, sizeof(event->virt.text));
		return;
	case XN_EV_COMMAND: read_command(in, event, bad); return;
	case XN_EV_POLICY: read_policy(in, event, ret_source, bad); return;
	case XN_EV_STORAGE: event->storage.full = read_flag(in, bad); return;
	case XN_EV_CORRECTION: read_correction(in, event, bad); return;
	}
	*bad = true;
}

int
xn_event_decode(struct xn_reader *in, struct xn_event *ret_event, struct xn_source *ret_source,
    struct xn_error *err)
{
	struct xn_event event;
	bool bad = false;

	memset(&event, 0, sizeof(event));
	*ret_source = (struct xn_source){0};
	event.kind = (enum xn_event_kind)read_word(in, XN_EV_BOOT, XN_EV_CORRECTION + 1, &bad);
	event.now.ms = xn_read_i64(in);
	if (!bad)
		read_body(in, &event, ret_source, &bad);

	if (in->short_)
		return xn_fail(err, XN_EINVALID, "event is cut short");
	if (bad)
		return xn_fail(err, XN_EINVALID, "bytes that are no event");
	*ret_event = event;
	return XN_OK;
}
