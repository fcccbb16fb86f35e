/*
 * KPIs: the indicators of a site over a span of time, from the books (formulas: core/kpi.h). Every
 * value carries what makes it comparable: category, boundary, whether it is a year's, coverage,
 * estimated share, uncertainty (k = 2), target and verdict, and the terms that it was made of;
 * where there is no value, the reason. Energies are summed first and divided once.
 *
 * Invariants: (1) an indicator is always listed, with its value or its reason; (2) "annual" only
 * with twelve months and the house policy below on every term; (3) "met" only if value and
 * uncertainty together meet the target over terms that the policy accepts.
 */
#ifndef XN_BOOKS_KPIS_H
#define XN_BOOKS_KPIS_H

#include "orchestrator/books/books.h"
#include "orchestrator/core/kpi.h"
#include "policies/energy_plan.h"

/* House policy, no standard's: what an annual value needs of each of its terms. */
#define XN_KPIS_COVERAGE_MIN  0.95
#define XN_KPIS_ESTIMATED_MAX 0.05

/* X(enumerator, id, unit, name, formula, source) */
#define XN_KPIS(X)                                                                                 \
	X(XN_KPI_PUE, "pue", "ratio", "Power usage effectiveness", "E_DC / E_IT",                  \
	    "ISO/IEC 30134-2:2026; EN 50600-4-2")                                                  \
	X(XN_KPI_DCIE, "dcie", "%", "Datacentre infrastructure efficiency", "100 * E_IT / E_DC",   \
	    "The Green Grid")                                                                      \
	X(XN_KPI_PUE_COOLING, "pue-cooling", "ratio", "Cooling's part of PUE", "E_cool / E_IT",    \
	    "terms of ASHRAE 90.4")                                                                \
	X(XN_KPI_PUE_LOSSES, "pue-losses", "ratio", "Electrical losses' part of PUE",              \
	    "E_loss / E_IT", "terms of ASHRAE 90.4")                                               \
	X(XN_KPI_PUE_OTHER, "pue-other", "ratio", "The rest of PUE",                               \
	    "(E_DC - E_IT - E_cool - E_loss) / E_IT", "terms of ASHRAE 90.4")                      \
	X(XN_KPI_REF, "ref", "ratio", "Renewable energy factor", "E_ren / E_DC",                   \
	    "ISO/IEC 30134-3; EN 50600-4-3")                                                       \
	X(XN_KPI_CUE, "cue", "kgCO2e/kWh", "Carbon usage effectiveness (location-based)",          \
	    "kgCO2e(E_DC) / E_IT", "ISO/IEC 30134-8; EN 50600-4-8")                                \
	X(XN_KPI_CUE_MARKET, "cue-market", "kgCO2e/kWh",                                           \
	    "Carbon usage effectiveness (market-based)", "kgCO2e(E_DC, market) / E_IT",            \
	    "GHG Protocol Scope 2 Guidance 2015")                                                  \
	X(XN_KPI_WUE, "wue", "l/kWh", "Water usage effectiveness", "W_in / E_IT",                  \
	    "ISO/IEC 30134-9:2022; EN 50600-4-9")                                                  \
	X(XN_KPI_ERF, "erf", "ratio", "Energy reuse factor", "E_reuse / E_DC",                     \
	    "ISO/IEC 30134-6; EN 50600-4-6")                                                       \
	X(XN_KPI_ERE, "ere", "ratio", "Energy reuse effectiveness", "(E_DC - E_reuse) / E_IT",     \
	    "The Green Grid")                                                                      \
	X(XN_KPI_CER, "cer", "ratio", "Cooling efficiency ratio", "Q_removed / E_cool",            \
	    "ISO/IEC 30134-7; EN 50600-4-7")                                                       \
	X(XN_KPI_ITEUSV, "iteusv", "%", "IT equipment utilization for servers",                    \
	    "mean of servers' mean CPU use", "ISO/IEC 30134-5")                                    \
	X(XN_KPI_RCI_HI, "rci-hi", "%", "Rack cooling index, high",                                \
	    "100 * (1 - sum(max(0, T - T_rec_max)) / (n * (T_all_max - T_rec_max)))",              \
	    "Herrlin 2005")                                                                        \
	X(XN_KPI_RCI_LO, "rci-lo", "%", "Rack cooling index, low",                                 \
	    "100 * (1 - sum(max(0, T_rec_min - T)) / (n * (T_rec_min - T_all_min)))",              \
	    "Herrlin 2005")                                                                        \
	X(XN_KPI_SCOPE2_LOCATION, "scope2-location", "tCO2e", "Scope 2, location-based",           \
	    "sum(E_grid * EF_grid)", "GHG Protocol Scope 2 Guidance 2015")                         \
	X(XN_KPI_SCOPE2_MARKET, "scope2-market", "tCO2e", "Scope 2, market-based",                 \
	    "sum(max(0, E - C) * EF_residual + min(E, C) * EF_contract), by interval",             \
	    "GHG Protocol Scope 2 Guidance 2015")                                                  \
	X(XN_KPI_CFE, "cfe-hourly", "ratio", "Hourly carbon-free share",                           \
	    "sum(min(E_h, CFE_h)) / sum(E_h)", "24/7 matching by hour")                            \
	X(XN_KPI_PEAK_SHARE, "peak-share", "ratio", "Share of energy in the tariff's peak hours",  \
	    "E(peak) / E_DC", "tariff of the energy plan")                                         \
	X(XN_KPI_LOAD_FACTOR, "load-factor", "ratio", "Load factor",                               \
	    "E_DC / (highest interval's mean power * hours)", "common use")                        \
	X(XN_KPI_TOE, "toe", "TOE", "Tonnes of oil equivalent",                                    \
	    "electricity * k_electricity + diesel * k_diesel", "coefficients of the library")      \
	X(XN_KPI_ITEESV, "iteesv", "perf/W", "IT equipment energy efficiency for servers",         \
	    "sum(SMPE) / sum(SMPO)", "ISO/IEC 30134-4")                                            \
	X(XN_KPI_TUE, "tue", "ratio", "Total usage effectiveness", "E_IT / E_compute * PUE",       \
	    "Patterson et al. 2013")                                                               \
	X(XN_KPI_RTI, "rti", "%", "Return temperature index",                                      \
	    "100 * (T_return - T_supply) / dT_equipment", "Herrlin 2008")                          \
	X(XN_KPI_SHI, "shi", "ratio", "Supply heat index", "dQ / (Q + dQ)", "Sharma et al. 2002")  \
	X(XN_KPI_SCI, "sci", "gCO2e/unit", "Software carbon intensity", "((E * I) + M) per R",     \
	    "ISO/IEC 21031:2024")

#define XN_KPIS_ENUM(name, id, unit, title, formula, source) name,
enum xn_kpi_id { XN_KPIS(XN_KPIS_ENUM) XN_KPI_COUNT };
#undef XN_KPIS_ENUM

struct xn_kpi_facts {
	const char *id, *unit, *name, *formula, *source;
};
extern const struct xn_kpi_facts xn_kpi_facts[XN_KPI_COUNT];
/* XN_KPI_COUNT when none is called so. */
enum xn_kpi_id xn_kpi_of(const char *id);

enum xn_kpi_span { XN_KPI_ANNUAL, XN_KPI_INTERIM, XN_KPI_INCOMPLETE };

#define XN_KPI_TERMS_MAX 5

/* A term: a sum of the formula, with how it was measured. */
struct xn_kpi_term {
	const char *name; /* "e_dc" */
	const char *unit;
	const char *from; /* "grid + pv + battery + generator" */
	double value;
	bool measured;              /* coverage and estimated say something */
	double coverage, estimated; /* 0..1 */
};

/* One indicator; of SCI one for each platform. */
struct xn_kpi_row {
	enum xn_kpi_id id;
	const char *of; /* the platform; "" */
	struct xn_kpi kpi;
	char why[XN_SENTENCE_SIZE]; /* there is no value, because; "" */
	char note[2 * XN_SENTENCE_SIZE];
	int category; /* 1..3; 0: has none */
	enum xn_kpi_span span;
	bool measured;
	double coverage, estimated; /* the worst of the terms */
	bool has_u;
	double u; /* k = 2 */
	bool has_target;
	struct xn_target target;
	enum xn_kpi_verdict verdict;
	/* PUE, whose targets are by hour: `target` is theirs, weighted by the hours' IT energy, so
	 * that a site which is at its target in every hour is at it in the sum. 0: no such hour. */
	unsigned hours_judged, hours_within;
	struct xn_kpi_term terms[XN_KPI_TERMS_MAX];
	unsigned term_count;
};

struct xn_kpi_meter {
	struct xn_books_meter meter; /* texts in the arena */
	struct xn_amount amount;
	const char *term; /* "e_dc", "e_it", "e_cool"; "" */
	double coverage;  /* of the span asked for */
};

struct xn_kpis {
	xn_instant from, to; /* the span asked for, as far as it was over */
	struct xn_kpi_row *rows;
	unsigned row_count;
	struct xn_kpi_meter *meters;
	unsigned meter_count;
};

/* Works out every indicator over [from, to); `now` is the end of what can be booked. Rows are in
 * the arena. */
int xn_kpis_measure(struct xn_books *books, xn_instant from, xn_instant to, xn_instant now,
    struct xn_arena *arena, struct xn_kpis *ret_kpis, struct xn_error *err);

/* "met", "not_met", "not_proven"; NULL: there is no value or no target. */
const char *xn_kpi_status(const struct xn_kpi_row *row);

/* The rows' texts of a person: "PUE1 = 1.380 +- 0.032". */
void xn_kpi_sentence(const struct xn_kpi_row *row, char *ret_text, size_t size);

#endif
