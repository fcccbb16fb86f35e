/*
 * Meters: the latest value of each meter of the topology, on the shell's side of the journal. The
 * history is fed from here, so that graphs go on when the disk is full and the core holds.
 *
 * Invariant: a value older than topology->fresh is unknown (NAN), never its last value and never 0.
 */
#ifndef XN_SHELL_METERS_H
#define XN_SHELL_METERS_H

#include "orchestrator/core/event.h"
#include "orchestrator/shell/history.h"

struct xn_meters;

struct xn_meters *xn_meters_new(struct xn_arena *arena, const struct xn_topology *topology);

/* A reading (XN_EV_READING). */
void xn_meters_take(struct xn_meters *meters, const struct xn_event *reading);

/* Watts, or degrees Celsius of an inlet; NAN when it is not known now. */
double xn_meters_value(const struct xn_meters *meters, uint32_t meter, xn_instant now);

/* The series of the history, in the arena: series 0 is "site", series 1 + r is rack r. */
struct xn_series *xn_meters_series(struct xn_arena *arena, const struct xn_topology *topology);

struct xn_meters_row {
	double values[XN_SERIES_COLUMNS_MAX];
};

/* The row of every series now, in one pass over the meters. */
void xn_meters_rows(const struct xn_meters *meters, xn_instant now, struct xn_meters_row *ret_rows);

#endif
