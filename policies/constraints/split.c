#include "policies/constraints/common.h"

/* split: VMs of different items never share a domain. Keys: domains. */
struct split {
	struct xn_domains domains;
	struct xn_tally tally;
	unsigned items;
};

static void
split_bind(struct xn_rule *rule, struct xn_state *state)
{
	const struct xn_fleet *fleet = state->fleet;
	const struct xn_terms *terms = rule->terms;
	struct split *own = xn_new(state->arena, struct split, 1);
	uint32_t *item_of = xn_new(state->arena, uint32_t, fleet->vm_count + 1u);

	rule->data = own;
	own->items = terms->set_count;
	for (uint32_t v = 0; v < fleet->vm_count; v++) {
		item_of[v] = XN_NONE;
		for (unsigned i = terms->set_count; i-- > 0;)
			if (fleet->vms[v].running && xn_select_vm(&terms->sets[i], &fleet->vms[v]))
				item_of[v] = i;
	}
	xn_domains_make(state->arena, fleet, terms->domain, &own->domains);
	xn_tally_make(
	    &own->tally, state->arena, item_of, own->items, own->domains.of, own->domains.count);
}

static uint32_t
split_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)state;
	return ((const struct split *)rule->data)->domains.count;
}

static int64_t
split_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	const struct split *own = rule->data;
	unsigned present = 0;

	(void)state;
	for (unsigned i = 0; i < own->items; i++)
		present += xn_tally_of(&own->tally, i, key) > 0;
	return present > 1;
}

static unsigned
split_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	const struct split *own = rule->data;

	(void)state;
	ret_keys[0] = own->domains.of[host];
	return own->tally.class_of[vm] != XN_NONE;
}

static void
split_change(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t other, int sign)
{
	const struct split *own = rule->data;

	(void)state;
	xn_tally_change(&own->tally, vm, host, other, sign);
}

/* All but the item with most VMs there. */
static bool
split_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	const struct split *own = rule->data;
	uint32_t host = state->vms[vm].at[0];
	unsigned most = 0;

	if (host == XN_NONE || own->domains.of[host] != key || own->tally.class_of[vm] == XN_NONE)
		return false;
	for (unsigned i = 1; i < own->items; i++)
		if (xn_tally_of(&own->tally, i, key) > xn_tally_of(&own->tally, most, key))
			most = i;
	return own->tally.class_of[vm] != most;
}

static void
split_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	const struct split *own = rule->data;

	(void)state;
	(void)arena;
	ret_violation->about[0] = own->domains.names[key];
	ret_violation->about_count = 1;
	ret_violation->why = "VMs of different items are together";
}

static const struct xn_rule_ops split_rule = {.name = "split",
    .yes_no = true,
    .bind = split_bind,
    .keys = split_keys,
    .excess = split_excess,
    .touch = split_touch,
    .change = split_change,
    .involves = split_involves,
    .tell = split_tell};

const struct xn_constraint xn_constraint_split = {
    .name = "split",
    .fields = {{"sets", XN_FIELD_VM_SETS, true}, {"across", XN_FIELD_DOMAIN, false},
	{"continuous", XN_FIELD_CONTINUOUS, false}},
    .defaults = {.domain = XN_DOMAIN_HOST},
    .rule = &split_rule,
};
