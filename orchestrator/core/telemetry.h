/*
 * Telemetry: the latest value of each meter, how old it is, and what follows from that: the power
 * of each host (the sum of its outlets) and which racks hold (R5).
 *
 * Invariants: (1) a value is fresh for topology->fresh after it was read, whatever is polled later;
 * (2) a rejected value changes nothing but its quality; (3) a rack that has a meter which is not
 * fresh and good holds.
 */
#ifndef XN_CORE_TELEMETRY_H
#define XN_CORE_TELEMETRY_H

#include "orchestrator/core/core.h"

/* Chains meters to their hosts and racks; once, for a new core. */
void xn_telemetry_link(struct xn_core *core);

void xn_telemetry_take(
    struct xn_core *core, const struct xn_event *event, struct xn_actions *actions);

/* The quality of a meter at this instant: what it said, STALE once it is too old. */
enum xn_quality xn_telemetry_quality(const struct xn_core *core, uint32_t meter);

/* Re-reads ages: qualities and holds of one rack, or of every meter, rack and the site. */
void xn_telemetry_age_rack(struct xn_core *core, uint32_t rack);
void xn_telemetry_age(struct xn_core *core, struct xn_actions *actions);

/* Watts of one feed of a rack as measured: its feed meters, else its outlets. False: nothing
 * measures it. */
bool xn_telemetry_feed(const struct xn_core *core, uint32_t rack, int feed, xn_power *ret_power);

/* Watts of a rack: its feeds, else its hosts as far as they are measured. */
xn_power xn_telemetry_rack(const struct xn_core *core, uint32_t rack);

/* The hottest inlet of a rack; false if no meter has said one. */
bool xn_telemetry_inlet(const struct xn_core *core, uint32_t rack, xn_temperature *ret_inlet);

#endif
