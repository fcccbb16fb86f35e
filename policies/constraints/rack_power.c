#include "policies/constraints/common.h"

/* rack_power: every feed of these racks at most `max` of its rating. Keys: feeds. */
static void
rack_power_bind(struct xn_rule *rule, struct xn_state *state)
{
	rule->data = xn_bind_feeds(state, &rule->terms->racks);
}

static uint32_t
rack_power_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->feed_count;
}

static int64_t
load2(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	return rule->terms->survive ? xn_state_feed_loss2(state, key)
				    : state->feeds[key].normal2_mw;
}

static int64_t
limit2(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	return 2 * state->fleet->feeds[key].rating.mw * rule->terms->max / 1000000;
}

static int64_t
rack_power_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	if (!((const bool *)rule->data)[key])
		return 0;
	return load2(rule, state, key) - limit2(rule, state, key);
}

static unsigned
rack_power_touch_power(const struct xn_rule *rule, const struct xn_state *state, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	const struct xn_fleet_rack *rack = &state->fleet->racks[state->fleet->hosts[host].rack];

	(void)rule;
	for (unsigned i = 0; i < rack->feed_count; i++)
		ret_keys[i] = rack->feeds[i];
	return rack->feed_count;
}

static unsigned
rack_power_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm,
    uint32_t host, uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)vm;
	return rack_power_touch_power(rule, state, host, ret_keys);
}

static bool
rack_power_involves(
    const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];
	uint32_t feeds[XN_RULE_KEYS];
	unsigned n;

	if (host == XN_NONE)
		return false;
	n = rack_power_touch_power(rule, state, host, feeds);
	return (n > 0 && feeds[0] == key) || (n > 1 && feeds[1] == key);
}

static void
rack_power_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	ret_violation->about[0] = state->fleet->feeds[key].id;
	ret_violation->about_count = 1;
	ret_violation->why =
	    xn_say_watts(arena, load2(rule, state, key) / 2, limit2(rule, state, key) / 2);
}

static const struct xn_rule_ops rack_power_rule = {.name = "rack_power",
    .bind = rack_power_bind,
    .keys = rack_power_keys,
    .excess = rack_power_excess,
    .touch = rack_power_touch,
    .touch_power = rack_power_touch_power,
    .involves = rack_power_involves,
    .tell = rack_power_tell};

const struct xn_constraint xn_constraint_rack_power = {
    .name = "rack_power",
    .fields = {{"max", XN_FIELD_SHARE, true}, {"survive", XN_FIELD_SURVIVE, false},
	{"racks", XN_FIELD_RACKS, false}},
    .defaults = {.survive = true},
    .rule = &rack_power_rule,
};
