#include "orchestrator/books/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/decimal.h"
#include "common/share.h"
#include "common/value.h"

#define PATH_SIZE       1024
#define INSTALLED       "/usr/local/share/xanh/library"
#define MINUTE_MS       INT64_C(60000)
#define WEEK_MS         (XN_LIBRARY_WEEK_MINUTES * MINUTE_MS)
/* 1970-01-01 was a Thursday. */
#define FIRST_MONDAY_MS (4 * 1440 * MINUTE_MS)

static const char *
folder(char *path, size_t size)
{
	const char *named = getenv("XANH_LIBRARY");

	if (named != NULL && named[0] != '\0')
		return named;
	return xn_share_find("policies/library", "library", path, size) ? path : INSTALLED;
}

static const struct xn_yaml *
open_file(
    struct xn_arena *arena, const char *name, struct xn_problems *problems, struct xn_error *err)
{
	static const struct xn_yaml nothing = {.kind = XN_YAML_MAP};
	char found[PATH_SIZE];
	struct xn_yaml *documents;
	const char *path = xn_text(arena, "%s/%s", folder(found, sizeof(found)), name);

	if (xn_yaml_read_file(arena, path, problems, &documents, err) != XN_OK)
		return NULL;
	return documents->first != NULL ? documents->first : &nothing;
}

static void
read_number(
    const struct xn_yaml *map, const char *key, struct xn_problems *problems, double *ret_number)
{
	const struct xn_yaml *node = xn_yaml_get(map, key);
	struct xn_decimal decimal;

	if (node == NULL || !xn_yaml_check_scalar(node, problems))
		return;
	if (xn_decimal_read(node->text, &decimal))
		*ret_number = decimal.value;
	else
		xn_problem_add(
		    problems, node->mark, NULL, "'%.64s' is no decimal number", node->text);
}

static void
read_class(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_library *library)
{
	static const struct xn_yaml_key keys[] = {{"class", true}, {"rec_min", true},
	    {"rec_max", true}, {"all_min", true}, {"all_max", true}, {NULL, false}};
	struct xn_thermal_class *class = xn_new(arena, struct xn_thermal_class, 1);

	if (!xn_yaml_check_map(node, keys, problems) || xn_yaml_get(node, "class") == NULL ||
	    !xn_value_name(xn_yaml_get(node, "class"), problems, &class->name))
		return;
	read_number(node, "rec_min", problems, &class->bounds.rec_min);
	read_number(node, "rec_max", problems, &class->bounds.rec_max);
	read_number(node, "all_min", problems, &class->bounds.all_min);
	read_number(node, "all_max", problems, &class->bounds.all_max);
	class->next = library->classes;
	library->classes = class;
}

static void
read_indicators(struct xn_arena *arena, const struct xn_yaml *root, struct xn_problems *problems,
    struct xn_library *library)
{
	static const struct xn_yaml_key keys[] = {
	    {"thermal_classes", true}, {"toe", true}, {NULL, false}};
	static const struct xn_yaml_key toe_keys[] = {
	    {"electricity_mwh", true}, {"diesel_t", true}, {NULL, false}};
	const struct xn_yaml *classes = xn_yaml_get(root, "thermal_classes");
	const struct xn_yaml *toe = xn_yaml_get(root, "toe");

	if (!xn_yaml_check_map(root, keys, problems) || classes == NULL || toe == NULL)
		return;
	if (xn_yaml_check_list(classes, problems))
		XN_YAML_EACH (node, classes)
			read_class(arena, node, problems, library);
	if (!xn_yaml_check_map(toe, toe_keys, problems))
		return;
	read_number(toe, "electricity_mwh", problems, &library->toe_per_mwh);
	read_number(toe, "diesel_t", problems, &library->toe_per_tonne_diesel);
}

static void
fill(struct xn_schedule *schedule, unsigned days, int start, int end, enum xn_band_kind band)
{
	for (int day = 0; day < 7; day++)
		for (int minute = start; minute < end && (days & 1u << day) != 0; minute++)
			schedule->band[day * 1440 + minute] = (unsigned char)band;
}

static void
read_band(const struct xn_yaml *node, struct xn_problems *problems, struct xn_schedule *schedule)
{
	static const struct xn_yaml_key keys[] = {
	    {"band", true}, {"days", true}, {"hours", true}, {NULL, false}};
	static const char *const bands[] = {"flat", "normal", "peak", "offpeak", NULL};
	const struct xn_yaml *hours = xn_yaml_get(node, "hours");
	unsigned days;
	int band;

	if (!xn_yaml_check_map(node, keys, problems) || xn_yaml_get(node, "band") == NULL ||
	    xn_yaml_get(node, "days") == NULL || hours == NULL ||
	    !xn_value_choice(xn_yaml_get(node, "band"), problems, bands, &band) ||
	    !xn_value_days(xn_yaml_get(node, "days"), problems, &days) ||
	    !xn_yaml_check_list(hours, problems))
		return;
	XN_YAML_EACH (window, hours) {
		int start;
		int end;

		if (xn_value_hours(window, problems, false, &start, &end))
			fill(schedule, days, start, end, (enum xn_band_kind)band);
	}
}

/* "+07:00". */
static bool
read_offset(const struct xn_yaml *node, struct xn_problems *problems, xn_duration *ret_offset)
{
	int hours = 0;
	int minutes = 0;
	char sign = '\0';

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	if (strlen(node->text) != 6 ||
	    sscanf(node->text, "%c%2d:%2d", &sign, &hours, &minutes) != 3 ||
	    (sign != '+' && sign != '-') || hours < 0 || hours > 14 || minutes < 0 ||
	    minutes > 59) {
		xn_problem_add(problems, node->mark, "write it like '+07:00'",
		    "'%.64s' is no offset", node->text);
		return false;
	}
	ret_offset->ms = (hours * 60 + minutes) * MINUTE_MS * (sign == '-' ? -1 : 1);
	return true;
}

static void
read_schedule(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    struct xn_library *library)
{
	static const struct xn_yaml_key keys[] = {{"name", true}, {"also", false}, {"basis", true},
	    {"utc_offset", true}, {"bands", true}, {NULL, false}};
	struct xn_schedule *schedule = xn_new(arena, struct xn_schedule, 1);
	const struct xn_yaml *bands = xn_yaml_get(node, "bands");

	if (!xn_yaml_check_map(node, keys, problems) || xn_yaml_get(node, "name") == NULL ||
	    xn_yaml_get(node, "basis") == NULL || xn_yaml_get(node, "utc_offset") == NULL ||
	    bands == NULL || !xn_value_text(xn_yaml_get(node, "name"), problems, &schedule->name) ||
	    !xn_value_text(xn_yaml_get(node, "basis"), problems, &schedule->basis) ||
	    !read_offset(xn_yaml_get(node, "utc_offset"), problems, &schedule->offset) ||
	    !xn_yaml_check_list(bands, problems))
		return;
	schedule->also = xn_yaml_get(node, "also");
	memset(schedule->band, XN_BAND_NORMAL, sizeof(schedule->band));
	XN_YAML_EACH (band, bands)
		read_band(band, problems, schedule);
	schedule->next = library->schedules;
	library->schedules = schedule;
}

static void
read_bands(struct xn_arena *arena, const struct xn_yaml *root, struct xn_problems *problems,
    struct xn_library *library)
{
	static const struct xn_yaml_key keys[] = {{"schedules", true}, {NULL, false}};
	const struct xn_yaml *schedules = xn_yaml_get(root, "schedules");

	if (!xn_yaml_check_map(root, keys, problems) || schedules == NULL ||
	    !xn_yaml_check_list(schedules, problems))
		return;
	XN_YAML_EACH (node, schedules)
		read_schedule(arena, node, problems, library);
}

int
xn_library_read(struct xn_arena *arena, struct xn_library *ret_library, struct xn_error *err)
{
	struct xn_library library = {0};
	struct xn_problems problems;
	const struct xn_yaml *indicators;
	const struct xn_yaml *bands;

	xn_problems_init(&problems, arena);
	indicators = open_file(arena, "indicators.yaml", &problems, err);
	bands = indicators == NULL ? NULL : open_file(arena, "tariff-bands.yaml", &problems, err);
	if (bands == NULL)
		return err->code;
	read_indicators(arena, indicators, &problems, &library);
	read_bands(arena, bands, &problems, &library);
	if (problems.count > 0)
		return xn_fail(err, XN_EINVALID, "%s:%u:%u: %s", problems.first->mark.source->path,
		    problems.first->mark.line, problems.first->mark.column, problems.first->text);
	*ret_library = library;
	return XN_OK;
}

const struct xn_schedule *
xn_library_schedule(const struct xn_library *library, const char *name)
{
	for (const struct xn_schedule *one = library->schedules; one != NULL; one = one->next) {
		if (strcmp(one->name, name) == 0)
			return one;
		if (one->also == NULL)
			continue;
		XN_YAML_EACH (also, one->also)
			if (also->kind == XN_YAML_SCALAR && strcmp(also->text, name) == 0)
				return one;
	}
	return NULL;
}

const struct xn_thermal_class *
xn_library_class(const struct xn_library *library, const char *name)
{
	for (const struct xn_thermal_class *one = library->classes; one != NULL; one = one->next)
		if (strcmp(one->name, name) == 0)
			return one;
	return NULL;
}

void
xn_schedule_split(const struct xn_schedule *schedule, xn_instant from, xn_instant to,
    xn_duration ret_spans[XN_BAND_OFFPEAK + 1])
{
	int64_t week = 0;

	memset(ret_spans, 0, (XN_BAND_OFFPEAK + 1) * sizeof(ret_spans[0]));
	if (to.ms <= from.ms)
		return;
	/* Whole weeks are alike; what is left is shorter than one. */
	week = (to.ms - from.ms) / WEEK_MS;
	for (int minute = 0; minute < XN_LIBRARY_WEEK_MINUTES; minute++)
		ret_spans[schedule->band[minute]].ms += week * MINUTE_MS;
	for (int64_t at = from.ms + week * WEEK_MS; at < to.ms;) {
		int64_t local = at + schedule->offset.ms - FIRST_MONDAY_MS;
		int64_t of_week = ((local % WEEK_MS) + WEEK_MS) % WEEK_MS;
		int64_t next = at + MINUTE_MS - of_week % MINUTE_MS;

		if (next > to.ms)
			next = to.ms;
		ret_spans[schedule->band[of_week / MINUTE_MS]].ms += next - at;
		at = next;
	}
}
