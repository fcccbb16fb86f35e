#include "tests/lib/virt_stand.h"

#include <stdlib.h>
#include <string.h>

static struct stand_vm *
vm_of(struct stand *stand, const xn_uuid *uuid)
{
	for (unsigned v = 0; v < stand->vm_count; v++)
		if (memcmp(&stand->vms[v].uuid, uuid, sizeof(*uuid)) == 0)
			return &stand->vms[v];
	if (stand->vm_count == STAND_VMS)
		abort();
	stand->vms[stand->vm_count].uuid = *uuid;
	return &stand->vms[stand->vm_count++];
}

static void
take_seen(struct stand *stand, const struct xn_event *event)
{
	struct stand_vm *vm = vm_of(stand, &event->vm.uuid);

	vm->facts = event->vm.facts;
	vm->copies[event->vm.host] = event->vm.state;
	vm->seen[event->vm.host] = true;
}

static void
take_listed(struct stand *stand, uint32_t host)
{
	for (unsigned v = 0; v < stand->vm_count; v++) {
		if (!stand->vms[v].seen[host])
			stand->vms[v].copies[host] = XN_VM_ABSENT;
		stand->vms[v].seen[host] = false;
	}
	stand->lists[host]++;
}

static void
take_done(struct stand *stand, const struct xn_event *event)
{
	stand->answers++;
	stand->outcome = event->virt.outcome;
	if (event->virt.request >= STAND_REQUESTS || stand->by_request[event->virt.request] != 0)
		abort(); /* answered twice */
	stand->by_request[event->virt.request] = event->virt.outcome;
	memcpy(stand->text, event->virt.text, sizeof(stand->text));
}

static void
on_event(const struct xn_event *event, void *context)
{
	struct stand *stand = context;

	switch ((int)event->kind) {
	case XN_EV_HOST_UP:
		stand->up[event->host.host] = true;
		stand->ups[event->host.host]++;
		break;
	case XN_EV_HOST_DOWN: stand->up[event->host.host] = false; break;
	case XN_EV_VM_SEEN: take_seen(stand, event); break;
	case XN_EV_HOST_LISTED: take_listed(stand, event->host.host); break;
	case XN_EV_VM_LOAD:
		vm_of(stand, &event->load.uuid)->cpu_ns = event->load.cpu_ns;
		vm_of(stand, &event->load.uuid)->loads++;
		break;
	case XN_EV_VIRT_DONE: take_done(stand, event); break;
	default: abort();
	}
}

void
stand_up(struct stand *stand, bool simulated, unsigned count, const char *const *names,
    const char *const *uris)
{
	struct xn_error err;

	memset(stand, 0, sizeof(*stand));
	if (count > STAND_HOSTS)
		abort();
	for (unsigned h = 0; h < count; h++)
		stand->hosts[h] = (struct xn_site_host){.name = names[h], .uri = uris[h]};
	stand->device.poll.ms = 500; /* figures as often as that */
	stand->site = (struct xn_site){.hosts = stand->hosts,
	    .host_count = count,
	    .devices = &stand->device,
	    .device_count = 1};
	if (xn_loop_open(&stand->loop, &err) != XN_OK ||
	    xn_virt_start(
		&stand->virt, stand->loop, &stand->site, simulated, on_event, stand, &err) != XN_OK)
		abort();
}

void
stand_down(struct stand *stand)
{
	xn_virt_stop(stand->virt);
	xn_loop_close(stand->loop);
}

bool
stand_wait(struct stand *stand, int ms, stand_done *done, void *context)
{
	int64_t until_ms = xn_clock_monotonic_ms() + ms;
	struct xn_error err;

	while (!done(stand, context)) {
		if (xn_clock_monotonic_ms() > until_ms)
			return false;
		if (xn_loop_turn(stand->loop, (xn_duration){.ms = 50}, &err) != XN_OK)
			abort();
	}
	return true;
}

bool
stand_ready(struct stand *stand, void *context)
{
	(void)context;
	for (unsigned h = 0; h < stand->site.host_count; h++)
		if (!stand->up[h] || stand->lists[h] == 0)
			return false;
	return true;
}

bool
stand_answered(struct stand *stand, void *context)
{
	return stand->answers != *(const unsigned *)context;
}

struct stand_vm *
stand_vm(struct stand *stand, const char *name)
{
	for (unsigned v = 0; v < stand->vm_count; v++)
		if (strcmp(stand->vms[v].facts.name, name) == 0)
			return &stand->vms[v];
	return NULL;
}

uint32_t
stand_runs_on(const struct stand_vm *vm)
{
	uint32_t host = XN_NONE;

	for (uint32_t h = 0; h < STAND_HOSTS; h++) {
		if (vm->copies[h] != XN_VM_RUNNING)
			continue;
		if (host != XN_NONE)
			return XN_NONE;
		host = h;
	}
	return host;
}

uint64_t
stand_send(struct stand *stand, enum xn_action_kind kind, const struct stand_vm *vm, uint32_t host,
    uint32_t target, bool paused)
{
	struct xn_action action = {.kind = kind};

	action.virt.request = ++stand->next_request;
	if (action.virt.request >= STAND_REQUESTS)
		abort();
	if (vm != NULL)
		action.virt.uuid = vm->uuid;
	action.virt.host = host;
	action.virt.target = target;
	action.virt.paused = paused;
	action.virt.deadline = xn_seconds(50);
	xn_virt_send(stand->virt, &action);
	return action.virt.request;
}

static bool
has_outcome(struct stand *stand, void *context)
{
	return stand->by_request[*(const uint64_t *)context] != 0;
}

enum xn_virt_outcome
stand_outcome(struct stand *stand, uint64_t request, int ms)
{
	stand_wait(stand, ms, has_outcome, &request);
	return stand->by_request[request];
}

enum xn_virt_outcome
stand_ask(struct stand *stand, enum xn_action_kind kind, const struct stand_vm *vm, uint32_t host,
    uint32_t target, bool paused)
{
	uint64_t request = stand_send(stand, kind, vm, host, target, paused);

	return stand_outcome(stand, request, 60000);
}

struct listed {
	uint32_t host;
	unsigned before;
};

static bool
has_listed(struct stand *stand, void *context)
{
	const struct listed *listed = context;

	return stand->lists[listed->host] != listed->before;
}

bool
stand_list(struct stand *stand, uint32_t host)
{
	struct listed listed = {.host = host, .before = stand->lists[host]};

	stand_send(stand, XN_ACT_LIST, NULL, host, XN_NONE, false);
	return stand_wait(stand, 10000, has_listed, &listed);
}
