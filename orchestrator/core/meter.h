/*
 * Meter: turns the readings of one meter into pieces of booked energy (facts/energy-standards.md
 * section 2). The energy register is trusted first; watts over time stand in for a meter that has
 * none, fill what is lost when a register begins anew, and show that a register stands still. Pure:
 * one reading in, pieces out.
 *
 * Invariants: (1) a piece is never negative; (2) nothing above what `max` allows is booked: a
 * glitch, a reset or an exchanged meter never makes a spike; (3) over time the sum of the pieces
 * follows the register exactly, at most `ahead` before it; (4) energy that no register counted is
 * ESTIMATED or was integrated from watts that were read.
 *
 * A register that falls or jumps is not believed until three readings in a row follow each other;
 * then it was reset or exchanged, and only what is sure is booked. A roll-over is believed at once
 * when the modulus is known and the step is plausible.
 */
#ifndef XN_CORE_METER_H
#define XN_CORE_METER_H

#include "common/units.h"
#include "orchestrator/core/action.h"

/* A register in millijoules; 2^64 counts of 100 Wh do not fit in 64 bits. */
__extension__ typedef __int128 xn_register;

enum xn_meter_event {
	XN_METER_ROLLOVER = 1,
	XN_METER_RESET = 2,       /* the register began anew, below where it was */
	XN_METER_REPLACED = 4,    /* ... anywhere else: exchanged or set by hand */
	XN_METER_GAP = 8,         /* readings too far apart */
	XN_METER_STALL = 16,      /* the register stood still while energy flowed */
	XN_METER_GLITCH = 32,     /* a register reading that was not believed */
	XN_METER_MISSING = 64,    /* a value that is none: all ones, all zeros, negative */
	XN_METER_CLOCK = 128,     /* a stamp that cannot be right, or the clock was set back */
	XN_METER_DUPLICATE = 256, /* the same instant again: ignored */
};

struct xn_meter_rules {
	xn_power max;        /* breaker rating; 0: unknown */
	xn_register modulus; /* where the register wraps; 0: unknown */
	xn_energy step;      /* the coarsest single step of the register */
	xn_duration sample;  /* between readings; three of them apart is a gap */
	xn_energy ahead;     /* how far watts may be booked before the register shows them */
	bool no_reset;       /* a register that falls was exchanged */
	bool confirm;        /* a step is booked when the next reading agrees with it */
};

struct xn_meter_reading {
	xn_instant at;
	xn_instant heard; /* by whom books; ms 0: not known. Tells how much time a clock that was
			     set wrong hides. */
	bool has_power, has_register;
	xn_power power;
	xn_register counted;
	uint32_t events; /* that the reader found: MISSING, CLOCK, DUPLICATE */
};

/* A reading of the register that was believed. */
struct xn_meter_point {
	xn_register value;
	xn_instant changed, changed_heard; /* when it came to this value, at the earliest */
	xn_instant at, heard;              /* when it was read last */
	uint32_t same;                     /* readings of this value after the first */
};

/* Plain data; zeroed is a meter that was never read. */
struct xn_meter_state {
	bool has_register, has_next, has_power, read;
	uint8_t odd;                /* readings that follow each other, but not the register */
	struct xn_meter_point base; /* booked up to here */
	struct xn_meter_point next; /* of `confirm`: believed, not booked yet */
	/* Steps between these are booked one by one when they are believed. */
	struct xn_meter_point odd_first, odd_middle, odd_last;
	xn_power power; /* at power_at, to be integrated from */
	xn_instant power_at;
	xn_instant at;       /* of the last reading */
	xn_energy since;     /* what watts say passed since the register last changed */
	xn_energy odd_since; /* ... when the first odd one came */
	xn_energy ahead;     /* booked from watts before the register showed it */
};

/* Energy over [start, end), and whether that time counts as measured. Events alone have no length.
 */
struct xn_meter_piece {
	xn_instant start, end;
	xn_energy energy;
	enum xn_grade grade;
	bool covered;
	uint32_t events;
};

typedef void xn_meter_sink(void *context, const struct xn_meter_piece *piece);

/*
 * Takes one reading; readings come in the order of time, one that does not is ignored (CLOCK, or
 * DUPLICATE). Pieces of energy may reach back to when the register last changed.
 */
void xn_meter_book(struct xn_meter_state *state, const struct xn_meter_rules *rules,
    const struct xn_meter_reading *reading, xn_meter_sink *sink, void *context);

/* No more readings come: books what waits for its confirmation, and watts that no register showed.
 */
void xn_meter_finish(struct xn_meter_state *state, const struct xn_meter_rules *rules,
    xn_meter_sink *sink, void *context);

/* The meter's clock was set: its next reading follows the last one whatever its stamp says. */
void xn_meter_reclock(struct xn_meter_state *state, const struct xn_meter_rules *rules,
    const struct xn_meter_reading *next, xn_meter_sink *sink, void *context);

/*
 * The energy of a piece that lies before `border`, rounded so that the parts of a piece sum to the
 * whole wherever it is split.
 */
int64_t xn_meter_before(const struct xn_meter_piece *piece, xn_instant border);

#endif
