/*
 * Price: what a span of intervals cost and emitted by an energy plan. Money and carbon are two sums
 * that never enter each other: a cheap hour is not a green one. Fed interval by interval in the
 * order of time, from an array or from the books, then read.
 *
 * Cost: energy of a band times its price (exact per band: one rounding), plus the month's highest
 * mean times the price of a kW, VAT apart. Location-based carbon: everything bought times the
 * grid's factor; market-based: what a contract delivered in the same interval, min(bought,
 * delivered), at the contract's factor, the rest at the residual mix (GHG Protocol, scope 2).
 *
 * Invariants: (1) the bands' energies and `unpriced` sum to what was bought; (2) matched <= bought
 * and matched <= delivered, interval by interval; (3) nothing is priced twice.
 */
#ifndef XN_BOOKS_PRICE_H
#define XN_BOOKS_PRICE_H

#include "policies/energy_plan.h"

#define XN_PRICE_BANDS_MAX  64 /* name, price and VAT each make another */
#define XN_PRICE_MONTHS_MAX 120

/* What the ledger says of one interval; energies are never negative but for the battery's. */
struct xn_price_interval {
	xn_instant start, end;
	xn_energy grid; /* bought */
	xn_energy pv;
	xn_energy battery; /* given; below zero while it is charged */
	xn_energy generator;
	xn_energy it;
	xn_energy
	    contract; /* what contracts were read to deliver then, renewable, beside the plan's */
};

/* What contracts delivered in an interval, the plan's and those that were read; 0 g/kWh of the
 * latter. */
xn_energy xn_price_delivered(const struct xn_energy_plan *plan,
    const struct xn_price_interval *interval, int utc_offset_s, xn_carbon *ret_per_kwh);

struct xn_price_band {
	char name[65];
	enum xn_band_kind kind;
	xn_money price; /* of a kWh */
	xn_ratio vat;
	xn_energy energy;
	xn_money cost; /* before VAT */
};

/* The highest mean of a month, over the demand window. */
struct xn_price_month {
	xn_instant start; /* in site time */
	xn_power peak;
	xn_instant peak_at; /* beginning of the window */
	xn_money per_kw;    /* 0: no price of demand */
	xn_ratio vat;
	xn_money cost;
};

struct xn_price {
	int utc_offset_s;
	xn_duration window; /* of demand: 30 min if not set otherwise */

	struct xn_price_band bands[XN_PRICE_BANDS_MAX];
	unsigned band_count;
	struct xn_price_month months[XN_PRICE_MONTHS_MAX];
	unsigned month_count;

	xn_energy bought;
	xn_energy unpriced; /* bought when the plan has no tariff, or beyond the bands above */
	xn_energy split;    /* of intervals across a band's border: by time, not measured */
	xn_energy peak;     /* bought in peak bands */
	xn_energy delivered, matched;
	xn_energy total; /* of every source */
	xn_energy own;   /* PV */
	xn_duration span;
	xn_carbon location, market;
	xn_energy uncounted; /* bought when the plan has no factor */

	/* After xn_price_end: */
	xn_money energy_cost, demand_cost, vat;

	struct { /* the demand window that is being filled */
		int64_t index;
		xn_energy energy;
		xn_instant at;
		xn_duration span;
	} filling;
	const struct xn_energy_plan *plan; /* of the interval before */
};

void xn_price_begin(struct xn_price *price, int utc_offset_s);
/* `plan`: the one in force then; NULL: none was, and everything is unpriced. */
void xn_price_add(struct xn_price *price, const struct xn_energy_plan *plan,
    const struct xn_price_interval *interval);
void xn_price_end(struct xn_price *price);

/* Of everything bought, what fell in peak bands; 0 when nothing was bought. */
xn_ratio xn_price_peak_share(const struct xn_price *price);
/* Mean over highest mean. */
xn_ratio xn_price_load_factor(const struct xn_price *price);
/* Of all energy, what was carbon-free in the interval in which it was used: PV and matched
 * contracts (what the grid's own mix holds is not claimed). */
xn_ratio xn_price_carbon_free(const struct xn_price *price);
/* Of what contracts delivered, what was used in the same interval. */
xn_ratio xn_price_matched_share(const struct xn_price *price);

/* mJ at a price of a kWh, in thousandths of a dong, rounded to the nearest. */
xn_money xn_price_of(xn_energy energy, xn_money per_kwh);
xn_carbon xn_carbon_of(xn_energy energy, xn_carbon per_kwh);

#endif
