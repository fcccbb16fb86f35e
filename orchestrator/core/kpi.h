/*
 * Indicators: the formulas, each with its source, and nothing else. Energies are sums over the same
 * span and boundary, in kWh; ratios are never averaged, their sums are divided. Pure; numbers are
 * `double` because they are only printed: nothing decides by them but the verdict on a target.
 *
 * Invariants: (1) a value that cannot be is refused with a word that says why, never clipped;
 * (2) nothing measured (a sum of zero to divide by, no sensor) is "no data", never 0 or 100.
 */
#ifndef XN_CORE_KPI_H
#define XN_CORE_KPI_H

#include <stdbool.h>
#include <stddef.h>

enum xn_kpi_state { XN_KPI_VALUE, XN_KPI_NO_DATA, XN_KPI_REFUSED };

struct xn_kpi {
	enum xn_kpi_state state;
	double value;    /* of VALUE */
	const char *why; /* of REFUSED, a word: "pue_lt_1"; else "" */
};

/* ---- power usage: ISO/IEC 30134-2:2026 (EN 50600-4-2), The Green Grid ---- */

/* E_DC / E_IT. Also iPUE (less than a year), pPUE (a part's energies) and, with powers, the power
 * ratio of a moment, which is not called PUE. Refused: pue_lt_1. */
struct xn_kpi xn_kpi_pue(double e_dc, double e_it);
/* DCiE, The Green Grid: 100 * E_IT / E_DC, percent. Refused: pue_lt_1. */
struct xn_kpi xn_kpi_dcie(double e_dc, double e_it);
/* ERE, The Green Grid: (E_DC - E_reuse) / E_IT. Refused: pue_lt_1, erf_gt_1. */
struct xn_kpi xn_kpi_ere(double e_dc, double e_reuse, double e_it);
/* TUE: ITUE * PUE with ITUE = E_IT / E_compute (Patterson et al. 2013). Refused: pue_lt_1,
 * itue_lt_1. */
struct xn_kpi xn_kpi_tue(double e_dc, double e_it, double e_compute);

/* As a share of E_DC, what meters may disagree by before the parts contradict the total. */
#define XN_KPI_PARTS_SLACK 0.01

/* The parts of PUE = 1 + cooling + losses + other (terms of ASHRAE 90.4). `other` is what is left,
 * and within the slack may be below zero. Refused: parts_gt_total. */
struct xn_kpi_parts {
	struct xn_kpi pue, cooling, losses, other;
};
struct xn_kpi_parts xn_kpi_contributions(double e_dc, double e_it, double e_cool, double e_loss);

/* ---- shares of E_DC: 0..1, else refused: NAME_gt_1, NAME_lt_0 ---- */

/* REF, ISO/IEC 30134-3 (EN 50600-4-3): E_ren / E_DC. */
struct xn_kpi xn_kpi_ref(double e_ren, double e_dc);
/* ERF, ISO/IEC 30134-6 (EN 50600-4-6): E_reuse / E_DC. */
struct xn_kpi xn_kpi_erf(double e_reuse, double e_dc);
/* Share of energy in the grid's peak hours: E(peak) / E_DC. */
struct xn_kpi xn_kpi_peak_share(double e_peak, double e_dc);
/* Measured time over time, and estimated energy over energy. */
struct xn_kpi xn_kpi_coverage(double measured, double period);
struct xn_kpi xn_kpi_estimated(double e_estimated, double e_total);
/* E_DC / (highest mean demand * hours). Refused: load_factor_gt_1. */
struct xn_kpi xn_kpi_load_factor(double e_dc, double p_max_kw, double hours);
/* Hourly carbon-free share: sum(min(E_h, CFE_h)) / sum(E_h); an hour's excess helps no other. */
struct xn_kpi xn_kpi_cfe(const double *e, const double *cfe, size_t count);

/* ---- carbon, water, heat, fuel ---- */

/* CUE, ISO/IEC 30134-8 (EN 50600-4-8): kgCO2e(E_DC) / E_IT, kg/kWh. */
struct xn_kpi xn_kpi_cue(double kgco2e, double e_it);
/* WUE, ISO/IEC 30134-9:2022 (EN 50600-4-9): m3 / MWh of E_IT, which is l/kWh. */
struct xn_kpi xn_kpi_wue(double w_in_m3, double e_it);
/* CER, ISO/IEC 30134-7 (EN 50600-4-7): heat removed / E_cool. */
struct xn_kpi xn_kpi_cer(double q_removed, double e_cool);
/* GHG Protocol Scope 2 Guidance 2015, location-based: sum(E_t * EF_t), kg from kWh and kg/kWh. */
struct xn_kpi xn_kpi_scope2_location(const double *e, const double *ef, size_t count);
/* ... market-based: sum(max(0, E_t - C_t) * EF_residual + min(E_t, C_t) * EF_contract), matched
 * interval by interval. */
struct xn_kpi xn_kpi_scope2_market(const double *e, const double *contract, const double *residual,
    const double *contracted, size_t count);
/* TOE: electricity and diesel, each by its coefficient (data). */
struct xn_kpi xn_kpi_toe(double electricity_mwh, double per_mwh, double diesel_t, double per_tonne);

/* ---- IT ---- */

/* ITEEsv, ISO/IEC 30134-4: sum(performance) / sum(maximum power). */
struct xn_kpi xn_kpi_iteesv(const double *performance, const double *watts, size_t count);
/* ITEUsv, ISO/IEC 30134-5: the mean of servers' mean CPU use, percent. Refused: iteusv_gt_100. */
struct xn_kpi xn_kpi_iteusv(const double *percent, size_t count);
/* SCI, ISO/IEC 21031:2024: M = TE * (TiR / EL) * (RR / ToR). */
struct xn_kpi xn_kpi_sci_embodied(double te, double tir, double el, double rr, double tor);
/* ... ((E * I) + M) per R: E of all that is reserved, times PUE; I location-based. */
struct xn_kpi xn_kpi_sci(double e, double i, double m, double r);

/* ---- air ---- */

/* Bounds of a class of equipment, degC (ASHRAE TC 9.9; data). */
struct xn_kpi_class {
	double rec_min, rec_max, all_min, all_max;
};
/* RCI, Herrlin 2005: 100 * (1 - sum(beyond recommended) / (n * (allowable - recommended))). */
struct xn_kpi xn_kpi_rci_hi(const struct xn_kpi_class *bounds, const double *intake, size_t n);
struct xn_kpi xn_kpi_rci_lo(const struct xn_kpi_class *bounds, const double *intake, size_t n);
/* RTI, Herrlin 2008: 100 * (T_return - T_supply) / dT_equipment; below 100 bypass, above it
 * recirculation. */
struct xn_kpi xn_kpi_rti(double t_return, double t_supply, double dt_equipment);
/* SHI = dQ / (Q + dQ), RHI = Q / (Q + dQ), Sharma et al. 2002: of one division, so that they sum to
 * exactly 1. */
struct xn_kpi xn_kpi_shi(double dq, double q);
struct xn_kpi xn_kpi_rhi(double dq, double q);

/* ---- how sure ---- */

/* Square root; 0 of what is not above 0. */
double xn_kpi_root(double square);
/* Standard uncertainty of a chain of meter and current transformer, as a share: the classes are
 * limits of a rectangular distribution (JCGM 100), u = sqrt((meter/sqrt3)^2 + (ct/sqrt3)^2). */
double xn_kpi_chain(double meter_class, double ct_class);
/* Expanded (k = 2) of a ratio whose numerator and denominator have independent chains. */
double xn_kpi_expanded(double value, double u_numerator, double u_denominator);

enum xn_kpi_verdict { XN_KPI_MET, XN_KPI_NOT_MET, XN_KPI_NOT_PROVEN };

/* Met only if the whole of value +- u is on the right side of the target; not met if even the value
 * is not. `at_least`: the target is a minimum. */
enum xn_kpi_verdict xn_kpi_judge(double value, double u, double target, bool at_least);
const char *xn_kpi_verdict_word(enum xn_kpi_verdict verdict); /* "met", "not_met", "not_proven" */

#endif
