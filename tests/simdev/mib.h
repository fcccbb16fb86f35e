/*
 * Mib: the objects one SNMP device answers, sorted, as read from an .snmprec recording (lines
 * OID|TAG|VALUE in the manner of snmpsim; `x` behind a tag: hexadecimal, `e`: with \xHH in it).
 *
 * Owns copies of all names and values. Invariant: names strictly increase.
 */
#ifndef XN_SIMDEV_MIB_H
#define XN_SIMDEV_MIB_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define XN_MIB_NAME_MAX 64

typedef unsigned long xn_mib_arc; /* as net-snmp's `oid` */

struct xn_mib_object {
	xn_mib_arc *name;
	size_t name_count;
	uint8_t type;     /* the BER tag: 0x02 integer, 0x04 octets, 0x41 counter ... */
	uint8_t disguise; /* of a number: 0, or the tag it is sent with, `bytes` being its value */
	union {
		long number;   /* integer, counter, gauge, ticks */
		uint64_t wide; /* Counter64 */
	};
	void *bytes; /* of octets, an address; an object identifier's arcs */
	size_t size;
};

struct xn_mib {
	struct xn_mib_object *objects;
	size_t count, capacity;
};

int xn_mib_load(struct xn_mib *mib, const char *path, struct xn_error *err);
void xn_mib_free(struct xn_mib *mib);

/* "1.3.6.1" into arcs; their number, 0 if the text is no name. A leading dot is allowed. */
size_t xn_mib_parse(const char *text, xn_mib_arc name[static XN_MIB_NAME_MAX]);

/* NULL if there is none. */
struct xn_mib_object *xn_mib_get(const struct xn_mib *mib, const xn_mib_arc *name, size_t count);
const struct xn_mib_object *xn_mib_after(
    const struct xn_mib *mib, const xn_mib_arc *name, size_t count);

/* The object of this name as an integer, made if it is not there. */
struct xn_mib_object *xn_mib_integer(struct xn_mib *mib, const xn_mib_arc *name, size_t count);

/* Sends a number as something else, until it is told 0 for a tag. */
void xn_mib_disguise(struct xn_mib_object *object, uint8_t tag, const void *bytes, size_t size);

/*
 * A table (the OID of its entry) whose last index is a row's number: takes row `row` out, into
 * `ret_out`, and moves those behind it up; and back again, which empties `out`.
 */
void xn_mib_unplug(struct xn_mib *mib, const xn_mib_arc *table, size_t count, xn_mib_arc row,
    struct xn_mib *ret_out);
void xn_mib_plug(
    struct xn_mib *mib, const xn_mib_arc *table, size_t count, xn_mib_arc row, struct xn_mib *out);

#endif
