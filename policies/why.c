/* Why a host refuses a VM, in words. */
#include "policies/search.h"

static const char *
say_state(const struct xn_search *search, const struct xn_state *state, uint32_t h)
{
	switch (search->fleet->hosts[h].state) {
	case XN_HOST_OFF: return "state: off";
	case XN_HOST_MAINTENANCE: return "state: maintenance, to be emptied";
	case XN_HOST_UNREACHABLE: return "state: unreachable";
	case XN_HOST_ON:
	case XN_HOST_SLEEP: break;
	}
	if (!xn_state_in_scope(state, h))
		return "clusters: the policy does not reach this host";
	if (!search->may_enter[h])
		return search->fleet->racks[search->fleet->hosts[h].rack].inlet_quality >=
			XN_QUALITY_ESTIMATED
		    ? "quarantine: no VM enters or leaves"
		    : "hold: the rack's inlet temperature is not trusted";
	if (state->hosts[h].mode == XN_MODE_ASLEEP && !search->may_wake[h] && !search->may_sleep[h])
		return "state: asleep";
	return NULL;
}

/* The state is changed to ask and is as before afterwards. */
static const char *
refusal(const struct xn_search *search, struct xn_state *state, uint32_t vm, uint32_t h)
{
	const char *why = say_state(search, state, h);
	bool asleep = state->hosts[h].mode == XN_MODE_ASLEEP;
	unsigned place = state->vms[vm].at[0] != XN_NONE;
	struct xn_violation said = {.why = ""};
	uint32_t over;
	uint32_t key;

	if (why != NULL)
		return why;
	if (asleep)
		xn_state_mode(state, h, XN_MODE_AWAKE);
	xn_state_add(state, vm, place, h);
	over = xn_state_over(state, vm, h, XN_ALLOW_NONE, &key);
	if (over == XN_NONE && asleep)
		over = xn_state_over_power(state, h, XN_ALLOW_BASE, &key);
	if (over != XN_NONE) {
		const struct xn_rule *rule = &state->rules[over];

		rule->ops->tell(rule, state, key, search->arena, &said);
		why = xn_text(search->arena, "%s: %s", rule->ops->name, said.why);
	}
	xn_state_drop(state, vm, place);
	if (asleep)
		xn_state_mode(state, h, XN_MODE_ASLEEP);
	return why;
}

void
xn_refusals(
    const struct xn_search *search, struct xn_state *state, uint32_t vm, const char **ret_why)
{
	for (uint32_t h = 0; h < search->fleet->host_count; h++)
		ret_why[h] = state->vms[vm].at[0] == h ? "is there" : refusal(search, state, vm, h);
}
