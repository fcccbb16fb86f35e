#include "orchestrator/core/meter.h"

#include <assert.h>

#define BELIEVED_AFTER 3 /* readings that follow each other */
#define GAP_SAMPLES    3 /* intervals between readings that are no gap yet */
#define STALL_READINGS 3
/* What a meter without a stated maximum may show: the largest feed we know of. */
#define POWER_MAX_MW   INT64_C(20000000000)

struct booker {
	struct xn_meter_state *state;
	const struct xn_meter_rules *rules;
	xn_meter_sink *sink;
	void *context;
};

static void
emit(const struct booker *booker, xn_instant start, xn_instant end, int64_t mj, enum xn_grade grade,
    bool covered, uint32_t events)
{
	struct xn_meter_piece piece = {start, end, {mj}, grade, covered, events};

	assert(mj >= 0 && start.ms <= end.ms); /* invariant 1 */
	booker->sink(booker->context, &piece);
}

static void
tell(const struct booker *booker, xn_instant at, uint32_t events)
{
	if (events != 0)
		emit(booker, at, at, 0, XN_GRADE_NONE, false, events);
}

static bool
is_gap(const struct xn_meter_rules *rules, xn_instant from, xn_instant to)
{
	return xn_since(to, from).ms > GAP_SAMPLES * rules->sample.ms;
}

/* Whether a register may have moved by `step` in this time; 10 % above the rating is let through.
 */
static bool
plausible(const struct xn_meter_rules *rules, xn_register step, int64_t span_ms)
{
	int64_t max_mw = rules->max.mw > 0 ? rules->max.mw : POWER_MAX_MW;
	xn_register most = (xn_register)max_mw * span_ms / 1000;

	return step >= 0 && step <= most + most / 10 + rules->step.mj;
}

/* Time since a point came to its value: by the meter's clock or, if that hides some, by ours. */
static int64_t
span_since(const struct xn_meter_point *point, const struct xn_meter_reading *reading)
{
	int64_t by_stamp = xn_since(reading->at, point->changed).ms;
	int64_t by_ear = 0;

	if (reading->heard.ms != 0 && point->changed_heard.ms != 0)
		by_ear = xn_since(reading->heard, point->changed_heard).ms;
	return by_ear > by_stamp ? by_ear : by_stamp;
}

/* ---- steps of the register ---- */

enum verdict { FOLLOWS, WRAPPED, ODD };

static enum verdict
judge(const struct booker *booker, const struct xn_meter_point *from,
    const struct xn_meter_reading *reading, xn_register *ret_step)
{
	const struct xn_meter_rules *rules = booker->rules;
	int64_t span_ms = span_since(from, reading);

	*ret_step = reading->counted - from->value;
	if (plausible(rules, *ret_step, span_ms))
		return FOLLOWS;
	if (*ret_step < 0 && rules->modulus > 0) {
		*ret_step += rules->modulus;
		if (plausible(rules, *ret_step, span_ms))
			return WRAPPED;
	}
	return ODD;
}

static struct xn_meter_point
point_of(const struct xn_meter_reading *reading)
{
	return (struct xn_meter_point){.value = reading->counted,
	    .changed = reading->at,
	    .changed_heard = reading->heard,
	    .at = reading->at,
	    .heard = reading->heard};
}

/*
 * The point after a believed reading, `step` further: the same value again only makes it newer. In
 * a gap the register may have come to its value, and stood still, as early as its rating lets it.
 */
static struct xn_meter_point
follow(const struct xn_meter_rules *rules, const struct xn_meter_point *from,
    const struct xn_meter_reading *reading, xn_register step)
{
	struct xn_meter_point to = point_of(reading);

	if (to.value == from->value) {
		to.changed = from->changed;
		to.changed_heard = from->changed_heard;
		to.same = from->same + 1;
	} else if (is_gap(rules, from->at, to.at) && rules->max.mw > 0) {
		int64_t soonest_ms = from->at.ms + (int64_t)(step * 1000 / rules->max.mw);

		if (soonest_ms < to.at.ms)
			to.changed.ms = soonest_ms;
	}
	return to;
}

/* How a step from `from` to `to` was read, and what happened meanwhile. */
static enum xn_grade
grade_of(const struct booker *booker, const struct xn_meter_point *from,
    const struct xn_meter_point *to, xn_register step, uint32_t *ret_events)
{
	const struct xn_meter_rules *rules = booker->rules;
	enum xn_grade grade = to->value < from->value ? XN_GRADE_ROLLOVER : XN_GRADE_MEASURED;

	*ret_events = 0;
	if (is_gap(rules, from->at, to->at))
		*ret_events |= XN_METER_GAP;
	if (from->same >= STALL_READINGS && !plausible(rules, step, xn_since(to->at, from->at).ms))
		*ret_events |= XN_METER_STALL;
	return *ret_events != 0 ? XN_GRADE_INTERPOLATED : grade;
}

/*
 * Books the step from `base` to `to`. At most one count of it can have gathered before the register
 * was last read, or it would have shown; the rest passed since, unless that cannot be and the
 * register stood still.
 */
static void
book_step(const struct booker *booker, const struct xn_meter_point *to)
{
	struct xn_meter_state *state = booker->state;
	const struct xn_meter_point from = state->base;
	xn_register step = to->value - from.value;
	int64_t mj, taken, early = 0;
	enum xn_grade grade;
	uint32_t events;

	if (step < 0) {
		step += booker->rules->modulus;
		tell(booker, to->at, XN_METER_ROLLOVER);
	}
	grade = grade_of(booker, &from, to, step, &events);
	mj = (int64_t)step; /* plausible, so it fits */
	taken = mj < state->ahead.mj ? mj : state->ahead.mj;
	state->ahead.mj -= taken;
	mj -= taken;
	if (!plausible(booker->rules, step, xn_since(to->at, from.at).ms))
		early = mj;
	else if (from.same > 0)
		early = mj < booker->rules->step.mj ? mj : booker->rules->step.mj;
	if (early > 0)
		emit(booker, from.changed, to->at, early, grade, false, events);
	emit(booker, from.at, to->at, mj - early, grade, true, events);
	state->base = *to;
}

/* Books the reading that waited for the next one to agree with it. */
static void
confirm(const struct booker *booker)
{
	struct xn_meter_state *state = booker->state;

	if (!state->has_next)
		return;
	state->has_next = false;
	book_step(booker, &state->next);
}

/* ---- readings that do not follow ---- */

static bool
follows_odd(const struct booker *booker, const struct xn_meter_reading *reading)
{
	const struct xn_meter_point *odd = &booker->state->odd_last;

	return plausible(booker->rules, reading->counted - odd->value, span_since(odd, reading));
}

/*
 * The register began anew. Of what passed before its first new reading only a lower bound is known:
 * what it shows since zero if it was reset, nothing if it was exchanged; watts fill the rest.
 */
static void
begin_anew(const struct booker *booker)
{
	struct xn_meter_state *state = booker->state;
	const struct xn_meter_rules *rules = booker->rules;
	const struct xn_meter_point *first = &state->odd_first;
	const struct xn_meter_reading zero = {.at = first->at, .heard = first->heard};
	struct xn_meter_point from;
	int64_t sure, mj, taken;
	bool reset;

	confirm(booker);
	from = state->base;
	reset = !rules->no_reset && first->value < from.value &&
	    plausible(rules, first->value, span_since(&from, &zero));
	sure = reset ? (int64_t)first->value : 0;
	mj = sure > state->odd_since.mj ? sure : state->odd_since.mj;
	taken = mj < state->ahead.mj ? mj : state->ahead.mj;
	state->ahead.mj = state->since.mj = 0;
	if (is_gap(rules, from.at, first->at))
		emit(booker, from.at, first->at, 0, XN_GRADE_NONE, false, XN_METER_GAP);
	tell(booker, first->at, reset ? XN_METER_RESET : XN_METER_REPLACED);
	if (mj > taken)
		emit(booker, from.changed, first->at, mj - taken, XN_GRADE_ESTIMATED, false, 0);
	state->base = *first;
	state->odd = 0;
	if (state->odd_middle.at.ms > first->at.ms)
		book_step(booker, &state->odd_middle);
	book_step(booker, &state->odd_last);
}

static void
take_odd(const struct booker *booker, const struct xn_meter_reading *reading)
{
	struct xn_meter_state *state = booker->state;

	tell(booker, reading->at, XN_METER_GLITCH);
	if (state->odd > 0 && follows_odd(booker, reading)) {
		/* The same value again and again is how a broken meter looks, too. */
		if (reading->counted > state->odd_last.value && state->odd < BELIEVED_AFTER)
			state->odd++;
		else if (state->odd < BELIEVED_AFTER - 1)
			state->odd++;
		state->odd_middle = state->odd_last;
		state->odd_last = follow(booker->rules, &state->odd_last, reading,
		    reading->counted - state->odd_last.value);
	} else {
		state->odd = 1;
		state->odd_since = state->since;
		state->odd_first = state->odd_last = point_of(reading);
	}
	if (state->odd >= BELIEVED_AFTER)
		begin_anew(booker);
}

/* ---- one reading of the register ---- */

static void
take_register(const struct booker *booker, const struct xn_meter_reading *reading)
{
	struct xn_meter_state *state = booker->state;
	const struct xn_meter_point *last = state->has_next ? &state->next : &state->base;
	struct xn_meter_point to;
	xn_register step;

	if (!state->has_register) {
		state->has_register = true;
		state->base = point_of(reading);
		return;
	}
	if (judge(booker, last, reading, &step) == ODD) {
		/* Was it the reading before that was wrong? */
		if (!state->has_next || judge(booker, &state->base, reading, &step) != FOLLOWS) {
			take_odd(booker, reading);
			return;
		}
		tell(booker, state->next.at, XN_METER_GLITCH);
		last = &state->base;
		state->has_next = false;
	}
	to = follow(booker->rules, last, reading, step);
	state->odd = 0;
	if (step > 0)
		state->since.mj = 0;
	confirm(booker);
	state->next = to;
	state->has_next = true;
	if (!booker->rules->confirm)
		confirm(booker);
}

/* ---- watts ---- */

/* What watts say passed since the last reading that had them; nothing over a gap. */
static int64_t
integrate(const struct booker *booker, const struct xn_meter_reading *reading)
{
	const struct xn_meter_state *state = booker->state;
	xn_register twice;

	if (!state->has_power || !reading->has_power ||
	    is_gap(booker->rules, state->power_at, reading->at))
		return 0;
	twice = (xn_register)(state->power.mw + reading->power.mw) *
	    xn_since(reading->at, state->power_at).ms;
	return (int64_t)(twice / 2000);
}

static void
take_power(const struct booker *booker, const struct xn_meter_reading *reading)
{
	struct xn_meter_state *state = booker->state;
	const struct xn_meter_rules *rules = booker->rules;
	bool gap = state->has_power && is_gap(rules, state->power_at, reading->at);
	int64_t mj = integrate(booker, reading);

	if (!state->has_register) {
		if (gap)
			emit(booker, state->power_at, reading->at, 0, XN_GRADE_NONE, false,
			    XN_METER_GAP);
		else if (state->has_power)
			emit(booker, state->power_at, reading->at, mj, XN_GRADE_MEASURED, true, 0);
	} else if (mj > 0) {
		xn_energy most;

		state->since.mj += mj;
		most = state->since.mj < rules->ahead.mj ? state->since : rules->ahead;
		if (most.mj > state->ahead.mj) {
			emit(booker, state->power_at, reading->at, most.mj - state->ahead.mj,
			    XN_GRADE_MEASURED, false, 0);
			state->ahead = most;
		}
	}
	state->has_power = true;
	state->power = reading->power;
	state->power_at = reading->at;
}

/* ---- readings ---- */

/* Takes out of a reading what cannot be a value. */
static struct xn_meter_reading
cleaned(const struct booker *booker, const struct xn_meter_reading *reading)
{
	const struct xn_meter_rules *rules = booker->rules;
	const struct xn_meter_state *state = booker->state;
	const struct xn_meter_point *last = state->has_next ? &state->next : &state->base;
	struct xn_meter_reading clean = *reading;
	xn_register step;
	int64_t max_mw = rules->max.mw > 0 ? rules->max.mw : POWER_MAX_MW;

	if (clean.has_power && (clean.power.mw < 0 || clean.power.mw > max_mw + max_mw / 10)) {
		clean.has_power = false;
		clean.events |= XN_METER_MISSING;
	}
	if (!clean.has_register)
		return clean;
	/* All ones are no value. Zero of a register that has counted is none either, and was no
	 * count, unless it wrapped just now; one that was reset is believed by what it counts next.
	 */
	if (clean.counted < 0 ||
	    (rules->modulus > 0 &&
		clean.counted >= rules->modulus - (rules->step.mj > 0 ? rules->step.mj : 1))) {
		clean.has_register = false;
		clean.events |= XN_METER_MISSING;
	} else if (clean.counted == 0 && state->has_register && last->value > 0 &&
	    judge(booker, last, &clean, &step) == ODD) {
		clean.has_register = false;
		clean.events |= XN_METER_MISSING | XN_METER_GLITCH;
	}
	return clean;
}

void
xn_meter_book(struct xn_meter_state *state, const struct xn_meter_rules *rules,
    const struct xn_meter_reading *reading, xn_meter_sink *sink, void *context)
{
	const struct booker booker = {state, rules, sink, context};
	struct xn_meter_reading clean;

	if (state->read && reading->at.ms <= state->at.ms) {
		tell(&booker, state->at,
		    reading->at.ms == state->at.ms ? XN_METER_DUPLICATE : XN_METER_CLOCK);
		return;
	}
	clean = cleaned(&booker, reading);
	state->read = true;
	state->at = clean.at;
	tell(&booker, clean.at, clean.events);
	if (clean.has_power)
		take_power(&booker, &clean);
	if (clean.has_register)
		take_register(&booker, &clean);
}

/* Energy that watts told and no register showed any more: it stands still, or was lost. */
static void
book_fill(const struct booker *booker)
{
	struct xn_meter_state *state = booker->state;
	const struct xn_meter_rules *rules = booker->rules;
	bool stalled = state->base.same >= STALL_READINGS &&
	    state->since.mj > STALL_READINGS * rules->step.mj && state->since.mj > state->ahead.mj;

	if (stalled)
		emit(booker, state->base.changed, state->power_at,
		    state->since.mj - state->ahead.mj, XN_GRADE_ESTIMATED, false, XN_METER_STALL);
	else if (is_gap(rules, state->base.at, state->at) && state->since.mj > state->ahead.mj)
		emit(booker, state->base.changed, state->power_at,
		    state->since.mj - state->ahead.mj, XN_GRADE_ESTIMATED, false, XN_METER_GAP);
}

void
xn_meter_finish(struct xn_meter_state *state, const struct xn_meter_rules *rules,
    xn_meter_sink *sink, void *context)
{
	const struct booker booker = {state, rules, sink, context};

	confirm(&booker);
	if (state->has_register && state->has_power)
		book_fill(&booker);
}

void
xn_meter_reclock(struct xn_meter_state *state, const struct xn_meter_rules *rules,
    const struct xn_meter_reading *next, xn_meter_sink *sink, void *context)
{
	const struct booker booker = {state, rules, sink, context};
	xn_instant before = {next->at.ms - rules->sample.ms};
	int64_t still_ms;

	confirm(&booker);
	still_ms = xn_since(state->base.at, state->base.changed).ms;
	tell(&booker, next->at, XN_METER_CLOCK);
	/* Watts are not held over it; the register goes on. It last changed a few samples before,
	 * or stood still as long as it had. */
	if (still_ms < (GAP_SAMPLES - 1) * rules->sample.ms)
		still_ms = (GAP_SAMPLES - 1) * rules->sample.ms;
	state->has_power = false;
	state->at = before;
	state->base.at = before;
	state->base.changed.ms = before.ms - still_ms;
	if (state->base.same < STALL_READINGS)
		state->base.same = 0;
	state->odd = 0;
}

int64_t
xn_meter_before(const struct xn_meter_piece *piece, xn_instant border)
{
	int64_t span_ms = xn_since(piece->end, piece->start).ms;

	if (border.ms >= piece->end.ms)
		return piece->energy.mj;
	if (border.ms <= piece->start.ms)
		return 0;
	return (
	    int64_t)((xn_register)piece->energy.mj * xn_since(border, piece->start).ms / span_ms);
}
