/*
 * Making: what the reports share while they are made. Only reports' own files include this. Each
 * report reads the books through here, so that no row escapes the hash of the data slice.
 */
#ifndef XN_REPORTS_MAKING_H
#define XN_REPORTS_MAKING_H

#include <gnutls/crypto.h>

#include "orchestrator/books/json.h"
#include "orchestrator/books/price.h"
#include "orchestrator/reports/field_list.h"
#include "orchestrator/reports/reports.h"

/* House policy: what a number must have so that it is not called incomplete (percent x 100). */
#define XN_COVERAGE_LEAST 9500
#define XN_ESTIMATED_MOST 500

#define XN_SOURCES                                                                                 \
	(XN_ACCOUNT_BIT(XN_ACCOUNT_GRID) | XN_ACCOUNT_BIT(XN_ACCOUNT_PV) |                         \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_BATTERY) | XN_ACCOUNT_BIT(XN_ACCOUNT_GENERATOR))
#define XN_IT                                                                                      \
	(XN_ACCOUNT_BIT(XN_ACCOUNT_RACK_OTHER) | XN_ACCOUNT_BIT(XN_ACCOUNT_HOST) |                 \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_VM))
#define XN_SINKS                                                                                   \
	(XN_IT | XN_ACCOUNT_BIT(XN_ACCOUNT_COOLING) | XN_ACCOUNT_BIT(XN_ACCOUNT_LOSSES) |          \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_UNEXPLAINED))

struct xn_making {
	const struct xn_report_order *order;
	struct xn_books *books;
	const struct xn_books_site *site;
	struct xn_arena *arena;
	struct xn_document *document;
	struct xn_period period;
	xn_instant booked; /* end of what is booked, at most the period's */
	int64_t as_of;
	gnutls_hash_hd_t slice;
	struct xn_amount supplied; /* of all sources in the period */
	xn_duration held;          /* time of the period that has entries */
};

#define XN_FIELDS_COUNT(fields) ((uint32_t)(sizeof(fields) / sizeof((fields)[0])))

#define XN_F_TEXT(name_, vi_, en_)                                                                 \
	{                                                                                          \
		.name = (name_), .title = {(vi_), (en_)}, .kind = XN_FIELD_TEXT, .unit = ""        \
	}
/* A name of a rack, host, VM, meter or person: not in open data. */
#define XN_F_NAME(name_, vi_, en_)                                                                 \
	{                                                                                          \
		.name = (name_), .title = {(vi_), (en_)}, .kind = XN_FIELD_TEXT, .unit = "",       \
		.sensitive = true                                                                  \
	}
#define XN_F_NUMBER(name_, vi_, en_, decimals_, unit_)                                             \
	{                                                                                          \
		.name = (name_), .title = {(vi_), (en_)}, .kind = XN_FIELD_NUMBER,                 \
		.decimals = (decimals_), .unit = (unit_)                                           \
	}
#define XN_F_DATE(name_, vi_, en_)                                                                 \
	{                                                                                          \
		.name = (name_), .title = {(vi_), (en_)}, .kind = XN_FIELD_DATE, .unit = ""        \
	}
#define XN_F_INSTANT(name_, vi_, en_)                                                              \
	{                                                                                          \
		.name = (name_), .title = {(vi_), (en_)}, .kind = XN_FIELD_INSTANT, .unit = ""     \
	}
/* The quality pair of an amount, filled by xn_put_quality. */
#define XN_F_QUALITY                                                                               \
	XN_F_NUMBER("coverage_percent", "Mức độ đầy đủ dữ liệu", "Data coverage", 2, "%"),         \
	    XN_F_NUMBER("estimated_percent", "Ước tính", "Estimated", 2, "%")

/* ---- the books ---- */

typedef int xn_each_row(const struct xn_books_row *row, void *context, struct xn_error *err);

/* The period's rows; query->from, to and as_of are set when they are zero. */
int xn_making_entries(struct xn_making *making, const struct xn_books_query *query,
    xn_each_row *each, void *context, struct xn_error *err);
int xn_making_sum(struct xn_making *making, uint64_t accounts, const char *platform,
    const char *agency, struct xn_amount *ret_amount, struct xn_error *err);
int xn_making_activities(struct xn_making *making,
    int (*each)(const struct xn_books_activity *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);
/* The sum of one kind; *ret_count says how many there were. */
int xn_making_activity(struct xn_making *making, enum xn_activity kind, int64_t *ret_milli,
    unsigned *ret_count, struct xn_error *err);
/*
 * The period's supply step by step (TOTAL, DAY or MONTH), priced and with its carbon by the energy
 * plans in force; one pass over the intervals.
 */
struct xn_supply {
	xn_instant start, end; /* of the step, in site time, within the period */
	const struct xn_price *price;
	struct xn_amount amounts[XN_ACCOUNT_GENERATOR + 1]; /* by source */
	struct xn_amount it;
	const struct xn_energy_plan *plan; /* that was in force last; NULL */
};
int xn_making_supply(struct xn_making *making, enum xn_books_step step,
    int (*each)(const struct xn_supply *supply, void *context, struct xn_error *err), void *context,
    struct xn_error *err);
/* The grid's factor at the step's start; false: the plan has none. */
bool xn_supply_factor(const struct xn_supply *supply, struct xn_factor *ret_factor);
/* Says what could not be priced or counted of a sum over the period. */
void xn_supply_remarks(struct xn_making *making, const struct xn_price *price);

/* What a report learned from elsewhere belongs to the slice, too. */
void xn_making_note(struct xn_making *making, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- cells ---- */

void xn_put_text(struct xn_cell *cell, const char *text); /* not copied; "" and NULL: none */
void xn_put_copy(struct xn_making *making, struct xn_cell *cell, const char *text);
void xn_put_number(struct xn_cell *cell, int64_t scaled);
void xn_put_time(struct xn_cell *cell, xn_instant at);
/* Three decimals of a kWh, from its magnitude. */
void xn_put_kwh(struct xn_cell *cell, xn_energy energy);
/* VND without decimals, kg with three, percent with two of part in whole (whole 0: none). */
void xn_put_vnd(struct xn_cell *cell, xn_money money);
void xn_put_kg(struct xn_cell *cell, xn_carbon carbon);
void xn_put_percent(struct xn_cell *cell, int64_t part, int64_t whole);
/* Two cells: coverage of the time that had to be measured, estimated share; marks `energy` as
 * estimated where more than the house policy's share is. */
void xn_put_quality(
    struct xn_cell *quality, struct xn_cell *energy, const struct xn_amount *amount);

/* part x scale / whole, rounded half away from zero; 0 of a whole that is 0. */
int64_t xn_share(int64_t part, int64_t whole, int64_t scale);
xn_energy xn_magnitude(xn_energy energy);

/* ---- words ---- */

void xn_remark(struct xn_making *making, bool warning, const char *vi, const char *en);
/* With a number in both languages: `format`s have one %s. */
void xn_remark_number(struct xn_making *making, bool warning, const char *vi, const char *en,
    int64_t scaled, int decimals);
/* The report has not all it should have: also complete = false. */
void xn_remark_incomplete(struct xn_making *making, const char *vi, const char *en);

/* ---- the reports ---- */

#define XN_REPORT_FUNCTION(name, word, letter, function, vi, en)                                   \
	int function(struct xn_making *making, struct xn_error *err);
XN_REPORTS(XN_REPORT_FUNCTION)
#undef XN_REPORT_FUNCTION

#endif
