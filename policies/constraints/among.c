#include "policies/constraints/common.h"

/* among: all placed VMs of a set on hosts of one and the same listed item. Keys: sets. */
struct among {
	struct xn_sets sets;
	bool **items; /* [item][host] */
	unsigned item_count;
};

static void
among_bind(struct xn_rule *rule, struct xn_state *state)
{
	struct among *own = xn_new(state->arena, struct among, 1);
	const struct xn_terms *terms = rule->terms;

	rule->data = own;
	own->item_count = terms->set_count;
	own->items = xn_new(state->arena, bool *, terms->set_count + 1u);
	for (unsigned i = 0; i < terms->set_count; i++)
		own->items[i] = xn_bind_hosts(state, &terms->sets[i]);
	xn_sets_make(state->arena, state->fleet, &terms->select, terms->by, &own->sets);
}

static uint32_t
among_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)state;
	return ((const struct among *)rule->data)->sets.count;
}

/* VMs of the set that are outside the item; of no item (XN_NONE): all placed ones. */
static int64_t
outside(const struct among *own, const struct xn_state *state, uint32_t key, unsigned item)
{
	int64_t found = 0;

	for (uint32_t i = own->sets.start[key]; i < own->sets.start[key + 1]; i++) {
		uint32_t host = state->vms[own->sets.member[i]].at[0];

		found += host != XN_NONE && (item == XN_NONE || !own->items[item][host]);
	}
	return found;
}

static int64_t
among_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	const struct among *own = rule->data;
	int64_t least = outside(own, state, key, XN_NONE);

	for (unsigned i = 0; i < own->item_count && least > 0; i++) {
		int64_t here = outside(own, state, key, i);

		least = here < least ? here : least;
	}
	return least;
}

static unsigned
among_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	const struct among *own = rule->data;

	(void)state;
	(void)host;
	ret_keys[0] = own->sets.of[vm];
	return own->sets.of[vm] != XN_NONE;
}

static bool
among_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	(void)state;
	return ((const struct among *)rule->data)->sets.of[vm] == key;
}

static void
among_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	const struct among *own = rule->data;

	ret_violation->about[0] = own->sets.names[key];
	ret_violation->about_count = 1;
	ret_violation->why = xn_text(arena, "%lld VMs are outside the nearest item",
	    (long long)among_excess(rule, state, key));
}

static const struct xn_rule_ops among_rule = {.name = "among",
    .at_end = true,
    .bind = among_bind,
    .keys = among_keys,
    .excess = among_excess,
    .touch = among_touch,
    .involves = among_involves,
    .tell = among_tell};

const struct xn_constraint xn_constraint_among = {
    .name = "among",
    .fields = {{"select", XN_FIELD_SELECT, true}, {"by", XN_FIELD_BY, false},
	{"sets", XN_FIELD_HOST_SETS, true}},
    .defaults = {.by = XN_BY_GROUP},
    .rule = &among_rule,
};
