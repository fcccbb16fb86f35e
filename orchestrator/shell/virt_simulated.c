#include "orchestrator/shell/virt_simulated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/loop.h"

#define STEP_MS         100
#define FIGURES_MS      1000
#define MIGRATION_MS    2000
#define SLOW_MS         60000
#define HOST_CPUS       4
#define HOST_MEMORY_MIB 16384

/* ---- migrations ---- */

static void
vanish(struct xn_sim_copy *copy)
{
	*copy = (struct xn_sim_copy){.host = XN_NONE, .state = XN_VM_ABSENT};
}

static void
arrive(struct xn_sim_vm *vm)
{
	vm->here = (struct xn_sim_copy){
	    .host = vm->there.host, .state = vm->arrives_paused ? XN_VM_PAUSED : XN_VM_RUNNING};
	vm->cpu_ns = 0;
	vanish(&vm->there);
}

/* The source's daemon died at the hand-over: the target runs, the source stays paused. */
static void
arrive_but_leave_source(struct xn_sim_vm *vm)
{
	uint32_t source = vm->here.host;

	arrive(vm);
	vm->there = (struct xn_sim_copy){.host = source, .state = XN_VM_PAUSED_MIGRATING};
}

static void
want_lists(struct xn_sim *sim, const struct xn_sim_vm *vm)
{
	if (vm->here.host != XN_NONE)
		sim->list_wanted[vm->here.host] = true;
	if (vm->there.host != XN_NONE)
		sim->list_wanted[vm->there.host] = true;
	sim->changed = true;
}

static void
finish_migration(struct xn_sim *sim, struct xn_sim_vm *vm)
{
	enum xn_virt_outcome outcome = XN_VIRT_OK;
	const char *text = "migrated";
	uint64_t request = vm->request;

	want_lists(sim, vm);
	if (strcmp(vm->fault, "failed") == 0) {
		vanish(&vm->there);
		outcome = XN_VIRT_FAILED;
		text = "migration failed, as the fault file said";
	} else if (strcmp(vm->fault, "lost-source") == 0) {
		arrive_but_leave_source(vm);
		outcome = XN_VIRT_UNKNOWN;
		text = "connection lost, as the fault file said";
	} else {
		arrive(vm);
		if (strcmp(vm->fault, "unknown") == 0) {
			outcome = XN_VIRT_UNKNOWN;
			text = "connection lost, as the fault file said";
		}
	}
	vm->ends_ms = 0;
	vm->request = 0;
	vm->fault[0] = '\0';
	xn_virt_answer(sim->worker, request, outcome, text);
}

static const char *
refuse_migration(
    const struct xn_sim *sim, const struct xn_sim_vm *vm, const struct xn_action *action)
{
	if (!sim->up[action->virt.host])
		return "the hypervisor is not reachable";
	if (!sim->up[action->virt.target])
		return "the target's hypervisor is not reachable";
	if (vm->ends_ms != 0)
		return "another migration job is already running";
	if (vm->here.host != action->virt.host || vm->here.state != XN_VM_RUNNING)
		return "the guest does not run there";
	if (vm->there.host != XN_NONE || action->virt.target == action->virt.host)
		return "the target already has this guest";
	return NULL;
}

static void
migrate(struct xn_sim *sim, struct xn_sim_vm *vm, const struct xn_action *action)
{
	const char *why = refuse_migration(sim, vm, action);

	if (why != NULL) {
		xn_virt_answer(sim->worker, action->virt.request, XN_VIRT_FAILED, why);
		return;
	}
	xn_sim_take_fault(sim, vm->fault);
	vm->there = (struct xn_sim_copy){.host = action->virt.target, .state = XN_VM_INCOMING};
	vm->ends_ms =
	    xn_clock_now().ms + (strcmp(vm->fault, "slow") == 0 ? SLOW_MS : sim->migration_ms);
	vm->arrives_paused = action->virt.paused;
	vm->request = action->virt.request;
	want_lists(sim, vm);
}

/* ---- the other requests ---- */

static void
abort_migration(struct xn_sim *sim, struct xn_sim_vm *vm, uint64_t request)
{
	if (vm->ends_ms == 0) {
		xn_virt_answer(sim->worker, request, XN_VIRT_FAILED, "no migration is running");
		return;
	}
	want_lists(sim, vm);
	vanish(&vm->there);
	vm->ends_ms = 0;
	xn_virt_answer(sim->worker, vm->request, XN_VIRT_FAILED, "migration aborted");
	vm->request = 0;
	xn_virt_answer(sim->worker, request, XN_VIRT_OK, "aborted");
}

static struct xn_sim_copy *
copy_on(struct xn_sim_vm *vm, uint32_t host)
{
	if (vm->here.host == host)
		return &vm->here;
	return vm->there.host == host ? &vm->there : NULL;
}

static void
resume(struct xn_sim *sim, struct xn_sim_vm *vm, const struct xn_action *action)
{
	struct xn_sim_copy *copy = copy_on(vm, action->virt.host);

	if (copy == NULL || copy->state == XN_VM_INCOMING || copy->state == XN_VM_SHUTOFF) {
		xn_virt_answer(
		    sim->worker, action->virt.request, XN_VIRT_FAILED, "no paused guest there");
		return;
	}
	copy->state = XN_VM_RUNNING;
	want_lists(sim, vm);
	xn_virt_answer(sim->worker, action->virt.request, XN_VIRT_OK, "resumed");
}

static void
destroy(struct xn_sim *sim, struct xn_sim_vm *vm, const struct xn_action *action)
{
	struct xn_sim_copy *copy = copy_on(vm, action->virt.host);

	want_lists(sim, vm);
	if (copy == &vm->here) {
		vm->here = vm->there;
		vanish(&vm->there);
	} else if (copy != NULL) {
		vanish(copy);
	}
	xn_virt_answer(sim->worker, action->virt.request, XN_VIRT_OK, "destroyed");
}

static void
act_on_vm(struct xn_sim *sim, struct xn_sim_vm *vm, const struct xn_action *action)
{
	switch (action->kind) {
	case XN_ACT_MIGRATE: migrate(sim, vm, action); break;
	case XN_ACT_ABORT_JOB: abort_migration(sim, vm, action->virt.request); break;
	case XN_ACT_RESUME: resume(sim, vm, action); break;
	case XN_ACT_DESTROY: destroy(sim, vm, action); break;
	case XN_ACT_LIST:
	case XN_ACT_LEDGER:
	case XN_ACT_ALARM:
	case XN_ACT_NOTE:
	case XN_ACT_REPLY: break;
	}
}

static void
simulated_act(void *state, const struct xn_action *action)
{
	struct xn_sim *sim = state;
	struct xn_sim_vm *found = NULL;

	pthread_mutex_lock(&sim->lock);
	for (uint32_t v = 0; v < sim->vm_count; v++)
		if (memcmp(&sim->vms[v].uuid, &action->virt.uuid, sizeof(xn_uuid)) == 0)
			found = &sim->vms[v];
	if (action->kind == XN_ACT_LIST)
		sim->list_wanted[action->virt.host] = true;
	else if (!sim->up[action->virt.host])
		xn_virt_answer(sim->worker, action->virt.request, XN_VIRT_FAILED,
		    "the hypervisor is not reachable");
	else if (found == NULL)
		xn_virt_answer(sim->worker, action->virt.request, XN_VIRT_FAILED, "no such guest");
	else
		act_on_vm(sim, found, action);
	pthread_mutex_unlock(&sim->lock);
}

/* ---- what is told ---- */

static void
list_host(struct xn_sim *sim, uint32_t host)
{
	struct xn_virt_list list;

	xn_virt_list_begin(sim->worker, host, &list);
	for (uint32_t v = 0; v < sim->vm_count; v++) {
		struct xn_sim_copy *copy = copy_on(&sim->vms[v], host);

		if (copy != NULL)
			xn_virt_list_add(&list, &sim->vms[v].uuid, copy->state, &sim->vms[v].facts);
	}
	xn_virt_list_end(sim->worker, &list);
}

static void
look_at_host(struct xn_sim *sim, uint32_t host)
{
	bool up = xn_sim_host_answers(sim, host);

	if (up != sim->up[host]) {
		xn_virt_say_host(sim->worker, up ? XN_EV_HOST_UP : XN_EV_HOST_DOWN, host, HOST_CPUS,
		    HOST_MEMORY_MIB);
		sim->list_wanted[host] = true;
	}
	sim->up[host] = up;
	if (!up || !sim->list_wanted[host])
		return;
	sim->list_wanted[host] = false;
	list_host(sim, host);
}

static void
tell_loads(struct xn_sim *sim)
{
	for (uint32_t v = 0; v < sim->vm_count; v++) {
		const struct xn_sim_vm *vm = &sim->vms[v];
		struct xn_event event = {.kind = XN_EV_VM_LOAD};

		if (vm->here.host == XN_NONE || !sim->up[vm->here.host])
			continue;
		event.load.host = vm->here.host;
		event.load.uuid = vm->uuid;
		event.load.cpu_ns = vm->cpu_ns;
		event.load.at = xn_clock_now();
		xn_virt_say(sim->worker, &event);
	}
}

/* ---- time goes on ---- */

static void
use_cpu(struct xn_sim *sim, int64_t span_ms)
{
	for (uint32_t v = 0; v < sim->vm_count; v++) {
		struct xn_sim_vm *vm = &sim->vms[v];
		uint64_t used_ns;

		vm->load_percent = xn_sim_load_percent(sim, vm);
		if (vm->here.host == XN_NONE || vm->here.state != XN_VM_RUNNING)
			continue;
		used_ns = (uint64_t)span_ms * (uint64_t)vm->load_percent * 10000;
		vm->cpu_ns += used_ns;
		vm->ticks++;
		sim->host_cpu_ns[vm->here.host] += used_ns;
	}
	xn_sim_save_figures(sim);
	sim->changed = true;
}

static void
step(struct xn_sim *sim)
{
	int64_t now_ms = xn_clock_now().ms;

	for (uint32_t v = 0; v < sim->vm_count; v++)
		if (sim->vms[v].ends_ms != 0 && now_ms >= sim->vms[v].ends_ms)
			finish_migration(sim, &sim->vms[v]);
	/* Kept before it is told: a worker killed in between would have told of a migration that
	 * the next one knows nothing of. */
	if (sim->changed)
		xn_sim_save(sim);
	sim->changed = false;
	for (uint32_t h = 0; h < sim->worker->target_count; h++)
		look_at_host(sim, h);
}

static void *
run(void *argument)
{
	struct xn_sim *sim = argument;
	int64_t figures_ms = xn_clock_monotonic_ms(), told_ms = 0;
	int64_t listed_ms = figures_ms;

	for (;;) {
		int64_t now_ms = xn_clock_monotonic_ms();

		pthread_mutex_lock(&sim->lock);
		if (now_ms - listed_ms >= sim->worker->list_every_ms) {
			memset(sim->list_wanted, true, sim->worker->target_count);
			listed_ms = now_ms;
		}
		if (now_ms - figures_ms >= FIGURES_MS) {
			use_cpu(sim, now_ms - figures_ms);
			figures_ms = now_ms;
		}
		step(sim);
		if (now_ms - told_ms >= sim->worker->stats_every_ms) {
			tell_loads(sim);
			told_ms = now_ms;
		}
		pthread_mutex_unlock(&sim->lock);
		atomic_fetch_add(&sim->turns, 1);
		nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000}, NULL);
	}
	return NULL;
}

static void *
simulated_start(struct xn_virt_worker *worker)
{
	struct xn_sim *sim = calloc(1, sizeof(*sim));
	pthread_t thread;

	if (sim == NULL)
		abort();
	sim->worker = worker;
	sim->migration_ms = MIGRATION_MS;
	sim->folder = getenv("XANH_SIM_STATE");
	sim->host_cpu_ns = calloc(worker->target_count + 1u, sizeof(*sim->host_cpu_ns));
	sim->up = calloc(worker->target_count + 1u, sizeof(*sim->up));
	sim->list_wanted = calloc(worker->target_count + 1u, sizeof(*sim->list_wanted));
	if (sim->folder == NULL || sim->host_cpu_ns == NULL || sim->up == NULL ||
	    sim->list_wanted == NULL)
		abort();
	if (getenv("XANH_SIM_MIGRATION_MS") != NULL)
		sim->migration_ms = strtol(getenv("XANH_SIM_MIGRATION_MS"), NULL, 10);
	pthread_mutex_init(&sim->lock, NULL);
	xn_sim_load(sim);
	if (pthread_create(&thread, NULL, run, sim) != 0)
		abort();
	pthread_detach(thread);
	return sim;
}

static bool
simulated_alive(void *state)
{
	struct xn_sim *sim = state;
	uint64_t turns = atomic_load(&sim->turns);
	bool alive = turns != sim->turns_seen;

	sim->turns_seen = turns;
	return alive;
}

const struct xn_virt_driver xn_virt_simulated = {
    .start = simulated_start,
    .act = simulated_act,
    .alive = simulated_alive,
};
