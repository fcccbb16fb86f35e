/*
 * Placement: given a fleet and a policy, the moves and power steps that cure what is broken and
 * then lower the objective, in an order whose every intermediate state keeps every rule, with a
 * lower bound and a reason for each (contracts/policy-and-plan.md sections 3 to 6). Pure and
 * deterministic: work is counted, ties are stable, memory comes from the arena; same input and
 * seed, same plan.
 */
#ifndef XN_POLICIES_PLACE_H
#define XN_POLICIES_PLACE_H

#include "common/arena.h"
#include "common/error.h"
#include "policies/fleet.h"
#include "policies/policy.h"

enum xn_step_kind { XN_STEP_MOVE, XN_STEP_WAKE, XN_STEP_SLEEP };

struct xn_step {
	enum xn_step_kind kind;
	uint32_t number;   /* 1..n */
	uint32_t vm;       /* of a move */
	uint32_t from;     /* host; XN_NONE: the VM was nowhere */
	uint32_t to;       /* host; of a wake or sleep, the host itself */
	uint32_t after[8]; /* steps that must be done before this one starts, ascending */
	unsigned after_count;
	xn_power saves; /* facility watts that this move saves with its share of what it makes
			   possible */
	const char *reason;
};

struct xn_violation {
	const char *constraint;
	int index; /* place in the policy; -1: a built-in rule */
	const char *about[2];
	unsigned about_count;
	const char *why;
};

/* One side of a plan: what the fleet draws and what is broken. */
struct xn_outlook {
	xn_power it;
	xn_power facility;
	struct xn_violation *violations;
	uint32_t violation_count;
};

struct xn_unplaced {
	uint32_t vm;
	const char *why;
};

struct xn_placement {
	struct xn_step *steps; /* in the order of their numbers */
	uint32_t step_count;
	struct xn_outlook before;
	struct xn_outlook after;
	xn_power bound_it; /* no lawful placement draws less */
	const char *bound_method;
	struct xn_unplaced *unplaced;
	uint32_t unplaced_count;
	const char *verdict; /* "3 moves", "no beneficial move: ..." in one sentence */
};

struct xn_place_options {
	uint64_t seed;
	uint64_t work_max;  /* counted steps of search; 0: the default */
	uint32_t steps_max; /* moves and power steps together; 0: XN_STEPS_MAX */
};

/* Everything in *ret_placement lives in the arena. */
int xn_place(const struct xn_fleet *fleet, const struct xn_policy *policy,
    struct xn_place_options options, struct xn_arena *arena, struct xn_placement *ret_placement,
    struct xn_error *err);

/* What the fleet draws and breaks as it stands. */
void xn_place_outlook(const struct xn_fleet *fleet, const struct xn_policy *policy,
    struct xn_arena *arena, struct xn_outlook *ret_outlook);

/*
 * Whether this VM may enter this host now: NULL if it may, else the first failing rule in words
 * ("memory: 130 of 128 GiB"). Used by why, why-not and by people who read a refusal.
 */
const char *xn_place_refusal(const struct xn_fleet *fleet, const struct xn_policy *policy,
    uint32_t vm, uint32_t host, struct xn_arena *arena);

/*
 * The same for every host at once, in *ret_why[host]; NULL where it may enter, "is there" where it
 * is.
 */
void xn_place_refusals(const struct xn_fleet *fleet, const struct xn_policy *policy, uint32_t vm,
    struct xn_arena *arena, const char **ret_why);

#endif
