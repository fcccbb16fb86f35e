#include "policies/constraints/common.h"

/* lonely: where a selected VM is, no other VM is. Keys: domains. */
struct lonely {
	struct xn_domains domains;
	struct xn_tally tally; /* class 0 is the selected, 1 the others */
};

static void
lonely_bind(struct xn_rule *rule, struct xn_state *state)
{
	const struct xn_fleet *fleet = state->fleet;
	struct lonely *own = xn_new(state->arena, struct lonely, 1);
	uint32_t *class_of = xn_new(state->arena, uint32_t, fleet->vm_count + 1u);

	rule->data = own;
	for (uint32_t v = 0; v < fleet->vm_count; v++)
		class_of[v] = !xn_select_vm(&rule->terms->select, &fleet->vms[v]);
	xn_domains_make(state->arena, fleet, rule->terms->domain, &own->domains);
	xn_tally_make(&own->tally, state->arena, class_of, 2, own->domains.of, own->domains.count);
}

static uint32_t
lonely_keys(const struct xn_rule *rule, const struct xn_state *state)
{
	(void)state;
	return ((const struct lonely *)rule->data)->domains.count;
}

static int64_t
lonely_excess(const struct xn_rule *rule, const struct xn_state *state, uint32_t key)
{
	const struct lonely *own = rule->data;
	uint32_t selected = xn_tally_of(&own->tally, 0, key);

	(void)state;
	return selected > 0 && selected + xn_tally_of(&own->tally, 1, key) > 1;
}

static unsigned
lonely_touch(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t ret_keys[XN_RULE_KEYS])
{
	(void)state;
	(void)vm;
	ret_keys[0] = ((const struct lonely *)rule->data)->domains.of[host];
	return 1;
}

static void
lonely_change(const struct xn_rule *rule, const struct xn_state *state, uint32_t vm, uint32_t host,
    uint32_t other, int sign)
{
	(void)state;
	xn_tally_change(&((const struct lonely *)rule->data)->tally, vm, host, other, sign);
}

/* The fewer: the selected among many others, or the others beside one selected. */
static bool
lonely_involves(const struct xn_rule *rule, const struct xn_state *state, uint32_t key, uint32_t vm)
{
	const struct lonely *own = rule->data;
	uint32_t host = state->vms[vm].at[0];
	uint32_t selected = xn_tally_of(&own->tally, 0, key);
	uint32_t others = xn_tally_of(&own->tally, 1, key);

	if (host == XN_NONE || own->domains.of[host] != key)
		return false;
	return own->tally.class_of[vm] == (others > 0 && others < selected ? 1u : 0u) ||
	    (selected == 1 && others == 1);
}

static void
lonely_tell(const struct xn_rule *rule, const struct xn_state *state, uint32_t key,
    struct xn_arena *arena, struct xn_violation *ret_violation)
{
	const struct lonely *own = rule->data;

	(void)state;
	ret_violation->about[0] = own->domains.names[key];
	ret_violation->about_count = 1;
	ret_violation->why = xn_text(arena, "%u lonely VMs beside %u others",
	    (unsigned)xn_tally_of(&own->tally, 0, key), (unsigned)xn_tally_of(&own->tally, 1, key));
}

static const struct xn_rule_ops lonely_rule = {.name = "lonely",
    .yes_no = true,
    .bind = lonely_bind,
    .keys = lonely_keys,
    .excess = lonely_excess,
    .touch = lonely_touch,
    .change = lonely_change,
    .involves = lonely_involves,
    .tell = lonely_tell};

const struct xn_constraint xn_constraint_lonely = {
    .name = "lonely",
    .fields = {{"select", XN_FIELD_SELECT, true}, {"across", XN_FIELD_DOMAIN, false},
	{"continuous", XN_FIELD_CONTINUOUS, false}},
    .defaults = {.domain = XN_DOMAIN_HOST},
    .rule = &lonely_rule,
};
