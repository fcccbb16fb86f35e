#include "common/calendar.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)

/* After Howard Hinnant: years begin in March, so that the leap day is the last one. */
int64_t
xn_date_days(struct xn_date date)
{
	int64_t year = date.year - (date.month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct xn_date
xn_date_of_days(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	return (struct xn_date){
	    .year = (int)(year + era * 400 + (month >= 10)),
	    .month = (int)(month < 10 ? month + 3 : month - 9),
	    .day = (int)(of_year - (153 * month + 2) / 5 + 1),
	};
}

bool
xn_date_good(struct xn_date date)
{
	struct xn_date same;

	if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31)
		return false;
	same = xn_date_of_days(xn_date_days(date));
	return same.month == date.month && same.day == date.day;
}

static int64_t
floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static int64_t
local_days(xn_instant at, int utc_offset_s)
{
	return floor_div(at.ms + (int64_t)utc_offset_s * 1000, DAY_MS);
}

struct xn_date
xn_date_of(xn_instant at, int utc_offset_s)
{
	return xn_date_of_days(local_days(at, utc_offset_s));
}

xn_instant
xn_date_start(struct xn_date date, int utc_offset_s)
{
	int years = (int)floor_div(date.month - 1, 12);

	date.year += years;
	date.month -= years * 12;
	return (xn_instant){.ms = xn_date_days(date) * DAY_MS - (int64_t)utc_offset_s * 1000};
}

xn_instant
xn_day_start(xn_instant at, int utc_offset_s)
{
	return (xn_instant){
	    .ms = local_days(at, utc_offset_s) * DAY_MS - (int64_t)utc_offset_s * 1000};
}

xn_instant
xn_month_start(xn_instant at, int utc_offset_s)
{
	struct xn_date date = xn_date_of(at, utc_offset_s);

	date.day = 1;
	return xn_date_start(date, utc_offset_s);
}

xn_instant
xn_month_next(xn_instant at, int utc_offset_s)
{
	struct xn_date date = xn_date_of(at, utc_offset_s);

	date.day = 1;
	date.month++;
	return xn_date_start(date, utc_offset_s);
}

void
xn_instant_text(xn_instant at, int utc_offset_s, char text[XN_INSTANT_TEXT_SIZE])
{
	struct xn_date date = xn_date_of(at, utc_offset_s);
	unsigned into = (unsigned)((at.ms - xn_day_start(at, utc_offset_s).ms) / 1000);
	unsigned ms = (unsigned)((at.ms % 1000 + 1000) % 1000);
	unsigned minutes = (unsigned)(utc_offset_s < 0 ? -utc_offset_s : utc_offset_s) / 60;

	char part[8] = "";

	if (ms > 0)
		snprintf(part, sizeof(part), ".%03u", ms % 1000);
	snprintf(text, XN_INSTANT_TEXT_SIZE, "%04d-%02d-%02dT%02u:%02u:%02u%s%c%02u:%02u",
	    date.year, date.month, date.day, into / 3600, into / 60 % 60, into % 60, part,
	    utc_offset_s < 0 ? '-' : '+', minutes / 60 % 24, minutes % 60);
}
