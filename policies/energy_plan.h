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

/* A file that a plan names, read by whoever compiles. */
struct xn_energy_file {
	const struct xn_source *source;
	const struct xn_yaml *documents; /* of YAML */
};

/*
 * Where the files that a plan names come from. `find` gives the file of a path relative to the
 * plan, as YAML documents or as plain bytes; NULL when there is none.
 */
struct xn_energy_files {
	const struct xn_energy_file *(*find)(void *context, const char *path, bool yaml);
	void *context;
	/* Whether a file that says nothing known here is a problem (it is, once it is to be used).
	 */
	bool all_known;
};

/*
 * Compiles a document; mistakes become problems and give NULL. With `files` NULL, the files that it
 * names are looked for in the documents that follow it: {kind: file, path: PATH}, then the file's
 * own document or, of what is no YAML, {kind: bytes, lines: [...]}; that is how a plan is stored.
 */
const struct xn_energy_plan *xn_energy_plan_compile(
    struct xn_arena *arena, const struct xn_yaml *document, struct xn_problems *problems);
const struct xn_energy_plan *xn_energy_plan_compile_with(struct xn_arena *arena,
    const struct xn_yaml *document, const struct xn_energy_files *files,
    struct xn_problems *problems);

/* Checks a document of kind `tariff`, which a plan may name as its file. */
bool xn_tariff_check(
    struct xn_arena *arena, const struct xn_yaml *document, struct xn_problems *problems);

const char *xn_energy_plan_name(const struct xn_energy_plan *plan);
const struct xn_source *xn_energy_plan_source(const struct xn_energy_plan *plan);
/* [from, to); ms 0 and INT64_MAX where the plan has none. */
xn_instant xn_energy_plan_from(const struct xn_energy_plan *plan);
xn_instant xn_energy_plan_to(const struct xn_energy_plan *plan);

/* Seconds from UTC in which `from` is written; 0 when there is none. */
int xn_energy_plan_offset(const struct xn_energy_plan *plan);
const char *xn_energy_plan_basis(const struct xn_energy_plan *plan); /* "" */

/* ---- sources: what may be drawn from where; zero where not given ---- */

enum xn_generator_use { XN_GENERATOR_OUTAGE_ONLY, XN_GENERATOR_PEAK, XN_GENERATOR_TEST };

/* What somebody else forecast of PV: means from `at` to the next row. */
struct xn_pv_forecast {
	xn_instant at;
	xn_power mean, low, high; /* low and high below 0: not given */
};

struct xn_energy_sources {
	xn_power grid_limit;
	xn_power pv_peak;
	const char *pv_forecast;              /* path of a CSV relative to the plan; NULL */
	const struct xn_pv_forecast *pv_rows; /* its rows: `at` rises */
	unsigned pv_row_count;
	xn_energy battery_capacity;
	xn_power battery_power;
	xn_ratio battery_floor;
	xn_power generator_limit;
	enum xn_generator_use generator_use;
};

const struct xn_energy_sources *xn_energy_plan_sources(const struct xn_energy_plan *plan);

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

/* Whether every border of its bands lies on an interval of this length; else the first that does
 * not, as "17:15". */
bool xn_energy_plan_fits(
    const struct xn_energy_plan *plan, xn_duration interval, char ret_border[8]);

/* The rate of VAT; false: none is given. */
bool xn_energy_plan_vat(const struct xn_energy_plan *plan, xn_instant at, xn_ratio *ret_rate);

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

/* What contracts deliver together from `from` to `to`, matched or not, and what a kWh of that
 * emits. False: no contract delivers then. */
bool xn_energy_plan_contracted(const struct xn_energy_plan *plan, xn_instant from, xn_instant to,
    int utc_offset_s, xn_energy *ret_energy, xn_carbon *ret_per_kwh);

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

/* A share of renewables that a decision sets for a year; `definition` keeps apart what must not be
 * drawn as one line (with and without hydropower). */
struct xn_renewable_target {
	int year;
	xn_ratio low, high;
	const char *basis, *definition, *evidence;
};

const struct xn_renewable_target *xn_energy_plan_renewables(
    const struct xn_energy_plan *plan, unsigned *ret_count);

/* ---- events: what the grid asks ---- */

struct xn_demand_event {
	const char *name;
	xn_instant from, to;
	bool has_grid_max;
	xn_power grid_max;
	xn_power reduce; /* below the baseline; 0: not asked */
	xn_duration notice;
	const char *baseline;
};

const struct xn_demand_event *xn_energy_plan_events(
    const struct xn_energy_plan *plan, unsigned *ret_count);

#endif
