/*
 * Modbus plan: which registers are wanted, gathered into as few reads as the device allows. Pure. A
 * range that the device refuses (exception 2: it touches a register that is not there) is split
 * once at its gaps, then into single points; what is refused alone is remembered and not asked
 * again.
 *
 * Invariants: (1) a range holds at most `limit` registers of one space; (2) every want is in
 * exactly one range unless it is dead; (3) splitting ends: a range's level only rises.
 */
#ifndef XN_DRIVERS_MODBUS_PLAN_H
#define XN_DRIVERS_MODBUS_PLAN_H

#include "drivers/modbus_codec.h"

#define XN_MODBUS_WANTS_MAX 2048

struct xn_modbus_want {
	enum xn_modbus_space space;
	uint16_t address;
	uint8_t width;
	uint8_t level; /* 0: read with neighbours over gaps, 1: without gaps, 2: alone, 3: dead */
	uint16_t values[4];
	const char *why; /* NULL: `values` are good */
};

struct xn_modbus_range {
	enum xn_modbus_space space;
	uint16_t address;
	uint16_t count;
};

struct xn_modbus_plan {
	struct xn_modbus_want wants[XN_MODBUS_WANTS_MAX];
	uint16_t order[XN_MODBUS_WANTS_MAX]; /* wants by space and address */
	unsigned count;
	unsigned limit;
	bool sorted;
	/* The range being read: wants order[first] to order[next - 1]. */
	unsigned first;
	unsigned next;
	struct xn_modbus_range range;
};

void xn_modbus_plan_clear(struct xn_modbus_plan *plan);
/* Registers one read may have. */
void xn_modbus_plan_limit(struct xn_modbus_plan *plan, unsigned registers);
/* The want's number (the same for the same registers), -1 if there is no room. */
int xn_modbus_plan_add(
    struct xn_modbus_plan *plan, enum xn_modbus_space space, uint16_t address, unsigned width);

/* One poll: start, then next and take in turn until next says false. */
void xn_modbus_plan_start(struct xn_modbus_plan *plan);
bool xn_modbus_plan_next(struct xn_modbus_plan *plan, struct xn_modbus_range *ret_range);
/* The outcome of reading the range: XN_OK, an exception code, or a negative error. */
void xn_modbus_plan_take(struct xn_modbus_plan *plan, int outcome, const uint16_t *values);

/* The registers of a want; NULL, or why they are not there. */
const char *xn_modbus_plan_value(
    const struct xn_modbus_plan *plan, int want, uint16_t *ret_registers);

#endif
