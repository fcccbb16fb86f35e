#include "policies/energy_plan_parts.h"

#include <stdio.h>
#include <string.h>

/* Names are compared pair by pair. */
#define EVENTS_MAX    4096
#define PUE_MILLI_MAX INT64_C(1000000)

static const struct xn_yaml_key target_keys[] = {{"pue", false}, {"ref", false}, {"cue", false},
    {"wue", false}, {"renewable", false}, {NULL, false}};
static const struct xn_yaml_key pue_keys[] = {{"hours", true}, {"max", true}, {NULL, false}};
static const struct xn_yaml_key bound_keys[] = {
    {"min", false}, {"max", false}, {"over", true}, {"basis", false}, {NULL, false}};
static const struct xn_yaml_key renewable_keys[] = {{"year", true}, {"low", true}, {"high", true},
    {"basis", true}, {"definition", false}, {"evidence", false}, {NULL, false}};
static const struct xn_yaml_key event_keys[] = {{"name", true}, {"from", true}, {"to", true},
    {"grid_max", false}, {"reduce", false}, {"notice", false}, {"baseline", false}, {NULL, false}};

static void
read_pue(struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_targets *targets)
{
	struct xn_plan_week *day = xn_new(in->arena, struct xn_plan_week, 1);
	struct xn_plan_pue *rows;

	if (!xn_yaml_check_list(node, in->problems))
		return;
	rows = xn_new(in->arena, struct xn_plan_pue, node->count + 1u);
	targets->pue = rows;
	XN_YAML_EACH (item, node) {
		struct xn_plan_pue *row = &rows[targets->pue_count++];
		const struct xn_yaml *value;
		int64_t milli;
		int clash;

		if (!xn_yaml_check_map(item, pue_keys, in->problems))
			continue;
		value = xn_yaml_get(item, "hours");
		if (value != NULL &&
		    xn_value_hours(value, in->problems, true, &row->start, &row->end)) {
			/* A day alone: hours that pass midnight come back to the same one. */
			clash = xn_plan_day_take(day, row->start, row->end);
			if (clash >= 0)
				xn_problem_add(in->problems, value->mark, NULL,
				    "'%.64s' overlaps earlier hours at %02d:%02d", value->text,
				    clash / 60, clash % 60);
		}
		value = xn_yaml_get(item, "max");
		if (value == NULL || !xn_value_number(value, in->problems, &milli))
			continue;
		if (milli < 1000)
			xn_problem_add(in->problems, value->mark, NULL,
			    "'%.64s': a PUE is never below 1.0", value->text);
		row->max = milli > PUE_MILLI_MAX ? PUE_MILLI_MAX * 1000 : milli * 1000;
	}
}

/* A value of the metric's own unit, in millionths. */
static bool
read_metric(struct xn_plan_reader *in, enum xn_target_metric metric, const struct xn_yaml *value,
    int64_t *ret_millionths)
{
	xn_ratio share;
	xn_carbon carbon;

	switch (metric) {
	case XN_TARGET_PUE: return false;
	case XN_TARGET_REF:
		if (!xn_value_share(value, in->problems, &share))
			return false;
		*ret_millionths = share.ppm;
		return true;
	case XN_TARGET_CUE:
		if (!xn_value_carbon(value, in->problems, &carbon))
			return false;
		*ret_millionths = carbon.mg;
		return true;
	case XN_TARGET_WUE: return xn_value_water(value, in->problems, ret_millionths);
	}
	return false;
}

static void
read_bound(struct xn_plan_reader *in, const struct xn_yaml *targets_node, const char *key,
    enum xn_target_metric metric, struct xn_plan_targets *targets)
{
	static const char *const overs[] = {"hour", "day", "month", "quarter", "year", NULL};
	const struct xn_yaml *node = xn_yaml_get(targets_node, key);
	struct xn_target *target = &targets->target[metric];
	const struct xn_yaml *min;
	const struct xn_yaml *max;
	const struct xn_yaml *over;
	int choice;

	if (node == NULL || !xn_yaml_check_map(node, bound_keys, in->problems))
		return;
	min = xn_yaml_get(node, "min");
	max = xn_yaml_get(node, "max");
	over = xn_yaml_get(node, "over");
	if (min == NULL && max == NULL && !node->cut)
		xn_problem_add(
		    in->problems, xn_yaml_place(node), NULL, "a target needs 'min' or 'max'");
	if (min != NULL && max != NULL)
		xn_problem_add(
		    in->problems, max->key->mark, NULL, "a target has 'min' or 'max', not both");
	target->is_max = max != NULL;
	target->basis = "";
	if (min != NULL)
		read_metric(in, metric, min, &target->millionths);
	if (max != NULL)
		read_metric(in, metric, max, &target->millionths);
	if (over != NULL && xn_value_choice(over, in->problems, overs, &choice))
		target->over = (enum xn_target_over)choice;
	xn_plan_read_text(in, node, "basis", &target->basis);
	targets->has[metric] = true;
}

static void
read_renewable(
    struct xn_plan_reader *in, const struct xn_yaml *item, struct xn_renewable_target *row)
{
	const struct xn_yaml *value;
	int64_t year;

	row->basis = row->definition = row->evidence = "";
	if (!xn_yaml_check_map(item, renewable_keys, in->problems))
		return;
	if ((value = xn_yaml_get(item, "year")) != NULL &&
	    xn_value_count(value, in->problems, &year)) {
		if (year < 2000 || year > 2200)
			xn_problem_add(
			    in->problems, value->mark, NULL, "'%.64s' is no year", value->text);
		row->year = (int)(year % 10000);
	}
	if ((value = xn_yaml_get(item, "low")) != NULL)
		xn_value_share(value, in->problems, &row->low);
	if ((value = xn_yaml_get(item, "high")) != NULL &&
	    xn_value_share(value, in->problems, &row->high) && row->high.ppm < row->low.ppm)
		xn_problem_add(
		    in->problems, value->mark, NULL, "'%.64s' is below the low end", value->text);
	xn_plan_read_text(in, item, "basis", &row->basis);
	xn_plan_read_text(in, item, "definition", &row->definition);
	xn_plan_read_text(in, item, "evidence", &row->evidence);
}

static void
read_renewables(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_targets *targets)
{
	struct xn_renewable_target *rows;

	if (node->kind == XN_YAML_MAP) {
		xn_plan_read_renewable_file(in, node, targets);
		return;
	}
	if (!xn_yaml_check_list(node, in->problems))
		return;
	rows = xn_new(in->arena, struct xn_renewable_target, node->count + 1u);
	targets->renewable = rows;
	XN_YAML_EACH (item, node)
		read_renewable(in, item, &rows[targets->renewable_count++]);
}

void
xn_plan_read_targets(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_targets *targets)
{
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(node, target_keys, in->problems))
		return;
	if ((value = xn_yaml_get(node, "pue")) != NULL)
		read_pue(in, value, targets);
	read_bound(in, node, "ref", XN_TARGET_REF, targets);
	read_bound(in, node, "cue", XN_TARGET_CUE, targets);
	read_bound(in, node, "wue", XN_TARGET_WUE, targets);
	if ((value = xn_yaml_get(node, "renewable")) != NULL)
		read_renewables(in, value, targets);
}

/* ---- events ---- */

static void
read_event(struct xn_plan_reader *in, const struct xn_yaml *item, xn_power limit,
    struct xn_demand_event *event)
{
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(item, event_keys, in->problems))
		return;
	xn_plan_read_span(in, item, &event->from, &event->to);
	value = xn_yaml_get(item, "grid_max");
	if (value != NULL && xn_value_power(value, in->problems, &event->grid_max)) {
		event->has_grid_max = true;
		if (limit.mw > 0 && event->grid_max.mw > limit.mw)
			xn_problem_add(in->problems, value->mark, NULL,
			    "'%.64s' is above the limit of the grid, %.1f kW", value->text,
			    (double)limit.mw / 1e6);
	}
	if (value == NULL && xn_yaml_get(item, "reduce") == NULL && !item->cut)
		xn_problem_add(
		    in->problems, xn_yaml_place(item), NULL, "required key 'grid_max' is missing");
	if ((value = xn_yaml_get(item, "reduce")) != NULL)
		xn_value_power(value, in->problems, &event->reduce);
	if ((value = xn_yaml_get(item, "notice")) != NULL)
		xn_value_time(value, in->problems, &event->notice);
	xn_plan_read_text(in, item, "baseline", &event->baseline);
}

static void
name_event(struct xn_plan_reader *in, const struct xn_yaml *item,
    const struct xn_demand_event *events, unsigned number, const char **ret_name)
{
	const struct xn_yaml *value = xn_yaml_get(item, "name");

	if (value == NULL || !xn_value_name(value, in->problems, ret_name))
		return;
	for (unsigned i = 0; i < number; i++)
		if (events[i].name != NULL && strcmp(events[i].name, *ret_name) == 0) {
			xn_problem_add(in->problems, value->mark, NULL,
			    "an event '%.64s' is there already", *ret_name);
			return;
		}
}

const struct xn_demand_event *
xn_plan_read_events(
    struct xn_plan_reader *in, const struct xn_yaml *node, xn_power limit, unsigned *ret_count)
{
	struct xn_demand_event *events;

	if (!xn_yaml_check_list(node, in->problems))
		return NULL;
	events = xn_new(in->arena, struct xn_demand_event,
	    node->count < EVENTS_MAX ? node->count + 1u : EVENTS_MAX);
	XN_YAML_EACH (item, node) {
		if (*ret_count == EVENTS_MAX) {
			xn_problem_add(in->problems, item->mark, NULL,
			    "more than %d events in one plan", EVENTS_MAX);
			break;
		}
		events[*ret_count].baseline = "";
		name_event(in, item, events, *ret_count, &events[*ret_count].name);
		read_event(in, item, limit, &events[*ret_count]);
		++*ret_count;
	}
	return events;
}

/* ---- answers ---- */

bool
xn_energy_plan_target(const struct xn_energy_plan *plan, enum xn_target_metric metric,
    xn_instant at, int utc_offset_s, struct xn_target *ret_target)
{
	const struct xn_plan_targets *targets = &plan->targets;
	int minute = xn_plan_minute_of_week(at, utc_offset_s) % XN_DAY_MINUTES;

	if (at.ms < plan->from.ms || at.ms >= plan->to.ms)
		return false;
	if (metric != XN_TARGET_PUE) {
		*ret_target = targets->target[metric];
		return targets->has[metric];
	}
	for (unsigned i = 0; i < targets->pue_count; i++)
		if (xn_plan_within(minute, targets->pue[i].start, targets->pue[i].end)) {
			*ret_target = (struct xn_target){.is_max = true,
			    .millionths = targets->pue[i].max,
			    .over = XN_OVER_HOUR,
			    .basis = plan->basis};
			return true;
		}
	return false;
}

const struct xn_renewable_target *
xn_energy_plan_renewables(const struct xn_energy_plan *plan, unsigned *ret_count)
{
	*ret_count = plan->targets.renewable_count;
	return plan->targets.renewable;
}
