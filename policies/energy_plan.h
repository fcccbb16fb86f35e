/*
 * Energy plan: one checked document of kind `energy-plan` (contracts/configuration.md section 6):
 * what energy costs and emits at each instant, what the site has to reach, and what the grid may
 * ask of it. Compiled once from YAML in the caller's arena, then constant; `source` keeps the text
 * byte for byte. Tariffs, factors and targets are data with effective dates, never constants here.
 *
 * Invariants: (1) every minute of the week is in exactly one band of a tariff; (2) price and carbon
 * are two answers: nothing here takes a cheap hour for a green one.
 */
#ifndef XN_POLICIES_ENERGY_PLAN_H
#define XN_POLICIES_ENERGY_PLAN_H

#include "common/arena.h"
#include "common/units.h"
#include "common/yaml.h"

struct xn_energy_plan;

/* Compiles a document; mistakes become problems and give NULL. Files that it names (`file:`) were
 * read by the caller... see xn_energy_plan_read. */
const struct xn_energy_plan *xn_energy_plan_compile(
    struct xn_arena *arena, const struct xn_yaml *document, struct xn_problems *problems);

const char *xn_energy_plan_name(const struct xn_energy_plan *plan);
const struct xn_source *xn_energy_plan_source(const struct xn_energy_plan *plan);
/* [from, to); ms 0 and INT64_MAX where the plan has none. */
xn_instant xn_energy_plan_from(const struct xn_energy_plan *plan);
xn_instant xn_energy_plan_to(const struct xn_energy_plan *plan);

/* ---- price ---- */

enum xn_band_kind { XN_BAND_FLAT, XN_BAND_NORMAL, XN_BAND_PEAK, XN_BAND_OFFPEAK };

struct xn_band {
	const char *name;
	enum xn_band_kind kind;
	xn_money price;   /* of a kWh, before VAT */
	xn_instant until; /* when the next band begins */
};

/* The band at an instant; false: the plan has no tariff then. */
bool xn_energy_plan_band(
    const struct xn_energy_plan *plan, xn_instant at, int utc_offset_s, struct xn_band *ret_band);
/* What a kW of the month's highest mean demand costs (two-part price); false: nothing. */
bool xn_energy_plan_demand(const struct xn_energy_plan *plan, xn_instant at, xn_money *ret_per_kw);

/* ---- carbon ---- */

enum xn_factor_use { XN_FACTOR_LOCATION, XN_FACTOR_RESIDUAL, XN_FACTOR_CONTRACT };

struct xn_factor {
	const char *id, *issuer, *method; /* "" where not given */
	int year;                         /* 0: not given */
	xn_carbon per_kwh;
};

/* RESIDUAL falls back to LOCATION, as while no residual mix is published. */
bool xn_energy_plan_factor(const struct xn_energy_plan *plan, enum xn_factor_use use, xn_instant at,
    struct xn_factor *ret_factor);

/* ---- targets ---- */

enum xn_target_metric { XN_TARGET_PUE, XN_TARGET_REF, XN_TARGET_CUE, XN_TARGET_WUE };
enum xn_target_over { XN_OVER_HOUR, XN_OVER_DAY, XN_OVER_MONTH, XN_OVER_QUARTER, XN_OVER_YEAR };

struct xn_target {
	bool is_max;        /* else at least */
	int64_t millionths; /* of the metric's unit: ratio, kg/kWh, l/kWh */
	enum xn_target_over over;
	const char *basis; /* the decision it comes from; "" */
};

/* The target at an instant (PUE may differ by hour); false: none. */
bool xn_energy_plan_target(const struct xn_energy_plan *plan, enum xn_target_metric metric,
    xn_instant at, int utc_offset_s, struct xn_target *ret_target);

#endif
