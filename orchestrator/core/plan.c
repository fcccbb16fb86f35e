#include "orchestrator/core/plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/core/energy.h"
#include "orchestrator/core/explain.h"
#include "orchestrator/core/guard.h"
#include "orchestrator/core/migrate.h"

#define WAIT_MS_MAX 600000 /* a plan waits this long for a hold to end */
#define SETTLE_MS_MIN                                                                              \
	30000          /* before a saving is measured; and twice the age a reading may have        \
			*/
#define PAUSE_TICKS 10 /* of mode auto after a plan that was stopped */

static struct xn_plan *
newest(struct xn_core *core)
{
	return core->next_plan == 0 ? NULL : &core->plans[(core->next_plan - 1) % XN_PLANS_MAX];
}

const struct xn_plan *
xn_core_plan(const struct xn_core *core)
{
	return core->next_plan == 0 ? NULL : &core->plans[(core->next_plan - 1) % XN_PLANS_MAX];
}

const struct xn_plan *
xn_core_plan_of(const struct xn_core *core, const char *id)
{
	for (int p = 0; p < XN_PLANS_MAX; p++)
		if (core->plans[p].state != XN_PLAN_NONE && strcmp(core->plans[p].id, id) == 0)
			return &core->plans[p];
	return NULL;
}

static int64_t
watts(xn_power power)
{
	return (power.mw + (power.mw < 0 ? -500 : 500)) / 1000;
}

/* ---- propose ---- */

static int
may_propose(struct xn_core *core, struct xn_error *err)
{
	const struct xn_plan *plan = newest(core);

	if (core->policy == NULL)
		return xn_fail(err, XN_EREFUSED, "no policy is applied; see xanh policy apply");
	if (plan != NULL && plan->state == XN_PLAN_RUNNING)
		return xn_fail(err, XN_EREFUSED, "%s is running", plan->id);
	if (xn_migrate_in_flight(core) > 0)
		return xn_fail(err, XN_EREFUSED, "a move is still under way");
	return XN_OK;
}

static int
place(struct xn_core *core, struct xn_placement *ret_placement, struct xn_fleet *ret_fleet,
    uint32_t **ret_places, struct xn_error *err)
{
	struct xn_place_options options = {.seed = core->next_plan + 1};

	xn_energy_picture(core);
	xn_fleet_build(core, core->scratch, ret_fleet, ret_places);
	memset(ret_placement, 0, sizeof(*ret_placement));
	if (xn_place(ret_fleet, core->policy, options, core->scratch, ret_placement, err) < 0)
		return xn_wrap(err, "planning");
	return XN_OK;
}

static void
keep_step(
    struct xn_core *core, struct xn_plan *plan, const struct xn_step *step, const uint32_t *places)
{
	struct xn_plan_step *kept = &plan->steps[plan->step_count++];

	kept->number = step->number;
	kept->vm = places[step->vm];
	kept->uuid = core->vms[kept->vm].uuid;
	kept->from = step->from;
	kept->to = step->to;
	kept->after_count = step->after_count;
	memcpy(kept->after, step->after, sizeof(kept->after));
	kept->state = XN_STEP_WAITING;
	kept->saves = step->saves;
	snprintf(
	    kept->reason, sizeof(kept->reason), "%s", step->reason != NULL ? step->reason : "");
}

static struct xn_plan *
keep(struct xn_core *core, const struct xn_placement *placement, const uint32_t *places,
    const char *actor)
{
	struct xn_plan *plan;

	for (int p = 0; p < XN_PLANS_MAX; p++) /* invariant 4 */
		if (core->plans[p].state == XN_PLAN_PROPOSED ||
		    core->plans[p].state == XN_PLAN_APPROVED)
			core->plans[p].state = XN_PLAN_SUPERSEDED;
	plan = &core->plans[core->next_plan++ % XN_PLANS_MAX];
	memset(plan, 0, sizeof(*plan));
	snprintf(plan->id, sizeof(plan->id), "p-%04llx", (unsigned long long)core->next_plan);
	snprintf(plan->actor, sizeof(plan->actor), "%s", actor);
	snprintf(plan->policy, sizeof(plan->policy), "%s", xn_policy_name(core->policy));
	snprintf(plan->verdict, sizeof(plan->verdict), "%s",
	    placement->verdict != NULL ? placement->verdict : "");
	plan->seed = core->next_plan;
	plan->made = core->now;
	plan->before_it = placement->before.it;
	plan->after_it = placement->after.it;
	plan->before_facility = placement->before.facility;
	plan->after_facility = placement->after.facility;
	plan->bound_it = placement->bound_it;
	plan->violations_before = placement->before.violation_count;
	plan->violations_after = placement->after.violation_count;
	for (uint32_t s = 0; s < placement->step_count && plan->step_count < XN_STEPS_MAX; s++) {
		/* Hosts of this core cannot sleep (fleet.c), so a plan for it has moves only. */
		assert(placement->steps[s].kind == XN_STEP_MOVE);
		keep_step(core, plan, &placement->steps[s], places);
	}
	plan->state = plan->step_count > 0 ? XN_PLAN_PROPOSED : XN_PLAN_DONE;
	if (plan->state == XN_PLAN_DONE) {
		plan->ended = core->now;
		plan->measured = true; /* there is nothing to measure */
		plan->measured_before = plan->measured_after = core->picture.it;
	}
	return plan;
}

static void
tell_plan(struct xn_core *core, const struct xn_plan *plan, struct xn_actions *actions)
{
	if (plan->step_count == 0)
		xn_note(core, actions, XN_NONE, plan->id, "plan %s: %s", plan->id, plan->verdict);
	else
		xn_note(core, actions, XN_NONE, plan->id, "plan %s: %u %s, %lld W -> %lld W",
		    plan->id, plan->step_count, plan->step_count == 1 ? "move" : "moves",
		    (long long)watts(plan->before_facility),
		    (long long)watts(plan->after_facility));
}

int
xn_plan_propose(struct xn_core *core, const char *actor, struct xn_actions *actions,
    const struct xn_plan **ret_plan, struct xn_error *err)
{
	struct xn_placement placement;
	struct xn_fleet fleet;
	uint32_t *places;
	struct xn_plan *plan;

	if (may_propose(core, err) < 0 || place(core, &placement, &fleet, &places, err) < 0)
		return err->code;
	plan = keep(core, &placement, places, actor);
	tell_plan(core, plan, actions);
	*ret_plan = plan;
	return XN_OK;
}

/* ---- approve, apply, abort ---- */

/* The plan a person means; "" is the newest. */
static struct xn_plan *
find(struct xn_core *core, const char *id, struct xn_error *err)
{
	struct xn_plan *plan = newest(core);

	if (id[0] != '\0') {
		plan = NULL;
		for (int p = 0; p < XN_PLANS_MAX; p++)
			if (core->plans[p].state != XN_PLAN_NONE &&
			    strcmp(core->plans[p].id, id) == 0)
				plan = &core->plans[p];
	}
	if (plan == NULL)
		xn_fail(err, XN_ENOTFOUND, "there is no plan %s", id[0] != '\0' ? id : "yet");
	return plan;
}

static const char *
state_words(enum xn_plan_state state)
{
	switch (state) {
	case XN_PLAN_NONE: return "nothing";
	case XN_PLAN_PROPOSED: return "not approved";
	case XN_PLAN_APPROVED: return "approved already";
	case XN_PLAN_RUNNING: return "running";
	case XN_PLAN_DONE: return "done";
	case XN_PLAN_STOPPED: return "stopped";
	case XN_PLAN_ABORTED: return "aborted";
	case XN_PLAN_SUPERSEDED: return "superseded by a newer plan";
	}
	return "unknown";
}

int
xn_plan_approve(struct xn_core *core, const char *id, const char *actor, struct xn_actions *actions,
    struct xn_error *err)
{
	struct xn_plan *plan = find(core, id, err);

	if (plan == NULL)
		return XN_ENOTFOUND;
	if (plan->state != XN_PLAN_PROPOSED)
		return xn_fail(err, XN_EREFUSED, "%s is %s", plan->id, state_words(plan->state));
	plan->state = XN_PLAN_APPROVED;
	plan->approved = core->now;
	snprintf(plan->approver, sizeof(plan->approver), "%s", actor);
	xn_note(core, actions, XN_NONE, plan->id, "plan %s approved by %s", plan->id, actor);
	return XN_OK;
}

static int
may_apply(const struct xn_core *core, const struct xn_plan *plan, struct xn_error *err)
{
	if (plan->state != XN_PLAN_PROPOSED && plan->state != XN_PLAN_APPROVED)
		return xn_fail(err, XN_EREFUSED, "%s is %s", plan->id, state_words(plan->state));
	if (core->policy == NULL)
		return xn_fail(err, XN_EREFUSED, "no policy is applied any more");
	switch (xn_policy_mode(core->policy)) {
	case XN_MODE_OBSERVE:
		return xn_fail(err, XN_EREFUSED, "policy %s only observes (mode: observe)",
		    xn_policy_name(core->policy));
	case XN_MODE_APPROVE:
		if (plan->state != XN_PLAN_APPROVED)
			return xn_fail(err, XN_EREFUSED,
			    "%s is not approved; see xanh plan approve %s", plan->id, plan->id);
		break;
	case XN_MODE_AUTO: break;
	}
	if (xn_core_hold(core, XN_NONE) != NULL)
		return xn_fail(err, XN_EREFUSED, "hold: %s", xn_core_hold(core, XN_NONE));
	if (xn_migrate_in_flight(core) > 0)
		return xn_fail(err, XN_EREFUSED, "a move is still under way");
	return XN_OK;
}

int
xn_plan_apply(struct xn_core *core, const char *id, const char *actor, struct xn_actions *actions,
    struct xn_error *err)
{
	struct xn_plan *plan = find(core, id, err);

	if (plan == NULL)
		return XN_ENOTFOUND;
	if (may_apply(core, plan, err) < 0)
		return err->code;
	assert(plan == newest(core)); /* invariant 1: older ones are superseded or over */
	xn_energy_picture(core);
	plan->state = XN_PLAN_RUNNING;
	plan->started = core->now;
	plan->measured_before = core->picture.it;
	xn_note(core, actions, XN_NONE, plan->id, "plan %s applied by %s", plan->id, actor);
	return XN_OK;
}

int
xn_plan_abort(struct xn_core *core, const char *id, const char *actor, struct xn_actions *actions,
    struct xn_error *err)
{
	struct xn_plan *plan = find(core, id, err);

	if (plan == NULL)
		return XN_ENOTFOUND;
	if (plan->state != XN_PLAN_PROPOSED && plan->state != XN_PLAN_APPROVED &&
	    plan->state != XN_PLAN_RUNNING)
		return xn_fail(err, XN_EREFUSED, "%s is %s", plan->id, state_words(plan->state));
	plan->state = XN_PLAN_ABORTED;
	plan->ended = core->now;
	snprintf(plan->why, sizeof(plan->why), "by %s", actor);
	xn_note(core, actions, XN_NONE, plan->id,
	    "plan %s aborted by %s; moves under way end first", plan->id, actor);
	return XN_OK;
}

/* ---- run ---- */

static void
stop(struct xn_core *core, struct xn_plan *plan, const char *why, struct xn_actions *actions)
{
	plan->state = XN_PLAN_STOPPED;
	plan->ended = core->now;
	snprintf(plan->why, sizeof(plan->why), "%s", why);
	xn_note(core, actions, XN_NONE, plan->id, "plan %s stopped: %s", plan->id, plan->why);
}

void
xn_plan_step_ended(struct xn_core *core, uint32_t step, uint32_t vm, bool done, const char *why,
    struct xn_actions *actions)
{
	struct xn_plan *plan = newest(core);
	struct xn_plan_step *row;

	assert(plan != NULL && step < plan->step_count && plan->steps[step].vm == vm);
	row = &plan->steps[step];
	row->state = done ? XN_STEP_DONE : XN_STEP_FAILED;
	row->ended = core->now;
	if (!done && plan->state == XN_PLAN_RUNNING)
		stop(core, plan,
		    xn_text(
			core->scratch, "the move of %s failed: %s", core->vms[vm].facts.name, why),
		    actions);
}

static bool
ready(const struct xn_plan *plan, const struct xn_plan_step *step)
{
	for (uint32_t a = 0; a < step->after_count; a++)
		for (uint32_t s = 0; s < plan->step_count; s++)
			if (plan->steps[s].number == step->after[a] &&
			    plan->steps[s].state != XN_STEP_DONE)
				return false;
	return true;
}

static const char *
drifted(const struct xn_core *core, const struct xn_plan_step *step)
{
	const struct xn_vm *vm = &core->vms[step->vm];

	if (!vm->known || memcmp(&vm->uuid, &step->uuid, sizeof(vm->uuid)) != 0)
		return xn_text(core->scratch, "the VM of step %u is gone", step->number);
	if (vm->host != step->from)
		return xn_text(core->scratch, "%s is not on %s any more", vm->facts.name,
		    core->topology->hosts[step->from].name);
	return NULL;
}

static const char *
step_words(const struct xn_core *core, const struct xn_plan_step *step)
{
	if (step->saves.mw < 500)
		return step->reason;
	return xn_text(
	    core->scratch, "%s, saves %lld W", step->reason, (long long)watts(step->saves));
}

/* Starts one step. False: nothing more can start now. */
static bool
start(struct xn_core *core, struct xn_plan *plan, struct xn_plan_step *step,
    struct xn_actions *actions)
{
	const char *why = drifted(core, step);
	bool waits;

	if (why != NULL) {
		stop(core, plan, why, actions);
		return false;
	}
	why = xn_guard_refuses(core, step->vm, step->to, &waits);
	if (why != NULL && waits &&
	    (plan->held_since.ms == 0 || xn_since(core->now, plan->held_since).ms < WAIT_MS_MAX)) {
		if (plan->held_since.ms == 0) {
			plan->held_since = core->now;
			xn_note(
			    core, actions, XN_NONE, plan->id, "plan %s waits: %s", plan->id, why);
		}
		return false;
	}
	if (why != NULL) {
		stop(core, plan, xn_text(core->scratch, "step %u: %s", step->number, why), actions);
		return false;
	}
	plan->held_since.ms = 0;
	if (!xn_migrate_start(core, step->vm, step->to, (uint32_t)(step - plan->steps),
		step_words(core, step), actions))
		return false;
	step->state = XN_STEP_STARTED;
	step->started = core->now;
	return true;
}

static void
run(struct xn_core *core, struct xn_plan *plan, struct xn_actions *actions)
{
	uint32_t at_once = core->policy != NULL ? (uint32_t)xn_policy_at_once(core->policy) : 1;
	uint32_t open = 0;

	for (uint32_t s = 0; s < plan->step_count; s++) {
		struct xn_plan_step *step = &plan->steps[s];

		open += step->state == XN_STEP_WAITING || step->state == XN_STEP_STARTED;
		if (step->state != XN_STEP_WAITING || !ready(plan, step))
			continue;
		if (xn_migrate_in_flight(core) >= at_once || !start(core, plan, step, actions))
			break;
	}
	if (open > 0 || plan->state != XN_PLAN_RUNNING)
		return;
	plan->state = XN_PLAN_DONE;
	plan->ended = core->now;
	xn_note(core, actions, XN_NONE, plan->id, "plan %s done", plan->id);
}

static int64_t
settle_ms(const struct xn_core *core)
{
	int64_t twice = 2 * core->topology->fresh.ms;

	return twice > SETTLE_MS_MIN ? twice : SETTLE_MS_MIN;
}

static void
measure(struct xn_core *core, struct xn_plan *plan, struct xn_actions *actions)
{
	if (plan->measured || xn_since(core->now, plan->ended).ms < settle_ms(core))
		return;
	xn_energy_picture(core);
	plan->measured = true;
	plan->measured_after = core->picture.it;
	xn_note(core, actions, XN_NONE, plan->id,
	    "plan %s measured: IT %lld W -> %lld W, planned %lld W -> %lld W", plan->id,
	    (long long)watts(plan->measured_before), (long long)watts(plan->measured_after),
	    (long long)watts(plan->before_it), (long long)watts(plan->after_it));
}

void
xn_plan_advance(struct xn_core *core, struct xn_actions *actions)
{
	struct xn_plan *plan = newest(core);

	if (plan == NULL || !core->booted)
		return;
	if (plan->state == XN_PLAN_RUNNING)
		run(core, plan, actions);
	else if (plan->state == XN_PLAN_DONE)
		measure(core, plan, actions);
}

void
xn_plan_decide(struct xn_core *core, struct xn_actions *actions)
{
	const struct xn_plan *last = newest(core);
	int64_t pause_ms = core->topology->tick.ms;
	struct xn_placement placement;
	struct xn_fleet fleet;
	struct xn_error err;
	uint32_t *places;
	struct xn_plan *plan;

	if (core->policy == NULL || xn_policy_mode(core->policy) != XN_MODE_AUTO ||
	    xn_core_hold(core, XN_NONE) != NULL || may_propose(core, &err) < 0)
		return;
	if (last != NULL && (last->state == XN_PLAN_STOPPED || last->state == XN_PLAN_ABORTED))
		pause_ms *= PAUSE_TICKS;
	if (last != NULL && last->state == XN_PLAN_DONE && !last->measured)
		return;
	if (core->last_decision.ms != 0 && xn_since(core->now, core->last_decision).ms < pause_ms)
		return;
	core->last_decision = core->now;
	if (place(core, &placement, &fleet, &places, &err) < 0 || placement.step_count == 0)
		return;
	plan = keep(core, &placement, places, "xanhd");
	tell_plan(core, plan, actions);
	if (xn_plan_approve(core, plan->id, "xanhd", actions, &err) == XN_OK)
		xn_plan_apply(core, plan->id, "xanhd", actions, &err);
}

void
xn_plan_check(const struct xn_core *core)
{
	for (int p = 0; p < XN_PLANS_MAX; p++)
		assert(core->plans[p].state != XN_PLAN_RUNNING ||
		    &core->plans[p] == xn_core_plan(core));
}
