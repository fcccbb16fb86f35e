/* Views of what is measured: alarms, meters, devices; and the metrics text. */
#include "orchestrator/shell/views.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *
xn_view_alarms(const struct xn_views *views)
{
	static const char *const severities[] = {
	    [XN_SEVERITY_INFO] = "info",
	    [XN_SEVERITY_WARNING] = "warning",
	    [XN_SEVERITY_CRITICAL] = "critical",
	};
	json_t *rows = json_array();

	/* Newest first: ids rise. */
	for (uint32_t below = UINT32_MAX; below > 0;) {
		const struct xn_alarm *next = NULL;

		for (uint32_t i = 0; i < XN_ALARMS_MAX; i++) {
			const struct xn_alarm *alarm = &views->core->alarms[i];

			if (alarm->id != 0 && alarm->id < below &&
			    (next == NULL || alarm->id > next->id))
				next = alarm;
		}
		if (next == NULL)
			break;
		below = next->id;
		json_array_append_new(rows,
		    json_pack("{s:i, s:o, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "id",
			(int)next->id, "key", xn_json_name(next->key), "severity",
			severities[next->severity], "subject", xn_json_name(next->subject), "text",
			xn_json_name(next->text), "raised", xn_view_time(views, next->raised),
			"acked", (int)(next->acked.ms != 0), "acked_at",
			xn_view_time(views, next->acked), "acked_by", xn_json_text(next->acked_by),
			"note", xn_json_text(next->note)));
	}
	return rows;
}

json_t *
xn_view_meters(const struct xn_views *views)
{
	const struct xn_topology *topology = views->core->topology;
	json_t *rows = json_array();

	for (uint32_t i = 0; i < topology->meter_count; i++) {
		const struct xn_topo_meter *what = &topology->meters[i];
		const struct xn_meter *meter = &views->core->meters[i];
		bool inlet = what->role == XN_METER_INLET;
		bool known = meter->at.ms != 0;

		json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "name",
			what->name, "role", xn_role_word(what->role), "rack",
			what->rack == XN_NONE ? json_null()
					      : json_string(topology->racks[what->rack].name),
			"host",
			what->host == XN_NONE ? json_null()
					      : json_string(topology->hosts[what->host].name),
			"feed",
			what->feed < 0 ? json_null() : json_string(what->feed == 0 ? "A" : "B"),
			"power_w", xn_json_watts(!inlet && known && meter->has_power, meter->power),
			"temperature_c",
			inlet && known
			    ? json_real((double)(meter->temperature.mk - XN_KELVIN_ZERO_MK) / 1000)
			    : json_null(),
			"quality", xn_quality_word(xn_view_quality(views, i)), "at",
			xn_view_time(views, meter->at), "register_wh",
			meter->has_energy
			    ? json_real((double)meter->booking.base.value / (double)XN_WH_MJ)
			    : json_null(),
			"booked_wh",
			inlet ? json_null()
			      : json_real((double)meter->booked.mj / (double)XN_WH_MJ)));
	}
	return rows;
}

/* ---- devices: every point as its agent said it last ---- */

static json_t *
point_row(const struct xn_views *views, const struct xn_slot *slot)
{
	bool known = slot->at.ms != 0 && slot->sample.quality != XN_QUALITY_ABSENT;

	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "name", slot->point, "class",
	    xn_class_word(slot->class_), "value",
	    known ? json_real((double)slot->sample.milli / 1000) : json_null(), "unit",
	    xn_class_unit(slot->class_), "quality", xn_quality_word(slot->sample.quality), "at",
	    xn_view_time(views, slot->at));
}

static json_t *
device_row(const struct xn_views *views, uint32_t device, const struct xn_agent *agent)
{
	const struct xn_site_device *what = &views->map->site->devices[device];
	json_t *points = json_array();

	for (uint32_t i = 0; agent != NULL && i < agent->slot_count; i++)
		if (agent->slots[i].device == device)
			json_array_append_new(points, point_row(views, &agent->slots[i]));
	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:o, s:i, s:o}", "name", what->name, "profile",
	    what->profile, "agent", what->agent, "rack",
	    what->rack == XN_NONE ? json_null()
				  : json_string(views->map->site->racks[what->rack].name),
	    "enabled", (int)what->enabled, "agent_heard",
	    agent == NULL ? json_null() : xn_view_time(views, agent->heard), "refused_frames",
	    agent == NULL ? 0 : (int)agent->refused, "points", points);
}

json_t *
xn_view_devices(const struct xn_views *views)
{
	uint32_t agent_count;
	const struct xn_agent *agents = xn_intake_agents(views->intake, &agent_count);
	json_t *rows = json_array();

	for (uint32_t i = 0; i < views->map->site->device_count; i++) {
		const struct xn_agent *agent = NULL;

		for (uint32_t a = 0; a < agent_count; a++)
			if (strcmp(agents[a].name, views->map->site->devices[i].agent) == 0)
				agent = &agents[a];
		json_array_append_new(rows, device_row(views, i, agent));
	}
	return rows;
}

/* ---- OpenMetrics ---- */

static void __attribute__((format(printf, 2, 3))) line(FILE *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	fputc('\n', out);
}

/* A label's value, with what OpenMetrics wants escaped. */
static const char *
label(char *buffer, size_t size, const char *text)
{
	size_t used = 0;

	for (; *text != '\0' && used + 3 < size; text++) {
		if (*text == '\\' || *text == '"')
			buffer[used++] = '\\';
		buffer[used++] = *text == '\n' ? ' ' : *text;
	}
	buffer[used] = '\0';
	return buffer;
}

static void
meter_metrics(const struct xn_views *views, FILE *out)
{
	const struct xn_topology *topology = views->core->topology;

	line(out, "# TYPE xanh_power_watts gauge\n# UNIT xanh_power_watts watts");
	for (uint32_t i = 0; i < topology->meter_count; i++)
		if (topology->meters[i].role != XN_METER_INLET &&
		    views->core->meters[i].has_power &&
		    xn_view_quality(views, i) >= XN_QUALITY_ESTIMATED)
			line(out, "xanh_power_watts{meter=\"%s\",role=\"%s\"} %.3f",
			    topology->meters[i].name, xn_role_word(topology->meters[i].role),
			    (double)views->core->meters[i].power.mw / 1000);
	line(out, "# TYPE xanh_energy_joules counter\n# UNIT xanh_energy_joules joules");
	for (uint32_t i = 0; i < topology->meter_count; i++)
		if (topology->meters[i].role != XN_METER_INLET)
			line(out, "xanh_energy_joules_total{meter=\"%s\",role=\"%s\"} %.3f",
			    topology->meters[i].name, xn_role_word(topology->meters[i].role),
			    (double)views->core->meters[i].booked.mj / 1000);
	line(out, "# TYPE xanh_temperature_celsius gauge\n# UNIT xanh_temperature_celsius celsius");
	for (uint32_t i = 0; i < topology->meter_count; i++)
		if (topology->meters[i].role == XN_METER_INLET &&
		    xn_view_quality(views, i) >= XN_QUALITY_ESTIMATED)
			line(out, "xanh_temperature_celsius{meter=\"%s\"} %.3f",
			    topology->meters[i].name,
			    (double)(views->core->meters[i].temperature.mk - XN_KELVIN_ZERO_MK) /
				1000);
	line(out,
	    "# TYPE xanh_meter_sample_age_seconds gauge\n"
	    "# UNIT xanh_meter_sample_age_seconds seconds");
	for (uint32_t i = 0; i < topology->meter_count; i++)
		if (views->core->meters[i].at.ms != 0)
			line(out, "xanh_meter_sample_age_seconds{meter=\"%s\"} %.3f",
			    topology->meters[i].name,
			    (double)(views->now.ms - views->core->meters[i].at.ms) / 1000);
}

static void
vm_metrics(const struct xn_views *views, FILE *out)
{
	char name[2 * XN_NAME_SIZE], tenant[2 * XN_NAME_SIZE];

	line(out, "# TYPE xanh_vm_energy_joules counter\n# UNIT xanh_vm_energy_joules joules");
	for (uint32_t i = 0; i < views->core->vm_count; i++) {
		const struct xn_vm *vm = &views->core->vms[i];

		if (vm->known)
			line(out, "xanh_vm_energy_joules_total{vm=\"%s\",tenant=\"%s\"} %.3f",
			    label(name, sizeof(name), vm->facts.name),
			    label(tenant, sizeof(tenant), vm->facts.agency),
			    (double)vm->energy.mj / 1000);
	}
}

static void
agent_metrics(const struct xn_views *views, FILE *out)
{
	uint32_t count;
	const struct xn_agent *agents = xn_intake_agents(views->intake, &count);

	line(out, "# TYPE xanh_agent_frames counter");
	for (uint32_t i = 0; i < count; i++) {
		line(out, "xanh_agent_frames_total{agent=\"%s\",outcome=\"taken\"} %llu",
		    agents[i].name, (unsigned long long)agents[i].frames);
		line(out, "xanh_agent_frames_total{agent=\"%s\",outcome=\"repeated\"} %llu",
		    agents[i].name, (unsigned long long)agents[i].repeated);
		line(out, "xanh_agent_frames_total{agent=\"%s\",outcome=\"refused\"} %llu",
		    agents[i].name, (unsigned long long)agents[i].refused);
	}
}

char *
xn_view_metrics(const struct xn_views *views)
{
	const struct xn_core *core = views->core;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int alarms = 0;

	if (out == NULL)
		abort();
	line(out, "# TYPE xanh_build info\nxanh_build_info{version=\"%s\"} 1", XN_VERSION);
	meter_metrics(views, out);
	vm_metrics(views, out);
	agent_metrics(views, out);
	for (uint32_t i = 0; i < XN_ALARMS_MAX; i++)
		alarms += core->alarms[i].id != 0;
	line(out, "# TYPE xanh_alarms gauge\nxanh_alarms %d", alarms);
	line(out, "# TYPE xanh_hold gauge\nxanh_hold %d", xn_core_hold(core, XN_NONE) != NULL);
	line(out, "# EOF");
	fclose(out);
	return text;
}
