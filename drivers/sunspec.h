/*
 * SunSpec: which points the information models give, and numbers out of a model's registers: scale
 * factors and codes for "not implemented" included. Pure; offsets count from the model's ID
 * register.
 */
#ifndef XN_DRIVERS_SUNSPEC_H
#define XN_DRIVERS_SUNSPEC_H

#include "drivers/modbus_codec.h"

#define XN_SUNSPEC_COMMON     1
#define XN_SUNSPEC_END        0xffff
#define XN_SUNSPEC_MODELS_MAX 64

enum xn_sunspec_type {
	XN_SUNSPEC_U16, /* 0xffff: none */
	XN_SUNSPEC_I16, /* 0x8000: none */
	XN_SUNSPEC_ACC, /* 32 bits; 0: none */
	XN_SUNSPEC_ENUM,
	XN_SUNSPEC_F32
};

struct xn_sunspec_point {
	const char *name;
	enum xn_point_class class_;
	enum xn_sunspec_type type;
	uint8_t offset;
	uint8_t scale; /* offset of its scale factor; 0: none */
};

/* The points of a model; NULL and 0 for a model we do not read. */
const struct xn_sunspec_point *xn_sunspec_points(uint16_t model, unsigned *ret_count);

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
