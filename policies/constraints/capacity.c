#include "policies/constraints/common.h"

/*
 * running_capacity and resource_capacity: what the VMs on these hosts come to together, as a number
 * of VMs or as an amount of a resource. One key. A VM that moves inside counts once.
 */
struct capacity {
	bool *hosts;
	int64_t sum;
};

static void
capacity_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct capacity *own = xn_new(state->arena, struct capacity, 1);

	rule->data = own;
	own->hosts = xn_bind_hosts(state, &rule->terms->hosts);
}

static int64_t
capacity_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	(void)state;
	(void)key;
	return ((const struct capacity *)rule->data)->sum - rule->terms->max;
}

static unsigned
capacity_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)state;
	(void)vm;
	ret_keys[0] = 0;
	return ((const struct capacity *)rule->data)->hosts[host];
}

static void
add(struct capacity *own, uint32_t host, uint32_t other, int64_t amount)
{
	if (own->hosts[host] && (other == XN_NONE || !own->hosts[other]))
		own->sum += amount;
}

static void
running_change(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t other, int sign)
{
	(void)state;
	(void)vm;
	add(rule->data, host, other, sign);
}

static void
resource_change(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm,
    uint32_t host, uint32_t other, int sign)
{
	add(rule->data, host, other, sign * state->vms[vm].counts[rule->terms->resource]);
}

static bool
capacity_involves(
    const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	uint32_t host = state->vms[vm].at[0];

	(void)key;
	return host != XN_NONE && ((const struct capacity *)rule->data)->hosts[host];
}

static void
capacity_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)state;
	(void)key;
	ret_violation->about_count = 0;
	ret_violation->why = xn_text(arena, "%lld of %lld",
	    (long long)((const struct capacity *)rule->data)->sum, (long long)rule->terms->max);
}

static const struct xn_rule_ops running_rule = {.name = "running_capacity",
    .bind = capacity_bind,
    .keys = xn_keys_one,
    .excess = capacity_excess,
    .touch = capacity_touch,
    .change = running_change,
    .involves = capacity_involves,
    .tell = capacity_tell};
static const struct xn_rule_ops resource_rule = {.name = "resource_capacity",
    .bind = capacity_bind,
    .keys = xn_keys_one,
    .excess = capacity_excess,
    .touch = capacity_touch,
    .change = resource_change,
    .involves = capacity_involves,
    .tell = capacity_tell};

const struct xn_constraint xn_constraint_running_capacity = {
    .name = "running_capacity",
    .fields = {{"hosts", XN_FIELD_HOSTS, true}, {"max", XN_FIELD_COUNT, true},
	{"continuous", XN_FIELD_CONTINUOUS, false}},
    .rule = &running_rule,
};
const struct xn_constraint xn_constraint_resource_capacity = {
    .name = "resource_capacity",
    .fields = {{"hosts", XN_FIELD_HOSTS, true}, {"resource", XN_FIELD_RESOURCE, true},
	{"max", XN_FIELD_AMOUNT, true}, {"continuous", XN_FIELD_CONTINUOUS, false}},
    .rule = &resource_rule,
};
