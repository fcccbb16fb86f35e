#include "drivers/snmp_survey.h"

#include <stdlib.h>
#include <string.h>

/* Address space; pages cost memory once touched. */
#define SURVEY_BYTES (64u << 20)
#define TEXT_MAX     256

static bool
is_oid(const struct xn_oid_ref *ref, const struct xn_oid *oid)
{
	return ref->count == oid->count &&
	    memcmp(ref->id, oid->id, oid->count * sizeof(oid->id[0])) == 0;
}

static void
add(struct xn_oid_ref *list, unsigned *count, unsigned max, const struct xn_oid *oid)
{
	if (oid->count == 0 || *count == max)
		return;
	for (unsigned i = 0; i < *count; i++) {
		if (is_oid(&list[i], oid))
			return; /* invariant 1 */
	}
	list[(*count)++] = (struct xn_oid_ref){oid->id, oid->count};
}

static void
want(struct xn_survey *survey, const struct xn_oid *oid, bool column)
{
	if (column)
		add(survey->columns, &survey->column_count, XN_SURVEY_COLUMNS_MAX, oid);
	else
		add(survey->objects, &survey->object_count, XN_SURVEY_OBJECTS_MAX, oid);
}

static void
want_companion(struct xn_survey *survey, const struct xn_companion *companion)
{
	want(survey, &companion->oid, companion->column);
}

static void
want_point(struct xn_survey *survey, const struct xn_point_spec *spec)
{
	want(survey, &spec->oid, spec->from == XN_FROM_COLUMN);
	for (unsigned i = 0; i < spec->when_count; i++)
		want_companion(survey, &spec->when[i].of);
	if (spec->valid != NULL)
		want_companion(survey, &spec->valid->of);
	if (spec->name_from != NULL)
		want_companion(survey, spec->name_from);
	if (spec->unit_from != NULL)
		want_companion(survey, &spec->unit_from->of);
	if (spec->scale_from != NULL)
		want_companion(survey, &spec->scale_from->of);
}

struct xn_survey *
xn_survey_new(const struct xn_profile *profile)
{
	struct xn_survey *survey = calloc(1, sizeof(*survey));

	if (survey == NULL)
		return NULL;
	xn_arena_map(&survey->arena, SURVEY_BYTES);
	for (unsigned i = 0; i < profile->point_count; i++)
		want_point(survey, &profile->points[i]);
	return survey;
}

void
xn_survey_free(struct xn_survey *survey)
{
	if (survey == NULL)
		return;
	xn_arena_unmap(&survey->arena);
	free(survey);
}

static unsigned
bucket_of(const uint32_t *id, unsigned count)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < count; i++)
		hash = (hash ^ id[i]) * UINT64_C(0x100000001b3);
	return (unsigned)(hash >> 32) % XN_SURVEY_BUCKETS;
}

/* The first cell at an OID; NULL: none. */
static const struct xn_survey_row *
find_cell(const struct xn_survey *survey, const uint32_t *id, unsigned count)
{
	const struct xn_survey_row *found = NULL;

	for (const struct xn_survey_row *cell = survey->buckets[bucket_of(id, count)]; cell != NULL;
	     cell = cell->before) {
		if (cell->count == count && memcmp(cell->id, id, count * sizeof(id[0])) == 0)
			found = cell;
	}
	return found;
}

/* A cell for a value, its text copied; NULL: no room. The first at an OID is the one that is found.
 */
static struct xn_survey_row *
keep(
    struct xn_survey *survey, const uint32_t *id, unsigned count, const struct xn_snmp_value *value)
{
	unsigned bucket = bucket_of(id, count);
	size_t size = value->size < TEXT_MAX ? value->size : TEXT_MAX;
	struct xn_survey_row *cell;
	uint32_t *copy;

	if (survey->cell_count == XN_SURVEY_ROWS_MAX ||
	    xn_arena_room(&survey->arena) < size + count * sizeof(id[0]) + sizeof(*cell) + 64)
		return NULL;
	survey->cell_count++;
	cell = xn_new(&survey->arena, struct xn_survey_row, 1);
	copy = xn_new(&survey->arena, uint32_t, count);
	memcpy(copy, id, count * sizeof(id[0]));
	*cell = (struct xn_survey_row){
	    .id = copy, .count = count, .value = *value, .before = survey->buckets[bucket]};
	cell->value.size = size;
	if (value->text != NULL)
		cell->value.text = xn_text_copy(&survey->arena, value->text, size);
	survey->buckets[bucket] = cell;
	return cell;
}

void
xn_survey_take_row(struct xn_survey *survey, unsigned column, const struct xn_oid *oid,
    const struct xn_snmp_value *value)
{
	struct xn_survey_row *row = keep(survey, oid->id, oid->count, value);

	if (row == NULL)
		return;
	if (survey->last[column] != NULL)
		survey->last[column]->next = row;
	else
		survey->first[column] = row;
	survey->last[column] = row;
}

void
xn_survey_take_object(struct xn_survey *survey, unsigned object, const struct xn_snmp_value *value)
{
	const struct xn_oid_ref *oid = &survey->objects[object];

	if (value->tag < XN_SNMP_NO_OBJECT && value->tag != XN_SNMP_NULL)
		keep(survey, oid->id, oid->count, value);
}

const struct xn_survey_row *
xn_survey_rows(const struct xn_survey *survey, const struct xn_oid *column)
{
	for (unsigned i = 0; i < survey->column_count; i++) {
		if (is_oid(&survey->columns[i], column))
			return survey->first[i];
	}
	return NULL;
}

const struct xn_snmp_value *
xn_survey_cell(const struct xn_survey *survey, const struct xn_oid *oid)
{
	const struct xn_survey_row *cell = find_cell(survey, oid->id, oid->count);

	return cell != NULL ? &cell->value : NULL;
}
