/* What each step waits for: order.h says why this is enough. */
#include "policies/order.h"

#include <assert.h>
#include <string.h>

extern const struct xn_constraint xn_constraint_precedence;
extern const struct xn_constraint xn_constraint_serialize;

#define AFTER_MAX    (sizeof(((struct xn_step *)0)->after) / sizeof(uint32_t))
/* Longer plans run step by step: pairs of steps would fill memory. */
#define PARALLEL_MAX 4096

/* Steps are counted from 0 here. `done` is what the state at hand takes as done. */
struct web {
	const struct xn_search *search;
	struct xn_order *order;
	struct xn_state state;
	uint64_t *ancestors; /* [step][words] */
	uint64_t *done;
	uint32_t words;
};

static bool
has(const uint64_t *set, uint32_t i)
{
	return (set[i / 64] >> (i % 64) & 1) != 0;
}

static void
put(uint64_t *set, uint32_t i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

static uint64_t *
ancestors_of(const struct web *web, uint32_t i)
{
	return web->ancestors + (size_t)i * web->words;
}

static void
start(struct web *web, uint32_t i)
{
	const struct xn_step *step = &web->order->steps[i];

	switch (step->kind) {
	case XN_STEP_MOVE: xn_state_add(&web->state, step->vm, 1, step->to); break;
	case XN_STEP_WAKE: xn_state_mode(&web->state, step->to, XN_MODE_WAKING); break;
	case XN_STEP_SLEEP: xn_state_mode(&web->state, step->to, XN_MODE_DOZING); break;
	}
}

static void
finish(struct web *web, uint32_t i, bool undo)
{
	const struct xn_step *step = &web->order->steps[i];

	switch (step->kind) {
	case XN_STEP_MOVE:
		if (step->from != XN_NONE && undo)
			xn_state_add(&web->state, step->vm, 0, step->from);
		else if (step->from != XN_NONE)
			xn_state_drop(&web->state, step->vm, 0);
		break;
	case XN_STEP_WAKE:
		xn_state_mode(&web->state, step->to, undo ? XN_MODE_WAKING : XN_MODE_AWAKE);
		break;
	case XN_STEP_SLEEP:
		xn_state_mode(&web->state, step->to, undo ? XN_MODE_DOZING : XN_MODE_ASLEEP);
		break;
	}
}

/* Takes a step and all before it as done. */
static void
take(struct web *web, uint32_t i)
{
	for (uint32_t k = 0; k <= i; k++)
		if (!has(web->done, k) && (k == i || has(ancestors_of(web, i), k))) {
			put(web->done, k);
			finish(web, k, false);
		}
}

static bool
safe(const struct web *web, uint32_t i)
{
	const struct xn_step *step = &web->order->steps[i];
	uint32_t key;

	if (step->kind == XN_STEP_MOVE)
		return xn_state_over(&web->state, step->vm, step->to, XN_ALLOW_BASE, &key) ==
		    XN_NONE;
	return xn_state_over_power(&web->state, step->to, XN_ALLOW_BASE, &key) == XN_NONE;
}

/* Whether step i must wait for step k whatever the loads are. */
static bool
bound(const struct web *web, uint32_t k, uint32_t i)
{
	const struct xn_step *early = &web->order->steps[k];
	const struct xn_step *late = &web->order->steps[i];
	const struct xn_policy *policy = web->search->policy;
	const struct xn_fleet *fleet = web->search->fleet;

	if (early->kind == XN_STEP_WAKE)
		return late->kind == XN_STEP_MOVE && late->to == early->to;
	if (early->kind != XN_STEP_MOVE)
		return false;
	if (late->kind == XN_STEP_SLEEP)
		return early->from == late->to;
	if (late->kind != XN_STEP_MOVE)
		return false;
	for (unsigned c = 0; policy != NULL && c < policy->clause_count; c++) {
		const struct xn_clause *clause = &policy->clauses[c];
		const struct xn_select *then = &clause->terms.select;

		if (clause->constraint == &xn_constraint_precedence)
			then = &clause->terms.then;
		else if (clause->constraint != &xn_constraint_serialize)
			continue;
		if (xn_select_vm(&clause->terms.select, &fleet->vms[early->vm]) &&
		    xn_select_vm(then, &fleet->vms[late->vm]))
			return true;
	}
	return false;
}

/* How likely it is that step k makes room for step i: 0 first, 3 never asked before the rest. */
static int
nearness(const struct web *web, uint32_t k, uint32_t i)
{
	const struct xn_step *early = &web->order->steps[k];
	const struct xn_step *late = &web->order->steps[i];
	const struct xn_fleet_host *hosts = web->search->fleet->hosts;

	if (early->kind != XN_STEP_MOVE || early->from == XN_NONE)
		return 2;
	if (early->from == late->to)
		return 0;
	return hosts[early->from].rack == hosts[late->to].rack ? 1 : 2;
}

/* Makes `after` of step i from what was taken as done: those that no other one implies. */
static uint32_t
reduce(const struct web *web, uint32_t i, uint32_t *rows)
{
	uint32_t count = 0;

	for (uint32_t k = 0; k < i; k++) {
		bool implied = !has(web->done, k);

		for (uint32_t j = k + 1; !implied && j < i; j++)
			implied = has(web->done, j) && has(ancestors_of(web, j), k);
		if (!implied)
			rows[count++] = k;
	}
	return count;
}

/* One more edge between earlier steps; false when there is no room for it. */
static bool
chain(struct web *web, uint32_t early, uint32_t late, uint32_t upto)
{
	struct xn_step *step = &web->order->steps[late];

	if (step->after_count == AFTER_MAX)
		return false;
	step->after[step->after_count++] = early + 1;
	for (uint32_t j = late; j < upto; j++) {
		if (j != late && !has(ancestors_of(web, j), late))
			continue;
		put(ancestors_of(web, j), early);
		for (uint32_t w = 0; w < web->words; w++)
			ancestors_of(web, j)[w] |= ancestors_of(web, early)[w];
	}
	return true;
}

static bool
link_step(struct web *web, uint32_t i, uint32_t *rows)
{
	struct xn_step *step = &web->order->steps[i];
	uint32_t count = reduce(web, i, rows);
	uint32_t first = count > AFTER_MAX ? count - (uint32_t)AFTER_MAX : 0;

	/* Too many to list: the earlier of them follow each other, and the last stands for all. */
	for (uint32_t n = 0; n < first; n++)
		if (!chain(web, rows[n], rows[n + 1], i))
			return false;
	for (uint32_t n = first; n < count; n++)
		step->after[step->after_count++] = rows[n] + 1;
	for (uint32_t w = 0; w < web->words; w++)
		ancestors_of(web, i)[w] = web->done[w];
	return true;
}

static bool
settle(struct web *web, uint32_t i, uint32_t *rows)
{
	memset(web->done, 0, web->words * sizeof(uint64_t));
	for (uint32_t k = 0; k < i; k++)
		if (bound(web, k, i))
			take(web, k);
	start(web, i);
	for (int near = 0; near < 3 && !safe(web, i); near++)
		for (uint32_t k = 0; k < i && !safe(web, i); k++)
			if (!has(web->done, k) && nearness(web, k, i) == near)
				take(web, k);
	assert(
	    safe(web, i)); /* with all earlier steps done it is the state in which it was ordered */
	for (uint32_t k = 0; k < i; k++)
		if (has(web->done, k))
			finish(web, k, true);
	return link_step(web, i, rows);
}

/* A step waits for the one before it: always right, never fast. */
static void
one_by_one(struct xn_order *order)
{
	for (uint32_t i = 0; i < order->count; i++) {
		order->steps[i].after_count = i > 0;
		order->steps[i].after[0] = i;
	}
}

static void
sort_after(struct xn_step *step)
{
	for (unsigned i = 1; i < step->after_count; i++)
		for (unsigned j = i; j > 0 && step->after[j - 1] > step->after[j]; j--) {
			uint32_t number = step->after[j];

			step->after[j] = step->after[j - 1];
			step->after[j - 1] = number;
		}
}

void
xn_order_after(const struct xn_search *search, struct xn_order *order)
{
	struct web web = {.search = search, .order = order};
	uint32_t *rows;

	if (order->count > PARALLEL_MAX) {
		one_by_one(order);
		return;
	}
	web.words = order->count / 64 + 1;
	web.ancestors = xn_new(search->arena, uint64_t, (size_t)web.words * (order->count + 1u));
	web.done = xn_new(search->arena, uint64_t, web.words);
	rows = xn_new(search->arena, uint32_t, order->count + 1u);
	xn_state_make(&web.state, search->fleet, search->policy, search->arena);
	for (uint32_t i = 0; i < order->count; i++)
		if (!settle(&web, i, rows)) {
			one_by_one(order);
			return;
		}
	for (uint32_t i = 0; i < order->count; i++)
		sort_after(&order->steps[i]);
}
