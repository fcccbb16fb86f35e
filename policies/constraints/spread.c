#include "policies/constraints/common.h"

#include <assert.h>

/* spread: at most `max` VMs of one set in one domain. Keys: set x domain. */
struct spread {
	struct xn_sets sets;
	struct xn_domains domains;
	struct xn_tally tally;
};

static void
spread_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct spread *own = xn_new(state->arena, struct spread, 1);
	const struct xn_terms *terms = rule->terms;

	rule->data = own;
	xn_sets_make(state->arena, state->fleet, &terms->select, terms->by, &own->sets);
	xn_domains_make(state->arena, state->fleet, terms->domain, &own->domains);
	assert((uint64_t)own->sets.count * own->domains.count < UINT32_MAX);
	xn_tally_make(&own->tally, state->arena, own->sets.of, own->sets.count, own->domains.of,
	    own->domains.count);
}

static uint32_t
spread_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	const struct spread *own = rule->data;

	(void)state;
	return own->sets.count * own->domains.count;
}

static int64_t
spread_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	const struct spread *own = rule->data;

	(void)state;
	return (int64_t)own->tally.count[key] - rule->terms->max;
}

static unsigned
spread_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	const struct spread *own = rule->data;

	(void)state;
	if (own->sets.of[vm] == XN_NONE)
		return 0;
	ret_keys[0] = own->sets.of[vm] * own->domains.count + own->domains.of[host];
	return 1;
}

static void
spread_change(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t other, int sign)
{
	const struct spread *own = rule->data;

	(void)state;
	xn_tally_change(&own->tally, vm, host, other, sign);
}

static bool
spread_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	const struct spread *own = rule->data;
	uint32_t host = state->vms[vm].at[0];

	return host != XN_NONE && own->sets.of[vm] == key / own->domains.count &&
	    own->domains.of[host] == key % own->domains.count;
}

static void
spread_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	const struct spread *own = rule->data;

	(void)state;
	ret_violation->about[0] = own->sets.names[key / own->domains.count];
	ret_violation->about[1] = own->domains.names[key % own->domains.count];
	ret_violation->about_count = 2;
	ret_violation->why = xn_text(arena, "%u of %lld allowed", (unsigned)own->tally.count[key],
	    (long long)rule->terms->max);
}

static const struct xn_rule_ops spread_rule = {.name = "spread",
    .bind = spread_bind,
    .keys = spread_keys,
    .excess = spread_excess,
    .touch = spread_touch,
    .change = spread_change,
    .involves = spread_involves,
    .tell = spread_tell};

const struct xn_constraint xn_constraint_spread = {
    .name = "spread",
    .fields = {{"select", XN_FIELD_SELECT, true}, {"by", XN_FIELD_BY, false},
	{"across", XN_FIELD_DOMAIN, true}, {"max", XN_FIELD_COUNT, false},
	{"continuous", XN_FIELD_CONTINUOUS, false}},
    .defaults = {.by = XN_BY_GROUP, .max = 1},
    .rule = &spread_rule,
};
