#include "orchestrator/shell/engine_results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
xn_action_is_operation(const struct xn_action *action)
{
	return action->kind >= XN_ACT_MIGRATE && action->kind <= XN_ACT_DESTROY;
}

bool
xn_action_is_virt(const struct xn_action *action)
{
	return xn_action_is_operation(action) || action->kind == XN_ACT_LIST;
}

static struct xn_result *
push(struct xn_results *results)
{
	if (results->count == results->room) {
		results->room = results->room == 0 ? 256 : results->room * 2;
		results->items = realloc(results->items, results->room * sizeof(*results->items));
		if (results->items == NULL)
			abort();
	}
	results->items[results->count] = (struct xn_result){0};
	return &results->items[results->count++];
}

void
xn_results_add(struct xn_results *results, int64_t seq, const struct xn_event *event,
    const struct xn_actions *actions)
{
	if (event->kind == XN_EV_COMMAND || event->kind == XN_EV_POLICY ||
	    event->kind == XN_EV_VIRT_DONE || event->kind == XN_EV_CORRECTION) {
		struct xn_result *result = push(results);

		result->event = malloc(sizeof(*event));
		if (result->event == NULL)
			abort();
		*result->event = *event;
	}
	for (uint32_t i = 0; i < actions->count; i++) {
		struct xn_result *result = push(results);

		result->action = actions->items[i];
		result->seq = seq;
		result->at = event->now;
	}
}

static void
drop_event(struct xn_result *result)
{
	free(result->event);
	result->event = NULL;
}

void
xn_results_keep_ledger(struct xn_results *results)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < results->count; i++) {
		drop_event(&results->items[i]);
		if (results->items[i].action.kind == XN_ACT_LEDGER)
			results->items[kept++] = results->items[i];
	}
	results->count = kept;
}

void
xn_results_free(struct xn_results *results)
{
	for (uint32_t i = 0; i < results->count; i++)
		drop_event(&results->items[i]);
	free(results->items);
}

static const char *
verb_word(enum xn_verb verb)
{
	static const char *const words[] = {
	    [XN_DO_PLAN] = "plan",
	    [XN_DO_APPROVE] = "approve",
	    [XN_DO_APPLY] = "apply",
	    [XN_DO_ABORT] = "abort",
	    [XN_DO_DRAIN] = "drain",
	    [XN_DO_UNDRAIN] = "undrain",
	    [XN_DO_ACK] = "ack",
	    [XN_DO_PAUSE] = "pause",
	    [XN_DO_RESUME] = "resume",
	};

	return words[verb];
}

static int
store_event(
    struct xn_store *store, xn_instant now, const struct xn_event *event, struct xn_error *err)
{
	char body[XN_NAME_SIZE + XN_SENTENCE_SIZE + 8];

	if (event->kind == XN_EV_VIRT_DONE)
		return xn_store_op_done(
		    store, now, event->virt.request, event->virt.outcome, event->virt.text, err);
	if (event->kind == XN_EV_COMMAND) {
		snprintf(body, sizeof(body), "%s%s%s", event->command.subject,
		    event->command.note[0] == '\0' ? "" : ": ", event->command.note);
		return xn_store_audit(
		    store, now, event->command.actor, verb_word(event->command.verb), body, err);
	}
	if (event->kind == XN_EV_CORRECTION) {
		const struct xn_correction *what = &event->correction.what;

		snprintf(body, sizeof(body), "%s: %s", what->meter, what->reason);
		return xn_store_audit(store, now, what->author, "correct", body, err);
	}
	return XN_OK;
}

/* A policy's text is kept once the core has accepted it; its reply says so. */
static int
store_policy(struct xn_store *store, xn_instant now, const struct xn_event *event,
    const struct xn_action *reply, struct xn_error *err)
{
	int result =
	    xn_store_audit(store, now, event->policy.actor, "policy", reply->reply.text, err);

	if (result == XN_OK && reply->reply.code == XN_OK) {
		const struct xn_source *source = xn_policy_source(event->policy.policy);

		result = xn_store_policy(store, now, xn_policy_name(event->policy.policy),
		    event->policy.actor, source->bytes, source->size, err);
	}
	return result;
}

static int
store_action(
    struct xn_store *store, xn_instant now, const struct xn_result *row, struct xn_error *err)
{
	const struct xn_action *action = &row->action;
	char body[XN_NAME_SIZE + XN_SENTENCE_SIZE + 16];
	int result;

	switch (action->kind) {
	case XN_ACT_MIGRATE:
	case XN_ACT_ABORT_JOB:
	case XN_ACT_RESUME:
	case XN_ACT_DESTROY: return xn_store_op(store, now, action, err);
	case XN_ACT_LEDGER: return xn_store_ledger(store, row->seq, row->at, action, err);
	case XN_ACT_ALARM:
		result = xn_store_alarm(store, now, action, err);
		snprintf(body, sizeof(body), "%s: %s", action->alarm.subject, action->alarm.text);
		return result != XN_OK
		    ? result
		    : xn_store_audit(store, now, "xanhd",
			  action->alarm.raised ? "alarm" : "alarm-over", body, err);
	case XN_ACT_NOTE:
		snprintf(body, sizeof(body), "%s: %s", action->note.subject, action->note.text);
		return xn_store_audit(store, now, "xanhd", "note", body, err);
	case XN_ACT_LIST:
	case XN_ACT_REPLY: break;
	}
	return XN_OK;
}

static int
store_all(struct xn_results *results, struct xn_store *store, xn_instant now, struct xn_error *err)
{
	const struct xn_event *policy = NULL;
	int result = XN_OK;

	for (uint32_t i = 0; i < results->count && result == XN_OK; i++) {
		const struct xn_result *row = &results->items[i];

		if (row->event != NULL)
			result = store_event(store, now, row->event, err);
		else
			result = store_action(store, now, row, err);
		if (row->event != NULL && row->event->kind == XN_EV_POLICY)
			policy = row->event;
		else if (row->action.kind == XN_ACT_REPLY && policy != NULL && result == XN_OK) {
			result = store_policy(store, now, policy, &row->action, err);
			policy = NULL;
		}
	}
	return result;
}

/* Whether any row is to be written; most steps leave none. */
static bool
is_empty(const struct xn_results *results)
{
	for (uint32_t i = 0; i < results->count; i++)
		if (results->items[i].event != NULL || results->items[i].action.kind != XN_ACT_LIST)
			return false;
	return true;
}

int
xn_results_store(
    struct xn_results *results, struct xn_store *store, xn_instant now, struct xn_error *err)
{
	int result;

	if (is_empty(results))
		return XN_OK;
	result = xn_store_begin(store, err);
	if (result == XN_OK)
		result = store_all(results, store, now, err);
	if (result == XN_OK)
		result = xn_store_commit(store, err);
	if (result != XN_OK)
		xn_store_rollback(store);
	for (uint32_t i = 0; i < results->count; i++)
		drop_event(&results->items[i]);
	return result;
}
