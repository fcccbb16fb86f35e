#include "orchestrator/cli/readings.h"

#include <stdio.h>
#include <string.h>

#include "drivers/reading.h"

#define COLUMN_MAX 40

/* Why it is absent or suspect, with the number in question. */
static void
write_why(const struct xn_reading *reading, char *ret_text, size_t size)
{
	size_t length = reading->why != NULL ? strlen(reading->why) : 0;

	if (length > 0 && reading->why[length - 1] == ' ')
		snprintf(ret_text, size, "%s%.10g", reading->why, reading->value);
	else
		snprintf(ret_text, size, "%s", length > 0 ? reading->why : "");
}

static json_t *
value_json(const struct xn_point *point, const struct xn_reading *reading)
{
	if (reading->sample.quality == XN_QUALITY_ABSENT)
		return json_null();
	if (point->rule->class_ == XN_CLASS_STATE)
		return json_integer((json_int_t)reading->value);
	return json_real(reading->value);
}

static json_t *
reading_json(const struct xn_point *point, const struct xn_reading *reading)
{
	enum xn_point_class class_ = point->rule->class_;
	const struct xn_word *word = NULL;
	json_t *row = json_object();
	char why[96];

	if (class_ == XN_CLASS_STATE && reading->sample.quality != XN_QUALITY_ABSENT)
		word = xn_reading_word(reading, point->rule);
	json_object_set_new(row, "name", json_string(point->name));
	json_object_set_new(row, "class", json_string(xn_class_word(class_)));
	json_object_set_new(row, "value", value_json(point, reading));
	json_object_set_new(row, "unit", json_string(xn_class_unit(class_)));
	json_object_set_new(row, "quality", json_string(xn_quality_word(reading->sample.quality)));
	json_object_set_new(row, "source", json_string(point->source));
	if (word != NULL) {
		json_object_set_new(row, "text", json_string(word->text));
		json_object_set_new(row, "severity", json_string(xn_severity_word(word->severity)));
	}
	write_why(reading, why, sizeof(why));
	if (why[0] != '\0')
		json_object_set_new(row, "why", json_string(why));
	return row;
}

json_t *
xn_readings_json(const struct xn_device_view *view)
{
	json_t *root = json_object();
	json_t *points = json_array();

	json_object_set_new(root, "profile", json_string(view->profile));
	json_object_set_new(root, "match", json_string(view->match));
	json_object_set_new(root, "vendor", json_string(view->vendor));
	json_object_set_new(root, "model", json_string(view->model));
	for (unsigned i = 0; i < view->count; i++) {
		if (!view->points[i].computed)
			json_array_append_new(
			    points, reading_json(&view->points[i], &view->readings[i]));
	}
	json_object_set_new(root, "points", points);
	return root;
}

static void
print_reading(const struct xn_point *point, const struct xn_reading *reading)
{
	enum xn_point_class class_ = point->rule->class_;
	const struct xn_word *word = NULL;
	char why[96];

	write_why(reading, why, sizeof(why));
	if (reading->sample.quality == XN_QUALITY_ABSENT) {
		printf("%-*s %14s %-5s absent (%s)\n", COLUMN_MAX, point->name, "-", "", why);
		return;
	}
	if (class_ == XN_CLASS_STATE)
		word = xn_reading_word(reading, point->rule);
	printf("%-*s %14.10g %-5s %s%s%s%s%s\n", COLUMN_MAX, point->name, reading->value,
	    xn_class_unit(class_), xn_quality_word(reading->sample.quality),
	    word != NULL ? " " : "", word != NULL ? word->text : "", why[0] != '\0' ? ": " : "",
	    why);
}

void
xn_readings_print(const struct xn_device_view *view)
{
	printf("%s %s (profile %s, by %s)\n", view->vendor, view->model,
	    view->profile[0] != '\0' ? view->profile : "none", view->match);
	for (unsigned i = 0; i < view->count; i++) {
		if (!view->points[i].computed)
			print_reading(&view->points[i], &view->readings[i]);
	}
}
