#include "drivers/modbus_points.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
xn_modbus_points_begin(struct xn_modbus_points *points, struct xn_modbus_plan *plan)
{
	*points = (struct xn_modbus_points){.plan = plan};
	points->rows = calloc(XN_LAYOUT_POINTS_MAX, sizeof(points->rows[0]));
	return points->rows != NULL;
}

void
xn_modbus_points_end(struct xn_modbus_points *points)
{
	free(points->rows);
	points->rows = NULL;
}

/* NULL when there is no room. */
static struct xn_modbus_candidate *
add(struct xn_modbus_points *points)
{
	if (points->count == XN_LAYOUT_POINTS_MAX)
		return NULL;
	points->rows[points->count].read = (struct xn_modbus_read){.value = XN_MODBUS_NO_WANT,
	    .valid = XN_MODBUS_NO_WANT,
	    .scale = XN_MODBUS_NO_WANT,
	    .span = XN_MODBUS_NO_WANT};
	return &points->rows[points->count++];
}

/* ---- of a profile ---- */

static enum xn_modbus_space
space_of(const struct xn_modbus_register *at, bool flipped)
{
	if (flipped && at->space == XN_MODBUS_HOLDING)
		return XN_MODBUS_INPUT;
	if (flipped && at->space == XN_MODBUS_INPUT)
		return XN_MODBUS_HOLDING;
	return at->space;
}

static int
want(struct xn_modbus_points *points, const struct xn_modbus_register *at, bool flipped)
{
	return xn_modbus_plan_add(
	    points->plan, space_of(at, flipped), at->address, xn_modbus_register_width(at));
}

static void
add_point(struct xn_modbus_points *points, const struct xn_point_spec *spec, bool flipped)
{
	const struct xn_modbus_source *source = spec->registers;
	struct xn_modbus_candidate *row = add(points);

	if (row == NULL)
		return;
	snprintf(row->name, sizeof(row->name), "%s", spec->name);
	row->rule = &spec->rule;
	row->optional = spec->optional;
	row->space = space_of(&source->at, flipped);
	row->address = source->at.address;
	row->read.source = source;
	row->read.value = want(points, &source->at, flipped);
	if (source->valid != NULL)
		row->read.valid = want(points, &source->valid->at, flipped);
	if (source->scale != NULL)
		row->read.scale = want(points, source->scale, flipped);
	if (source->span != NULL)
		row->read.span = want(points, source->span, flipped);
}

void
xn_modbus_points_of_profile(
    struct xn_modbus_points *points, const struct xn_profile *profile, bool flipped)
{
	for (unsigned i = 0; i < profile->point_count; i++) {
		if (profile->points[i].from == XN_FROM_REGISTER)
			add_point(points, &profile->points[i], flipped);
	}
}

/* ---- of SunSpec ---- */

/* The name of a point of the n-th group. */
static void
name_instance(const char *name, unsigned n, char ret_name[XN_POINT_NAME_SIZE])
{
	const char *hole = strstr(name, "{n}");

	if (hole == NULL)
		snprintf(ret_name, XN_POINT_NAME_SIZE, "%s", name);
	else
		snprintf(ret_name, XN_POINT_NAME_SIZE, "%.*s%u%s", (int)(hole - name), name, n,
		    hole + 3);
}

static void
add_instance(struct xn_modbus_points *points, const struct xn_sunspec_model *model,
    const struct xn_sunspec_point *point, uint16_t address, unsigned instance)
{
	unsigned at = address + instance * model->stride;
	bool repeated = model->stride > 0 && point->scale >= model->group;
	struct xn_modbus_candidate *row = add(points);

	if (row == NULL)
		return;
	name_instance(point->name, instance + 1, row->name);
	row->space = XN_MODBUS_HOLDING;
	row->address = (uint16_t)(at + point->offset);
	row->read.sunspec = point;
	row->read.value = xn_modbus_plan_add(
	    points->plan, XN_MODBUS_HOLDING, row->address, xn_sunspec_width(point));
	if (point->scale != 0)
		row->read.scale = xn_modbus_plan_add(points->plan, XN_MODBUS_HOLDING,
		    (uint16_t)((repeated ? at : address) + point->scale), 1);
}

void
xn_modbus_points_of_model(
    struct xn_modbus_points *points, uint16_t id, uint16_t address, uint16_t length)
{
	const struct xn_sunspec_model *model = xn_sunspec_model(id);

	assert(address + 2u + length <= 65536);
	if (points->head_count < XN_SUNSPEC_MODELS_MAX)
		points->heads[points->head_count++] = (struct xn_modbus_head){
		    .want = xn_modbus_plan_add(points->plan, XN_MODBUS_HOLDING, address, 2),
		    .model = id,
		    .length = length};
	for (unsigned i = 0; model != NULL && i < model->count; i++) {
		unsigned instances = xn_sunspec_instances(model, &model->points[i], length);

		for (unsigned n = 0; n < instances; n++)
			add_instance(points, model, &model->points[i], address, n);
	}
}

/* ---- the layout ---- */

/* The number of a register the point needs besides its own. */
static struct xn_raw
companion(const struct xn_modbus_plan *plan, const struct xn_modbus_register *at, int number)
{
	uint16_t registers[4];
	const char *why = xn_modbus_plan_value(plan, number, registers);

	return why == NULL ? xn_modbus_register_number(at, registers) : (struct xn_raw){.why = why};
}

/* Whether the device says that it measures something else there. */
static bool
is_other(const struct xn_modbus_points *points, const struct xn_modbus_read *read)
{
	struct xn_raw code;

	if (read->span == XN_MODBUS_NO_WANT)
		return false;
	code = companion(points->plan, read->source->span, read->span);
	return code.kind != XN_RAW_NONE && xn_modbus_span_of(read->source, code) == NULL;
}

/* Whether a candidate is to be left out of the layout. */
static bool
is_left_out(const struct xn_modbus_points *points, const struct xn_modbus_candidate *row,
    const struct xn_layout *layout)
{
	if (row->read.sunspec != NULL)
		return false;
	return (row->optional &&
		   (xn_modbus_plan_refused(points->plan, row->read.value) ||
		       is_other(points, &row->read))) ||
	    xn_layout_find(layout, row->name) >= 0;
}

static bool
add_reading(struct xn_layout *layout, const struct xn_modbus_candidate *row)
{
	const struct xn_rule *rule = row->rule;
	char source[32];

	if (row->read.sunspec != NULL) {
		struct xn_rule *own = xn_new(&layout->arena, struct xn_rule, 1);

		xn_sunspec_rule(row->read.sunspec, own);
		rule = own;
	}
	snprintf(source, sizeof(source), "%s:%u", xn_modbus_space_word(row->space), row->address);
	return xn_layout_add(layout, row->name, source, rule, false) >= 0;
}

/* Other wants than those of the readings need not be read; layouts with other wants differ. */
static void
settle(const struct xn_modbus_points *points, struct xn_layout *layout,
    const struct xn_modbus_reads *reads)
{
	bool kept[XN_MODBUS_WANTS_MAX] = {false};

	for (unsigned i = 0; i < reads->count; i++) {
		const struct xn_modbus_read *read = &reads->points[i];
		int wants[] = {read->value, read->valid, read->scale, read->span};

		for (size_t k = 0; k < sizeof(wants) / sizeof(wants[0]); k++) {
			if (wants[k] >= 0)
				kept[wants[k]] = true;
		}
		xn_layout_mix(layout, wants, sizeof(wants));
	}
	for (unsigned i = 0; i < reads->head_count; i++) {
		if (reads->heads[i].want >= 0)
			kept[reads->heads[i].want] = true;
		xn_layout_mix(layout, &reads->heads[i], sizeof(reads->heads[i]));
	}
	xn_modbus_plan_keep(points->plan, kept);
}

struct xn_layout *
xn_modbus_points_lay_out(const struct xn_modbus_points *points, const struct xn_profile *profile)
{
	struct xn_layout *layout = xn_layout_new();
	struct xn_modbus_reads *reads;
	struct xn_modbus_read *rows;
	struct xn_modbus_head *heads;

	if (layout == NULL)
		return NULL;
	reads = xn_new(&layout->arena, struct xn_modbus_reads, 1);
	rows = xn_new(&layout->arena, struct xn_modbus_read, points->count + 1);
	heads = xn_new(&layout->arena, struct xn_modbus_head, points->head_count + 1);
	for (unsigned i = 0; i < points->count; i++) {
		const struct xn_modbus_candidate *row = &points->rows[i];

		if (!is_left_out(points, row, layout) && add_reading(layout, row))
			rows[reads->count++] = row->read;
	}
	memcpy(heads, points->heads, points->head_count * sizeof(heads[0]));
	reads->points = rows;
	reads->heads = heads;
	reads->head_count = points->head_count;
	settle(points, layout, reads);
	layout->reads = reads;
	xn_layout_add_sums(layout, profile);
	return layout;
}

/* ---- readings ---- */

/* NULL, or why the device does not vouch for the value. */
static const char *
is_valid(const struct xn_modbus_plan *plan, const struct xn_modbus_read *read)
{
	uint16_t registers[4];
	const char *why;

	if (read->valid == XN_MODBUS_NO_WANT)
		return NULL;
	why = xn_modbus_plan_value(plan, read->valid, registers);
	if (why == NULL && !xn_modbus_marker_holds(read->source->valid, registers))
		why = "the device says it is not valid";
	return why;
}

static void
take_register(const struct xn_modbus_plan *plan, const struct xn_modbus_read *read,
    const uint16_t *registers, const struct xn_rule *rule, struct xn_reading *reading)
{
	const struct xn_modbus_source *source = read->source;
	struct xn_raw raw = xn_modbus_register_number(&source->at, registers);
	struct xn_rule own = *rule;
	const char *why = is_valid(plan, read);

	if (why == NULL && source->scale != NULL)
		why = xn_modbus_scale(
		    source->scaling, companion(plan, source->scale, read->scale), &own);
	if (why != NULL) {
		xn_reading_drop(reading, why);
		return;
	}
	if (source->span != NULL)
		raw = xn_modbus_span_number(
		    xn_modbus_span_of(source, companion(plan, source->span, read->span)), raw);
	xn_reading_take(reading, &own, raw);
}

static void
take_model_point(const struct xn_modbus_plan *plan, const struct xn_modbus_read *read,
    const uint16_t *registers, const struct xn_rule *rule, struct xn_reading *reading)
{
	struct xn_rule own = *rule;
	uint16_t scale = 0;
	const char *why = NULL;
	struct xn_raw raw;

	if (read->scale != XN_MODBUS_NO_WANT)
		why = xn_modbus_plan_value(plan, read->scale, &scale);
	if (why != NULL) {
		xn_reading_drop(reading, why);
		return;
	}
	raw = xn_sunspec_number(read->sunspec, registers, scale, &own);
	xn_reading_take(reading, &own, raw);
}

static bool
heads_stand(const struct xn_modbus_reads *reads, const struct xn_modbus_plan *plan)
{
	for (unsigned i = 0; i < reads->head_count; i++) {
		const struct xn_modbus_head *head = &reads->heads[i];
		uint16_t registers[2];

		if (xn_modbus_plan_value(plan, head->want, registers) == NULL &&
		    (registers[0] != head->model || registers[1] != head->length))
			return false;
	}
	return true;
}

bool
xn_modbus_points_take(struct xn_device *device, const struct xn_modbus_plan *plan)
{
	const struct xn_modbus_reads *reads = device->layout->reads;

	if (!heads_stand(reads, plan))
		return false;
	for (unsigned i = 0; i < reads->count; i++) {
		const struct xn_modbus_read *read = &reads->points[i];
		const struct xn_rule *rule = device->layout->points[i].rule;
		uint16_t registers[4];
		const char *why = xn_modbus_plan_value(plan, read->value, registers);

		if (why != NULL)
			xn_reading_drop(&device->readings[i], why);
		else if (read->sunspec != NULL)
			take_model_point(plan, read, registers, rule, &device->readings[i]);
		else
			take_register(plan, read, registers, rule, &device->readings[i]);
	}
	return true;
}
