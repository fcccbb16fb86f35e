#include "policies/state.h"

#include <assert.h>
#include <string.h>

#include "policies/select.h"

#define PPM INT64_C(1000000)

static void
redraw(struct xn_state *state, uint32_t h)
{
	const struct xn_fleet_host *host = &state->fleet->hosts[h];
	const struct xn_fleet_rack *rack = &state->fleet->racks[host->rack];
	struct xn_host_load *load = &state->hosts[h];
	struct xn_rack_load *rack_load = &state->racks[host->rack];
	int64_t mw = 0;
	int64_t delta;

	if (xn_mode_draws(load->mode))
		mw = xn_fleet_host_watts(host, load->used_millicores).mw;
	else if (load->mode == XN_MODE_ASLEEP)
		mw = host->sleep_watts.mw;
	delta = mw - load->watts_mw;
	if (delta == 0)
		return;
	load->watts_mw = mw;
	rack_load->mw += delta;
	state->it_mw += delta;
	state->facility += delta * (PPM + rack->cooling.ppm);
	for (unsigned i = 0; i < rack->feed_count; i++)
		state->feeds[rack->feeds[i]].normal2_mw +=
		    rack->feed_count == 1 ? 2 * delta : delta;
	if (rack_load->pair != XN_NONE)
		state->pairs[rack_load->pair].mw += delta;
	for (uint32_t r = 0; r < state->rule_count; r++)
		if (state->rules[r].ops->drawn != NULL)
			state->rules[r].ops->drawn(&state->rules[r], h, delta);
}

static void
count(struct xn_state *state, uint32_t v, uint32_t h, int sign)
{
	const struct xn_fleet_vm *vm = &state->fleet->vms[v];
	struct xn_host_load *host = &state->hosts[h];

	for (unsigned i = 0; i < XN_RESOURCES; i++)
		host->counts[i] += sign * state->vms[v].counts[i];
	host->vcpu_millicores += sign * vm->cpu_millicores;
	host->used_millicores += sign * vm->cpu_used_millicores;
	host->vms += (uint32_t)sign;
	for (uint32_t r = 0; r < state->rule_count; r++)
		if (state->rules[r].ops->change != NULL)
			state->rules[r].ops->change(
			    &state->rules[r], state, v, h, xn_state_other(state, v, h), sign);
	redraw(state, h);
}

void
xn_state_add(struct xn_state *state, uint32_t vm, unsigned place, uint32_t host)
{
	uint32_t node = vm * 2 + place;

	assert(state->vms[vm].at[place] == XN_NONE && state->vms[vm].at[!place] != host);
	state->vms[vm].at[place] = host;
	state->next[node] = state->hosts[host].first;
	state->previous[node] = XN_NONE;
	if (state->hosts[host].first != XN_NONE)
		state->previous[state->hosts[host].first] = node;
	state->hosts[host].first = node;
	count(state, vm, host, 1);
}

void
xn_state_drop(struct xn_state *state, uint32_t vm, unsigned place)
{
	uint32_t node = vm * 2 + place;
	uint32_t host = state->vms[vm].at[place];

	assert(host != XN_NONE);
	if (state->previous[node] == XN_NONE)
		state->hosts[host].first = state->next[node];
	else
		state->next[state->previous[node]] = state->next[node];
	if (state->next[node] != XN_NONE)
		state->previous[state->next[node]] = state->previous[node];
	count(state, vm, host, -1);
	state->vms[vm].at[place] = XN_NONE;
}

void
xn_state_mode(struct xn_state *state, uint32_t host, enum xn_host_mode mode)
{
	state->hosts[host].mode = mode;
	redraw(state, host);
}

void
xn_state_move(struct xn_state *state, uint32_t vm, uint32_t to)
{
	assert(state->vms[vm].at[1] == XN_NONE); /* invariant 2 */
	if (state->vms[vm].at[0] != XN_NONE)
		xn_state_drop(state, vm, 0);
	if (to != XN_NONE)
		xn_state_add(state, vm, 0, to);
}

int64_t
xn_state_feed_loss2(const struct xn_state *state, uint32_t feed)
{
	int64_t most = 0;
	uint32_t next;

	for (uint32_t p = state->feeds[feed].first_pair; p != XN_NONE; p = next) {
		const struct xn_feed_pair *pair = &state->pairs[p];

		next = pair->next[pair->feeds[1] == feed];
		if (pair->mw > most)
			most = pair->mw;
	}
	return state->feeds[feed].normal2_mw + most;
}

int64_t
xn_state_inlet_mk(const struct xn_state *state, uint32_t rack)
{
	const struct xn_fleet_rack *row = &state->fleet->racks[rack];
	int64_t more = state->racks[rack].mw - state->racks[rack].base_mw;

	return row->inlet.mk + row->inlet_mk_per_kw * more / PPM;
}

bool
xn_state_in_scope(const struct xn_state *state, uint32_t host)
{
	const struct xn_words *clusters;

	if (state->policy == NULL || !state->policy->clusters.given)
		return true;
	clusters = &state->policy->clusters;
	for (unsigned i = 0; i < clusters->count; i++)
		if (strcmp(clusters->word[i], state->fleet->hosts[host].cluster) == 0)
			return true;
	return false;
}

int64_t
xn_state_base(const struct xn_state *state, uint32_t rule, uint32_t key)
{
	uint32_t low = 0;
	uint32_t high = state->base_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct xn_broken *row = &state->base[middle];

		if (row->rule < rule || (row->rule == rule && row->key < key))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < state->base_count && state->base[low].rule == rule && state->base[low].key == key)
		return state->base[low].excess;
	return 0;
}

static bool
above(const struct xn_state *state, uint32_t r, uint32_t key, enum xn_allow allow)
{
	int64_t excess = state->rules[r].ops->excess(&state->rules[r], state, key);

	return excess > 0 && (allow == XN_ALLOW_NONE || excess > xn_state_base(state, r, key));
}

uint32_t
xn_state_over(const struct xn_state *state, uint32_t vm, uint32_t host, enum xn_allow allow,
    uint32_t *ret_key)
{
	uint32_t keys[XN_RULE_KEYS];

	for (uint32_t r = 0; r < state->rule_count; r++) {
		const struct xn_rule *rule = &state->rules[r];
		unsigned n;

		if (rule->at_end || rule->ops->touch == NULL)
			continue;
		/* A VM that is where it may not be breaks its key until it has left. */
		if (rule->ops->by_vm && allow == XN_ALLOW_NONE) {
			*ret_key = vm;
			if (rule->ops->bars(rule, state, vm, host))
				return r;
			continue;
		}
		n = rule->ops->touch(rule, state, vm, host, keys);
		for (unsigned i = 0; i < n; i++)
			if (above(state, r, keys[i], allow)) {
				*ret_key = keys[i];
				return r;
			}
	}
	return XN_NONE;
}

uint32_t
xn_state_over_power(
    const struct xn_state *state, uint32_t host, enum xn_allow allow, uint32_t *ret_key)
{
	uint32_t keys[XN_RULE_KEYS];

	for (uint32_t r = 0; r < state->rule_count; r++) {
		const struct xn_rule *rule = &state->rules[r];
		unsigned n;

		if (rule->at_end || rule->ops->touch_power == NULL)
			continue;
		n = rule->ops->touch_power(rule, state, host, keys);
		for (unsigned i = 0; i < n; i++)
			if (above(state, r, keys[i], allow)) {
				*ret_key = keys[i];
				return r;
			}
	}
	return XN_NONE;
}

uint32_t
xn_state_broken(const struct xn_state *state, struct xn_arena *arena, struct xn_broken **ret_broken)
{
	uint32_t found = 0;

	/* Twice over: once to count, once to fill. */
	*ret_broken = NULL;
	for (int filling = 0; filling < 2; filling++) {
		found = 0;
		for (uint32_t r = 0; r < state->rule_count; r++) {
			const struct xn_rule *rule = &state->rules[r];
			uint32_t keys = rule->ops->keys(rule, state);

			for (uint32_t key = 0; key < keys; key++) {
				int64_t excess = rule->ops->excess(rule, state, key);

				if (excess > 0 && filling)
					(*ret_broken)[found] = (struct xn_broken){r, key, excess};
				found += excess > 0;
			}
		}
		if (!filling)
			*ret_broken = xn_new(arena, struct xn_broken, found + 1u);
	}
	return found;
}

void
xn_state_outlook(
    const struct xn_state *state, struct xn_arena *arena, struct xn_outlook *ret_outlook)
{
	struct xn_broken *broken;
	uint32_t n = xn_state_broken(state, arena, &broken);

	*ret_outlook = (struct xn_outlook){.it = {state->it_mw},
	    .facility = {state->facility / PPM},
	    .violations = xn_new(arena, struct xn_violation, n + 1u),
	    .violation_count = n};
	for (uint32_t i = 0; i < n; i++) {
		const struct xn_rule *rule = &state->rules[broken[i].rule];
		struct xn_violation *row = &ret_outlook->violations[i];

		row->constraint = rule->ops->name;
		row->index = rule->index;
		row->why = "";
		rule->ops->tell(rule, state, broken[i].key, arena, row);
	}
}
