/*
 * Recognise: which profile a device's identity fits best. Pure: it says which objects to look for
 * and is told what stands there. Three rounds: ways that name sysObjectID or sysDescr; then those
 * that only name an object; then the standard MIBs. Within a round the most specific way wins:
 * every number of sysObjectID counts 4, sysDescr 2, an object 1; and of equals, the profile of
 * which more ways fit.
 */
#ifndef XN_DRIVERS_RECOGNISE_H
#define XN_DRIVERS_RECOGNISE_H

#include "drivers/profiles.h"
#include "drivers/snmp_wire.h"

#define XN_RECOGNISE_ROUNDS   3
#define XN_RECOGNISE_WAYS_MAX 512

struct xn_recognition {
	const struct xn_profiles *profiles;
	struct xn_oid object_id;
	const char *descr;
	/* The ways of the round that may fit. */
	struct {
		unsigned profile;
		const struct xn_match *match;
		unsigned score;
		bool holds;
	} ways[XN_RECOGNISE_WAYS_MAX];
	unsigned way_count;
	/* What to look for: the first object at or below each. */
	struct xn_oid_ref probes[XN_RECOGNISE_WAYS_MAX];
	unsigned probe_ways[XN_RECOGNISE_WAYS_MAX];
	unsigned probe_count;
};

/* Begins a round; look for all of `probes` then. */
void xn_recognise_round(struct xn_recognition *recognition, unsigned round);

/* Something stands at or below probe `place`. */
void xn_recognise_take(
    struct xn_recognition *recognition, unsigned place, const struct xn_snmp_value *value);

/* The profile of the round; -1: none. `ret_match`: the word for how. */
int xn_recognise_choose(const struct xn_recognition *recognition, const char **ret_match);

#endif
