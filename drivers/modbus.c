#include "drivers/transports.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device.h"
#include "drivers/modbus_plan.h"
#include "drivers/modbus_wire.h"
#include "drivers/sunspec.h"

/* How the reading of the same index is read. */
struct slot {
	const struct xn_point_spec *spec;       /* of a register profile */
	const struct xn_sunspec_point *sunspec; /* of a SunSpec model */
	uint16_t address;
	uint16_t scale_address;
	int want;       /* in the plan; -1: there was no room */
	int scale_want; /* of its scale factor; -1: none */
};

struct session {
	struct xn_modbus *wire;
	bool planned;
	struct xn_modbus_plan plan;
	struct slot slots[XN_LAYOUT_POINTS_MAX];
};

struct poll {
	struct xn_device *device;
	struct xn_layout *layout; /* being made */
	struct session *session;
	int64_t deadline;
	struct xn_error *err;
};

static int
modbus_open(struct xn_device *device, struct xn_error *err)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	device->session = session;
	return xn_modbus_open(&session->wire, &device->url, err);
}

static void
modbus_close(struct xn_device *device)
{
	struct session *session = device->session;

	if (session != NULL)
		xn_modbus_close(session->wire);
	free(session);
}

/* ---- who is it ---- */

/* Holding registers; a refusal gives zeros and false in `ret_there`. */
static int
read_holding(
    struct poll *poll, uint16_t address, uint16_t count, uint16_t *ret_values, bool *ret_there)
{
	uint16_t values[XN_MODBUS_REGISTERS_MAX] = {0};
	int code = xn_modbus_read(poll->session->wire, XN_MODBUS_HOLDING, address, count,
	    poll->deadline, values, poll->err);

	*ret_there = code == XN_OK;
	if (code < 0)
		return code;
	memcpy(ret_values, values, count * sizeof(values[0]));
	return XN_OK;
}

static int
use(struct poll *poll, unsigned number, const char *match)
{
	const struct xn_oid nothing = {.count = 0};
	struct xn_device *device = poll->device;

	device->profile = xn_profiles_use(device->profiles, number, &nothing, poll->err);
	device->match = match;
	return device->profile != NULL ? XN_OK : poll->err->code;
}

/* Whether registers spell what a way to recognise says. */
static int
text_is_there(struct poll *poll, const struct xn_match *match, bool *ret_there)
{
	uint16_t registers[XN_MODBUS_REGISTERS_MAX];
	char text[2 * XN_MODBUS_REGISTERS_MAX + 1];
	unsigned count;
	int code;

	*ret_there = false;
	if (!match->registers || strlen(match->text) > 2 * XN_MODBUS_REGISTERS_MAX)
		return XN_OK;
	count = (unsigned)(strlen(match->text) + 1) / 2;
	code = read_holding(poll, match->address, (uint16_t)count, registers, ret_there);
	if (code < 0)
		return code;
	xn_modbus_text(registers, count, text, sizeof(text));
	*ret_there = *ret_there && strncmp(text, match->text, strlen(match->text)) == 0;
	return XN_OK;
}

static int
choose_by_text(struct poll *poll)
{
	const struct xn_profiles *profiles = poll->device->profiles;

	for (unsigned i = 0; i < profiles->count; i++) {
		for (unsigned k = 0; k < profiles->heads[i]->match_count; k++) {
			bool there;
			int code = text_is_there(poll, &profiles->heads[i]->matches[k], &there);

			if (code < 0)
				return code;
			if (there)
				return use(poll, i, "probe");
		}
	}
	return XN_OK;
}

/* Where "SunS" stands; false in `ret_there` if nowhere we look. */
static int
find_sunspec(struct poll *poll, uint16_t *ret_base, bool *ret_there)
{
	static const uint16_t places[] = {40000, 50000, 0};
	const struct xn_url *url = &poll->device->url;
	unsigned count = url->has_base ? 1 : sizeof(places) / sizeof(places[0]);

	*ret_there = false;
	for (unsigned i = 0; i < count && !*ret_there; i++) {
		uint16_t base = url->has_base ? url->base : places[i];
		uint16_t mark[2];
		bool there;
		int code;

		if (base > 65535 - 4)
			break;
		code = read_holding(poll, base, 2, mark, &there);
		if (code < 0)
			return code;
		*ret_there = there && mark[0] == 0x5375 && mark[1] == 0x6e53;
		*ret_base = base;
	}
	return XN_OK;
}

static int
use_sunspec(struct poll *poll)
{
	const struct xn_profiles *profiles = poll->device->profiles;

	for (unsigned i = 0; i < profiles->count; i++) {
		if (profiles->heads[i]->sunspec)
			return use(poll, i, "sunspec");
	}
	return XN_OK;
}

static void
read_model(struct poll *poll)
{
	struct xn_device *device = poll->device;
	uint16_t registers[16];
	bool there = false;

	snprintf(device->vendor, sizeof(device->vendor), "%s", device->profile->vendor);
	if (device->profile->has_model && !device->profile->sunspec &&
	    read_holding(poll, device->profile->model_address, 16, registers, &there) == XN_OK &&
	    there)
		xn_modbus_text(registers, 16, device->model, sizeof(device->model));
}

/* ---- what to read ---- */

static const char *
space_word(enum xn_modbus_space space)
{
	switch (space) {
	case XN_MODBUS_HOLDING: return "holding";
	case XN_MODBUS_INPUT: return "input";
	case XN_MODBUS_COIL: return "coil";
	case XN_MODBUS_DISCRETE: return "discrete";
	}
	return "";
}

static struct slot *
add_slot(struct poll *poll, const char *name, const struct xn_rule *rule,
    enum xn_modbus_space space, uint16_t address)
{
	char source[32];
	int at;

	snprintf(source, sizeof(source), "%s:%u", space_word(space), address);
	at = xn_layout_add(poll->layout, name, source, rule, false);
	if (at < 0)
		return NULL;
	poll->session->slots[at] = (struct slot){.address = address, .want = -1, .scale_want = -1};
	return &poll->session->slots[at];
}

static void
plan_registers(struct poll *poll)
{
	const struct xn_profile *profile = poll->device->profile;

	for (unsigned i = 0; i < profile->point_count; i++) {
		const struct xn_point_spec *spec = &profile->points[i];
		struct slot *slot;

		if (spec->from != XN_FROM_REGISTER)
			continue;
		slot = add_slot(poll, spec->name, &spec->rule, spec->space, spec->address);
		if (slot == NULL)
			return;
		slot->spec = spec;
		slot->want = xn_modbus_plan_add(
		    &poll->session->plan, spec->space, spec->address, xn_modbus_width(spec->type));
	}
}

static void
plan_model(struct poll *poll, uint16_t model, uint16_t address, uint16_t length)
{
	struct xn_modbus_plan *plan = &poll->session->plan;
	unsigned count;
	const struct xn_sunspec_point *points = xn_sunspec_points(model, &count);

	for (unsigned i = 0; i < count; i++) {
		const struct xn_sunspec_point *point = &points[i];
		uint16_t at = (uint16_t)(address + point->offset);
		struct xn_rule *rule;
		struct slot *slot;

		if (point->offset + xn_sunspec_width(point) > (unsigned)length + 2)
			continue; /* an older, shorter form of the model */
		rule = xn_new(&poll->layout->arena, struct xn_rule, 1);
		xn_sunspec_rule(point, rule);
		slot = add_slot(poll, point->name, rule, XN_MODBUS_HOLDING, at);
		if (slot == NULL)
			return;
		slot->sunspec = point;
		slot->want =
		    xn_modbus_plan_add(plan, XN_MODBUS_HOLDING, at, xn_sunspec_width(point));
		slot->scale_address = (uint16_t)(address + point->scale);
		if (point->scale != 0)
			slot->scale_want =
			    xn_modbus_plan_add(plan, XN_MODBUS_HOLDING, slot->scale_address, 1);
	}
}

/* Maker and model out of the common block: 16 registers each, two after its ID. */
static int
read_common(struct poll *poll, uint16_t address)
{
	uint16_t registers[32];
	bool there;
	int code = read_holding(poll, (uint16_t)(address + 2), 32, registers, &there);

	if (code == XN_OK && there) {
		xn_modbus_text(registers, 16, poll->device->vendor, sizeof(poll->device->vendor));
		xn_modbus_text(
		    registers + 16, 16, poll->device->model, sizeof(poll->device->model));
	}
	return code;
}

/* Follows the chain of models from behind the mark. */
static int
plan_sunspec(struct poll *poll, uint16_t base)
{
	unsigned at = base + 2u;

	for (unsigned i = 0; i < XN_SUNSPEC_MODELS_MAX && at + 2 <= 65536; i++) {
		uint16_t head[2];
		bool there;
		int code = read_holding(poll, (uint16_t)at, 2, head, &there);

		if (code < 0)
			return code;
		if (!there || head[0] == XN_SUNSPEC_END || head[0] == 0 ||
		    at + 2u + head[1] > 65536)
			break;
		if (head[0] == XN_SUNSPEC_COMMON && head[1] >= 65)
			code = read_common(poll, (uint16_t)at);
		else
			plan_model(poll, head[0], (uint16_t)at, head[1]);
		if (code < 0)
			return code;
		at += 2u + head[1];
	}
	return XN_OK;
}

/* Chooses the profile: the named one, one whose text is there, or SunSpec. Then lists its points.
 */
static int
recognise(struct poll *poll)
{
	struct xn_device *device = poll->device;
	uint16_t base = 0;
	bool there = false;
	int code = XN_OK;

	xn_device_forget(device);
	xn_modbus_plan_clear(&poll->session->plan);
	if (device->named >= 0)
		code = use(poll, (unsigned)device->named, "named");
	else if (!device->url.has_base)
		code = choose_by_text(poll);
	if (code == XN_OK && (device->profile == NULL || device->profile->sunspec))
		code = find_sunspec(poll, &base, &there);
	if (code == XN_OK && device->profile == NULL && there)
		code = use_sunspec(poll);
	if (code < 0)
		return code;
	if (device->profile == NULL || (device->profile->sunspec && !there))
		return xn_fail(poll->err, XN_EDEVICE,
		    "answers Modbus, but no profile fits and \"SunS\" is not at 40000, 50000, 0 or "
		    "base");
	xn_modbus_set_pause(poll->session->wire, device->profile->pause_ms);
	xn_modbus_plan_limit(&poll->session->plan, device->profile->registers_max);
	read_model(poll);
	poll->layout = xn_layout_new();
	if (poll->layout == NULL)
		return xn_fail(poll->err, XN_ESYSTEM, "out of memory");
	if (device->profile->sunspec)
		code = plan_sunspec(poll, base);
	else
		plan_registers(poll);
	if (code < 0) {
		xn_layout_drop(poll->layout, NULL);
		return code;
	}
	xn_layout_add_sums(poll->layout, device->profile);
	return xn_device_lay_out(device, poll->layout, poll->err);
}

/* ---- reading ---- */

/* Reads the plan's ranges; ends at the second silence. The fault when nothing at all was read. */
static int
read_plan(struct poll *poll)
{
	struct xn_modbus_plan *plan = &poll->session->plan;
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	struct xn_modbus_range range;
	unsigned silences = 0;
	unsigned good = 0;
	int code = XN_OK;

	xn_modbus_plan_start(plan);
	while (silences < 2 && xn_modbus_plan_next(plan, &range)) {
		code = xn_modbus_read(poll->session->wire, range.space, range.address, range.count,
		    poll->deadline, values, poll->err);
		good += code == XN_OK;
		silences += code < 0;
		xn_modbus_plan_take(plan, code, values);
	}
	if (good > 0 || poll->device->layout->count == 0)
		return XN_OK;
	if (code > 0)
		return xn_fail(poll->err, XN_EDEVICE, "%s", xn_modbus_exception(code));
	return code < 0 ? code
			: xn_fail(poll->err, XN_EDEVICE, "no register of the profile is there");
}

static void
take_slot(struct poll *poll, const struct slot *slot, struct xn_reading *reading)
{
	const struct xn_modbus_plan *plan = &poll->session->plan;
	uint16_t registers[4];
	uint16_t scale = 0;
	struct xn_rule rule;
	const char *why = xn_modbus_plan_value(plan, slot->want, registers);

	if (why == NULL && slot->scale_want >= 0)
		why = xn_modbus_plan_value(plan, slot->scale_want, &scale);
	if (why != NULL) {
		xn_reading_drop(reading, why);
	} else if (slot->sunspec != NULL) {
		struct xn_raw raw;

		xn_sunspec_rule(slot->sunspec, &rule);
		raw = xn_sunspec_number(slot->sunspec, registers, scale, &rule);
		xn_reading_take(reading, &rule, raw);
	} else {
		assert(slot->spec != NULL);
		xn_reading_take(reading, &slot->spec->rule,
		    xn_modbus_number(slot->spec->type, slot->spec->order, registers));
	}
}

static int
modbus_poll(struct xn_device *device, int deadline_ms, struct xn_error *err)
{
	struct poll poll = {
	    .device = device,
	    .session = device->session,
	    .deadline = xn_deadline_in(deadline_ms),
	    .err = err,
	};
	bool fresh = !poll.session->planned;
	int code = fresh ? recognise(&poll) : XN_OK;

	if (code == XN_OK)
		code = read_plan(&poll);
	if (code < 0) {
		/* Silence leaves the set as it is; a device that refuses all of it may be another
		 * one. */
		if (code == XN_EDEVICE || fresh)
			poll.session->planned = false;
		return code;
	}
	for (unsigned i = 0; i < device->layout->count; i++) {
		if (!device->layout->points[i].computed)
			take_slot(&poll, &poll.session->slots[i], &device->readings[i]);
	}
	poll.session->planned = true;
	return XN_OK;
}

const struct xn_driver_ops xn_driver_modbus_tcp = {
    .scheme = "modbus",
    .open = modbus_open,
    .poll = modbus_poll,
    .close = modbus_close,
};

const struct xn_driver_ops xn_driver_modbus_rtu = {
    .scheme = "modbus-rtu",
    .open = modbus_open,
    .poll = modbus_poll,
    .close = modbus_close,
};
