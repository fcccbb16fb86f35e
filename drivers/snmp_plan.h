/*
 * SNMP plan: from a profile and a survey of the device to the layout of its readings and the list
 * of objects to read at every poll. Pure.
 *
 * The list holds, in this order: sysObjectID and sysDescr, the guards, the points. A guard is an
 * object that has to say the same as when the readings were planned (the row's name, unit and
 * scale), or that a value is valid now (the profile's `valid`): so a table that is renumbered, or a
 * device that is switched from degC to degF, is noticed in the poll that would have been wrong.
 */
#ifndef XN_DRIVERS_SNMP_PLAN_H
#define XN_DRIVERS_SNMP_PLAN_H

#include "drivers/layout.h"
#include "drivers/snmp_survey.h"

#define XN_SNMP_IDENTITY     2 /* places of the list before the guards */
#define XN_SNMP_GUARDS_MAX   8192
#define XN_SNMP_POINT_GUARDS 4
#define XN_SNMP_NO_GUARD     UINT16_MAX

struct xn_snmp_guard {
	const struct xn_condition *condition; /* NULL: it has to say the same */
	uint64_t print;                       /* of what it said */
};

struct xn_snmp_reads {
	struct xn_oid_ref *oids;
	unsigned count;
	struct xn_snmp_guard *guards;
	unsigned guard_count;
	/* Of each point. */
	uint16_t (*point_guards)[XN_SNMP_POINT_GUARDS];
	unsigned point_count; /* sums come behind them in the layout */
};

/* The layout of a device, its `reads` a struct xn_snmp_reads. NULL: no memory. */
struct xn_layout *xn_snmp_plan(const struct xn_profile *profile, const struct xn_survey *survey);

/* A print of what a value says. */
uint64_t xn_snmp_print(const struct xn_snmp_value *value);

/* Whether a value (NULL: nothing stands there) meets a condition. */
bool xn_snmp_meets(const struct xn_condition *condition, const struct xn_snmp_value *value);

#endif
