#include "policies/constraints/common.h"

/* power_cap: watts of these hosts together. One key. */
struct power_cap {
	bool *hosts;
	int64_t mw;
};

static void
cap_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct power_cap *own = xn_new(state->arena, struct power_cap, 1);

	rule->data = own;
	own->hosts = xn_bind_hosts(state, &rule->terms->hosts);
}

static int64_t
cap_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)state;
	(void)key;
	return ((const struct power_cap *)rule->data)->mw - rule->terms->max;
}

static void
cap_drawn(const struct xn_rule *rule, uint32_t host, int64_t delta_mw)
{
	struct power_cap *own = rule->data;

	if (own->hosts[host])
		own->mw += delta_mw;
}

static unsigned
cap_touch_power(const struct xn_rule *rule, const struct xn_state *state, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)state;
	ret_keys[0] = 0;
	return ((const struct power_cap *)rule->data)->hosts[host];
}

static unsigned
cap_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)vm;
	return cap_touch_power(rule, state, host, ret_keys);
}

static bool
cap_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];

	(void)key;
	return host != XN_NONE && ((const struct power_cap *)rule->data)->hosts[host];
}

static void
cap_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)state;
	(void)key;
	ret_violation->about_count = 0;
	ret_violation->why =
	    xn_say_watts(arena, ((const struct power_cap *)rule->data)->mw, rule->terms->max);
}

static const struct xn_rule_ops cap_rule = {.name = "power_cap",
    .bind = cap_bind,
    .keys = xn_keys_one,
    .excess = cap_excess,
    .touch = cap_touch,
    .touch_power = cap_touch_power,
    .drawn = cap_drawn,
    .involves = cap_involves,
    .tell = cap_tell};

const struct xn_constraint xn_constraint_power_cap = {
    .name = "power_cap",
    .fields = {{"hosts", XN_FIELD_HOSTS, true}, {"max", XN_FIELD_POWER, true},
	{"continuous", XN_FIELD_CONTINUOUS, false}},
    .rule = &cap_rule,
};
