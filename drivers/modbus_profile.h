/*
 * Modbus profile: reads what a profile says of registers (xanh-profile(5)), for profile.c (the
 * family) and profile_point.c (its points).
 */
#ifndef XN_DRIVERS_MODBUS_PROFILE_H
#define XN_DRIVERS_MODBUS_PROFILE_H

#include "drivers/modbus_register.h"
#include "drivers/modbus_wire.h"

struct xn_match;
struct xn_point_spec;
struct xn_profile_reader;
struct xn_yaml;

/* A number of the model's register and its name. */
struct xn_modbus_model_word {
	int64_t value;
	const char *text;
};

/* What is the same for all points of a family. */
struct xn_modbus_family {
	struct xn_modbus_limits limits;
	unsigned registers_max; /* of one read */
	unsigned gap;           /* registers nobody wants between two wanted, in one read */
	bool either;            /* functions 3 and 4 give the same; some gateways know one only */
	bool has_model;
	struct xn_modbus_register
	    model; /* a text of up to `model_registers`, or a number with words */
	unsigned model_registers;
	const struct xn_modbus_model_word *model_words;
	unsigned model_word_count;
};

/* The family of a Modbus profile's root: model, limits, either. */
const struct xn_modbus_family *xn_modbus_profile_family(
    struct xn_profile_reader *in, const struct xn_yaml *root);

/* One way to recognise a device: a register, or a list of which all must hold. */
void xn_modbus_profile_match(
    struct xn_profile_reader *in, const struct xn_yaml *item, struct xn_match *match);

/* A point's source, if it is a register or bit; its class must be known. */
void xn_modbus_profile_point(
    struct xn_profile_reader *in, const struct xn_yaml *point, struct xn_point_spec *spec);

#endif
