/*
 * Books: what the ledger says about a span of time, read from a state folder's state.db by a
 * connection of its own that can only read. So xanhd's workers, `xanh ... --state DIR` and an
 * auditor's copy use the same code, and nobody waits for a writer.
 *
 * An entry is energy of one account in one interval. Sources are positive, sinks negative; the
 * accounts of the balance (GRID to UNEXPLAINED) sum to zero in every interval and revision, memo
 * accounts (METER, RACK, PLATFORM, AGENCY) stand outside it. Entries are never changed: revision 0
 * is what was booked when the interval closed, a later one (the journal's sequence that caused it)
 * is a correction with its author and reason, and an amount is the sum of its revisions.
 *
 * Invariants: (1) all sums of one handle between xn_books_hold and xn_books_release see the same
 * entries; (2) `as_of` repeats an older answer exactly; (3) sums over months equal those over their
 * intervals.
 */
#ifndef XN_BOOKS_BOOKS_H
#define XN_BOOKS_BOOKS_H

#include "common/error.h"
#include "orchestrator/core/action.h"

/* One thread at a time. */
struct xn_books;

/* What the site said of itself when it last started; texts "" where not given. */
struct xn_books_site {
	char name[XN_NAME_SIZE];
	char title_vi[XN_SENTENCE_SIZE];
	char title_en[XN_SENTENCE_SIZE];
	char timezone[XN_NAME_SIZE];
	int utc_offset_s;
	xn_duration interval;
};

/* XN_ENOTFOUND: there is no state.db in `folder`. */
int xn_books_open(struct xn_books **ret_books, const char *folder, struct xn_error *err);
void xn_books_close(struct xn_books *books);
const struct xn_books_site *xn_books_site(const struct xn_books *books);

/* One consistent view for several questions. */
int xn_books_hold(struct xn_books *books, struct xn_error *err);
void xn_books_release(struct xn_books *books);

/* The highest revision there is (1 if there is none); an `as_of` for repeating what is read now. */
int64_t xn_books_newest(struct xn_books *books);

/* ---- entries ---- */

struct xn_amount {
	xn_energy energy;    /* signed as booked */
	xn_energy overhead;  /* of VM, PLATFORM, AGENCY: cooling and losses carried to it; >= 0 */
	xn_energy estimated; /* of |energy| */
	xn_duration covered; /* measured time of its meters */
	xn_duration span;    /* time of its meters that should have been measured */
	enum xn_grade worst; /* never ESTIMATED when a correction left nothing estimated */
	uint32_t events;     /* enum xn_meter_event, all that happened */
};

enum xn_books_step { XN_BOOKS_TOTAL, XN_BOOKS_INTERVAL, XN_BOOKS_DAY, XN_BOOKS_MONTH };

struct xn_books_query {
	xn_instant from, to;     /* whole intervals with from <= start < to */
	uint64_t accounts;       /* bits */
	enum xn_books_step step; /* rows are per step, account and name */
	bool whole;              /* all that fits of an account as one row, with the site's name */
	const char *name;        /* NULL: every one */
	const char *platform;    /* NULL: every one; of VM */
	const char *agency;
	int64_t as_of; /* revisions up to this one; 0: all */
};

struct xn_books_row {
	xn_instant start, end; /* of the step, in site time */
	enum xn_account account;
	const char *name;    /* of the VM, rack, host, meter, platform, agency; the site's */
	const char *subject; /* a VM's UUID; "" */
	const char *platform, *agency;
	struct xn_amount amount;
};

/*
 * Rows in the order of start, account, name, subject; texts are good until the handle asks again.
 * `each` may stop it with another code than XN_OK. VM, HOST and METER have no intervals and days
 * older than the store keeps them (400); their months and every `whole` row stay.
 * A year of `whole` intervals is cheap, a year of intervals of every rack is not: ask for the name.
 */
int xn_books_entries(struct xn_books *books, const struct xn_books_query *query,
    int (*each)(const struct xn_books_row *row, void *context, struct xn_error *err), void *context,
    struct xn_error *err);

/* One sum over everything that fits. */
int xn_books_sum(struct xn_books *books, const struct xn_books_query *query,
    struct xn_amount *ret_amount, struct xn_error *err);

/* The first and last instants that entries of the balance have; XN_ENOTFOUND: none. */
int xn_books_range(
    struct xn_books *books, xn_instant *ret_first, xn_instant *ret_last, struct xn_error *err);

/* ---- corrections ---- */

struct xn_books_correction {
	int64_t revision;
	xn_instant at;
	const char *author; /* "xanhd" for what a meter told late */
	const char *reason;
	const char *evidence;
};

/* In the order of revision, those after `since`. */
int xn_books_corrections(struct xn_books *books, int64_t since,
    int (*each)(const struct xn_books_correction *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

/* ---- meters ---- */

struct xn_books_meter {
	const char *name;
	int role; /* enum xn_meter_role */
	const char *rack, *host, *feed;
	xn_ratio accuracy;    /* class of the meter; 0: not given */
	xn_ratio transformer; /* class of its current transformers; 0: none or not given */
	const char *calibrated, *certificate; /* "2026-03-01"; "" */
	xn_instant first, last; /* months that it was booked in: start of both; 0: none */
};

int xn_books_meters(struct xn_books *books,
    int (*each)(const struct xn_books_meter *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

/* ---- gauges: means of what is no energy ---- */

enum xn_gauge {
	XN_GAUGE_INLET = 0, /* milli degC at a rack's intake */
	XN_GAUGE_USE = 1,   /* ppm of a host's CPU */
};

struct xn_books_gauge {
	xn_instant start, end;
	const char *name; /* meter, host */
	int64_t mean, min, max;
	uint32_t samples;
};

int xn_books_gauges(struct xn_books *books, enum xn_gauge gauge, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_gauge *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

/* ---- activity: what people bring (`xanh energy import`): water, heat, fuel, certificates, bills
 * ---- */

/* EMBODIED is what making a piece of equipment emitted, over [put into service, end of its expected
 * life), about the platform that has it alone, or nobody when all share it. */

/* X(enumerator, word, unit) */
#define XN_ACTIVITIES(X)                                                                           \
	X(XN_ACTIVITY_WATER, "water", "m3")                                                        \
	X(XN_ACTIVITY_WATER_POTABLE, "water-potable", "m3")                                        \
	X(XN_ACTIVITY_HEAT_REUSED, "heat-reused", "kWh")                                           \
	X(XN_ACTIVITY_HEAT_REMOVED, "heat-removed", "kWh")                                         \
	X(XN_ACTIVITY_DIESEL, "diesel", "t")                                                       \
	X(XN_ACTIVITY_REFRIGERANT, "refrigerant", "kgCO2e")                                        \
	X(XN_ACTIVITY_CERTIFICATE, "certificate", "kWh")                                           \
	X(XN_ACTIVITY_CONTRACT, "contract", "kWh")                                                 \
	X(XN_ACTIVITY_INVOICE, "invoice", "kWh")                                                   \
	X(XN_ACTIVITY_INVOICE_COST, "invoice-cost", "VND")                                         \
	X(XN_ACTIVITY_UNITS, "functional-units", "1")                                              \
	X(XN_ACTIVITY_EMBODIED, "embodied", "kgCO2e")

#define XN_ACTIVITY_ENUM(name, word, unit) name,
enum xn_activity { XN_ACTIVITIES(XN_ACTIVITY_ENUM) XN_ACTIVITY_COUNT };
#undef XN_ACTIVITY_ENUM

const char *xn_activity_word(enum xn_activity kind);
const char *xn_activity_unit(enum xn_activity kind);
/* False when no activity is called so. */
bool xn_activity_of(const char *word, enum xn_activity *ret_kind);

struct xn_books_activity {
	int64_t revision;
	enum xn_activity kind;
	xn_instant start, end;
	int64_t milli;     /* thousandths of the kind's unit */
	const char *about; /* band of an invoice, retirement id, platform; "" */
	const char *author, *evidence;
};

/* Those that begin in [from, to), in the order of start and kind. Of several of the same kind, span
 * and `about` the one that was brought last counts: so one is corrected, and bringing a file twice
 * does no harm. */
int xn_books_activities(struct xn_books *books, xn_instant from, xn_instant to,
    int (*each)(const struct xn_books_activity *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

/* ---- plans of energy that were applied, and single facts ---- */

/* The text of the plan that was in force at an instant (the one applied last whose from <= at <
 * to), malloc'ed; XN_ENOTFOUND. */
int xn_books_energy_plan(
    struct xn_books *books, xn_instant at, char **ret_text, struct xn_error *err);

struct xn_books_plan {
	xn_instant at; /* when it was applied */
	const char *name, *actor;
	xn_instant from, to;
};

/* In the order in which they were applied. */
int xn_books_energy_plans(struct xn_books *books,
    int (*each)(const struct xn_books_plan *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

#endif
