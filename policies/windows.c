#include "policies/language.h"

#include <stdio.h>
#include <string.h>

#include "common/calendar.h"
#include "common/value.h"

#define DAY_MS INT64_C(86400000)

static const struct xn_yaml_key moves_keys[] = {{"per_hour", false}, {"at_once", false},
    {"per_vm", false}, {"min_saving", false}, {"horizon", false}, {"freeze", false}, {NULL, false}};
static const struct xn_yaml_key freeze_keys[] = {
    {"hours", false}, {"days", false}, {"dates", false}, {"why", false}, {NULL, false}};
static const struct xn_yaml_key deferrable_keys[] = {
    {"select", true}, {"window", false}, {"finish_by", false}, {"by", false}, {NULL, false}};
static const struct xn_yaml_key window_keys[] = {
    {"hours", false}, {"days", false}, {"when", false}, {NULL, false}};

static bool
digits(const char *text, int count, int *ret_value)
{
	*ret_value = 0;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*ret_value = *ret_value * 10 + (text[i] - '0');
	}
	return true;
}

/* `YYYY-MM-DD` at the start of `text`. */
static bool
read_date(const char *text, int64_t *ret_day)
{
	struct xn_date date;

	if (strnlen(text, 10) < 10 || !digits(text, 4, &date.year) || text[4] != '-' ||
	    !digits(text + 5, 2, &date.month) || text[7] != '-' ||
	    !digits(text + 8, 2, &date.day) || date.year < 1970 || !xn_date_good(date))
		return false;
	*ret_day = xn_date_days(date);
	return true;
}

static void
read_dates(const struct xn_yaml *node, struct xn_problems *problems, struct xn_freeze *freeze)
{
	const char *text;

	if (!xn_value_text(node, problems, &text))
		return;
	freeze->has_dates = true;
	if (read_date(text, &freeze->first_day)) {
		freeze->last_day = freeze->first_day;
		if (text[10] == '\0')
			return;
		if (text[10] == '.' && text[11] == '.' && strlen(text) == 22 &&
		    read_date(text + 12, &freeze->last_day)) {
			if (freeze->last_day < freeze->first_day)
				xn_problem_add(
				    problems, node->mark, NULL, "the last day is before the first");
			return;
		}
	}
	xn_problem_add(problems, node->mark, "write 2027-02-05 or 2027-02-05..2027-02-12",
	    "'%.64s' is no date", text);
}

static void
read_freeze(const struct xn_yaml *node, struct xn_problems *problems, struct xn_freeze *freeze)
{
	const struct xn_yaml *hours;
	const struct xn_yaml *dates;
	const struct xn_yaml *value;

	freeze->days = 0x7f;
	if (!xn_yaml_check_map(node, freeze_keys, problems))
		return;
	hours = xn_yaml_get(node, "hours");
	dates = xn_yaml_get(node, "dates");
	freeze->end_minute = 24 * 60;
	if (hours != NULL)
		freeze->has_hours = xn_value_hours(
		    hours, problems, true, &freeze->start_minute, &freeze->end_minute);
	if (dates != NULL)
		read_dates(dates, problems, freeze);
	value = xn_yaml_get(node, "days");
	if (value != NULL)
		xn_value_days(value, problems, &freeze->days);
	if (hours == NULL && dates == NULL && value == NULL)
		xn_problem_add(
		    problems, node->mark, "give hours, days or dates", "a freeze needs a time");
	value = xn_yaml_get(node, "why");
	if (value != NULL)
		xn_value_text(value, problems, &freeze->why);
}

/*
 * A value whose tail is words of ours: "1 per day", "0.5 kWh per move". Gives a scalar node of what
 * stands before, whose mark is the whole value's.
 */
static bool
cut_tail(struct xn_arena *arena, const struct xn_yaml *node, struct xn_problems *problems,
    const char *tail, const char *example, struct xn_yaml *ret_node)
{
	const char *text;
	size_t length;
	size_t cut = strlen(tail);

	if (!xn_value_text(node, problems, &text))
		return false;
	length = strlen(text);
	if (length <= cut || strcmp(text + length - cut, tail) != 0) {
		xn_problem_add(
		    problems, node->mark, example, "'%.64s' does not end in '%s'", text, tail + 1);
		return false;
	}
	*ret_node = *node;
	for (length -= cut; length > 0 && text[length - 1] == ' ';)
		length--;
	ret_node->text = xn_text_copy(arena, text, length);
	return true;
}

static void
read_positive(const struct xn_yaml *node, struct xn_problems *problems, int64_t *ret_count)
{
	int64_t count;

	if (node == NULL || !xn_value_count(node, problems, &count))
		return;
	if (count == 0)
		xn_problem_add(problems, node->mark, NULL, "must be above 0");
	*ret_count = count;
}

void
xn_policy_read_moves(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, struct xn_moves_limits *moves)
{
	const struct xn_yaml *value;
	struct xn_yaml head;

	if (!xn_yaml_check_map(node, moves_keys, problems))
		return;
	read_positive(xn_yaml_get(node, "per_hour"), problems, &moves->per_hour);
	read_positive(xn_yaml_get(node, "at_once"), problems, &moves->at_once);
	value = xn_yaml_get(node, "per_vm");
	if (value != NULL && cut_tail(arena, value, problems, " per day", "write 1 per day", &head))
		xn_value_count(&head, problems, &moves->per_vm);
	value = xn_yaml_get(node, "min_saving");
	if (value != NULL &&
	    cut_tail(arena, value, problems, " per move", "write 0.5 kWh per move", &head))
		xn_value_energy(&head, problems, &moves->min_saving);
	value = xn_yaml_get(node, "horizon");
	if (value != NULL)
		xn_value_time(value, problems, &moves->horizon);
	value = xn_yaml_get(node, "freeze");
	if (value == NULL || !xn_yaml_check_list(value, problems))
		return;
	moves->freezes = xn_new(arena, struct xn_freeze, value->count + 1u);
	XN_YAML_EACH (item, value)
		read_freeze(item, problems, &moves->freezes[moves->freeze_count++]);
}

static void
read_time_of_day(const struct xn_yaml *node, struct xn_problems *problems)
{
	const char *text;
	int hour;
	int minute;

	if (!xn_value_text(node, problems, &text))
		return;
	if (strlen(text) != 5 || !digits(text, 2, &hour) || text[2] != ':' ||
	    !digits(text + 3, 2, &minute) || hour > 24 || minute > 59 || (hour == 24 && minute > 0))
		xn_problem_add(
		    problems, node->mark, "write 06:00", "'%.64s' is no time of day", text);
}

static void
read_window(const struct xn_yaml *node, struct xn_problems *problems)
{
	static const char *const whens[] = {"pv_surplus", "cheap", "low_carbon", NULL};
	const struct xn_yaml *value;
	unsigned days;
	int start;
	int end;
	int choice;

	if (!xn_yaml_check_map(node, window_keys, problems))
		return;
	if ((value = xn_yaml_get(node, "hours")) != NULL)
		xn_value_hours(value, problems, true, &start, &end);
	if ((value = xn_yaml_get(node, "days")) != NULL)
		xn_value_days(value, problems, &days);
	if ((value = xn_yaml_get(node, "when")) != NULL)
		xn_value_choice(value, problems, whens, &choice);
}

void
xn_policy_read_deferrable(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, unsigned *ret_count)
{
	static const char *const means[] = {"delay-start", "cpu-quota", "pause", NULL};
	const struct xn_yaml *value;
	struct xn_select select;
	int choice;

	if (!xn_yaml_check_list(node, problems))
		return;
	*ret_count = node->count;
	XN_YAML_EACH (item, node) {
		if (!xn_yaml_check_map(item, deferrable_keys, problems))
			continue;
		if ((value = xn_yaml_get(item, "select")) != NULL)
			xn_select_read_vms(arena, value, problems, &select);
		if ((value = xn_yaml_get(item, "window")) != NULL)
			read_window(value, problems);
		if ((value = xn_yaml_get(item, "finish_by")) != NULL)
			read_time_of_day(value, problems);
		if ((value = xn_yaml_get(item, "by")) == NULL)
			continue;
		if (xn_yaml_check_list(value, problems))
			XN_YAML_EACH (word, value)
				xn_value_choice(word, problems, means, &choice);
	}
}

static bool
in_window(const struct xn_freeze *freeze, int64_t day, int minute)
{
	/* The part after midnight of 22:00-06:00 belongs to the day on which the window began. */
	bool wraps = freeze->start_minute > freeze->end_minute;
	int64_t begun = wraps && minute < freeze->end_minute ? day - 1 : day;
	int64_t weekday = ((begun + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */

	if (freeze->has_hours &&
	    (wraps ? minute >= freeze->end_minute && minute < freeze->start_minute
		   : minute < freeze->start_minute || minute >= freeze->end_minute))
		return false;
	if ((freeze->days & 1u << weekday) == 0)
		return false;
	return !freeze->has_dates || (begun >= freeze->first_day && begun <= freeze->last_day);
}

const struct xn_freeze *
xn_policy_frozen(const struct xn_policy *policy, xn_instant now, int utc_offset_s)
{
	int64_t local = now.ms + (int64_t)utc_offset_s * 1000;
	int64_t day = local / DAY_MS - (local % DAY_MS < 0);
	int minute = (int)((local - day * DAY_MS) / 60000);

	for (unsigned i = 0; i < policy->moves.freeze_count; i++)
		if (in_window(&policy->moves.freezes[i], day, minute))
			return &policy->moves.freezes[i];
	return NULL;
}
