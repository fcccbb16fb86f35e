#include "orchestrator/core/command.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/core/alarm.h"
#include "orchestrator/core/explain.h"
#include "orchestrator/core/inventory.h"
#include "orchestrator/core/plan.h"
#include "orchestrator/core/telemetry.h"

static void
reply(struct xn_actions *actions, uint64_t request, enum xn_code code, const char *subject,
    const char *text)
{
	struct xn_action *action = xn_act(actions, XN_ACT_REPLY);

	action->reply.request = request;
	action->reply.code = code;
	snprintf(action->reply.subject, sizeof(action->reply.subject), "%s", subject);
	snprintf(action->reply.text, sizeof(action->reply.text), "%s", text);
}

static void
reply_plan(struct xn_core *core, struct xn_actions *actions, const struct xn_event *event,
    const struct xn_plan *plan)
{
	const char *text = plan->verdict;

	if (plan->step_count > 0)
		text = xn_text(core->scratch, "%s: %u %s; %s", plan->id, plan->step_count,
		    plan->step_count == 1 ? "move" : "moves", plan->verdict);
	reply(actions, event->command.request, XN_OK, plan->id, text);
}

static void
make_plan(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	const struct xn_plan *plan;
	struct xn_error err;

	if (xn_plan_propose(core, event->command.actor, actions, &plan, &err) < 0)
		reply(actions, event->command.request, err.code, "", err.text);
	else
		reply_plan(core, actions, event, plan);
}

typedef int plan_verb(struct xn_core *core, const char *id, const char *actor,
    struct xn_actions *actions, struct xn_error *err);

static void
change_plan(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions,
    plan_verb *verb, const char *done)
{
	struct xn_error err;

	if (verb(core, event->command.subject, event->command.actor, actions, &err) < 0) {
		reply(actions, event->command.request, err.code, event->command.subject, err.text);
		return;
	}
	reply(actions, event->command.request, XN_OK, event->command.subject,
	    xn_text(core->scratch, "%s %s", event->command.subject, done));
}

static void
drain(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions, bool on)
{
	const char *name = event->command.subject;
	uint32_t host = xn_inventory_host(core, name);
	const struct xn_plan *plan;
	struct xn_error err;

	if (host == XN_NONE) {
		reply(actions, event->command.request, XN_ENOTFOUND, name,
		    xn_text(core->scratch, "there is no host %s", name));
		return;
	}
	core->hosts[host].drained = on;
	xn_note(core, actions, XN_NONE, name,
	    on ? "%s is to be emptied, says %s" : "%s is in use again, says %s", name,
	    event->command.actor);
	if (!on) {
		reply(actions, event->command.request, XN_OK, name,
		    xn_text(core->scratch, "%s may take VMs again", name));
		return;
	}
	if (xn_plan_propose(core, event->command.actor, actions, &plan, &err) == XN_OK)
		reply_plan(core, actions, event, plan);
	else
		reply(actions, event->command.request, XN_OK, name,
		    xn_text(core->scratch, "%s takes no VM any more; no plan was made: %s", name,
			err.text));
}

static void
pause(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions, bool on)
{
	const char *actor = event->command.actor;

	core->paused = on;
	snprintf(core->paused_by, sizeof(core->paused_by), "%s", on ? actor : "");
	xn_note(core, actions, XN_NONE, core->topology->site,
	    on ? "automation paused by %s" : "automation resumed by %s", actor);
	reply(actions, event->command.request, XN_OK, "",
	    on ? "paused: nothing new is moved" : "automation goes on");
}

static void
ack(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	const char *digits = event->command.subject;
	struct xn_error err;
	uint32_t id = 0;

	for (; *digits >= '0' && *digits <= '9' && id < UINT32_MAX / 10; digits++)
		id = id * 10 + (uint32_t)(*digits - '0');
	if (*digits != '\0')
		id = 0;
	if (xn_alarm_ack(core, id, event->command.actor, event->command.note, &err) < 0)
		reply(actions, event->command.request, err.code, event->command.subject, err.text);
	else
		reply(
		    actions, event->command.request, XN_OK, event->command.subject, "acknowledged");
}

void
xn_command_take(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	switch (event->command.verb) {
	case XN_DO_PLAN: make_plan(core, event, actions); break;
	case XN_DO_APPROVE: change_plan(core, event, actions, xn_plan_approve, "approved"); break;
	case XN_DO_APPLY: change_plan(core, event, actions, xn_plan_apply, "started"); break;
	case XN_DO_ABORT: change_plan(core, event, actions, xn_plan_abort, "aborted"); break;
	case XN_DO_DRAIN: drain(core, event, actions, true); break;
	case XN_DO_UNDRAIN: drain(core, event, actions, false); break;
	case XN_DO_ACK: ack(core, event, actions); break;
	case XN_DO_PAUSE: pause(core, event, actions, true); break;
	case XN_DO_RESUME: pause(core, event, actions, false); break;
	}
	xn_telemetry_age(core, actions); /* a pause holds from this instant on */
}

void
xn_command_policy(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions)
{
	const char *name;

	assert(event->policy.policy != NULL);
	name = xn_policy_name(event->policy.policy);
	core->policy = event->policy.policy;
	/* What was proposed under other rules is not what a person would approve now. */
	for (int p = 0; p < XN_PLANS_MAX; p++)
		if (core->plans[p].state == XN_PLAN_PROPOSED ||
		    core->plans[p].state == XN_PLAN_APPROVED)
			core->plans[p].state = XN_PLAN_SUPERSEDED;
	xn_note(core, actions, XN_NONE, name, "policy %s applied by %s", name, event->policy.actor);
	reply(actions, event->policy.request, XN_OK, name,
	    xn_text(core->scratch, "policy %s is in force", name));
}
