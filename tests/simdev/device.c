#include "tests/simdev/device.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simdev/model.h"

#define UJ_PER_WH INT64_C(3600000000)

enum { OCTETS = 0x04, OPAQUE_FLOAT = 0x78 };

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

/* What a register of this form can hold, and one more: an energy rolls over there. */
static uint64_t
modulus_of(const struct xn_point *point)
{
	switch (point->form) {
	case XN_U16: return UINT64_C(1) << 16;
	case XN_S16: return UINT64_C(1) << 15;
	case XN_U32: return UINT64_C(1) << 32;
	case XN_S64: return UINT64_C(1) << 63;
	case XN_SNMP_INTEGER:
	case XN_F32: break;
	}
	return UINT64_C(1) << 31;
}

/* The whole counts a register holds: for an energy exact, from the integer. */
static int64_t
counts_of(const struct xn_point *point)
{
	uint64_t counts;

	if (point->integrates < 0 || point->held)
		return llround(point->shown / point->unit);
	counts = (uint64_t)(point->energy_uj / (int64_t)(point->unit * (double)UJ_PER_WH));
	return (int64_t)((counts + point->ahead) % modulus_of(point));
}

static void
reset_energy(struct xn_device *device)
{
	for (size_t i = 0; i < device->point_count; i++) {
		if (device->points[i].integrates < 0)
			continue;
		device->points[i].energy_uj = 0;
		device->points[i].ahead = 0;
	}
	xn_device_integrate(device, 0);
}

/* Brings each energy register so near its end that it rolls over in `seconds` at today's power. */
static void
wrap_energy(struct xn_device *device, unsigned seconds)
{
	for (size_t i = 0; i < device->point_count; i++) {
		struct xn_point *point = &device->points[i];
		int64_t unit_uj = (int64_t)(point->unit * (double)UJ_PER_WH);
		int64_t left_uj;

		if (point->integrates < 0)
			continue;
		left_uj =
		    1 + llround(fabs(device->points[point->integrates].shown) * 1e6) * seconds;
		point->energy_uj +=
		    (2 * unit_uj - left_uj % unit_uj - point->energy_uj % unit_uj) % unit_uj;
		point->ahead = modulus_of(point) - 1 - (uint64_t)(left_uj / unit_uj) -
		    (uint64_t)(point->energy_uj / unit_uj);
	}
	xn_device_integrate(device, 0);
}

static void
put_words(struct xn_registers *registers, unsigned address, uint64_t bits, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		xn_registers_put(
		    registers, address + i, (uint16_t)(bits >> (16 * (words - 1 - i))));
}

static void
publish_word(struct xn_device *device, const struct xn_point *point)
{
	struct xn_registers *r = device->registers;
	bool none = device->fault == XN_FAULT_SENTINEL || device->fault == XN_FAULT_NAN;
	float value = (float)(point->shown / point->unit);
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	if (none)
		bits = device->fault == XN_FAULT_NAN ? 0x7fc00000 : 0x80008000;
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
	case XN_F32: put_words(r, point->address, bits, 2); break;
	}
}

/* How devices write units behind a number. No word: the bare counts. */
static void
write_text(const struct xn_point *point, char *ret_text, size_t size)
{
	static const struct {
		const char *part; /* of the point's name; the first that fits */
		const char *word;
		double worth;
	} words[] = {{"temperature.f", " F", 1}, {"temperature", " C", 1}, {"current", " Amp", 1},
	    {"voltage", " V", 1}, {"energy", " kWh", 1000}, {"cooling", " kW", 1000},
	    {"realpower", " W", 1}, {"powerfactor", NULL, 1}, {"power", " VA", 1},
	    {"airflow.l_s", " L/s", 1}, {"airflow.cfm", " CFM", 1}, {"speed", " rpm", 1}};

	size_t i = 0;

	while (i < sizeof(words) / sizeof(words[0]) && strstr(point->name, words[i].part) == NULL)
		i++;
	if (i < sizeof(words) / sizeof(words[0]) && words[i].word != NULL)
		snprintf(ret_text, size, "%.10g%s",
		    (double)counts_of(point) * point->unit / words[i].worth, words[i].word);
	else
		snprintf(ret_text, size, "%lld", (long long)counts_of(point));
}

static void
publish_object(struct xn_device *device, const struct xn_point *point)
{
	struct xn_mib_object *object = xn_mib_integer(&device->mib, point->oid, point->oid_count);
	const float nan = NAN;
	char text[32] = "N/A";

	object->number = device->fault == XN_FAULT_SENTINEL ? -1 : (long)(int32_t)counts_of(point);
	xn_mib_disguise(object, 0, NULL, 0);
	if (device->fault == XN_FAULT_TEXT)
		write_text(point, text, sizeof(text));
	if (device->fault == XN_FAULT_TEXT || device->fault == XN_FAULT_NOT_AVAILABLE)
		xn_mib_disguise(object, OCTETS, text, strlen(text));
	if (device->fault == XN_FAULT_NAN)
		xn_mib_disguise(object, OPAQUE_FLOAT, &nan, sizeof(nan));
}

void
xn_device_publish(struct xn_device *device)
{
	if (device->fault == XN_FAULT_FROZEN)
		return;
	for (size_t i = 0; i < device->point_count; i++) {
		const struct xn_point *point = &device->points[i];

		if (point->form != XN_SNMP_INTEGER)
			publish_word(device, point);
		else if (!point->gone)
			publish_object(device, point);
	}
}

/* The entry of the table whose sensor can be pulled out; 0: there is none. */
static size_t
sensors_of(const struct xn_device *device, xn_mib_arc table[static XN_MIB_NAME_MAX])
{
	const struct xn_model *model = &xn_models[device->kind];
	char text[256];

	if (model->sensors == NULL)
		return 0;
	snprintf(text, sizeof(text), "%s%s", model->root, model->sensors);
	return xn_mib_parse(text, table);
}

static void
move_sensors(struct xn_device *device, bool out)
{
	xn_mib_arc row = xn_models[device->kind].loose;
	xn_mib_arc table[XN_MIB_NAME_MAX];
	size_t count = sensors_of(device, table);

	for (size_t i = 0; i < device->point_count; i++) {
		struct xn_point *point = &device->points[i];
		xn_mib_arc *last = &point->oid[point->oid_count - 1];

		if (point->oid_count <= count ||
		    memcmp(point->oid, table, count * sizeof(table[0])) != 0)
			continue;
		if (*last == row && (out || point->gone))
			point->gone = out;
		else if (out ? *last > row : *last >= row)
			*last += out ? (xn_mib_arc)-1 : 1;
	}
	if (out)
		xn_mib_unplug(&device->mib, table, count, row, &device->pulled);
	else
		xn_mib_plug(&device->mib, table, count, row, &device->pulled);
}

int
xn_device_fault(
    struct xn_device *device, enum xn_fault fault, unsigned number, struct xn_error *err)
{
	const struct xn_fault_kind *kind = &xn_faults[fault];
	xn_mib_arc table[XN_MIB_NAME_MAX];

	if (!(xn_device_is_modbus(device) ? kind->modbus : kind->snmp) ||
	    (fault == XN_FAULT_UNPLUGGED && sensors_of(device, table) == 0))
		return xn_fail(
		    err, XN_EINVALID, "%s cannot have the fault %s", device->name, kind->word);
	if (number == 0)
		number = fault == XN_FAULT_SLOW ? device->slow_ms : kind->usual;
	if (fault == XN_FAULT_RESET_ENERGY) {
		reset_energy(device);
	} else if (fault == XN_FAULT_WRAP_ENERGY) {
		wrap_energy(device, number);
	} else {
		if (device->fault == XN_FAULT_UNPLUGGED)
			move_sensors(device, false);
		if (fault == XN_FAULT_UNPLUGGED)
			move_sensors(device, true);
		device->fault = fault;
		device->fault_number = number;
	}
	xn_device_publish(device);
	return XN_OK;
}
