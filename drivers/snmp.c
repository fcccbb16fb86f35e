#include "drivers/transports.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device.h"
#include "drivers/recognise.h"
#include "drivers/snmp_plan.h"

/* An object that a device refused, and so spoiled a request, is asked again after so many polls. */
#define SKIP_POLLS 32

/*
 * A poll goes through these in order; one of a device that is known begins and ends with READ. Each
 * is one job of the wire, whose end begins the next.
 */
enum phase {
	PHASE_IDENTIFY, /* sysObjectID and sysDescr */
	PHASE_LOOK,     /* what the profiles' ways to recognise name; up to three rounds */
	PHASE_MODEL,    /* texts of model and maker */
	PHASE_OBJECTS,  /* of the survey */
	PHASE_COLUMNS,
	PHASE_READ
};

enum guard { GUARD_UNREAD, GUARD_HOLDS, GUARD_BROKEN };

/* While a device is being recognised. */
struct meeting {
	char texts[2][256]; /* sysObjectID and sysDescr */
	unsigned round;
	struct xn_recognition recognition;
	struct xn_survey *survey;
	int empty; /* the profile that fits but found nothing to read; -1: none */
	const char *empty_match;
	struct xn_oid_ref names[2]; /* of model and maker */
	unsigned name_count;
};

struct session {
	struct xn_snmp *wire;
	enum phase phase;
	bool planned;
	uint64_t identity;               /* print of sysObjectID and sysDescr when it was planned */
	uint64_t seen[XN_SNMP_IDENTITY]; /* prints of this poll's */
	struct meeting *meeting;
	uint8_t *skip;   /* of the layout's reads: polls to leave them out */
	uint8_t *guards; /* of its guards, in this poll: enum guard */
	uint8_t *had;    /* of its points: once there since it was planned */
	unsigned taken;  /* values the device gave, be they "no such object" */
	bool moved;      /* a row is not what it was when planned */
};

static void go_on(void *to, int code, const struct xn_error *err);

static const struct xn_snmp_reads *
reads_of(const struct xn_device *device)
{
	assert(device->layout != NULL);
	return device->layout->reads;
}

static struct xn_snmp_limits
limits_of(const struct xn_profile *profile)
{
	if (profile == NULL)
		return (struct xn_snmp_limits){.objects = 40, .rows = 40};
	return (struct xn_snmp_limits){.objects = profile->objects_max, .rows = profile->rows_max};
}

static void
end_meeting(struct session *session)
{
	if (session->meeting != NULL)
		xn_survey_free(session->meeting->survey);
	free(session->meeting);
	session->meeting = NULL;
}

static void
forget(struct xn_device *device)
{
	struct session *session = device->session;

	session->planned = false;
	free(session->skip);
	free(session->guards);
	free(session->had);
	session->skip = NULL;
	session->guards = NULL;
	session->had = NULL;
	xn_device_forget(device);
}

static void
end_poll(struct xn_device *device, int code, const struct xn_error *err)
{
	struct session *session = device->session;

	end_meeting(session);
	device->engine_size = xn_snmp_engine(session->wire, device->engine);
	if (code < 0)
		device->err = *err;
	xn_device_polled(device, code);
}

static int
snmp_open(struct xn_device *device, struct xn_error *err)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	device->session = session;
	return xn_snmp_open(&session->wire, device->hub, &device->url, err);
}

static void
snmp_close(struct xn_device *device)
{
	struct session *session = device->session;

	xn_snmp_close(session->wire);
	end_meeting(session);
	free(session->skip);
	free(session->guards);
	free(session->had);
	free(session);
}

/* ---- who is it ---- */

static void
take_identity(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct xn_device *device = to;
	struct session *session = device->session;
	struct xn_snmp_value text = *value;

	(void)oid;
	session->taken++;
	session->seen[place] = xn_snmp_print(value);
	if (value->tag != XN_SNMP_TEXT && value->tag != XN_SNMP_OID)
		return;
	text.tag = XN_SNMP_TEXT;
	xn_snmp_text(&text, session->meeting->texts[place], sizeof(session->meeting->texts[place]));
}

static void
take_look(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct xn_device *device = to;
	struct session *session = device->session;

	(void)oid;
	session->taken++;
	xn_recognise_take(&session->meeting->recognition, place, value);
}

static void
take_name(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct xn_device *device = to;
	struct session *session = device->session;
	bool maker = session->meeting->names[place].id == device->profile->maker_oid.id;
	char text[64];

	(void)oid;
	xn_snmp_text(value, text, sizeof(text));
	if (text[0] != '\0')
		memcpy(maker ? device->vendor : device->model, text, sizeof(text));
}

/* The word that follows `mark` in sysDescr: "MN:AP8959EU3 HR:02" -> "AP8959EU3". */
static void
model_after(const char *descr, const char *mark, char *ret_model, size_t size)
{
	const char *at = strstr(descr, mark);

	if (at == NULL)
		return;
	at += strlen(mark);
	snprintf(ret_model, size, "%.*s", (int)strcspn(at, " ,)"), at);
}

/* ---- the phases ---- */

static void
start_phase(struct xn_device *device, enum phase phase)
{
	struct session *session = device->session;

	session->phase = phase;
	xn_snmp_begin(session->wire, device->deadline, limits_of(device->profile), go_on, device);
}

static void
identify(struct xn_device *device)
{
	static const uint32_t object_id[] = {1, 3, 6, 1, 2, 1, 1, 2, 0};
	static const uint32_t descr[] = {1, 3, 6, 1, 2, 1, 1, 1, 0};
	static const struct xn_oid_ref identity[] = {{object_id, 9}, {descr, 9}};
	struct session *session = device->session;
	struct xn_error err;

	forget(device);
	end_meeting(session);
	session->meeting = calloc(1, sizeof(*session->meeting));
	if (session->meeting == NULL) {
		end_poll(device, xn_fail(&err, XN_ESYSTEM, "out of memory"), &err);
		return;
	}
	session->meeting->empty = -1;
	start_phase(device, PHASE_IDENTIFY);
	xn_snmp_get(session->wire, identity, NULL, XN_SNMP_IDENTITY, take_identity);
}

static void
begin_recognition(struct xn_device *device)
{
	struct session *session = device->session;
	struct xn_recognition *recognition = &session->meeting->recognition;

	recognition->profiles = device->profiles;
	recognition->descr = session->meeting->texts[1];
	if (!xn_oid_parse(session->meeting->texts[0], &recognition->object_id))
		recognition->object_id.count = 0;
}

static void
look(struct xn_device *device)
{
	struct session *session = device->session;
	struct xn_recognition *recognition = &session->meeting->recognition;

	xn_recognise_round(recognition, session->meeting->round);
	start_phase(device, PHASE_LOOK);
	xn_snmp_walk(session->wire, recognition->probes, recognition->probe_count, true, take_look);
}

/* No profile fits: nothing to read. The next poll looks again: firmware and profiles change. */
static void
stay_unknown(struct xn_device *device)
{
	struct session *session = device->session;

	snprintf(device->model, sizeof(device->model), "%.63s", session->meeting->texts[1]);
	end_poll(device, XN_OK, NULL);
}

static void
ask_names(struct xn_device *device)
{
	struct session *session = device->session;
	struct meeting *meeting = session->meeting;
	const struct xn_oid *oids[] = {&device->profile->model_oid, &device->profile->maker_oid};

	snprintf(device->vendor, sizeof(device->vendor), "%s", device->profile->vendor);
	if (device->profile->model_mark != NULL)
		model_after(meeting->texts[1], device->profile->model_mark, device->model,
		    sizeof(device->model));
	for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
		unsigned count = oids[i]->count;

		if (count > 0 && oids[i]->id[count - 1] == 0)
			count--; /* what comes after an object's root is the object */
		if (count > 0)
			meeting->names[meeting->name_count++] =
			    (struct xn_oid_ref){oids[i]->id, count};
	}
	start_phase(device, PHASE_MODEL);
	xn_snmp_walk(session->wire, meeting->names, meeting->name_count, true, take_name);
}

/* The profile by its number. */
static void
choose(struct xn_device *device, int number, const char *match)
{
	struct session *session = device->session;
	struct xn_error err = {.code = XN_OK};

	device->profile = xn_profiles_use(
	    device->profiles, (unsigned)number, &session->meeting->recognition.object_id, &err);
	device->match = match;
	if (device->profile == NULL) {
		end_poll(device, err.code, &err);
		return;
	}
	ask_names(device);
}

static void
chosen_of_round(struct xn_device *device)
{
	struct session *session = device->session;
	const char *match = "";
	int number = xn_recognise_choose(&session->meeting->recognition, &match);

	if (number >= 0)
		choose(device, number, match);
	else if (++session->meeting->round < XN_RECOGNISE_ROUNDS)
		look(device);
	else if (session->meeting->empty >= 0)
		choose(device, session->meeting->empty, session->meeting->empty_match);
	else
		stay_unknown(device);
}

/* ---- the survey ---- */

static void
take_object(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct xn_device *device = to;
	struct session *session = device->session;

	(void)oid;
	session->taken++;
	xn_survey_take_object(session->meeting->survey, place, value);
}

static void
take_row(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct xn_device *device = to;
	struct session *session = device->session;

	session->taken++;
	xn_survey_take_row(session->meeting->survey, place, oid, value);
}

static void
survey_objects(struct xn_device *device)
{
	struct session *session = device->session;
	struct xn_error err;

	session->meeting->survey = xn_survey_new(device->profile);
	if (session->meeting->survey == NULL) {
		end_poll(device, xn_fail(&err, XN_ESYSTEM, "out of memory"), &err);
		return;
	}
	session->taken = 0;
	start_phase(device, PHASE_OBJECTS);
	xn_snmp_get(session->wire, session->meeting->survey->objects, NULL,
	    session->meeting->survey->object_count, take_object);
}

static void
survey_columns(struct xn_device *device)
{
	struct session *session = device->session;

	start_phase(device, PHASE_COLUMNS);
	xn_snmp_walk(session->wire, session->meeting->survey->columns,
	    session->meeting->survey->column_count, false, take_row);
}

/* ---- readings ---- */

static void
set_guard(struct session *session, unsigned guard, bool holds)
{
	session->guards[guard] = holds ? GUARD_HOLDS : GUARD_BROKEN;
}

static void
take_guard(struct xn_device *device, unsigned guard, const struct xn_snmp_value *value)
{
	struct session *session = device->session;
	const struct xn_snmp_guard *it = &reads_of(device)->guards[guard];
	bool there = value->tag < XN_SNMP_NO_OBJECT && value->tag != XN_SNMP_NULL;

	if (it->condition != NULL) {
		set_guard(session, guard, xn_snmp_meets(it->condition, there ? value : NULL));
		return;
	}
	set_guard(session, guard, there && xn_snmp_print(value) == it->print);
	if (session->guards[guard] == GUARD_BROKEN)
		session->moved = true;
}

/* The reason a guard gives for a point to be absent; NULL: none. */
static const char *
guarded(const struct xn_device *device, unsigned point)
{
	static const char *const whys[XN_SNMP_POINT_GUARDS] = {"the device says it is not valid",
	    "the row was renumbered", "the unit was changed", "the scale was changed"};
	const struct session *session = device->session;
	const uint16_t *guards = reads_of(device)->point_guards[point];

	for (unsigned i = 0; i < XN_SNMP_POINT_GUARDS; i++) {
		if (guards[i] == XN_SNMP_NO_GUARD || session->guards[guards[i]] == GUARD_HOLDS)
			continue;
		return session->guards[guards[i]] == GUARD_BROKEN ? whys[i] : "not read";
	}
	return NULL;
}

static void
take_point(struct xn_device *device, unsigned point, const struct xn_snmp_value *value)
{
	struct session *session = device->session;
	const struct xn_rule *rule = device->layout->points[point].rule;
	struct xn_reading *reading = &device->readings[point];
	bool there = value->tag < XN_SNMP_NO_OBJECT && value->tag != XN_SNMP_NULL;
	bool came = session->planned && there && !session->had[point];
	const char *why = guarded(device, point);
	struct xn_scale scale = rule->scale;
	struct xn_raw raw;

	/* A refusal says nothing of what stands there: v1 gives one for what does not. */
	if (value->tag != XN_SNMP_REFUSED && there != (bool)session->had[point])
		session->moved = true;
	if (there)
		session->had[point] = 1;
	if (why == NULL && came)
		why = "was plugged in just now"; /* its unit and scale may have come with it */
	if (why != NULL) {
		xn_reading_drop(reading, why);
		return;
	}
	raw = xn_snmp_number(value, rule, &scale);
	if (value->tag == XN_SNMP_TEXT && memcmp(&scale, &rule->scale, sizeof(scale)) != 0) {
		struct xn_rule own = *rule;

		own.scale = scale;
		xn_reading_take(reading, &own, raw);
		return;
	}
	xn_reading_take(reading, rule, raw);
}

static void
take_read(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct xn_device *device = to;
	struct session *session = device->session;
	const struct xn_snmp_reads *reads = reads_of(device);

	(void)oid;
	session->taken++;
	if (value->tag == XN_SNMP_REFUSED)
		session->skip[place] = SKIP_POLLS;
	if (place < XN_SNMP_IDENTITY)
		session->seen[place] = xn_snmp_print(value);
	else if (place < XN_SNMP_IDENTITY + reads->guard_count)
		take_guard(device, place - XN_SNMP_IDENTITY, value);
	else
		take_point(device, place - XN_SNMP_IDENTITY - reads->guard_count, value);
}

static uint64_t
identity_of(const struct session *session)
{
	return session->seen[0] ^ session->seen[1] * 31;
}

/* Readings out of the survey, as if they had been read just now. */
static void
take_survey(struct xn_device *device)
{
	const struct xn_snmp_reads *reads = reads_of(device);
	const struct session *session = device->session;

	for (unsigned i = XN_SNMP_IDENTITY; i < reads->count; i++) {
		struct xn_snmp_value missing = {.tag = XN_SNMP_NO_INSTANCE};
		struct xn_oid oid = {.count = reads->oids[i].count};
		const struct xn_snmp_value *value;

		memcpy(oid.id, reads->oids[i].id, oid.count * sizeof(oid.id[0]));
		value = xn_survey_cell(session->meeting->survey, &oid);
		take_read(device, i, &oid, value != NULL ? value : &missing);
	}
}

static bool
has_values(const struct xn_device *device)
{
	for (unsigned i = 0; i < device->layout->count; i++) {
		if (device->readings[i].sample.quality != XN_QUALITY_ABSENT)
			return true;
	}
	return false;
}

/*
 * A card may bear its maker's sysObjectID and answer nothing but a standard MIB; if that has no
 * value either, it is the maker's after all. False if there is nothing else to try.
 */
static bool
try_other(struct xn_device *device)
{
	struct session *session = device->session;
	struct meeting *meeting = session->meeting;
	bool standard = device->profile->standard;

	if (device->named >= 0 || standard != (meeting->empty >= 0))
		return false;
	if (!standard) {
		meeting->empty = xn_profiles_find(device->profiles, device->profile->name);
		meeting->empty_match = device->match;
		meeting->round = XN_RECOGNISE_ROUNDS - 1;
	}
	meeting->name_count = 0;
	xn_survey_free(meeting->survey);
	meeting->survey = NULL;
	forget(device);
	if (standard)
		choose(device, meeting->empty, meeting->empty_match);
	else
		look(device);
	return true;
}

/* The survey ended, whole or not: what is there is planned and read. */
static void
plan(struct xn_device *device, int code, const struct xn_error *err)
{
	struct session *session = device->session;
	struct xn_layout *layout;
	struct xn_error error = *err;

	if (code < 0 && session->taken == 0) {
		end_poll(device, code, err);
		return;
	}
	layout = xn_snmp_plan(device->profile, session->meeting->survey);
	if (layout == NULL || xn_device_lay_out(device, layout, &error) < 0) {
		end_poll(device, xn_fail(&error, XN_ESYSTEM, "out of memory"), &error);
		return;
	}
	session->skip = calloc(reads_of(device)->count, 1);
	session->guards = calloc(reads_of(device)->guard_count + 1, 1);
	session->had = calloc(reads_of(device)->point_count + 1, 1);
	if (session->skip == NULL || session->guards == NULL || session->had == NULL) {
		end_poll(device, xn_fail(&error, XN_ESYSTEM, "out of memory"), &error);
		return;
	}
	session->identity = identity_of(session);
	take_survey(device);
	if (code == XN_OK && !has_values(device) && try_other(device))
		return;
	session->planned = code == XN_OK; /* of a part, the next poll asks for the rest */
	session->moved = false;
	end_poll(device, XN_OK, NULL);
}

/* ---- polls of a device that is known ---- */

/* What is not asked in this poll, because the device refused it in one before. */
static void
pass_over(struct xn_device *device, unsigned place)
{
	struct session *session = device->session;
	const struct xn_snmp_reads *reads = reads_of(device);
	const struct xn_condition *condition;

	if (place < XN_SNMP_IDENTITY)
		return;
	place -= XN_SNMP_IDENTITY;
	if (place < reads->guard_count) {
		condition = reads->guards[place].condition;
		set_guard(session, place, condition != NULL && xn_snmp_meets(condition, NULL));
		return;
	}
	xn_reading_drop(&device->readings[place - reads->guard_count], "the device refuses it");
}

static void
read_all(struct xn_device *device)
{
	struct session *session = device->session;
	const struct xn_snmp_reads *reads = reads_of(device);

	memset(session->guards, GUARD_UNREAD, reads->guard_count);
	for (unsigned i = 0; i < reads->count; i++) {
		if (session->skip[i] > 0 && --session->skip[i] > 0)
			pass_over(device, i);
	}
	start_phase(device, PHASE_READ);
	xn_snmp_get(session->wire, reads->oids, session->skip, reads->count, take_read);
}

static void
end_read(struct xn_device *device, int code, const struct xn_error *err)
{
	struct session *session = device->session;

	/* Another device answers now: it is met in this very poll. */
	if (session->taken > 0 && identity_of(session) != session->identity && code == XN_OK) {
		identify(device);
		return;
	}
	/* A row moved, appeared or went: the next poll looks at all of it again. */
	if (session->moved)
		session->planned = false;
	end_poll(device, session->taken > 0 ? XN_OK : code, err);
}

/* A job ended. */
static void
go_on(void *to, int code, const struct xn_error *err)
{
	struct xn_device *device = to;
	struct session *session = device->session;

	/* Without an answer to the first questions nothing can follow; a survey may be of a part.
	 */
	if (code < 0 && session->phase < PHASE_OBJECTS) {
		end_poll(device, code, err);
		return;
	}
	switch (session->phase) {
	case PHASE_IDENTIFY:
		begin_recognition(device);
		if (device->named >= 0)
			choose(device, device->named, "named");
		else
			look(device);
		break;
	case PHASE_LOOK: chosen_of_round(device); break;
	case PHASE_MODEL: survey_objects(device); break;
	case PHASE_OBJECTS:
		if (code < 0)
			plan(device, code, err);
		else
			survey_columns(device);
		break;
	case PHASE_COLUMNS: plan(device, code, err); break;
	case PHASE_READ: end_read(device, code, err); break;
	}
}

static void
snmp_start(struct xn_device *device)
{
	struct session *session = device->session;

	session->taken = 0;
	session->moved = false;
	if (session->planned)
		read_all(device);
	else
		identify(device);
}

const struct xn_driver_ops xn_driver_snmp = {
    .scheme = "snmp",
    .open = snmp_open,
    .start = snmp_start,
    .close = snmp_close,
};

const struct xn_driver_ops xn_driver_replay = {
    .scheme = "replay",
    .open = snmp_open,
    .start = snmp_start,
    .close = snmp_close,
};
