/*
 * Search: from the snapshot to a better placement, by whole moves that each keep every rule while
 * the VM is in two places. What was done is logged and can be taken back. Order and numbering of
 * steps come afterwards (order.h).
 *
 * Invariants: (1) a VM is in one place between actions; (2) no action breaks what held, nor leaves
 * a broken rule above its excess in the snapshot; (3) work is counted, never timed.
 */
#ifndef XN_POLICIES_SEARCH_H
#define XN_POLICIES_SEARCH_H

#include "policies/state.h"

struct xn_action {
	uint32_t vm; /* XN_NONE: a host's power */
	uint32_t from, to;
	enum xn_host_mode mode; /* of a host before */
	const char *reason;     /* before, of this VM */
	bool placement;         /* of a VM that was nowhere */
};

struct xn_search {
	struct xn_state state;
	struct xn_arena *arena;
	const struct xn_fleet *fleet;
	const struct xn_policy *policy; /* may be NULL */
	bool once;                      /* a VM moves once only: then the log itself is an order */
	bool frozen;
	/* What a plan may touch at all (permits.c). */
	bool *may_leave;            /* [vm] it may be moved from where it was in the snapshot */
	bool *may_enter;            /* [host] */
	bool *may_wake, *may_sleep; /* [host] */
	bool *is_first, *is_then;   /* [vm] of some precedence; NULL: there is none */
	bool then_moved;            /* while `once` */
	const char **reasons;       /* [vm] */
	struct xn_action *log;
	uint32_t log_count, log_size;
	uint32_t moves, placements, switches; /* net, against the snapshot */
	int64_t moves_max;                    /* per_hour */
	uint32_t steps_max;
	uint64_t work_max;
	int64_t move_cost; /* facility, mW x ppm, that a move must save */
	bool save_energy;  /* an objective asks for it */
	bool saving;       /* in the phase that only saves */
	bool pack;         /* choose the fullest host that fits, not the one that draws least */
	struct xn_ranked *ranked; /* scratch: candidates of one choice */
	struct xn_ranked *queue;  /* scratch: of one phase */
	uint32_t *list;           /* scratch: VMs of one host */
};

/* Something to be taken in order: by score, then by id. */
struct xn_ranked {
	int64_t score;
	uint32_t id;
};

void xn_search_rank(struct xn_ranked *rows, uint32_t count);

/* Which plans are permitted; fills may_* from the snapshot and its violations. */
void xn_permits_make(struct xn_search *search, const struct xn_outlook *before);

/* Facility change (mW x ppm) when this VM comes to, or leaves, this host; nothing is changed. */
int64_t xn_search_gain(const struct xn_search *search, uint32_t vm, uint32_t host, int sign);

/* Whether this VM may be moved now, limits of the plan included. */
bool xn_search_movable(const struct xn_search *search, uint32_t vm);

/*
 * The host this VM best goes to (lowest facility), keeping every rule; XN_NONE if there is none.
 * `avoid`/`key`: not to a host that touches this key of this rule (XN_NONE: no such wish).
 */
uint32_t xn_search_best(
    struct xn_search *search, uint32_t vm, uint32_t avoid, uint32_t key, bool loose);

/* Whether the VM may go there now; the state is as before. `loose`: at-end rules are not asked. */
bool xn_search_fits(struct xn_search *search, uint32_t vm, uint32_t host, bool loose);

void xn_search_move(struct xn_search *search, uint32_t vm, uint32_t to, const char *reason);
bool xn_search_wake(struct xn_search *search, uint32_t host);
bool xn_search_sleep(struct xn_search *search, uint32_t host);
void xn_search_back(struct xn_search *search, uint32_t mark);

/* Sum of excess of the rules that are judged at the end. */
int64_t xn_search_end_excess(const struct xn_search *search);

/* Why each host refuses this VM in this state, NULL where it does not (why.c); *state is lent. */
void xn_refusals(
    const struct xn_search *search, struct xn_state *state, uint32_t vm, const char **ret_why);

/* The phases. */
void xn_search_cure(struct xn_search *search);
void xn_search_place(struct xn_search *search);
void xn_search_improve(struct xn_search *search);
bool xn_search_empty(struct xn_search *search, uint32_t host, const char *reason);

#endif
