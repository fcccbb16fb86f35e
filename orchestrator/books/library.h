/*
 * Library: facts that come with the program as data (policies/library, installed as
 * share/xanh/library): the hours of tariffs' bands and what indicators need. Found by
 * $XANH_LIBRARY, else beside the build, else where it was installed.
 */
#ifndef XN_BOOKS_LIBRARY_H
#define XN_BOOKS_LIBRARY_H

#include "common/problem.h"
#include "common/units.h"
#include "orchestrator/core/kpi.h"
#include "policies/energy_plan.h"

#define XN_LIBRARY_WEEK_MINUTES (7 * 24 * 60)

struct xn_schedule {
	struct xn_schedule *next;
	const char *name;
	const char *basis;                           /* NULL */
	unsigned char band[XN_LIBRARY_WEEK_MINUTES]; /* enum xn_band_kind, from Monday 00:00 */
};

struct xn_thermal_class {
	struct xn_thermal_class *next;
	const char *name;
	struct xn_kpi_class bounds;
};

struct xn_library {
	struct xn_schedule *schedules;
	xn_duration offset; /* of the schedules' local time from UTC */
	struct xn_thermal_class *classes;
	const char *equipment_class; /* of the site's equipment; one of `classes` */
	double toe_per_mwh;
	double toe_per_tonne_diesel;
};

/* Reads both files; all is in the arena. */
int xn_library_read(struct xn_arena *arena, struct xn_library *ret_library, struct xn_error *err);

/* NULL: there is none of that name; a schedule's year may be left out ("legacy" of "legacy_2019")
 * while one alone has the name. */
const struct xn_schedule *xn_library_schedule(const struct xn_library *library, const char *name);
const struct xn_thermal_class *xn_library_class(const struct xn_library *library, const char *name);

/* How long [from, to) is in each band of the schedule, indexed by enum xn_band_kind. */
void xn_schedule_split(const struct xn_schedule *schedule, xn_duration offset, xn_instant from,
    xn_instant to, xn_duration ret_spans[XN_BAND_OFFPEAK + 1]);

#endif
