/*
 * Rules: how a state of the fleet is judged. A built-in rule and a constraint of a policy are the
 * same thing here: a set of keys (a host, a feed, a VM, a set in a domain), each with an excess,
 * which is 0 while the rule holds there.
 *
 * Invariants: (1) excess never falls when a VM comes to a host or a host begins to draw, and never
 * rises when one leaves (gather and among, which are judged at the end only, are the exception);
 * (2) `touch` names every key whose excess may rise when this VM comes to this host.
 */
#ifndef XN_POLICIES_RULE_H
#define XN_POLICIES_RULE_H

#include "policies/place.h"
#include "policies/terms.h"

#define XN_RULE_KEYS 2

struct xn_state;

struct xn_rule {
	const struct xn_rule_ops *ops;
	const struct xn_terms *terms; /* NULL: built-in */
	const struct xn_level *level; /* of security_levels */
	int index;
	bool at_end;
	void *data; /* what `bind` made for this fleet */
};

struct xn_rule_ops {
	const char *name;
	bool at_end; /* always judged at the end */
	/* Keys are VMs, and `bars` says which hosts are no place for them. */
	bool by_vm;
	bool yes_no; /* excess is 0 or 1 */
	void (*bind)(struct xn_rule *rule, struct xn_state *state);
	uint32_t (*keys)(const struct xn_rule *rule, const struct xn_state *state);
	int64_t (*excess)(const struct xn_rule *rule, const struct xn_state *state, uint32_t key);
	unsigned (*touch)(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm,
	    uint32_t host, uint32_t ret_keys[XN_RULE_KEYS]);
	/* Keys that a host touches by waking or going to sleep; NULL: none. */
	unsigned (*touch_power)(const struct xn_rule *rule, const struct xn_state *state,
	    uint32_t host, uint32_t ret_keys[XN_RULE_KEYS]);
	/* Whether this host is no place for this VM, whatever else is there; NULL: never. */
	bool (*bars)(
	    const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host);
	/* A VM came to (+1) or left (-1) a host while it is also at `other` (XN_NONE); NULL:
	 * unasked. */
	void (*change)(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm,
	    uint32_t host, uint32_t other, int sign);
	/* A host draws this much more; NULL: unasked. */
	void (*drawn)(const struct xn_rule *rule, uint32_t host, int64_t delta_mw);
	/* Whether moving this VM away may lower the excess of this key. */
	bool (*involves)(
	    const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm);
	/* Fills about and why of a key. */
	void (*tell)(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
	    struct xn_arena *arena, struct xn_violation *ret_violation);
};

/* The eight rules of contract section 3, ended by NULL. */
extern const struct xn_rule_ops *const xn_builtin_rules[];
/* security_levels: what shares a host, and on which racks. */
extern const struct xn_rule_ops xn_rule_level_hosts;
extern const struct xn_rule_ops xn_rule_level_racks;

#endif
