/*
 * Modbus registers as profiles speak of them: where a number stands and how, what must stand
 * somewhere else, and numbers out of what was read. Pure.
 */
#ifndef XN_DRIVERS_MODBUS_REGISTER_H
#define XN_DRIVERS_MODBUS_REGISTER_H

#include "drivers/modbus_codec.h"

#define XN_MODBUS_TEXT_MAX 32 /* registers of a text */

struct xn_modbus_register {
	enum xn_modbus_space space;
	uint16_t address;
	enum xn_modbus_type type;
	enum xn_modbus_order order;
	uint8_t first_bit; /* 0: the lowest */
	uint8_t bit_count; /* of 16 bits; 0: all of it */
};

/* What must stand somewhere: a text that fits a pattern, a number, or anything at all. */
struct xn_modbus_marker {
	struct xn_modbus_register at;
	const char *text;  /* as of fnmatch(3), case does not matter; NULL: no text */
	uint8_t registers; /* of the text */
	const struct xn_range *is;
	unsigned is_count; /* 0: any number */
};

/* How one register scales another. */
enum xn_modbus_scaling {
	XN_MODBUS_EXPONENT, /* value * 10^n */
	XN_MODBUS_DIGITS,   /* value / 10^n */
	XN_MODBUS_DIVISOR,  /* value / n */
	XN_MODBUS_FACTOR,   /* value * n */
};

/* 0 to 65535 is `least` to `most` of the point's class where another register holds `code`. */
struct xn_modbus_span {
	int64_t code;
	double least;
	double most;
};

/* Where a point's reading comes from. */
struct xn_modbus_source {
	struct xn_modbus_register at;
	const struct xn_modbus_marker *valid;   /* NULL: always */
	const struct xn_modbus_register *scale; /* NULL: none */
	enum xn_modbus_scaling scaling;
	const struct xn_modbus_register *span; /* NULL: none */
	const struct xn_modbus_span *spans;
	unsigned span_count;
};

/* Registers (or bits) to read for it. */
unsigned xn_modbus_register_width(const struct xn_modbus_register *at);
unsigned xn_modbus_marker_width(const struct xn_modbus_marker *marker);

/* The number, out of those. */
struct xn_raw xn_modbus_register_number(
    const struct xn_modbus_register *at, const uint16_t *registers);

bool xn_modbus_marker_holds(const struct xn_modbus_marker *marker, const uint16_t *registers);

/* Puts what the scaling register says into the rule's scale; NULL, or why that is impossible. */
const char *xn_modbus_scale(
    enum xn_modbus_scaling scaling, struct xn_raw factor, struct xn_rule *rule);

/* The span a code names; NULL: the point is not what is measured there. */
const struct xn_modbus_span *xn_modbus_span_of(
    const struct xn_modbus_source *source, struct xn_raw code);

/* The number in the class's own unit. */
struct xn_raw xn_modbus_span_number(const struct xn_modbus_span *span, struct xn_raw number);

/* "holding", "input", "coil", "discrete". */
const char *xn_modbus_space_word(enum xn_modbus_space space);

#endif
