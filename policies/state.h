/*
 * State: a working placement of a fleet: where each VM is, what each host, rack and feed carries,
 * and every rule's opinion of it. A VM in flight is in two places and counts in both. Changes are
 * cheap and can be taken back; nothing is decided here.
 *
 * Invariants: (1) what is summed here equals what a fresh sum over all VMs gives; (2) at[1] is used
 * only while a VM is in flight; (3) a rule's index in `rules` never changes.
 */
#ifndef XN_POLICIES_STATE_H
#define XN_POLICIES_STATE_H

#include "policies/language.h"
#include "policies/rule.h"

/* What a host does in a state. WAKING and DOZING (going to sleep) draw, but are no spare and take
 * no VM. */
enum xn_host_mode {
	XN_MODE_AWAKE,
	XN_MODE_WAKING,
	XN_MODE_DOZING,
	XN_MODE_ASLEEP,
	XN_MODE_DARK,
};

struct xn_vm_load {
	int64_t counts[XN_RESOURCES]; /* millicores, MiB, Mbit/s; after preserve */
	uint32_t at[2];               /* hosts; XN_NONE */
};

struct xn_host_load {
	int64_t counts[XN_RESOURCES];
	int64_t vcpu_millicores;
	int64_t used_millicores;
	int64_t memory_limit; /* MiB, after overbook */
	int64_t watts_mw;
	uint32_t vms;
	uint32_t first; /* of its VMs: node = vm * 2 + place */
	enum xn_host_mode mode;
};

struct xn_rack_load {
	int64_t mw;
	int64_t base_mw;
	uint32_t pair; /* of its two feeds; XN_NONE */
};

/* Doubled, because a rack with two feeds gives half to each. */
struct xn_feed_load {
	int64_t normal2_mw;
	uint32_t first_pair; /* chain through xn_feed_pair.next */
};

struct xn_feed_pair {
	uint32_t feeds[2];
	uint32_t next[2]; /* of the same feed */
	int64_t mw;       /* of the racks on both */
};

/* One key of one rule that is broken. */
struct xn_broken {
	uint32_t rule;
	uint32_t key;
	int64_t excess;
};

struct xn_state {
	const struct xn_fleet *fleet;
	const struct xn_policy *policy;
	struct xn_arena *arena;
	struct xn_vm_load *vms;
	struct xn_host_load *hosts;
	struct xn_rack_load *racks;
	struct xn_feed_load *feeds;
	struct xn_feed_pair *pairs;
	uint32_t pair_count;
	uint32_t *next, *previous; /* of a host's nodes */
	struct xn_rule *rules;
	uint32_t rule_count;
	int64_t it_mw;
	int64_t facility;       /* mW x ppm: racks' mW x (1000000 + cooling) */
	struct xn_broken *base; /* what the snapshot breaks, by rule and key */
	uint32_t base_count;
	uint64_t work; /* counted */
};

/* `policy` may be NULL. Rules are bound, base is filled. */
void xn_state_make(struct xn_state *state, const struct xn_fleet *fleet,
    const struct xn_policy *policy, struct xn_arena *arena);

/* A VM comes to a host, or leaves it, in place 0 or 1. */
void xn_state_add(struct xn_state *state, uint32_t vm, unsigned place, uint32_t host);
void xn_state_drop(struct xn_state *state, uint32_t vm, unsigned place);
void xn_state_mode(struct xn_state *state, uint32_t host, enum xn_host_mode mode);

/* A whole move, with nothing asked. `from` may be XN_NONE. */
void xn_state_move(struct xn_state *state, uint32_t vm, uint32_t to);

/* How high a key's excess may be. */
enum xn_allow {
	XN_ALLOW_BASE, /* as high as in the snapshot */
	XN_ALLOW_NONE, /* 0 */
};

/* The first always-rule that is above what is allowed after this VM came to `host`; XN_NONE: none.
 */
uint32_t xn_state_over(const struct xn_state *state, uint32_t vm, uint32_t host,
    enum xn_allow allow, uint32_t *ret_key);
/* The same after this host's mode changed. */
uint32_t xn_state_over_power(
    const struct xn_state *state, uint32_t host, enum xn_allow allow, uint32_t *ret_key);

/* The snapshot's excess. */
int64_t xn_state_base(const struct xn_state *state, uint32_t rule, uint32_t key);
/* Every broken key of this state, by rule and key; in the arena. */
uint32_t xn_state_broken(
    const struct xn_state *state, struct xn_arena *arena, struct xn_broken **ret_broken);
/* The same as an outlook with words. */
void xn_state_outlook(
    const struct xn_state *state, struct xn_arena *arena, struct xn_outlook *ret_outlook);

/* A VM's place other than this host, XN_NONE if it has none. */
static inline uint32_t
xn_state_other(const struct xn_state *state, uint32_t vm, uint32_t host)
{
	const uint32_t *at = state->vms[vm].at;

	return at[0] == host ? at[1] : at[0];
}

static inline bool
xn_mode_draws(enum xn_host_mode mode)
{
	return mode == XN_MODE_AWAKE || mode == XN_MODE_WAKING || mode == XN_MODE_DOZING;
}

/* Load of a feed after the loss of the worst other feed, doubled. */
int64_t xn_state_feed_loss2(const struct xn_state *state, uint32_t feed);
/* Predicted inlet of a rack. */
int64_t xn_state_inlet_mk(const struct xn_state *state, uint32_t rack);

/* Whether the policy's `clusters` take in this host. */
bool xn_state_in_scope(const struct xn_state *state, uint32_t host);

#endif
