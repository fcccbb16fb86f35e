#include "policies/search.h"

#include <assert.h>
#include <stdlib.h>

#define PPM            INT64_C(1000000)
/* How many candidate hosts are asked in full before a VM counts as homeless for now. */
#define CANDIDATES_MAX 48

static int
by_score(const void *a, const void *b)
{
	const struct xn_ranked *x = a;
	const struct xn_ranked *y = b;

	if (x->score != y->score)
		return x->score < y->score ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

void
xn_search_rank(struct xn_ranked *rows, uint32_t count)
{
	if (count > 1)
		qsort(rows, count, sizeof(*rows), by_score);
}

int64_t
xn_search_gain(const struct xn_search *search, uint32_t vm, uint32_t host, int sign)
{
	const struct xn_fleet_host *row = &search->fleet->hosts[host];
	const struct xn_host_load *load = &search->state.hosts[host];
	int64_t used = load->used_millicores + sign * search->fleet->vms[vm].cpu_used_millicores;
	int64_t before = load->watts_mw;

	if (!xn_mode_draws(load->mode))
		before = row->sleep_watts.mw;
	return (xn_fleet_host_watts(row, used).mw - before) *
	    (PPM + search->fleet->racks[row->rack].cooling.ppm);
}

static uint32_t
snapshot_host(const struct xn_search *search, uint32_t vm)
{
	return search->fleet->vms[vm].host;
}

bool
xn_search_movable(const struct xn_search *search, uint32_t vm)
{
	uint32_t at = search->state.vms[vm].at[0];
	bool fresh = at == snapshot_host(search, vm);

	if (!search->may_leave[vm] || (!fresh && search->once) ||
	    (search->once && search->then_moved && search->is_first[vm]))
		return false;
	if (fresh && at != XN_NONE && search->moves >= search->moves_max)
		return false;
	/* Two more: a wake and a sleep may come with it. */
	return !fresh ||
	    search->moves + search->placements + search->switches + 3 <= search->steps_max;
}

/* Hosts that are on and empty. */
static int64_t
spares(const struct xn_search *search)
{
	int64_t found = 0;

	for (uint32_t h = 0; h < search->fleet->host_count; h++)
		found += search->state.hosts[h].mode == XN_MODE_AWAKE &&
		    search->state.hosts[h].vms == 0 &&
		    (search->fleet->hosts[h].state == XN_HOST_ON ||
			search->fleet->hosts[h].state == XN_HOST_SLEEP);
	return found;
}

static bool
any_put_to_sleep(const struct xn_search *search)
{
	for (uint32_t h = 0; h < search->fleet->host_count; h++)
		if (search->may_sleep[h] && search->state.hosts[h].mode == XN_MODE_ASLEEP)
			return true;
	return false;
}

/*
 * Entering this empty host would take a spare that power_off promises: always when it is only to
 * save, else when this plan puts hosts to sleep. Otherwise the next plan would undo this one.
 */
static bool
takes_spare(const struct xn_search *search, uint32_t host)
{
	return search->policy != NULL && search->policy->keep_spare_hosts > 0 &&
	    search->state.hosts[host].vms == 0 &&
	    spares(search) <= search->policy->keep_spare_hosts &&
	    (search->saving || any_put_to_sleep(search));
}

/* Excess of what is judged at the end and touched by this VM there. */
static int64_t
end_touched(const struct xn_search *search, uint32_t vm, uint32_t host)
{
	const struct xn_state *state = &search->state;
	uint32_t keys[XN_RULE_KEYS];
	int64_t sum = 0;

	for (uint32_t r = 0; r < state->rule_count; r++) {
		const struct xn_rule *rule = &state->rules[r];
		unsigned n;

		if (!rule->at_end || rule->ops->touch == NULL)
			continue;
		n = rule->ops->touch(rule, state, vm, host, keys);
		for (unsigned i = 0; i < n; i++) {
			int64_t excess = rule->ops->excess(rule, state, keys[i]);

			sum += excess > 0 ? excess : 0;
		}
	}
	return sum;
}

static bool
worse_at_end(struct xn_search *search, uint32_t vm, uint32_t host)
{
	uint32_t from = search->state.vms[vm].at[0];
	int64_t before = end_touched(search, vm, host);
	int64_t after;

	xn_state_move(&search->state, vm, host);
	after = end_touched(search, vm, host);
	xn_state_move(&search->state, vm, from);
	return after > before;
}

int64_t
xn_search_end_excess(const struct xn_search *search)
{
	const struct xn_state *state = &search->state;
	int64_t sum = 0;

	for (uint32_t r = 0; r < state->rule_count; r++) {
		const struct xn_rule *rule = &state->rules[r];
		uint32_t keys = rule->at_end ? rule->ops->keys(rule, state) : 0;

		for (uint32_t key = 0; key < keys; key++) {
			int64_t excess = rule->ops->excess(rule, state, key);

			sum += excess > 0 ? excess : 0;
		}
	}
	return sum;
}

/*
 * Whether a rule that is broken already gets worse by this VM there, rule by rule. A VM that is
 * nowhere may join what is broken anyway; one that has a place is not moved into it.
 */
static bool
worse_now(struct xn_search *search, uint32_t vm, uint32_t host, unsigned place)
{
	struct xn_state *state = &search->state;
	bool worse = false;

	for (uint32_t r = 0; r < state->rule_count && !worse; r++) {
		const struct xn_rule *rule = &state->rules[r];
		uint32_t keys[XN_RULE_KEYS];
		unsigned n;

		if (rule->at_end || rule->ops->touch == NULL)
			continue;
		worse = rule->ops->by_vm && rule->ops->bars(rule, state, vm, host);
		n = rule->ops->by_vm ? 0 : rule->ops->touch(rule, state, vm, host, keys);
		for (unsigned i = 0; i < n && !worse; i++) {
			int64_t after = rule->ops->excess(rule, state, keys[i]);

			if (after <= 0)
				continue;
			xn_state_drop(state, vm, place);
			worse = after > rule->ops->excess(rule, state, keys[i]) ||
			    (place == 1 && rule->ops->yes_no);
			xn_state_add(state, vm, place, host);
		}
	}
	return worse;
}

bool
xn_search_fits(struct xn_search *search, uint32_t vm, uint32_t host, bool loose)
{
	struct xn_state *state = &search->state;
	unsigned place = state->vms[vm].at[0] != XN_NONE;
	uint32_t key;
	bool fits;

	search->state.work += 16;
	if (state->hosts[host].mode != XN_MODE_AWAKE || takes_spare(search, host))
		return false;
	xn_state_add(state, vm, place, host);
	fits = xn_state_over(state, vm, host, XN_ALLOW_NONE, &key) == XN_NONE ||
	    !worse_now(search, vm, host, place);
	xn_state_drop(state, vm, place);
	return fits && (loose || !worse_at_end(search, vm, host));
}

/* Cheap tests that rule most hosts out. */
static bool
has_room(const struct xn_search *search, uint32_t vm, uint32_t h)
{
	const struct xn_fleet_host *host = &search->fleet->hosts[h];
	const struct xn_host_load *load = &search->state.hosts[h];
	const int64_t *more = search->state.vms[vm].counts;

	return search->may_enter[h] &&
	    load->counts[XN_RESOURCE_CPU] + more[XN_RESOURCE_CPU] <= host->cpu_millicores &&
	    load->counts[XN_RESOURCE_MEMORY] + more[XN_RESOURCE_MEMORY] <= load->memory_limit &&
	    load->counts[XN_RESOURCE_NETWORK] + more[XN_RESOURCE_NETWORK] <= host->network_mbps;
}

/* What stays free in thousandths, summed over resources: small is full. */
static int64_t
slack(const struct xn_search *search, uint32_t vm, uint32_t h)
{
	const struct xn_fleet_host *host = &search->fleet->hosts[h];
	const struct xn_host_load *load = &search->state.hosts[h];
	const int64_t *more = search->state.vms[vm].counts;
	int64_t cpu = host->cpu_millicores > 0 ? host->cpu_millicores : 1;
	int64_t memory = load->memory_limit > 0 ? load->memory_limit : 1;

	return (cpu - load->counts[XN_RESOURCE_CPU] - more[XN_RESOURCE_CPU]) * 1000 / cpu +
	    (memory - load->counts[XN_RESOURCE_MEMORY] - more[XN_RESOURCE_MEMORY]) * 1000 / memory;
}

static bool
avoids(const struct xn_search *search, uint32_t vm, uint32_t h, uint32_t avoid, uint32_t key)
{
	const struct xn_rule *rule;
	uint32_t keys[XN_RULE_KEYS];
	unsigned n;

	if (avoid == XN_NONE)
		return false;
	rule = &search->state.rules[avoid];
	if (rule->ops->by_vm || rule->ops->touch == NULL || rule->ops->at_end)
		return false;
	n = rule->ops->touch(rule, &search->state, vm, h, keys);
	return (n > 0 && keys[0] == key) || (n > 1 && keys[1] == key);
}

static bool
can_wake(const struct xn_search *search, uint32_t h)
{
	return search->state.hosts[h].mode == XN_MODE_ASLEEP &&
	    (search->may_wake[h] || (search->may_sleep[h] && !search->once));
}

/* Swaps the best of rows i..n-1 to i: most choices are settled by the first few. */
static uint32_t
bring_best(struct xn_ranked *rows, uint32_t i, uint32_t n)
{
	uint32_t best = i;
	struct xn_ranked row;

	for (uint32_t j = i + 1; j < n; j++)
		if (by_score(&rows[j], &rows[best]) < 0)
			best = j;
	row = rows[best];
	rows[best] = rows[i];
	rows[i] = row;
	return row.id;
}

/* Candidates of one kind, best first; asleep ones must be woken to be asked. */
static uint32_t
choose(struct xn_search *search, uint32_t vm, uint32_t avoid, uint32_t key, bool loose, bool asleep)
{
	struct xn_state *state = &search->state;
	uint32_t n = 0;

	for (uint32_t h = 0; h < search->fleet->host_count; h++) {
		bool ready = asleep ? can_wake(search, h) : state->hosts[h].mode == XN_MODE_AWAKE;

		if (!ready || h == state->vms[vm].at[0] || !has_room(search, vm, h) ||
		    avoids(search, vm, h, avoid, key))
			continue;
		search->ranked[n++] = (struct xn_ranked){
		    search->pack ? slack(search, vm, h) : xn_search_gain(search, vm, h, 1), h};
	}
	state->work += search->fleet->host_count;
	for (uint32_t i = 0; i < n && i < CANDIDATES_MAX; i++) {
		uint32_t h = bring_best(search->ranked, i, n);
		uint32_t mark = search->log_count;
		bool fits;

		if (asleep && !xn_search_wake(search, h))
			continue;
		fits = xn_search_fits(search, vm, h, loose);
		if (asleep)
			xn_search_back(search, mark);
		if (fits)
			return h;
	}
	return XN_NONE;
}

uint32_t
xn_search_best(struct xn_search *search, uint32_t vm, uint32_t avoid, uint32_t key, bool loose)
{
	uint32_t host = choose(search, vm, avoid, key, loose, false);

	return host != XN_NONE ? host : choose(search, vm, avoid, key, loose, true);
}

static void
note(struct xn_search *search, struct xn_action action)
{
	if (search->log_count == search->log_size) {
		uint32_t size = search->log_size * 2 + 256;
		struct xn_action *more = xn_new(search->arena, struct xn_action, size);

		for (uint32_t i = 0; i < search->log_count; i++)
			more[i] = search->log[i];
		search->log = more;
		search->log_size = size;
	}
	search->log[search->log_count++] = action;
}

/* Moves without asking and counts what differs from the snapshot. */
static void
shift(struct xn_search *search, uint32_t vm, uint32_t to)
{
	uint32_t home = snapshot_host(search, vm);
	uint32_t from = search->state.vms[vm].at[0];
	uint32_t *count = home == XN_NONE ? &search->placements : &search->moves;

	*count -= from != home;
	*count += to != home;
	xn_state_move(&search->state, vm, to);
}

static void
turn(struct xn_search *search, uint32_t host, enum xn_host_mode mode)
{
	bool was_asleep = search->fleet->hosts[host].state == XN_HOST_SLEEP;

	search->switches -= (search->state.hosts[host].mode == XN_MODE_ASLEEP) != was_asleep;
	search->switches += (mode == XN_MODE_ASLEEP) != was_asleep;
	xn_state_mode(&search->state, host, mode);
}

void
xn_search_move(struct xn_search *search, uint32_t vm, uint32_t to, const char *reason)
{
	uint32_t from = search->state.vms[vm].at[0];
	bool woken;

	if (search->state.hosts[to].mode == XN_MODE_ASLEEP) {
		woken = xn_search_wake(search, to);
		assert(woken);
		(void)woken;
	}
	note(search,
	    (struct xn_action){.vm = vm, .from = from, .to = to, .reason = search->reasons[vm]});
	search->reasons[vm] = reason;
	if (search->is_then != NULL && search->is_then[vm])
		search->then_moved = true;
	shift(search, vm, to);
}

/* Changes a host's power unless a rule that it touches would become worse. */
static bool
switch_power(struct xn_search *search, uint32_t host, enum xn_host_mode mode)
{
	struct xn_state *state = &search->state;
	enum xn_host_mode was = state->hosts[host].mode;
	bool waking = mode == XN_MODE_AWAKE;
	uint32_t keys[XN_RULE_KEYS];

	state->work += state->rule_count * 2;
	for (uint32_t r = 0; r < state->rule_count; r++) {
		const struct xn_rule *rule = &state->rules[r];
		unsigned n;

		if (rule->ops->touch_power == NULL)
			continue;
		n = rule->ops->touch_power(rule, state, host, keys);
		for (unsigned i = 0; i < n; i++) {
			int64_t before = rule->ops->excess(rule, state, keys[i]);
			int64_t after;

			/* On the way it draws and is no spare. */
			xn_state_mode(state, host, waking ? XN_MODE_WAKING : XN_MODE_DOZING);
			after = rule->ops->excess(rule, state, keys[i]);
			xn_state_mode(state, host, was);
			if (after > 0 && after > before)
				return false;
		}
	}
	note(search, (struct xn_action){.vm = XN_NONE, .to = host, .mode = was});
	turn(search, host, mode);
	return true;
}

bool
xn_search_wake(struct xn_search *search, uint32_t host)
{
	return can_wake(search, host) && switch_power(search, host, XN_MODE_AWAKE);
}

bool
xn_search_sleep(struct xn_search *search, uint32_t host)
{
	/* What this plan woke may stay asleep instead. */
	if (search->may_wake[host] && !search->once)
		return search->state.hosts[host].mode == XN_MODE_AWAKE &&
		    search->state.hosts[host].vms == 0 &&
		    switch_power(search, host, XN_MODE_ASLEEP);
	if (!search->may_sleep[host] || search->state.hosts[host].mode != XN_MODE_AWAKE ||
	    search->state.hosts[host].vms > 0 ||
	    search->moves + search->placements + search->switches + 1 > search->steps_max ||
	    spares(search) - 1 < search->policy->keep_spare_hosts)
		return false;
	return switch_power(search, host, XN_MODE_ASLEEP);
}

void
xn_search_back(struct xn_search *search, uint32_t mark)
{
	while (search->log_count > mark) {
		const struct xn_action *action = &search->log[--search->log_count];

		if (action->vm == XN_NONE) {
			turn(search, action->to, action->mode);
			continue;
		}
		shift(search, action->vm, action->from);
		search->reasons[action->vm] = action->reason;
	}
}
