#include "policies/constraints/common.h"

/* inlet_temperature: predicted inlet of these racks at most `max`. Keys: racks. */
static void
inlet_bind(struct xn_rule *rule, struct xn_state *state)
{
	const struct xn_fleet *fleet = state->fleet;
	bool *in = xn_new(state->arena, bool, fleet->rack_count + 1u);

	for (uint32_t r = 0; r < fleet->rack_count; r++)
		in[r] = fleet->racks[r].inlet.mk != 0 &&
		    xn_select_rack(&rule->terms->racks, &fleet->racks[r]);
	rule->data = in;
}

static uint32_t
inlet_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->rack_count;
}

static int64_t
inlet_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	if (!((const bool *)rule->data)[key])
		return 0;
	return xn_state_inlet_mk(state, key) - rule->terms->max;
}

static unsigned
inlet_touch_power(const struct xn_rule *rule, const struct xn_state *state, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)rule;
	ret_keys[0] = state->fleet->hosts[host].rack;
	return 1;
}

static unsigned
inlet_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)vm;
	return inlet_touch_power(rule, state, host, ret_keys);
}

static bool
inlet_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];

	(void)rule;
	return host != XN_NONE && state->fleet->hosts[host].rack == key;
}

static void
inlet_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	int64_t tenths = (xn_state_inlet_mk(state, key) - XN_KELVIN_ZERO_MK + 99) / 100;

	ret_violation->about[0] = state->fleet->racks[key].id;
	ret_violation->about_count = 1;
	ret_violation->why = xn_text(arena, "%lld.%lld of %lld degC", (long long)(tenths / 10),
	    (long long)(tenths % 10), (long long)((rule->terms->max - XN_KELVIN_ZERO_MK) / 1000));
}

static const struct xn_rule_ops inlet_rule = {.name = "inlet_temperature",
    .bind = inlet_bind,
    .keys = inlet_keys,
    .excess = inlet_excess,
    .touch = inlet_touch,
    .touch_power = inlet_touch_power,
    .involves = inlet_involves,
    .tell = inlet_tell};

const struct xn_constraint xn_constraint_inlet_temperature = {
    .name = "inlet_temperature",
    .fields = {{"max", XN_FIELD_TEMPERATURE, true}, {"racks", XN_FIELD_RACKS, false}},
    .rule = &inlet_rule,
};
