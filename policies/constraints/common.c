#include "policies/constraints/common.h"

bool *
xn_bind_vms(struct xn_state *state, const struct xn_select *select)
{
	const struct xn_fleet *fleet = state->fleet;
	bool *in = xn_new(state->arena, bool, fleet->vm_count + 1u);

	for (uint32_t v = 0; v < fleet->vm_count; v++)
		in[v] = fleet->vms[v].running && xn_select_vm(select, &fleet->vms[v]);
	return in;
}

bool *
xn_bind_hosts(struct xn_state *state, const struct xn_select *select)
{
	const struct xn_fleet *fleet = state->fleet;
	bool *in = xn_new(state->arena, bool, fleet->host_count + 1u);

	for (uint32_t h = 0; h < fleet->host_count; h++)
		in[h] = xn_select_host(select, fleet, &fleet->hosts[h]);
	return in;
}

bool *
xn_bind_feeds(struct xn_state *state, const struct xn_select *racks)
{
	const struct xn_fleet *fleet = state->fleet;
	bool *in = xn_new(state->arena, bool, fleet->feed_count + 1u);

	for (uint32_t r = 0; r < fleet->rack_count; r++)
		if (xn_select_rack(racks, &fleet->racks[r]))
			for (unsigned i = 0; i < fleet->racks[r].feed_count; i++)
				in[fleet->racks[r].feeds[i]] = true;
	return in;
}

void
xn_tally_make(struct xn_tally *tally, struct xn_arena *arena, const uint32_t *class_of,
    uint32_t classes, const uint32_t *domain_of, uint32_t domains)
{
	*tally = (struct xn_tally){.class_of = class_of,
	    .domain_of = domain_of,
	    .domains = domains,
	    .count = xn_new(arena, uint32_t, (size_t)classes * domains + 1u)};
}

void
xn_tally_change(const struct xn_tally *tally, uint32_t vm, uint32_t host, uint32_t other, int sign)
{
	uint32_t class_ = tally->class_of[vm];
	uint32_t domain = tally->domain_of[host];

	if (class_ == XN_NONE || domain == XN_NONE ||
	    (other != XN_NONE && tally->domain_of[other] == domain))
		return;
	tally->count[(size_t)class_ * tally->domains + domain] += (uint32_t)sign;
}

uint32_t
xn_keys_one(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	(void)state;
	return 1;
}

uint32_t
xn_keys_vms(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->vm_count;
}

uint32_t
xn_keys_hosts(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)rule;
	return state->fleet->host_count;
}

unsigned
xn_touch_vm(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)rule;
	(void)state;
	(void)host;
	ret_keys[0] = vm;
	return 1;
}

bool
xn_involves_vm(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	(void)rule;
	(void)state;
	return key == vm;
}

bool
xn_involves_host(
    const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	(void)rule;
	return state->vms[vm].at[0] == key;
}

int64_t
xn_excess_bars(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	for (int i = 0; i < 2; i++)
		if (state->vms[key].at[i] != XN_NONE &&
		    rule->ops->bars(rule, state, key, state->vms[key].at[i]))
			return 1;
	return 0;
}

void
xn_tell_vm(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	uint32_t host = state->vms[key].at[state->vms[key].at[1] != XN_NONE];

	(void)rule;
	ret_violation->about[0] = state->fleet->vms[key].id;
	ret_violation->about_count = 1;
	ret_violation->why =
	    host == XN_NONE ? "" : xn_text(arena, "not on %s", state->fleet->hosts[host].id);
}

const char *
xn_say_watts(struct xn_arena *arena, int64_t mw, int64_t limit_mw)
{
	return xn_text(
	    arena, "%lld of %lld W", (long long)((mw + 999) / 1000), (long long)(limit_mw / 1000));
}
