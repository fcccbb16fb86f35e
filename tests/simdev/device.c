#include "tests/simdev/device.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simdev/model.h"

#define UJ_PER_WH INT64_C(3600000000)

static const char *const fault_names[XN_FAULTS] = {
    [XN_FAULT_NONE] = "none",
    [XN_FAULT_SILENT] = "silent",
    [XN_FAULT_GARBAGE] = "garbage",
    [XN_FAULT_SENTINEL] = "sentinel",
    [XN_FAULT_SLOW] = "slow",
    [XN_FAULT_WRONG_ID] = "wrong-id",
    [XN_FAULT_TRUNCATED] = "truncated",
    [XN_FAULT_FROZEN] = "frozen",
    [XN_FAULT_OFF] = "off",
};

const char *
xn_fault_name(enum xn_fault fault)
{
	assert(fault < XN_FAULTS);
	return fault_names[fault];
}

bool
xn_device_is_modbus(const struct xn_device *device)
{
	return device->kind == XN_METER || device->kind == XN_PV || device->kind == XN_TABLE;
}

struct xn_point *
xn_device_point(const struct xn_device *device, const char *name)
{
	for (size_t i = 0; i < device->point_count; i++)
		if (strcmp(device->points[i].name, name) == 0)
			return &device->points[i];
	return NULL;
}

/* Copies `text` with `#` replaced by the number. */
static void
numbered(char *to, size_t size, const char *text, unsigned number)
{
	const char *hash = strchr(text, '#');

	if (hash == NULL)
		snprintf(to, size, "%s", text);
	else
		snprintf(to, size, "%.*s%u%s", (int)(hash - text), text, number, hash + 1);
}

static void
add_point(struct xn_device *device, const struct xn_model *model, const struct xn_model_row *row,
    unsigned number)
{
	struct xn_point *point = &device->points[device->point_count];
	char place[64], text[256], power[XN_NAME_MAX];

	*point = (struct xn_point){
	    .form = row->form, .unit = row->unit, .dither = row->dither, .integrates = -1};
	numbered(point->name, sizeof(point->name), row->name, number);
	numbered(place, sizeof(place), row->place, number);
	if (row->form == XN_SNMP_INTEGER) {
		snprintf(text, sizeof(text), "%s.%s", model->root, place);
		point->oid_count = xn_mib_parse(text, point->oid);
		assert(point->oid_count > 0);
	} else {
		point->address = (unsigned)strtoul(place, NULL, 10);
	}
	if (row->integrates != NULL) {
		point->sign = row->integrates[0] == '-' ? -1 : 1;
		numbered(power, sizeof(power), row->integrates + (point->sign < 0), number);
		assert(xn_device_point(device, power) != NULL);
		point->integrates = (int)(xn_device_point(device, power) - device->points);
		point->energy_uj = (int64_t)(device->first_energy_wh * (double)UJ_PER_WH);
	}
	device->point_count++;
}

static void
make_points(struct xn_device *device, const struct xn_model *model)
{
	size_t count = 0;

	for (const struct xn_model_row *row = model->rows; row != NULL && row->name != NULL; row++)
		count += row->repeat > 0 ? row->repeat : 1;
	device->points = calloc(count + 1, sizeof(*device->points));
	if (device->points == NULL)
		abort();
	for (const struct xn_model_row *row = model->rows; row != NULL && row->name != NULL; row++)
		for (unsigned number = 1; number <= (row->repeat > 0 ? row->repeat : 1); number++)
			add_point(device, model, row, number);
	assert(device->point_count == count);
}

int
xn_device_prepare(struct xn_device *device, struct xn_error *err)
{
	const struct xn_model *model = &xn_models[device->kind];

	make_points(device, model);
	if (!xn_device_is_modbus(device))
		return xn_mib_load(&device->mib, device->recording, err);
	device->registers = calloc(1, sizeof(*device->registers));
	if (device->registers == NULL)
		abort();
	if (model->furnish != NULL)
		model->furnish(device);
	if (device->recording[0] != '\0')
		return xn_registers_load(device->registers, device->recording, err);
	return XN_OK;
}

void
xn_point_follow(struct xn_point *point, double truth, double noise)
{
	double counts;

	if (point->held)
		return;
	if (point->form == XN_F32) {
		point->shown = (double)(float)(truth / point->unit) * point->unit;
		return;
	}
	if (!point->dither) {
		point->shown = round(truth / point->unit) * point->unit;
		return;
	}
	/* What is not shown now is shown later, so the mean over a minute is the truth; the noise
	 * keeps a poller whose period divides ours from always seeing the same side. */
	counts = floor(truth / point->unit + point->carry + noise);
	point->carry += truth / point->unit - counts;
	point->shown = counts * point->unit;
}

void
xn_device_integrate(struct xn_device *device, int64_t ms)
{
	for (size_t i = 0; i < device->point_count; i++) {
		struct xn_point *point = &device->points[i];
		int64_t mw;

		if (point->integrates < 0)
			continue;
		mw = llround(device->points[point->integrates].shown * 1000) * point->sign;
		if (mw > 0)
			point->energy_uj += mw * ms;
		if (!point->held)
			point->shown = (double)point->energy_uj / (double)UJ_PER_WH;
	}
}

void
xn_device_reset_energy(struct xn_device *device)
{
	for (size_t i = 0; i < device->point_count; i++)
		if (device->points[i].integrates >= 0)
			device->points[i].energy_uj = 0;
	xn_device_integrate(device, 0);
	xn_device_publish(device);
}

/* The whole counts a register holds: for an energy exact, from the integer. */
static int64_t
counts_of(const struct xn_point *point)
{
	if (point->integrates >= 0 && !point->held)
		return point->energy_uj / (int64_t)(point->unit * (double)UJ_PER_WH);
	return llround(point->shown / point->unit);
}

static void
put_words(struct xn_registers *registers, unsigned address, uint64_t bits, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		xn_registers_put(
		    registers, address + i, (uint16_t)(bits >> (16 * (words - 1 - i))));
}

static void
publish_word(struct xn_device *device, const struct xn_point *point, bool none)
{
	struct xn_registers *r = device->registers;
	float value = (float)(point->shown / point->unit);
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	switch (point->form) {
	case XN_SNMP_INTEGER: break;
	case XN_U16:
		put_words(r, point->address, none ? 0xffff : (uint64_t)counts_of(point), 1);
		break;
	case XN_S16:
		put_words(r, point->address, none ? 0x8000 : (uint64_t)counts_of(point), 1);
		break;
	case XN_U32: put_words(r, point->address, none ? 0 : (uint64_t)counts_of(point), 2); break;
	case XN_S64:
		put_words(
		    r, point->address, none ? UINT64_C(1) << 63 : (uint64_t)counts_of(point), 4);
		break;
	case XN_F32: put_words(r, point->address, none ? 0x80008000 : bits, 2); break;
	}
}

void
xn_device_publish(struct xn_device *device)
{
	bool none = device->fault == XN_FAULT_SENTINEL;

	if (device->fault == XN_FAULT_FROZEN)
		return;
	for (size_t i = 0; i < device->point_count; i++) {
		const struct xn_point *point = &device->points[i];

		if (point->form != XN_SNMP_INTEGER)
			publish_word(device, point, none);
		else
			xn_mib_integer(&device->mib, point->oid, point->oid_count)->number =
			    none ? -1 : (long)(int32_t)counts_of(point);
	}
}

void
xn_device_fault(struct xn_device *device, enum xn_fault fault)
{
	device->fault = fault;
	xn_device_publish(device);
}
