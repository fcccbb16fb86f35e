#include "orchestrator/books/readings.h"

#include <stdlib.h>
#include <string.h>

#define BELIEVED_AFTER 3 /* readings that follow a stamp which leaps */
#define GAP_SAMPLES    3
#define FALLS_OFTEN    4  /* a stamp in so many falls: the file is in no order */
#define LATE_JUMPS     10 /* before the first reading: further back is no late one */

/* A reading on its way into order. */
struct row {
	struct xn_meter_reading reading;
	uint32_t place;   /* in the file */
	uint32_t segment; /* rises when the meter's clock was set back */
	uint32_t events;  /* of one that is left out: why, at `reading.at` of the last good one */
};

struct order {
	struct row *rows; /* kept */
	uint32_t count;
	struct row *left; /* left out, for their events */
	uint32_t left_count;
	int64_t jump_ms;
	bool begun;
	bool first_alone; /* nothing followed the very first reading before a leap */
	uint32_t segment;
	xn_instant first, last; /* of the segment */
	bool has_register;
	xn_register counted; /* last, in the order they came */
	struct row ahead[BELIEVED_AFTER], back[BELIEVED_AFTER];
	unsigned ahead_count, back_count;
};

/* ---- order ---- */

static void
keep(struct order *order, const struct row *row)
{
	struct row *kept = &order->rows[order->count++];

	*kept = *row;
	kept->segment = order->segment;
	if (!order->begun)
		order->first = row->reading.at;
	order->begun = true;
	if (row->reading.at.ms > order->last.ms || order->first.ms == row->reading.at.ms)
		order->last = row->reading.at;
	if (row->reading.has_register) {
		order->has_register = true;
		order->counted = row->reading.counted;
	}
}

static void
leave_out(struct order *order, const struct row *row, uint32_t events)
{
	struct row *left = &order->left[order->left_count++];

	*left = *row;
	left->events = events;
	left->reading.at = order->last;
}

/* Stamps that nothing followed were wrong. */
static void
drop(struct order *order, struct row *rows, unsigned *count)
{
	for (unsigned i = 0; i < *count; i++)
		leave_out(order, &rows[i], XN_METER_CLOCK);
	*count = 0;
}

static void
take_ahead(struct order *order, const struct row *row)
{
	drop(order, order->back, &order->back_count);
	if (order->ahead_count > 0 &&
	    row->reading.at.ms <= order->ahead[order->ahead_count - 1].reading.at.ms)
		drop(order, order->ahead, &order->ahead_count);
	order->ahead[order->ahead_count++] = *row;
	if (order->ahead_count < BELIEVED_AFTER)
		return;
	order->first_alone |= order->count == 1;
	for (unsigned i = 0; i < order->ahead_count; i++)
		keep(order, &order->ahead[i]);
	order->ahead_count = 0;
}

static void
set_back(struct order *order)
{
	drop(order, order->ahead, &order->ahead_count);
	order->first_alone |= order->count == 1;
	order->segment++;
	order->begun = false;
	order->last = order->back[0].reading.at;
	for (unsigned i = 0; i < order->back_count; i++)
		keep(order, &order->back[i]);
	order->back_count = 0;
}

/* Whether a reading that lies back says that the clock was set. */
static bool
counts_on(const struct order *order, const struct row *row, bool far)
{
	bool both = row->reading.has_register && order->has_register;

	if (order->count == 1 && far)
		return !both || row->reading.counted >= order->counted;
	return both && row->reading.counted > order->counted;
}

static void
take_behind(struct order *order, const struct row *row)
{
	bool far = row->reading.at.ms < order->first.ms - LATE_JUMPS * order->jump_ms;

	if (!counts_on(order, row, far)) {
		if (far) {
			leave_out(order, row, XN_METER_CLOCK);
		} else {
			/* Old news: it goes where it belongs. */
			struct row *kept = &order->rows[order->count++];

			*kept = *row;
			kept->segment = order->segment;
			kept->reading.events |= XN_METER_CLOCK;
		}
		return;
	}
	if (order->back_count > 0) {
		const struct xn_meter_reading *before = &order->back[order->back_count - 1].reading;

		if (row->reading.at.ms <= before->at.ms || row->reading.counted < before->counted)
			drop(order, order->back, &order->back_count);
	}
	order->back[order->back_count++] = *row;
	if (order->back_count == BELIEVED_AFTER)
		set_back(order);
}

static void
take(struct order *order, const struct row *row)
{
	int64_t distance = row->reading.at.ms - order->last.ms;

	if (!order->begun) {
		keep(order, row);
	} else if (distance == 0) {
		leave_out(order, row, XN_METER_DUPLICATE);
	} else if (distance > order->jump_ms) {
		take_ahead(order, row);
	} else if (distance > 0) {
		drop(order, order->ahead, &order->ahead_count);
		drop(order, order->back, &order->back_count);
		keep(order, row);
	} else {
		take_behind(order, row);
	}
}

/* What the register counts a millisecond from a row on, until it falls; 0: it does not tell. */
static double
rate_from(const struct row *rows, uint32_t count)
{
	const struct xn_meter_reading *first = &rows[0].reading, *last = first;

	for (uint32_t i = 1; i < count && first->has_register; i++) {
		const struct xn_meter_reading *next = &rows[i].reading;

		if (!next->has_register || next->at.ms <= last->at.ms)
			continue;
		if (next->counted < last->counted)
			break;
		last = next;
	}
	return last == first
	    ? 0
	    : (double)(last->counted - first->counted) / (double)(last->at.ms - first->at.ms);
}

/*
 * Whether the very first reading, which nothing followed, is far from all others: by more time than
 * those span, or by time in which the register did not count as it did later.
 */
static bool
first_is_wrong(const struct order *order)
{
	const struct xn_meter_reading *first = &order->rows[0].reading;
	const struct xn_meter_reading *next = &order->rows[1].reading;
	int64_t from = next->at.ms, to = next->at.ms;
	double awaited, counted;

	for (uint32_t i = 2; i < order->count; i++) {
		int64_t at = order->rows[i].reading.at.ms;

		from = at < from ? at : from;
		to = at > to ? at : to;
	}
	if (first->at.ms >= from)
		return first->at.ms > to + order->jump_ms;
	awaited =
	    rate_from(&order->rows[1], order->count - 1) * (double)(next->at.ms - first->at.ms);
	if (first->has_register && next->has_register && next->counted >= first->counted &&
	    awaited > 0) {
		counted = (double)(next->counted - first->counted);
		return counted < awaited / 10;
	}
	return from - first->at.ms > to - from;
}

static void
drop_first(struct order *order)
{
	struct row first = order->rows[0];

	memmove(order->rows, order->rows + 1, --order->count * sizeof(first));
	leave_out(order, &first, XN_METER_CLOCK);
	order->left[order->left_count - 1].reading.at = order->rows[0].reading.at;
}

/*
 * The last readings may follow a gap, or carry a wrong clock: a register tells, which counted in a
 * gap about what it counted before in such a time.
 */
static void
end(struct order *order)
{
	const struct row *first = &order->rows[0];
	const struct row *ahead = &order->ahead[0];

	if (order->ahead_count > 0 && ahead->reading.has_register && order->has_register &&
	    first->reading.has_register && order->last.ms > first->reading.at.ms) {
		double rate = (double)(order->counted - first->reading.counted) /
		    (double)(order->last.ms - first->reading.at.ms);
		double awaited = rate * (double)(ahead->reading.at.ms - order->last.ms);

		if (awaited > 0 && (double)(ahead->reading.counted - order->counted) < awaited / 10)
			drop(order, order->ahead, &order->ahead_count);
	}
	for (unsigned i = 0; i < order->ahead_count; i++)
		keep(order, &order->ahead[i]);
	order->ahead_count = 0;
	if (order->back_count > 0)
		set_back(order);
	if (order->first_alone && first_is_wrong(order))
		drop_first(order);
}

static int
by_time(const void *a, const void *b)
{
	const struct row *one = a, *two = b;

	if (one->segment != two->segment)
		return one->segment < two->segment ? -1 : 1;
	if (one->reading.at.ms != two->reading.at.ms)
		return one->reading.at.ms < two->reading.at.ms ? -1 : 1;
	return one->place < two->place ? -1 : one->place > two->place;
}

/* ---- the distance of readings ---- */

static int
by_size(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, two = *(const int64_t *)b;

	return one < two ? -1 : one > two;
}

static int64_t
median_distance(const struct xn_readings *readings, struct xn_arena *arena)
{
	struct xn_arena mark = *arena;
	int64_t *distances = xn_new(arena, int64_t, readings->count + 1);
	uint32_t count = 0;
	int64_t median;

	for (uint32_t i = 1; i < readings->count; i++) {
		int64_t distance = readings->rows[i].at.ms - readings->rows[i - 1].at.ms;

		if (distance > 0)
			distances[count++] = distance;
	}
	qsort(distances, count, sizeof(*distances), by_size);
	median = count > 0 ? distances[(count - 1) / 2] : 60000;
	*arena = mark;
	return median;
}

/* ---- files in no order ---- */

static uint32_t
falls_of_stamps(const struct xn_readings *readings)
{
	uint32_t falls = 0;

	for (uint32_t i = 1; i < readings->count; i++)
		falls += readings->rows[i].at.ms < readings->rows[i - 1].at.ms;
	return falls;
}

static uint32_t
falls_of_register(const struct row *rows, uint32_t count)
{
	const struct xn_meter_reading *last = NULL;
	uint32_t falls = 0;

	for (uint32_t i = 0; i < count; i++)
		if (rows[i].reading.has_register) {
			falls += last != NULL && rows[i].reading.counted < last->counted;
			last = &rows[i].reading;
		}
	return falls;
}

/*
 * A file may have its newest row first, or no order: then the stamps give it one, unless the
 * register counts on as the rows came.
 */
static void
put_in_order(struct xn_readings *readings, struct xn_arena *arena)
{
	struct xn_arena mark = *arena;
	uint32_t as_they_came;
	struct row *rows;

	if (falls_of_stamps(readings) < readings->count / FALLS_OFTEN + 1)
		return;
	rows = xn_new(arena, struct row, readings->count);
	for (uint32_t i = 0; i < readings->count; i++)
		rows[i] = (struct row){.reading = readings->rows[i], .place = i};
	as_they_came = falls_of_register(rows, readings->count);
	qsort(rows, readings->count, sizeof(*rows), by_time);
	if (as_they_came == 0 ? !rows[0].reading.has_register
			      : falls_of_register(rows, readings->count) < as_they_came)
		for (uint32_t i = 0; i < readings->count; i++)
			readings->rows[i] = rows[i].reading;
	*arena = mark;
}

/* ---- booking ---- */

static int64_t
floor_to(int64_t value, int64_t step)
{
	int64_t rest = value % step;

	return value - (rest < 0 ? rest + step : rest);
}

static int
make_intervals(const struct order *order, const struct xn_readings_rules *rules,
    struct xn_arena *arena, struct xn_bookings *ret_bookings, struct xn_error *err)
{
	int64_t offset_ms = (int64_t)rules->utc_offset_s * 1000;
	int64_t first = INT64_MAX, last = INT64_MIN;
	int64_t count;

	for (uint32_t i = 0; i < order->count; i++) {
		int64_t at = order->rows[i].reading.at.ms;

		first = at < first ? at : first;
		last = at > last ? at : last;
	}
	first = floor_to(first + offset_ms, rules->interval.ms);
	count = (last + offset_ms - first) / rules->interval.ms + 1;
	if (count > XN_READINGS_INTERVALS_MAX)
		return xn_fail(err, XN_EINVALID, "the readings span %lld intervals; %u is the most",
		    (long long)count, XN_READINGS_INTERVALS_MAX);
	*ret_bookings = (struct xn_bookings){.start = {first - offset_ms},
	    .interval = rules->interval,
	    .rows = xn_new(arena, struct xn_booked, (size_t)count),
	    .count = (uint32_t)count};
	return XN_OK;
}

static uint32_t
interval_at(const struct xn_bookings *bookings, int64_t at_ms)
{
	int64_t place =
	    floor_to(at_ms - bookings->start.ms, bookings->interval.ms) / bookings->interval.ms;

	if (place < 0)
		return 0;
	return place < bookings->count ? (uint32_t)place : bookings->count - 1;
}

static void
add_part(struct xn_booked *row, const struct xn_meter_piece *piece, int64_t mj, int64_t ms)
{
	row->energy.mj += mj;
	if (piece->grade == XN_GRADE_ESTIMATED)
		row->estimated.mj += mj;
	if (piece->covered)
		row->covered.ms += ms;
	row->events |= piece->events;
	if (piece->grade > row->grade && (ms > 0 || mj > 0))
		row->grade = piece->grade;
}

/* Where pieces go, and how far the clock had come before it was set back. */
struct booking {
	struct xn_bookings *bookings;
	xn_instant passed;
};

static void
add_piece(void *context, const struct xn_meter_piece *piece)
{
	const struct booking *booking = context;
	struct xn_bookings *bookings = booking->bookings;
	uint32_t first = interval_at(bookings, piece->start.ms);
	uint32_t last =
	    piece->end.ms > piece->start.ms ? interval_at(bookings, piece->end.ms - 1) : first;
	int64_t before = 0;

	for (uint32_t i = first; i <= last; i++) {
		int64_t start = bookings->start.ms + i * bookings->interval.ms;
		int64_t stop = i == last ? piece->end.ms : start + bookings->interval.ms;
		int64_t upto = xn_meter_before(piece, (xn_instant){stop});
		int64_t from = i == first ? piece->start.ms : start;

		add_part(&bookings->rows[i], piece, upto - before, stop - from);
		bookings->rows[i].again |= from < booking->passed.ms;
		before = upto;
	}
}

/*
 * Where readings do not say in which interval energy fell (a gap, a clock that was set), none gets
 * more than the meter's rating: the rest goes to the nearest neighbour that has room, for all that
 * is known as truly.
 */
static void
level(struct xn_bookings *bookings, const struct xn_meter_rules *rules)
{
	int64_t most =
	    (int64_t)((xn_register)rules->max.mw * bookings->interval.ms / 1000) + rules->step.mj;

	for (uint32_t i = 0; rules->max.mw > 0 && i < bookings->count; i++) {
		struct xn_booked *row = &bookings->rows[i];

		if (row->grade < XN_GRADE_INTERPOLATED && !row->again &&
		    !(row->events & XN_METER_CLOCK))
			continue;
		for (uint32_t away = 1; row->energy.mj > most && away < 96; away++)
			for (int side = 0; side < 2; side++) {
				int64_t place = side == 0 ? (int64_t)i - away : (int64_t)i + away;
				struct xn_booked *other;
				int64_t moved;

				if (place < 0 || place >= bookings->count)
					continue;
				other = &bookings->rows[place];
				moved = row->energy.mj - most;
				if (moved > most - other->energy.mj)
					moved = most - other->energy.mj;
				if (moved <= 0)
					continue;
				row->energy.mj -= moved;
				other->energy.mj += moved;
				if (other->grade < XN_GRADE_INTERPOLATED)
					other->grade = XN_GRADE_INTERPOLATED;
			}
		if (row->estimated.mj > row->energy.mj)
			row->estimated.mj = row->energy.mj;
	}
}

static void
book_all(struct order *order, const struct xn_meter_rules *rules, struct xn_bookings *bookings)
{
	struct booking booking = {.bookings = bookings, .passed = {INT64_MIN}};
	struct xn_meter_state state = {0};

	for (uint32_t i = 0; i < order->count; i++) {
		const struct row *row = &order->rows[i];

		if (i > 0 && row->segment != row[-1].segment) {
			xn_meter_reclock(&state, rules, &row->reading, add_piece, &booking);
			if (row[-1].reading.at.ms > booking.passed.ms)
				booking.passed = row[-1].reading.at;
		}
		xn_meter_book(&state, rules, &row->reading, add_piece, &booking);
	}
	xn_meter_finish(&state, rules, add_piece, &booking);
	for (uint32_t i = 0; i < order->left_count; i++)
		bookings->rows[interval_at(bookings, order->left[i].reading.at.ms)].events |=
		    order->left[i].events;
	level(bookings, rules);
	for (uint32_t i = 0; i < bookings->count; i++)
		if (bookings->rows[i].covered.ms > bookings->interval.ms)
			bookings->rows[i].covered = bookings->interval;
}

int
xn_readings_book(struct xn_readings *readings, const struct xn_readings_rules *rules,
    struct xn_arena *arena, struct xn_bookings *ret_bookings, struct xn_error *err)
{
	struct xn_meter_rules meter = rules->meter;
	struct order order = {.rows = xn_new(arena, struct row, readings->count + 1),
	    .left = xn_new(arena, struct row, readings->count + 1)};
	int result;

	*ret_bookings = (struct xn_bookings){.interval = rules->interval};
	if (readings->count == 0)
		return XN_OK;
	put_in_order(readings, arena);
	if (meter.sample.ms == 0)
		meter.sample.ms = median_distance(readings, arena);
	meter.confirm = true;
	order.jump_ms = GAP_SAMPLES * meter.sample.ms;
	for (uint32_t i = 0; i < readings->count; i++)
		take(&order, &(struct row){.reading = readings->rows[i], .place = i});
	end(&order);
	qsort(order.rows, order.count, sizeof(*order.rows), by_time);
	result = make_intervals(&order, rules, arena, ret_bookings, err);
	if (result == XN_OK)
		book_all(&order, &meter, ret_bookings);
	return result;
}
