#include "drivers/modbus_recognise.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "drivers/hub.h"
#include "drivers/sunspec.h"

#define SILENCES_MAX 3
#define LOOK_MS      1000

void
xn_modbus_look_begin(
    struct xn_modbus_look *look, struct xn_modbus *wire, const struct xn_profile *profile)
{
	look->limits = (struct xn_modbus_limits){.timeout_ms = 0};
	if (profile != NULL)
		look->limits = profile->registers->limits;
	xn_modbus_limit(wire, &look->limits);
	if (profile == NULL)
		look->limits.timeout_ms = LOOK_MS;
	look->wire = wire;
	look->answered = false;
	look->silences = 0;
	look->seen_count = 0;
}

static const uint16_t *
find_seen(const struct xn_modbus_look *look, enum xn_modbus_space space, uint16_t address,
    uint16_t count, bool *ret_known)
{
	for (unsigned i = 0; i < look->seen_count; i++) {
		if (look->seen[i].space == space && look->seen[i].address == address &&
		    look->seen[i].count == count) {
			*ret_known = true;
			return look->seen[i].there ? look->seen[i].values : NULL;
		}
	}
	*ret_known = false;
	return NULL;
}

/* Asks; a refusal, and silence after an answer, mean that nothing is there. */
static int
ask(struct xn_modbus_look *look, enum xn_modbus_space space, uint16_t address, uint16_t count,
    uint16_t values[XN_MODBUS_REGISTERS_MAX], bool *ret_there, struct xn_error *err)
{
	struct xn_error own = {.code = XN_OK};
	int code;

	*ret_there = false;
	if (look->silences == SILENCES_MAX)
		return XN_OK;
	code = xn_modbus_read(look->wire, space, address, count, look->deadline, values, &own);
	if (code < 0 && (!look->answered || xn_deadline_left(look->deadline) == 0))
		return xn_fail(err, own.code, "%s", own.text);
	look->silences += code < 0;
	if (code >= 0 && !look->answered) {
		look->answered = true;
		xn_modbus_limit(look->wire, &look->limits);
	}
	*ret_there = code == XN_OK;
	return XN_OK;
}

/* What stands there, asked for at most once; NULL in `ret_values`: nothing. */
static int
look_at(struct xn_modbus_look *look, enum xn_modbus_space space, uint16_t address, uint16_t count,
    const uint16_t **ret_values, struct xn_error *err)
{
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	bool known;
	bool there;
	unsigned at;
	int code;

	assert(count >= 1 && count <= XN_MODBUS_TEXT_MAX && address + count <= 65536);
	*ret_values = find_seen(look, space, address, count, &known);
	if (known || look->seen_count == XN_MODBUS_SEEN_MAX)
		return XN_OK;
	code = ask(look, space, address, count, values, &there, err);
	if (code < 0)
		return code;
	at = look->seen_count++;
	look->seen[at].space = space;
	look->seen[at].address = address;
	look->seen[at].count = count;
	look->seen[at].there = there;
	if (there) {
		memcpy(look->seen[at].values, values, count * sizeof(values[0]));
		*ret_values = look->seen[at].values;
	}
	return XN_OK;
}

/* The same with the other function where the first gives nothing and both mean the same. */
static int
look_either(struct xn_modbus_look *look, const struct xn_modbus_register *at, unsigned count,
    bool either, const uint16_t **ret_values, struct xn_error *err)
{
	bool registers = at->space == XN_MODBUS_HOLDING || at->space == XN_MODBUS_INPUT;
	int code = look_at(look, at->space, at->address, (uint16_t)count, ret_values, err);

	if (code < 0 || *ret_values != NULL || !either || !registers)
		return code;
	return look_at(look, at->space == XN_MODBUS_HOLDING ? XN_MODBUS_INPUT : XN_MODBUS_HOLDING,
	    at->address, (uint16_t)count, ret_values, err);
}

int
xn_modbus_fits(struct xn_modbus_look *look, const struct xn_match *match, bool either,
    bool *ret_fits, struct xn_error *err)
{
	*ret_fits = match->marker_count > 0;
	for (unsigned i = 0; i < match->marker_count && *ret_fits; i++) {
		const struct xn_modbus_marker *marker = &match->markers[i];
		const uint16_t *values;
		int code = look_either(
		    look, &marker->at, xn_modbus_marker_width(marker), either, &values, err);

		if (code < 0)
			return code;
		*ret_fits = values != NULL && xn_modbus_marker_holds(marker, values);
	}
	return XN_OK;
}

/* A way that fits: better than what was found, as good, or neither. */
static void
weigh(struct xn_modbus_finding *finding, int profile, const struct xn_match *match)
{
	unsigned best = finding->match != NULL ? finding->match->marker_count : 0;

	if (match->marker_count > best) {
		*finding =
		    (struct xn_modbus_finding){.profile = profile, .match = match, .rival = -1};
	} else if (match->marker_count == best && finding->profile != profile) {
		finding->rival = profile;
	}
}

int
xn_modbus_recognise(struct xn_modbus_look *look, const struct xn_profiles *profiles,
    struct xn_modbus_finding *ret_finding, struct xn_error *err)
{
	*ret_finding = (struct xn_modbus_finding){.profile = -1, .rival = -1};
	for (unsigned i = 0; i < profiles->count; i++) {
		const struct xn_profile *profile = profiles->heads[i];

		for (unsigned k = 0; profile->registers != NULL && k < profile->match_count; k++) {
			bool fits;
			int code = xn_modbus_fits(
			    look, &profile->matches[k], profile->registers->either, &fits, err);

			if (code < 0)
				return code;
			if (fits)
				weigh(ret_finding, (int)i, &profile->matches[k]);
		}
	}
	return XN_OK;
}

int
xn_modbus_find_sunspec(struct xn_modbus_look *look, const struct xn_url *url, uint16_t *ret_base,
    bool *ret_there, struct xn_error *err)
{
	static const uint16_t places[] = {40000, 50000, 0, 1000, 4096, 30000};
	unsigned count = url->has_base ? 1 : sizeof(places) / sizeof(places[0]);

	*ret_there = false;
	for (unsigned i = 0; i < count && !*ret_there; i++) {
		uint16_t base = url->has_base ? url->base : places[i];
		const uint16_t *mark;
		int code;

		if (base > 65535 - 4)
			break;
		code = look_at(look, XN_MODBUS_HOLDING, base, 2, &mark, err);
		if (code < 0)
			return code;
		*ret_there = mark != NULL && mark[0] == 0x5375 && mark[1] == 0x6e53;
		*ret_base = base;
	}
	return XN_OK;
}

/* ---- names ---- */

/* A text whose length is not known: devices refuse what reaches beyond it. */
static int
read_text(struct xn_modbus_look *look, const struct xn_modbus_family *family, char *ret_text,
    struct xn_error *err)
{
	for (unsigned count = family->model_registers; count > 0; count /= 2) {
		const uint16_t *values;
		int code = look_either(look, &family->model, count, family->either, &values, err);

		if (code < 0)
			return code;
		if (values != NULL) {
			xn_modbus_text(values, count, ret_text, XN_MODBUS_NAME_SIZE);
			return XN_OK;
		}
	}
	return XN_OK;
}

/* The word of a number. */
static int
read_word(struct xn_modbus_look *look, const struct xn_modbus_family *family, char *ret_text,
    struct xn_error *err)
{
	const uint16_t *values;
	struct xn_raw raw;
	int code = look_either(look, &family->model, xn_modbus_register_width(&family->model),
	    family->either, &values, err);

	if (code < 0 || values == NULL)
		return code;
	raw = xn_modbus_register_number(&family->model, values);
	for (unsigned i = 0; i < family->model_word_count; i++) {
		if (raw.kind == XN_RAW_INTEGER && family->model_words[i].value == raw.integer)
			snprintf(ret_text, XN_MODBUS_NAME_SIZE, "%s", family->model_words[i].text);
	}
	return XN_OK;
}

/* Maker and model out of the block "common", which comes first: 16 registers each. */
static int
read_common(
    struct xn_modbus_look *look, uint16_t base, struct xn_modbus_names *names, struct xn_error *err)
{
	const uint16_t *values;
	int code = look_at(look, XN_MODBUS_HOLDING, (uint16_t)(base + 2), 1, &values, err);

	if (code < 0 || values == NULL || values[0] != XN_SUNSPEC_COMMON || base > 65535 - 36)
		return code;
	code = look_at(look, XN_MODBUS_HOLDING, (uint16_t)(base + 4), 32, &values, err);
	if (code < 0 || values == NULL)
		return code;
	xn_modbus_text(values, 16, names->vendor, sizeof(names->vendor));
	xn_modbus_text(values + 16, 16, names->model, sizeof(names->model));
	return XN_OK;
}

int
xn_modbus_read_names(struct xn_modbus_look *look, const struct xn_profile *profile, uint16_t base,
    struct xn_modbus_names *ret_names, struct xn_error *err)
{
	const struct xn_modbus_family *family = profile->registers;

	ret_names->model[0] = '\0';
	snprintf(ret_names->vendor, sizeof(ret_names->vendor), "%s", profile->vendor);
	if (profile->sunspec)
		return read_common(look, base, ret_names, err);
	if (!family->has_model)
		return XN_OK;
	if (family->model_word_count > 0)
		return read_word(look, family, ret_names->model, err);
	return read_text(look, family, ret_names->model, err);
}
