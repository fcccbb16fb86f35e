#include "policies/state.h"

#include <assert.h>
#include <string.h>

extern const struct xn_constraint xn_constraint_preserve;
extern const struct xn_constraint xn_constraint_overbook;

#define PPM INT64_C(1000000)

static enum xn_host_mode
mode_of(enum xn_host_state state)
{
	switch (state) {
	case XN_HOST_SLEEP: return XN_MODE_ASLEEP;
	case XN_HOST_OFF: return XN_MODE_DARK;
	case XN_HOST_ON:
	case XN_HOST_MAINTENANCE:
	case XN_HOST_UNREACHABLE: break;
	}
	return XN_MODE_AWAKE;
}

/* What each VM counts: contract section 2, raised by preserve. */
static void
count_vms(struct xn_state *state)
{
	const struct xn_fleet *fleet = state->fleet;

	for (uint32_t v = 0; v < fleet->vm_count; v++) {
		const struct xn_fleet_vm *vm = &fleet->vms[v];
		struct xn_vm_load *load = &state->vms[v];

		load->counts[XN_RESOURCE_CPU] = vm->cpu_p95_millicores > vm->cpu_used_millicores
		    ? vm->cpu_p95_millicores
		    : vm->cpu_used_millicores;
		load->counts[XN_RESOURCE_MEMORY] = vm->memory_mib;
		load->counts[XN_RESOURCE_NETWORK] = vm->network_mbps;
		load->at[0] = load->at[1] = XN_NONE;
	}
	for (unsigned c = 0; state->policy != NULL && c < state->policy->clause_count; c++) {
		const struct xn_clause *clause = &state->policy->clauses[c];
		const struct xn_terms *terms = &clause->terms;

		if (clause->constraint != &xn_constraint_preserve)
			continue;
		for (uint32_t v = 0; v < fleet->vm_count; v++)
			if (xn_select_vm(&terms->select, &fleet->vms[v]) &&
			    state->vms[v].counts[terms->resource] < terms->max)
				state->vms[v].counts[terms->resource] = terms->max;
	}
}

/* Memory limits: the lowest memory overbook that names the host, else its memory. */
static void
limit_memory(struct xn_state *state)
{
	const struct xn_fleet *fleet = state->fleet;

	for (uint32_t h = 0; h < fleet->host_count; h++) {
		int64_t lowest = -1;

		for (unsigned c = 0; state->policy != NULL && c < state->policy->clause_count;
		     c++) {
			const struct xn_clause *clause = &state->policy->clauses[c];

			if (clause->constraint == &xn_constraint_overbook &&
			    clause->terms.resource == XN_RESOURCE_MEMORY &&
			    (lowest < 0 || clause->terms.ratio < lowest) &&
			    xn_select_host(&clause->terms.hosts, fleet, &fleet->hosts[h]))
				lowest = clause->terms.ratio;
		}
		state->hosts[h].memory_limit = lowest < 0
		    ? fleet->hosts[h].memory_mib
		    : fleet->hosts[h].memory_mib * lowest / 1000;
	}
}

static uint32_t
pair_of(struct xn_state *state, uint32_t a, uint32_t b)
{
	uint32_t p = state->feeds[a].first_pair;
	struct xn_feed_pair *pair;

	while (p != XN_NONE) {
		pair = &state->pairs[p];
		if (pair->feeds[0] == b || pair->feeds[1] == b)
			return p;
		p = pair->next[pair->feeds[1] == a];
	}
	p = state->pair_count++;
	state->pairs[p] = (struct xn_feed_pair){
	    .feeds = {a, b}, .next = {state->feeds[a].first_pair, state->feeds[b].first_pair}};
	state->feeds[a].first_pair = state->feeds[b].first_pair = p;
	return p;
}

/* Racks with what draws regardless of hosts. */
static void
lay_racks(struct xn_state *state)
{
	const struct xn_fleet *fleet = state->fleet;

	for (uint32_t f = 0; f < fleet->feed_count; f++)
		state->feeds[f].first_pair = XN_NONE;
	for (uint32_t r = 0; r < fleet->rack_count; r++) {
		const struct xn_fleet_rack *rack = &fleet->racks[r];
		struct xn_rack_load *load = &state->racks[r];

		assert(rack->feed_count < 2 || rack->feeds[0] != rack->feeds[1]);
		load->mw = rack->other.mw;
		load->pair = XN_NONE;
		state->it_mw += load->mw;
		state->facility += load->mw * (PPM + rack->cooling.ppm);
		for (unsigned i = 0; i < rack->feed_count; i++)
			state->feeds[rack->feeds[i]].normal2_mw +=
			    rack->feed_count == 1 ? 2 * load->mw : load->mw;
		if (rack->feed_count == 2) {
			load->pair = pair_of(state, rack->feeds[0], rack->feeds[1]);
			state->pairs[load->pair].mw += load->mw;
		}
	}
}

static void
add_rule(struct xn_state *state, const struct xn_rule_ops *ops, const struct xn_terms *terms,
    const struct xn_level *level, int index)
{
	struct xn_rule *rule = &state->rules[state->rule_count++];

	*rule = (struct xn_rule){.ops = ops,
	    .terms = terms,
	    .level = level,
	    .index = index,
	    .at_end = ops->at_end || (terms != NULL && terms->at_end)};
	if (ops->bind != NULL)
		ops->bind(rule, state);
}

static void
bind_rules(struct xn_state *state)
{
	const struct xn_policy *policy = state->policy;
	unsigned most = 8;

	if (policy != NULL)
		most += policy->clause_count + 2 * policy->level_count;
	state->rules = xn_new(state->arena, struct xn_rule, most);
	for (unsigned i = 0; xn_builtin_rules[i] != NULL; i++)
		add_rule(state, xn_builtin_rules[i], NULL, NULL, -1);
	for (unsigned i = 0; policy != NULL && i < policy->clause_count; i++) {
		const struct xn_clause *clause = &policy->clauses[i];

		/* Memory overbook shows as the built-in memory rule. */
		if (clause->constraint->rule != NULL &&
		    !(clause->constraint == &xn_constraint_overbook &&
			clause->terms.resource == XN_RESOURCE_MEMORY))
			add_rule(state, clause->constraint->rule, &clause->terms, NULL, (int)i);
	}
	for (unsigned i = 0; policy != NULL && i < policy->level_count; i++) {
		if (policy->levels[i].hosts != XN_LEVEL_SHARED)
			add_rule(state, &xn_rule_level_hosts, NULL, &policy->levels[i], (int)i);
		if (policy->levels[i].has_racks)
			add_rule(state, &xn_rule_level_racks, NULL, &policy->levels[i], (int)i);
	}
}

void
xn_state_make(struct xn_state *state, const struct xn_fleet *fleet, const struct xn_policy *policy,
    struct xn_arena *arena)
{
	*state = (struct xn_state){.fleet = fleet, .policy = policy, .arena = arena};
	state->vms = xn_new(arena, struct xn_vm_load, fleet->vm_count + 1u);
	state->hosts = xn_new(arena, struct xn_host_load, fleet->host_count + 1u);
	state->racks = xn_new(arena, struct xn_rack_load, fleet->rack_count + 1u);
	state->feeds = xn_new(arena, struct xn_feed_load, fleet->feed_count + 1u);
	state->pairs = xn_new(arena, struct xn_feed_pair, fleet->rack_count + 1u);
	state->next = xn_new(arena, uint32_t, fleet->vm_count * 2 + 2u);
	state->previous = xn_new(arena, uint32_t, fleet->vm_count * 2 + 2u);
	count_vms(state);
	lay_racks(state);
	limit_memory(state);
	for (uint32_t h = 0; h < fleet->host_count; h++) {
		state->hosts[h].first = XN_NONE;
		state->hosts[h].mode = mode_of(fleet->hosts[h].state);
	}
	bind_rules(state);
	for (uint32_t h = 0; h < fleet->host_count; h++)
		xn_state_mode(state, h, state->hosts[h].mode);
	for (uint32_t v = 0; v < fleet->vm_count; v++)
		if (fleet->vms[v].running && fleet->vms[v].host != XN_NONE)
			xn_state_add(state, v, 0, fleet->vms[v].host);
	for (uint32_t r = 0; r < fleet->rack_count; r++)
		state->racks[r].base_mw = state->racks[r].mw;
	state->base_count = xn_state_broken(state, arena, &state->base);
}
