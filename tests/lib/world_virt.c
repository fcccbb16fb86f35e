/*
 * Hypervisors as libvirt behaves when things go wrong. A migration has a fate, drawn when it
 * starts; each fate leaves what real daemons were seen to leave, and answers as they answer.
 */
#include "tests/lib/world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

uint32_t
world_vm_of(const struct world *world, xn_uuid uuid)
{
	for (uint32_t v = 0; v < world->vm_count; v++)
		if (memcmp(&world->vms[v].uuid, &uuid, sizeof(uuid)) == 0)
			return v;
	return XN_NONE;
}

int
world_running_copies(const struct world *world, uint32_t vm)
{
	int count = 0;

	for (uint32_t h = 0; h < world->host_count; h++)
		count += world->vms[vm].copies[h].state == XN_VM_RUNNING;
	return count;
}

int
world_copies(const struct world *world, uint32_t vm)
{
	int count = 0;

	for (uint32_t h = 0; h < world->host_count; h++)
		count += world->vms[vm].copies[h].state != XN_VM_ABSENT;
	return count;
}

int64_t
world_host_memory_used(const struct world *world, uint32_t host)
{
	int64_t used = 0;

	for (uint32_t v = 0; v < world->vm_count; v++)
		if (world->vms[v].copies[host].state != XN_VM_ABSENT)
			used += world->vms[v].facts.memory_mib;
	return used;
}

static struct world_job *
free_job(struct world *world)
{
	for (int j = 0; j < WORLD_JOBS; j++)
		if (!world->jobs[j].used)
			return &world->jobs[j];
	assert(!"the core asks for more than hypervisors can take");
	return NULL;
}

static enum world_fate
draw_fate(struct world *world)
{
	struct dice *dice = &world->virt_dice;
	enum world_fate told = world->next_fate;

	world->next_fate = FATE_DONE;
	if (told != FATE_DONE)
		return told;
	if (world->calm)
		return FATE_DONE;
	if (dice_chance(dice, world->faults.move_failed))
		return FATE_FAILED;
	if (dice_chance(dice, world->faults.move_unknown))
		return (enum world_fate)dice_between(dice, FATE_SOURCE_DIES_EARLY, FATE_COUNT - 1);
	return FATE_DONE;
}

static bool
may_start(const struct world *world, const struct world_job *job)
{
	const struct world_vm *vm = &world->vms[job->vm];

	return world->hosts[job->from].daemon_up && world->hosts[job->to].daemon_up &&
	    vm->copies[job->from].state == XN_VM_RUNNING &&
	    vm->copies[job->to].state == XN_VM_ABSENT;
}

void
world_request(struct world *world, const struct xn_action *action)
{
	struct world_job *job = free_job(world);
	int64_t seconds = dice_between(&world->virt_dice, 1, 3);

	*job = (struct world_job){.used = true,
	    .kind = action->kind,
	    .request = action->virt.request,
	    .vm = action->kind == XN_ACT_LIST ? XN_NONE : world_vm_of(world, action->virt.uuid),
	    .from = action->virt.host,
	    .to = action->virt.target,
	    .paused = action->virt.paused};
	if (action->kind == XN_ACT_MIGRATE) {
		job->fate = FATE_FAILED;
		if (may_start(world, job)) {
			job->fate = draw_fate(world);
			seconds = dice_between(&world->virt_dice, 2, 90);
			world->vms[job->vm].copies[job->to].state = XN_VM_INCOMING;
		}
	}
	job->ends = xn_after(world->now, xn_seconds(seconds));
}

void
world_virt_restart(struct world *world)
{
	for (int j = 0; j < WORLD_JOBS; j++) {
		/* A peer-to-peer migration goes on without its client; other requests die with it.
		 */
		if (world->jobs[j].used && world->jobs[j].kind == XN_ACT_MIGRATE)
			world->jobs[j].request = 0;
		else
			world->jobs[j].used = false;
	}
	for (uint32_t h = 0; h < world->host_count; h++)
		world->hosts[h].told_up = false;
}

/* ---- answers ---- */

static void
answer(uint64_t request, enum xn_virt_outcome outcome, const char *text, xn_instant now,
    world_tell *tell, void *context)
{
	struct xn_event event = {.kind = XN_EV_VIRT_DONE, .now = now};

	if (request == 0)
		return;
	event.virt.request = request;
	event.virt.outcome = outcome;
	snprintf(event.virt.text, sizeof(event.virt.text), "%s", text);
	tell(context, &event);
}

static void
list(struct world *world, uint32_t host, world_tell *tell, void *context)
{
	struct xn_event event = {.kind = XN_EV_VM_SEEN, .now = world->now};

	for (uint32_t v = 0; v < world->vm_count; v++) {
		const struct world_copy *copy = &world->vms[v].copies[host];

		if (copy->state == XN_VM_ABSENT)
			continue;
		event.vm.host = host;
		event.vm.uuid = world->vms[v].uuid;
		event.vm.state = copy->state;
		event.vm.facts = world->vms[v].facts;
		tell(context, &event);
	}
	event = (struct xn_event){.kind = XN_EV_HOST_LISTED, .now = world->now};
	event.host.host = host;
	tell(context, &event);
}

static void
die(struct world *world, uint32_t host)
{
	world->hosts[host].daemon_up = false;
	world->hosts[host].daemon_back =
	    xn_after(world->now, xn_seconds(dice_between(&world->virt_dice, 3, 120)));
}

static enum xn_virt_outcome
finish_migration(struct world *world, struct world_job *job)
{
	struct world_copy *source = &world->vms[job->vm].copies[job->from];
	struct world_copy *target = &world->vms[job->vm].copies[job->to];
	enum xn_vm_state arrived = job->paused ? XN_VM_PAUSED : XN_VM_RUNNING;

	switch (job->fate) {
	case FATE_DONE:
	case FATE_ANSWER_LOST:
		source->state = XN_VM_ABSENT;
		*target = (struct world_copy){.state = arrived};
		return job->fate == FATE_DONE ? XN_VIRT_OK : XN_VIRT_UNKNOWN;
	case FATE_SOURCE_DIES_EARLY:
	case FATE_TARGET_DIES_EARLY:
		die(world, job->fate == FATE_SOURCE_DIES_EARLY ? job->from : job->to);
		target->state = XN_VM_ABSENT;
		return XN_VIRT_UNKNOWN;
	case FATE_SOURCE_DIES_LATE:
		die(world, job->from);
		source->state = XN_VM_PAUSED_MIGRATING;
		*target = (struct world_copy){.state = arrived};
		return XN_VIRT_UNKNOWN;
	case FATE_TARGET_DIES_LATE:
		/* The source resumes its guest by itself, unless a locked disk keeps it from that.
		 */
		die(world, job->to);
		*target = (struct world_copy){.state = arrived};
		if (!job->paused && world->vms[job->vm].facts.lockable)
			source->state = XN_VM_PAUSED_MIGRATING;
		return XN_VIRT_UNKNOWN;
	case FATE_FAILED:
	case FATE_COUNT: break;
	}
	if (target->state == XN_VM_INCOMING)
		target->state = XN_VM_ABSENT;
	return XN_VIRT_FAILED;
}

static void
abort_migration(struct world *world, const struct world_job *abort_job)
{
	for (int j = 0; j < WORLD_JOBS; j++) {
		struct world_job *job = &world->jobs[j];

		if (job->used && job->kind == XN_ACT_MIGRATE && job->vm == abort_job->vm) {
			job->fate = FATE_FAILED;
			job->ends = world->now;
		}
	}
}

static enum xn_virt_outcome
carry_out(struct world *world, struct world_job *job)
{
	struct world_copy *copy = &world->vms[job->vm].copies[job->from];

	switch (job->kind) {
	case XN_ACT_RESUME:
		if (copy->state != XN_VM_PAUSED && copy->state != XN_VM_PAUSED_MIGRATING)
			return XN_VIRT_FAILED;
		if (world->vms[job->vm].facts.lockable && world_running_copies(world, job->vm) > 0)
			return XN_VIRT_FAILED; /* the image lock */
		copy->state = XN_VM_RUNNING;
		return XN_VIRT_OK;
	case XN_ACT_DESTROY: copy->state = XN_VM_ABSENT; return XN_VIRT_OK;
	case XN_ACT_ABORT_JOB: abort_migration(world, job); return XN_VIRT_OK;
	case XN_ACT_MIGRATE:
	case XN_ACT_LIST:
	case XN_ACT_LEDGER:
	case XN_ACT_ALARM:
	case XN_ACT_NOTE:
	case XN_ACT_REPLY: break;
	}
	return XN_VIRT_FAILED;
}

static void
end_job(struct world *world, struct world_job *job, world_tell *tell, void *context)
{
	enum xn_virt_outcome outcome;
	bool reachable = world->hosts[job->from].daemon_up;

	job->used = false;
	if (job->kind == XN_ACT_LIST) {
		if (reachable)
			list(world, job->from, tell, context);
		return;
	}
	if (job->kind == XN_ACT_MIGRATE) {
		outcome = finish_migration(world, job);
		answer(job->request, outcome, outcome == XN_VIRT_OK ? "done" : "migration broke",
		    world->now, tell, context);
		return;
	}
	outcome = reachable ? carry_out(world, job) : XN_VIRT_UNKNOWN;
	answer(
	    job->request, outcome, reachable ? "done" : "no connection", world->now, tell, context);
}

static void
tell_host(struct world *world, uint32_t host, world_tell *tell, void *context)
{
	struct world_host *machine = &world->hosts[host];
	struct xn_event event = {.now = world->now};

	if (!machine->daemon_up && (world->calm || world->now.ms >= machine->daemon_back.ms))
		machine->daemon_up = true;
	event.host.host = host;
	event.host.cpus = (uint32_t)(machine->millicores / 1000);
	event.host.memory_mib = 16384;
	if (machine->daemon_up != machine->told_up) {
		event.kind = machine->daemon_up ? XN_EV_HOST_UP : XN_EV_HOST_DOWN;
		tell(context, &event);
		if (machine->daemon_up)
			list(world, host, tell, context);
	} else if (machine->daemon_up && world->now.ms % 30000 == 0) {
		list(world, host, tell, context);
	}
	machine->told_up = machine->daemon_up;
}

static void
tell_loads(struct world *world, uint32_t host, world_tell *tell, void *context)
{
	struct xn_event event = {.kind = XN_EV_VM_LOAD, .now = world->now};

	for (uint32_t v = 0; v < world->vm_count; v++) {
		const struct world_copy *copy = &world->vms[v].copies[host];

		if (copy->state == XN_VM_ABSENT || copy->state == XN_VM_INCOMING)
			continue;
		event.load.host = host;
		event.load.uuid = world->vms[v].uuid;
		event.load.cpu_ns = copy->cpu_ns;
		event.load.at = world->now;
		tell(context, &event);
	}
}

void
world_virt_second(struct world *world, world_tell *tell, void *context)
{
	for (int j = 0; j < WORLD_JOBS; j++)
		if (world->jobs[j].used && world->now.ms >= world->jobs[j].ends.ms)
			end_job(world, &world->jobs[j], tell, context);
	for (uint32_t h = 0; h < world->host_count; h++) {
		tell_host(world, h, tell, context);
		if (world->hosts[h].daemon_up && world->now.ms % 10000 == 0)
			tell_loads(world, h, tell, context);
	}
}
