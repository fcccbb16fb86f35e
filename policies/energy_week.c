#include "policies/energy_plan_parts.h"

#include <stdio.h>
#include <string.h>

#define GAPS_SHOWN 3

static bool
is_taken(const struct xn_plan_week *week, int minute)
{
	return (week->taken[minute / 64] >> (minute % 64) & 1) != 0;
}

/* Whole words at a time: a file may name every minute a hundred thousand times. */
static int
take_span(struct xn_plan_week *week, int start, int end, unsigned owner)
{
	int first = -1;

	while (start < end) {
		int word = start / 64;
		int stop = end < (word + 1) * 64 ? end : (word + 1) * 64;
		uint64_t mask = ~UINT64_C(0) << (start % 64);

		if (stop % 64 != 0)
			mask &= ~(~UINT64_C(0) << (stop % 64));
		if ((week->taken[word] & mask) != 0 && first < 0)
			first = word * 64 + __builtin_ctzll(week->taken[word] & mask);
		for (uint64_t fresh = mask & ~week->taken[word]; fresh != 0; fresh &= fresh - 1)
			week->owner[word * 64 + __builtin_ctzll(fresh)] = (uint16_t)owner;
		week->taken[word] |= mask;
		start = stop;
	}
	return first;
}

int
xn_plan_week_take(struct xn_plan_week *week, unsigned days, int start, int end, unsigned owner)
{
	int first = -1;

	for (int day = 0; day < 7; day++) {
		int base = day * XN_DAY_MINUTES;
		int next = (day + 1) % 7 * XN_DAY_MINUTES;
		int found;

		if ((days & 1u << day) == 0)
			continue;
		/* What is after midnight belongs to the day on which the hours began. */
		found = take_span(
		    week, base + start, base + (start < end ? end : XN_DAY_MINUTES), owner);
		if (first < 0)
			first = found;
		found = start < end ? -1 : take_span(week, next, next + end, owner);
		if (first < 0)
			first = found;
	}
	return first;
}

int
xn_plan_day_take(struct xn_plan_week *week, int start, int end)
{
	int first = take_span(week, start, start < end ? end : XN_DAY_MINUTES, 0);
	int again = start < end ? -1 : take_span(week, 0, end, 0);

	return first >= 0 ? first : again;
}

void
xn_plan_week_rest(struct xn_plan_week *week, unsigned owner)
{
	take_span(week, 0, XN_WEEK_MINUTES, owner);
}

void
xn_plan_week_minute(int minute, char ret_text[16])
{
	static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	int of_day = minute % XN_DAY_MINUTES;

	snprintf(ret_text, 16, "%s %02u:%02u", days[minute / XN_DAY_MINUTES % 7],
	    (unsigned)of_day / 60, (unsigned)of_day % 60);
}

/* The end of the run of minutes from `minute` on that are alike, within the day. */
static int
run_end(const struct xn_plan_week *week, int minute)
{
	int midnight = (minute / XN_DAY_MINUTES + 1) * XN_DAY_MINUTES;
	int end = minute + 1;

	while (end < midnight && is_taken(week, end) == is_taken(week, minute))
		end++;
	return end;
}

/* The last day from the one of `start` on that has the same gap. */
static int
last_alike(const struct xn_plan_week *week, int start, int end)
{
	int day = start / XN_DAY_MINUTES;

	for (; day < 6; day++) {
		start += XN_DAY_MINUTES;
		end += XN_DAY_MINUTES;
		if (is_taken(week, start) || run_end(week, start) != end ||
		    (start % XN_DAY_MINUTES != 0 && !is_taken(week, start - 1)))
			break;
	}
	return day;
}

/* Whether the day before has the same gap, so that it is told already. */
static bool
is_repeat(const struct xn_plan_week *week, int start, int end)
{
	int before = start - XN_DAY_MINUTES;

	return before >= 0 && !is_taken(week, before) &&
	    run_end(week, before) == end - XN_DAY_MINUTES &&
	    (before % XN_DAY_MINUTES == 0 || is_taken(week, before - 1));
}

static size_t
tell_gap(const struct xn_plan_week *week, int start, int end, char *ret_text, size_t size)
{
	int until = (end - 1) % XN_DAY_MINUTES + 1;
	int last = last_alike(week, start, end);
	char first[16];
	char day[16] = "";

	xn_plan_week_minute(start, first);
	if (last > start / XN_DAY_MINUTES)
		xn_plan_week_minute(last * XN_DAY_MINUTES, day);
	return (size_t)snprintf(ret_text, size, "%.3s%s%.3s%s-%02d:%02d", first,
	    day[0] != '\0' ? "-" : "", day, first + 3, until / 60, until % 60);
}

bool
xn_plan_week_gaps(const struct xn_plan_week *week, char *ret_text, size_t size)
{
	size_t used = 0;
	int found = 0;

	for (int minute = 0, end; minute < XN_WEEK_MINUTES; minute = end) {
		end = run_end(week, minute);
		if (is_taken(week, minute) || is_repeat(week, minute, end) || ++found > GAPS_SHOWN)
			continue;
		if (used > 0)
			used += (size_t)snprintf(ret_text + used, size - used, ", ");
		used += tell_gap(week, minute, end, ret_text + used, size - used);
	}
	if (found > GAPS_SHOWN)
		snprintf(ret_text + used, size - used, " and %d more", found - GAPS_SHOWN);
	return found > 0;
}

const struct xn_plan_segment *
xn_plan_week_segments(const struct xn_plan_week *week, struct xn_arena *arena, unsigned *ret_count)
{
	struct xn_plan_segment *segments;
	unsigned count = 1;

	for (int minute = 1; minute < XN_WEEK_MINUTES; minute++)
		count += week->owner[minute] != week->owner[minute - 1];
	segments = xn_new(arena, struct xn_plan_segment, count);
	*ret_count = 0;
	for (int minute = 0; minute < XN_WEEK_MINUTES; minute++)
		if (minute == 0 || week->owner[minute] != week->owner[minute - 1])
			segments[(*ret_count)++] = (struct xn_plan_segment){
			    .start = (uint16_t)minute, .owner = week->owner[minute]};
	return segments;
}
