#include "policies/constraints/common.h"

#include <string.h>

/* security_levels: what may share a host with a VM of these levels. Keys: hosts. */
static bool
is_of(const struct xn_rule *rule, const struct xn_fleet_vm *vm)
{
	return vm->security_level >= 0 && vm->security_level < 32 &&
	    (rule->level->levels & 1u << vm->security_level) != 0;
}

static bool
same_agency(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int64_t
hosts_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	const struct xn_fleet_vm *first = NULL;
	bool inside = false;
	bool outside = false;
	bool mixed = false;

	for (uint32_t n = state->hosts[key].first; n != XN_NONE; n = state->next[n]) {
		const struct xn_fleet_vm *vm = &state->fleet->vms[n / 2];

		if (is_of(rule, vm))
			inside = true;
		else
			outside = true;
		if (first == NULL)
			first = vm;
		else
			mixed |= !same_agency(first->agency, vm->agency);
	}
	return inside && (outside || (mixed && rule->level->hosts == XN_LEVEL_DEDICATED));
}

static unsigned
hosts_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)rule;
	(void)state;
	(void)vm;
	ret_keys[0] = host;
	return 1;
}

static void
hosts_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	(void)arena;
	ret_violation->about[0] = state->fleet->hosts[key].id;
	ret_violation->about_count = 1;
	ret_violation->why = rule->level->hosts == XN_LEVEL_DEDICATED
	    ? "dedicated to one level and one agency, shared"
	    : "separated from other levels, shared";
}

const struct xn_rule_ops xn_rule_level_hosts = {.name = "security_levels",
    .yes_no = true,
    .keys = xn_keys_hosts,
    .excess = hosts_excess,
    .touch = hosts_touch,
    .involves = xn_involves_host,
    .tell = hosts_tell};

/* security_levels: only on hosts of these racks. Keys: VMs. */
static void
racks_bind(struct xn_rule *rule, struct xn_state *state)
{
	const struct xn_fleet *fleet = state->fleet;
	bool *in = xn_new(state->arena, bool, fleet->rack_count + 1u);

	for (uint32_t r = 0; r < fleet->rack_count; r++)
		in[r] = xn_select_rack(&rule->level->racks, &fleet->racks[r]);
	rule->data = in;
}

static bool
racks_bars(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host)
{
	return is_of(rule, &state->fleet->vms[vm]) &&
	    !((const bool *)rule->data)[state->fleet->hosts[host].rack];
}

const struct xn_rule_ops xn_rule_level_racks = {.name = "security_levels",
    .by_vm = true,
    .yes_no = true,
    .bind = racks_bind,
    .keys = xn_keys_vms,
    .excess = xn_excess_bars,
    .touch = xn_touch_vm,
    .bars = racks_bars,
    .involves = xn_involves_vm,
    .tell = xn_tell_vm};
