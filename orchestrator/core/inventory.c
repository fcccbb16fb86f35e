#include "orchestrator/core/inventory.h"

#include <assert.h>
#include <string.h>

#include "orchestrator/core/attribution.h"

/* ---- the index by UUID ---- */

static uint32_t
first_place(const struct xn_core *core, xn_uuid uuid)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(uuid.bytes); i++)
		hash = (hash ^ uuid.bytes[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(hash >> 32) & (core->vm_index_size - 1);
}

static void
index_add(struct xn_core *core, uint32_t vm)
{
	uint32_t place = first_place(core, core->vms[vm].uuid);

	while (core->vm_index[place] != XN_NONE)
		place = (place + 1) & (core->vm_index_size - 1);
	core->vm_index[place] = vm;
}

void
xn_inventory_index(struct xn_core *core)
{
	for (uint32_t i = 0; i < core->vm_index_size; i++)
		core->vm_index[i] = XN_NONE;
	for (uint32_t v = 0; v < core->vm_count; v++)
		if (core->vms[v].known)
			index_add(core, v);
}

uint32_t
xn_inventory_find(const struct xn_core *core, xn_uuid uuid)
{
	uint32_t place = first_place(core, uuid);

	for (; core->vm_index[place] != XN_NONE; place = (place + 1) & (core->vm_index_size - 1)) {
		uint32_t vm = core->vm_index[place];

		if (memcmp(&core->vms[vm].uuid, &uuid, sizeof(uuid)) == 0)
			return vm;
	}
	return XN_NONE;
}

uint32_t
xn_inventory_find_name(const struct xn_core *core, const char *name)
{
	for (uint32_t v = 0; v < core->vm_count; v++)
		if (core->vms[v].known && strcmp(core->vms[v].facts.name, name) == 0)
			return v;
	return XN_NONE;
}

uint32_t
xn_inventory_host(const struct xn_core *core, const char *name)
{
	for (uint32_t h = 0; h < core->topology->host_count; h++)
		if (strcmp(core->topology->hosts[h].name, name) == 0)
			return h;
	return XN_NONE;
}

static uint32_t
add_vm(struct xn_core *core, xn_uuid uuid)
{
	uint32_t vm = core->vm_free;

	while (vm < core->vm_count && core->vms[vm].known)
		vm++;
	core->vm_free = vm;
	if (vm == core->vm_capacity)
		return XN_NONE;
	if (vm == core->vm_count)
		core->vm_count++;
	core->vm_free++;
	memset(&core->vms[vm], 0, sizeof(core->vms[vm]));
	core->vms[vm].known = true;
	core->vms[vm].uuid = uuid;
	core->vms[vm].host = XN_NONE;
	core->vms[vm].next_of_host = XN_NONE;
	core->vms[vm].note = XN_NONE;
	for (int c = 0; c < XN_COPIES_MAX; c++)
		core->vms[vm].copies[c].host = XN_NONE;
	index_add(core, vm);
	return vm;
}

/* ---- copies and owners ---- */

static struct xn_copy *
find_copy(struct xn_vm *vm, uint32_t host)
{
	for (int c = 0; c < XN_COPIES_MAX; c++)
		if (vm->copies[c].host == host)
			return &vm->copies[c];
	return NULL;
}

static struct xn_copy *
copy_at(struct xn_core *core, uint32_t place)
{
	return &core->vms[place / XN_COPIES_MAX].copies[place % XN_COPIES_MAX];
}

/* A new copy of a VM on a host; NULL if it has as many as it can have. */
static struct xn_copy *
add_copy(struct xn_core *core, uint32_t vm, uint32_t host)
{
	struct xn_copy *copy = find_copy(&core->vms[vm], XN_NONE);

	if (copy == NULL)
		return NULL;
	*copy = (struct xn_copy){.host = host, .next_of_host = core->hosts[host].first_copy};
	core->hosts[host].first_copy = vm * XN_COPIES_MAX + (uint32_t)(copy - core->vms[vm].copies);
	return copy;
}

enum xn_vm_state
xn_inventory_state(const struct xn_core *core, uint32_t vm, uint32_t host)
{
	for (int c = 0; c < XN_COPIES_MAX; c++)
		if (core->vms[vm].copies[c].host == host)
			return core->vms[vm].copies[c].state;
	return XN_VM_ABSENT;
}

struct xn_move *
xn_inventory_move(struct xn_core *core, uint32_t vm)
{
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++)
		if (core->moves[m].phase != XN_MOVE_NONE && core->moves[m].vm == vm)
			return &core->moves[m];
	return NULL;
}

static void
sum_used(struct xn_core *core, uint32_t host)
{
	struct xn_host *owner = &core->hosts[host];

	owner->used_millicores = 0;
	for (uint32_t v = owner->first_vm; v != XN_NONE; v = core->vms[v].next_of_host)
		owner->used_millicores += core->vms[v].used_millicores;
}

void
xn_inventory_own(struct xn_core *core, uint32_t vm, uint32_t host)
{
	struct xn_vm *row = &core->vms[vm];
	uint32_t old = row->host;

	if (old == host)
		return;
	if (old != XN_NONE) {
		uint32_t *link = &core->hosts[old].first_vm;

		while (*link != vm)
			link = &core->vms[*link].next_of_host;
		*link = row->next_of_host;
	}
	row->host = host;
	row->power.mw = 0;
	row->next_of_host = XN_NONE;
	if (host != XN_NONE) {
		row->next_of_host = core->hosts[host].first_vm;
		core->hosts[host].first_vm = vm;
		sum_used(core, host);
		xn_attribution_power(core, host);
	}
	if (old != XN_NONE) {
		sum_used(core, old);
		xn_attribution_power(core, old);
	}
}

/* The host where a VM runs, if it is one; else the one that holds it in another state; else none.
 */
static uint32_t
best_owner(const struct xn_vm *vm)
{
	uint32_t best = XN_NONE;
	int best_rank = 0;

	for (int c = 0; c < XN_COPIES_MAX; c++) {
		const struct xn_copy *copy = &vm->copies[c];
		int rank = 0;

		if (copy->host == XN_NONE || copy->state == XN_VM_INCOMING)
			continue;
		rank = copy->state == XN_VM_RUNNING ? 4 : copy->state == XN_VM_SHUTOFF ? 1 : 2;
		/* A tie, two running copies included, leaves the owner as it was. */
		rank = rank * 2 + (copy->host == vm->host);
		if (rank > best_rank) {
			best_rank = rank;
			best = copy->host;
		}
	}
	return best;
}

static uint32_t
running_copies(const struct xn_vm *vm)
{
	uint32_t count = 0;

	for (int c = 0; c < XN_COPIES_MAX; c++)
		count += vm->copies[c].host != XN_NONE && vm->copies[c].state == XN_VM_RUNNING;
	return count;
}

void
xn_inventory_settle(struct xn_core *core, uint32_t vm)
{
	struct xn_vm *row = &core->vms[vm];

	if (xn_inventory_move(core, vm) != NULL)
		return;
	if (running_copies(row) < 2) {
		row->split = false;
		row->split_at.ms = 0;
	} else if (row->split_at.ms == 0) {
		row->split_at = core->now;
	}
	xn_inventory_own(core, vm, best_owner(row));
}

/* ---- what hosts say ---- */

static void
unsee(struct xn_core *core, uint32_t host)
{
	for (uint32_t at = core->hosts[host].first_copy; at != XN_NONE;
	     at = copy_at(core, at)->next_of_host)
		copy_at(core, at)->seen = false;
}

void
xn_inventory_boot(struct xn_core *core)
{
	for (uint32_t h = 0; h < core->topology->host_count; h++) {
		core->hosts[h].up =
		    true; /* so that it is down from now on, not since the life before */
		xn_inventory_down(core, h);
	}
}

void
xn_inventory_up(struct xn_core *core, const struct xn_event *event)
{
	struct xn_host *host = &core->hosts[event->host.host];

	host->up = true;
	host->listed = false;
	host->cpus = event->host.cpus;
	host->memory_mib = event->host.memory_mib;
	unsee(core, event->host.host);
}

void
xn_inventory_down(struct xn_core *core, uint32_t host)
{
	if (core->hosts[host].up)
		core->hosts[host].down_since = core->now;
	core->hosts[host].up = false;
	core->hosts[host].listed = false;
	unsee(core, host);
}

void
xn_inventory_seen(struct xn_core *core, const struct xn_event *event)
{
	uint32_t vm = xn_inventory_find(core, event->vm.uuid);
	struct xn_copy *copy;

	if (event->vm.state == XN_VM_ABSENT)
		return;
	if (vm == XN_NONE)
		vm = add_vm(core, event->vm.uuid);
	if (vm == XN_NONE) {
		core->vms_refused++;
		return;
	}
	copy = find_copy(&core->vms[vm], event->vm.host);
	if (copy == NULL) {
		copy = add_copy(core, vm, event->vm.host);
		if (copy == NULL)
			return; /* a fourth copy: two running ones are an alarm already */
	}
	copy->state = event->vm.state;
	copy->seen = true;
	/* A copy that arrives has the XML of the one that leaves; the owner's words count. */
	if (core->vms[vm].host == XN_NONE || core->vms[vm].host == event->vm.host)
		core->vms[vm].facts = event->vm.facts;
	xn_inventory_settle(core, vm);
}

/* Two running copies, believed once both hosts were listed after they were first seen together. */
static void
confirm_split(struct xn_core *core, uint32_t vm, struct xn_actions *actions)
{
	struct xn_vm *row = &core->vms[vm];
	bool sure = true;

	for (int c = 0; c < XN_COPIES_MAX; c++) {
		const struct xn_copy *copy = &row->copies[c];
		struct xn_host *host;

		if (copy->host == XN_NONE || copy->state != XN_VM_RUNNING)
			continue;
		host = &core->hosts[copy->host];
		if (host->listed_at.ms > row->split_at.ms)
			continue;
		sure = false;
		if (host->up && host->split_asked.ms != core->now.ms) {
			struct xn_action *ask = xn_act(actions, XN_ACT_LIST);

			host->split_asked = core->now;
			ask->virt.request = ++core->next_request;
			ask->virt.host = copy->host;
			ask->virt.target = XN_NONE;
		}
	}
	if (sure)
		row->split = true;
}

void
xn_inventory_listed(struct xn_core *core, uint32_t host, struct xn_actions *actions)
{
	core->hosts[host].listed = core->hosts[host].up;
	core->hosts[host].listed_at = core->now;
	for (uint32_t *link = &core->hosts[host].first_copy; *link != XN_NONE;) {
		uint32_t vm = *link / XN_COPIES_MAX;
		struct xn_copy *copy = copy_at(core, *link);

		if (copy->seen) {
			copy->seen = false;
			link = &copy->next_of_host;
		} else {
			*link = copy->next_of_host;
			*copy = (struct xn_copy){.host = XN_NONE};
			xn_inventory_settle(core, vm);
		}
		if (core->vms[vm].split_at.ms != 0 && !core->vms[vm].split)
			confirm_split(core, vm, actions);
	}
}

/* A slowly falling peak: close to the 95th percentile of a steady load, and never below its mean.
 */
static void
follow_peak(struct xn_vm *vm)
{
	int64_t step = vm->used_millicores - vm->p95_millicores;

	vm->p95_millicores += step > 0 ? (step + 3) / 4 : step / 64;
	if (vm->p95_millicores < 0)
		vm->p95_millicores = 0;
}

void
xn_inventory_load(struct xn_core *core, const struct xn_event *event)
{
	uint32_t vm = xn_inventory_find(core, event->load.uuid);
	struct xn_copy *copy = vm == XN_NONE ? NULL : find_copy(&core->vms[vm], event->load.host);
	struct xn_copy last;
	int64_t span_ms, used, most;

	if (copy == NULL)
		return;
	last = *copy;
	span_ms = event->load.at.ms - last.cpu_at.ms;
	if (last.cpu_at.ms != 0 && span_ms <= 0)
		return;
	copy->cpu_ns = event->load.cpu_ns;
	copy->cpu_at = event->load.at;
	if (last.cpu_at.ms == 0 || event->load.cpu_ns < last.cpu_ns ||
	    core->vms[vm].host != event->load.host)
		return;
	most = (int64_t)core->vms[vm].facts.vcpus * 1000;
	/* ns per ms is millionths of a core; emulation threads can use more than the vCPUs. */
	used = (int64_t)((event->load.cpu_ns - last.cpu_ns) / (uint64_t)span_ms / 1000);
	if (used > most)
		used = most;
	core->vms[vm].used_millicores = used;
	follow_peak(&core->vms[vm]);
	sum_used(core, event->load.host);
}

void
xn_inventory_forget(struct xn_core *core)
{
	bool freed = false;

	for (uint32_t v = 0; v < core->vm_count; v++) {
		struct xn_vm *vm = &core->vms[v];
		bool anywhere = vm->host != XN_NONE || xn_inventory_move(core, v) != NULL;

		for (int c = 0; c < XN_COPIES_MAX; c++)
			anywhere |= vm->copies[c].host != XN_NONE;
		for (int s = 0; s < XN_SLOTS; s++)
			anywhere |= vm->slots[s].energy.mj != 0;
		if (!vm->known || anywhere)
			continue;
		vm->known = false;
		freed = true;
		if (v < core->vm_free)
			core->vm_free = v;
	}
	if (freed)
		xn_inventory_index(core);
}
