/*
 * Modbus plan: which registers are wanted, gathered into as few reads as the device allows. Pure. A
 * range that the device refuses (it touches a register that is not there, or is too long for it) is
 * halved, at its widest gap if it has one, until the want that is refused alone is found; that one
 * is remembered and not asked again, and its neighbours are read together again. Where it does not
 * know the function, all of the range is.
 *
 * Invariants: (1) a range holds at most `limit` registers of one space; (2) every want is in
 * exactly one range unless it is dead; (3) halving ends: each refusal splits a range or kills a
 * want.
 */
#ifndef XN_DRIVERS_MODBUS_PLAN_H
#define XN_DRIVERS_MODBUS_PLAN_H

#include "drivers/modbus_codec.h"

#define XN_MODBUS_WANTS_MAX 2048
#define XN_MODBUS_GAP       8 /* registers nobody wants, read along to save a request */

struct xn_modbus_want {
	enum xn_modbus_space space;
	uint16_t address;
	uint8_t width;
	bool dead;   /* refused, or not wanted any more */
	bool apart;  /* never in one read with the want before it: a hole may lie between */
	bool halved; /* the same for now, while a hole is being looked for */
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
	unsigned gap;
	bool sorted;
	bool died; /* a want, since the poll began: halves can grow together again */
	/* The range being read: wants order[first] to order[next - 1]. */
	unsigned first;
	unsigned next;
	struct xn_modbus_range range;
};

void xn_modbus_plan_clear(struct xn_modbus_plan *plan);
/* Registers one read may have, and how many unwanted ones may lie between two wanted. */
void xn_modbus_plan_limit(struct xn_modbus_plan *plan, unsigned registers, unsigned gap);
/* The want's number (the same for the same registers), -1 if there is no room. */
int xn_modbus_plan_add(
    struct xn_modbus_plan *plan, enum xn_modbus_space space, uint16_t address, unsigned width);

/* Wants that are not among these are not read any more. */
void xn_modbus_plan_keep(struct xn_modbus_plan *plan, const bool kept[XN_MODBUS_WANTS_MAX]);
/* Whether the device has refused it. */
bool xn_modbus_plan_refused(const struct xn_modbus_plan *plan, int want);

/* One poll: start, then next and take in turn until next says false. */
void xn_modbus_plan_start(struct xn_modbus_plan *plan);
bool xn_modbus_plan_next(struct xn_modbus_plan *plan, struct xn_modbus_range *ret_range);
/* The outcome of reading the range: XN_OK, an exception code, or a negative error. */
void xn_modbus_plan_take(struct xn_modbus_plan *plan, int outcome, const uint16_t *values);

/* The registers of a want; NULL, or why they are not there. */
const char *xn_modbus_plan_value(
    const struct xn_modbus_plan *plan, int want, uint16_t *ret_registers);

#endif
