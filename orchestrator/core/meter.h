/*
 * Meter: turns readings of one meter into booked energy (facts/energy-standards.md section 2). The
 * energy register is trusted first; watts over time fill what it cannot show yet, and stand in for
 * a meter that has none. Pure: one meter, one reading, out comes what to book.
 *
 * Invariants: (1) what is booked is never negative; (2) nothing above what `max` allows is ever
 * booked at once: a glitch, a reset or an exchanged meter never makes a spike; (3) over time the
 * booked sum follows the register exactly, at most XN_METER_AHEAD_MJ ahead of it.
 *
 * A register that falls or jumps is not believed until three readings in a row follow each other;
 * then it was reset or exchanged, and only what is sure is booked. A roll-over is believed at once
 * when the modulus is known and the step is plausible.
 */
#ifndef XN_CORE_METER_H
#define XN_CORE_METER_H

#include "orchestrator/core/core.h"

/* The coarsest register step of rack equipment, 0.1 kWh, twice: how far watts may run ahead of it.
 */
#define XN_METER_AHEAD_MJ (200 * XN_WH_MJ)

enum xn_meter_event {
	XN_METER_ROLLOVER = 1,
	XN_METER_RESET = 2,  /* the register began anew, below where it was */
	XN_METER_JUMPED = 4, /* ... above it: exchanged or set by hand */
	XN_METER_GLITCH = 8, /* a register reading was not believed */
	XN_METER_GAP = 16,   /* longer than readings may be apart */
	XN_METER_LATE = 32,  /* not after the reading before: ignored */
};

struct xn_booking {
	xn_energy energy;
	xn_energy estimated; /* of it */
	xn_duration covered;
	unsigned events;
};

struct xn_meter_reading {
	xn_instant at;
	bool has_power, has_energy;
	xn_power power;
	xn_energy energy; /* the register */
};

/*
 * Takes one reading. `gap` is how far readings may be apart for watts to be held between them. Adds
 * to meter->booked and its interval, and says in *ret_booking what it added.
 */
void xn_meter_book(struct xn_meter *meter, const struct xn_topo_meter *what,
    const struct xn_meter_reading *reading, xn_duration gap, struct xn_booking *ret_booking);

#endif
