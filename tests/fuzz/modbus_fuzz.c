#include <string.h>

#include "drivers/modbus_register.h"
#include "drivers/sunspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every number a device's registers can be read as. */
static void
decode_all(const uint16_t *values, unsigned count, uint8_t choice)
{
	char text[64];

	for (int type = XN_U16; type <= XN_BIT; type++)
		xn_modbus_number(
		    (enum xn_modbus_type)type, (enum xn_modbus_order)(choice % 4), values);
	xn_modbus_bits(values[0], choice % 8, 1 + choice % 8);
	xn_modbus_text(values, count, text, sizeof(text));
}

/* What profiles make of them: markers, scales and spans that other registers tell. */
static void
decode_companions(const uint16_t *values, uint8_t choice)
{
	static const struct xn_range range = {1, 247};
	static const struct xn_modbus_span spans[] = {{7, 0.004, 0.020}, {13, -0.020, 0.020}};
	static const struct xn_modbus_source source = {.spans = spans, .span_count = 2};
	struct xn_modbus_marker marker = {.at = {.space = XN_MODBUS_HOLDING,
					      .type = (enum xn_modbus_type)(choice % XN_BIT),
					      .order = (enum xn_modbus_order)(choice / 64)},
	    .is = &range,
	    .is_count = 1};
	struct xn_rule rule = {.class_ = XN_CLASS_POWER, .scale = {1, 10, XN_CELSIUS}};
	struct xn_raw raw = xn_modbus_register_number(&marker.at, values);
	struct xn_reading reading;

	xn_modbus_marker_holds(&marker, values);
	xn_modbus_span_number(xn_modbus_span_of(&source, raw), raw);
	if (xn_modbus_scale((enum xn_modbus_scaling)(choice % 4), raw, &rule) == NULL)
		xn_reading_take(&reading, &rule, xn_modbus_number(XN_I32, XN_ABCD, values + 4));
	marker.text = "*7KM*[0-9]?*";
	marker.registers = XN_MODBUS_TEXT_MAX;
	xn_modbus_marker_holds(&marker, values);
}

/* Every point of a SunSpec model, from wherever the bytes are. */
static void
decode_model(const struct xn_sunspec_model *model, const uint16_t *values)
{
	for (unsigned i = 0; i < model->count; i++) {
		const struct xn_sunspec_point *point = &model->points[i];
		struct xn_reading reading = {.value = 0};
		struct xn_rule rule;
		struct xn_raw raw;

		xn_sunspec_instances(model, point, values[10]);
		xn_sunspec_rule(point, &rule);
		raw = xn_sunspec_number(point, values + i % 8, values[12], &rule);
		xn_reading_take(&reading, &rule, raw);
	}
}

/* First byte: framing, and space or writing function; second: how many registers were asked for;
 * the rest is the reply. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t models[] = {103, 113, 122, 160, 203, 306, 701, 704, 802};
	static const enum xn_modbus_write writes[] = {XN_MODBUS_WRITE_COIL,
	    XN_MODBUS_WRITE_REGISTER, XN_MODBUS_WRITE_COILS, XN_MODBUS_WRITE_REGISTERS};
	uint16_t values[XN_MODBUS_REGISTERS_MAX] = {0};
	struct xn_modbus_request request = {.unit = 1, .transaction = 1};
	size_t start;

	if (size < 2)
		return 0;
	request.rtu = data[0] & 4;
	request.space = (enum xn_modbus_space)(1 + data[0] % 4);
	request.count = (uint16_t)(1 + data[1] % XN_MODBUS_REGISTERS_MAX);
	if (data[0] & 8) {
		request.write = writes[data[0] % 4];
		request.count = 1;
	}
	xn_modbus_frame_length(request.rtu, data + 2, size - 2);
	xn_modbus_find(&request, data + 2, size - 2, &start);
	if (xn_modbus_check(&request, data + 2, size - 2, values, NULL) != XN_OK)
		memcpy(values, data + 2, size - 2 < sizeof(values) ? size - 2 : sizeof(values));
	decode_all(values, request.count, data[1]);
	decode_companions(values, data[1]);
	for (size_t m = 0; m < sizeof(models) / sizeof(models[0]); m++)
		decode_model(xn_sunspec_model(models[m]), values);
	return 0;
}
