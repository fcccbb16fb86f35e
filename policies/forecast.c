#include "policies/forecast.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SEASON_MAX    (7 * XN_FORECAST_PER_DAY_MAX)
#define DAMPING       0.98
#define CLIP          4.0 /* mean absolute errors */
#define SCALE_GAIN    0.05
#define SCORED_DAYS   28
#define ENVELOPE_DAYS 28
#define DARK          0.005 /* of the greatest slot */
#define BLOCKS        8     /* of horizons whose errors are counted together */
#define ORIGINS_A_DAY 4

static const double not_known = __builtin_nan("");

struct fit {
	double level, trend, season[XN_FORECAST_PER_DAY_MAX], week[SEASON_MAX];
	double error, scale;
	bool weekly;
};

struct gains {
	double level, trend, day, week, persistence;
	bool weekly; /* a site without a week is forecast better without one */
};

/* The series as it is used: at most XN_FORECAST_DAYS_MAX days, gaps as NaN. */
struct past {
	const struct xn_forecast_series *series;
	const double *values;
	unsigned count, per_day, phase, warm; /* slots the seasons start from */
	bool weekly;
	double greatest;
	double *path; /* [XN_FORECAST_HORIZON_MAX] */
};

static bool
known(double value)
{
	return value == value;
}

static double
size_of(double value)
{
	return value < 0 ? -value : value;
}

static double
within(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

static int
by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double
median(double *values, unsigned count)
{
	if (count == 0)
		return not_known;
	qsort(values, count, sizeof(*values), by_value);
	return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double
baseline(const struct past *past, unsigned origin, unsigned ahead)
{
	unsigned week = 7 * past->per_day, back = origin >= week ? week : past->per_day;
	unsigned at = origin + ahead;

	while (at >= origin && at >= back)
		at -= back;
	return at < origin ? past->values[at] : not_known;
}

/* ---- smoothing ---- */

static void
start_seasons(const struct past *past, struct fit *fit)
{
	double same[XN_FORECAST_DAYS_MAX], days[XN_FORECAST_PER_DAY_MAX];
	unsigned n, filled = 0;

	memset(fit, 0, sizeof(*fit));
	for (unsigned s = 0; s < past->per_day; s++) {
		n = 0;
		for (unsigned i = s; i < past->warm; i += past->per_day)
			if (known(past->values[i]))
				same[n++] = past->values[i];
		fit->season[(s + past->phase) % past->per_day] = median(same, n);
		if (n > 0)
			days[filled++] = same[n / 2];
	}
	fit->level = filled > 0 ? median(days, filled) : 0;
	for (unsigned s = 0; s < past->per_day; s++)
		fit->season[s] = known(fit->season[s]) ? fit->season[s] - fit->level : 0;
}

/* What a week's slots are beside the day's season: means over six hours, for one week is noisy. */
static void
start_week(const struct past *past, struct fit *fit)
{
	unsigned wide = past->per_day / 4 + 1;

	for (unsigned i = 0; i < past->warm; i++) {
		unsigned into = (past->phase + i) % past->per_day, n = 0;
		unsigned day = i > into ? i - into : 0; /* its first slot */
		unsigned from = i >= wide / 2 && i - wide / 2 > day ? i - wide / 2 : day;
		double sum = 0;

		for (unsigned k = from; k < from + wide && k < past->warm; k++) {
			unsigned slot = (past->phase + k) % past->per_day;

			if (k > from && slot == 0)
				break;
			if (!known(past->values[k]))
				continue;
			sum += within(past->values[k], 0, past->greatest) - fit->level -
			    fit->season[slot];
			n++;
		}
		if (n > 0)
			fit->week[(past->phase + i) % (7 * past->per_day)] = sum / n;
	}
}

static double
ahead_of(const struct past *past, const struct fit *fit, unsigned at)
{
	unsigned slot = past->phase + at;

	return fit->level + fit->season[slot % past->per_day] +
	    (fit->weekly ? fit->week[slot % (7 * past->per_day)] : 0);
}

static void
start_scale(const struct past *past, struct fit *fit)
{
	double sum = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < past->warm; i++) {
		double usual = ahead_of(past, fit, i);

		if (!known(past->values[i]))
			continue;
		sum += within(size_of(past->values[i] - usual), 0, size_of(fit->level) / 4 + 1e-9);
		n++;
	}
	fit->scale = (n > 0 ? sum / n : 0) + size_of(fit->level) / 1000 + 1e-9;
}

static void
take(const struct past *past, const struct gains *gains, struct fit *fit, unsigned at)
{
	unsigned slot = past->phase + at;
	double expected, error, gain;

	fit->trend *= DAMPING;
	fit->level += fit->trend;
	fit->error *= gains->persistence;
	if (!known(past->values[at]))
		return;
	expected = ahead_of(past, fit, at);
	error = past->values[at] - expected - fit->error;
	error = within(error, -CLIP * fit->scale, CLIP * fit->scale);
	fit->scale += SCALE_GAIN * (size_of(error) - fit->scale);
	if (fit->scale < 1e-9)
		fit->scale = 1e-9;
	gain = gains->level * error;
	fit->level += gain;
	fit->trend += gains->trend * gain;
	fit->season[slot % past->per_day] += gains->day * error;
	if (fit->weekly)
		fit->week[slot % (7 * past->per_day)] += gains->week * error;
	fit->error += error;
}

static void
draw_smooth(const struct past *past, const struct gains *gains, const struct fit *fit,
    unsigned from, unsigned count)
{
	double trend = fit->trend, rise = 0, error = fit->error;

	for (unsigned h = 0; h < count; h++) {
		trend *= DAMPING;
		rise += trend;
		error *= gains->persistence;
		past->path[h] = within(ahead_of(past, fit, from + h) + rise + error,
		    past->series->least, past->greatest);
	}
}

/* ---- PV ---- */

/* Second greatest of the slot in four weeks, so that one wrong reading is no sun. */
static double
envelope(const struct past *past, unsigned from, unsigned ahead)
{
	unsigned at = from + ahead % past->per_day, seen = 0;
	double first = 0, second = 0;

	for (unsigned d = 0; d < ENVELOPE_DAYS && at >= past->per_day; d++) {
		double value = past->values[at -= past->per_day];

		if (!known(value))
			continue;
		seen++;
		if (value > first) {
			second = first;
			first = value;
		} else if (value > second) {
			second = value;
		}
	}
	return seen > 2 ? second : first;
}

/* The usual of a slot: its past under the envelope, the newer the more. */
static double
usual_sun(const struct past *past, unsigned from, unsigned ahead, double top, double keep)
{
	unsigned at = from + ahead % past->per_day;
	double sum = 0, weight = 0, w = 1;

	for (unsigned d = 0; d < ENVELOPE_DAYS && at >= past->per_day; d++, w *= keep) {
		double value = past->values[at -= past->per_day];

		if (!known(value))
			continue;
		sum += w * within(value, 0, top);
		weight += w;
	}
	return weight > 0 ? sum / weight : 0;
}

static void
draw_sun(const struct past *past, const struct gains *gains, unsigned from, unsigned count)
{
	double top[XN_FORECAST_PER_DAY_MAX], greatest = 0, last = 0, mean = 0, ratio;

	for (unsigned s = 0; s < past->per_day; s++) {
		top[s] = envelope(past, from, s);
		greatest = top[s] > greatest ? top[s] : greatest;
	}
	for (unsigned s = 0; s < past->per_day; s++) {
		unsigned yesterday = from + s - past->per_day;

		if (top[s] <= DARK * greatest)
			top[s] = 0;
		past->path[s] = usual_sun(past, from, s, top[s], gains->day);
		if (known(past->values[yesterday])) {
			last += within(past->values[yesterday], 0, top[s]);
			mean += past->path[s];
		}
	}
	ratio = mean > 0 ? within(last / mean, 0.2, 2) - 1 : 0;
	for (unsigned h = count; h-- > 0;) {
		unsigned s = h % past->per_day;
		double fade = gains->persistence * (h < past->per_day ? 1 : gains->persistence);

		past->path[h] = within(past->path[s] * (1 + fade * ratio), 0, top[s]);
	}
}

/* ---- past errors ---- */

struct errors {
	double *of[BLOCKS]; /* absolute */
	unsigned count[BLOCKS], room, horizon;
	struct xn_forecast_slot *slots; /* of one origin */
	struct xn_forecast_score score;
	double sum;
	unsigned n;
};

static void
draw(const struct past *past, const struct gains *gains, const struct fit *fit, unsigned from,
    unsigned count)
{
	if (past->series->kind == XN_FORECAST_PV)
		draw_sun(past, gains, from, count);
	else
		draw_smooth(past, gains, fit, from, count);
}

static bool
midnight(const struct past *past, unsigned at)
{
	return (past->phase + at) % past->per_day == 0;
}

static void
count_day(const struct past *past, struct errors *errors, unsigned at)
{
	for (unsigned h = 0; h < past->per_day && at + h < past->count; h++) {
		double base = baseline(past, at, h), came = past->values[at + h];

		if (!known(came))
			continue;
		/* As the smoothing does: one wrong reading does not choose the parameters. */
		errors->sum += size_of(came - past->path[h]) < past->greatest / 2
		    ? size_of(came - past->path[h])
		    : past->greatest / 2;
		errors->n++;
		if (!known(base))
			continue;
		errors->score.slots++;
		errors->score.mae += size_of(came - past->path[h]);
		errors->score.bias += past->path[h] - came;
		errors->score.baseline_mae += size_of(came - base);
	}
}

/* Errors of PV go by the time of day, all others by how far ahead they were. */
static unsigned
block_of(const struct past *past, const struct errors *errors, unsigned at, unsigned h)
{
	if (past->series->kind == XN_FORECAST_PV)
		return (past->phase + at + h) % past->per_day * BLOCKS / past->per_day;
	return h * BLOCKS / errors->horizon;
}

static void
count_blocks(const struct past *past, struct errors *errors, unsigned at)
{
	for (unsigned h = 0; h < errors->horizon && at + h < past->count; h++) {
		unsigned block = block_of(past, errors, at, h);
		bool dark = past->series->kind == XN_FORECAST_PV && past->path[h] <= 0;

		if (!dark && known(past->values[at + h]) && errors->count[block] < errors->room)
			errors->of[block][errors->count[block]++] =
			    size_of(past->values[at + h] - past->path[h]);
	}
}

/* Runs through the past; with `errors->horizon` also gathers the errors that bands come from. */
static void
run(const struct past *past, const struct gains *gains, struct fit *fit, struct errors *errors)
{
	unsigned every = past->per_day >= ORIGINS_A_DAY ? past->per_day / ORIGINS_A_DAY : 1;
	unsigned scored = SCORED_DAYS * past->per_day;
	unsigned first = past->count > scored + past->warm ? past->count - scored : past->warm;

	for (unsigned i = 0; i < past->count; i++) {
		if (i >= first && midnight(past, i)) {
			draw(past, gains, fit, i, past->per_day);
			count_day(past, errors, i);
		}
		if (i >= first && errors->horizon > 0 && i % every == 0) {
			draw(past, gains, fit, i, errors->horizon);
			count_blocks(past, errors, i);
		}
		if (past->series->kind != XN_FORECAST_PV)
			take(past, gains, fit, i);
	}
}

static double
quantile(const double *sorted, unsigned count, double share)
{
	unsigned rank = (unsigned)((double)(count + 1) * share + 0.999999);

	return count == 0 ? not_known : sorted[(rank > count ? count : rank < 1 ? 1 : rank) - 1];
}

/* ---- parameters ---- */

static unsigned
grid(const struct past *past, unsigned index, struct gains *ret_gains)
{
	static const double levels[] = {0.003, 0.01, 0.03, 0.1, 0.3};
	static const double trends[] = {0, 0.02};
	static const double days[] = {0.02, 0.1}, weeks[] = {0, 0.05, 0.2};
	static const double keeps[] = {0, 0.6, 0.9}, suns[] = {0.8, 0.9, 0.97};
	static const double warm[] = {0.8, 0.9, 0.96};
	bool load = past->series->kind == XN_FORECAST_LOAD;

	if (past->series->kind == XN_FORECAST_PV) {
		*ret_gains = (struct gains){
		    .day = suns[index % 3], .persistence = 0.3 * (double)(index / 3 % 3)};
		return 9;
	}
	*ret_gains = (struct gains){.level = levels[index % 5],
	    .day = days[index / 5 % 2],
	    .persistence = load ? keeps[index / 10 % 3] : warm[index / 10 % 3],
	    .trend = load ? trends[index / 30 % 2] : 0,
	    .week = weeks[index / 60 % 3],
	    .weekly = index >= 60};
	return !load ? 30 : past->weekly ? 180 : 60;
}

static struct gains
choose(const struct past *past, const struct fit *start, struct fit *work)
{
	struct gains gains, best;
	double least = -1;

	grid(past, 0, &best);
	for (unsigned i = 0; i < grid(past, i, &gains); i++) {
		struct errors errors = {.horizon = 0};

		*work = *start;
		work->weekly = gains.weekly;
		run(past, &gains, work, &errors);
		if (errors.n > 0 && (least < 0 || errors.sum / errors.n < least)) {
			least = errors.sum / errors.n;
			best = gains;
		}
	}
	return best;
}

static struct past
read_past(struct xn_arena *arena, const struct xn_forecast_series *series)
{
	unsigned most = XN_FORECAST_DAYS_MAX * series->per_day;
	unsigned skip = series->count > most ? series->count - most : 0;
	struct past past = {.series = series, .per_day = series->per_day};
	double *values, *sorted;
	unsigned n = 0;

	past.count = series->count - skip;
	past.phase = (series->phase + skip) % (7 * series->per_day);
	values = xn_new(arena, double, past.count + 1);
	sorted = xn_new(arena, double, past.count + 1);
	past.path = xn_new(arena, double, XN_FORECAST_HORIZON_MAX);
	for (unsigned i = 0; i < past.count; i++) {
		double value = series->values[skip + i];

		values[i] = value >= series->least && value <= series->most ? value : not_known;
		if (known(values[i]))
			sorted[n++] = values[i];
	}
	past.values = values;
	qsort(sorted, n, sizeof(*sorted), by_value);
	/* A hundredth of the readings may be wrong by any factor. */
	past.greatest = n > 0
	    ? within(1.5 * size_of(quantile(sorted, n, 0.98)) + 1e-9, series->least, series->most)
	    : series->most;
	past.weekly = series->kind == XN_FORECAST_LOAD && past.count >= 8 * past.per_day;
	past.warm = past.weekly ? 7 * past.per_day : past.count / 2 / past.per_day * past.per_day;
	return past;
}

/* ---- the forecast ---- */

static void
put_band(
    const struct past *past, const struct errors *errors, unsigned h, struct xn_forecast_slot *slot)
{
	unsigned block = block_of(past, errors, past->count, h);
	double narrow = quantile(errors->of[block], errors->count[block], 0.80);
	double wide = quantile(errors->of[block], errors->count[block], 0.95);
	double least = past->series->least, most = past->series->most;

	/* At night there is what an inverter shows then. */
	if (past->series->kind == XN_FORECAST_PV && slot->mean <= 0)
		narrow = wide = envelope(past, past->count, h);
	if (!known(narrow)) {
		slot->low80 = slot->high80 = slot->low95 = slot->high95 = not_known;
		return;
	}
	slot->low80 = within(slot->mean - narrow, least, most);
	slot->high80 = within(slot->mean + narrow, least, most);
	slot->low95 = within(slot->mean - wide, least, most);
	slot->high95 = within(slot->mean + wide, least, most);
}

static void
put_fitted(struct xn_arena *arena, const struct past *past, struct xn_forecast *forecast)
{
	struct fit *start = xn_new(arena, struct fit, 1), *work = xn_new(arena, struct fit, 1);
	struct errors errors = {.horizon = forecast->count};
	struct gains gains;

	errors.room = SCORED_DAYS * ORIGINS_A_DAY * 2 * (forecast->count / BLOCKS + 1);
	for (unsigned b = 0; b < BLOCKS; b++)
		errors.of[b] = xn_new(arena, double, errors.room);
	start_seasons(past, start);
	if (past->weekly)
		start_week(past, start);
	start_scale(past, start);
	gains = choose(past, start, work);
	*work = *start;
	work->weekly = gains.weekly;
	run(past, &gains, work, &errors);
	for (unsigned b = 0; b < BLOCKS; b++)
		qsort(errors.of[b], errors.count[b], sizeof(double), by_value);
	draw(past, &gains, work, past->count, forecast->count);
	for (unsigned h = 0; h < forecast->count; h++) {
		forecast->slots[h].mean = past->path[h];
		put_band(past, &errors, h, &forecast->slots[h]);
	}
	forecast->past = errors.score;
	if (errors.score.slots > 0) {
		forecast->past.mae /= errors.score.slots;
		forecast->past.bias /= errors.score.slots;
		forecast->past.baseline_mae /= errors.score.slots;
	}
	forecast->past.mape = forecast->past.coverage80 = forecast->past.coverage95 = not_known;
	forecast->past.skill = forecast->past.baseline_mae > 0
	    ? 1 - forecast->past.mae / forecast->past.baseline_mae
	    : not_known;
}

/* The slots as the baseline has them. */
static struct xn_forecast
start_forecast(struct xn_arena *arena, const struct past *past, unsigned horizon)
{
	struct xn_forecast forecast = {.naive = true, .past.skill = not_known};

	forecast.count = horizon < 2 * past->per_day ? horizon : 2 * past->per_day;
	forecast.slots = xn_new(arena, struct xn_forecast_slot, forecast.count + 1);
	for (unsigned h = 0; h < forecast.count; h++) {
		double base = baseline(past, past->count, h);

		forecast.slots[h] = (struct xn_forecast_slot){
		    base, not_known, not_known, not_known, not_known, base};
	}
	return forecast;
}

struct xn_forecast
xn_forecast_make(struct xn_arena *arena, const struct xn_forecast_series *series, unsigned horizon)
{
	struct past past = read_past(arena, series);
	struct xn_forecast forecast = start_forecast(arena, &past, horizon);
	unsigned there = 0;

	for (unsigned i = 0; i < past.count; i++)
		there += known(past.values[i]);
	forecast.naive = there < 2 * past.per_day;
	if (!forecast.naive && forecast.count > 0)
		put_fitted(arena, &past, &forecast);
	return forecast;
}

struct xn_forecast
xn_forecast_last_week(
    struct xn_arena *arena, const struct xn_forecast_series *series, unsigned horizon)
{
	struct past past = read_past(arena, series);
	struct xn_forecast forecast = start_forecast(arena, &past, horizon);
	unsigned back = past.count >= 7 * past.per_day ? 7 * past.per_day : past.per_day;
	unsigned scored = SCORED_DAYS * past.per_day;
	/* How far ahead a slot is does not matter here: all are in the first block. */
	struct errors errors = {.room = scored, .horizon = BLOCKS * XN_FORECAST_HORIZON_MAX};

	for (unsigned b = 0; b < BLOCKS; b++)
		errors.of[b] = xn_new(arena, double, errors.room);
	for (unsigned i = past.count > scored ? past.count - scored : 0; i < past.count; i++) {
		unsigned block = block_of(&past, &errors, i, 0);

		if (i >= back && known(past.values[i]) && known(past.values[i - back]))
			errors.of[block][errors.count[block]++] =
			    size_of(past.values[i] - past.values[i - back]);
	}
	for (unsigned b = 0; b < BLOCKS; b++)
		qsort(errors.of[b], errors.count[b], sizeof(double), by_value);
	for (unsigned h = 0; h < forecast.count; h++)
		put_band(&past, &errors, h, &forecast.slots[h]);
	return forecast;
}

/* ---- scores ---- */

struct xn_forecast_score
xn_forecast_score(const struct xn_forecast_slot *slots, const double *actual, unsigned count)
{
	struct xn_forecast_score score = {0};
	unsigned banded = 0, in80 = 0, in95 = 0, large = 0;
	double total = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!known(actual[i]) || !known(slots[i].mean) || !known(slots[i].baseline))
			continue;
		score.slots++;
		total += size_of(actual[i]);
		score.mae += size_of(slots[i].mean - actual[i]);
		score.bias += slots[i].mean - actual[i];
		score.baseline_mae += size_of(slots[i].baseline - actual[i]);
		if (!known(slots[i].low80))
			continue;
		banded++;
		in80 += actual[i] >= slots[i].low80 && actual[i] <= slots[i].high80;
		in95 += actual[i] >= slots[i].low95 && actual[i] <= slots[i].high95;
	}
	for (unsigned i = 0; i < count; i++)
		if (known(actual[i]) && known(slots[i].mean) && known(slots[i].baseline) &&
		    size_of(actual[i]) * score.slots > total / 100) {
			score.mape += size_of((slots[i].mean - actual[i]) / actual[i]);
			large++;
		}
	score.mape = large > 0 ? score.mape / large : not_known;
	score.coverage80 = banded > 0 ? (double)in80 / banded : not_known;
	score.coverage95 = banded > 0 ? (double)in95 / banded : not_known;
	if (score.slots > 0) {
		score.mae /= score.slots;
		score.bias /= score.slots;
		score.baseline_mae /= score.slots;
	}
	score.skill = score.baseline_mae > 0 ? 1 - score.mae / score.baseline_mae : not_known;
	return score;
}

bool
xn_forecast_beats(const struct xn_forecast_score *score)
{
	return score->skill > 0;
}
