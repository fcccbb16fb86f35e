/*
 * Outlook: what the books' past says of the next hours of the site, by policies/forecast.h, and how
 * well that would have done on days that have come. A series is means over slots of half an hour
 * (of an interval, where intervals are longer) that begin with midnight of site time.
 *
 * What is shown is the fitted forecast where it did better than the same slot last week over the
 * last XN_OUTLOOK_TRIAL days, each forecast at its midnight from what was booked before it; else
 * last week's slot itself, and that is said. A day is scored in the same way: by what would have
 * been shown at its midnight.
 *
 * Invariants: (1) scores need nothing but the books; (2) a forecast looks at no slot behind its
 * origin, and neither does the choice between the two; (3) a slot that was not booked, or of which
 * more was estimated than measured, is a gap.
 */
#ifndef XN_BOOKS_OUTLOOK_H
#define XN_BOOKS_OUTLOOK_H

#include "common/arena.h"
#include "orchestrator/books/books.h"
#include "policies/forecast.h"

#define XN_OUTLOOK_HISTORY    56 /* days that a forecast looks back, */
#define XN_OUTLOOK_HISTORY_C  28 /* and of temperature: it has no week */
#define XN_OUTLOOK_TRIAL      7  /* days */
#define XN_OUTLOOK_TRIAL_MIN  3  /* fewer cannot choose: last week's slot is shown */
#define XN_OUTLOOK_DAYS_MAX   60 /* that are scored at once */
#define XN_OUTLOOK_ARENA_SIZE ((size_t)64 << 20)

enum xn_outlook_kind {
	XN_OUTLOOK_LOAD,        /* what all sources give: the whole site */
	XN_OUTLOOK_IT,          /* hosts, VMs and the rest of the racks */
	XN_OUTLOOK_PV,          /* given by PV */
	XN_OUTLOOK_TEMPERATURE, /* mean of the racks' intakes, degC */
	XN_OUTLOOK_DEMAND,      /* bought from the grid */
	XN_OUTLOOK_KIND_COUNT
};

const char *xn_outlook_word(enum xn_outlook_kind kind);
/* False when none is called so. */
bool xn_outlook_of(const char *word, enum xn_outlook_kind *ret_kind);

struct xn_outlook {
	enum xn_outlook_kind kind;
	struct xn_arena *arena;
	xn_instant start; /* of values[0] */
	xn_duration slot;
	int utc_offset_s;
	unsigned per_day, count, gaps;
	double *values; /* kW, degC; NaN: a gap */
};

/*
 * The last `days` days of what is booked, without what is before the first slot that is known; in
 * the arena, which needs XN_OUTLOOK_ARENA_SIZE. XN_ENOTFOUND: there is nothing of this kind.
 */
int xn_outlook_read(struct xn_outlook *outlook, struct xn_books *books, enum xn_outlook_kind kind,
    unsigned days, struct xn_arena *arena, struct xn_error *err);

/* The instant at which the slot of an index begins; `count` is the first that is not booked. */
xn_instant xn_outlook_at(const struct xn_outlook *outlook, unsigned index);

/* How the choice between the fitted forecast and last week's slot went. */
struct xn_outlook_choice {
	bool last_week;
	unsigned days;                  /* of the trial; below the least: too few to choose */
	struct xn_forecast_score trial; /* of the fitted one, beside last week's */
};

/* The next `hours` behind what is booked. */
struct xn_forecast xn_outlook_make(
    const struct xn_outlook *outlook, unsigned hours, struct xn_outlook_choice *ret_choice);

struct xn_outlook_day {
	xn_instant start;
	struct xn_outlook_choice choice;
	struct xn_forecast_score score; /* of what would have been shown */
};

/* The last `days` whole days, oldest first; fewer when the books have fewer with two days before
 * them. The whole's score too. How many there are. */
unsigned xn_outlook_score(const struct xn_outlook *outlook, unsigned days,
    struct xn_outlook_day *ret_days, struct xn_forecast_score *ret_whole);

#endif
