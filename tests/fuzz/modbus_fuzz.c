#include <string.h>

#include "drivers/modbus_codec.h"
#include "drivers/sunspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First byte: framing and space; second: how many registers were asked for; the rest is the reply.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t models[] = {103, 113, 203};
	uint16_t values[XN_MODBUS_REGISTERS_MAX] = {0};
	struct xn_modbus_request request = {.unit = 1, .transaction = 1};
	char text[64];

	if (size < 2)
		return 0;
	request.rtu = data[0] & 4;
	request.space = (enum xn_modbus_space)(1 + data[0] % 4);
	request.count = (uint16_t)(1 + data[1] % XN_MODBUS_REGISTERS_MAX);
	xn_modbus_frame_length(request.rtu, data + 2, size - 2);
	if (xn_modbus_check(&request, data + 2, size - 2, values, NULL) != XN_OK)
		memcpy(values, data + 2, size - 2 < sizeof(values) ? size - 2 : sizeof(values));
	for (int type = XN_U16; type <= XN_BIT; type++)
		xn_modbus_number(
		    (enum xn_modbus_type)type, (enum xn_modbus_order)(data[1] % 4), values);
	xn_modbus_text(values, request.count, text, sizeof(text));
	for (size_t m = 0; m < sizeof(models) / sizeof(models[0]); m++) {
		unsigned count;
		const struct xn_sunspec_point *points = xn_sunspec_points(models[m], &count);

		for (unsigned i = 0; i < count; i++) {
			struct xn_reading reading = {.value = 0};
			struct xn_rule rule;
			struct xn_raw raw;

			xn_sunspec_rule(&points[i], &rule);
			raw = xn_sunspec_number(&points[i], values + i % 8, values[9], &rule);
			xn_reading_take(&reading, &rule, raw);
		}
	}
	return 0;
}
