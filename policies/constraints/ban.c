#include "policies/constraints/common.h"

/* ban: the selected VMs not on these hosts. Keys: VMs. */
struct ban {
	bool *vms;
	bool *hosts;
};

static void
ban_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct ban *own = xn_new(state->arena, struct ban, 1);

	rule->data = own;
	own->vms = xn_bind_vms(state, &rule->terms->select);
	own->hosts = xn_bind_hosts(state, &rule->terms->hosts);
}

static bool
ban_bars(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host)
{
	const struct ban *own = rule->data;

	(void)state;
	return own->vms[vm] && own->hosts[host];
}

static const struct xn_rule_ops ban_rule = {.name = "ban",
    .by_vm = true,
    .yes_no = true,
    .bind = ban_bind,
    .keys = xn_keys_vms,
    .excess = xn_excess_bars,
    .touch = xn_touch_vm,
    .bars = ban_bars,
    .involves = xn_involves_vm,
    .tell = xn_tell_vm};

const struct xn_constraint xn_constraint_ban = {
    .name = "ban",
    .fields = {{"select", XN_FIELD_SELECT, true}, {"hosts", XN_FIELD_HOSTS, true}},
    .rule = &ban_rule,
};
