#include "orchestrator/books/outlook_view.h"

#include <math.h>
#include <stdio.h>

#include "common/calendar.h"
#include "orchestrator/books/json.h"

json_t *
xn_outlook_number(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

static const char *
unit_of(const struct xn_outlook *outlook)
{
	return outlook->kind == XN_OUTLOOK_TEMPERATURE ? "c" : "kw";
}

static void
put(json_t *object, const char *field, const char *unit, double value)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", field, unit);
	json_object_set_new(object, name, xn_outlook_number(value));
}

/* ---- what every answer says ---- */

static const char *
method_of(const struct xn_outlook *outlook, bool last_week)
{
	if (last_week)
		return "last-week";
	return outlook->kind == XN_OUTLOOK_PV ? "envelope" : "smoothing";
}

static json_t *
begin(const struct xn_question *question, const struct xn_outlook *outlook)
{
	int offset_s = outlook->utc_offset_s;

	return json_pack("{s:o, s:s, s:s, s:i, s:{s:o, s:o, s:f, s:i}}", "site",
	    xn_json_name(xn_books_site(question->books)->name), "kind",
	    xn_outlook_word(outlook->kind), "unit",
	    outlook->kind == XN_OUTLOOK_TEMPERATURE ? "\xc2\xb0"
						      "C"
						    : "kW",
	    "slot_s", (int)(outlook->slot.ms / 1000), "history", "from",
	    xn_json_instant(outlook->start, offset_s), "to",
	    xn_json_instant(xn_outlook_at(outlook, outlook->count), offset_s), "days",
	    (double)outlook->count / outlook->per_day, "gaps", (int)outlook->gaps);
}

static void
put_score(json_t *object, const char *unit, const struct xn_forecast_score *score)
{
	bool none = score->slots == 0;

	json_object_set_new(object, "slots", json_integer(score->slots));
	put(object, "mae", unit, none ? (double)NAN : score->mae);
	put(object, "bias", unit, none ? (double)NAN : score->bias);
	json_object_set_new(object, "mape", xn_outlook_number(score->mape));
	json_object_set_new(object, "coverage80", xn_outlook_number(score->coverage80));
	json_object_set_new(object, "coverage95", xn_outlook_number(score->coverage95));
	put(object, "last_week_mae", unit, none ? (double)NAN : score->baseline_mae);
	json_object_set_new(object, "skill", xn_outlook_number(score->skill));
}

static json_t *
choice_note(const struct xn_outlook *outlook, const struct xn_outlook_choice *choice)
{
	const char *unit = outlook->kind == XN_OUTLOOK_TEMPERATURE ? "\xc2\xb0"
								     "C"
								   : "kW";

	if (choice->days < XN_OUTLOOK_TRIAL_MIN)
		return json_sprintf(
		    "too little history (%.1f days, %u of them gaps): the same slot "
		    "last week, or yesterday, is shown",
		    (double)outlook->count / outlook->per_day, outlook->gaps / outlook->per_day);
	if (choice->last_week)
		return json_sprintf(
		    "no better than last week: over the last %u days the method "
		    "erred by %.3g %s, the same slot last week by %.3g; that is shown",
		    choice->days, choice->trial.mae, unit, choice->trial.baseline_mae);
	return json_sprintf("over the last %u days it erred by %.3g %s, the same slot last week by "
			    "%.3g",
	    choice->days, choice->trial.mae, unit, choice->trial.baseline_mae);
}

/* ---- what somebody else forecast ---- */

/* Mean of a plan's rows over a slot, weighted by time; the last row is as long as the one before.
 */
static bool
mean_of_rows(
    const struct xn_energy_sources *sources, xn_instant from, xn_instant to, double ret_means[3])
{
	const struct xn_pv_forecast *rows = sources->pv_rows;
	double sums[3] = {0}, span = 0, banded = 0;

	for (unsigned i = 0; i < sources->pv_row_count && rows[i].at.ms < to.ms; i++) {
		bool last = i + 1 == sources->pv_row_count;
		int64_t end = last
		    ? rows[i].at.ms + (i > 0 ? rows[i].at.ms - rows[i - 1].at.ms : to.ms - from.ms)
		    : rows[i + 1].at.ms;
		int64_t start = rows[i].at.ms > from.ms ? rows[i].at.ms : from.ms;
		double part = (double)((end < to.ms ? end : to.ms) - start);

		if (part <= 0)
			continue;
		span += part;
		sums[0] += part * (double)rows[i].mean.mw;
		banded += rows[i].low.mw >= 0 ? part : 0;
		sums[1] += part * (double)rows[i].low.mw;
		sums[2] += part * (double)rows[i].high.mw;
	}
	for (int i = 0; i < 3; i++)
		ret_means[i] = sums[i] / span / 1e6;
	if (banded < span)
		ret_means[1] = ret_means[2] = (double)NAN;
	return span > 0;
}

/* ---- the forecast ---- */

static json_t *
rows_of(const struct xn_outlook *outlook, const struct xn_forecast *forecast,
    const struct xn_energy_sources *sources)
{
	const char *unit = unit_of(outlook);
	json_t *rows = json_array();

	for (unsigned h = 0; h < forecast->count; h++) {
		const struct xn_forecast_slot *slot = &forecast->slots[h];
		xn_instant start = xn_outlook_at(outlook, outlook->count + h);
		xn_instant end = xn_after(start, outlook->slot);
		json_t *row =
		    json_pack("{s:o, s:o}", "start", xn_json_instant(start, outlook->utc_offset_s),
			"end", xn_json_instant(end, outlook->utc_offset_s));
		double others[3];

		put(row, "mean", unit, slot->mean);
		put(row, "low80", unit, slot->low80);
		put(row, "high80", unit, slot->high80);
		put(row, "low95", unit, slot->low95);
		put(row, "high95", unit, slot->high95);
		put(row, "last_week", unit, slot->baseline);
		if (sources != NULL && mean_of_rows(sources, start, end, others)) {
			put(row, "file", unit, others[0]);
			put(row, "file_low", unit, others[1]);
			put(row, "file_high", unit, others[2]);
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

static int
show(json_t *answer, const struct xn_question *question, const struct xn_outlook *outlook,
    unsigned hours, const struct xn_energy_plan *plan, struct xn_error *err)
{
	const struct xn_energy_sources *sources =
	    plan != NULL && outlook->kind == XN_OUTLOOK_PV ? xn_energy_plan_sources(plan) : NULL;
	struct xn_outlook_choice choice;
	struct xn_forecast forecast = xn_outlook_make(outlook, hours, &choice);
	json_t *trial = json_object();

	json_object_set_new(answer, "from",
	    xn_json_instant(xn_outlook_at(outlook, outlook->count), outlook->utc_offset_s));
	json_object_set_new(answer, "to",
	    xn_json_instant(
		xn_outlook_at(outlook, outlook->count + forecast.count), outlook->utc_offset_s));
	json_object_set_new(answer, "method", json_string(method_of(outlook, choice.last_week)));
	json_object_set_new(answer, "naive", json_boolean(choice.last_week));
	json_object_set_new(answer, "note", choice_note(outlook, &choice));
	json_object_set_new(trial, "days", json_integer(choice.days));
	put_score(trial, unit_of(outlook), &choice.trial);
	json_object_set_new(answer, "trial", trial);
	json_object_set_new(
	    answer, "file", sources != NULL ? xn_json_text(sources->pv_forecast) : json_null());
	json_object_set_new(answer, "rows", rows_of(outlook, &forecast, sources));
	if (outlook->kind != XN_OUTLOOK_DEMAND)
		return XN_OK;
	return xn_outlook_put_demand(answer, question, outlook, &forecast, plan, err);
}

/* ---- scores ---- */

static void
check(json_t *answer, const struct xn_outlook *outlook, unsigned days)
{
	const char *unit = unit_of(outlook);
	struct xn_outlook_day *scored = xn_new(outlook->arena, struct xn_outlook_day, days);
	struct xn_forecast_score whole;
	unsigned count = xn_outlook_score(outlook, days, scored, &whole);
	json_t *rows = json_array();
	json_t *sum = json_object();

	for (unsigned i = 0; i < count; i++) {
		struct xn_date date = xn_date_of(scored[i].start, outlook->utc_offset_s);
		json_t *row = json_pack("{s:o, s:s, s:b}", "day",
		    json_sprintf("%04d-%02d-%02d", date.year, date.month, date.day), "method",
		    method_of(outlook, scored[i].choice.last_week), "naive",
		    scored[i].choice.last_week);

		put_score(row, unit, &scored[i].score);
		json_array_append_new(rows, row);
	}
	put_score(sum, unit, &whole);
	json_object_set_new(answer, "days", json_integer(count));
	json_object_set_new(answer, "rows", rows);
	json_object_set_new(answer, "score", sum);
	json_object_set_new(answer, "better", json_boolean(xn_forecast_beats(&whole)));
}

/* ---- answers ---- */

static int
kind_of(const struct xn_question *question, enum xn_outlook_kind *ret_kind, struct xn_error *err)
{
	if (xn_outlook_of(question->argument, ret_kind))
		return XN_OK;
	return xn_fail(err, XN_ENOTFOUND,
	    "there is no forecast of '%.64s': load, it, pv, temperature or demand",
	    question->argument);
}

json_t *
xn_outlook_show(const struct xn_question *question, struct xn_error *err)
{
	const struct xn_energy_plan *plan;
	enum xn_outlook_kind kind;
	struct xn_outlook outlook;
	struct xn_plans plans;
	struct xn_arena arena;
	json_t *answer = NULL;
	int64_t hours;

	if (kind_of(question, &kind, err) != XN_OK ||
	    xn_question_number(question, "hours", 48, 1, 48, &hours, err) != XN_OK)
		return NULL;
	xn_arena_map(&arena, XN_OUTLOOK_ARENA_SIZE);
	xn_plans_open(&plans, question->books);
	/* The one in force where the forecast begins. */
	plan = xn_plans_at(&plans, xn_question_place(question).now);
	if (xn_outlook_read(&outlook, question->books, kind, XN_OUTLOOK_HISTORY + XN_OUTLOOK_TRIAL,
		&arena, err) == XN_OK) {
		answer = begin(question, &outlook);
		if (show(answer, question, &outlook, (unsigned)hours, plan, err) != XN_OK) {
			json_decref(answer);
			answer = NULL;
		}
	}
	xn_plans_close(&plans);
	xn_arena_unmap(&arena);
	return answer;
}

json_t *
xn_outlook_check(const struct xn_question *question, struct xn_error *err)
{
	enum xn_outlook_kind kind;
	struct xn_outlook outlook;
	struct xn_arena arena;
	json_t *answer = NULL;
	int64_t days;

	if (kind_of(question, &kind, err) != XN_OK ||
	    xn_question_number(question, "days", 14, 1, XN_OUTLOOK_DAYS_MAX, &days, err) != XN_OK)
		return NULL;
	xn_arena_map(&arena, XN_OUTLOOK_ARENA_SIZE);
	if (xn_outlook_read(&outlook, question->books, kind,
		XN_OUTLOOK_HISTORY + XN_OUTLOOK_TRIAL + (unsigned)days, &arena, err) == XN_OK) {
		answer = begin(question, &outlook);
		check(answer, &outlook, (unsigned)days);
	}
	xn_arena_unmap(&arena);
	return answer;
}
