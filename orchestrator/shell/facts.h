/*
 * Facts: what the books keep beside the entries of a site: what it is, what its meters are, and
 * gauges: means of what is no energy, interval by interval.
 *
 * Invariant: (1) a gauge's interval is written once, after its end, from samples within it; an
 * interval that cannot be written is lost, not kept: memory is bounded.
 */
#ifndef XN_SHELL_FACTS_H
#define XN_SHELL_FACTS_H

#include "orchestrator/core/core.h"
#include "orchestrator/shell/meters.h"
#include "orchestrator/shell/store.h"
#include "orchestrator/shell/topology.h"

/* Writes the site and its meters. Before anything is booked. */
int xn_facts_store(struct xn_store *store, const struct xn_map *map, struct xn_error *err);

struct xn_gauges;

struct xn_gauges *xn_gauges_new(struct xn_arena *arena, const struct xn_topology *topology);

/*
 * Takes a sample of every inlet temperature and every host's CPU that is known now. The first one
 * of a new interval writes the interval before. Not within a transaction.
 */
int xn_gauges_take(struct xn_gauges *gauges, const struct xn_meters *meters,
    const struct xn_core *core, xn_instant now, struct xn_store *store, struct xn_error *err);

#endif
