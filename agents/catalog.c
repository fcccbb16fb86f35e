#include "agents/catalog.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/frame.h"

static bool
is_row(const struct xn_catalog_row *row, const char *device, const char *point,
    enum xn_point_class class_)
{
	return row->class_ == class_ && strcmp(row->point, point) == 0 &&
	    strcmp(row->device, device) == 0;
}

uint32_t
xn_catalog_slot(
    struct xn_catalog *catalog, const char *device, const char *point, enum xn_point_class class_)
{
	struct xn_catalog_row *row;

	for (uint32_t i = 0; i < catalog->count; i++)
		if (is_row(&catalog->rows[i], device, point, class_))
			return i;
	if (catalog->count == XN_SLOTS_MAX || strlen(device) >= XN_CATALOG_DEVICE_SIZE ||
	    strlen(point) >= XN_CATALOG_POINT_SIZE)
		return XN_CATALOG_NONE;
	row = &catalog->rows[catalog->count];
	memcpy(row->device, device, strlen(device) + 1);
	memcpy(row->point, point, strlen(point) + 1);
	row->class_ = class_;
	catalog->schema = xn_frame_schema(catalog->schema, device, point, class_);
	return catalog->count++;
}

char *
xn_catalog_hello(const struct xn_catalog *catalog, const char *agent, uint64_t boot)
{
	json_t *points = json_array();
	json_t *hello;
	char hex[17];
	char *text;

	snprintf(hex, sizeof(hex), "%016" PRIx64, boot);
	for (uint32_t i = 0; i < catalog->count; i++) {
		const struct xn_catalog_row *row = &catalog->rows[i];

		json_array_append_new(points,
		    json_pack("{s:s, s:s, s:s}", "device", row->device, "point", row->point,
			"class", xn_class_word(row->class_)));
	}
	hello = json_pack("{s:s, s:s, s:I, s:s, s:o}", "agent", agent, "boot", hex, "schema",
	    (json_int_t)catalog->schema, "version", XN_VERSION, "points", points);
	text = hello == NULL ? NULL : json_dumps(hello, JSON_COMPACT);
	json_decref(hello);
	return text;
}

int
xn_catalog_load(struct xn_catalog *catalog, const char *json,
    bool (*wanted)(const void *context, const char *device), const void *context,
    struct xn_error *err)
{
	json_error_t problem;
	json_t *hello = json_loads(json, 0, &problem);
	size_t i;
	json_t *value;

	if (hello == NULL)
		return xn_fail(err, XN_EINVALID, "hello: %s", problem.text);
	json_array_foreach(json_object_get(hello, "points"), i, value)
	{
		const char *device = json_string_value(json_object_get(value, "device"));
		const char *point = json_string_value(json_object_get(value, "point"));
		const char *class_ = json_string_value(json_object_get(value, "class"));

		if (device == NULL || point == NULL || class_ == NULL ||
		    xn_class_of(class_) == XN_CLASS_COUNT || !wanted(context, device))
			continue;
		xn_catalog_slot(catalog, device, point, xn_class_of(class_));
	}
	json_decref(hello);
	return XN_OK;
}
