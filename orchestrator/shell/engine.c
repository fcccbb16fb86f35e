#include "orchestrator/shell/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "orchestrator/shell/engine_policy.h"
#include "orchestrator/shell/engine_results.h"

#define EVENT_BYTES_MAX ((1u << 20) + 4096u) /* a policy text with its head */
#define SCRATCH_SIZE    ((size_t)512 << 20)  /* address space; a plan of the largest site */
#define LATER_MAX       65536u
#define REPLAYS_MAX     3
#define JOURNAL_KEEP_MS (7 * INT64_C(86400) * 1000)

struct event_list {
	struct xn_event *items;
	uint32_t count, room;
};

struct xn_engine_inside {
	struct xn_engine_hooks hooks;
	struct xn_arena process, scratch;
	struct xn_policy_slot policy;
	struct xn_actions *actions;
	uint8_t *bytes; /* an event being encoded */
	struct event_list batch;
	bool told_full;          /* what the core was told of the disk */
	struct event_list later; /* came while the disk was full or a batch was being stepped */
	int64_t batch_seq;
	bool busy;      /* in a batch */
	uint64_t asked; /* request of the command being answered */
	bool answered;
	struct xn_reply reply;
	struct xn_log_repeat fault;
	struct xn_results results;
};

static void
push(struct event_list *list, const struct xn_event *event)
{
	if (list->count == list->room) {
		list->room = list->room == 0 ? 64 : list->room * 2;
		list->items = realloc(list->items, list->room * sizeof(*list->items));
		if (list->items == NULL)
			abort();
	}
	list->items[list->count++] = *event;
}

static xn_instant
next_instant(struct xn_engine *engine)
{
	xn_instant now = xn_clock_now();

	return now.ms > engine->now.ms ? now : engine->now;
}

/* ---- stepping ---- */

static void
catch_reply(struct xn_engine_inside *inside)
{
	for (uint32_t i = 0; i < inside->actions->count; i++) {
		const struct xn_action *action = &inside->actions->items[i];

		if (action->kind != XN_ACT_REPLY || action->reply.request != inside->asked)
			continue;
		inside->answered = true;
		inside->reply.code = action->reply.code;
		memcpy(inside->reply.subject, action->reply.subject, sizeof(inside->reply.subject));
		memcpy(inside->reply.text, action->reply.text, sizeof(inside->reply.text));
	}
}

/* The event is durable, as journal row `seq`. Steps it; what comes of it waits in `results`. */
static void
step(struct xn_engine *engine, int64_t seq, const struct xn_event *event)
{
	struct xn_engine_inside *inside = engine->inside;

	engine->now = event->now;
	engine->steps++;
	xn_core_step(engine->core, event, inside->actions);
	xn_policy_slot_settle(&inside->policy, engine->core);
	catch_reply(inside);
	xn_results_add(&inside->results, seq, event, inside->actions);
}

/* The journal's rows of a batch follow each other. */
static void
step_batch(struct xn_engine *engine)
{
	const struct event_list *batch = &engine->inside->batch;
	int64_t first = engine->inside->batch_seq - batch->count + 1;

	for (uint32_t i = 0; i < batch->count; i++)
		step(engine, first + i, &batch->items[i]);
}

/* Makes the results durable, then does them. */
static void
finish(struct xn_engine *engine)
{
	struct xn_engine_inside *inside = engine->inside;
	struct xn_error err;
	bool kept;

	if (inside->results.count == 0)
		return;
	kept = xn_results_store(&inside->results, engine->store, engine->now, &err) == XN_OK;
	if (!kept)
		xn_log_fault(&inside->fault, XN_LOG_ERROR, "engine", XN_TEXT("why", err.text));
	for (uint32_t i = 0; i < inside->results.count; i++) {
		const struct xn_action *action = &inside->results.items[i].action;

		if (xn_action_is_operation(action) && !kept) {
			struct xn_event failed = {.kind = XN_EV_VIRT_DONE};

			failed.virt.request = action->virt.request;
			failed.virt.outcome = XN_VIRT_FAILED;
			snprintf(failed.virt.text, sizeof(failed.virt.text),
			    "not sent: it could not be journalled");
			push(&inside->later, &failed);
		} else if (xn_action_is_virt(action)) {
			inside->hooks.send(inside->hooks.context, action);
		} else if (action->kind == XN_ACT_ALARM || action->kind == XN_ACT_NOTE) {
			inside->hooks.news(inside->hooks.context, action);
		}
	}
	if (kept)
		inside->results.count = 0;
	else
		xn_results_keep_ledger(&inside->results); /* written with the next results */
}

/* ---- a full disk ---- */

static int
journal(struct xn_engine *engine, const struct xn_event *event, const char *agent, uint64_t frame,
    int64_t *ret_seq, struct xn_error *err)
{
	struct xn_writer out = {.base = engine->inside->bytes, .size = EVENT_BYTES_MAX};
	struct xn_journal_row row = {
	    .at = event->now, .kind = (int)event->kind, .agent = agent, .frame = frame};

	xn_event_encode(event, &out);
	assert(!out.full);
	row.body = out.base;
	row.size = out.used;
	return xn_store_journal(engine->store, &row, ret_seq, err);
}

/*
 * Tells the core, if even this can be journalled: what is stepped but not durable would make a
 * replay decide otherwise than the life it repeats. Until then nothing is stepped at all, so
 * nothing is done.
 */
static void
tell_full(struct xn_engine *engine)
{
	struct xn_event event = {.kind = XN_EV_STORAGE, .now = next_instant(engine)};
	struct xn_error err;
	int64_t seq;

	event.storage.full = engine->full;
	if (journal(engine, &event, "", 0, &seq, &err) != XN_OK)
		return;
	engine->inside->told_full = engine->full;
	engine->seq = seq;
	step(engine, seq, &event);
	finish(engine);
}

static void
set_full(struct xn_engine *engine, bool full)
{
	engine->full = full;
	xn_log(full ? XN_LOG_CRITICAL : XN_LOG_NOTICE, "engine",
	    XN_TEXT("disk", full ? "full: no action until there is room" : "has room again"),
	    XN_NUMBER("free_bytes", (int64_t)xn_store_room(engine->store)));
	if (full)
		xn_store_ballast_drop(engine->store);
	tell_full(engine);
}

void
xn_engine_fail(struct xn_engine *engine, const struct xn_error *err)
{
	xn_store_rollback(engine->store);
	engine->inside->batch.count = 0;
	engine->inside->busy = false;
	xn_log_fault(&engine->inside->fault, XN_LOG_ERROR, "engine", XN_TEXT("why", err->text));
	if (err->code == XN_EFULL && !engine->full)
		set_full(engine, true);
}

/* ---- batches ---- */

int
xn_engine_begin(struct xn_engine *engine, struct xn_error *err)
{
	assert(!engine->inside->busy);
	if (xn_store_begin(engine->store, err) != XN_OK) {
		xn_engine_fail(engine, err);
		return err->code;
	}
	engine->inside->busy = true;
	engine->inside->batch.count = 0;
	engine->inside->batch_seq = engine->seq;
	return XN_OK;
}

int
xn_engine_add(struct xn_engine *engine, const struct xn_event *event, const char *agent,
    uint64_t frame, struct xn_error *err)
{
	struct xn_engine_inside *inside = engine->inside;
	struct xn_event stamped = *event;

	assert(inside->busy);
	stamped.now = next_instant(engine);
	if (inside->batch.count > 0 &&
	    stamped.now.ms < inside->batch.items[inside->batch.count - 1].now.ms)
		stamped.now = inside->batch.items[inside->batch.count - 1].now;
	if (journal(engine, &stamped, agent, frame, &inside->batch_seq, err) != XN_OK)
		return err->code;
	push(&inside->batch, &stamped);
	return XN_OK;
}

/* What came meanwhile, one batch after the other, as long as the disk lets us. */
static void
drain(struct xn_engine *engine)
{
	struct xn_engine_inside *inside = engine->inside;

	while (inside->later.count > 0 && !inside->busy) {
		struct event_list now = inside->later;
		struct xn_error err;
		int result = xn_engine_begin(engine, &err);

		for (uint32_t i = 0; i < now.count && result == XN_OK; i++)
			result = xn_engine_add(engine, &now.items[i], "", 0, &err);
		if (result == XN_OK)
			result = xn_store_commit(engine->store, &err);
		if (result != XN_OK) {
			xn_engine_fail(engine, &err);
			return; /* they stay in `later` */
		}
		inside->later = (struct event_list){0};
		engine->seq = inside->batch_seq;
		step_batch(engine);
		finish(engine);
		inside->busy = false;
		free(now.items);
	}
}

int
xn_engine_commit(struct xn_engine *engine, struct xn_error *err)
{
	struct xn_engine_inside *inside = engine->inside;

	assert(inside->busy);
	if (xn_store_commit(engine->store, err) != XN_OK) {
		xn_engine_fail(engine, err);
		return err->code;
	}
	xn_log_over(&inside->fault, "engine", XN_TEXT("journal", "is written again"));
	engine->seq = inside->batch_seq;
	step_batch(engine);
	finish(engine);
	inside->busy = false;
	drain(engine);
	return XN_OK;
}

void
xn_engine_take(struct xn_engine *engine, const struct xn_event *event)
{
	struct xn_engine_inside *inside = engine->inside;

	/* A tick that is late is not made up for; a hypervisor's answer is. */
	if ((event->kind == XN_EV_TICK && inside->later.count > 0) ||
	    inside->later.count >= LATER_MAX)
		return;
	push(&inside->later, event);
	drain(engine);
}

/* ---- people ---- */

static int
ask(struct xn_engine *engine, const struct xn_event *event, uint64_t request,
    struct xn_reply *ret_reply, struct xn_error *err)
{
	struct xn_engine_inside *inside = engine->inside;
	int result = xn_engine_begin(engine, err);

	if (result != XN_OK)
		return result;
	inside->asked = request;
	inside->answered = false;
	result = xn_engine_add(engine, event, "", 0, err);
	if (result != XN_OK) {
		xn_engine_fail(engine, err);
		return result;
	}
	result = xn_engine_commit(engine, err);
	if (result != XN_OK)
		return result;
	if (!inside->answered)
		return xn_fail(err, XN_ESYSTEM, "the core gave no answer");
	*ret_reply = inside->reply;
	return XN_OK;
}

/* Journal rows are numbered for ever, so the next one's number names a request. */
static uint64_t
next_request(const struct xn_engine *engine)
{
	return (uint64_t)engine->seq + 1;
}

int
xn_engine_command(struct xn_engine *engine, enum xn_verb verb, const char *subject,
    const char *actor, const char *note, struct xn_reply *ret_reply, struct xn_error *err)
{
	struct xn_event event = {.kind = XN_EV_COMMAND};

	event.command.request = next_request(engine);
	event.command.verb = verb;
	snprintf(event.command.subject, sizeof(event.command.subject), "%s", subject);
	snprintf(event.command.actor, sizeof(event.command.actor), "%s", actor);
	snprintf(event.command.note, sizeof(event.command.note), "%s", note);
	return ask(engine, &event, event.command.request, ret_reply, err);
}

int
xn_engine_correct(struct xn_engine *engine, const struct xn_correction *correction,
    struct xn_reply *ret_reply, struct xn_error *err)
{
	struct xn_event event = {.kind = XN_EV_CORRECTION};

	event.correction.request = next_request(engine);
	event.correction.what = *correction;
	return ask(engine, &event, event.correction.request, ret_reply, err);
}

int
xn_engine_policy(struct xn_engine *engine, const char *path, const char *text, size_t size,
    const char *actor, bool apply, struct xn_problems *problems, struct xn_reply *ret_reply,
    struct xn_error *err)
{
	struct xn_engine_inside *inside = engine->inside;
	struct xn_event event = {.kind = XN_EV_POLICY};
	int result;

	event.policy.policy = xn_policy_slot_compile(&inside->policy, path, text, size, problems);
	if (event.policy.policy == NULL || problems->count > 0) {
		xn_policy_slot_settle(&inside->policy, engine->core);
		return xn_fail(err, XN_EINVALID, "the policy has problems");
	}
	if (!apply) {
		xn_policy_slot_settle(&inside->policy, engine->core);
		return XN_OK;
	}
	event.policy.request = next_request(engine);
	snprintf(event.policy.actor, sizeof(event.policy.actor), "%s", actor);
	result = ask(engine, &event, event.policy.request, ret_reply, err);
	xn_policy_slot_settle(&inside->policy, engine->core);
	return result;
}

/* ---- snapshots and room ---- */

int
xn_engine_snapshot(struct xn_engine *engine, struct xn_error *err)
{
	size_t size = xn_core_save_size(engine->core);
	uint8_t *bytes = malloc(size);
	struct xn_writer out = {.base = bytes, .size = size};
	int result;

	if (bytes == NULL)
		abort();
	assert(!engine->inside->busy);
	if (xn_results_store(&engine->inside->results, engine->store, engine->now, err) != XN_OK) {
		free(bytes);
		return err->code; /* a snapshot would make their replay impossible */
	}
	engine->inside->results.count = 0;
	xn_core_save(engine->core, &out);
	assert(!out.full);
	result = xn_store_begin(engine->store, err);
	if (result == XN_OK)
		result = xn_store_snapshot(engine->store, engine->seq, engine->now, bytes, out.used,
		    (xn_instant){engine->now.ms - JOURNAL_KEEP_MS}, err);
	if (result == XN_OK)
		result = xn_store_commit(engine->store, err);
	if (result != XN_OK)
		xn_engine_fail(engine, err);
	free(bytes);
	return result;
}

void
xn_engine_check_room(struct xn_engine *engine)
{
	uint64_t room = xn_store_room(engine->store);
	uint64_t ballast = xn_store_ballast(engine->store);

	if (!engine->full && room < ballast / 2) {
		set_full(engine, true);
	} else if (engine->full && room > ballast * 2 && xn_store_ballast_take(engine->store)) {
		set_full(engine, false);
		drain(engine);
	} else if (engine->inside->told_full != engine->full) {
		tell_full(engine);
	}
}

/* ---- opening ---- */

static int
replay_row(const struct xn_journal_row *row, void *context, struct xn_error *err)
{
	struct xn_engine *engine = context;
	struct xn_engine_inside *inside = engine->inside;
	struct xn_reader in = {.at = row->body, .left = row->size};
	struct xn_source source = {0};
	struct xn_problems problems;
	struct xn_event event;
	int result = xn_event_decode(&in, &event, &source, err);

	if (result != XN_OK)
		return xn_wrap(err, "journal row %lld", (long long)row->seq);
	if (event.kind == XN_EV_POLICY) {
		xn_problems_init(&problems, &inside->scratch);
		event.policy.policy = xn_policy_slot_compile(
		    &inside->policy, source.path, source.bytes, source.size, &problems);
		if (event.policy.policy == NULL)
			return XN_OK; /* of an older version; the policy before it stays */
	}
	step(engine, row->seq, &event);
	xn_results_keep_ledger(&inside->results);
	engine->seq = row->seq;
	if (inside->results.count < 1024)
		return XN_OK;
	result = xn_results_store(&inside->results, engine->store, engine->now, err);
	inside->results.count = 0;
	return result;
}

/* The newest snapshot that this version and topology can read; none: from the journal's start. */
static int
load_snapshot(struct xn_engine *engine)
{
	int64_t before = INT64_MAX;
	struct xn_error err;
	void *bytes;
	size_t size;

	while (
	    xn_store_snapshot_read(engine->store, before, &before, &bytes, &size, &err) == XN_OK) {
		struct xn_reader in = {.at = bytes, .left = size};
		struct xn_source policy = {0};
		struct xn_problems problems;
		int result = xn_core_load(engine->core, &in, &policy, &err);

		if (result == XN_OK && policy.bytes != NULL) {
			xn_problems_init(&problems, &engine->inside->scratch);
			engine->core->policy = xn_policy_slot_compile(&engine->inside->policy,
			    policy.path, policy.bytes, policy.size, &problems);
			xn_policy_slot_settle(&engine->inside->policy, engine->core);
		}
		free(bytes);
		if (result == XN_OK) {
			engine->seq = before;
			engine->now = engine->core->now;
			return XN_OK;
		}
		xn_log(XN_LOG_WARNING, "engine", XN_TEXT("snapshot", err.text));
	}
	return XN_ENOTFOUND;
}

/* Ids in the journal mean something only in the topology they were written for. */
static int
same_topology(struct xn_engine *engine, bool *ret_same, struct xn_error *err)
{
	char now[32];
	char *then = xn_store_meta_of(engine->store, "fingerprint");

	snprintf(now, sizeof(now), "%016llx", (unsigned long long)engine->topology->fingerprint);
	*ret_same = then != NULL && strcmp(now, then) == 0;
	if (then != NULL && !*ret_same)
		xn_log(XN_LOG_WARNING, "engine",
		    XN_TEXT("state", "the site has changed: hosts and meters are read anew"));
	free(then);
	return *ret_same ? XN_OK : xn_store_meta(engine->store, "fingerprint", now, err);
}

static int
last_seq(const struct xn_journal_row *row, void *context, struct xn_error *err)
{
	struct xn_engine *engine = context;

	(void)err;
	engine->seq = row->seq;
	engine->now = row->at;
	return XN_OK;
}

/* With a changed site only the policy and the numbers that are never used twice go on. */
static int
begin_anew(struct xn_engine *engine, struct xn_error *err)
{
	char *text = xn_store_policy_of(engine->store);
	struct xn_problems problems;

	if (text != NULL) {
		xn_problems_init(&problems, &engine->inside->scratch);
		engine->core->policy = xn_policy_slot_compile(
		    &engine->inside->policy, "policy", text, strlen(text), &problems);
		xn_policy_slot_settle(&engine->inside->policy, engine->core);
		free(text);
	}
	return xn_store_replay(engine->store, 0, last_seq, engine, err);
}

/* Counts replays that were begun and not ended; one that ends sets it back. */
static int
count_replay(struct xn_engine *engine, long *ret_before, struct xn_error *err)
{
	char *before = xn_store_meta_of(engine->store, "replays");
	char now[16];

	*ret_before = before == NULL ? 0 : strtol(before, NULL, 10);
	free(before);
	snprintf(now, sizeof(now), "%ld", *ret_before + 1);
	return xn_store_meta(engine->store, "replays", now, err);
}

/* Past the journal: hosts are re-read, registers make up for readings, a plan under way is looked
 * at. */
static int
pass_over(struct xn_engine *engine, struct xn_error *err)
{
	int result;

	xn_log(XN_LOG_CRITICAL, "engine",
	    XN_TEXT("journal", "passed over: replaying it is what ended the last starts"),
	    XN_NUMBER("from", engine->seq));
	result = xn_store_replay(engine->store, engine->seq, last_seq, engine, err);
	return result == XN_OK ? xn_engine_snapshot(engine, err) : result;
}

/* From the snapshot through the journal; or past it, if that is what ends us. */
static int
replay(struct xn_engine *engine, struct xn_error *err)
{
	struct xn_results *results = &engine->inside->results;
	long died;
	int result = count_replay(engine, &died, err);

	if (result == XN_EFULL) /* the first write of a start on a full disk */
		xn_store_ballast_drop(engine->store);
	else if (result != XN_OK)
		return result;
	load_snapshot(engine);
	if (died >= REPLAYS_MAX)
		result = pass_over(engine, err);
	else
		result = xn_store_replay(engine->store, engine->seq, replay_row, engine, err);
	if (result != XN_OK)
		return result;
	if (xn_results_store(results, engine->store, engine->now, err) == XN_OK)
		results->count = 0;
	xn_store_meta(engine->store, "replays", "0", NULL);
	return XN_OK;
}

static int
restore(struct xn_engine *engine, struct xn_error *err)
{
	int64_t began = xn_clock_monotonic_ms();
	uint64_t last = xn_store_op_last(engine->store);
	bool same;
	int result = same_topology(engine, &same, err);

	if (result == XN_OK && !same)
		result = begin_anew(engine, err);
	if (result == XN_OK && same)
		result = replay(engine, err);
	/*
	 * What was set here by hand is in no event: only a snapshot makes the next replay begin
	 * with it.
	 */
	if (result == XN_OK && (!same || engine->core->next_request < last)) {
		if (engine->core->next_request < last)
			engine->core->next_request = last + 1;
		result = xn_engine_snapshot(engine, err);
	}
	xn_log(XN_LOG_INFO, "engine", XN_TEXT("state", "restored"),
	    XN_NUMBER("events", (int64_t)engine->steps), XN_NUMBER("journal", engine->seq),
	    XN_NUMBER("ms", xn_clock_monotonic_ms() - began));
	return result;
}

static uint32_t
vm_capacity(const struct xn_topology *topology)
{
	uint32_t wanted = topology->host_count * 64;

	return wanted < 1024 ? 1024 : wanted > XN_VMS_MAX ? XN_VMS_MAX : wanted;
}

int
xn_engine_open(struct xn_engine *engine, const struct xn_topology *topology, struct xn_store *store,
    const struct xn_engine_hooks *hooks, struct xn_error *err)
{
	uint32_t capacity = vm_capacity(topology);
	struct xn_engine_inside *inside = calloc(1, sizeof(*inside));

	*engine = (struct xn_engine){.store = store, .topology = topology, .inside = inside};
	if (inside == NULL || (inside->bytes = malloc(EVENT_BYTES_MAX)) == NULL ||
	    (inside->actions = malloc(sizeof(*inside->actions))) == NULL)
		abort();
	inside->hooks = *hooks;
	xn_arena_map(&inside->process, xn_core_size(topology, capacity) + 4096);
	xn_arena_map(&inside->scratch, SCRATCH_SIZE);
	engine->core = xn_core_new(&inside->process, &inside->scratch, topology, capacity);
	return restore(engine, err);
}

void
xn_engine_boot(struct xn_engine *engine)
{
	const struct xn_event boot = {.kind = XN_EV_BOOT};

	xn_engine_check_room(engine);
	xn_engine_take(engine, &boot);
}

void
xn_engine_close(struct xn_engine *engine)
{
	struct xn_engine_inside *inside = engine->inside;

	if (inside == NULL)
		return;
	xn_policy_slot_free(&inside->policy);
	xn_results_free(&inside->results);
	xn_arena_unmap(&inside->process);
	xn_arena_unmap(&inside->scratch);
	free(inside->batch.items);
	free(inside->later.items);
	free(inside->actions);
	free(inside->bytes);
	free(inside);
	engine->inside = NULL;
}
