#include "common/value.h"

#include <string.h>

#include "common/calendar.h"

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* Exactly `count` digits at *text; moves past them. -1 if they are not there. */
static int
take_digits(const char **text, int count)
{
	int value = 0;

	for (; count > 0; count--, ++*text) {
		if (**text < '0' || **text > '9')
			return -1;
		value = value * 10 + (**text - '0');
	}
	return value;
}

static bool
take_letter(const char **text, char letter)
{
	if (**text != letter)
		return false;
	++*text;
	return true;
}

/* `HH:MM` as minutes of the day, 24:00 included; -1 if it is not. */
static int
take_clock(const char **text)
{
	int hour = take_digits(text, 2);
	int minute;

	if (hour < 0 || !take_letter(text, ':'))
		return -1;
	minute = take_digits(text, 2);
	if (minute < 0 || minute > 59 || hour > 24 || (hour == 24 && minute > 0))
		return -1;
	return hour * 60 + minute;
}

bool
xn_value_hours(xn_node node, struct xn_problems *problems, bool wraps, int *ret_start, int *ret_end)
{
	const char *at;
	int start;
	int end = -1;

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	at = node->text;
	start = take_clock(&at);
	if (start >= 0 && take_letter(&at, '-'))
		end = take_clock(&at);
	if (end < 0 || *at != '\0') {
		xn_problem_add(problems, node->mark,
		    "write hours like 09:00-15:00, the day's end as 24:00", "'%.64s' are no hours",
		    node->text);
		return false;
	}
	if (start == end || start == 24 * 60 || (start > end && !wraps)) {
		xn_problem_add(
		    problems, node->mark, NULL, "'%.64s': hours start before they end", node->text);
		return false;
	}
	*ret_start = start;
	*ret_end = end;
	return true;
}

static int
take_day(const char **text)
{
	for (int day = 0; day < 7; day++)
		if (strncmp(*text, day_words[day], 3) == 0) {
			*text += 3;
			return day;
		}
	return -1;
}

static bool
read_days(xn_node node, struct xn_problems *problems, unsigned *ret_days)
{
	const char *at;
	int first;
	int last;

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	at = node->text;
	first = last = take_day(&at);
	if (first >= 0 && take_letter(&at, '-'))
		last = take_day(&at);
	if (first < 0 || last < 0 || *at != '\0') {
		xn_problem_add(problems, node->mark, "write days like mon, mon-fri or [mon, sat]",
		    "'%.64s' are no days", node->text);
		return false;
	}
	for (int day = first;; day = (day + 1) % 7) {
		*ret_days |= 1u << day;
		if (day == last)
			return true;
	}
}

bool
xn_value_days(xn_node node, struct xn_problems *problems, unsigned *ret_days)
{
	unsigned days = 0;
	bool good = true;

	if (node->kind == XN_YAML_LIST && !node->spoiled) {
		XN_YAML_EACH (item, node)
			good = read_days(item, problems, &days) && good;
		if (node->first == NULL)
			xn_problem_add(problems, node->mark, NULL, "a list of no days");
		good = good && node->first != NULL;
	} else {
		good = read_days(node, problems, &days);
	}
	if (good)
		*ret_days = days;
	return good;
}

static bool
take_date(const char **text, int64_t *ret_days)
{
	struct xn_date date = {.year = take_digits(text, 4)};

	date.month = date.year < 1 || !take_letter(text, '-') ? -1 : take_digits(text, 2);
	date.day = date.month < 1 || !take_letter(text, '-') ? -1 : take_digits(text, 2);
	if (!xn_date_good(date))
		return false;
	*ret_days = xn_date_days(date);
	return true;
}

bool
xn_value_date(xn_node node, struct xn_problems *problems, const char **ret_date)
{
	const char *at;
	int64_t days;

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	at = node->text;
	if (!take_date(&at, &days) || *at != '\0') {
		xn_problem_add(problems, node->mark, "write it like 2026-03-01",
		    "'%.64s' is no date", node->text);
		return false;
	}
	*ret_date = node->text;
	return true;
}

/* Seconds and thousandths, if they are written. */
static bool
take_seconds(const char **text, int64_t *ret_ms)
{
	int seconds;
	int64_t place = 100;

	*ret_ms = 0;
	if (!take_letter(text, ':'))
		return true;
	seconds = take_digits(text, 2);
	if (seconds < 0 || seconds > 59)
		return false;
	*ret_ms = seconds * INT64_C(1000);
	if (!take_letter(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; ++*text, place /= 10)
		*ret_ms += (**text - '0') * place;
	return true;
}

static bool
take_offset(const char **text, int *ret_minutes)
{
	int sign = **text == '-' ? -1 : 1;
	int minutes;

	*ret_minutes = 0;
	if (take_letter(text, 'Z') || take_letter(text, 'z'))
		return true;
	if (!take_letter(text, '+') && !take_letter(text, '-'))
		return false;
	minutes = take_clock(text);
	if (minutes < 0 || minutes >= 24 * 60)
		return false;
	*ret_minutes = sign * minutes;
	return true;
}

bool
xn_value_instant(xn_node node, struct xn_problems *problems, xn_instant *ret_instant)
{
	const char *at;
	int64_t days = 0;
	int64_t ms = 0;
	int clock = -1;
	int offset = 0;

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	at = node->text;
	if (take_date(&at, &days) &&
	    (take_letter(&at, 'T') || take_letter(&at, 't') || take_letter(&at, ' ')))
		clock = take_clock(&at);
	if (clock < 0 || clock == 24 * 60 || !take_seconds(&at, &ms) ||
	    !take_offset(&at, &offset) || *at != '\0') {
		xn_problem_add(problems, node->mark, "write it like 2026-11-23T09:00+07:00",
		    "'%.64s' is no instant with an offset", node->text);
		return false;
	}
	ret_instant->ms = (days * 1440 + clock - offset) * INT64_C(60000) + ms;
	return true;
}
