#include "policies/place.h"

#include <string.h>

#include "policies/bound.h"
#include "policies/order.h"

#define PPM           INT64_C(1000000)
/* Counted steps of search by default: some hundred milliseconds. */
#define WORK_MAX      UINT64_C(60000000)
/* A move that saves less than this many mW at the meter is noise. */
#define SAVING_MIN_MW 100

/* Facility watts that one move must save, as mW x ppm: min_saving, or what an objective says. */
static int64_t
move_cost(const struct xn_policy *policy)
{
	int64_t mw = SAVING_MIN_MW;
	int64_t energy = 0;

	if (policy == NULL)
		return mw * PPM;
	if (policy->moves.min_saving.mj > 0 && policy->moves.horizon.ms > 0) {
		int64_t horizon_s = policy->moves.horizon.ms / 1000;
		int64_t asked = horizon_s > 0
		    ? (policy->moves.min_saving.mj + horizon_s - 1) / horizon_s
		    : policy->moves.min_saving.mj;

		mw = asked > mw ? asked : mw;
	}
	for (unsigned i = XN_MINIMISE_ENERGY; i <= XN_MINIMISE_COST; i++)
		energy += policy->weights[i];
	/* A watt for a move when both weigh the same. */
	if (energy > 0 && policy->weights[XN_MINIMISE_MOVES] * 1000 / energy > mw)
		mw = policy->weights[XN_MINIMISE_MOVES] * 1000 / energy;
	return (mw < 1000000000 ? mw : 1000000000) * PPM;
}

static bool
saves_energy(const struct xn_policy *policy)
{
	int64_t energy = 0;

	if (policy == NULL || policy->weights[XN_MINIMISE_MOVES] == 0)
		return true;
	for (unsigned i = XN_MINIMISE_ENERGY; i <= XN_MINIMISE_COST; i++)
		energy += policy->weights[i];
	return energy > 0;
}

static void
search_make(struct xn_search *search, const struct xn_fleet *fleet, const struct xn_policy *policy,
    struct xn_place_options options, struct xn_arena *arena, bool once)
{
	uint32_t most = fleet->vm_count > fleet->host_count ? fleet->vm_count : fleet->host_count;

	*search =
	    (struct xn_search){.arena = arena, .fleet = fleet, .policy = policy, .once = once};
	xn_state_make(&search->state, fleet, policy, arena);
	search->reasons = xn_new(arena, const char *, fleet->vm_count + 1u);
	search->ranked = xn_new(arena, struct xn_ranked, most + 1u);
	search->queue = xn_new(arena, struct xn_ranked, most + 1u);
	search->list = xn_new(arena, uint32_t, fleet->vm_count + 1u);
	search->moves_max =
	    policy != NULL && policy->moves.per_hour >= 0 ? policy->moves.per_hour : INT64_MAX;
	search->steps_max = options.steps_max > 0 ? options.steps_max : XN_STEPS_MAX;
	search->work_max = options.work_max > 0 ? options.work_max : WORK_MAX;
	search->move_cost = move_cost(policy);
	search->save_energy = saves_energy(policy);
}

static void
run(struct xn_search *search, const struct xn_outlook *before, struct xn_order *order)
{
	xn_permits_make(search, before);
	xn_search_cure(search);
	xn_search_place(search);
	xn_search_improve(search);
	xn_search_place(search);
	xn_order_make(search, order);
}

/* What each move saves: its own watts and its share of the power steps that it allows or needs. */
static void
share_savings(const struct xn_search *search, struct xn_order *order)
{
	const struct xn_fleet *fleet = search->fleet;
	int64_t *power = xn_new(search->arena, int64_t, fleet->host_count + 1u);
	uint32_t *sharers = xn_new(search->arena, uint32_t, fleet->host_count + 1u);
	struct xn_state state;

	xn_state_make(&state, fleet, search->policy, search->arena);
	for (uint32_t i = 0; i < order->count; i++) {
		struct xn_step *step = &order->steps[i];
		int64_t before = state.facility;

		if (step->kind == XN_STEP_MOVE) {
			xn_state_move(&state, step->vm, step->to);
			if (step->from != XN_NONE)
				sharers[step->from]++;
		} else {
			xn_state_mode(&state, step->to,
			    step->kind == XN_STEP_WAKE ? XN_MODE_AWAKE : XN_MODE_ASLEEP);
			power[step->to] = before - state.facility;
		}
		step->saves.mw = (before - state.facility) / PPM;
	}
	for (uint32_t i = 0; i < order->count; i++) {
		struct xn_step *step = &order->steps[i];

		if (step->kind == XN_STEP_MOVE && step->from != XN_NONE && power[step->from] != 0)
			step->saves.mw += power[step->from] / PPM / sharers[step->from];
	}
}

static uint32_t
count_moves(const struct xn_order *order)
{
	uint32_t moves = 0;

	for (uint32_t i = 0; i < order->count; i++)
		moves += order->steps[i].kind == XN_STEP_MOVE && order->steps[i].from != XN_NONE;
	return moves;
}

/* min_saving over the whole plan; true when there is nothing else that the plan is for. */
static bool
too_little(const struct xn_search *search, const struct xn_order *order,
    const struct xn_placement *placement)
{
	int64_t saved = placement->before.facility.mw - order->state.facility / PPM;
	xn_energy energy;

	if (placement->before.violation_count > 0 || search->policy == NULL || order->count == 0)
		return false;
	for (uint32_t v = 0; v < search->fleet->vm_count; v++)
		if (search->fleet->vms[v].running && search->fleet->vms[v].host == XN_NONE)
			return false;
	if (!xn_energy_over((xn_power){saved}, search->policy->moves.horizon, &energy))
		return false;
	return energy.mj < search->policy->moves.min_saving.mj * (int64_t)count_moves(order);
}

/* "memory refuses 7 of 12 hosts: 130 of 128 GiB": what most hosts say. */
static const char *
say_unplaced(const struct xn_search *search, struct xn_order *order, uint32_t vm)
{
	const struct xn_fleet *fleet = search->fleet;
	const char **why = xn_new(search->arena, const char *, fleet->host_count + 1u);
	const char *most = NULL;
	uint32_t most_count = 0;

	xn_refusals(search, &order->state, vm, why);
	for (uint32_t h = 0; h < fleet->host_count; h++) {
		size_t length = why[h] == NULL ? 0 : strcspn(why[h], ":");
		uint32_t count = 0;

		for (uint32_t k = 0; length > 0 && k < fleet->host_count; k++)
			count += why[k] != NULL && strcspn(why[k], ":") == length &&
			    memcmp(why[k], why[h], length) == 0;
		if (count > most_count) {
			most_count = count;
			most = why[h];
		}
	}
	if (most == NULL)
		return fleet->host_count == 0 ? "there is no host"
					      : "its turn does not come: precedence";
	return xn_text(search->arena, "%s (%u of %u hosts refuse so)", most, (unsigned)most_count,
	    (unsigned)fleet->host_count);
}

static void
list_unplaced(
    const struct xn_search *search, struct xn_order *order, struct xn_placement *placement)
{
	const struct xn_fleet *fleet = search->fleet;

	placement->unplaced = xn_new(search->arena, struct xn_unplaced, fleet->vm_count + 1u);
	for (uint32_t v = 0; v < fleet->vm_count; v++)
		if (fleet->vms[v].running && order->state.vms[v].at[0] == XN_NONE)
			placement->unplaced[placement->unplaced_count++] =
			    (struct xn_unplaced){v, say_unplaced(search, order, v)};
}

static const char *
say_verdict(const struct xn_search *search, const struct xn_order *order,
    const struct xn_placement *placement, bool little)
{
	uint32_t moves = count_moves(order);
	int64_t saved = placement->before.facility.mw - placement->after.facility.mw;

	if (little)
		return "no beneficial move: what could be saved is less than min_saving";
	if (order->count == 0 && placement->before.violation_count > 0)
		return "no move cures what is broken";
	if (order->count == 0)
		return "no beneficial move";
	return xn_text(search->arena, "%u move%s and %u other step%s, %s %lld.%lld W",
	    (unsigned)moves, moves == 1 ? "" : "s", (unsigned)(order->count - moves),
	    order->count - moves == 1 ? "" : "s", saved >= 0 ? "saving" : "costing",
	    (long long)((saved >= 0 ? saved : -saved) / 1000),
	    (long long)((saved >= 0 ? saved : -saved) % 1000 / 100));
}

int
xn_place(const struct xn_fleet *fleet, const struct xn_policy *policy,
    struct xn_place_options options, struct xn_arena *arena, struct xn_placement *ret_placement,
    struct xn_error *err)
{
	struct xn_search search;
	struct xn_order order;
	bool little;

	(void)err;
	*ret_placement = (struct xn_placement){.bound_method = "fractional"};
	search_make(&search, fleet, policy, options, arena, false);
	xn_state_outlook(&search.state, arena, &ret_placement->before);
	run(&search, &ret_placement->before, &order);
	if (order.dropped > 0) {
		/* No order for all of it: again, each VM once, so that the search's own order
		 * holds. */
		search_make(&search, fleet, policy, options, arena, true);
		run(&search, &ret_placement->before, &order);
	}
	little = too_little(&search, &order, ret_placement);
	if (little) {
		search_make(&search, fleet, policy, options, arena, true);
		xn_order_make(&search, &order);
	}
	xn_order_after(&search, &order);
	share_savings(&search, &order);
	xn_state_outlook(&order.state, arena, &ret_placement->after);
	ret_placement->steps = order.steps;
	ret_placement->step_count = order.count;
	ret_placement->bound_it.mw = xn_bound_it_mw(&search, &order.state);
	list_unplaced(&search, &order, ret_placement);
	ret_placement->verdict = say_verdict(&search, &order, ret_placement, little);
	return XN_OK;
}

void
xn_place_outlook(const struct xn_fleet *fleet, const struct xn_policy *policy,
    struct xn_arena *arena, struct xn_outlook *ret_outlook)
{
	struct xn_state state;

	xn_state_make(&state, fleet, policy, arena);
	xn_state_outlook(&state, arena, ret_outlook);
}

void
xn_place_refusals(const struct xn_fleet *fleet, const struct xn_policy *policy, uint32_t vm,
    struct xn_arena *arena, const char **ret_why)
{
	struct xn_search search;
	struct xn_outlook before;

	search_make(&search, fleet, policy, (struct xn_place_options){0}, arena, false);
	xn_state_outlook(&search.state, arena, &before);
	xn_permits_make(&search, &before);
	xn_refusals(&search, &search.state, vm, ret_why);
}

const char *
xn_place_refusal(const struct xn_fleet *fleet, const struct xn_policy *policy, uint32_t vm,
    uint32_t host, struct xn_arena *arena)
{
	const char **why = xn_new(arena, const char *, fleet->host_count + 1u);

	xn_place_refusals(fleet, policy, vm, arena, why);
	return why[host];
}
