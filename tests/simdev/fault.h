/*
 * Fault: what can be wrong with a simulated device, one word each. A fault lasts until it is
 * cleared, but for those that happen once. Faults of the line are made where bytes leave (snmp.c,
 * modbus.c), faults of the agent where it answers (answer.c, modbus.c), faults of values where they
 * are published (device.c).
 */
#ifndef XN_SIMDEV_FAULT_H
#define XN_SIMDEV_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum xn_fault {
	XN_FAULT_NONE,
	XN_FAULT_SILENT,
	XN_FAULT_GARBAGE,
	XN_FAULT_TRUNCATED,
	XN_FAULT_WRONG_ID,
	XN_FAULT_SLOW,
	XN_FAULT_LATE,
	XN_FAULT_LOSS,
	XN_FAULT_SENTINEL,
	XN_FAULT_NAN,
	XN_FAULT_FROZEN,
	XN_FAULT_OFF,
	XN_FAULT_RESET_ENERGY,
	XN_FAULT_WRAP_ENERGY,
	XN_FAULT_TEXT,
	XN_FAULT_NOT_AVAILABLE,
	XN_FAULT_UNPLUGGED,
	XN_FAULT_LOOP,
	XN_FAULT_STUCK,
	XN_FAULT_REFUSING,
	XN_FAULT_REFUSING_BLINDLY,
	XN_FAULT_TOO_BIG,
	XN_FAULT_NO_BULK,
	XN_FAULT_DRIBBLE,
	XN_FAULT_WRONG_UNIT,
	XN_FAULT_SHORT,
	XN_FAULT_LONG,
	XN_FAULT_EXCEPTION_0A,
	XN_FAULT_EXCEPTION_0B,
	XN_FAULT_HALF_OPEN,
	XN_FAULTS
};

struct xn_fault_kind {
	const char *word;
	bool snmp, modbus; /* whose it can be */
	unsigned usual;    /* its number where none is given; 0: it takes none */
	const char *does;
};

extern const struct xn_fault_kind xn_faults[XN_FAULTS];

/* XN_FAULTS if there is no such word. */
enum xn_fault xn_fault_named(const char *word);

/* How simdev is called, its control commands and every fault; cut to `size`. */
void xn_fault_help(char *ret_text, size_t size);

#endif
