#include "orchestrator/shell/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orchestrator/core/attribution.h"
#include "orchestrator/core/explain.h"
#include "orchestrator/core/inventory.h"
#include "orchestrator/core/kpi.h"
#include "orchestrator/core/telemetry.h"

#define WHY_NOTES_MAX 50

/* ---- small things ---- */

json_t *
xn_json_watts(bool known, xn_power power)
{
	return known ? json_real((double)power.mw / 1000) : json_null();
}

json_t *
xn_view_time(const struct xn_views *views, xn_instant at)
{
	return xn_json_instant(at, views->map->topology.utc_offset_s);
}

enum xn_quality
xn_view_quality(const struct xn_views *views, uint32_t meter)
{
	const struct xn_meter *row = &views->core->meters[meter];

	if (row->quality > XN_QUALITY_STALE &&
	    views->now.ms - row->at.ms > views->map->topology.fresh.ms)
		return XN_QUALITY_STALE;
	return row->quality;
}

static bool
has_role(const struct xn_views *views, enum xn_meter_role role)
{
	for (uint32_t i = 0; i < views->map->topology.meter_count; i++)
		if (views->map->topology.meters[i].role == role &&
		    views->core->meters[i].quality != XN_QUALITY_ABSENT)
			return true;
	return false;
}

/* ---- status ---- */

/* Power given over power of IT at this moment: no PUE, which is of energies over a year. */
static json_t *
power_ratio(const struct xn_views *views)
{
	const struct xn_picture *p = &views->core->picture;
	struct xn_kpi ratio;

	if (!p->complete || !has_role(views, XN_METER_GRID) || !has_role(views, XN_METER_FEED))
		return json_null();
	ratio = xn_kpi_pue(
	    (double)(p->grid.mw + p->pv.mw + p->battery.mw + p->generator.mw), (double)p->it.mw);
	return ratio.state == XN_KPI_VALUE ? json_real(ratio.value) : json_null();
}

static json_t *
power_of(const struct xn_views *views)
{
	const struct xn_picture *p = &views->core->picture;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "grid_w",
	    xn_json_watts(has_role(views, XN_METER_GRID), p->grid), "pv_w",
	    xn_json_watts(has_role(views, XN_METER_PV), p->pv), "battery_w",
	    xn_json_watts(has_role(views, XN_METER_BATTERY), p->battery), "generator_w",
	    xn_json_watts(has_role(views, XN_METER_GENERATOR), p->generator), "cooling_w",
	    xn_json_watts(has_role(views, XN_METER_COOLING), p->cooling), "it_w",
	    xn_json_watts(has_role(views, XN_METER_FEED), p->it), "losses_w",
	    xn_json_watts(has_role(views, XN_METER_GRID), p->losses), "complete", (int)p->complete,
	    "power_ratio_now", power_ratio(views));
}

static json_t *
automation_of(const struct xn_views *views)
{
	const struct xn_core *core = views->core;
	const char *hold = xn_core_hold(core, XN_NONE);
	const char *state = core->paused ? "paused" : hold != NULL ? "hold" : "running";

	return json_pack("{s:s, s:o}", "state", state, "why", xn_json_text(hold));
}

static const char *
plan_word(enum xn_plan_state state)
{
	static const char *const words[] = {
	    [XN_PLAN_NONE] = "none",
	    [XN_PLAN_PROPOSED] = "proposed",
	    [XN_PLAN_APPROVED] = "approved",
	    [XN_PLAN_RUNNING] = "running",
	    [XN_PLAN_DONE] = "done",
	    [XN_PLAN_STOPPED] = "stopped",
	    [XN_PLAN_ABORTED] = "aborted",
	    [XN_PLAN_SUPERSEDED] = "superseded",
	};

	return words[state];
}

static json_t *
plan_in_short(const struct xn_views *views, const struct xn_plan *plan)
{
	return json_pack("{s:s, s:s, s:i, s:o, s:o}", "id", plan->id, "state",
	    plan_word(plan->state), "moves", (int)plan->step_count, "made",
	    xn_view_time(views, plan->made), "verdict", xn_json_text(plan->verdict));
}

static json_t *
titles_of(const struct xn_site *site)
{
	json_t *titles = json_object();

	for (uint32_t i = 0; i < site->title_count; i++)
		json_object_set_new(
		    titles, site->titles[i].language, xn_json_name(site->titles[i].text));
	return titles;
}

json_t *
xn_view_status(const struct xn_views *views)
{
	const struct xn_core *core = views->core;
	const struct xn_topology *topology = core->topology;
	const struct xn_plan *plan = xn_core_plan(core);
	uint32_t fresh = 0, up = 0, vms = 0, alarms = 0;

	for (uint32_t i = 0; i < topology->rack_count; i++)
		fresh += core->racks[i].first_meter != XN_NONE && core->racks[i].hold[0] == '\0';
	for (uint32_t i = 0; i < topology->host_count; i++)
		up += core->hosts[i].up;
	for (uint32_t i = 0; i < core->vm_count; i++)
		vms += core->vms[i].known && core->vms[i].host != XN_NONE;
	for (uint32_t i = 0; i < XN_ALARMS_MAX; i++)
		alarms += core->alarms[i].id != 0;
	return json_pack(
	    "{s:s, s:o, s:s, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:s}", "site",
	    topology->site, "title", titles_of(views->map->site), "timezone",
	    views->map->site->timezone == NULL ? "UTC" : views->map->site->timezone, "now",
	    xn_view_time(views, views->now), "automation", automation_of(views), "power",
	    power_of(views), "racks_fresh", (int)fresh, "racks", (int)topology->rack_count,
	    "hosts_up", (int)up, "hosts", (int)topology->host_count, "vms", (int)vms, "alarms",
	    (int)alarms, "plan", plan == NULL ? json_null() : plan_in_short(views, plan), "policy",
	    core->policy == NULL ? json_null() : xn_json_name(xn_policy_name(core->policy)),
	    "version", XN_VERSION);
}

/* ---- racks ---- */

static json_t *
feeds_of(const struct xn_views *views, uint32_t rack)
{
	const struct xn_topology *topology = views->core->topology;
	json_t *feeds = json_array();

	for (int feed = 0; feed < 2; feed++) {
		enum xn_quality quality = XN_QUALITY_ABSENT;
		xn_power power = {0};
		bool known;

		if (topology->racks[rack].feed_rating[feed].mw == 0)
			continue;
		known = xn_telemetry_feed(views->core, rack, feed, &power);
		for (uint32_t m = views->core->racks[rack].first_meter; m != XN_NONE;
		     m = views->core->meters[m].next_of_rack)
			if (topology->meters[m].role == XN_METER_FEED &&
			    topology->meters[m].feed == feed)
				quality = xn_view_quality(views, m);
		json_array_append_new(feeds,
		    json_pack("{s:s, s:o, s:o, s:s}", "name", feed == 0 ? "A" : "B", "w",
			xn_json_watts(known, power), "rating_w",
			xn_json_watts(true, topology->racks[rack].feed_rating[feed]), "quality",
			xn_quality_word(quality)));
	}
	return feeds;
}

/* Seconds since the oldest of the rack's meters was read; null if one never was. */
static json_t *
age_of(const struct xn_views *views, uint32_t rack)
{
	int64_t oldest = INT64_MAX;

	for (uint32_t m = views->core->racks[rack].first_meter; m != XN_NONE;
	     m = views->core->meters[m].next_of_rack)
		if (views->core->meters[m].at.ms < oldest)
			oldest = views->core->meters[m].at.ms;
	if (oldest == INT64_MAX || oldest == 0)
		return json_null();
	return json_real((double)(views->now.ms - oldest) / 1000);
}

static enum xn_quality
inlet_quality(const struct xn_views *views, uint32_t rack)
{
	for (uint32_t m = views->core->racks[rack].first_meter; m != XN_NONE;
	     m = views->core->meters[m].next_of_rack)
		if (views->core->topology->meters[m].role == XN_METER_INLET)
			return xn_view_quality(views, m);
	return XN_QUALITY_ABSENT;
}

static json_t *
rack_row(const struct xn_views *views, uint32_t rack)
{
	const struct xn_topo_rack *what = &views->core->topology->racks[rack];
	const char *hold = xn_core_hold(views->core, rack);
	bool measured = views->core->racks[rack].first_meter != XN_NONE;
	xn_temperature inlet;
	bool has_inlet = xn_telemetry_inlet(views->core, rack, &inlet);

	return json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "name",
	    what->name, "room", what->room, "fresh",
	    (int)(measured && views->core->racks[rack].hold[0] == '\0'), "hold",
	    (int)(hold != NULL), "why", xn_json_text(hold), "it_w",
	    xn_json_watts(measured, xn_telemetry_rack(views->core, rack)), "inlet_c",
	    has_inlet ? json_real((double)(inlet.mk - XN_KELVIN_ZERO_MK) / 1000) : json_null(),
	    "inlet_quality", xn_quality_word(inlet_quality(views, rack)), "inlet_max_c",
	    what->inlet_max.mk == 0
		? json_null()
		: json_real((double)(what->inlet_max.mk - XN_KELVIN_ZERO_MK) / 1000),
	    "feeds", feeds_of(views, rack), "age_s", age_of(views, rack));
}

json_t *
xn_view_racks(const struct xn_views *views)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < views->core->topology->rack_count; i++)
		json_array_append_new(rows, rack_row(views, i));
	return rows;
}

/* ---- hosts and VMs ---- */

static json_t *
rack_name(const struct xn_views *views, uint32_t rack)
{
	return rack == XN_NONE ? json_null() : json_string(views->core->topology->racks[rack].name);
}

json_t *
xn_view_hosts(const struct xn_views *views)
{
	const struct xn_core *core = views->core;
	json_t *rows = json_array();

	for (uint32_t i = 0; i < core->topology->host_count; i++) {
		const struct xn_topo_host *what = &core->topology->hosts[i];
		const struct xn_host *host = &core->hosts[i];
		int vms = 0;

		for (uint32_t v = host->first_vm; v != XN_NONE; v = core->vms[v].next_of_host)
			vms++;
		json_array_append_new(rows,
		    json_pack("{s:s, s:o, s:o, s:s, s:o, s:s, s:o, s:f, s:o, s:i, s:b}", "name",
			what->name, "rack", rack_name(views, what->rack), "cluster",
			xn_json_text(what->cluster), "state",
			!host->up           ? "unreachable"
			    : host->drained ? "maintenance"
					    : "on",
			"power_w",
			xn_json_watts(host->power_quality >= XN_QUALITY_STALE, host->power),
			"quality", xn_quality_word(host->power_quality), "cpus",
			host->cpus == 0 ? json_null() : json_integer(host->cpus), "used_cores",
			(double)host->used_millicores / 1000, "memory_mib",
			host->memory_mib == 0 ? json_null()
					      : json_integer((json_int_t)host->memory_mib),
			"vms", vms, "drained", (int)host->drained));
	}
	return rows;
}

static const char *
vm_state_word(const struct xn_views *views, uint32_t vm)
{
	const struct xn_vm *row = &views->core->vms[vm];

	for (int i = 0; i < XN_MOVES_MAX; i++)
		if (views->core->moves[i].phase != XN_MOVE_NONE && views->core->moves[i].vm == vm)
			return "moving";
	if (row->host == XN_NONE || !views->core->hosts[row->host].up)
		return "unknown";
	switch (xn_inventory_state(views->core, vm, row->host)) {
	case XN_VM_RUNNING: return "running";
	case XN_VM_PAUSED:
	case XN_VM_PAUSED_MIGRATING: return "paused";
	case XN_VM_INCOMING: return "moving";
	case XN_VM_SHUTOFF: return "shutoff";
	case XN_VM_ABSENT: break;
	}
	return "unknown";
}

static json_t *
uuid_text(const xn_uuid *uuid)
{
	char text[40];
	size_t used = 0;

	for (int i = 0; i < 16; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid->bytes[i]);
	return json_string(text);
}

static json_t *
vm_row(const struct xn_views *views, uint32_t vm)
{
	const struct xn_vm *row = &views->core->vms[vm];
	const struct xn_topology *topology = views->core->topology;
	bool placed = row->host != XN_NONE;
	bool measured = placed && views->core->hosts[row->host].power_quality >= XN_QUALITY_STALE;

	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:f, s:i, s:i, s:f, s:o, s:o, s:o, s:b}", "name",
	    xn_json_name(row->facts.name), "uuid", uuid_text(&row->uuid), "host",
	    placed ? json_string(topology->hosts[row->host].name) : json_null(), "rack",
	    placed ? rack_name(views, topology->hosts[row->host].rack) : json_null(), "state",
	    vm_state_word(views, vm), "power_w", xn_json_watts(measured, row->power),
	    "power_error_w", xn_json_watts(measured, xn_attribution_error(views->core, vm)),
	    "used_cores", (double)row->used_millicores / 1000, "vcpus", (int)row->facts.vcpus,
	    "memory_mib", (int)row->facts.memory_mib, "energy_wh",
	    (double)row->energy.mj / (double)XN_WH_MJ, "group", xn_json_text(row->facts.group),
	    "platform", xn_json_text(row->facts.platform), "agency",
	    xn_json_text(row->facts.agency), "movable", (int)row->facts.movable);
}

json_t *
xn_view_vms(const struct xn_views *views)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < views->core->vm_count; i++)
		if (views->core->vms[i].known)
			json_array_append_new(rows, vm_row(views, i));
	return rows;
}

json_t *
xn_view_why(const struct xn_views *views, const char *vm)
{
	const struct xn_note *notes[WHY_NOTES_MAX];
	uint32_t place = xn_inventory_find_name(views->core, vm);
	uint32_t host, count;
	json_t *rows;

	if (place == XN_NONE)
		return NULL;
	host = views->core->vms[place].host;
	count = xn_explain_vm(views->core, place, WHY_NOTES_MAX, notes);
	rows = json_array();
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(rows,
		    json_pack("{s:o, s:o}", "at", xn_view_time(views, notes[i]->at), "text",
			xn_json_name(notes[i]->text)));
	return json_pack("{s:s, s:o, s:o}", "vm", vm, "host",
	    host == XN_NONE ? json_null() : json_string(views->core->topology->hosts[host].name),
	    "notes", rows);
}

/* ---- plans ---- */

static json_t *
step_row(const struct xn_views *views, const struct xn_plan_step *step)
{
	static const char *const states[] = {
	    [XN_STEP_WAITING] = "waiting",
	    [XN_STEP_STARTED] = "started",
	    [XN_STEP_DONE] = "done",
	    [XN_STEP_FAILED] = "failed",
	};
	const struct xn_topology *topology = views->core->topology;
	uint32_t place = xn_inventory_find(views->core, step->uuid);
	json_t *after = json_array();

	for (uint32_t i = 0; i < step->after_count; i++)
		json_array_append_new(after, json_integer(step->after[i]));
	return json_pack("{s:i, s:o, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o}", "step",
	    (int)step->number, "vm",
	    place == XN_NONE ? uuid_text(&step->uuid)
			     : xn_json_name(views->core->vms[place].facts.name),
	    "from",
	    step->from == XN_NONE ? json_null() : json_string(topology->hosts[step->from].name),
	    "to", topology->hosts[step->to].name, "after", after, "reason",
	    xn_json_text(step->reason), "saves_w",
	    step->from == XN_NONE ? json_null() : xn_json_watts(true, step->saves), "state",
	    states[step->state], "started", xn_view_time(views, step->started), "ended",
	    xn_view_time(views, step->ended));
}

static json_t *
outlook(xn_power it, xn_power facility, uint32_t violations)
{
	return json_pack("{s:o, s:o, s:n, s:n, s:i}", "it_w", xn_json_watts(true, it), "facility_w",
	    xn_json_watts(true, facility), "carbon_g_h", "cost_vnd_h", "violation_count",
	    (int)violations);
}

/*
 * What is broken now, named, for a plan that is still to be agreed to. The core keeps of a plan
 * only how many there were.
 */
static json_t *
violations_now(const struct xn_views *views)
{
	json_t *rows = json_array();
	struct xn_outlook now;
	struct xn_fleet fleet;
	struct xn_arena arena;

	xn_arena_map(&arena, (size_t)512 << 20);
	xn_core_fleet(views->core, &arena, &fleet);
	xn_place_outlook(&fleet, views->core->policy, &arena, &now);
	for (uint32_t i = 0; i < now.violation_count; i++) {
		const struct xn_violation *broken = &now.violations[i];
		json_t *about = json_array();

		for (unsigned n = 0; n < broken->about_count; n++)
			json_array_append_new(about, xn_json_name(broken->about[n]));
		json_array_append_new(rows,
		    json_pack("{s:s, s:o, s:o, s:o}", "constraint", broken->constraint, "index",
			broken->index < 0 ? json_null() : json_integer(broken->index), "about",
			about, "why", xn_json_text(broken->why)));
	}
	xn_arena_unmap(&arena);
	return rows;
}

static json_t *
bound_of(const struct xn_plan *plan)
{
	double gap =
	    plan->bound_it.mw > 0 ? (double)plan->after_it.mw / (double)plan->bound_it.mw - 1 : 0;

	return json_pack("{s:o, s:o}", "it_w", xn_json_watts(plan->bound_it.mw > 0, plan->bound_it),
	    "gap", plan->bound_it.mw > 0 ? json_real(gap) : json_null());
}

json_t *
xn_view_plan(const struct xn_views *views, const struct xn_plan *plan)
{
	json_t *moves = json_array();
	json_t *view = plan_in_short(views, plan);

	for (uint32_t i = 0; i < plan->step_count; i++)
		json_array_append_new(moves, step_row(views, &plan->steps[i]));
	json_object_set_new(view, "plan", json_string(plan->id));
	json_object_set_new(view, "seed", json_integer((json_int_t)plan->seed));
	json_object_set_new(view, "policy", xn_json_text(plan->policy));
	json_object_set_new(view, "actor", xn_json_text(plan->actor));
	json_object_set_new(view, "approver", xn_json_text(plan->approver));
	json_object_set_new(view, "approved", xn_view_time(views, plan->approved));
	json_object_set_new(view, "started", xn_view_time(views, plan->started));
	json_object_set_new(view, "ended", xn_view_time(views, plan->ended));
	json_object_set_new(view, "moves", moves);
	json_object_set_new(view, "power", json_array());
	json_object_set_new(view, "deferred", json_array());
	json_object_set_new(view, "before",
	    outlook(plan->before_it, plan->before_facility, plan->violations_before));
	json_object_set_new(
	    view, "after", outlook(plan->after_it, plan->after_facility, plan->violations_after));
	if (views->core->policy != NULL && plan->violations_before > 0 &&
	    (plan->state == XN_PLAN_PROPOSED || plan->state == XN_PLAN_APPROVED))
		json_object_set_new(
		    json_object_get(view, "before"), "violations", violations_now(views));
	json_object_set_new(view, "bound", bound_of(plan));
	json_object_set_new(view, "measured",
	    json_pack("{s:o, s:o}", "before_w",
		xn_json_watts(plan->started.ms != 0, plan->measured_before), "after_w",
		xn_json_watts(plan->measured, plan->measured_after)));
	json_object_set_new(view, "why", xn_json_text(plan->why));
	return view;
}

json_t *
xn_view_plans(const struct xn_views *views)
{
	const struct xn_core *core = views->core;
	json_t *rows = json_array();

	for (uint64_t i = core->next_plan; i > 0 && i + XN_PLANS_MAX > core->next_plan; i--) {
		const struct xn_plan *plan = &core->plans[(i - 1) % XN_PLANS_MAX];

		if (plan->state != XN_PLAN_NONE)
			json_array_append_new(rows, plan_in_short(views, plan));
	}
	return rows;
}
