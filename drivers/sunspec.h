/*
 * SunSpec: which points the information models give, and numbers out of a model's registers: scale
 * factors and codes for "not implemented" included. Pure. sunspec_models.c holds the table; offsets
 * count from the model's ID register, as in the published models, against which a test checks every
 * row.
 */
#ifndef XN_DRIVERS_SUNSPEC_H
#define XN_DRIVERS_SUNSPEC_H

#include "drivers/modbus_codec.h"

#define XN_SUNSPEC_COMMON     1
#define XN_SUNSPEC_END        0xffff
#define XN_SUNSPEC_MODELS_MAX 64

enum xn_sunspec_type {
	XN_SUNSPEC_U16, /* all ones: none; likewise the wider ones */
	XN_SUNSPEC_I16, /* only the sign bit: none; likewise the wider ones */
	XN_SUNSPEC_U32,
	XN_SUNSPEC_I32,
	XN_SUNSPEC_U64,
	XN_SUNSPEC_ACC32, /* accumulators; 0: none */
	XN_SUNSPEC_ACC64,
	XN_SUNSPEC_ENUM16, /* all ones: none */
	XN_SUNSPEC_BITS16, /* the highest bit set: none */
	XN_SUNSPEC_BITS32,
	XN_SUNSPEC_F32 /* NaN: none */
};

struct xn_sunspec_point {
	const char *name; /* in a repeating group: "{n}" is the group's number, from 1 */
	enum xn_point_class class_;
	enum xn_sunspec_type type;
	uint8_t offset;  /* in a repeating group: in its first instance */
	uint8_t scale;   /* offset of its scale factor; 0: none */
	int8_t exponent; /* a power of ten the model fixes */
	const struct xn_word *words;
	unsigned word_count;
};

/* Models of one shape; a repeating group of `stride` registers begins at `group` (stride 0: none).
 */
struct xn_sunspec_model {
	uint16_t first;
	uint16_t last;
	uint8_t group;
	uint8_t stride;
	const struct xn_sunspec_point *points;
	unsigned count;
};

/* NULL for a model we do not read. */
const struct xn_sunspec_model *xn_sunspec_model(uint16_t id);

/* How often a point stands in a model that says it is `length` registers long: 0 in an older,
 * shorter form. */
unsigned xn_sunspec_instances(
    const struct xn_sunspec_model *model, const struct xn_sunspec_point *point, unsigned length);

/* Registers a point takes. */
unsigned xn_sunspec_width(const struct xn_sunspec_point *point);

/* How to judge it: the class's own unit, the words of a state. */
void xn_sunspec_rule(const struct xn_sunspec_point *point, struct xn_rule *ret_rule);

/*
 * The number in `value` (the point's registers) with scale factor `scale` (as it stood; anything
 * when the point has none). Puts the factor into the rule.
 */
struct xn_raw xn_sunspec_number(const struct xn_sunspec_point *point, const uint16_t *value,
    uint16_t scale, struct xn_rule *rule);

#endif
