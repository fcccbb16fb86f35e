/*
 * Facts of a span, gathered once for all indicators: sums by account, what each interval adds
 * (carbon, matching, bands), meters, activity and gauges. kWh, kg and hours as `double`: from here
 * on they are only divided and printed.
 */
#ifndef XN_BOOKS_KPIS_FACTS_H
#define XN_BOOKS_KPIS_FACTS_H

#include "orchestrator/books/energy_plans.h"
#include "orchestrator/books/kpis.h"
#include "orchestrator/books/library.h"

#define XN_KPIS_SENSORS_MAX   4096
#define XN_KPIS_PLATFORMS_MAX 256
#define XN_KPIS_METERS_MAX    65536
#define XN_KPIS_PROOFS_MAX    1024

/* What is gathered of one gauge: sums of means over its intervals. */
struct xn_kpi_sensor {
	const char *name;
	double sum, above, below; /* of means; beyond the recommended temperatures */
	uint32_t count;
};

struct xn_kpi_platform {
	const char *name;
	double units;    /* functional units that people brought */
	double energy;   /* kWh, cooling and losses included */
	double it;       /* kWh, without them */
	double embodied; /* kgCO2e of the span, of equipment that it has alone */
};

struct xn_kpi_sensors {
	struct xn_kpi_sensor *items; /* [2 * XN_KPIS_SENSORS_MAX], hashed by name */
	unsigned count;
	unsigned passed_over; /* there was no room */
	double hours;         /* that all of them together told */
};

/* Activity of one kind. */
struct xn_kpi_activity {
	bool any;
	double sum;   /* of the kind's unit */
	double hours; /* of the span, that it is for */
};

struct xn_kpi_sums {
	struct xn_amount accounts[XN_ACCOUNT_COUNT];
	double hours;  /* of the span */
	double booked; /* hours of it that have entries */
	/* By interval. */
	double location_kg, market_kg;
	double delivered, contracted; /* kWh of contracts: all, and what was used when it came */
	double grid_known;            /* kWh of the grid whose factor is known */
	double cfe_matched, cfe_total;
	double peak, banded; /* kWh */
	double highest_kw;
	/* Of hours with a target of PUE and with IT energy. */
	struct {
		unsigned judged, within, without; /* `without`: IT energy, but no target */
		double dc, it;                    /* kWh of those judged */
		double allowed;                   /* kWh: IT energy times the hour's target */
		int64_t lowest, highest;          /* targets, millionths */
	} pue;
	int factor_year;
	char factor[XN_NAME_SIZE]; /* id of the last factor used */
};

struct xn_kpi_all {
	xn_instant from, to;
	struct xn_kpi_sums sums;
	struct xn_kpi_meter *meters;
	unsigned meter_count;
	struct xn_kpi_activity activity[XN_ACTIVITY_COUNT];
	unsigned unproven;   /* certificates without a retirement id: not counted */
	unsigned duplicates; /* certificates whose id was there already: not counted */
	struct xn_kpi_platform platforms[XN_KPIS_PLATFORMS_MAX];
	unsigned platform_count;
	bool has_embodied;
	double embodied; /* kgCO2e of the span, of equipment that all share */
	struct xn_kpi_sensors inlets, hosts;
	struct xn_kpi_class bounds; /* of the class of equipment */
	struct xn_library library;
	struct xn_plans plans;
	const struct xn_energy_plan *plan; /* in force at the end of the span; NULL */
};

/* xn_plans_close(&all->plans) when nothing of the plan is needed any more, whatever came of it. */
int xn_kpi_gather(struct xn_books *books, xn_instant from, xn_instant to, struct xn_arena *arena,
    struct xn_kpi_all *ret_all, struct xn_error *err);

double xn_kpi_kwh(const struct xn_amount *amount); /* of |energy| */

#endif
