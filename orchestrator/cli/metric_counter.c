/* Counters: cases whose readings are booked by the meters' own algorithm (core/meter.h). */
#include <stdio.h>
#include <string.h>

#include "orchestrator/cli/metric_case.h"
#include "orchestrator/core/meter.h"

/* A case's time begins at some instant after the epoch, which stands for "never". */
#define BEGIN_MS  INT64_C(1000000000)
/* A step over more than half an hour is spread over several intervals of the ledger. */
#define SAMPLE_MS (30 * 60 * 1000 / 3)
/* A register that steps by more loses single kWh. */
#define STEP_MAX  1.0

struct counter {
	const struct metric_case *one;
	struct xn_meter_rules rules;
	struct xn_meter_state state;
	const struct xn_meter_reading *reading; /* that is being taken */
	int64_t unit_mj;                        /* of readings */
	const char *unit;                       /* "kwh", "wh": the field of a piece */
	json_t *pieces;
	xn_instant end; /* of the last piece */
	int64_t piece_mj, total_mj;
	int64_t missing_ms;
	uint32_t waiting; /* events told, whose piece is still to come */
	const char *flag;
};

/* ---- fields ---- */

static bool
read_scaled(
    const struct metric_case *one, const struct xn_yaml *node, int64_t unit, int64_t *ret_value)
{
	struct xn_decimal number;

	if (!xn_metric_number(one, node, &number))
		return false;
	if (xn_decimal_scale(&number, unit, ret_value))
		return true;
	xn_problem_add(one->problems, node->mark, NULL, "'%.64s' is too large", node->text);
	return false;
}

static bool
read_field(const struct metric_case *one, const char *key, int64_t unit, int64_t *ret_value)
{
	const struct xn_yaml *node = xn_yaml_get(one->node, key);

	return node == NULL || read_scaled(one, node, unit, ret_value);
}

static bool
read_unit(struct counter *in)
{
	static const struct {
		const char *word, *field;
		int64_t mj;
	} units[] = {{"kWh", "kwh", 1000 * XN_WH_MJ}, {"Wh", "wh", XN_WH_MJ},
	    {"MWh", "mwh", 1000000 * XN_WH_MJ}};
	const struct xn_yaml *node = xn_yaml_get(in->one->node, "unit");

	if (node != NULL && !xn_yaml_check_scalar(node, in->one->problems))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (node == NULL || strcmp(node->text, units[i].word) == 0) {
			in->unit_mj = units[i].mj;
			in->unit = units[i].field;
			return true;
		}
	xn_problem_add(in->one->problems, node->mark, "Wh, kWh or MWh",
	    "'%.64s' is no unit of a counter", node->text);
	return false;
}

static bool
read_rules(struct counter *in)
{
	int64_t modulus = 0;
	int64_t hold_ms = 3 * SAMPLE_MS;

	if (!read_unit(in) || !read_field(in->one, "p_max_kw", 1000000, &in->rules.max.mw) ||
	    !read_field(in->one, "modulus", in->unit_mj, &modulus) ||
	    !read_field(in->one, "max_hold_s", 1000, &hold_ms))
		return false;
	in->rules.modulus = modulus;
	in->rules.sample.ms = hold_ms / 3;
	return true;
}

/* [seconds, value]; a value of nan or null is none. */
static bool
read_pair(const struct counter *in, const struct xn_yaml *pair, int64_t unit, xn_instant *ret_at,
    int64_t *ret_value, bool *is_there)
{
	const struct xn_yaml *value;
	int64_t at;

	if (!xn_yaml_check_list(pair, in->one->problems))
		return false;
	if (pair->count != 2) {
		xn_problem_add(in->one->problems, pair->mark, "write it like [900, 1012.5]",
		    "a reading is its second and its value");
		return false;
	}
	value = pair->first->next;
	if (!read_scaled(in->one, pair->first, 1000, &at))
		return false;
	ret_at->ms = BEGIN_MS + at;
	*is_there = value->kind != XN_YAML_SCALAR ||
	    (strcmp(value->text, "nan") != 0 && strcmp(value->text, "null") != 0);
	return !*is_there || read_scaled(in->one, value, unit, ret_value);
}

/* ---- what was booked ---- */

static double
in_unit(const struct counter *in, int64_t mj)
{
	return (double)mj / (double)in->unit_mj;
}

/* What happened, as the case's flag: the graver of what was told. */
static void
flag_events(struct counter *in, uint32_t events)
{
	if (events & XN_METER_RESET)
		in->flag = "reset";
	else if (events & XN_METER_REPLACED)
		in->flag = "replaced";
	else if (events & XN_METER_ROLLOVER)
		in->flag = "rollover";
	else if (events & (XN_METER_GLITCH | XN_METER_MISSING) && in->reading != NULL &&
	    in->flag == NULL)
		in->flag = in->reading->counted > in->state.base.value ? "spike_ignored"
								       : "glitch_ignored";
}

static void
add_words(json_t *object, const struct xn_meter_piece *piece, uint32_t events)
{
	const char *quality = "measured";

	if (piece->grade == XN_GRADE_ESTIMATED)
		quality = events & (XN_METER_RESET | XN_METER_REPLACED) ? "estimated_lower_bound"
									: "estimated";
	json_object_set_new(object, "quality", json_string(quality));
	if (piece->grade == XN_GRADE_INTERPOLATED)
		json_object_set_new(object, "distribution", json_string("interpolated"));
	if (events & XN_METER_ROLLOVER)
		json_object_set_new(object, "flag", json_string("rollover"));
	if (events & XN_METER_RESET)
		json_object_set_new(object, "flag", json_string("reset"));
	if (events & XN_METER_REPLACED)
		json_object_set_new(object, "flag", json_string("replaced"));
}

static void
take_piece(void *context, const struct xn_meter_piece *piece)
{
	struct counter *in = context;
	json_t *object;

	flag_events(in, piece->events);
	if (piece->end.ms <= piece->start.ms) {
		in->waiting |= piece->events;
		return;
	}
	if (piece->grade == XN_GRADE_NONE) {
		in->missing_ms += piece->end.ms - piece->start.ms;
		return;
	}
	in->total_mj += piece->energy.mj;
	/* Parts of one step of the register are one. */
	if (piece->end.ms == in->end.ms) {
		object = json_array_get(in->pieces, json_array_size(in->pieces) - 1);
		in->piece_mj += piece->energy.mj;
	} else {
		object = json_object();
		json_array_append_new(in->pieces, object);
		add_words(object, piece, in->waiting | piece->events);
		in->piece_mj = piece->energy.mj;
		in->waiting = 0;
		in->end = piece->end;
	}
	json_object_set_new(object, in->unit, json_real(in_unit(in, in->piece_mj)));
}

static void
take_reading(struct counter *in, const struct xn_yaml *pair, bool is_power)
{
	struct xn_meter_reading reading = {0};
	int64_t value = 0;
	bool is_there;

	if (!read_pair(in, pair, is_power ? 1000000 : in->unit_mj, &reading.at, &value, &is_there))
		return;
	reading.has_power = is_power && is_there;
	reading.has_register = !is_power && is_there;
	reading.power.mw = is_power ? value : 0;
	reading.counted = is_power ? 0 : value;
	reading.events = is_there ? 0 : XN_METER_MISSING;
	in->reading = &reading;
	xn_meter_book(&in->state, &in->rules, &reading, take_piece, in);
	in->reading = NULL;
}

/* ---- the case ---- */

/* Whether a register's step still counts single kWh. */
static json_t *
check_step(const struct metric_case *one)
{
	struct xn_decimal step;

	if (!xn_metric_number(one, xn_yaml_get(one->node, "ulp_kwh"), &step))
		return NULL;
	return json_pack("{s:s}", "config", step.value > STEP_MAX ? "config_warning" : "ok");
}

json_t *
xn_metric_counter(const struct metric_case *one)
{
	const struct xn_yaml *readings = xn_yaml_get(one->node, "readings");
	const struct xn_yaml *power = xn_yaml_get(one->node, "power_kw");
	const struct xn_yaml *list = readings != NULL ? readings : power;
	struct counter in = {.one = one};
	char total[16];
	json_t *answer;

	if (list == NULL)
		return check_step(one);
	if (!read_rules(&in) || !xn_yaml_check_list(list, one->problems))
		return NULL;
	in.pieces = json_array();
	XN_YAML_EACH (pair, list)
		take_reading(&in, pair, readings == NULL);
	xn_meter_finish(&in.state, &in.rules, take_piece, &in);
	answer = json_pack("{s:o, s:f, s:f, s:s?}", "pieces", in.pieces, in.unit,
	    in_unit(&in, in.total_mj), "missing_s", (double)in.missing_ms / 1000, "flag", in.flag);
	snprintf(total, sizeof(total), "total_%s", in.unit);
	json_object_set_new(answer, total, json_real(in_unit(&in, in.total_mj)));
	return answer;
}
