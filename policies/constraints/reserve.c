#include "policies/constraints/common.h"

/* reserve: in each domain at least N hosts are on and hold no running VM. Keys: domains. */
static void
reserve_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct xn_domains *own = xn_new(state->arena, struct xn_domains, 1);

	rule->data = own;
	xn_domains_make(state->arena, state->fleet, rule->terms->domain, own);
}

static uint32_t
reserve_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)state;
	return ((const struct xn_domains *)rule->data)->count;
}

static void
count_spares(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    int64_t *ret_needed, int64_t *ret_spares)
{
	const struct xn_domains *own = rule->data;
	int64_t usable = 0;

	*ret_spares = 0;
	for (uint32_t h = 0; h < state->fleet->host_count; h++) {
		enum xn_host_state was = state->fleet->hosts[h].state;

		if (own->of[h] != key || (was != XN_HOST_ON && was != XN_HOST_SLEEP))
			continue;
		usable++;
		*ret_spares += state->hosts[h].mode == XN_MODE_AWAKE && state->hosts[h].vms == 0;
	}
	*ret_needed = usable < rule->terms->max ? usable : rule->terms->max;
}

static int64_t
reserve_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	int64_t needed;
	int64_t spares;

	count_spares(rule, state, key, &needed, &spares);
	return needed - spares;
}

static unsigned
reserve_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)vm;
	ret_keys[0] = ((const struct xn_domains *)rule->data)->of[host];
	return state->hosts[host].vms == 1; /* only the first VM takes a spare away */
}

static unsigned
reserve_touch_power(const struct xn_rule *rule, const struct xn_state *state, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)state;
	ret_keys[0] = ((const struct xn_domains *)rule->data)->of[host];
	return 1;
}

static bool
reserve_involves(
    const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];

	return host != XN_NONE && ((const struct xn_domains *)rule->data)->of[host] == key;
}

static void
reserve_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	int64_t needed;
	int64_t spares;

	count_spares(rule, state, key, &needed, &spares);
	ret_violation->about[0] = ((const struct xn_domains *)rule->data)->names[key];
	ret_violation->about_count = 1;
	ret_violation->why =
	    xn_text(arena, "%lld of %lld spare hosts", (long long)spares, (long long)needed);
}

static const struct xn_rule_ops reserve_rule = {.name = "reserve",
    .bind = reserve_bind,
    .keys = reserve_keys,
    .excess = reserve_excess,
    .touch = reserve_touch,
    .touch_power = reserve_touch_power,
    .involves = reserve_involves,
    .tell = reserve_tell};

const struct xn_constraint xn_constraint_reserve = {
    .name = "reserve",
    .fields = {{"hosts", XN_FIELD_COUNT, true}, {"per", XN_FIELD_DOMAIN_ANY, false},
	{"continuous", XN_FIELD_CONTINUOUS, false}},
    .defaults = {.domain = XN_DOMAIN_ALL},
    .rule = &reserve_rule,
};
