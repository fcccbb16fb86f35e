#include "tests/simdev/plant.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Lines `DEVICE POINT MICROJOULES`. */
int
xn_plant_restore(struct xn_plant *plant, struct xn_error *err)
{
	char device_name[XN_NAME_MAX], point_name[XN_NAME_MAX];
	int64_t energy_uj;
	FILE *file;

	if (plant->state[0] == '\0')
		return XN_OK;
	file = fopen(plant->state, "re");
	if (file == NULL && errno == ENOENT)
		return XN_OK;
	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", plant->state, strerror(errno));
	while (fscanf(file, "%39s %39s %" SCNd64, device_name, point_name, &energy_uj) == 3) {
		struct xn_device *device = xn_plant_device(plant, device_name);
		struct xn_point *point = device ? xn_device_point(device, point_name) : NULL;

		if (point != NULL && point->integrates >= 0)
			point->energy_uj = energy_uj;
	}
	fclose(file);
	return XN_OK;
}

int
xn_plant_save(const struct xn_plant *plant, struct xn_error *err)
{
	char path[sizeof(plant->state) + 4];
	FILE *file;

	if (plant->state[0] == '\0')
		return XN_OK;
	snprintf(path, sizeof(path), "%s.new", plant->state);
	file = fopen(path, "we");
	if (file == NULL)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < plant->device_count; i++) {
		const struct xn_device *device = &plant->devices[i];

		for (size_t j = 0; j < device->point_count; j++)
			if (device->points[j].integrates >= 0)
				fprintf(file, "%s %s %" PRId64 "\n", device->name,
				    device->points[j].name, device->points[j].energy_uj);
	}
	if (fclose(file) != 0 || rename(path, plant->state) != 0)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", plant->state, strerror(errno));
	return XN_OK;
}
