#include "drivers/modbus_register.h"

#include <fnmatch.h>
#include <math.h>
#include <stddef.h>

#define EXPONENT_MAX 12

unsigned
xn_modbus_register_width(const struct xn_modbus_register *at)
{
	bool bits = at->space == XN_MODBUS_COIL || at->space == XN_MODBUS_DISCRETE;

	return bits || at->bit_count > 0 ? 1 : xn_modbus_width(at->type);
}

unsigned
xn_modbus_marker_width(const struct xn_modbus_marker *marker)
{
	return marker->text != NULL ? marker->registers : xn_modbus_register_width(&marker->at);
}

struct xn_raw
xn_modbus_register_number(const struct xn_modbus_register *at, const uint16_t *registers)
{
	if (at->bit_count > 0)
		return xn_modbus_bits(registers[0], at->first_bit, at->bit_count);
	return xn_modbus_number(at->type, at->order, registers);
}

static bool
is_one_of(const struct xn_modbus_marker *marker, struct xn_raw raw)
{
	double value = raw.kind == XN_RAW_INTEGER ? (double)raw.integer : raw.real;

	for (unsigned i = 0; i < marker->is_count; i++) {
		if (value >= (double)marker->is[i].least && value <= (double)marker->is[i].most)
			return value == rint(value);
	}
	return marker->is_count == 0;
}

bool
xn_modbus_marker_holds(const struct xn_modbus_marker *marker, const uint16_t *registers)
{
	char text[2 * XN_MODBUS_TEXT_MAX + 1];
	struct xn_raw raw;

	if (marker->text != NULL) {
		xn_modbus_text(registers, marker->registers, text, sizeof(text));
		return fnmatch(marker->text, text, FNM_CASEFOLD) == 0;
	}
	if (marker->is_count == 0)
		return true;
	raw = xn_modbus_register_number(&marker->at, registers);
	return raw.kind != XN_RAW_NONE && is_one_of(marker, raw);
}

/* Multiplies the scale by 10^exponent. */
static void
shift(struct xn_scale *scale, int64_t exponent)
{
	for (; exponent > 0 && scale->den % 10 == 0; exponent--)
		scale->den /= 10;
	for (; exponent > 0; exponent--)
		scale->num *= 10;
	for (; exponent < 0 && scale->num % 10 == 0; exponent++)
		scale->num /= 10;
	for (; exponent < 0; exponent++)
		scale->den *= 10;
}

const char *
xn_modbus_scale(enum xn_modbus_scaling scaling, struct xn_raw factor, struct xn_rule *rule)
{
	int64_t n = factor.integer;

	if (factor.kind != XN_RAW_INTEGER)
		return factor.why != NULL ? factor.why : "no scale";
	switch (scaling) {
	case XN_MODBUS_EXPONENT:
	case XN_MODBUS_DIGITS:
		if (n < -EXPONENT_MAX || n > EXPONENT_MAX)
			return "scale factor out of range";
		shift(&rule->scale, scaling == XN_MODBUS_EXPONENT ? n : -n);
		return NULL;
	case XN_MODBUS_DIVISOR:
	case XN_MODBUS_FACTOR:
		if (n < 1 || n > 1000000)
			return "scale factor out of range";
		if (scaling == XN_MODBUS_DIVISOR)
			rule->scale.den *= n;
		else
			rule->scale.num *= n;
		return NULL;
	}
	return "no scale";
}

const struct xn_modbus_span *
xn_modbus_span_of(const struct xn_modbus_source *source, struct xn_raw code)
{
	for (unsigned i = 0; code.kind == XN_RAW_INTEGER && i < source->span_count; i++) {
		if (source->spans[i].code == code.integer)
			return &source->spans[i];
	}
	return NULL;
}

struct xn_raw
xn_modbus_span_number(const struct xn_modbus_span *span, struct xn_raw number)
{
	if (span == NULL)
		return (struct xn_raw){.why = "something else is measured here"};
	if (number.kind != XN_RAW_INTEGER)
		return number;
	return (struct xn_raw){.kind = XN_RAW_REAL,
	    .real = span->least + (double)number.integer / 65535 * (span->most - span->least)};
}

const char *
xn_modbus_space_word(enum xn_modbus_space space)
{
	switch (space) {
	case XN_MODBUS_HOLDING: return "holding";
	case XN_MODBUS_INPUT: return "input";
	case XN_MODBUS_COIL: return "coil";
	case XN_MODBUS_DISCRETE: return "discrete";
	}
	return "";
}
