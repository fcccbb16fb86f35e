/*
 * Readings: a file of readings of one meter, put in order and booked into intervals, without a
 * daemon. Rows may repeat, come late or carry a wrong clock: a stamp that leaps forward is believed
 * when three readings in a row follow it, and a clock that was set back when three do and the
 * register goes on counting, so that no counted joule is lost.
 *
 * Invariants: (1) intervals are contiguous and aligned in site time, from the one that holds the
 * first reading to the one that holds the last; (2) their energies sum to exactly what the meter's
 * pieces sum to.
 */
#ifndef XN_BOOKS_READINGS_H
#define XN_BOOKS_READINGS_H

#include "common/arena.h"
#include "common/error.h"
#include "orchestrator/core/meter.h"

/* Readings of one file; a year of seconds is beyond it, a year of half minutes is not. */
#define XN_READINGS_MAX           4000000u
#define XN_READINGS_INTERVALS_MAX 4000000u

struct xn_readings {
	struct xn_meter_reading *rows; /* as they came */
	uint32_t count;
};

struct xn_readings_rules {
	struct xn_meter_rules meter; /* sample 0: the median of the readings' distances */
	xn_duration interval;
	int utc_offset_s;
};

struct xn_booked {
	xn_energy energy, estimated; /* estimated is of it */
	xn_duration covered;
	enum xn_grade grade;
	uint32_t events;
	bool again; /* its time passed again after the clock was set back */
};

struct xn_bookings {
	xn_instant start; /* of the first interval */
	xn_duration interval;
	struct xn_booked *rows;
	uint32_t count;
};

/*
 * Books the readings; what they are changed into and the result are in the arena. XN_EINVALID: they
 * span more intervals than XN_READINGS_INTERVALS_MAX.
 */
int xn_readings_book(struct xn_readings *readings, const struct xn_readings_rules *rules,
    struct xn_arena *arena, struct xn_bookings *ret_bookings, struct xn_error *err);

#endif
