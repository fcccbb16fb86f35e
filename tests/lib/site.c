#include "tests/lib/site.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/core/ledger.h"
#include "orchestrator/core/ledger_late.h"

#define VM_CAPACITY   64
#define PENDING_MAX   200000
#define SNAPSHOT_SIZE (32u << 20)

static const char policy_text[] = "kind: policy\n"
				  "name: sim\n"
				  "mode: auto\n"
				  "constraints:\n"
				  "  - rack_power: {max: 80 %, survive: one-feed}\n"
				  "  - inlet_temperature: {max: 27 degC}\n"
				  "  - overbook: {resource: memory, ratio: 1.0}\n"
				  "moves: {per_hour: 20, at_once: 2}\n";

static void *
must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

static void
hash_bytes(struct site *site, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < count; i++)
		site->hash = (site->hash ^ at[i]) * UINT64_C(1099511628211);
}

static const struct xn_policy *
compile(struct site *site, const struct xn_source *text)
{
	struct xn_source *source = xn_new(&site->policies, struct xn_source, 1);
	struct xn_problems problems;
	struct xn_yaml *documents;

	*source = *text;
	source->path = "sim.yaml";
	source->bytes = xn_text_copy(&site->policies, text->bytes, text->size);
	xn_problems_init(&problems, &site->policies);
	documents = xn_yaml_read_text(&site->policies, source, &problems);
	assert(documents != NULL && problems.count == 0);
	return must(
	    (void *)(uintptr_t)xn_policy_compile(&site->policies, documents->first, &problems));
}

/* ---- acting ---- */

static void
tell(struct site *site, const char *format, ...)
{
	va_list args;

	if (site->trace == NULL)
		return;
	fprintf(
	    site->trace, "[%6lld] ", (long long)xn_since(site->world.now, site->began).ms / 1000);
	va_start(args, format);
	vfprintf(site->trace, format, args);
	va_end(args);
	fputc('\n', site->trace);
}

static void
trace_action(struct site *site, const struct xn_action *action)
{
	const struct world *world = &site->world;
	const char *host =
	    action->kind <= XN_ACT_LIST ? world->topo_hosts[action->virt.host].name : "";
	uint32_t vm = action->kind < XN_ACT_LIST ? world_vm_of(world, action->virt.uuid) : XN_NONE;
	const char *name = vm == XN_NONE ? "" : world->vms[vm].facts.name;

	switch (action->kind) {
	case XN_ACT_MIGRATE:
		tell(site, "-> %s: migrate %s to %s%s", host, name,
		    world->topo_hosts[action->virt.target].name,
		    action->virt.paused ? ", arriving paused" : "");
		return;
	case XN_ACT_ABORT_JOB: tell(site, "-> %s: abort the migration of %s", host, name); return;
	case XN_ACT_RESUME: tell(site, "-> %s: resume %s", host, name); return;
	case XN_ACT_DESTROY: tell(site, "-> %s: destroy %s", host, name); return;
	case XN_ACT_NOTE: tell(site, "%s: %s", action->note.subject, action->note.text); return;
	case XN_ACT_ALARM:
		tell(site, "alarm %s: %s: %s", action->alarm.raised ? "raised" : "cleared",
		    action->alarm.subject, action->alarm.text);
		return;
	case XN_ACT_LIST:
	case XN_ACT_LEDGER:
	case XN_ACT_REPLY: return;
	}
}

static void
book(struct site *site, const struct xn_action *action)
{
	struct site_row row = {action->ledger.start, action->ledger.account, action->ledger.subject,
	    action->ledger.energy.mj, action->ledger.correction ? site->steps : 0,
	    action->ledger.correction && strcmp(action->ledger.author, XN_LEDGER_AUTHOR) != 0};

	if (site->broken == BREAK_LEDGER && row.account == XN_ACCOUNT_GRID)
		row.mj -= 1000;
	/* A replay says rows again: they are stored once, by interval, account, subject and
	 * revision. */
	for (uint32_t i = site->ledger_count; i > 0; i--) {
		const struct site_row *old = &site->ledger[i - 1];

		if (row.revision == 0 ? old->revision == 0 && old->start.ms < row.start.ms
				      : old->revision != 0 && old->revision < row.revision)
			break;
		if (old->revision == row.revision && old->start.ms == row.start.ms &&
		    old->account == row.account && old->subject == row.subject) {
			if (old->mj != row.mj)
				check_fail(site, "ledger: a replay books another figure");
			return;
		}
	}
	assert(site->ledger_count < SITE_LEDGER_MAX);
	site->ledger[site->ledger_count++] = row;
}

static void
act(struct site *site, const struct xn_action *action)
{
	struct xn_action mistaken = *action;

	if (action->kind == XN_ACT_LEDGER)
		book(site, action);
	if (site->replaying)
		return;
	hash_bytes(site, &action->kind, sizeof(action->kind));
	trace_action(site, action);
	if (action->kind > XN_ACT_LIST)
		return;
	hash_bytes(site, &action->virt.request, sizeof(action->virt.request));
	check_action(site, action);
	if (site->broken == BREAK_RESUME && action->kind == XN_ACT_DESTROY)
		mistaken.kind = XN_ACT_RESUME;
	world_request(&site->world, &mistaken);
	if (site->broken == BREAK_TWICE && action->kind == XN_ACT_MIGRATE)
		check_action(site, action);
}

/* ---- the journal: commit, then step, then act ---- */

static void
queue(void *context, const struct xn_event *event)
{
	struct site *site = context;

	assert(site->pending_count < PENDING_MAX);
	site->pending[site->pending_count++] = *event;
}

static void
write_journal(struct site *site)
{
	for (uint32_t i = 0; i < site->pending_count; i++) {
		struct xn_writer out;

		if (site->journal_size - site->journal_used < (1u << 16)) {
			site->journal_size = site->journal_size * 2 + (1u << 20);
			site->journal = must(realloc(site->journal, site->journal_size));
		}
		site->pending[i].now = site->world.now;
		out = (struct xn_writer){.base = site->journal + site->journal_used,
		    .size = site->journal_size - site->journal_used};
		xn_event_encode(&site->pending[i], &out);
		assert(!out.full);
		hash_bytes(site, out.base, out.used);
		site->journal_used += out.used;
	}
}

static void
commit(struct site *site)
{
	write_journal(site);
	memcpy(site->seen, site->pending_seen, sizeof(site->seen));
}

static void
step(struct site *site, const struct xn_event *event)
{
	site->steps++;
	xn_core_step(site->core, event, site->actions);
	for (uint32_t a = 0; a < site->actions->count && site->failure[0] == '\0'; a++)
		act(site, &site->actions->items[a]);
}

static void
save_snapshot(struct site *site)
{
	struct xn_writer out = {.base = site->snapshot, .size = SNAPSHOT_SIZE};

	xn_core_save(site->core, &out);
	assert(!out.full);
	site->snapshot_used = out.used;
	site->snapshot_at = site->journal_used;
	site->snapshot_steps = site->steps;
}

/* ---- a crash and the restart ---- */

static void
replay(struct site *site, size_t from)
{
	struct xn_reader in = {.at = site->journal + from, .left = site->journal_used - from};
	struct xn_source text;
	struct xn_event event;
	struct xn_error err;

	site->replaying = true;
	while (in.left > 0) {
		if (xn_event_decode(&in, &event, &text, &err) < 0) {
			check_fail(site, "the journal cannot be read: %s", err.text);
			break;
		}
		if (event.kind == XN_EV_POLICY)
			event.policy.policy = compile(site, &text);
		step(site, &event);
	}
	site->replaying = false;
}

static void
new_core(struct site *site)
{
	xn_arena_reset(&site->life);
	xn_arena_reset(&site->scratch);
	site->core = xn_core_new(&site->life, &site->scratch, &site->world.topology, VM_CAPACITY);
}

static void
load_snapshot(struct site *site)
{
	struct xn_reader in = {.at = site->snapshot, .left = site->snapshot_used};
	struct xn_source text = {0};
	struct xn_error err;

	if (xn_core_load(site->core, &in, &text, &err) < 0) {
		check_fail(site, "the snapshot cannot be read: %s", err.text);
		return;
	}
	if (text.bytes != NULL)
		site->core->policy = compile(site, &text);
}

void
site_crash(struct site *site)
{
	struct xn_event boot = {.kind = XN_EV_BOOT};

	site->crashes++;
	tell(site, "the orchestrator dies and starts again");
	site->pending_count = 0;
	memcpy(site->pending_seen, site->seen, sizeof(site->seen));
	new_core(site);
	if (site->snapshot_used > 0 && dice_chance(&site->dice, 500000)) {
		load_snapshot(site);
		site->steps = site->snapshot_steps;
		replay(site, site->snapshot_at);
	} else {
		site->steps = 0;
		replay(site, 0);
	}
	world_virt_restart(&site->world);
	queue(site, &boot);
}

/* ---- agents' frames ---- */

static void
take_frame(struct site *site, uint32_t agent, const struct world_frame *frame)
{
	struct xn_event event = {.kind = XN_EV_READING};

	if (frame->sequence <= site->pending_seen[agent])
		return;
	site->pending_seen[agent] = frame->sequence;
	for (uint32_t m = 0; m < site->world.meter_count; m++) {
		if (!frame->rows[m].present)
			continue;
		event.reading.meter = m;
		event.reading.quality = frame->rows[m].quality;
		event.reading.has_power = frame->rows[m].quality != XN_QUALITY_ABSENT &&
		    site->world.topo_meters[m].role != XN_METER_INLET;
		event.reading.has_energy = event.reading.has_power;
		event.reading.power = frame->rows[m].power;
		event.reading.energy = frame->rows[m].energy;
		event.reading.temperature = frame->rows[m].temperature;
		event.reading.at = site->broken == BREAK_STALE ? site->world.now : frame->at;
		queue(site, &event);
		if (frame->rows[m].quality == XN_QUALITY_GOOD) {
			site->delivered[m] = frame->at;
			site->delivered_power[m] = frame->rows[m].power;
		}
	}
}

static void
take_frames(struct site *site, uint32_t agent)
{
	struct world_agent *self = &site->world.agents[agent];
	const struct faults *faults = &site->world.faults;
	bool calm = site->world.calm;

	if (site->world.disk_full || self->cut_until.ms > site->world.now.ms ||
	    site->retry[agent].ms > site->world.now.ms)
		return;
	for (uint64_t s = self->acked + 1; s < self->next_sequence && s <= self->acked + 20; s++) {
		const struct world_frame *frame = &self->spool[s % WORLD_SPOOL];

		if (!calm && dice_chance(&site->dice, faults->frame_lost))
			return;
		if (!calm && dice_chance(&site->dice, faults->frame_late)) {
			site->retry[agent] =
			    xn_after(site->world.now, xn_seconds(dice_between(&site->dice, 1, 40)));
			return;
		}
		take_frame(site, agent, frame);
		if (!calm && dice_chance(&site->dice, faults->frame_twice))
			take_frame(site, agent, frame);
		if (site->broken == BREAK_FORGET)
			self->acked = s;
	}
}

/* After the commit: the watermark goes back to the agent, unless its answer is lost. */
static void
acknowledge(struct site *site)
{
	for (uint32_t a = 0; a <= site->world.rack_count; a++)
		if (site->world.calm || !dice_chance(&site->dice, site->world.faults.frame_lost))
			if (site->seen[a] > site->world.agents[a].acked)
				site->world.agents[a].acked = site->seen[a];
}

/* ---- people ---- */

void
site_command(struct site *site, enum xn_verb verb, const char *subject)
{
	struct xn_event event = {.kind = XN_EV_COMMAND};

	event.command.request = dice_next(&site->dice);
	event.command.verb = verb;
	snprintf(event.command.subject, sizeof(event.command.subject), "%s", subject);
	snprintf(event.command.actor, sizeof(event.command.actor), "operator");
	queue(site, &event);
}

/* A person corrects the last closed hour of a meter. */
static void
correct(struct site *site)
{
	struct xn_event event = {.kind = XN_EV_CORRECTION};
	struct xn_correction *what = &event.correction.what;
	uint32_t meter = (uint32_t)dice_between(&site->dice, 0, site->world.meter_count - 1);

	event.correction.request = dice_next(&site->dice);
	snprintf(what->meter, sizeof(what->meter), "%s", site->world.topo_meters[meter].name);
	what->end = xn_ledger_open_since(site->core);
	what->start.ms = what->end.ms - 2 * site->world.topology.interval.ms;
	what->energy.mj = dice_between(&site->dice, -9999, 9999);
	what->grade = XN_GRADE_SUBSTITUTED;
	snprintf(what->author, sizeof(what->author), "operator");
	snprintf(what->reason, sizeof(what->reason), "the dice say so");
	queue(site, &event);
}

static void
people(struct site *site)
{
	const struct xn_plan *plan = xn_core_plan(site->core);
	uint32_t host = (uint32_t)dice_between(&site->dice, 0, site->world.host_count - 1);

	if (site->world.calm) {
		if (site->core->paused)
			site_command(site, XN_DO_RESUME, "");
		return;
	}
	switch (dice_between(&site->dice, 0, 900)) {
	case 0: site_command(site, XN_DO_DRAIN, site->world.topo_hosts[host].name); break;
	case 1: site_command(site, XN_DO_UNDRAIN, site->world.topo_hosts[host].name); break;
	case 2: site_command(site, XN_DO_PAUSE, ""); break;
	case 3:
	case 4: site_command(site, XN_DO_RESUME, ""); break;
	case 5:
		if (plan != NULL)
			site_command(site, XN_DO_ABORT, plan->id);
		break;
	case 6:
	case 7:
	case 8: site_command(site, XN_DO_PLAN, ""); break;
	case 9:
	case 10: correct(site); break;
	default: break;
	}
}

/* ---- life ---- */

/* A reserve that is kept for it lets this one fact be journalled; nothing else, until there is
 * room. */
static void
tell_disk(struct site *site)
{
	struct xn_event event = {.kind = XN_EV_STORAGE, .now = site->world.now};
	struct xn_event *pending = site->pending;
	uint32_t count = site->pending_count;

	if (site->told_full == site->world.disk_full)
		return;
	site->told_full = site->world.disk_full;
	event.storage.full = site->world.disk_full;
	site->pending = &event;
	site->pending_count = 1;
	write_journal(site);
	site->pending = pending;
	site->pending_count = count;
	step(site, &event);
}

static void
live_second(struct site *site)
{
	struct world *world = &site->world;
	struct xn_event tick = {.kind = XN_EV_TICK};
	uint32_t steps;

	world_second(world);
	world_virt_second(world, queue, site);
	for (uint32_t a = 0; a <= world->rack_count; a++)
		take_frames(site, a);
	if (site->people)
		people(site);
	if (world->now.ms % 10000 == 0 || xn_core_next_deadline(site->core).ms <= world->now.ms)
		queue(site, &tick);
	tell_disk(site);
	if (!world->calm && dice_chance(&site->dice, world->faults.crash / 2)) {
		site_crash(site);
		return;
	}
	if (world->disk_full)
		return;
	commit(site);
	acknowledge(site);
	steps = site->pending_count;
	for (uint32_t i = 0; i < steps && site->failure[0] == '\0'; i++) {
		step(site, &site->pending[i]);
		/* Durable, but the rest is neither stepped nor sent. */
		if (!world->calm && dice_chance(&site->dice, world->faults.crash / (2 * steps))) {
			site_crash(site);
			return;
		}
	}
	site->pending_count = 0;
	if (world->now.ms % 600000 == 0)
		save_snapshot(site);
}

void
site_begin(struct site *site, const char *policy, enum sim_break broken, FILE *trace)
{
	struct xn_source text = {.bytes = policy, .size = strlen(policy)};
	struct xn_event event = {.kind = XN_EV_BOOT};

	site->broken = broken;
	site->trace = trace;
	site->began = site->world.now;
	site->dice = dice_for(site->world.seed, "shell");
	site->hash = UINT64_C(14695981039346656037);
	xn_arena_map(&site->life, xn_core_size(&site->world.topology, VM_CAPACITY) + 4096);
	xn_arena_map(&site->scratch, (size_t)256 << 20);
	xn_arena_map(&site->policies, (size_t)1 << 30);
	site->actions = must(calloc(1, sizeof(*site->actions)));
	site->pending = must(calloc(PENDING_MAX, sizeof(*site->pending)));
	site->snapshot = must(malloc(SNAPSHOT_SIZE));
	site->ledger = must(calloc(SITE_LEDGER_MAX, sizeof(*site->ledger)));
	site->requests = must(calloc(SITE_REQUESTS_MAX, sizeof(*site->requests)));
	new_core(site);
	queue(site, &event);
	event = (struct xn_event){.kind = XN_EV_POLICY};
	snprintf(event.policy.actor, sizeof(event.policy.actor), "operator");
	event.policy.policy = compile(site, &text);
	queue(site, &event);
}

void
site_pass(struct site *site, int seconds)
{
	for (int s = 0; s < seconds && site->failure[0] == '\0'; s++) {
		live_second(site);
		check_second(site);
	}
}

bool
site_live(struct site *site, uint64_t seed, int minutes, enum sim_break broken, FILE *trace)
{
	memset(site, 0, sizeof(*site));
	world_draw(&site->world, seed);
	site->people = true;
	site_begin(site, policy_text, broken, trace);
	site_pass(site, minutes * 60);
	site->world.calm = true;
	site_pass(site, 15 * 60);
	if (site->failure[0] == '\0')
		check_calm(site);
	if (site->failure[0] == '\0')
		check_ledger(site);
	return site->failure[0] == '\0';
}

void
site_free(struct site *site)
{
	world_free(&site->world);
	xn_arena_unmap(&site->life);
	xn_arena_unmap(&site->scratch);
	xn_arena_unmap(&site->policies);
	free(site->actions);
	free(site->pending);
	free(site->snapshot);
	free(site->ledger);
	free(site->requests);
	free(site->journal);
}
