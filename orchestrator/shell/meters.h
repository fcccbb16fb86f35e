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

/* The series of the history, in the arena: series 0 is "site", series 1 + r is rack r. */
struct xn_series *xn_meters_series(struct xn_arena *arena, const struct xn_topology *topology);

/* The row of a series now. */
void xn_meters_row(const struct xn_meters *meters, uint32_t series, xn_instant now,
    double ret_values[XN_SERIES_COLUMNS_MAX]);

#endif
