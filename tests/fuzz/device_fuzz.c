/*
 * Whatever a walk of a device holds, from recognising it to its readings: with all shipped
 * profiles, what is read keeps the promises of reading.h and layout.h.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/profiles.h"
#include "drivers/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_reading(const struct xn_point *point, const struct xn_reading *reading)
{
	bool absent = reading->sample.quality == XN_QUALITY_ABSENT;

	assert(point->name[0] != '\0' && strlen(point->name) < XN_POINT_NAME_SIZE);
	for (const char *c = point->name; *c != '\0'; c++)
		assert(*c > ' ' && *c <= '~');
	assert(!absent || reading->why != NULL);
	assert(absent || isfinite(reading->value));
	if (!absent && point->rule->class_ == XN_CLASS_POWER_FACTOR)
		assert(fabs(reading->value) <= 1);
	if (!absent && point->rule->class_ == XN_CLASS_HUMIDITY)
		assert(reading->value >= 0 && reading->value <= 100);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
check(const struct xn_device_view *view)
{
	const char **names = calloc(view->count + 1, sizeof(names[0]));

	if (names == NULL)
		abort();
	for (unsigned i = 0; i < view->count; i++) {
		check_reading(&view->points[i], &view->readings[i]);
		names[i] = view->points[i].name;
	}
	qsort(names, view->count, sizeof(names[0]), by_name);
	for (unsigned i = 1; i < view->count; i++)
		assert(strcmp(names[i - 1], names[i]) != 0);
	free(names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xn_profiles *profiles;
	int fd = memfd_create("walk", MFD_CLOEXEC);
	struct xn_device_view view;
	struct xn_device *device;
	char url[64];

	if (profiles == NULL && xn_profiles_load(&profiles, "drivers/profiles", NULL) != XN_OK)
		abort();
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(url, sizeof(url), "replay:/proc/self/fd/%d", fd);
	if (xn_device_open(&device, NULL, url, profiles, NULL, NULL) == XN_OK) {
		/* Twice: the second time by the plan that the first has made. */
		for (int poll = 0; poll < 2; poll++)
			if (xn_device_poll(device, 5000, &view, NULL) == XN_OK)
				check(&view);
		xn_device_close(device);
	}
	close(fd);
	return 0;
}
