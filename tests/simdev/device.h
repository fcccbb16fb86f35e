/*
 * Device: what one simulated device shows (points), where it shows it (objects of an SNMP agent or
 * registers of a Modbus server) and what is wrong with it at the moment (a fault).
 *
 * Invariants: (1) what is served is `shown`, a whole number of the register's counts, unless the
 * device is frozen or answers sentinels; (2) an energy point is the exact integral of the `shown`
 * watts of its power point, in microjoules, through restarts; (3) a point that is held keeps the
 * value a person set, whatever the model says.
 */
#ifndef XN_SIMDEV_DEVICE_H
#define XN_SIMDEV_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "tests/simdev/fault.h"
#include "tests/simdev/mib.h"
#include "tests/simdev/registers.h"

#define XN_NAME_MAX    40
#define XN_OUTLETS_MAX 48
#define XN_RACKS_MAX   16

enum xn_kind { XN_PDU, XN_INROW_DX, XN_METER, XN_PV, XN_RECORDING, XN_TABLE, XN_KINDS };

/* How a value stands in its place. */
enum xn_form { XN_SNMP_INTEGER, XN_U16, XN_S16, XN_U32, XN_S64, XN_F32 };

struct xn_point {
	char name[XN_NAME_MAX];
	enum xn_form form;
	xn_mib_arc oid[XN_MIB_NAME_MAX];
	size_t oid_count;
	unsigned address; /* of the first register */
	double unit;      /* what one count is worth */
	bool dither;      /* rounded so that the mean is right: for totals that are booked */
	bool held;
	double shown;
	double carry;   /* what rounding has kept back so far */
	int integrates; /* an energy: index of its power point, else -1 */
	int sign;       /* +1 or -1: which direction of that power it counts */
	int64_t energy_uj;
	uint64_t ahead; /* counts by which its register is ahead of energy_uj */
	bool gone;      /* its place went with a sensor that was pulled out */
};

struct xn_outlet {
	int host; /* index, -1: none */
	double share;
	double load_w; /* of what else is plugged in */
};

struct xn_device {
	char name[XN_NAME_MAX];
	enum xn_kind kind;
	enum xn_fault fault;
	unsigned fault_number; /* the N of fault.h */
	char host[64];         /* address to listen on */
	unsigned port;         /* the one that is open now, once it is */
	unsigned slow_ms;
	double first_energy_wh;

	char community[64]; /* empty: none */
	char user[40];      /* SNMPv3, empty: none */
	unsigned unit_id;

	char recording[512];
	struct xn_mib mib;
	struct xn_mib pulled;           /* what went with a sensor */
	struct xn_registers *registers; /* NULL for SNMP */
	struct xn_point *points;
	size_t point_count;

	struct xn_outlet outlets[XN_OUTLETS_MAX];
	int racks[XN_RACKS_MAX]; /* a PDU's one, the ones a cooler serves */
	size_t rack_count;
	double cop, fan_w; /* of a cooler */
	double heat_w;     /* what it moves now */

	uint64_t requests, variables; /* answered by SNMP, with faults or without */
	struct xn_snmp_server *snmp;  /* the open port: one of these two, none while it is off */
	struct xn_modbus_server *modbus;
};

bool xn_device_is_modbus(const struct xn_device *device);

/* Reads its recording and makes its points. */
int xn_device_prepare(struct xn_device *device, struct xn_error *err);

/* NULL when there is no such point. */
struct xn_point *xn_device_point(const struct xn_device *device, const char *name);

/* What the model says; `noise` is uniform in 0..1, used where the point dithers. */
void xn_point_follow(struct xn_point *point, double truth, double noise);

/* Books `ms` of what was shown until now. */
void xn_device_integrate(struct xn_device *device, int64_t ms);
/* Writes what is shown into objects or registers. */
void xn_device_publish(struct xn_device *device);

/* XN_EINVALID: such a device cannot have this fault. `number` 0: the usual one. */
int xn_device_fault(
    struct xn_device *device, enum xn_fault fault, unsigned number, struct xn_error *err);

#endif
