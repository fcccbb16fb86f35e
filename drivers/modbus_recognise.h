/*
 * Modbus recognise: which profile fits what stands in a device's registers, whether it has a list
 * of SunSpec models, and what it calls itself. Every register is asked for once, and nothing more
 * of a way of which one marker failed. The way with most markers wins; if ways of two profiles are
 * equal, none does.
 *
 * A device must answer the first question. After that, silence means that nothing is there; after
 * three no more questions are asked, since each costs a second. What was seen when the time was up
 * is kept, and the next poll goes on from there.
 */
#ifndef XN_DRIVERS_MODBUS_RECOGNISE_H
#define XN_DRIVERS_MODBUS_RECOGNISE_H

#include "drivers/modbus_wire.h"
#include "drivers/profiles.h"

#define XN_MODBUS_SEEN_MAX 256

struct xn_modbus_look {
	struct xn_modbus *wire;
	struct xn_modbus_limits limits;
	int64_t deadline;
	bool answered;
	unsigned silences;
	struct {
		enum xn_modbus_space space;
		uint16_t address;
		uint16_t count;
		bool there;
		uint16_t values[XN_MODBUS_TEXT_MAX];
	} seen[XN_MODBUS_SEEN_MAX];
	unsigned seen_count;
};

struct xn_modbus_finding {
	int profile; /* its number; -1: none */
	const struct xn_match *match;
	int rival; /* another profile that fits as well; -1: none, and then so is `profile` */
};

/* `profile`: the one it is said to have; NULL: nothing is known. */
void xn_modbus_look_begin(
    struct xn_modbus_look *look, struct xn_modbus *wire, const struct xn_profile *profile);

/* XN_EUNREACHABLE: no answer at all. */
int xn_modbus_recognise(struct xn_modbus_look *look, const struct xn_profiles *profiles,
    struct xn_modbus_finding *ret_finding, struct xn_error *err);

/* Whether all markers of the way hold. */
int xn_modbus_fits(struct xn_modbus_look *look, const struct xn_match *match, bool either,
    bool *ret_fits, struct xn_error *err);

/* Where "SunS" stands: at the base the URL names, or at one of the usual places. */
int xn_modbus_find_sunspec(struct xn_modbus_look *look, const struct xn_url *url,
    uint16_t *ret_base, bool *ret_there, struct xn_error *err);

#define XN_MODBUS_NAME_SIZE 64

struct xn_modbus_names {
	char vendor[XN_MODBUS_NAME_SIZE];
	char model[XN_MODBUS_NAME_SIZE];
};

/* What the device calls itself: by its profile, or by the SunSpec block "common" behind `base`. */
int xn_modbus_read_names(struct xn_modbus_look *look, const struct xn_profile *profile,
    uint16_t base, struct xn_modbus_names *ret_names, struct xn_error *err);

#endif
