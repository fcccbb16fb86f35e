#include "policies/order.h"

extern const struct xn_constraint xn_constraint_precedence;

struct pending {
	bool *move;      /* [vm] is still to be moved */
	bool *power;     /* [host] is still to be switched */
	uint32_t *queue; /* VMs in the order of the log */
	uint32_t queue_count;
};

static struct xn_step *
emit(struct xn_order *order, enum xn_step_kind kind)
{
	struct xn_step *step = &order->steps[order->count++];

	*step = (struct xn_step){
	    .kind = kind, .number = order->count, .vm = XN_NONE, .from = XN_NONE, .reason = ""};
	return step;
}

static void
list_pending(const struct xn_search *search, struct pending *pending)
{
	const struct xn_fleet *fleet = search->fleet;
	bool *listed = xn_new(search->arena, bool, fleet->vm_count + 1u);

	pending->move = xn_new(search->arena, bool, fleet->vm_count + 1u);
	pending->power = xn_new(search->arena, bool, fleet->host_count + 1u);
	pending->queue = xn_new(search->arena, uint32_t, fleet->vm_count + 1u);
	pending->queue_count = 0;
	for (uint32_t i = 0; i < search->log_count; i++) {
		uint32_t v = search->log[i].vm;

		if (v == XN_NONE || listed[v] || search->state.vms[v].at[0] == fleet->vms[v].host)
			continue;
		listed[v] = pending->move[v] = true;
		pending->queue[pending->queue_count++] = v;
	}
	for (uint32_t h = 0; h < fleet->host_count; h++)
		pending->power[h] = (fleet->hosts[h].state == XN_HOST_SLEEP) !=
		    (search->state.hosts[h].mode == XN_MODE_ASLEEP);
}

/* A `first` VM that has still to move holds back every `then` VM. */
static bool
held_back(const struct xn_search *search, const struct pending *pending, uint32_t vm)
{
	const struct xn_policy *policy = search->policy;

	if (search->is_then == NULL || !search->is_then[vm])
		return false;
	for (unsigned c = 0; c < policy->clause_count; c++) {
		const struct xn_clause *clause = &policy->clauses[c];

		if (clause->constraint != &xn_constraint_precedence ||
		    !xn_select_vm(&clause->terms.then, &search->fleet->vms[vm]))
			continue;
		for (uint32_t i = 0; i < pending->queue_count; i++)
			if (pending->move[pending->queue[i]] &&
			    xn_select_vm(
				&clause->terms.select, &search->fleet->vms[pending->queue[i]]))
				return true;
	}
	return false;
}

static bool
try_move(
    const struct xn_search *search, struct xn_order *order, struct pending *pending, uint32_t vm)
{
	uint32_t to = search->state.vms[vm].at[0];
	uint32_t from = search->fleet->vms[vm].host;
	struct xn_step *step;
	uint32_t key;

	if (order->state.hosts[to].mode != XN_MODE_AWAKE || held_back(search, pending, vm))
		return false;
	xn_state_add(&order->state, vm, 1, to);
	if (xn_state_over(&order->state, vm, to, XN_ALLOW_BASE, &key) != XN_NONE) {
		xn_state_drop(&order->state, vm, 1);
		return false;
	}
	if (from != XN_NONE)
		xn_state_drop(&order->state, vm, 0);
	pending->move[vm] = false;
	step = emit(order, XN_STEP_MOVE);
	step->vm = vm;
	step->from = from;
	step->to = to;
	step->reason = search->reasons[vm];
	return true;
}

static bool
try_power(const struct xn_search *search, struct xn_order *order, struct pending *pending,
    uint32_t host, bool wake)
{
	struct xn_state *state = &order->state;
	uint32_t key;

	if (!pending->power[host] || (search->fleet->hosts[host].state == XN_HOST_SLEEP) != wake)
		return false;
	if (!wake) {
		if (state->hosts[host].vms > 0)
			return false;
		for (uint32_t i = 0; i < pending->queue_count; i++)
			if (pending->move[pending->queue[i]] &&
			    search->state.vms[pending->queue[i]].at[0] == host)
				return false;
	}
	xn_state_mode(state, host, wake ? XN_MODE_WAKING : XN_MODE_DOZING);
	if (xn_state_over_power(state, host, XN_ALLOW_BASE, &key) != XN_NONE) {
		xn_state_mode(state, host, wake ? XN_MODE_ASLEEP : XN_MODE_AWAKE);
		return false;
	}
	xn_state_mode(state, host, wake ? XN_MODE_AWAKE : XN_MODE_ASLEEP);
	pending->power[host] = false;
	emit(order, wake ? XN_STEP_WAKE : XN_STEP_SLEEP)->to = host;
	order->steps[order->count - 1].from = host;
	return true;
}

/* One pass over everything that is left; whether anything went. */
static bool
pass(const struct xn_search *search, struct xn_order *order, struct pending *pending)
{
	bool moved = false;
	bool left = false;

	for (uint32_t h = 0; h < search->fleet->host_count; h++)
		moved |= try_power(search, order, pending, h, true);
	for (uint32_t i = 0; i < pending->queue_count; i++)
		if (pending->move[pending->queue[i]]) {
			moved |= try_move(search, order, pending, pending->queue[i]);
			left |= pending->move[pending->queue[i]];
		}
	/* Sleep comes last, unless moves wait for the watts. */
	for (uint32_t h = 0; (!moved || !left) && h < search->fleet->host_count; h++)
		if (try_power(search, order, pending, h, false)) {
			moved = true;
			if (left)
				break;
		}
	return moved;
}

void
xn_order_make(const struct xn_search *search, struct xn_order *ret_order)
{
	const struct xn_fleet *fleet = search->fleet;
	struct pending pending;

	*ret_order = (struct xn_order){.count = 0};
	list_pending(search, &pending);
	ret_order->steps = xn_new(
	    search->arena, struct xn_step, (size_t)pending.queue_count + search->switches + 1u);
	xn_state_make(&ret_order->state, fleet, search->policy, search->arena);
	while (pass(search, ret_order, &pending))
		;
	for (uint32_t i = 0; i < pending.queue_count; i++) {
		uint32_t v = pending.queue[i];

		ret_order->dropped += pending.move[v];
		if (pending.move[v])
			continue;
		xn_state_drop(&ret_order->state, v, 1);
		xn_state_add(&ret_order->state, v, 0, search->state.vms[v].at[0]);
	}
	for (uint32_t h = 0; h < fleet->host_count; h++)
		ret_order->dropped += pending.power[h];
}
