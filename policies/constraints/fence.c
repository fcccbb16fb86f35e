#include "policies/constraints/common.h"

/* fence: the selected VMs only on these hosts. Keys: VMs. */
struct fence {
	bool *vms;
	bool *hosts;
};

static void
fence_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct fence *own = xn_new(state->arena, struct fence, 1);

	rule->data = own;
	own->vms = xn_bind_vms(state, &rule->terms->select);
	own->hosts = xn_bind_hosts(state, &rule->terms->hosts);
}

static bool
fence_bars(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host)
{
	const struct fence *own = rule->data;

	(void)state;
	return own->vms[vm] && !own->hosts[host];
}

static const struct xn_rule_ops fence_rule = {.name = "fence",
    .by_vm = true,
    .yes_no = true,
    .bind = fence_bind,
    .keys = xn_keys_vms,
    .excess = xn_excess_bars,
    .touch = xn_touch_vm,
    .bars = fence_bars,
    .involves = xn_involves_vm,
    .tell = xn_tell_vm};

const struct xn_constraint xn_constraint_fence = {
    .name = "fence",
    .fields = {{"select", XN_FIELD_SELECT, true}, {"hosts", XN_FIELD_HOSTS, true}},
    .rule = &fence_rule,
};
