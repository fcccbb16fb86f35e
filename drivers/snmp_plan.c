#include "drivers/snmp_plan.h"

#include <assert.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/index.h"

#define NUMBER_MAX INT64_C(1000000000000000)

/* sysObjectID.0 and sysDescr.0 */
static const uint32_t object_id[] = {1, 3, 6, 1, 2, 1, 1, 2, 0};
static const uint32_t descr[] = {1, 3, 6, 1, 2, 1, 1, 1, 0};

struct planning {
	const struct xn_profile *profile;
	const struct xn_survey *survey;
	struct xn_layout *layout;
	/* Growing; the layout's arena takes them at the end. */
	struct xn_oid_ref point_oids[XN_LAYOUT_POINTS_MAX];
	uint16_t point_guards[XN_LAYOUT_POINTS_MAX][XN_SNMP_POINT_GUARDS];
	const struct xn_point_spec *owners[XN_LAYOUT_POINTS_MAX];
	struct xn_oid_ref guard_oids[XN_SNMP_GUARDS_MAX];
	struct xn_snmp_guard guards[XN_SNMP_GUARDS_MAX];
	unsigned guard_count;
};

/* A value in question: its spec, where it stands, what is known of it. */
struct candidate {
	const struct xn_point_spec *spec;
	struct xn_oid oid;
	struct xn_index index;
	struct xn_scale scale;
};

/* ---- values ---- */

uint64_t
xn_snmp_print(const struct xn_snmp_value *value)
{
	uint64_t print = UINT64_C(0xcbf29ce484222325);
	const uint8_t *at = (const uint8_t *)value->text;
	size_t size = value->text != NULL ? value->size : 0;

	if (value->tag == XN_SNMP_REAL) {
		at = (const uint8_t *)&value->real;
		size = sizeof(value->real);
	} else if (value->text == NULL) {
		at = (const uint8_t *)&value->integer;
		size = sizeof(value->integer);
	}
	for (size_t i = 0; i < size && i < 256; i++)
		print = (print ^ at[i]) * UINT64_C(0x100000001b3);
	return print;
}

static int64_t
within(int64_t number, int64_t max)
{
	return number > max ? max : number < -max ? -max : number;
}

/* The number a value is, also one written as text; no code or scale is beyond NUMBER_MAX. */
static bool
number_of(const struct xn_snmp_value *value, int64_t *ret_number)
{
	static const struct xn_rule any = {.class_ = XN_CLASS_STATE, .scale = {1, 1, XN_CELSIUS}};
	struct xn_scale scale = any.scale;
	struct xn_raw raw;

	if (value == NULL)
		return false;
	raw = xn_snmp_number(value, &any, &scale);
	if (raw.kind == XN_RAW_NONE)
		return false;
	if (raw.kind == XN_RAW_INTEGER)
		*ret_number = within(raw.integer, NUMBER_MAX);
	else
		*ret_number = (int64_t)fmax(fmin(raw.real, NUMBER_MAX), -NUMBER_MAX);
	return true;
}

static bool
is_accepted(const struct xn_accepted *accepted, const struct xn_snmp_value *value)
{
	char text[256];
	int64_t number;

	if (accepted->number && number_of(value, &number) && number >= accepted->range.least &&
	    number <= accepted->range.most)
		return true;
	if (value->tag == XN_SNMP_TEXT || value->tag == XN_SNMP_OID)
		snprintf(text, sizeof(text), "%.*s", (int)value->size, value->text);
	else
		snprintf(text, sizeof(text), "%" PRId64, value->integer);
	return fnmatch(accepted->pattern, text, FNM_CASEFOLD) == 0;
}

bool
xn_snmp_meets(const struct xn_condition *condition, const struct xn_snmp_value *value)
{
	for (unsigned i = 0; value != NULL && i < condition->count; i++) {
		if (is_accepted(&condition->accepted[i], value))
			return !condition->otherwise;
	}
	return condition->otherwise;
}

/* ---- companions ---- */

/* Where a companion of the candidate stands; false if its index cannot be told. */
static bool
companion_oid(
    const struct candidate *candidate, const struct xn_companion *companion, struct xn_oid *ret_oid)
{
	*ret_oid = companion->oid;
	return !companion->column || xn_index_append(&candidate->index, companion->index, ret_oid);
}

static const struct xn_snmp_value *
companion_of(const struct planning *planning, const struct candidate *candidate,
    const struct xn_companion *companion)
{
	struct xn_oid oid;

	if (!companion_oid(candidate, companion, &oid))
		return NULL;
	return xn_survey_cell(planning->survey, &oid);
}

/* The unit out of the companion, as a scale of the class. */
static bool
told_unit(const struct planning *planning, struct candidate *candidate)
{
	const struct xn_told *told = candidate->spec->unit_from;
	const struct xn_snmp_value *value = companion_of(planning, candidate, &told->of);
	const char *unit = told->otherwise;
	char text[32];

	for (unsigned i = 0; value != NULL && i < told->count; i++) {
		if (is_accepted(&told->meanings[i].when, value))
			return xn_scale_parse(told->meanings[i].text, candidate->spec->rule.class_,
			    &candidate->scale);
	}
	if (value != NULL && told->count == 0 && value->tag == XN_SNMP_TEXT && value->size > 0) {
		size_t start = strspn(value->text, " ");

		snprintf(text, sizeof(text), "%s", value->text + start);
		for (size_t end = strlen(text); end > 0 && text[end - 1] == ' '; end--)
			text[end - 1] = '\0';
		unit = text;
	}
	return unit != NULL &&
	    xn_scale_parse(unit, candidate->spec->rule.class_, &candidate->scale);
}

/* False, and the scale as it was, if no number of ours could bear it. */
static bool
multiply(struct xn_scale *scale, int64_t num, int64_t den)
{
	struct xn_scale product = *scale;

	if (num <= 0 || den <= 0 || __builtin_mul_overflow(scale->num, num, &product.num) ||
	    __builtin_mul_overflow(scale->den, den, &product.den) ||
	    product.num >= INT64_MAX / 1000 || product.den >= INT64_MAX / 1000)
		return false;
	*scale = product;
	return true;
}

static bool
power_of_ten(int64_t exponent, int64_t *ret_power)
{
	*ret_power = 1;
	if (exponent < 0 || exponent > 12)
		return false;
	for (; exponent > 0; exponent--)
		*ret_power *= 10;
	return true;
}

/* "0.001" of a words list. */
static bool
multiply_by_word(
    struct xn_scale *scale, const struct xn_told *told, const struct xn_snmp_value *value)
{
	for (unsigned i = 0; i < told->count; i++) {
		struct xn_scale factor;

		/* A power factor's own unit is a bare number. */
		if (is_accepted(&told->meanings[i].when, value))
			return xn_scale_parse(
				   told->meanings[i].text, XN_CLASS_POWER_FACTOR, &factor) &&
			    multiply(scale, factor.num, factor.den);
	}
	return false;
}

static bool
told_scale(const struct planning *planning, struct candidate *candidate)
{
	const struct xn_told *told = candidate->spec->scale_from;
	const struct xn_snmp_value *value = companion_of(planning, candidate, &told->of);
	struct xn_scale *scale = &candidate->scale;
	int64_t number;
	int64_t power;

	if (value == NULL)
		return false;
	if (told->scaling == XN_SCALING_WORDS)
		return multiply_by_word(scale, told, value);
	if (!number_of(value, &number) || number == NUMBER_MAX || number == -NUMBER_MAX)
		return false;
	switch (told->scaling) {
	case XN_SCALING_DIVISOR: return multiply(scale, 1, number == 0 ? 1 : number);
	case XN_SCALING_SIGNED:
		return number < 0 ? multiply(scale, 1, -number)
				  : multiply(scale, number == 0 ? 1 : number, 1);
	case XN_SCALING_DIGITS: number = -number; break;
	case XN_SCALING_EXPONENT:
	case XN_SCALING_WORDS: break;
	}
	if (number < 0)
		return power_of_ten(-number, &power) && multiply(scale, 1, power);
	return power_of_ten(number, &power) && multiply(scale, power, 1);
}

/* Whether a row is this point's: its conditions, unit and scale. */
static bool
qualifies(const struct planning *planning, struct candidate *candidate)
{
	const struct xn_point_spec *spec = candidate->spec;

	for (unsigned i = 0; i < spec->when_count; i++) {
		if (!xn_snmp_meets(
			&spec->when[i], companion_of(planning, candidate, &spec->when[i].of)))
			return false;
	}
	candidate->scale = spec->rule.scale;
	if (spec->unit_from != NULL && !told_unit(planning, candidate))
		return false;
	/* A probe that is not plugged in has neither value nor scale; when it is, all is read anew.
	 */
	return spec->scale_from == NULL || told_scale(planning, candidate) ||
	    xn_survey_cell(planning->survey, &candidate->oid) == NULL;
}

/* ---- adding ---- */

static struct xn_oid_ref
keep_oid(struct planning *planning, const struct xn_oid *oid)
{
	uint32_t *copy = xn_new(&planning->layout->arena, uint32_t, oid->count);

	memcpy(copy, oid->id, oid->count * sizeof(oid->id[0]));
	return (struct xn_oid_ref){copy, oid->count};
}

/* The guard for a companion of the candidate; the same object is guarded once. */
static uint16_t
add_guard(struct planning *planning, const struct candidate *candidate,
    const struct xn_companion *companion, const struct xn_condition *condition)
{
	const struct xn_snmp_value *value;
	struct xn_oid oid;
	unsigned at;

	if (!companion_oid(candidate, companion, &oid))
		return XN_SNMP_NO_GUARD;
	value = xn_survey_cell(planning->survey, &oid);
	if (value == NULL && condition == NULL)
		return XN_SNMP_NO_GUARD; /* told by a default */
	for (at = planning->guard_count; at > 0; at--) {
		const struct xn_oid_ref *other = &planning->guard_oids[at - 1];

		if (planning->guards[at - 1].condition == condition && other->count == oid.count &&
		    memcmp(other->id, oid.id, oid.count * sizeof(oid.id[0])) == 0)
			return (uint16_t)(at - 1);
		if (planning->guard_count - at > 64)
			break; /* rows of one table stand together; an older one is read twice */
	}
	if (planning->guard_count == XN_SNMP_GUARDS_MAX)
		return XN_SNMP_NO_GUARD;
	at = planning->guard_count++;
	planning->guard_oids[at] = keep_oid(planning, &oid);
	planning->guards[at] = (struct xn_snmp_guard){
	    .condition = condition, .print = condition == NULL ? xn_snmp_print(value) : 0};
	return (uint16_t)at;
}

static void
add_guards(struct planning *planning, const struct candidate *candidate, unsigned point)
{
	const struct xn_point_spec *spec = candidate->spec;
	uint16_t *guards = planning->point_guards[point];

	for (unsigned i = 0; i < XN_SNMP_POINT_GUARDS; i++)
		guards[i] = XN_SNMP_NO_GUARD;
	if (spec->valid != NULL)
		guards[0] = add_guard(planning, candidate, &spec->valid->of, spec->valid);
	if (spec->name_from != NULL)
		guards[1] = add_guard(planning, candidate, spec->name_from, NULL);
	if (spec->unit_from != NULL)
		guards[2] = add_guard(planning, candidate, &spec->unit_from->of, NULL);
	if (spec->scale_from != NULL)
		guards[3] = add_guard(planning, candidate, &spec->scale_from->of, NULL);
}

/* The spec's rule, with the row's own scale where it has one. */
static const struct xn_rule *
rule_of(struct planning *planning, const struct candidate *candidate)
{
	const struct xn_rule *rule = &candidate->spec->rule;
	struct xn_rule *own;

	if (candidate->spec->unit_from == NULL && candidate->spec->scale_from == NULL)
		return rule;
	own = xn_new(&planning->layout->arena, struct xn_rule, 1);
	*own = *rule;
	own->scale = candidate->scale;
	return own;
}

/* Of several points of one name, the first that is there is meant. */
static bool
is_fallback(const struct planning *planning, const struct candidate *candidate, const char *name)
{
	int at = xn_layout_find(planning->layout, name);
	const struct xn_point_spec *owner = at >= 0 ? planning->owners[at] : NULL;

	return owner != NULL && owner != candidate->spec &&
	    strcmp(owner->name, candidate->spec->name) == 0 &&
	    owner->rule.class_ == candidate->spec->rule.class_;
}

static bool
name_of(const struct planning *planning, const struct candidate *candidate,
    char ret_name[XN_POINT_NAME_SIZE])
{
	const struct xn_point_spec *spec = candidate->spec;
	const struct xn_index *index = &candidate->index;
	const char *name = spec->name;
	char label[128] = "";
	uint32_t row = 0;

	if (spec->name_from != NULL) {
		const struct xn_snmp_value *value =
		    companion_of(planning, candidate, spec->name_from);

		if (value != NULL)
			xn_snmp_text(value, label, sizeof(label));
	}
	if (spec->first != NULL && xn_index_hole(index, "n", 1, &row) && row == 1)
		name = spec->first;
	if (xn_index_name(index, name, label, ret_name, XN_POINT_NAME_SIZE))
		return true;
	/* A row without a name is called by its number. */
	snprintf(label, sizeof(label), "%u", index->count > 0 ? index->id[index->count - 1] : 0);
	return xn_index_name(index, name, label, ret_name, XN_POINT_NAME_SIZE);
}

static void
add_candidate(struct planning *planning, const struct candidate *candidate)
{
	const struct xn_point_spec *spec = candidate->spec;
	char name[XN_POINT_NAME_SIZE];
	char source[XN_OID_MAX * 11];
	int at;

	if (spec->optional && xn_survey_cell(planning->survey, &candidate->oid) == NULL)
		return;
	if (!name_of(planning, candidate, name) || is_fallback(planning, candidate, name))
		return;
	xn_oid_print(&candidate->oid, source, sizeof(source));
	at = xn_layout_add(planning->layout, name, source, rule_of(planning, candidate), false);
	if (at < 0)
		return;
	planning->owners[at] = spec;
	planning->point_oids[at] = keep_oid(planning, &candidate->oid);
	add_guards(planning, candidate, (unsigned)at);
}

static void
plan_object(struct planning *planning, const struct xn_point_spec *spec)
{
	struct candidate candidate = {.spec = spec, .oid = spec->oid};

	if (qualifies(planning, &candidate))
		add_candidate(planning, &candidate);
}

/* degC before degF, then the finer step. */
static bool
is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->scale.degrees != b->scale.degrees)
		return a->scale.degrees < b->scale.degrees;
	return (double)a->scale.num / (double)a->scale.den <
	    (double)b->scale.num / (double)b->scale.den;
}

/* The column whose rows are looked through: with a `when` of the same row, its; a row that is not
 * there cannot meet it, and one whose value is missing is a probe that is not plugged in. */
static const struct xn_oid *
guide_of(const struct xn_point_spec *spec)
{
	if (spec->when_count > 0 && spec->when[0].of.column && spec->when[0].of.index == NULL &&
	    !spec->when[0].otherwise)
		return &spec->when[0].of.oid;
	return &spec->oid;
}

static void
plan_column(struct planning *planning, const struct xn_point_spec *spec)
{
	bool single = strchr(spec->name, '{') == NULL && spec->unit_from != NULL;
	const struct xn_oid *guide = guide_of(spec);
	struct candidate best = {.spec = NULL};

	for (const struct xn_survey_row *row = xn_survey_rows(planning->survey, guide); row != NULL;
	     row = row->next) {
		struct candidate candidate = {.spec = spec, .oid = spec->oid};

		if (!xn_index_match(spec->index, row->id + guide->count, row->count - guide->count,
			&candidate.index) ||
		    !xn_index_append(&candidate.index, NULL, &candidate.oid) ||
		    !qualifies(planning, &candidate))
			continue;
		if (!single)
			add_candidate(planning, &candidate);
		else if (best.spec == NULL || is_better(&candidate, &best))
			best = candidate;
	}
	if (best.spec != NULL)
		add_candidate(planning, &best);
}

/* The list of objects to read, in the layout's arena. */
static void
finish(struct planning *planning, unsigned point_count)
{
	struct xn_arena *arena = &planning->layout->arena;
	struct xn_snmp_reads *reads = xn_new(arena, struct xn_snmp_reads, 1);
	unsigned count = XN_SNMP_IDENTITY + planning->guard_count + point_count;

	reads->count = count;
	reads->guard_count = planning->guard_count;
	reads->point_count = point_count;
	reads->oids = xn_new(arena, struct xn_oid_ref, count);
	reads->guards = xn_new(arena, struct xn_snmp_guard, planning->guard_count + 1);
	reads->point_guards = (uint16_t(*)[XN_SNMP_POINT_GUARDS])xn_new(
	    arena, uint16_t, (point_count + 1) * XN_SNMP_POINT_GUARDS);
	reads->oids[0] = (struct xn_oid_ref){object_id, sizeof(object_id) / sizeof(object_id[0])};
	reads->oids[1] = (struct xn_oid_ref){descr, sizeof(descr) / sizeof(descr[0])};
	memcpy(reads->oids + XN_SNMP_IDENTITY, planning->guard_oids,
	    planning->guard_count * sizeof(reads->oids[0]));
	memcpy(reads->oids + XN_SNMP_IDENTITY + planning->guard_count, planning->point_oids,
	    point_count * sizeof(reads->oids[0]));
	memcpy(reads->guards, planning->guards, planning->guard_count * sizeof(reads->guards[0]));
	memcpy(reads->point_guards, planning->point_guards,
	    point_count * sizeof(reads->point_guards[0]));
	for (unsigned i = 0; i < planning->guard_count; i++) {
		const struct xn_oid_ref *oid = &planning->guard_oids[i];

		xn_layout_mix(planning->layout, oid->id, oid->count * sizeof(oid->id[0]));
		xn_layout_mix(planning->layout, &planning->guards[i].print, sizeof(uint64_t));
		xn_layout_mix(
		    planning->layout, &planning->guards[i].condition, sizeof(const void *));
	}
	xn_layout_mix(
	    planning->layout, reads->point_guards, point_count * sizeof(reads->point_guards[0]));
	planning->layout->reads = reads;
}

struct xn_layout *
xn_snmp_plan(const struct xn_profile *profile, const struct xn_survey *survey)
{
	struct xn_layout *layout = xn_layout_new();
	struct planning *planning;
	struct xn_arena arena; /* mapped, so that all of it goes back to the system */
	unsigned point_count;

	if (layout == NULL)
		return NULL;
	xn_arena_map(&arena, sizeof(*planning) + 64);
	planning = xn_new(&arena, struct planning, 1);
	planning->profile = profile;
	planning->survey = survey;
	planning->layout = layout;
	for (unsigned i = 0; i < profile->point_count; i++) {
		if (profile->points[i].from == XN_FROM_OBJECT)
			plan_object(planning, &profile->points[i]);
		else if (profile->points[i].from == XN_FROM_COLUMN)
			plan_column(planning, &profile->points[i]);
	}
	point_count = layout->count;
	xn_layout_add_sums(layout, profile);
	finish(planning, point_count);
	xn_arena_unmap(&arena);
	return layout;
}
