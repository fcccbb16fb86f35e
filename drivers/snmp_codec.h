/*
 * SNMP values: object identifiers as numbers, and readings out of values, numbers written as text
 * ("56.8", "35 C") included. Pure; knows nothing of the library that carries them.
 */
#ifndef XN_DRIVERS_SNMP_CODEC_H
#define XN_DRIVERS_SNMP_CODEC_H

#include "drivers/reading.h"

#define XN_OID_MAX 32

struct xn_oid {
	uint32_t id[XN_OID_MAX];
	unsigned count;
};

/* "1.3.6.1.4.1.318", a leading dot allowed; false if it is no OID or too long. */
bool xn_oid_parse(const char *text, struct xn_oid *ret_oid);
/* Without leading dot. */
void xn_oid_print(const struct xn_oid *oid, char *ret_text, size_t size);
/* Whether `oid` is `root` or below it. */
bool xn_oid_under(const struct xn_oid *oid, const struct xn_oid *root);
/* <0, 0, >0 in the order of a walk. */
int xn_oid_compare(const struct xn_oid *a, const struct xn_oid *b);
/* Appends one number; false if there is no room. */
bool xn_oid_add(struct xn_oid *oid, uint32_t id);

/* ASN.1 tags that carry something we read. */
enum xn_snmp_tag {
	XN_SNMP_INTEGER = 0x02,
	XN_SNMP_TEXT = 0x04,
	XN_SNMP_NULL = 0x05,
	XN_SNMP_OID = 0x06,
	XN_SNMP_COUNTER = 0x41,
	XN_SNMP_GAUGE = 0x42,
	XN_SNMP_TICKS = 0x43,
	XN_SNMP_COUNTER64 = 0x46,
	XN_SNMP_REAL = 0x79, /* net-snmp's opaque float and double */
	XN_SNMP_NO_OBJECT = 0x80,
	XN_SNMP_NO_INSTANCE = 0x81,
	XN_SNMP_END = 0x82,
	XN_SNMP_REFUSED = 0xff, /* no tag of the wire: the device would not answer this one */
};

/* A value as it came: `integer` of the integer types, `text` (not terminated) of text and OIDs. */
struct xn_snmp_value {
	uint8_t tag;
	int64_t integer;
	double real;
	const char *text;
	size_t size;
};

/* The number in a value; a unit written behind it ("81 F") replaces the rule's scale. */
struct xn_raw xn_snmp_number(
    const struct xn_snmp_value *value, const struct xn_rule *rule, struct xn_scale *ret_scale);

/* A text value, print characters only, blanks at the ends cut. */
void xn_snmp_text(const struct xn_snmp_value *value, char *ret_text, size_t size);

#endif
