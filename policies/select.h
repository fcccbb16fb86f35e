/*
 * Selecting: which VMs, hosts and racks a policy speaks of, as it is written (`select`, `hosts`,
 * `racks`, `by`, domains; contracts/policy-and-plan.md section 1), and matching them against a
 * fleet. Keys of one map are ANDed, the items of one list ORed. An id that the fleet does not have
 * matches nothing.
 */
#ifndef XN_POLICIES_SELECT_H
#define XN_POLICIES_SELECT_H

#include "common/arena.h"
#include "common/yaml.h"
#include "policies/fleet.h"

/* Words of one key; `given` tells an absent key from one that matches nothing. */
struct xn_words {
	bool given;
	const char **word;
	unsigned count;
};

enum { XN_SELECT_VM, XN_SELECT_LABEL, XN_SELECT_GROUP, XN_SELECT_PLATFORM, XN_SELECT_AGENCY };
enum { XN_PICK_HOST, XN_PICK_LABEL, XN_PICK_RACK, XN_PICK_ROOM, XN_PICK_SITE, XN_PICK_CLUSTER };

#define XN_SELECT_KEYS 6

/* What `select`, `hosts` and `racks` say. `levels` has bit N for security level N; 0: not given. */
struct xn_select {
	struct xn_words keys[XN_SELECT_KEYS];
	unsigned levels;
};

enum xn_by { XN_BY_GROUP, XN_BY_PLATFORM, XN_BY_AGENCY, XN_BY_ALL };

enum xn_domain {
	XN_DOMAIN_HOST,
	XN_DOMAIN_RACK,
	XN_DOMAIN_ROOM,
	XN_DOMAIN_SITE,
	XN_DOMAIN_CLUSTER,
	XN_DOMAIN_ALL,
};

bool xn_select_read_vms(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, struct xn_select *ret_select);
bool xn_select_read_hosts(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, struct xn_select *ret_select);
bool xn_select_read_racks(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, struct xn_select *ret_select);
/* `4`, `[4, 5]` or `4-5`: bit N for level N, 1 to 5. */
bool xn_select_read_levels(
    const struct xn_yaml *node, struct xn_problems *problems, unsigned *ret_levels);

bool xn_select_vm(const struct xn_select *select, const struct xn_fleet_vm *vm);
bool xn_select_host(
    const struct xn_select *select, const struct xn_fleet *fleet, const struct xn_fleet_host *host);
bool xn_select_rack(const struct xn_select *select, const struct xn_fleet_rack *rack);

/* One number per distinct text, in the order they first came; NULL has none (XN_NONE). */
struct xn_intern {
	const char **names;
	uint32_t count;
	uint32_t *slots;
	uint32_t slot_mask;
};

void xn_intern_init(struct xn_intern *intern, struct xn_arena *arena, uint32_t most);
uint32_t xn_intern_of(struct xn_intern *intern, const char *text);
/* The same without adding; XN_NONE if it is not there. */
uint32_t xn_intern_find(const struct xn_intern *intern, const char *text);

/* Each host's domain of this kind. */
struct xn_domains {
	const uint32_t *of; /* [host] */
	const char *const *names;
	uint32_t count;
};

void xn_domains_make(struct xn_arena *arena, const struct xn_fleet *fleet, enum xn_domain kind,
    struct xn_domains *ret_domains);

/* The selected running VMs, cut into sets; `member` lists them set by set. */
struct xn_sets {
	const uint32_t *of; /* [vm]: its set, or XN_NONE */
	const char *const *names;
	uint32_t count;
	const uint32_t *start; /* [count + 1] */
	const uint32_t *member;
};

void xn_sets_make(struct xn_arena *arena, const struct xn_fleet *fleet,
    const struct xn_select *select, enum xn_by by, struct xn_sets *ret_sets);

#endif
