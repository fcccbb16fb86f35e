#include "orchestrator/books/period.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  INT64_C(86400000)

/* ---- reading ---- */

/* `least` to `most` digits at *text; moves past them. False if they are not there. */
static bool
take_number(const char **text, int least, int most, int *ret_value)
{
	const char *at = *text;
	int value = 0;

	while (*at >= '0' && *at <= '9' && at - *text < most)
		value = value * 10 + (*at++ - '0');
	if (at - *text < least)
		return false;
	*text = at;
	*ret_value = value;
	return true;
}

static bool
take_letter(const char **text, char letter)
{
	if (**text != letter)
		return false;
	++*text;
	return true;
}

/* The first `months` (or, of 0, the one day) from a date. */
static bool
set_calendar(struct xn_period *period, enum xn_period_kind kind, struct xn_date date, int months,
    int utc_offset_s)
{
	struct xn_date end = date;

	if (date.year < 1970 || !xn_date_good(date))
		return false;
	end.month += months;
	period->kind = kind;
	period->from = xn_date_start(date, utc_offset_s);
	period->to = xn_date_start(end, utc_offset_s);
	if (months == 0)
		period->to.ms += DAY_MS;
	return true;
}

static bool
read_calendar(const char *text, int utc_offset_s, struct xn_period *period)
{
	struct xn_date date = {.month = 1, .day = 1};
	int quarter;

	if (!take_number(&text, 4, 4, &date.year))
		return false;
	if (*text == '\0')
		return set_calendar(period, XN_PERIOD_YEAR, date, 12, utc_offset_s);
	if (!take_letter(&text, '-'))
		return false;
	if (take_letter(&text, 'Q')) {
		if (!take_number(&text, 1, 1, &quarter) || *text != '\0' || quarter < 1 ||
		    quarter > 4)
			return false;
		date.month = quarter * 3 - 2;
		return set_calendar(period, XN_PERIOD_QUARTER, date, 3, utc_offset_s);
	}
	if (!take_number(&text, 2, 2, &date.month))
		return false;
	if (*text == '\0')
		return set_calendar(period, XN_PERIOD_MONTH, date, 1, utc_offset_s);
	return take_letter(&text, '-') && take_number(&text, 2, 2, &date.day) && *text == '\0' &&
	    set_calendar(period, XN_PERIOD_DAY, date, 0, utc_offset_s);
}

/* A window's beginning, `count` units before its end. */
static bool
window_start(const char *unit, int count, xn_instant end, int utc_offset_s, xn_instant *ret_start)
{
	if (strcmp(unit, "h") == 0)
		ret_start->ms = end.ms - count * HOUR_MS;
	else if (strcmp(unit, "d") == 0)
		ret_start->ms = end.ms - count * DAY_MS;
	else if (strcmp(unit, "mo") == 0) {
		/* The month that runs counts: a window at the end of a month is whole months. */
		struct xn_date date = xn_date_of((xn_instant){end.ms - 1}, utc_offset_s);

		date.day = 1;
		date.month -= count - 1;
		*ret_start = xn_date_start(date, utc_offset_s);
	} else
		return false;
	return true;
}

static bool
read_window(const char *text, const struct xn_period_place *place, struct xn_period *period)
{
	int count;

	if (!take_number(&text, 1, 4, &count) || count == 0)
		return false;
	period->kind = XN_PERIOD_WINDOW;
	period->to = place->now;
	return window_start(text, count, period->to, place->utc_offset_s, &period->from);
}

int
xn_period_parse(const char *text, const struct xn_period_place *place, struct xn_period *ret_period,
    struct xn_error *err)
{
	struct xn_period period = {0};

	if (!read_calendar(text, place->utc_offset_s, &period) &&
	    !read_window(text, place, &period))
		return xn_fail(err, XN_EINVALID,
		    "'%.40s' is no period: write 2026, 2026-Q3, 2026-11, 2026-11-25, 24h, 7d or "
		    "12mo",
		    text);
	snprintf(period.name, sizeof(period.name), "%s", text);
	*ret_period = period;
	return XN_OK;
}

/* `Z` or `+HH:MM` in seconds. */
static bool
take_offset(const char **text, int *ret_offset_s)
{
	int hours, minutes;
	bool west = **text == '-';

	if (take_letter(text, 'Z')) {
		*ret_offset_s = 0;
		return true;
	}
	/* A plus sign of a query that was not encoded arrives as a blank. */
	if (!west && **text != '+' && **text != ' ')
		return false;
	++*text;
	if (!take_number(text, 2, 2, &hours) || !take_letter(text, ':') ||
	    !take_number(text, 2, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_offset_s = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

bool
xn_period_instant(const char *text, int utc_offset_s, xn_instant *ret_instant)
{
	struct xn_date date;
	int hour, minute, second = 0;
	int offset_s = utc_offset_s;
	int64_t seconds;

	if (xn_text_number(text, 1, INT64_C(253402300799), &seconds) && seconds > 9999) {
		ret_instant->ms = seconds * 1000;
		return true;
	}
	if (!take_number(&text, 4, 4, &date.year) || !take_letter(&text, '-') ||
	    !take_number(&text, 2, 2, &date.month) || !take_letter(&text, '-') ||
	    !take_number(&text, 2, 2, &date.day) || date.year < 1970 || !xn_date_good(date))
		return false;
	*ret_instant = xn_date_start(date, utc_offset_s);
	if (*text == '\0')
		return true;
	if (!take_letter(&text, 'T') || !take_number(&text, 2, 2, &hour) ||
	    !take_letter(&text, ':') || !take_number(&text, 2, 2, &minute))
		return false;
	if (take_letter(&text, ':') && !take_number(&text, 2, 2, &second))
		return false;
	if (take_letter(&text, '.'))
		text += strspn(text, "0123456789");
	if (hour > 23 || minute > 59 || second > 59 || !take_offset(&text, &offset_s))
		return false;
	*ret_instant = xn_date_start(date, offset_s);
	ret_instant->ms += hour * HOUR_MS + minute * INT64_C(60000) + second * INT64_C(1000);
	return *text == '\0';
}

static void
name_span(struct xn_period *period, int utc_offset_s)
{
	char from[XN_INSTANT_TEXT_SIZE], to[XN_INSTANT_TEXT_SIZE];

	xn_instant_text(period->from, utc_offset_s, from);
	xn_instant_text(period->to, utc_offset_s, to);
	snprintf(period->name, sizeof(period->name), "%s/%s", from, to);
}

int
xn_period_between(const char *from, const char *to, const struct xn_period_place *place,
    struct xn_period *ret_period, struct xn_error *err)
{
	static const char form[] = "'%.40s' is no instant: write 2026-11-25 or "
				   "2026-11-25T14:30+07:00";
	struct xn_period period = {.kind = XN_PERIOD_SPAN};

	if (!xn_period_instant(from, place->utc_offset_s, &period.from))
		return xn_fail(err, XN_EINVALID, form, from);
	if (!xn_period_instant(to, place->utc_offset_s, &period.to))
		return xn_fail(err, XN_EINVALID, form, to);
	if (period.from.ms >= period.to.ms)
		return xn_fail(err, XN_EINVALID, "%.40s is not before %.40s", from, to);
	name_span(&period, place->utc_offset_s);
	*ret_period = period;
	return XN_OK;
}

/* ---- what else one asks of a period ---- */

bool
xn_period_finished(const struct xn_period *period, xn_instant now)
{
	return period->to.ms <= now.ms;
}

static void
name_calendar(struct xn_period *period, struct xn_date date)
{
	switch (period->kind) {
	case XN_PERIOD_YEAR: snprintf(period->name, sizeof(period->name), "%04d", date.year); break;
	case XN_PERIOD_QUARTER:
		snprintf(period->name, sizeof(period->name), "%04d-Q%d", date.year,
		    (date.month + 2) / 3);
		break;
	case XN_PERIOD_MONTH:
		snprintf(period->name, sizeof(period->name), "%04d-%02d", date.year, date.month);
		break;
	case XN_PERIOD_DAY:
		snprintf(period->name, sizeof(period->name), "%04d-%02d-%02d", date.year,
		    date.month, date.day);
		break;
	case XN_PERIOD_WINDOW:
	case XN_PERIOD_SPAN: break;
	}
}

struct xn_period
xn_period_before(const struct xn_period *period, int utc_offset_s)
{
	static const int months[] = {
	    [XN_PERIOD_YEAR] = 12, [XN_PERIOD_QUARTER] = 3, [XN_PERIOD_MONTH] = 1};
	struct xn_period before = {.kind = period->kind, .to = period->from};
	struct xn_date date = xn_date_of(period->from, utc_offset_s);

	if (period->kind <= XN_PERIOD_MONTH) {
		date.month -= months[period->kind];
		before.from = xn_date_start(date, utc_offset_s);
	} else {
		before.from.ms = period->from.ms - (period->to.ms - period->from.ms);
	}
	if (period->kind >= XN_PERIOD_WINDOW) {
		before.kind = XN_PERIOD_SPAN;
		name_span(&before, utc_offset_s);
	} else {
		name_calendar(&before, xn_date_of(before.from, utc_offset_s));
	}
	return before;
}
