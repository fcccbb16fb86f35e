#include "drivers/transports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus_points.h"
#include "drivers/modbus_recognise.h"

struct session {
	struct xn_modbus *wire;
	/* Who it is, once that is known. */
	bool known;
	const struct xn_profile *profile;
	const char *how;              /* it was recognised */
	const struct xn_match *match; /* NULL: named, or SunSpec */
	uint16_t base;                /* of SunSpec */
	struct xn_modbus_names names;
	/* It did not answer to the last poll, and may have been exchanged since. */
	bool doubted;
	bool looking; /* the last poll's time was up before it was known */
	struct xn_modbus_look look;
	bool planned; /* it is known what there is to read */
	struct xn_modbus_plan plan;
};

struct poll {
	struct xn_device *device;
	struct session *session;
	struct xn_error *err;
	bool whole; /* no range of the plan was left out */
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

	xn_modbus_close(session->wire);
	free(session);
}

/* ---- who is it ---- */

static int
use(struct poll *poll, int number, const char *how)
{
	const struct xn_oid nothing = {.count = 0};
	struct session *session = poll->session;

	session->profile =
	    xn_profiles_use(poll->device->profiles, (unsigned)number, &nothing, poll->err);
	session->how = how;
	return session->profile != NULL ? XN_OK : poll->err->code;
}

static int
use_sunspec(struct poll *poll)
{
	const struct xn_profiles *profiles = poll->device->profiles;

	for (unsigned i = 0; i < profiles->count; i++) {
		if (profiles->heads[i]->sunspec)
			return use(poll, (int)i, "sunspec");
	}
	return XN_OK;
}

/* By the markers of all profiles. */
static int
use_fitting(struct poll *poll)
{
	const struct xn_profiles *profiles = poll->device->profiles;
	struct xn_modbus_finding found;
	int code = xn_modbus_recognise(&poll->session->look, profiles, &found, poll->err);

	if (code < 0 || found.profile < 0)
		return code;
	if (found.rival >= 0)
		return xn_fail(poll->err, XN_EDEVICE,
		    "may be a %s or a %s: name its profile (--profile)",
		    profiles->heads[found.profile]->name, profiles->heads[found.rival]->name);
	poll->session->match = found.match;
	return use(poll, found.profile, "probe");
}

/* The named profile, one that fits, or SunSpec. */
static int
choose(struct poll *poll)
{
	const struct xn_device *device = poll->device;
	struct session *session = poll->session;
	bool there = false;
	int code = XN_OK;

	session->match = NULL;
	session->profile = NULL;
	if (device->named >= 0)
		code = use(poll, device->named, "named");
	else if (!device->url.has_base)
		code = use_fitting(poll);
	if (code == XN_OK && (session->profile == NULL || session->profile->sunspec))
		code = xn_modbus_find_sunspec(
		    &session->look, &device->url, &session->base, &there, poll->err);
	if (code == XN_OK && session->profile == NULL && there)
		code = use_sunspec(poll);
	if (code < 0)
		return code;
	if (session->profile == NULL || (session->profile->sunspec && !there))
		return xn_fail(poll->err, XN_EDEVICE,
		    "answers Modbus, but no profile fits and \"SunS\" is at none of the usual "
		    "places: name its profile (--profile), or SunSpec's base in the URL");
	return XN_OK;
}

static int
identify(struct poll *poll)
{
	const struct xn_device *device = poll->device;
	struct session *session = poll->session;
	int code;

	if (!session->looking)
		xn_modbus_look_begin(&session->look, session->wire,
		    device->named >= 0 ? device->profiles->heads[device->named] : NULL);
	session->look.deadline = device->deadline;
	code = choose(poll);
	if (code == XN_OK)
		code = xn_modbus_read_names(
		    &session->look, session->profile, session->base, &session->names, poll->err);
	session->looking = code == XN_EUNREACHABLE && session->look.answered;
	session->known = code == XN_OK;
	return code;
}

/* Whether it still is what it was before it fell silent. */
static int
check_identity(struct poll *poll)
{
	struct session *session = poll->session;
	struct xn_modbus_names names;
	bool same = true;
	int code = XN_OK;

	xn_modbus_look_begin(&session->look, session->wire, session->profile);
	session->look.deadline = poll->device->deadline;
	if (session->match != NULL)
		code = xn_modbus_fits(&session->look, session->match,
		    session->profile->registers->either, &same, poll->err);
	if (code == XN_OK && same)
		code = xn_modbus_read_names(
		    &session->look, session->profile, session->base, &names, poll->err);
	if (code < 0)
		return code;
	session->known = same && strcmp(names.vendor, session->names.vendor) == 0 &&
	    strcmp(names.model, session->names.model) == 0;
	return XN_OK;
}

/* ---- reading ---- */

/* Reads the plan's ranges; ends at the second silence, or of a doubted device at the first. The
 * fault when nothing at all was read: XN_EDEVICE when all was refused. */
static int
read_plan(struct poll *poll)
{
	struct session *session = poll->session;
	struct xn_modbus_plan *plan = &session->plan;
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	struct xn_modbus_range range;
	unsigned patience = session->doubted ? 1 : 2;
	unsigned silences = 0;
	unsigned good = 0;
	int code = XN_OK;

	xn_modbus_plan_start(plan);
	while (silences < patience && xn_modbus_plan_next(plan, &range)) {
		code = xn_modbus_read(session->wire, range.space, range.address, range.count,
		    poll->device->deadline, values, poll->err);
		good += code == XN_OK;
		silences += code < 0;
		xn_modbus_plan_take(plan, code, values);
	}
	poll->whole = silences == 0;
	if (good > 0 || code < 0)
		return good > 0 ? XN_OK : code;
	return xn_fail(poll->err, XN_EDEVICE, "of profile %s: %s", session->profile->name,
	    code > 0 ? xn_modbus_exception(code) : "nothing to read");
}

/* Follows the list of models behind the mark. */
static int
follow_models(struct poll *poll, struct xn_modbus_points *points)
{
	const struct session *session = poll->session;
	unsigned at = session->base + 2u;

	for (unsigned i = 0; i < XN_SUNSPEC_MODELS_MAX && at + 2 <= 65536; i++) {
		uint16_t head[XN_MODBUS_REGISTERS_MAX];
		int code = xn_modbus_read(session->wire, XN_MODBUS_HOLDING, (uint16_t)at, 2,
		    poll->device->deadline, head, poll->err);

		if (code < 0)
			return code;
		if (code > 0 || head[0] == XN_SUNSPEC_END || head[0] == 0 ||
		    at + 2u + head[1] > 65536)
			break;
		xn_modbus_points_of_model(points, head[0], (uint16_t)at, head[1]);
		at += 2u + head[1];
	}
	return XN_OK;
}

static void
clear_plan(struct poll *poll)
{
	const struct xn_modbus_family *family = poll->session->profile->registers;

	xn_modbus_plan_clear(&poll->session->plan);
	xn_modbus_plan_limit(&poll->session->plan, family->registers_max, family->gap);
}

/* Finds out what there is to read, and reads it. */
static int
read_first(struct poll *poll, struct xn_modbus_points *points)
{
	const struct xn_profile *profile = poll->session->profile;
	int code;

	clear_plan(poll);
	if (profile->sunspec) {
		code = follow_models(poll, points);
		return code < 0 ? code : read_plan(poll);
	}
	xn_modbus_points_of_profile(points, profile, false);
	code = read_plan(poll);
	if (code != XN_EDEVICE || !profile->registers->either)
		return code;
	clear_plan(poll);
	points->count = 0;
	xn_modbus_points_of_profile(points, profile, true);
	return read_plan(poll);
}

/* Lays out what is there, as far as it was read. */
static int
lay_out(struct poll *poll)
{
	struct xn_device *device = poll->device;
	struct session *session = poll->session;
	struct xn_modbus_points points;
	struct xn_layout *layout = NULL;
	int code;

	if (!xn_modbus_points_begin(&points, &session->plan))
		return xn_fail(poll->err, XN_ESYSTEM, "out of memory");
	code = read_first(poll, &points);
	if (code == XN_OK)
		layout = xn_modbus_points_lay_out(&points, session->profile);
	xn_modbus_points_end(&points);
	if (code < 0)
		return code;
	xn_device_forget(device);
	device->profile = session->profile;
	device->match = session->how;
	memcpy(device->vendor, session->names.vendor, sizeof(device->vendor));
	memcpy(device->model, session->names.model, sizeof(device->model));
	return layout != NULL ? xn_device_lay_out(device, layout, poll->err)
			      : xn_fail(poll->err, XN_ESYSTEM, "out of memory");
}

/* A device that is not known, or may have become another; or of which not all was read. */
static int
meet(struct poll *poll)
{
	struct session *session = poll->session;
	int code = session->known ? XN_OK : identify(poll);

	session->planned = false;
	if (code < 0)
		return code;
	xn_modbus_limit(session->wire, &session->profile->registers->limits);
	code = lay_out(poll);
	if (code < 0)
		return code;
	session->planned = poll->whole;
	xn_modbus_points_take(poll->device, &session->plan);
	return XN_OK;
}

/* Reads what is planned; false in `ret_same`: it is not what it was. */
static int
read_known(struct poll *poll, bool *ret_same)
{
	struct session *session = poll->session;
	int code;

	*ret_same = true;
	code = read_plan(poll);
	if (code == XN_OK)
		*ret_same = xn_modbus_points_take(poll->device, &session->plan);
	return code;
}

static int
modbus_poll(struct xn_device *device, int deadline_ms, struct xn_error *err)
{
	struct session *session = device->session;
	struct poll poll = {.device = device, .session = session, .err = err};
	bool same = false;
	int code = XN_OK;

	(void)deadline_ms; /* device->deadline is it */
	if (session->known && session->doubted)
		code = check_identity(&poll);
	if (code == XN_OK && session->known && session->planned) {
		code = read_known(&poll, &same);
		session->known = same || code < 0;
	}
	if (code == XN_OK && !same)
		code = meet(&poll);
	session->doubted = code == XN_EUNREACHABLE;
	if (code == XN_EDEVICE)
		session->known = false; /* it refuses all of it: it may be another one */
	return code;
}

const struct xn_driver_ops xn_driver_modbus_tcp = {
    .scheme = "modbus",
    .open = modbus_open,
    .poll = modbus_poll,
    .close = modbus_close,
};

const struct xn_driver_ops xn_driver_modbus_replay = {
    .scheme = "replay of registers",
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
