#include "orchestrator/cli/metric_case.h"

#include "common/value.h"

#define HOUR_MS 3600000.0

static const struct xn_schedule *
read_schedule(const struct metric_case *one)
{
	const struct xn_yaml *node = xn_yaml_get(one->node, "schedule");
	const struct xn_schedule *schedule;

	if (!xn_yaml_check_scalar(node, one->problems))
		return NULL;
	schedule = xn_library_schedule(one->library, node->text);
	if (schedule == NULL)
		xn_problem_add(one->problems, node->mark, NULL,
		    "'%.64s' is no schedule in the library", node->text);
	return schedule;
}

static bool
read_instant(const struct metric_case *one, const char *key, xn_instant *ret_instant)
{
	const struct xn_yaml *node = xn_yaml_get(one->node, key);

	if (node != NULL)
		return xn_value_instant(node, one->problems, ret_instant);
	xn_problem_add(
	    one->problems, one->node->mark, NULL, "a case with a schedule needs '%s'", key);
	return false;
}

/* The mean power: given, or as energy that was spread evenly. */
static bool
read_power(const struct metric_case *one, double hours, double *ret_kw)
{
	const struct xn_yaml *power = xn_yaml_get(one->node, "power_kw");
	const struct xn_yaml *energy = xn_yaml_get(one->node, "energy_kwh");
	struct xn_decimal number;

	if (power == NULL && energy == NULL) {
		xn_problem_add(one->problems, one->node->mark, NULL,
		    "a case with a schedule needs 'power_kw' or 'energy_kwh'");
		return false;
	}
	if (!xn_metric_number(one, power != NULL ? power : energy, &number))
		return false;
	*ret_kw = power != NULL ? number.value : number.value / hours;
	return true;
}

json_t *
xn_metric_tou(const struct metric_case *one)
{
	const struct xn_schedule *schedule = read_schedule(one);
	xn_duration spans[XN_BAND_OFFPEAK + 1];
	double kw = 0;
	xn_instant from;
	xn_instant to;

	if (!read_instant(one, "start", &from) || !read_instant(one, "end", &to) ||
	    schedule == NULL)
		return NULL;
	if (to.ms <= from.ms) {
		xn_problem_add(one->problems, xn_yaml_get(one->node, "end")->mark, NULL,
		    "the end is not after the start");
		return NULL;
	}
	if (!read_power(one, (double)(to.ms - from.ms) / HOUR_MS, &kw))
		return NULL;
	xn_schedule_split(schedule, one->library->offset, from, to, spans);
	return json_pack("{s:f, s:f, s:f}", "peak", kw * (double)spans[XN_BAND_PEAK].ms / HOUR_MS,
	    "normal", kw * (double)spans[XN_BAND_NORMAL].ms / HOUR_MS, "offpeak",
	    kw * (double)spans[XN_BAND_OFFPEAK].ms / HOUR_MS);
}
