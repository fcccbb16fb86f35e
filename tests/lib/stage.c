#include "tests/lib/stage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void
meter(struct stage *stage, enum stage_meter id, const char *name, enum xn_meter_role role,
    uint32_t rack, uint32_t host, int feed)
{
	stage->meters[id] = (struct xn_topo_meter){.name = name,
	    .role = role,
	    .rack = rack,
	    .host = host,
	    .feed = feed,
	    .max = xn_watts(role == XN_METER_GRID ? 20000 : 4000)};
}

static void
build(struct stage *stage)
{
	static const char *const racks[] = {"r1", "r2"};
	static const char *const hosts[] = {"h1", "h2", "h3"};

	for (uint32_t r = 0; r < STAGE_RACKS; r++)
		stage->racks[r] = (struct xn_topo_rack){.name = racks[r],
		    .room = "hall",
		    .feed_rating = {xn_watts(2000), xn_watts(2000)},
		    .feed_max_load = {{800000}, {800000}},
		    .inlet_max = xn_millicelsius(27000),
		    .cooling_meter = COOLING};
	for (uint32_t h = 0; h < STAGE_HOSTS; h++)
		stage->hosts[h] = (struct xn_topo_host){.name = hosts[h],
		    .cluster = "c",
		    .rack = h == H3 ? R2 : R1,
		    .idle = xn_watts(100),
		    .full = xn_watts(300)};
	meter(stage, GRID, "meter-main", XN_METER_GRID, XN_NONE, XN_NONE, -1);
	meter(stage, COOLING, "crac-1", XN_METER_COOLING, XN_NONE, XN_NONE, -1);
	meter(stage, R1_A, "pdu-r1-a", XN_METER_FEED, R1, XN_NONE, 0);
	meter(stage, R1_B, "pdu-r1-b", XN_METER_FEED, R1, XN_NONE, 1);
	meter(stage, R2_A, "pdu-r2-a", XN_METER_FEED, R2, XN_NONE, 0);
	meter(stage, R2_B, "pdu-r2-b", XN_METER_FEED, R2, XN_NONE, 1);
	meter(stage, R1_INLET, "inlet-r1", XN_METER_INLET, R1, XN_NONE, -1);
	meter(stage, R2_INLET, "inlet-r2", XN_METER_INLET, R2, XN_NONE, -1);
	meter(stage, H1_A, "pdu-r1-a/1", XN_METER_OUTLET, R1, H1, 0);
	meter(stage, H1_B, "pdu-r1-b/1", XN_METER_OUTLET, R1, H1, 1);
	meter(stage, H2_A, "pdu-r1-a/2", XN_METER_OUTLET, R1, H2, 0);
	meter(stage, H2_B, "pdu-r1-b/2", XN_METER_OUTLET, R1, H2, 1);
	meter(stage, H3_A, "pdu-r2-a/1", XN_METER_OUTLET, R2, H3, 0);
	meter(stage, H3_B, "pdu-r2-b/1", XN_METER_OUTLET, R2, H3, 1);
	stage->topology = (struct xn_topology){.site = "hl1",
	    .utc_offset_s = 7 * 3600,
	    .fresh = xn_seconds(30),
	    .lost = xn_seconds(120),
	    .interval = xn_seconds(1800),
	    .tick = xn_seconds(60),
	    .fingerprint = 42,
	    .racks = stage->racks,
	    .rack_count = STAGE_RACKS,
	    .hosts = stage->hosts,
	    .host_count = STAGE_HOSTS,
	    .meters = stage->meters,
	    .meter_count = STAGE_METERS};
}

struct stage *
stage_silent(void)
{
	static const int64_t watts[STAGE_METERS] = {[GRID] = 600,
	    [COOLING] = 150,
	    [R1_A] = 130,
	    [R1_B] = 130,
	    [R2_A] = 65,
	    [R2_B] = 65,
	    [H1_A] = 60,
	    [H1_B] = 60,
	    [H2_A] = 60,
	    [H2_B] = 60,
	    [H3_A] = 60,
	    [H3_B] = 60};
	struct stage *stage = calloc(1, sizeof(*stage));

	assert(stage != NULL);
	build(stage);
	xn_arena_map(&stage->life, xn_core_size(&stage->topology, STAGE_VMS));
	xn_arena_map(&stage->scratch, 64u << 20);
	xn_arena_map(&stage->policies, 4u << 20);
	stage->core = xn_core_new(&stage->life, &stage->scratch, &stage->topology, STAGE_VMS);
	stage->last = calloc(1, sizeof(*stage->last));
	stage->heard = calloc(STAGE_HEARD, sizeof(*stage->heard));
	assert(stage->last != NULL && stage->heard != NULL);
	stage->now.ms = INT64_C(1795590000000); /* 2026-11-25 14:00 in Ha Noi */
	memcpy(stage->watts, watts, sizeof(watts));
	stage->inlet_milli[R1] = stage->inlet_milli[R2] = 23000;
	return stage;
}

struct stage *
stage_new(void)
{
	return stage_begun(0);
}

struct stage *
stage_begun(int64_t minutes)
{
	struct stage *stage = stage_silent();

	stage->now.ms += minutes * 60000;
	stage_step(stage, (struct xn_event){.kind = XN_EV_BOOT});
	for (uint32_t h = 0; h < STAGE_HOSTS; h++) {
		stage_up(stage, h);
		stage_listed(stage, h);
	}
	stage_read(stage);
	stage_step(stage, (struct xn_event){.kind = XN_EV_TICK});
	stage_forget(stage);
	return stage;
}

void
stage_end(struct stage *stage)
{
	xn_arena_unmap(&stage->life);
	xn_arena_unmap(&stage->scratch);
	xn_arena_unmap(&stage->policies);
	free(stage->last);
	free(stage->heard);
	free(stage);
}

void
stage_step(struct stage *stage, struct xn_event event)
{
	event.now = stage->now;
	xn_core_step(stage->core, &event, stage->last);
	for (uint32_t a = 0; a < stage->last->count; a++) {
		assert(stage->heard_count < STAGE_HEARD);
		stage->heard[stage->heard_count++] = stage->last->items[a];
	}
}

void
stage_read(struct stage *stage)
{
	for (uint32_t m = 0; m < STAGE_METERS; m++) {
		struct xn_event event = {.kind = XN_EV_READING};
		bool inlet = stage->meters[m].role == XN_METER_INLET;

		event.reading.meter = m;
		event.reading.quality = XN_QUALITY_GOOD;
		event.reading.has_power = event.reading.has_energy = !inlet;
		event.reading.power = xn_watts(stage->watts[m]);
		event.reading.energy.mj = stage->energy_mj[m];
		if (inlet)
			event.reading.temperature =
			    xn_millicelsius(stage->inlet_milli[m - R1_INLET]);
		event.reading.at = stage->now;
		stage_step(stage, event);
	}
}

void
stage_pass(struct stage *stage, int64_t seconds)
{
	for (int64_t s = 0; s < seconds; s++) {
		stage->now.ms += 1000;
		for (uint32_t m = 0; m < STAGE_METERS; m++)
			stage->energy_mj[m] += stage->watts[m] * 1000;
		if (xn_core_next_deadline(stage->core).ms <= stage->now.ms)
			stage_step(stage, (struct xn_event){.kind = XN_EV_TICK});
	}
}

void
stage_wait(struct stage *stage, int64_t seconds)
{
	for (; seconds > 0; seconds -= 10) {
		stage_pass(stage, seconds < 10 ? seconds : 10);
		stage_read(stage);
	}
	stage_step(stage, (struct xn_event){.kind = XN_EV_TICK});
}

void
stage_up(struct stage *stage, uint32_t host)
{
	struct xn_event event = {.kind = XN_EV_HOST_UP};

	event.host.host = host;
	event.host.cpus = 8;
	event.host.memory_mib = 4096;
	stage_step(stage, event);
}

void
stage_down(struct stage *stage, uint32_t host)
{
	struct xn_event event = {.kind = XN_EV_HOST_DOWN};

	event.host.host = host;
	stage_step(stage, event);
}

xn_uuid
stage_uuid(int vm)
{
	xn_uuid uuid = {{0}};

	uuid.bytes[0] = 0xaa;
	uuid.bytes[15] = (uint8_t)vm;
	return uuid;
}

uint32_t
stage_vm(const struct stage *stage, int vm)
{
	for (uint32_t v = 0; v < stage->core->vm_count; v++)
		if (stage->core->vms[v].known && stage->core->vms[v].uuid.bytes[15] == (uint8_t)vm)
			return v;
	return XN_NONE;
}

void
stage_seen(struct stage *stage, uint32_t host, int vm, enum xn_vm_state state)
{
	struct xn_event event = {.kind = XN_EV_VM_SEEN};

	if (state == XN_VM_ABSENT)
		return;
	event.vm.host = host;
	event.vm.uuid = stage_uuid(vm);
	event.vm.state = state;
	snprintf(event.vm.facts.name, sizeof(event.vm.facts.name), "vm%d", vm);
	event.vm.facts.vcpus = 1;
	event.vm.facts.memory_mib = 512;
	event.vm.facts.security_level = 1;
	event.vm.facts.movable = true;
	event.vm.facts.lockable = vm % 2 == 1; /* vm2, vm4 have no disk that fences a second copy */
	stage_step(stage, event);
}

void
stage_listed(struct stage *stage, uint32_t host)
{
	struct xn_event event = {.kind = XN_EV_HOST_LISTED};

	event.host.host = host;
	stage_step(stage, event);
}

void
stage_lists(struct stage *stage, int vm, uint32_t from, enum xn_vm_state source, uint32_t to,
    enum xn_vm_state target)
{
	stage_seen(stage, from, vm, source);
	stage_listed(stage, from);
	stage_seen(stage, to, vm, target);
	stage_listed(stage, to);
}

void
stage_done(struct stage *stage, uint64_t request, enum xn_virt_outcome outcome)
{
	struct xn_event event = {.kind = XN_EV_VIRT_DONE};

	event.virt.request = request;
	event.virt.outcome = outcome;
	snprintf(event.virt.text, sizeof(event.virt.text), "the test says so");
	stage_step(stage, event);
}

void
stage_say(struct stage *stage, enum xn_verb verb, const char *subject)
{
	struct xn_event event = {.kind = XN_EV_COMMAND};

	event.command.request = 77;
	event.command.verb = verb;
	snprintf(event.command.subject, sizeof(event.command.subject), "%s", subject);
	snprintf(event.command.actor, sizeof(event.command.actor), "lan");
	stage_step(stage, event);
}

void
stage_policy(struct stage *stage, const char *yaml)
{
	struct xn_source *source = xn_new(&stage->policies, struct xn_source, 1);
	struct xn_event event = {.kind = XN_EV_POLICY};
	struct xn_problems problems;
	struct xn_yaml *documents;

	*source = (struct xn_source){.path = "test.yaml", .bytes = yaml, .size = strlen(yaml)};
	xn_problems_init(&problems, &stage->policies);
	documents = xn_yaml_read_text(&stage->policies, source, &problems);
	assert(documents != NULL && documents->first != NULL);
	event.policy.request = 78;
	event.policy.policy = xn_policy_compile(&stage->policies, documents->first, &problems);
	if (problems.count > 0)
		xn_problems_print(&problems, stderr);
	assert(event.policy.policy != NULL && problems.count == 0);
	snprintf(event.policy.actor, sizeof(event.policy.actor), "lan");
	stage_step(stage, event);
}

const struct xn_action *
stage_asked(const struct stage *stage, enum xn_action_kind kind)
{
	for (uint32_t a = stage->heard_count; a-- > 0;)
		if (stage->heard[a].kind == kind)
			return &stage->heard[a];
	return NULL;
}

uint32_t
stage_count(const struct stage *stage, enum xn_action_kind kind)
{
	uint32_t count = 0;

	for (uint32_t a = 0; a < stage->heard_count; a++)
		count += stage->heard[a].kind == kind;
	return count;
}

bool
stage_told(const struct stage *stage, const char *text)
{
	for (uint32_t a = 0; a < stage->heard_count; a++) {
		const struct xn_action *action = &stage->heard[a];

		if (action->kind == XN_ACT_NOTE && strstr(action->note.text, text) != NULL)
			return true;
		if (action->kind == XN_ACT_ALARM && strstr(action->alarm.text, text) != NULL)
			return true;
	}
	return false;
}

const struct xn_action *
stage_reply(const struct stage *stage)
{
	return stage_asked(stage, XN_ACT_REPLY);
}

void
stage_forget(struct stage *stage)
{
	stage->heard_count = 0;
}
