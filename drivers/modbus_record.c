#include "drivers/modbus_record.h"

#include <string.h>

#include "drivers/hub.h"
#include "drivers/modbus_recording.h"

#define DEADLINE_MS  (20 * 60 * 1000)
#define BLOCK        125
#define STEP         16 /* a refused block is halved until it is no wider */
#define SILENCES_MAX 3
#define ADDRESSES    65536

struct record {
	struct xn_modbus *wire;
	struct xn_modbus_recording *recording;
	void (*progress)(unsigned registers);
	unsigned count;
	int64_t deadline;
	unsigned silences;                 /* in a row */
	bool answered;                     /* ever */
	bool unknown[XN_MODBUS_INPUT + 1]; /* functions the device does not know */
	struct xn_error err;
};

static bool
gave_up(const struct record *record)
{
	return record->silences >= SILENCES_MAX || (!record->answered && record->silences > 0);
}

/* Reads a range that was not read before; false when it was refused. */
static bool
read_range(struct record *record, enum xn_modbus_space space, unsigned address, unsigned count)
{
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	int code;

	if (gave_up(record) || record->unknown[space])
		return true; /* no reason to halve it */
	code = xn_modbus_read(record->wire, space, (uint16_t)address, (uint16_t)count,
	    record->deadline, values, &record->err);
	record->answered = record->answered || code >= 0;
	record->silences = code < 0 ? record->silences + 1 : 0;
	record->unknown[space] = code == 1;
	for (unsigned i = 0; code == XN_OK && i < count; i++) {
		record->count += !xn_modbus_recording_has(record->recording, space, address + i);
		xn_modbus_recording_put(
		    record->recording, space, (uint16_t)(address + i), values[i]);
	}
	return code <= 1;
}

/* In halves where it is refused, down to a step. */
static void
read_halves(struct record *record, enum xn_modbus_space space, unsigned address, unsigned count)
{
	if (read_range(record, space, address, count) || count <= STEP)
		return;
	read_halves(record, space, address, count / 2);
	read_halves(record, space, address + count / 2, count - count / 2);
}

static void
scan(struct record *record, enum xn_modbus_space space)
{
	for (unsigned at = 0; at < ADDRESSES && !gave_up(record); at += BLOCK) {
		unsigned rest = ADDRESSES - at;

		read_halves(record, space, at, rest < BLOCK ? rest : BLOCK);
		if (record->progress != NULL)
			record->progress(record->count);
	}
}

/* From the edges of what was found outward, one by one. */
static void
widen(struct record *record, enum xn_modbus_space space)
{
	const struct xn_modbus_recording *recording = record->recording;

	for (unsigned at = 1; at < ADDRESSES; at++) {
		if (xn_modbus_recording_has(recording, space, at - 1) &&
		    !xn_modbus_recording_has(recording, space, at))
			read_range(record, space, at, 1);
	}
	for (unsigned at = ADDRESSES - 1; at > 0; at--) {
		if (xn_modbus_recording_has(recording, space, at) &&
		    !xn_modbus_recording_has(recording, space, at - 1))
			read_range(record, space, at - 1, 1);
	}
}

static void
read_place(struct record *record, const struct xn_modbus_register *at, unsigned width)
{
	uint16_t values[XN_MODBUS_REGISTERS_MAX];

	if (xn_modbus_recording_read(
		record->recording, at->space, at->address, (uint16_t)width, values) != XN_OK)
		read_range(record, at->space, at->address, width);
}

/* What a point is read from. */
static void
read_source(struct record *record, const struct xn_modbus_source *source)
{
	const struct xn_modbus_register *others[] = {&source->at, source->scale, source->span,
	    source->valid != NULL ? &source->valid->at : NULL};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i] != NULL)
			read_place(record, others[i], xn_modbus_register_width(others[i]));
	}
}

/* Whether all places of one of the profile's ways answer, and hold. */
static bool
look_for(struct record *record, const struct xn_profile *head)
{
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	bool found = false;

	for (unsigned i = 0; i < head->match_count; i++) {
		const struct xn_match *match = &head->matches[i];
		bool holds = match->marker_count > 0;

		for (unsigned k = 0; k < match->marker_count && holds; k++) {
			const struct xn_modbus_marker *marker = &match->markers[k];
			unsigned width = xn_modbus_marker_width(marker);

			read_place(record, &marker->at, width);
			holds = xn_modbus_recording_read(record->recording, marker->at.space,
				    marker->at.address, (uint16_t)width, values) == XN_OK &&
			    xn_modbus_marker_holds(marker, values);
		}
		found = found || holds;
	}
	return found;
}

/* Places that are too narrow to be found by steps, of the profiles that fit. */
static void
read_known(struct record *record, struct xn_profiles *profiles)
{
	const struct xn_oid nothing = {.count = 0};

	for (unsigned i = 0; i < profiles->count; i++) {
		const struct xn_profile *profile = profiles->heads[i];

		if (profile->registers == NULL || !look_for(record, profile))
			continue;
		if (profile->registers->has_model)
			read_place(record, &profile->registers->model,
			    profile->registers->model_word_count > 0
				? xn_modbus_register_width(&profile->registers->model)
				: profile->registers->model_registers);
		profile = xn_profiles_use(profiles, i, &nothing, NULL);
		for (unsigned k = 0; profile != NULL && k < profile->point_count; k++) {
			if (profile->points[k].from == XN_FROM_REGISTER)
				read_source(record, profile->points[k].registers);
		}
	}
}

static int
record_all(struct record *record, struct xn_profiles *profiles, FILE *out, unsigned *ret_registers,
    struct xn_error *err)
{
	static const enum xn_modbus_space spaces[] = {
	    XN_MODBUS_HOLDING, XN_MODBUS_INPUT, XN_MODBUS_COIL, XN_MODBUS_DISCRETE};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		scan(record, spaces[i]);
		widen(record, spaces[i]);
	}
	read_known(record, profiles);
	*ret_registers = 0;
	if (!record->answered)
		return xn_fail(err, XN_EUNREACHABLE, "%s", record->err.text);
	*ret_registers = xn_modbus_recording_write(record->recording, out);
	if (gave_up(record))
		return xn_fail(err, XN_EDEVICE, "fell silent: %s", record->err.text);
	return XN_OK;
}

int
xn_modbus_record(const char *text, struct xn_profiles *profiles, FILE *out,
    void (*progress)(unsigned registers), unsigned *ret_registers, struct xn_error *err)
{
	struct record record = {.progress = progress, .deadline = xn_deadline_in(DEADLINE_MS)};
	struct xn_url url;
	int code = xn_url_parse(text, &url, err);

	if (code == XN_OK)
		code = xn_modbus_open(&record.wire, &url, err);
	if (code < 0)
		return code;
	record.recording = xn_modbus_recording_new();
	code = record.recording != NULL ? record_all(&record, profiles, out, ret_registers, err)
					: xn_fail(err, XN_ESYSTEM, "out of memory");
	xn_modbus_recording_free(record.recording);
	xn_modbus_close(record.wire);
	return code;
}
