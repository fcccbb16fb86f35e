#include "policies/constraints/common.h"

/* max_online: at most `max` of these hosts draw power. One key. */
static void
online_bind(struct xn_rule *rule, struct xn_state *state)
{
	rule->data = xn_bind_hosts(state, &rule->terms->hosts);
}

static int64_t
online(const struct xn_rule *rule, const struct xn_state *state)
{
	const bool *in = rule->data;
	int64_t found = 0;

	for (uint32_t h = 0; h < state->fleet->host_count; h++)
		found += in[h] && xn_mode_draws(state->hosts[h].mode);
	return found;
}

static int64_t
online_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)key;
	return online(rule, state) - rule->terms->max;
}

static unsigned
online_touch_power(const struct xn_rule *rule, const struct xn_state *state, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)state;
	ret_keys[0] = 0;
	return ((const bool *)rule->data)[host];
}

/* Emptying a host lets it sleep. */
static bool
online_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];

	(void)key;
	return host != XN_NONE && ((const bool *)rule->data)[host];
}

static void
online_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)key;
	ret_violation->about_count = 0;
	ret_violation->why = xn_text(arena, "%lld of %lld hosts draw power",
	    (long long)online(rule, state), (long long)rule->terms->max);
}

static const struct xn_rule_ops online_rule = {.name = "max_online",
    .bind = online_bind,
    .keys = xn_keys_one,
    .excess = online_excess,
    .touch_power = online_touch_power,
    .involves = online_involves,
    .tell = online_tell};

const struct xn_constraint xn_constraint_max_online = {
    .name = "max_online",
    .fields = {{"hosts", XN_FIELD_HOSTS, true}, {"max", XN_FIELD_COUNT, true},
	{"continuous", XN_FIELD_CONTINUOUS, false}},
    .rule = &online_rule,
};
