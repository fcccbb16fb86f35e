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
#define EVERY_DAY       0x7fu
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
read_equipment_class(
    const struct xn_yaml *node, struct xn_problems *problems, struct xn_library *library)
{
	library->equipment_class = "";
	if (node == NULL || !xn_value_name(node, problems, &library->equipment_class))
		return;
	if (xn_library_class(library, library->equipment_class) == NULL)
		xn_problem_add(problems, node->mark, NULL, "'%.64s' is none of the thermal classes",
		    library->equipment_class);
}

static void
read_indicators(struct xn_arena *arena, const struct xn_yaml *root, struct xn_problems *problems,
    struct xn_library *library)
{
	static const struct xn_yaml_key keys[] = {{"thermal_classes", true},
	    {"equipment_class", true}, {"toe", true}, {"tariff", true}, {NULL, false}};
	static const struct xn_yaml_key toe_keys[] = {
	    {"electricity_mwh", true}, {"diesel_t", true}, {NULL, false}};
	const struct xn_yaml *classes = xn_yaml_get(root, "thermal_classes");
	const struct xn_yaml *toe = xn_yaml_get(root, "toe");

	if (!xn_yaml_check_map(root, keys, problems) || classes == NULL || toe == NULL)
		return;
	if (xn_yaml_check_list(classes, problems))
		XN_YAML_EACH (node, classes)
			read_class(arena, node, problems, library);
	read_equipment_class(xn_yaml_get(root, "equipment_class"), problems, library);
	if (!xn_yaml_check_map(toe, toe_keys, problems))
		return;
	read_number(toe, "electricity_mwh", problems, &library->toe_per_mwh);
	read_number(toe, "diesel_t", problems, &library->toe_per_tonne_diesel);
}

/* What is after midnight belongs to the day on which the hours began. */
static void
fill(struct xn_schedule *schedule, unsigned days, int start, int end, enum xn_band_kind band)
{
	int length = end > start ? end - start : end + 1440 - start;

	for (int day = 0; day < 7; day++)
		for (int i = 0; i < length && (days & 1u << day) != 0; i++)
			schedule->band[(day * 1440 + start + i) % XN_LIBRARY_WEEK_MINUTES] =
			    (unsigned char)band;
}

/* A band's name as the tariff files use it; one of another name is neither peak nor off-peak. */
static enum xn_band_kind
band_of(const char *name)
{
	if (strcmp(name, "peak") == 0)
		return XN_BAND_PEAK;
	return strcmp(name, "off-peak") == 0 ? XN_BAND_OFFPEAK : XN_BAND_NORMAL;
}

static void
read_band(const struct xn_yaml *node, struct xn_problems *problems, struct xn_schedule *schedule)
{
	static const struct xn_yaml_key keys[] = {
	    {"name", true}, {"hours", true}, {"days", false}, {NULL, false}};
	const struct xn_yaml *hours = xn_yaml_get(node, "hours");
	const struct xn_yaml *name = xn_yaml_get(node, "name");
	unsigned days = EVERY_DAY;
	const char *text;

	if (!xn_yaml_check_map(node, keys, problems) || name == NULL || hours == NULL ||
	    !xn_value_name(name, problems, &text) || !xn_yaml_check_list(hours, problems))
		return;
	if (xn_yaml_get(node, "days") != NULL &&
	    !xn_value_days(xn_yaml_get(node, "days"), problems, &days))
		return;
	XN_YAML_EACH (window, hours) {
		int start;
		int end;

		if (xn_value_hours(window, problems, true, &start, &end))
			fill(schedule, days, start, end, band_of(text));
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
	const struct xn_yaml *bands = xn_yaml_get(node, "bands");
	const struct xn_yaml *basis = xn_yaml_get(node, "basis");
	struct xn_schedule *schedule = xn_new(arena, struct xn_schedule, 1);

	if (!xn_yaml_check_names(node, problems))
		return;
	if (basis != NULL && !xn_value_text(basis, problems, &schedule->basis))
		return;
	schedule->name = node->key->text;
	memset(schedule->band, XN_BAND_NORMAL, sizeof(schedule->band));
	if (bands != NULL && xn_yaml_check_list(bands, problems))
		XN_YAML_EACH (band, bands)
			read_band(band, problems, schedule);
	schedule->next = library->schedules;
	library->schedules = schedule;
}

/* The schedules of a tariff file; its other parts are the energy plans' (policies/energy_plan.h).
 */
static void
read_tariff(struct xn_arena *arena, const struct xn_yaml *root, struct xn_problems *problems,
    struct xn_library *library)
{
	const struct xn_yaml *schedules = xn_yaml_get(root, "schedules");

	if (schedules == NULL || !xn_yaml_check_names(schedules, problems)) {
		xn_problem_add(problems, root->mark, NULL, "a tariff needs 'schedules'");
		return;
	}
	XN_YAML_EACH (node, schedules)
		read_schedule(arena, node, problems, library);
}

/* The tariff that indicators.yaml names, and the site time that it is meant in. */
static int
open_tariff(struct xn_arena *arena, const struct xn_yaml *indicators, struct xn_problems *problems,
    struct xn_library *library, struct xn_error *err)
{
	static const struct xn_yaml_key keys[] = {
	    {"file", true}, {"utc_offset", true}, {NULL, false}};
	const struct xn_yaml *tariff = xn_yaml_get(indicators, "tariff");
	const struct xn_yaml *root;
	const char *file;

	if (tariff == NULL || !xn_yaml_check_map(tariff, keys, problems) ||
	    xn_yaml_get(tariff, "file") == NULL || xn_yaml_get(tariff, "utc_offset") == NULL ||
	    !xn_value_text(xn_yaml_get(tariff, "file"), problems, &file) ||
	    !read_offset(xn_yaml_get(tariff, "utc_offset"), problems, &library->offset))
		return XN_OK;
	root = open_file(arena, file, problems, err);
	if (root == NULL)
		return err->code;
	read_tariff(arena, root, problems, library);
	return XN_OK;
}

int
xn_library_read(struct xn_arena *arena, struct xn_library *ret_library, struct xn_error *err)
{
	struct xn_library library = {0};
	struct xn_problems problems;
	const struct xn_yaml *indicators;

	xn_problems_init(&problems, arena);
	indicators = open_file(arena, "indicators.yaml", &problems, err);
	if (indicators == NULL)
		return err->code;
	read_indicators(arena, indicators, &problems, &library);
	if (open_tariff(arena, indicators, &problems, &library, err) != XN_OK)
		return err->code;
	if (problems.count > 0)
		return xn_fail(err, XN_EINVALID, "%s:%u:%u: %s", problems.first->mark.source->path,
		    problems.first->mark.line, problems.first->mark.column, problems.first->text);
	*ret_library = library;
	return XN_OK;
}

/* Stands for more than one of a name. */
static const struct xn_schedule several;

const struct xn_schedule *
xn_library_schedule(const struct xn_library *library, const char *name)
{
	const struct xn_schedule *found = NULL;
	size_t length = strlen(name);

	for (const struct xn_schedule *one = library->schedules; one != NULL; one = one->next) {
		if (strcmp(one->name, name) == 0)
			return one;
		if (strncmp(one->name, name, length) == 0 && one->name[length] == '_')
			found = found == NULL ? one : &several;
	}
	return found == &several ? NULL : found;
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
xn_schedule_split(const struct xn_schedule *schedule, xn_duration offset, xn_instant from,
    xn_instant to, xn_duration ret_spans[XN_BAND_OFFPEAK + 1])
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
		int64_t local = at + offset.ms - FIRST_MONDAY_MS;
		int64_t of_week = ((local % WEEK_MS) + WEEK_MS) % WEEK_MS;
		int64_t next = at + MINUTE_MS - of_week % MINUTE_MS;

		if (next > to.ms)
			next = to.ms;
		ret_spans[schedule->band[of_week / MINUTE_MS]].ms += next - at;
		at = next;
	}
}
