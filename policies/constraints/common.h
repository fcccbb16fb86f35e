/*
 * What several constraints share: sets of hosts, of racks and of VMs bound to a fleet, counts of
 * VMs by class and domain, and the small functions of rules.
 */
#ifndef XN_POLICIES_CONSTRAINTS_COMMON_H
#define XN_POLICIES_CONSTRAINTS_COMMON_H

#include "policies/state.h"

/* true for those selected; in the state's arena. */
bool *xn_bind_vms(struct xn_state *state, const struct xn_select *select);
bool *xn_bind_hosts(struct xn_state *state, const struct xn_select *select);
bool *xn_bind_feeds(struct xn_state *state, const struct xn_select *racks);

/*
 * How many VMs of a class are in a domain; a VM in flight inside a domain counts once. VMs of class
 * XN_NONE and hosts of domain XN_NONE are not counted.
 */
struct xn_tally {
	const uint32_t *class_of;  /* [vm] */
	const uint32_t *domain_of; /* [host] */
	uint32_t domains;
	uint32_t *count; /* [class * domains + domain] */
};

void xn_tally_make(struct xn_tally *tally, struct xn_arena *arena, const uint32_t *class_of,
    uint32_t classes, const uint32_t *domain_of, uint32_t domains);
void xn_tally_change(
    const struct xn_tally *tally, uint32_t vm, uint32_t host, uint32_t other, int sign);

static inline uint32_t
xn_tally_of(const struct xn_tally *tally, uint32_t class_, uint32_t domain)
{
	return tally->count[(size_t)class_ * tally->domains + domain];
}

uint32_t xn_keys_one(const struct xn_rule *rule, const struct xn_state *state);
uint32_t xn_keys_vms(const struct xn_rule *rule, const struct xn_state *state);
uint32_t xn_keys_hosts(const struct xn_rule *rule, const struct xn_state *state);
unsigned xn_touch_vm(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm,
    uint32_t host, uint32_t ret_keys[XN_RULE_KEYS]);
bool xn_involves_vm(
    const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm);
bool xn_involves_host(
    const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm);
/* 1 when the VM of this key is on a host that the rule bars. */
int64_t xn_excess_bars(const struct xn_rule *rule, const struct xn_state *state, uint32_t key);
void xn_tell_vm(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation);

/* The watts of a load and its limit in words. */
const char *xn_say_watts(struct xn_arena *arena, int64_t mw, int64_t limit_mw);

#endif
