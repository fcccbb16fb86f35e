#include "policies/constraints/common.h"

/*
 * overbook: of cpu, the vCPUs on a host are at most `ratio` x its cores. Of memory it sets the
 * factor of the built-in memory rule (state_make.c) and no rule is bound. Keys: hosts.
 */
static void
overbook_bind(struct xn_rule *rule, struct xn_state *state)
{
	rule->data = xn_bind_hosts(state, &rule->terms->hosts);
}

static int64_t
vcpu_limit(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	return state->fleet->hosts[key].cpu_millicores * rule->terms->ratio / 1000;
}

static int64_t
overbook_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	if (!((const bool *)rule->data)[key])
		return 0;
	return state->hosts[key].vcpu_millicores - vcpu_limit(rule, state, key);
}

static unsigned
overbook_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)rule;
	(void)state;
	(void)vm;
	ret_keys[0] = host;
	return 1;
}

static void
overbook_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	ret_violation->about[0] = state->fleet->hosts[key].id;
	ret_violation->about_count = 1;
	ret_violation->why = xn_text(arena, "%lld of %lld vCPUs",
	    (long long)(state->hosts[key].vcpu_millicores / 1000),
	    (long long)(vcpu_limit(rule, state, key) / 1000));
}

static const struct xn_rule_ops overbook_rule = {.name = "overbook",
    .bind = overbook_bind,
    .keys = xn_keys_hosts,
    .excess = overbook_excess,
    .touch = overbook_touch,
    .involves = xn_involves_host,
    .tell = overbook_tell};

const struct xn_constraint xn_constraint_overbook = {
    .name = "overbook",
    .fields = {{"resource", XN_FIELD_CPU_OR_MEMORY, true}, {"ratio", XN_FIELD_RATIO, true},
	{"hosts", XN_FIELD_HOSTS, false}},
    .rule = &overbook_rule,
};
