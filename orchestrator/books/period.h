/*
 * Period: a span of site time as people write it, the one parser of `--period`, `--window` and
 * `--from/--to`. Site time is UTC with a fixed offset. Pure.
 *
 *   2026  2026-Q3  2026-11  2026-11-25    a year, quarter, month or day of the calendar
 *   24h  7d  30d  12mo                    a window that ends at the last closed interval; of
 *                                         months: whole ones, the one that runs included
 *
 * Invariant: (1) from < to; a calendar period's name parses to the same span again.
 */
#ifndef XN_BOOKS_PERIOD_H
#define XN_BOOKS_PERIOD_H

#include "common/calendar.h"
#include "common/error.h"

enum xn_period_kind {
	XN_PERIOD_YEAR,
	XN_PERIOD_QUARTER,
	XN_PERIOD_MONTH,
	XN_PERIOD_DAY,
	XN_PERIOD_WINDOW,
	XN_PERIOD_SPAN /* two instants */
};

#define XN_PERIOD_NAME_SIZE (2 * XN_INSTANT_TEXT_SIZE)

struct xn_period {
	enum xn_period_kind kind;
	xn_instant from, to;
	char name[XN_PERIOD_NAME_SIZE]; /* "2026-Q3", "7d", "2026-11-25T00:00+07:00/..." */
};

/* Where a period is: `now` is the end of the last closed interval (of windows and is it finished).
 */
struct xn_period_place {
	int utc_offset_s;
	xn_instant now;
};

/* XN_EINVALID with an example when `text` is no period. */
int xn_period_parse(const char *text, const struct xn_period_place *place,
    struct xn_period *ret_period, struct xn_error *err);

/* Unix seconds, or RFC 3339 with offset; a date alone is the beginning of that day. */
bool xn_period_instant(const char *text, int utc_offset_s, xn_instant *ret_instant);
int xn_period_between(const char *from, const char *to, const struct xn_period_place *place,
    struct xn_period *ret_period, struct xn_error *err);

/* Whether nothing of it is still to come. */
bool xn_period_finished(const struct xn_period *period, xn_instant now);

/* The period of the same kind (and length) just before. */
struct xn_period xn_period_before(const struct xn_period *period, int utc_offset_s);

#endif
