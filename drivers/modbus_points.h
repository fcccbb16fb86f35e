/*
 * Modbus points: which registers a device's readings come from, and the readings out of what a
 * plan has read. Of a profile: a point that the device has never had is left out if it is optional,
 * and of several with one name the first that is there is meant. Of SunSpec: the points of the
 * models in the device's list, and where each model must stand.
 *
 * What a layout keeps of them (struct xn_modbus_reads) is read-only, and shared with it.
 */
#ifndef XN_DRIVERS_MODBUS_POINTS_H
#define XN_DRIVERS_MODBUS_POINTS_H

#include "drivers/device.h"
#include "drivers/modbus_plan.h"
#include "drivers/sunspec.h"

#define XN_MODBUS_NO_WANT (-2)

/* How the reading of the same index is read: wants of the plan. */
struct xn_modbus_read {
	const struct xn_modbus_source *source;  /* of a profile */
	const struct xn_sunspec_point *sunspec; /* of a model */
	int value;
	int valid; /* XN_MODBUS_NO_WANT: none, like the following */
	int scale;
	int span;
};

/* What stands at the head of a SunSpec model. */
struct xn_modbus_head {
	int want;
	uint16_t model;
	uint16_t length;
};

struct xn_modbus_reads {
	const struct xn_modbus_read *points;
	unsigned count;
	const struct xn_modbus_head *heads;
	unsigned head_count;
};

/* A point that may become a reading. */
struct xn_modbus_candidate {
	char name[XN_POINT_NAME_SIZE];
	const struct xn_rule *rule; /* of a profile */
	bool optional;
	enum xn_modbus_space space;
	uint16_t address;
	struct xn_modbus_read read;
};

/* While a device is being recognised; `plan` is filled with what they want. */
struct xn_modbus_points {
	struct xn_modbus_plan *plan;
	struct xn_modbus_candidate *rows;
	unsigned count;
	struct xn_modbus_head heads[XN_SUNSPEC_MODELS_MAX];
	unsigned head_count;
};

/* False: out of memory. */
bool xn_modbus_points_begin(struct xn_modbus_points *points, struct xn_modbus_plan *plan);
void xn_modbus_points_end(struct xn_modbus_points *points);

/* Those of a profile; with `flipped`, input registers for holding registers and the other way. */
void xn_modbus_points_of_profile(
    struct xn_modbus_points *points, const struct xn_profile *profile, bool flipped);

/* Those of a model that stands at an address. */
void xn_modbus_points_of_model(
    struct xn_modbus_points *points, uint16_t model, uint16_t address, uint16_t length);

/* The layout of those that are there, as far as the plan has read; NULL: out of memory. */
struct xn_layout *xn_modbus_points_lay_out(
    const struct xn_modbus_points *points, const struct xn_profile *profile);

/* Readings out of what the plan has read. False if a model does not stand where it stood: then
 * nothing is taken, and the device must be recognised anew. */
bool xn_modbus_points_take(struct xn_device *device, const struct xn_modbus_plan *plan);

#endif
