#include "orchestrator/core/alarm.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/core/curve.h"
#include "orchestrator/core/inventory.h"
#include "orchestrator/core/ledger_doubt.h"
#include "orchestrator/core/migrate.h"
#include "orchestrator/core/telemetry.h"

#define EASE_PPM       950000 /* a limit's alarm ends below 95 % of it */
#define INLET_EASE_MK  500
#define INLET_WORSE_MK 5000 /* above the limit it becomes critical */

/* ---- the table ---- */

static struct xn_alarm *
find(struct xn_core *core, const char *key)
{
	for (int a = 0; a < XN_ALARMS_MAX; a++)
		if (core->alarms[a].id != 0 && strcmp(core->alarms[a].key, key) == 0)
			return &core->alarms[a];
	return NULL;
}

const struct xn_alarm *
xn_alarm_find(const struct xn_core *core, const char *key)
{
	for (int a = 0; a < XN_ALARMS_MAX; a++)
		if (core->alarms[a].id != 0 && strcmp(core->alarms[a].key, key) == 0)
			return &core->alarms[a];
	return NULL;
}

static void
tell(const struct xn_alarm *alarm, bool raised, struct xn_actions *actions)
{
	struct xn_action *action = xn_act(actions, XN_ACT_ALARM);

	action->alarm.id = alarm->id;
	action->alarm.raised = raised;
	action->alarm.severity = alarm->severity;
	memcpy(action->alarm.subject, alarm->subject, sizeof(alarm->subject));
	memcpy(action->alarm.text, alarm->text, sizeof(alarm->text));
}

static struct xn_alarm *
add(struct xn_core *core, const char *key, const char *subject)
{
	for (int a = 0; a < XN_ALARMS_MAX; a++) {
		struct xn_alarm *alarm = &core->alarms[a];

		if (alarm->id != 0)
			continue;
		memset(alarm, 0, sizeof(*alarm));
		alarm->id = ++core->next_alarm;
		alarm->raised = core->now;
		snprintf(alarm->key, sizeof(alarm->key), "%s", key);
		snprintf(alarm->subject, sizeof(alarm->subject), "%s", subject);
		return alarm;
	}
	return NULL; /* a site with a thousand alarms gets no help from one more */
}

void
xn_alarm_raise(struct xn_core *core, struct xn_actions *actions, const char *key,
    enum xn_severity severity, const char *subject, const char *format, ...)
{
	struct xn_alarm *alarm = find(core, key);
	bool news = alarm == NULL || alarm->severity != severity;
	va_list args;

	if (alarm == NULL)
		alarm = add(core, key, subject);
	if (alarm == NULL)
		return;
	alarm->touched = true;
	alarm->severity = severity;
	va_start(args, format);
	vsnprintf(alarm->text, sizeof(alarm->text), format, args);
	va_end(args);
	if (news)
		tell(alarm, true, actions);
}

int
xn_alarm_ack(
    struct xn_core *core, uint32_t id, const char *actor, const char *note, struct xn_error *err)
{
	for (int a = 0; a < XN_ALARMS_MAX && id != 0; a++) {
		struct xn_alarm *alarm = &core->alarms[a];

		if (alarm->id != id)
			continue;
		alarm->acked = core->now;
		snprintf(alarm->acked_by, sizeof(alarm->acked_by), "%s", actor);
		snprintf(alarm->note, sizeof(alarm->note), "%s", note);
		for (uint32_t v = 0; v < core->vm_count; v++)
			if (core->vms[v].failures >= XN_MOVE_FAILURES_MAX &&
			    strcmp(alarm->key,
				xn_text(core->scratch, "pinned:%s", core->vms[v].facts.name)) == 0)
				core->vms[v].failures = 0;
		return XN_OK;
	}
	return xn_fail(err, XN_ENOTFOUND, "there is no alarm %u", id);
}

/* A key for what `prefix` says of `name`: shortened from the left when it is too long. */
static const char *
key_of(struct xn_core *core, const char *prefix, const char *name)
{
	size_t room = XN_NAME_SIZE - 1 - strlen(prefix);
	size_t length = strlen(name);

	return xn_text(
	    core->scratch, "%s%s", prefix, length > room ? name + (length - room) : name);
}

/* ---- what is wrong ---- */

static void
sweep_meters(struct xn_core *core, struct xn_actions *actions)
{
	for (uint32_t m = 0; m < core->topology->meter_count; m++) {
		const struct xn_meter *meter = &core->meters[m];
		const char *name = core->topology->meters[m].name;
		const char *slash = strrchr(name, '/');
		const char *device = slash == NULL
		    ? name
		    : xn_text_copy(core->scratch, name, (size_t)(slash - name));
		int64_t age_ms = xn_since(core->now, meter->at).ms;

		if (meter->quality >= XN_QUALITY_ESTIMATED || !core->booted)
			continue;
		if (meter->at.ms == 0) {
			if (xn_since(core->now, core->booted_at).ms > core->topology->lost.ms)
				xn_alarm_raise(core, actions, key_of(core, "stale:", device),
				    XN_SEVERITY_WARNING, device, "%s was never read", name);
			continue;
		}
		if (meter->quality == XN_QUALITY_SUSPECT)
			xn_alarm_raise(core, actions, key_of(core, "suspect:", name),
			    XN_SEVERITY_WARNING, name, "%s says what cannot be", name);
		else
			xn_alarm_raise(core, actions, key_of(core, "stale:", device),
			    age_ms > core->topology->lost.ms ? XN_SEVERITY_CRITICAL
							     : XN_SEVERITY_WARNING,
			    device, "%s was last read %lld s ago", device,
			    (long long)(age_ms / 1000));
	}
}

static void
sweep_feed(struct xn_core *core, struct xn_actions *actions, uint32_t rack, int feed)
{
	const struct xn_topo_rack *what = &core->topology->racks[rack];
	int64_t rating = what->feed_rating[feed].mw;
	int64_t share = what->feed_max_load[feed].ppm > 0 ? what->feed_max_load[feed].ppm : 1000000;
	int64_t limit = rating / 1000 * share / 1000;
	const char *name = xn_text(core->scratch, "%s/%c", what->name, 'A' + feed);
	const char *over = key_of(core, "feed:", name);
	const char *alone = key_of(core, "feed-loss:", name);
	int64_t whole = xn_telemetry_rack(core, rack).mw;
	xn_power load;

	if (rating == 0 || !xn_telemetry_feed(core, rack, feed, &load))
		return;
	if (load.mw > limit ||
	    (load.mw > limit / 1000 * (EASE_PPM / 1000) && find(core, over) != NULL))
		xn_alarm_raise(core, actions, over,
		    load.mw > rating ? XN_SEVERITY_CRITICAL : XN_SEVERITY_WARNING, name,
		    "feed %s carries %lld W, its limit is %lld W", name,
		    (long long)(load.mw / 1000), (long long)(limit / 1000));
	if (whole > rating ||
	    (whole > rating / 1000 * (EASE_PPM / 1000) && find(core, alone) != NULL))
		xn_alarm_raise(core, actions, alone, XN_SEVERITY_WARNING, name,
		    "feed %s would carry %lld of %lld W if the other one failed", name,
		    (long long)(whole / 1000), (long long)(rating / 1000));
}

static void
sweep_inlet(struct xn_core *core, struct xn_actions *actions, uint32_t rack)
{
	const struct xn_topo_rack *what = &core->topology->racks[rack];
	const char *key = key_of(core, "inlet:", what->name);
	int64_t limit = what->inlet_max.mk;
	xn_temperature inlet;

	if (limit == 0 || !xn_telemetry_inlet(core, rack, &inlet) ||
	    inlet.mk <= limit - INLET_EASE_MK)
		return;
	if (find(core, key) != NULL)
		limit -= INLET_EASE_MK;
	if (inlet.mk <= limit)
		return;
	xn_alarm_raise(core, actions, key,
	    inlet.mk > what->inlet_max.mk + INLET_WORSE_MK ? XN_SEVERITY_CRITICAL
							   : XN_SEVERITY_WARNING,
	    what->name, "the inlet of %s is at %lld.%lld degC, its limit is %lld.%lld degC",
	    what->name, (long long)((inlet.mk - XN_KELVIN_ZERO_MK) / 1000),
	    (long long)((inlet.mk - XN_KELVIN_ZERO_MK) % 1000 / 100),
	    (long long)((what->inlet_max.mk - XN_KELVIN_ZERO_MK) / 1000),
	    (long long)((what->inlet_max.mk - XN_KELVIN_ZERO_MK) % 1000 / 100));
}

static void
sweep_vms(struct xn_core *core, struct xn_actions *actions)
{
	for (uint32_t v = 0; v < core->vm_count; v++) {
		const struct xn_vm *vm = &core->vms[v];
		const char *name = vm->facts.name;

		if (vm->known && vm->split)
			xn_alarm_raise(core, actions, key_of(core, "split:", name),
			    XN_SEVERITY_CRITICAL, name, "%s runs on two hosts", name);
		if (vm->known && vm->failures >= XN_MOVE_FAILURES_MAX)
			xn_alarm_raise(core, actions, key_of(core, "pinned:", name),
			    XN_SEVERITY_WARNING, name,
			    "%s failed to move %u times and stays until this is acknowledged", name,
			    vm->failures);
	}
	for (uint32_t m = 0; m < XN_MOVES_MAX; m++) {
		const struct xn_move *move = &core->moves[m];
		const char *name;

		if (move->phase == XN_MOVE_NONE || !move->is_overdue)
			continue;
		name = core->vms[move->vm].facts.name;
		xn_alarm_raise(core, actions, key_of(core, "move:", name), XN_SEVERITY_CRITICAL,
		    name, "the move of %s %s -> %s has no known outcome; both hosts must answer",
		    name, core->topology->hosts[move->from].name,
		    core->topology->hosts[move->to].name);
	}
}

static void
sweep_doubt(struct xn_core *core, struct xn_actions *actions)
{
	const struct xn_doubt *doubt = &core->doubt;
	const struct xn_topo_meter *meters = core->topology->meters;
	int64_t size = doubt->unexplained.mj < 0 ? -doubt->unexplained.mj : doubt->unexplained.mj;

	if (doubt->intervals < XN_DOUBT_INTERVALS || doubt->suspects[0] == XN_NONE)
		return;
	xn_alarm_raise(core, actions, "unexplained", XN_SEVERITY_WARNING, core->topology->site,
	    "%lld Wh of %lld Wh are unexplained in the last interval (%s); the meters' classes "
	    "allow %lld Wh; look at %s%s%s",
	    (long long)(size / XN_WH_MJ), (long long)(doubt->sources.mj / XN_WH_MJ),
	    doubt->unexplained.mj > 0 ? "given but not drawn" : "drawn but not given",
	    (long long)(doubt->limit.mj / XN_WH_MJ), meters[doubt->suspects[0]].name,
	    doubt->suspects[1] == XN_NONE ? "" : ", ",
	    doubt->suspects[1] == XN_NONE ? "" : meters[doubt->suspects[1]].name);
}

static void
sweep_host(struct xn_core *core, struct xn_actions *actions, uint32_t host)
{
	const struct xn_host *row = &core->hosts[host];
	const char *name = core->topology->hosts[host].name;

	if (!row->up && row->down_since.ms != 0 &&
	    xn_since(core->now, row->down_since).ms > core->topology->fresh.ms)
		xn_alarm_raise(core, actions, key_of(core, "host:", name), XN_SEVERITY_WARNING,
		    name, "%s does not answer; its VMs are left as they are", name);
	if (xn_curve_drifts(row, core->now))
		xn_alarm_raise(core, actions, key_of(core, "curve:", name), XN_SEVERITY_WARNING,
		    name,
		    "%s has drawn %lld W %s than before at the same CPU use for an hour: check "
		    "what is on its outlets, its fans, and new cards or memory",
		    name,
		    (long long)((row->strange.mw < 0 ? -row->strange.mw : row->strange.mw) / 1000),
		    row->strange.mw < 0 ? "less" : "more");
}

static void
sweep_site(struct xn_core *core, struct xn_actions *actions)
{
	if (core->storage_full)
		xn_alarm_raise(core, actions, "disk", XN_SEVERITY_CRITICAL, core->topology->site,
		    "the disk is full: nothing is moved");
	sweep_doubt(core, actions);
	if (core->vms_refused > 0)
		xn_alarm_raise(core, actions, "vms", XN_SEVERITY_CRITICAL, core->topology->site,
		    "there are more VMs than the %u this site was set up for", core->vm_capacity);
	for (uint32_t h = 0; h < core->topology->host_count; h++)
		sweep_host(core, actions, h);
}

void
xn_alarm_sweep(struct xn_core *core, struct xn_actions *actions)
{
	for (int a = 0; a < XN_ALARMS_MAX; a++)
		core->alarms[a].touched = false;
	sweep_meters(core, actions);
	for (uint32_t r = 0; r < core->topology->rack_count; r++) {
		sweep_feed(core, actions, r, 0);
		sweep_feed(core, actions, r, 1);
		sweep_inlet(core, actions, r);
	}
	sweep_vms(core, actions);
	sweep_site(core, actions);
	for (int a = 0; a < XN_ALARMS_MAX; a++) {
		if (core->alarms[a].id == 0 || core->alarms[a].touched)
			continue;
		tell(&core->alarms[a], false, actions);
		core->alarms[a].id = 0;
	}
}
