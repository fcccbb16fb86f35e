/*
 * Allow-list: every register and object of every device that may ever be written, reviewed by a
 * person, as a YAML file of its own. What is not on it cannot be written (control.h).
 *
 *   kind: allow-list
 *   allow:
 *     - {device: crac-2, name: supply.setpoint, holding: 1010, type: i16, least: 180, most: 270,
 *        per_hour: 4, apart: 5 min}
 *     - {device: crac-2, name: bms.stop, coil: 1000, least: 0, most: 0, per_hour: 2, apart: 1 min}
 *     - {device: pdu-a07-a, name: outlet.3, oid: 1.3.6.1.4.1.318.1.1.4.4.2.1.3.3, least: 1, most:
 * 2, per_hour: 6, apart: 30 s}
 *
 * `least` and `most` are raw counts, as they go over the wire. `multiple: true` writes a single
 * register or coil with the function for several, which is all that some devices know.
 *
 * Invariants of a list that was read: (1) a device has a name, and a place, once only; (2) least <=
 * most, both within the type; (3) every rate is limited: per_hour >= 1, apart >= 1 s.
 */
#ifndef XN_DRIVERS_ALLOW_LIST_H
#define XN_DRIVERS_ALLOW_LIST_H

#include "common/problem.h"
#include "drivers/modbus_codec.h"
#include "drivers/snmp_codec.h"

#define XN_ALLOW_ROWS_MAX 1024

enum xn_allow_kind { XN_ALLOW_COIL, XN_ALLOW_HOLDING, XN_ALLOW_OID };

struct xn_allowed {
	const char *device;
	const char *name;
	enum xn_allow_kind kind;
	uint16_t address; /* of coils and holding registers */
	enum xn_modbus_type type;
	enum xn_modbus_order order;
	bool multiple;
	struct xn_oid oid;
	uint8_t tag; /* of an object: XN_SNMP_INTEGER or XN_SNMP_GAUGE */
	int64_t least;
	int64_t most;
	int64_t per_hour;
	xn_duration apart;
};

struct xn_allow_list {
	struct xn_allowed *rows;
	unsigned count;
};

/* What is wrong becomes problems (and *ret_list NULL). XN_EREAD when the file cannot be read. */
int xn_allow_list_read(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_allow_list **ret_list, struct xn_error *err);

/* NULL if the device has nothing of that name. */
const struct xn_allowed *xn_allow_list_find(
    const struct xn_allow_list *list, const char *device, const char *name);

#endif
