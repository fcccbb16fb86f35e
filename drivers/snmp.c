#include "drivers/transports.h"

#include <assert.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device.h"
#include "drivers/snmp_wire.h"

#define LABEL_ROWS_MAX 256

/* How the reading of the same index is read. */
struct slot {
	const struct xn_point_spec *spec;
	struct xn_oid oid;
	struct xn_rule rule; /* the spec's, with the row's own unit where it has one */
	bool missing;        /* the device said there is no such object */
};

struct session {
	struct xn_snmp *wire;
	bool planned;
	char object_id[256]; /* of struct identity, as descr */
	char descr[256];
	struct slot slots[XN_DEVICE_READINGS_MAX];
};

/* Where one poll stands. */
struct poll {
	struct xn_device *device;
	struct session *session;
	int64_t deadline;
	struct xn_error *err;
	unsigned first; /* of the batch being read */
	unsigned taken; /* values the device gave, be they "no such object" */
};

static struct xn_oid
oid_of(const char *text)
{
	struct xn_oid oid;
	bool good = xn_oid_parse(text, &oid);

	assert(good);
	(void)good;
	return oid;
}

static int
snmp_open(struct xn_device *device, struct xn_error *err)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	device->session = session;
	return xn_snmp_open(&session->wire, &device->url, err);
}

static void
snmp_close(struct xn_device *device)
{
	struct session *session = device->session;

	if (session != NULL)
		xn_snmp_close(session->wire);
	free(session);
}

/* ---- who is it ---- */

struct identity {
	char texts[2][256];
	bool there[2];
};

static void
take_identity(void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct identity *identity = to;
	struct xn_snmp_value text = *value;

	(void)oid;
	identity->there[index] = value->tag == XN_SNMP_TEXT || value->tag == XN_SNMP_OID;
	text.tag = identity->there[index] ? XN_SNMP_TEXT : XN_SNMP_NULL;
	xn_snmp_text(&text, identity->texts[index], sizeof(identity->texts[index]));
}

/* Asks for two texts; the second may have no OID. */
static int
ask_texts(
    struct poll *poll, const struct xn_oid *a, const struct xn_oid *b, struct identity *ret_texts)
{
	struct xn_oid oids[2];
	unsigned count = 0;

	memset(ret_texts, 0, sizeof(*ret_texts));
	oids[count++] = *a;
	if (b->count > 0)
		oids[count++] = *b;
	return xn_snmp_get(
	    poll->session->wire, oids, count, poll->deadline, take_identity, ret_texts, poll->err);
}

static bool
matches_identity(const struct xn_match *match, const struct session *session)
{
	struct xn_oid oid;

	switch (match->kind) {
	case XN_MATCH_OID:
		return xn_oid_parse(session->object_id, &oid) && xn_oid_under(&oid, &match->oid);
	case XN_MATCH_DESCR:
		return session->descr[0] != '\0' &&
		    fnmatch(match->text, session->descr, FNM_CASEFOLD) == 0;
	case XN_MATCH_PROBE:
	case XN_MATCH_TEXT: break;
	}
	return false;
}

/* The first profile that has a match of this kind; two rounds, so that a sysObjectID goes first. */
static bool
choose_by_identity(struct poll *poll, enum xn_match_kind kind)
{
	for (unsigned i = 0; i < poll->device->profile_count; i++) {
		const struct xn_profile *profile = poll->device->profiles[i];

		for (unsigned k = 0; k < profile->match_count; k++) {
			if (profile->matches[k].kind == kind &&
			    matches_identity(&profile->matches[k], poll->session)) {
				poll->device->profile = profile;
				poll->device->match =
				    kind == XN_MATCH_OID ? "sysObjectID" : "sysDescr";
				return true;
			}
		}
	}
	return false;
}

struct probing {
	const struct xn_profile *owners[XN_SNMP_GET_MAX];
	const struct xn_profile *best;
};

static void
take_probe(void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct probing *probing = to;

	(void)oid;
	if (probing->best == NULL && value->tag < XN_SNMP_NO_OBJECT && value->tag != XN_SNMP_NULL)
		probing->best = probing->owners[index];
}

static int
choose_by_probe(struct poll *poll)
{
	struct probing probing = {.best = NULL};
	struct xn_oid oids[XN_SNMP_GET_MAX];
	unsigned count = 0;
	int code = XN_OK;

	for (unsigned i = 0; i < poll->device->profile_count; i++) {
		const struct xn_profile *profile = poll->device->profiles[i];

		for (unsigned k = 0; k < profile->match_count && count < XN_SNMP_GET_MAX; k++) {
			if (profile->matches[k].kind == XN_MATCH_PROBE) {
				probing.owners[count] = profile;
				oids[count++] = profile->matches[k].oid;
			}
		}
	}
	if (count > 0)
		code = xn_snmp_get(poll->session->wire, oids, count, poll->deadline, take_probe,
		    &probing, poll->err);
	if (probing.best != NULL) {
		poll->device->profile = probing.best;
		poll->device->match = "probe";
	}
	return probing.best != NULL ? XN_OK : code;
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

static int
read_model(struct poll *poll)
{
	struct xn_device *device = poll->device;
	const struct xn_profile *profile = device->profile;
	struct identity texts;
	int code;

	snprintf(device->vendor, sizeof(device->vendor), "%s", profile->vendor);
	if (profile->model_oid.count > 0) {
		code = ask_texts(poll, &profile->model_oid, &profile->maker_oid, &texts);
		if (code < 0)
			return code;
		snprintf(device->model, sizeof(device->model), "%.63s", texts.texts[0]);
		if (texts.texts[1][0] != '\0')
			snprintf(device->vendor, sizeof(device->vendor), "%.63s", texts.texts[1]);
	}
	if (device->model[0] == '\0' && profile->model_mark != NULL)
		model_after(poll->session->descr, profile->model_mark, device->model,
		    sizeof(device->model));
	return XN_OK;
}

static int
recognise(struct poll *poll)
{
	struct xn_device *device = poll->device;
	struct session *session = poll->session;
	int code = XN_OK;

	xn_device_forget(device);
	session->planned = false;
	if (device->named) {
		device->profile = device->profiles[0];
		device->match = "named";
	} else if (!choose_by_identity(poll, XN_MATCH_OID) &&
	    !choose_by_identity(poll, XN_MATCH_DESCR)) {
		code = choose_by_probe(poll);
	}
	if (code < 0)
		return code;
	if (device->profile == NULL) {
		snprintf(device->model, sizeof(device->model), "%.63s", session->descr);
		session->planned = true;
		return XN_OK;
	}
	if (device->profile->standard && !device->named)
		device->match = "standard";
	return read_model(poll);
}

/* ---- what to read ---- */

static struct slot *
add_slot(
    struct poll *poll, const struct xn_point_spec *spec, const char *name, const struct xn_oid *oid)
{
	int at = xn_device_add(poll->device, name, spec->rule.class_);
	struct slot *slot;

	if (at < 0)
		return NULL;
	slot = &poll->session->slots[at];
	*slot = (struct slot){.spec = spec, .oid = *oid, .rule = spec->rule};
	xn_oid_print(oid, poll->device->readings[at].source, XN_POINT_SOURCE_SIZE);
	return slot;
}

struct column {
	struct poll *poll;
	const struct xn_point_spec *spec;
};

static void
take_row(void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct column *column = to;
	const char *pattern = column->spec->name;
	const char *hole = strstr(pattern, "{n}");
	uint32_t row = oid->id[oid->count - 1];
	char name[XN_POINT_NAME_SIZE + 16];

	(void)index;
	(void)value;
	assert(hole != NULL);
	if (column->spec->first != NULL && row == 1)
		snprintf(name, sizeof(name), "%s", column->spec->first);
	else
		snprintf(
		    name, sizeof(name), "%.*s%u%s", (int)(hole - pattern), pattern, row, hole + 3);
	add_slot(column->poll, column->spec, name, oid);
}

/* A row of a labelled table: its texts, by the last number of its OIDs. */
struct label_row {
	struct xn_oid oid;
	char label[64];
	char unit[12];
	int64_t divisor;
};

struct labels {
	struct label_row rows[LABEL_ROWS_MAX];
	unsigned count;
	unsigned column; /* numbers of the table's OID and the column: where a row's index starts */
};

static void
take_label(void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct labels *labels = to;
	struct label_row *row = &labels->rows[labels->count];

	(void)index;
	if (labels->count == LABEL_ROWS_MAX)
		return;
	*row = (struct label_row){.oid = *oid, .divisor = 1};
	xn_snmp_text(value, row->label, sizeof(row->label));
	labels->count++;
}

static struct label_row *
find_row(struct labels *labels, const struct xn_oid *oid)
{
	for (unsigned i = 0; i < labels->count; i++) {
		struct xn_oid same = labels->rows[i].oid;

		same.id[labels->column - 1] = oid->id[labels->column - 1];
		if (xn_oid_compare(&same, oid) == 0)
			return &labels->rows[i];
	}
	return NULL;
}

static void
take_unit(void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct label_row *row = find_row(to, oid);

	(void)index;
	if (row != NULL)
		xn_snmp_text(value, row->unit, sizeof(row->unit));
}

static void
take_divisor(void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct label_row *row = find_row(to, oid);

	(void)index;
	if (row != NULL && value->tag == XN_SNMP_INTEGER && value->integer > 0 &&
	    value->integer <= 1000000)
		row->divisor = value->integer;
}

/* The finest row with this label whose unit is one of the class; degC before degF. */
static const struct label_row *
choose_row(
    const struct labels *labels, const struct xn_point_spec *spec, struct xn_scale *ret_scale)
{
	const struct label_row *best = NULL;

	for (unsigned i = 0; i < labels->count; i++) {
		const struct label_row *row = &labels->rows[i];
		struct xn_scale scale;

		if (strcmp(row->label, spec->label) != 0 ||
		    !xn_scale_parse(row->unit, spec->rule.class_, &scale))
			continue;
		scale.den *= row->divisor;
		if (best == NULL ||
		    (scale.degrees <= ret_scale->degrees &&
			(double)scale.num / (double)scale.den <
			    (double)ret_scale->num / (double)ret_scale->den)) {
			best = row;
			*ret_scale = scale;
		}
	}
	return best;
}

static int
read_labels(struct poll *poll, struct labels *labels)
{
	const struct xn_labelled *table = &poll->device->profile->labelled;
	const struct {
		uint32_t column;
		xn_snmp_take take;
	} columns[] = {
	    {table->label, take_label}, {table->unit, take_unit}, {table->divisor, take_divisor}};

	labels->column = table->table.count + 1;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct xn_oid root = table->table;
		int code;

		if (!xn_oid_add(&root, columns[i].column))
			return XN_OK;
		code = xn_snmp_walk(
		    poll->session->wire, &root, poll->deadline, columns[i].take, labels, poll->err);
		if (code < 0)
			return code;
	}
	return XN_OK;
}

static int
plan_labelled(struct poll *poll)
{
	const struct xn_profile *profile = poll->device->profile;
	struct labels *labels;
	int code;

	if (profile->labelled.table.count == 0)
		return XN_OK;
	labels = calloc(1, sizeof(*labels));
	if (labels == NULL)
		return xn_fail(poll->err, XN_ESYSTEM, "out of memory");
	code = read_labels(poll, labels);
	for (unsigned i = 0; code == XN_OK && i < profile->point_count; i++) {
		const struct xn_point_spec *spec = &profile->points[i];
		struct xn_scale scale;
		const struct label_row *row =
		    spec->from == XN_FROM_LABEL ? choose_row(labels, spec, &scale) : NULL;
		struct slot *slot;
		struct xn_oid oid;

		if (row == NULL)
			continue;
		oid = row->oid;
		oid.id[labels->column - 1] = profile->labelled.value;
		slot = add_slot(poll, spec, spec->name, &oid);
		if (slot != NULL)
			slot->rule.scale = scale;
	}
	free(labels);
	return code;
}

/* The set of readings, in the profile's order. */
static int
plan(struct poll *poll)
{
	const struct xn_profile *profile = poll->device->profile;
	int code = XN_OK;

	for (unsigned i = 0; code == XN_OK && i < profile->point_count; i++) {
		const struct xn_point_spec *spec = &profile->points[i];
		struct column column = {.poll = poll, .spec = spec};

		if (spec->from == XN_FROM_OBJECT)
			add_slot(poll, spec, spec->name, &spec->oid);
		else if (spec->from == XN_FROM_COLUMN)
			code = xn_snmp_walk(poll->session->wire, &spec->oid, poll->deadline,
			    take_row, &column, poll->err);
	}
	if (code == XN_OK)
		code = plan_labelled(poll);
	return code;
}

/* ---- reading ---- */

static void
take_reading(void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct poll *poll = to;
	struct slot *slot = &poll->session->slots[poll->first + index];
	struct xn_rule rule = slot->rule;

	(void)oid;
	poll->taken++;
	slot->missing = value->tag == XN_SNMP_NO_OBJECT || value->tag == XN_SNMP_NO_INSTANCE;
	xn_reading_take(&poll->device->readings[poll->first + index], &rule,
	    xn_snmp_number(value, &slot->rule, &rule.scale));
}

/*
 * Reads `count` slots in GETs of the profile's size; ends at the second one that gets no answer.
 * False when one got none.
 */
static bool
read_slots(struct poll *poll, unsigned count)
{
	unsigned size = poll->device->profile->objects_max;
	unsigned failures = 0;

	for (poll->first = 0; poll->first < count && failures < 2; poll->first += size) {
		unsigned some = count - poll->first < size ? count - poll->first : size;
		struct xn_oid oids[XN_SNMP_GET_MAX];

		for (unsigned i = 0; i < some; i++)
			oids[i] = poll->session->slots[poll->first + i].oid;
		if (xn_snmp_get(poll->session->wire, oids, some, poll->deadline, take_reading, poll,
			poll->err) < 0)
			failures++;
	}
	return failures == 0;
}

/* Takes out optional points that the device does not have; only right after planning. */
static void
leave_out(struct poll *poll)
{
	struct xn_device *device = poll->device;
	unsigned kept = 0;

	for (unsigned i = 0; i < device->count; i++) {
		if (poll->session->slots[i].spec->optional && poll->session->slots[i].missing)
			continue;
		if (kept != i) {
			device->readings[kept] = device->readings[i];
			poll->session->slots[kept] = poll->session->slots[i];
		}
		kept++;
	}
	device->count = kept;
}

static unsigned
slot_count(const struct xn_device *device)
{
	unsigned count = device->count;

	while (count > 0 && device->readings[count - 1].computed)
		count--;
	return count;
}

/* Recognises, plans and reads for the first time. What can be read of a broken plan is read. */
static int
first_poll(struct poll *poll)
{
	int code = recognise(poll);

	if (code < 0 || poll->device->profile == NULL)
		return code;
	code = plan(poll);
	if (read_slots(poll, poll->device->count) && code == XN_OK) {
		leave_out(poll);
		xn_device_add_sums(poll->device);
		poll->session->planned = true;
		return XN_OK;
	}
	return poll->taken > 0 ? XN_OK : XN_EUNREACHABLE;
}

static int
snmp_poll(struct xn_device *device, int deadline_ms, struct xn_error *err)
{
	struct poll poll = {
	    .device = device,
	    .session = device->session,
	    .deadline = xn_deadline_in(deadline_ms),
	    .err = err,
	};
	struct xn_oid object_id = oid_of("1.3.6.1.2.1.1.2.0");
	struct xn_oid descr = oid_of("1.3.6.1.2.1.1.1.0");
	struct identity identity;
	bool same;
	int code;

	code = ask_texts(&poll, &object_id, &descr, &identity);
	if (code < 0)
		return code;
	same = poll.session->planned && strcmp(identity.texts[0], poll.session->object_id) == 0 &&
	    strcmp(identity.texts[1], poll.session->descr) == 0;
	if (same) {
		if (device->profile != NULL)
			read_slots(&poll, slot_count(device));
		return poll.taken > 0 || device->count == 0 ? XN_OK : XN_EUNREACHABLE;
	}
	memcpy(poll.session->object_id, identity.texts[0], sizeof(identity.texts[0]));
	memcpy(poll.session->descr, identity.texts[1], sizeof(identity.texts[1]));
	return first_poll(&poll);
}

const struct xn_driver_ops xn_driver_snmp = {
    .scheme = "snmp",
    .open = snmp_open,
    .poll = snmp_poll,
    .close = snmp_close,
};
