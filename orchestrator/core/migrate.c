#include "orchestrator/core/migrate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/core/explain.h"
#include "orchestrator/core/inventory.h"
#include "orchestrator/core/plan.h"

#define ANSWER_SLACK_MS 15000 /* beyond the deadline the worker itself keeps */
#define LIST_RETRY_MS   5000  /* a list that does not come is asked for again */
#define LOOK_AGAIN_MS   2000  /* between looks while hypervisors are still at work */
#define CURE_MS         30000
#define FAR_MS          INT64_MAX

/* Memory is copied at 25 MiB/s at least, several times over for a busy guest; a minute for the
 * rest. */
static xn_duration
copy_deadline(const struct xn_vm *vm)
{
	return (xn_duration){.ms = 60000 + (int64_t)vm->facts.memory_mib * 40};
}

static const char *
host_name(const struct xn_core *core, uint32_t host)
{
	return core->topology->hosts[host].name;
}

static struct xn_action *
request(struct xn_core *core, struct xn_actions *actions, enum xn_action_kind kind, uint32_t vm,
    uint32_t host)
{
	struct xn_action *action = xn_act(actions, kind);

	action->virt.request = ++core->next_request;
	action->virt.host = host;
	action->virt.target = XN_NONE;
	if (vm != XN_NONE) {
		action->virt.uuid = core->vms[vm].uuid;
		action->virt.generation = ++core->vms[vm].generation;
	}
	return action;
}

uint32_t
xn_migrate_in_flight(const struct xn_core *core)
{
	uint32_t count = 0;

	for (uint32_t m = 0; m < XN_MOVES_MAX; m++)
		count += core->moves[m].phase != XN_MOVE_NONE;
	return count;
}

/* ---- asking both hosts ---- */

static void
ask_lists(struct xn_core *core, struct xn_move *move, struct xn_actions *actions)
{
	move->asked_lists_at = core->now;
	move->listed_from = move->listed_to = false;
	move->deadline = xn_after(core->now, (xn_duration){.ms = LIST_RETRY_MS});
	if (!core->hosts[move->from].up || !core->hosts[move->to].up)
		return; /* invariant 4; asked when it comes back */
	request(core, actions, XN_ACT_LIST, XN_NONE, move->from);
	request(core, actions, XN_ACT_LIST, XN_NONE, move->to);
}

/* From here on only what both hosts list counts. */
static void
look(struct xn_core *core, struct xn_move *move, enum xn_move_phase phase,
    struct xn_actions *actions)
{
	move->phase = phase;
	move->request = 0;
	move->verdict = 0;
	move->verdict_count = 0;
	ask_lists(core, move, actions);
}

/* ---- the end of a move ---- */

static void
count_move(struct xn_core *core, struct xn_vm *vm)
{
	int64_t day = (core->now.ms / 1000 + core->topology->utc_offset_s) / 86400;

	if (vm->moves_day != day)
		vm->moves_today = 0;
	vm->moves_day = day;
	vm->moves_today++;
}

static void
finish(struct xn_core *core, struct xn_move *move, bool done, const char *why,
    struct xn_actions *actions)
{
	struct xn_vm *vm = &core->vms[move->vm];
	struct xn_move ended = *move;

	why = xn_text(core->scratch, "%s", why); /* it may lie in the move */
	memset(move, 0, sizeof(*move));
	if (done) {
		vm->failures = 0;
		count_move(core, vm);
		xn_inventory_own(core, ended.vm, ended.to);
		xn_note(core, actions, ended.vm, vm->facts.name, "move %s done", vm->facts.name);
	} else {
		vm->failures++;
		xn_note(core, actions, ended.vm, vm->facts.name, "move %s %s -> %s failed: %s",
		    vm->facts.name, host_name(core, ended.from), host_name(core, ended.to), why);
	}
	xn_inventory_settle(core, ended.vm);
	if (ended.step != XN_NONE)
		xn_plan_step_ended(core, ended.step, ended.vm, done, why, actions);
}

/* ---- the table ---- */

enum verdict {
	LOOK_AGAIN = 0, /* still at work, or nothing a rule speaks of */
	DONE,
	FAILED,
	GONE, /* it is on neither host */
	RESUME_TARGET,
	RESUME_SOURCE,
	DESTROY_TARGET,
	DESTROY_SOURCE,
	RUNS_TWICE,
};

static bool
idle(enum xn_vm_state state)
{
	return state == XN_VM_ABSENT || state == XN_VM_SHUTOFF;
}

/* The source does not run: gone, shut off, or left paused at the hand-over. */
static enum verdict
judge_target(enum xn_vm_state source, enum xn_vm_state target)
{
	bool waits = source == XN_VM_PAUSED_MIGRATING;

	switch (target) {
	case XN_VM_RUNNING: return waits ? DESTROY_SOURCE : DONE;
	case XN_VM_PAUSED: return waits ? DESTROY_TARGET : RESUME_TARGET;
	case XN_VM_ABSENT:
	case XN_VM_SHUTOFF:
		if (waits)
			return RESUME_SOURCE;
		return source == XN_VM_SHUTOFF ? FAILED : target == XN_VM_SHUTOFF ? DONE : GONE;
	case XN_VM_PAUSED_MIGRATING:
	case XN_VM_INCOMING: return LOOK_AGAIN;
	}
	return LOOK_AGAIN;
}

/* What both hosts show means: the failure table of the design, row by row. */
static enum verdict
judge(enum xn_vm_state source, enum xn_vm_state target)
{
	switch (source) {
	case XN_VM_RUNNING:
		if (target == XN_VM_RUNNING)
			return RUNS_TWICE;
		if (target == XN_VM_PAUSED)
			return DESTROY_TARGET;
		return idle(target) ? FAILED : LOOK_AGAIN;
	case XN_VM_ABSENT:
	case XN_VM_SHUTOFF:
	case XN_VM_PAUSED_MIGRATING: return judge_target(source, target);
	case XN_VM_PAUSED:
		/* A person paused it, before or meanwhile. */
		return idle(target) ? FAILED : LOOK_AGAIN;
	case XN_VM_INCOMING: return LOOK_AGAIN;
	}
	return LOOK_AGAIN;
}

static void
cure(struct xn_core *core, struct xn_move *move, enum xn_action_kind kind, uint32_t host,
    const char *what, struct xn_actions *actions)
{
	struct xn_action *action = request(core, actions, kind, move->vm, host);

	action->virt.deadline.ms = CURE_MS;
	move->phase = XN_MOVE_CURE;
	move->request = action->virt.request;
	move->deadline = xn_after(core->now, (xn_duration){.ms = CURE_MS + ANSWER_SLACK_MS});
	move->cures++;
	xn_note(core, actions, move->vm, core->vms[move->vm].facts.name, "%s on %s", what,
	    host_name(core, host));
}

/* A verdict that two looks in a row gave. */
static void
carry_out(
    struct xn_core *core, struct xn_move *move, enum verdict verdict, struct xn_actions *actions)
{
	const char *why = move->why[0] != '\0' ? move->why : "it stayed where it was";

	switch (verdict) {
	case LOOK_AGAIN: return;
	case DONE: finish(core, move, true, "", actions); return;
	case FAILED: finish(core, move, false, why, actions); return;
	case GONE: finish(core, move, false, "it is on neither host any more", actions); return;
	case RESUME_TARGET:
		cure(core, move, XN_ACT_RESUME, move->to, "resume the one copy", actions);
		return;
	case RESUME_SOURCE:
		cure(core, move, XN_ACT_RESUME, move->from, "resume the one copy", actions);
		return;
	case RUNS_TWICE:
		core->vms[move->vm].split = true;
		core->vms[move->vm].split_at = core->now;
		cure(core, move, XN_ACT_DESTROY, move->to, "runs twice: destroy the newer copy",
		    actions);
		return;
	case DESTROY_TARGET:
		cure(core, move, XN_ACT_DESTROY, move->to, "destroy the left-over copy", actions);
		return;
	case DESTROY_SOURCE:
		cure(core, move, XN_ACT_DESTROY, move->from, "destroy the left-over copy", actions);
		return;
	}
}

static void
decide(struct xn_core *core, struct xn_move *move, struct xn_actions *actions)
{
	enum verdict verdict = judge(xn_inventory_state(core, move->vm, move->from),
	    xn_inventory_state(core, move->vm, move->to));

	if (verdict == move->verdict && move->verdict_count > 0)
		move->verdict_count++;
	else
		move->verdict_count = 1;
	move->verdict = (uint8_t)verdict;
	if (verdict != RUNS_TWICE)
		core->vms[move->vm].split = false;
	if (verdict == LOOK_AGAIN || move->cures > 8) {
		/* The host is at work, or no cure helps: look on, without haste. */
		move->verdict_count = 0;
		move->listed_from = move->listed_to = false;
		move->deadline = xn_after(core->now,
		    (xn_duration){.ms = move->is_overdue ? 5 * LOOK_AGAIN_MS : LOOK_AGAIN_MS});
		if (move->cures > 8)
			move->cures = 6;
		return;
	}
	if (verdict == DONE || move->verdict_count >= 2) /* invariant 3 */
		carry_out(core, move, verdict, actions);
	else
		ask_lists(core, move, actions);
}

/* ---- what happens to it ---- */

bool
xn_migrate_start(struct xn_core *core, uint32_t vm, uint32_t to, uint32_t step, const char *reason,
    struct xn_actions *actions)
{
	struct xn_vm *row = &core->vms[vm];
	struct xn_move *move = NULL;
	struct xn_action *action;

	for (uint32_t m = 0; m < XN_MOVES_MAX && move == NULL; m++)
		if (core->moves[m].phase == XN_MOVE_NONE)
			move = &core->moves[m];
	if (move == NULL)
		return false;
	assert(xn_inventory_move(core, vm) == NULL); /* invariant 1 */
	assert(row->host != XN_NONE && row->host != to);

	action = request(core, actions, XN_ACT_MIGRATE, vm, row->host);
	action->virt.target = to;
	action->virt.paused = !row->facts.lockable;
	action->virt.deadline = copy_deadline(row);
	*move = (struct xn_move){.phase = XN_MOVE_COPY,
	    .vm = vm,
	    .from = row->host,
	    .to = to,
	    .step = step,
	    .request = action->virt.request,
	    .started = core->now,
	    .deadline =
		xn_after(core->now, (xn_duration){.ms = copy_deadline(row).ms + ANSWER_SLACK_MS})};
	move->overdue = xn_after(move->deadline, (xn_duration){.ms = 2 * CURE_MS});
	xn_note(core, actions, vm, row->facts.name, "move %s %s -> %s (%s)", row->facts.name,
	    host_name(core, move->from), host_name(core, to), reason);
	return true;
}

void
xn_migrate_boot(struct xn_core *core, struct xn_actions *actions)
{
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++) {
		struct xn_move *move = &core->moves[m];

		if (move->phase == XN_MOVE_NONE)
			continue;
		xn_note(core, actions, move->vm, core->vms[move->vm].facts.name,
		    "restarted while %s moved: looking at both hosts",
		    core->vms[move->vm].facts.name);
		snprintf(move->why, sizeof(move->why), "interrupted by a restart");
		look(core, move, XN_MOVE_UNKNOWN, actions);
	}
}

static void
copied(struct xn_core *core, struct xn_move *move, const struct xn_event *event,
    struct xn_actions *actions)
{
	struct xn_action *action;

	if (event->virt.outcome != XN_VIRT_OK) {
		snprintf(move->why, sizeof(move->why), "%s", event->virt.text);
		look(core, move, XN_MOVE_UNKNOWN, actions);
		return;
	}
	move->ok_reported = true;
	if (core->vms[move->vm].facts.lockable) {
		look(core, move, XN_MOVE_VERIFY, actions);
		return;
	}
	/* The call returned success, so the source is gone and the copy may run. */
	action = request(core, actions, XN_ACT_RESUME, move->vm, move->to);
	action->virt.deadline.ms = CURE_MS;
	move->phase = XN_MOVE_SWITCH;
	move->request = action->virt.request;
	move->deadline = xn_after(core->now, (xn_duration){.ms = CURE_MS + ANSWER_SLACK_MS});
}

void
xn_migrate_answer(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	struct xn_move *move = NULL;

	for (uint32_t m = 0; m < XN_MOVES_MAX; m++)
		if (core->moves[m].phase != XN_MOVE_NONE && core->moves[m].request != 0 &&
		    core->moves[m].request == event->virt.request)
			move = &core->moves[m];
	if (move == NULL)
		return; /* invariant 5: late, twice, or not of a move */
	switch (move->phase) {
	case XN_MOVE_COPY: copied(core, move, event, actions); return;
	case XN_MOVE_SWITCH: look(core, move, XN_MOVE_VERIFY, actions); return;
	case XN_MOVE_CURE: look(core, move, XN_MOVE_UNKNOWN, actions); return;
	case XN_MOVE_NONE:
	case XN_MOVE_VERIFY:
	case XN_MOVE_UNKNOWN: break;
	}
	assert(false && "a move that waits for lists has an open request");
}

static bool
waits_for_lists(const struct xn_move *move)
{
	return move->phase == XN_MOVE_VERIFY || move->phase == XN_MOVE_UNKNOWN;
}

void
xn_migrate_host_up(struct xn_core *core, uint32_t host, struct xn_actions *actions)
{
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++) {
		struct xn_move *move = &core->moves[m];

		if (waits_for_lists(move) && (move->from == host || move->to == host))
			ask_lists(core, move, actions);
	}
}

void
xn_migrate_listed(struct xn_core *core, uint32_t host, struct xn_actions *actions)
{
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++) {
		struct xn_move *move = &core->moves[m];

		if (!waits_for_lists(move) || !core->hosts[host].up)
			continue;
		if (move->from == host)
			move->listed_from = true;
		if (move->to == host)
			move->listed_to = true;
		if (move->listed_from && move->listed_to && core->hosts[move->from].up &&
		    core->hosts[move->to].up) /* invariant 4 */
			decide(core, move, actions);
	}
}

static void
too_late(struct xn_core *core, struct xn_move *move, struct xn_actions *actions)
{
	switch (move->phase) {
	case XN_MOVE_COPY:
		/* Nobody answered: have it stopped, then see what is there. */
		request(core, actions, XN_ACT_ABORT_JOB, move->vm, move->from)->virt.target =
		    move->to;
		snprintf(move->why, sizeof(move->why), "not done in %lld s",
		    (long long)(xn_since(core->now, move->started).ms / 1000));
		look(core, move, XN_MOVE_UNKNOWN, actions);
		return;
	case XN_MOVE_SWITCH:
	case XN_MOVE_CURE: look(core, move, XN_MOVE_UNKNOWN, actions); return;
	case XN_MOVE_VERIFY:
	case XN_MOVE_UNKNOWN: ask_lists(core, move, actions); return;
	case XN_MOVE_NONE: return;
	}
}

void
xn_migrate_deadlines(struct xn_core *core, struct xn_actions *actions)
{
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++) {
		struct xn_move *move = &core->moves[m];

		if (move->phase == XN_MOVE_NONE)
			continue;
		if (!move->is_overdue && core->now.ms >= move->overdue.ms) {
			move->is_overdue = true;
			if (waits_for_lists(move) && core->hosts[move->from].up)
				request(core, actions, XN_ACT_ABORT_JOB, move->vm, move->from)
				    ->virt.target = move->to;
		}
		if (core->now.ms >= move->deadline.ms)
			too_late(core, move, actions);
	}
}

xn_instant
xn_migrate_next(const struct xn_core *core)
{
	xn_instant next = {.ms = FAR_MS};

	for (uint32_t m = 0; m < XN_MOVES_MAX; m++)
		if (core->moves[m].phase != XN_MOVE_NONE && core->moves[m].deadline.ms < next.ms)
			next = core->moves[m].deadline;
	return next;
}

void
xn_migrate_check(const struct xn_core *core)
{
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++) {
		const struct xn_move *move = &core->moves[m];

		if (move->phase == XN_MOVE_NONE)
			continue;
		assert(move->vm < core->vm_count && core->vms[move->vm].known);
		assert(core->vms[move->vm].host == move->from); /* invariant 2 */
		assert(waits_for_lists(move) == (move->request == 0));
		for (uint32_t other = 0; other < m; other++)
			assert(core->moves[other].phase == XN_MOVE_NONE ||
			    core->moves[other].vm != move->vm); /* invariant 1 */
	}
}
