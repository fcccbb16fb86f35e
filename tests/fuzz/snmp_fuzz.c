#include <assert.h>
#include <math.h>
#include <string.h>

#include "drivers/snmp_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First byte: tag; second: class; then eight bytes of integer; the rest is text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xn_rule rule = {.scale = {1, 10, XN_CELSIUS}};
	struct xn_snmp_value value = {.tag = XN_SNMP_TEXT};
	struct xn_reading reading = {.value = 0};
	struct xn_raw raw;
	struct xn_oid oid;
	char text[256];

	if (size < 10)
		return 0;
	value.tag = data[0];
	rule.class_ = (enum xn_point_class)(data[1] % XN_CLASS_COUNT);
	memcpy(&value.integer, data + 2, sizeof(value.integer));
	memcpy(&value.real, data + 2, sizeof(value.real));
	value.text = (const char *)data + 10;
	value.size = size - 10;
	raw = xn_snmp_number(&value, &rule, &rule.scale);
	xn_reading_take(&reading, &rule, raw);
	assert(isfinite(reading.value));
	assert((reading.sample.quality == XN_QUALITY_ABSENT) <= (reading.why != NULL));
	xn_snmp_text(&value, text, sizeof(text));
	if (xn_oid_parse(text, &oid))
		xn_oid_print(&oid, text, sizeof(text));
	return 0;
}
