/* The three phases of a search: cure what is broken, place what is nowhere, save energy. */
#include "policies/search.h"

#include <string.h>

#define PPM        INT64_C(1000000)
#define ROUNDS_MAX 64

static bool
tired(const struct xn_search *search)
{
	return search->state.work >= search->work_max;
}

/* The VMs of a host, the largest first, in search->list; they stay valid while VMs move. */
static uint32_t
list_vms(struct xn_search *search, uint32_t host)
{
	const struct xn_state *state = &search->state;
	const struct xn_fleet_host *row = &search->fleet->hosts[host];
	int64_t cpu = row->cpu_millicores > 0 ? row->cpu_millicores : 1;
	int64_t memory = row->memory_mib > 0 ? row->memory_mib : 1;
	uint32_t count = 0;

	for (uint32_t n = state->hosts[host].first; n != XN_NONE; n = state->next[n])
		search->list[count++] = n / 2;
	for (uint32_t i = 0; i < count; i++) {
		const int64_t *counts = state->vms[search->list[i]].counts;

		search->ranked[i] =
		    (struct xn_ranked){-(counts[XN_RESOURCE_CPU] * 1000 / cpu +
					   counts[XN_RESOURCE_MEMORY] * 1000 / memory),
			search->list[i]};
	}
	xn_search_rank(search->ranked, count);
	for (uint32_t i = 0; i < count; i++)
		search->list[i] = search->ranked[i].id;
	return count;
}

bool
xn_search_empty(struct xn_search *search, uint32_t host, const char *reason)
{
	uint32_t mark = search->log_count;
	int64_t end = xn_search_end_excess(search);
	uint32_t count = list_vms(search, host);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t vm = search->list[i];
		uint32_t to = XN_NONE;

		if (xn_search_movable(search, vm)) {
			to = xn_search_best(search, vm, XN_NONE, 0, false);
			if (to == XN_NONE) /* a gathered set may follow as a whole */
				to = xn_search_best(search, vm, XN_NONE, 0, true);
		}
		if (to == XN_NONE) {
			xn_search_back(search, mark);
			return false;
		}
		xn_search_move(search, vm, to, reason);
	}
	if (xn_search_end_excess(search) <= end)
		return true;
	xn_search_back(search, mark);
	return false;
}

/* ---- cure ---- */

struct cure {
	uint32_t rule, key;
	int64_t excess;
	const char *reason;
};

static int64_t
excess_of(const struct xn_search *search, const struct cure *cure)
{
	const struct xn_rule *rule = &search->state.rules[cure->rule];

	return rule->ops->excess(rule, &search->state, cure->key);
}

/* The one move that lowers the excess most, then costs least. False if none does. */
static bool
cure_once(struct xn_search *search, const struct cure *cure, bool any)
{
	const struct xn_rule *rule = &search->state.rules[cure->rule];
	int64_t before = excess_of(search, cure);
	int64_t best_excess = any ? before : before - 1;
	int64_t best_cost = INT64_MAX;
	uint32_t best_vm = XN_NONE;
	uint32_t best_to = XN_NONE;

	for (uint32_t v = 0; v < search->fleet->vm_count && !tired(search); v++) {
		uint32_t from = search->state.vms[v].at[0];
		int64_t excess;
		int64_t cost;
		uint32_t to;

		if (from == XN_NONE || !rule->ops->involves(rule, &search->state, cure->key, v) ||
		    !xn_search_movable(search, v))
			continue;
		to = xn_search_best(search, v, cure->rule, cure->key, false);
		if (to == XN_NONE)
			continue;
		cost = xn_search_gain(search, v, to, 1);
		xn_state_move(&search->state, v, to);
		excess = excess_of(search, cure);
		xn_state_move(&search->state, v, from);
		excess = excess < 0 ? 0 : excess;
		if (excess < best_excess || (excess == best_excess && cost < best_cost)) {
			best_excess = excess;
			best_cost = cost;
			best_vm = v;
			best_to = to;
		}
	}
	if (best_vm == XN_NONE)
		return false;
	xn_search_move(search, best_vm, best_to, cure->reason);
	return true;
}

/* A spare host: empty the one with fewest VMs, or wake one. */
static bool
cure_with_host(struct xn_search *search, const struct cure *cure, bool sleep)
{
	const struct xn_state *state = &search->state;
	int64_t before = excess_of(search, cure);
	uint32_t count = 0;

	for (uint32_t h = 0; h < search->fleet->host_count; h++)
		if (state->hosts[h].mode == XN_MODE_AWAKE &&
		    search->fleet->hosts[h].state == XN_HOST_ON)
			search->queue[count++] =
			    (struct xn_ranked){(int64_t)state->hosts[h].vms, h};
	xn_search_rank(search->queue, count);
	for (uint32_t i = 0; i < count && !tired(search); i++) {
		uint32_t mark = search->log_count;

		if (xn_search_empty(search, search->queue[i].id, cure->reason) &&
		    (!sleep || xn_search_sleep(search, search->queue[i].id)) &&
		    excess_of(search, cure) < before)
			return true;
		xn_search_back(search, mark);
	}
	for (uint32_t h = 0; !sleep && h < search->fleet->host_count; h++) {
		uint32_t mark = search->log_count;

		if (xn_search_wake(search, h) && excess_of(search, cure) < before)
			return true;
		xn_search_back(search, mark);
	}
	return false;
}

/* All members of an at-end set to one place: the domain of each host in turn. */
static bool
cure_set(struct xn_search *search, const struct cure *cure)
{
	const struct xn_rule *rule = &search->state.rules[cure->rule];

	for (uint32_t h = 0; h < search->fleet->host_count && !tired(search); h++) {
		uint32_t mark = search->log_count;
		bool good = search->may_enter[h];

		for (uint32_t v = 0; good && v < search->fleet->vm_count; v++) {
			uint32_t at = search->state.vms[v].at[0];

			if (at == XN_NONE || at == h ||
			    !rule->ops->involves(rule, &search->state, cure->key, v))
				continue;
			good = xn_search_movable(search, v) && xn_search_fits(search, v, h, true);
			if (good)
				xn_search_move(search, v, h, cure->reason);
		}
		if (good && excess_of(search, cure) <= 0)
			return true;
		xn_search_back(search, mark);
	}
	return false;
}

static void
cure_key(struct xn_search *search, struct cure *cure)
{
	const struct xn_rule_ops *ops = search->state.rules[cure->rule].ops;
	uint32_t mark = search->log_count;
	bool partial = !ops->yes_no;

	for (int round = 0; round < ROUNDS_MAX && excess_of(search, cure) > 0; round++) {
		if (ops->touch_power != NULL && ops->touch == NULL) {
			if (!cure_with_host(search, cure, true))
				break;
		} else if (!cure_once(search, cure, ops->yes_no) &&
		    !cure_with_host(search, cure, false))
			break;
	}
	if (excess_of(search, cure) > 0 && ops->at_end)
		partial = cure_set(search, cure);
	if (excess_of(search, cure) > 0 && !partial && ops->keys != NULL &&
	    strcmp(ops->name, "maintenance") != 0)
		xn_search_back(search, mark);
}

void
xn_search_cure(struct xn_search *search)
{
	struct xn_broken *broken;
	uint32_t n;
	uint32_t last = UINT32_MAX;

	for (int round = 0; round < 4 && !tired(search); round++) {
		n = xn_state_broken(&search->state, search->arena, &broken);
		if (n == 0 || n >= last)
			break;
		last = n;
		for (uint32_t i = 0; i < n && !tired(search); i++) {
			const struct xn_rule *rule = &search->state.rules[broken[i].rule];
			struct cure cure = {broken[i].rule, broken[i].key, broken[i].excess, NULL};
			struct xn_violation said = {.why = ""};

			if (search->frozen && rule->index >= 0)
				continue;
			rule->ops->tell(rule, &search->state, cure.key, search->arena, &said);
			cure.reason = xn_text(search->arena, "cures %s%s%s", rule->ops->name,
			    said.about_count > 0 ? " of " : "",
			    said.about_count > 0 ? said.about[0] : "");
			cure_key(search, &cure);
		}
	}
}

/* ---- place ---- */

void
xn_search_place(struct xn_search *search)
{
	const struct xn_fleet *fleet = search->fleet;
	uint32_t count = 0;

	for (uint32_t v = 0; v < fleet->vm_count; v++) {
		const int64_t *counts = search->state.vms[v].counts;

		if (fleet->vms[v].running && search->state.vms[v].at[0] == XN_NONE)
			search->queue[count++] = (struct xn_ranked){
			    -(counts[XN_RESOURCE_CPU] * 4 + counts[XN_RESOURCE_MEMORY]), v};
	}
	xn_search_rank(search->queue, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t vm = search->queue[i].id;
		uint32_t to = XN_NONE;

		if (xn_search_movable(search, vm))
			to = xn_search_best(search, vm, XN_NONE, 0, false);
		if (to != XN_NONE)
			xn_search_move(search, vm, to, "new");
	}
}

/* ---- save ---- */

/* Whether what was done since then pays for the moves it added. */
static bool
pays(const struct xn_search *search, int64_t facility, uint32_t moves)
{
	int64_t gain = facility - search->state.facility;
	int64_t more = (int64_t)search->moves - (int64_t)moves;

	return gain > 0 && gain >= (more > 0 ? more : 0) * search->move_cost;
}

/* Hosts worth emptying, the least efficient first: facility watts per core when full. */
static uint32_t
queue_hosts(struct xn_search *search)
{
	uint32_t count = 0;

	for (uint32_t h = 0; h < search->fleet->host_count; h++) {
		const struct xn_fleet_host *host = &search->fleet->hosts[h];
		int64_t cores = host->cpu_millicores > 0 ? host->cpu_millicores : 1;
		int64_t cooling = search->fleet->racks[host->rack].cooling.ppm;

		if ((!search->may_sleep[h] && !search->may_wake[h]) ||
		    search->state.hosts[h].mode != XN_MODE_AWAKE)
			continue;
		search->queue[count++] =
		    (struct xn_ranked){-(host->watts[10].mw / 1000 * (PPM + cooling) / cores) * 64 +
			    (int64_t)search->state.hosts[h].vms,
			h};
	}
	xn_search_rank(search->queue, count);
	return count;
}

static bool
drain_hosts(struct xn_search *search)
{
	uint32_t count = queue_hosts(search);
	bool changed = false;

	for (uint32_t i = 0; i < count && !tired(search); i++) {
		uint32_t host = search->queue[i].id;
		int64_t facility = search->state.facility;
		uint32_t moves = search->moves;
		const char *reason = NULL;

		for (int pack = 1; pack >= 0; pack--) {
			uint32_t mark = search->log_count;
			bool done;

			if (reason == NULL && search->state.hosts[host].vms > 0)
				reason = xn_text(
				    search->arena, "empties %s", search->fleet->hosts[host].id);
			search->pack = pack;
			done = xn_search_empty(search, host, reason) &&
			    xn_search_sleep(search, host) && pays(search, facility, moves);
			search->pack = false;
			if (done) {
				changed = true;
				break;
			}
			xn_search_back(search, mark);
		}
	}
	return changed;
}

static bool
shift_vms(struct xn_search *search)
{
	bool changed = false;

	for (uint32_t v = 0; v < search->fleet->vm_count && !tired(search); v++) {
		uint32_t from = search->state.vms[v].at[0];
		int64_t facility = search->state.facility;
		uint32_t moves = search->moves;
		uint32_t mark = search->log_count;
		uint32_t to;

		if (from == XN_NONE || !search->may_leave[v] || !xn_search_movable(search, v))
			continue;
		to = xn_search_best(search, v, XN_NONE, 0, false);
		if (to == XN_NONE ||
		    xn_search_gain(search, v, to, 1) + xn_search_gain(search, v, from, -1) >= 0)
			continue;
		xn_search_move(search, v, to, "draws less there");
		if (pays(search, facility, moves))
			changed = true;
		else
			xn_search_back(search, mark);
	}
	return changed;
}

void
xn_search_improve(struct xn_search *search)
{
	bool changed = search->save_energy && !search->frozen;

	search->saving = true;
	for (int round = 0; changed && round < ROUNDS_MAX && !tired(search); round++) {
		changed = drain_hosts(search);
		changed |= shift_vms(search);
	}
	search->saving = false;
}
