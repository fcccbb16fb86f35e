#include "policies/constraints/common.h"

/* gather: all placed VMs of a set in one domain. Keys: sets. Judged at the end. */
struct gather {
	struct xn_sets sets;
	struct xn_domains domains;
};

static void
gather_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct gather *own = xn_new(state->arena, struct gather, 1);
	const struct xn_terms *terms = rule->terms;

	rule->data = own;
	xn_sets_make(state->arena, state->fleet, &terms->select, terms->by, &own->sets);
	xn_domains_make(state->arena, state->fleet, terms->domain, &own->domains);
}

static uint32_t
gather_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)state;
	return ((const struct gather *)rule->data)->sets.count;
}

/* The domain that a strict majority would have (Boyer-Moore); else that of some member. */
static uint32_t
main_domain(const struct gather *own, const struct xn_state *state, uint32_t key)
{
	uint32_t main = XN_NONE;
	uint32_t votes = 0;

	for (uint32_t i = own->sets.start[key]; i < own->sets.start[key + 1]; i++) {
		uint32_t host = state->vms[own->sets.member[i]].at[0];

		if (host == XN_NONE)
			continue;
		if (votes == 0)
			main = own->domains.of[host];
		votes += own->domains.of[host] == main ? 1 : UINT32_MAX;
	}
	return main;
}

/* How many placed VMs are outside the main domain. */
static int64_t
gather_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	const struct gather *own = rule->data;
	uint32_t main = main_domain(own, state, key);
	int64_t outside = 0;

	for (uint32_t i = own->sets.start[key]; i < own->sets.start[key + 1]; i++) {
		uint32_t host = state->vms[own->sets.member[i]].at[0];

		outside += host != XN_NONE && own->domains.of[host] != main;
	}
	return outside;
}

static unsigned
gather_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	const struct gather *own = rule->data;

	(void)state;
	(void)host;
	ret_keys[0] = own->sets.of[vm];
	return own->sets.of[vm] != XN_NONE;
}

static bool
gather_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	(void)state;
	return ((const struct gather *)rule->data)->sets.of[vm] == key;
}

static void
gather_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	const struct gather *own = rule->data;
	uint32_t main = main_domain(own, state, key);

	ret_violation->about[0] = own->sets.names[key];
	ret_violation->about_count = 1;
	ret_violation->why = main == XN_NONE
	    ? ""
	    : xn_text(arena, "%lld VMs are not in %s", (long long)gather_excess(rule, state, key),
		  own->domains.names[main]);
}

static const struct xn_rule_ops gather_rule = {.name = "gather",
    .at_end = true,
    .bind = gather_bind,
    .keys = gather_keys,
    .excess = gather_excess,
    .touch = gather_touch,
    .involves = gather_involves,
    .tell = gather_tell};

const struct xn_constraint xn_constraint_gather = {
    .name = "gather",
    .fields = {{"select", XN_FIELD_SELECT, true}, {"by", XN_FIELD_BY, false},
	{"within", XN_FIELD_DOMAIN, true}},
    .defaults = {.by = XN_BY_GROUP},
    .rule = &gather_rule,
};
