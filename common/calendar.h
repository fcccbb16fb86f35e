/*
 * Calendar: dates of the Gregorian calendar and instants of a site's time, which is UTC with a
 * fixed offset. Pure.
 */
#ifndef XN_COMMON_CALENDAR_H
#define XN_COMMON_CALENDAR_H

#include "common/units.h"

struct xn_date {
	int year, month, day; /* 1..12, 1..31 */
};

/* Days since 1970-01-01, which was a Thursday. */
int64_t xn_date_days(struct xn_date date);
struct xn_date xn_date_of_days(int64_t days);
/* Whether there is such a day. */
bool xn_date_good(struct xn_date date);

struct xn_date xn_date_of(xn_instant at, int utc_offset_s);
/* Midnight; a month past 12 or below 1 is one of another year. */
xn_instant xn_date_start(struct xn_date date, int utc_offset_s);
xn_instant xn_day_start(xn_instant at, int utc_offset_s);
xn_instant xn_month_start(xn_instant at, int utc_offset_s);
xn_instant xn_month_next(xn_instant at, int utc_offset_s);

#define XN_INSTANT_TEXT_SIZE 64

/* RFC 3339 in site time: "2026-11-25T14:30:00+07:00"; milliseconds only where there are any. */
void xn_instant_text(xn_instant at, int utc_offset_s, char text[XN_INSTANT_TEXT_SIZE]);

#endif
