#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/snmp_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A point of each kind. Columns and objects are `.N`, so that few bytes make a value matter. */
static const char profile_text[] =
    "vendor: Acme\ntitle: x\ntransport: snmp\nbase: 1.3\npoints:\n"
    "  - {point: a, class: power, oid: .1.0, optional: yes}\n"
    "  - {point: a, class: power, oid: .2.0, scale_from: {oid: .3.0, as: exponent}}\n"
    "  - {point: \"{name}.t\", class: temperature, column: .4, name: .5, unit_from: .6, first: "
    "\"first.{name}\"}\n"
    "  - {point: supply, class: temperature, column: .4, unit_from: {column: .6, words: {1: "
    "degC, F*: 0.1 degF}, default: K}}\n"
    "  - {point: \"x.{u}.{n}\", class: current, column: .7, index: \"{u!0}.{n:2-9}.**\", when: "
    "[{column: .8, is: [1, \"<5\", on*]}], scale_from: {column: .9, index: \"{n}\", as: signed}}\n"
    "  - {point: \"y.{n}\", class: energy, column: .7, valid: {oid: .3.0, not: [2]}, scale_from: "
    "{column: .9, as: divisor}}\n"
    "  - {point: \"z.{n}\", class: voltage, column: .7, scale_from: {column: .9, as: digits}}\n"
    "  - {point: \"s.{n}\", class: state, column: .8, states: {ok: {1: up, DRY: dry}}, mask: 3}\n";

static const struct xn_profile *
read_profile(void)
{
	static struct xn_arena arena;
	const struct xn_oid nothing = {.count = 0};
	struct xn_profile *profile = NULL;
	struct xn_problems problems;
	int fd = memfd_create("profile", 0);
	char path[64];

	xn_arena_map(&arena, 64u << 20);
	xn_problems_init(&problems, &arena);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, profile_text, strlen(profile_text)) < 0 ||
	    xn_profile_read(&arena, &arena, path, true, &nothing, &problems, &profile, NULL) < 0 ||
	    profile == NULL)
		abort();
	close(fd);
	return profile;
}

/* A value of a device: tag, then eight bytes of number, or a text. */
static size_t
take_value(const uint8_t *data, size_t size, struct xn_snmp_value *ret_value)
{
	static const uint8_t tags[] = {
	    XN_SNMP_INTEGER, XN_SNMP_TEXT, XN_SNMP_REAL, XN_SNMP_COUNTER64, XN_SNMP_NULL};
	size_t taken = 0;

	*ret_value = (struct xn_snmp_value){.tag = tags[data[0] % sizeof(tags)]};
	if (ret_value->tag == XN_SNMP_TEXT) {
		taken = data[0] / 8u < size - 1 ? data[0] / 8u : size - 1;
		ret_value->text = (const char *)data + 1;
		ret_value->size = taken;
	} else if (size > 8) {
		taken = 8;
		memcpy(&ret_value->integer, data + 1, 8);
		memcpy(&ret_value->real, data + 1, 8);
	}
	return 1 + taken;
}

static void
judge(const struct xn_profile *profile, struct xn_survey *survey)
{
	struct xn_layout *layout = xn_snmp_plan(profile, survey);
	const struct xn_snmp_reads *reads = layout->reads;

	assert(reads->count == XN_SNMP_IDENTITY + reads->guard_count + reads->point_count);
	for (unsigned i = 0; i < layout->count; i++) {
		const struct xn_rule *rule = layout->points[i].rule;
		struct xn_reading reading;

		assert(rule->scale.num > 0 && rule->scale.den > 0);
		assert(xn_layout_find(layout, layout->points[i].name) == (int)i);
		xn_reading_take(&reading, rule,
		    (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = INT64_MAX - 1});
		for (unsigned k = 0; k < XN_SNMP_POINT_GUARDS; k++)
			assert(reads->point_guards[i][k] == XN_SNMP_NO_GUARD ||
			    reads->point_guards[i][k] < reads->guard_count);
	}
	xn_layout_drop(layout, NULL);
}

/* Values one after the other: which column or object, its index (a count and bytes), the value. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xn_profile *profile;
	struct xn_survey *survey;

	if (profile == NULL)
		profile = read_profile();
	survey = xn_survey_new(profile);
	while (size > 8) {
		unsigned which = data[0] % (survey->column_count + survey->object_count);
		unsigned count = data[1] % 5;
		struct xn_snmp_value value;
		struct xn_oid oid;
		size_t taken = 2 + count + take_value(data + 2 + count, size - 2 - count, &value);

		if (which < survey->column_count) {
			oid.count = survey->columns[which].count;
			memcpy(oid.id, survey->columns[which].id, oid.count * sizeof(oid.id[0]));
			for (unsigned i = 0; i < count; i++)
				xn_oid_add(&oid, data[2 + i]);
			xn_survey_take_row(survey, which, &oid, &value);
		} else {
			xn_survey_take_object(survey, which - survey->column_count, &value);
		}
		data += taken;
		size -= taken;
	}
	judge(profile, survey);
	xn_survey_free(survey);
	return 0;
}
