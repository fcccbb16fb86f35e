/* Forecasts: weeks of a made site, and of recorded machines, with what came after beside them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/forecast.h"
#include "tests/lib/dice.h"

enum { DAY = 48, WEEK = 7 * DAY, SLOTS = 12 * WEEK };

static unsigned char room[XN_FORECAST_ROOM];

struct site {
	double values[SLOTS];
	struct dice dice;
};

/* Roughly normal, of deviation 1. */
static double
noise(struct dice *dice)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += (double)dice_between(dice, 0, 1000000) / 1e6;
	return sum - 6;
}

/* 100 kW, 20 more at noon, 15 less at weekends, noise of 2. */
static void
make_load(struct site *site, uint64_t seed)
{
	site->dice = dice_for(seed, "load");
	for (unsigned i = 0; i < SLOTS; i++)
		site->values[i] = 100 - 20 * cos(2 * M_PI * (i % DAY) / DAY) -
		    (i % WEEK >= 5 * DAY ? 15 : 0) + 2 * noise(&site->dice);
}

/* 50 kW at noon, the inverter's 20 W from 18:00 to 06:00; each day of its own clearness. */
static void
make_sun(struct site *site, uint64_t seed)
{
	double clear = 1;

	site->dice = dice_for(seed, "sun");
	for (unsigned i = 0; i < SLOTS; i++) {
		double height = -cos(2 * M_PI * (i % DAY) / DAY);

		if (i % DAY == 0)
			clear = (double)dice_between(&site->dice, 20, 100) / 100;
		site->values[i] = height <= 1e-9 ? 0.02 : 50 * height * clear;
	}
}

static struct xn_forecast
forecast(const struct site *site, enum xn_forecast_kind kind, unsigned count, unsigned horizon)
{
	static struct xn_arena arena;
	struct xn_forecast_series series = {.kind = kind,
	    .values = site->values,
	    .count = count,
	    .per_day = DAY,
	    .least = kind == XN_FORECAST_TEMPERATURE ? -100 : 0,
	    .most = kind == XN_FORECAST_PV ? 50 : 1e6};

	xn_arena_init(&arena, room, sizeof(room));
	return xn_forecast_make(&arena, &series, horizon);
}

/* Days [from, to), each forecast at its midnight from what was known then. */
static struct xn_forecast_score
rolled(const struct site *site, enum xn_forecast_kind kind, unsigned from, unsigned to)
{
	static struct xn_forecast_slot slots[SLOTS];

	for (unsigned day = from; day < to; day++)
		memcpy(&slots[(day - from) * DAY], forecast(site, kind, day * DAY, DAY).slots,
		    DAY * sizeof(slots[0]));
	return xn_forecast_score(slots, &site->values[from * DAY], (to - from) * DAY);
}

static void
assert_bounded(const struct xn_forecast *forecast, double least, double most)
{
	for (unsigned h = 0; h < forecast->count; h++) {
		const struct xn_forecast_slot *slot = &forecast->slots[h];

		if (!isfinite(slot->mean) || slot->mean < least || slot->mean > most ||
		    slot->low95 > slot->low80 || slot->low80 > slot->mean ||
		    slot->high80 < slot->mean || slot->high95 < slot->high80)
			fail_msg("slot %u: %g %g %g %g %g", h, slot->low95, slot->low80, slot->mean,
			    slot->high80, slot->high95);
	}
}

static void
steady_weeks_are_forecast_better_than_by_last_week(void **state)
{
	static struct site site;
	struct xn_forecast_score score;

	(void)state;
	make_load(&site, 1);
	score = rolled(&site, XN_FORECAST_LOAD, 56, 70);
	assert_true(xn_forecast_beats(&score));
	assert_true(score.skill > 0.1);
	assert_true(fabs(score.bias) < 1 && score.mape < 0.05);
}

static void
after_a_level_shift_last_week_is_wrong_for_a_week(void **state)
{
	static struct site site;
	struct xn_forecast_score score;

	(void)state;
	make_load(&site, 2);
	for (unsigned i = 56 * DAY; i < SLOTS; i++)
		site.values[i] += 30;
	score = rolled(&site, XN_FORECAST_LOAD, 57, 63);
	assert_true(score.skill > 0.7);
}

static void
a_holiday_spoils_no_week(void **state)
{
	static struct site site;
	struct xn_forecast_score score;

	(void)state;
	make_load(&site, 3);
	for (unsigned i = 56 * DAY; i < 57 * DAY; i++)
		site.values[i] -= 30;
	score = rolled(&site, XN_FORECAST_LOAD, 57, 64);
	assert_true(score.skill > 0.2);
}

static void
gaps_and_wrong_readings_move_little(void **state)
{
	static struct site site;
	struct xn_forecast_score clean, dirty;

	(void)state;
	make_load(&site, 4);
	clean = rolled(&site, XN_FORECAST_LOAD, 56, 63);
	for (unsigned i = 100; i < 56 * DAY; i += 211) {
		site.values[i] *= 100;
		site.values[i + 50] = NAN;
		site.values[i + 51] = -1e300;
		site.values[i + 52] = INFINITY;
	}
	for (unsigned i = 30 * DAY; i < 32 * DAY; i++)
		site.values[i] = NAN;
	dirty = rolled(&site, XN_FORECAST_LOAD, 56, 63);
	if (dirty.mae > 1.5 * clean.mae)
		fail_msg("%g became %g", clean.mae, dirty.mae);
}

static void
bands_hold_what_they_promise(void **state)
{
	static struct site site;
	double in80 = 0, in95 = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct xn_forecast_score score;

		make_load(&site, 100 + seed);
		score = rolled(&site, XN_FORECAST_LOAD, 63, 77);
		in80 += score.coverage80 / 6;
		in95 += score.coverage95 / 6;
	}
	if (in80 < 0.75 || in80 > 0.87 || in95 < 0.92 || in95 > 0.99)
		fail_msg("80 %%: %.3f, 95 %%: %.3f", in80, in95);
}

static void
the_sun_is_dark_at_night_and_never_beyond_the_capacity(void **state)
{
	static struct site site;
	struct xn_forecast sun;
	struct xn_forecast_score score;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		make_sun(&site, seed);
		for (unsigned i = 20; i < SLOTS; i += 97)
			site.values[i] = i % 2 == 0 ? (double)NAN : site.values[i] * 100;
		sun = forecast(&site, XN_FORECAST_PV, 60 * DAY, 2 * DAY);
		assert_bounded(&sun, 0, 50);
		for (unsigned h = 0; h < sun.count; h++)
			if (h % DAY < 12 || h % DAY > 36)
				assert_true(sun.slots[h].mean == 0 && sun.slots[h].high95 <= 0.02);
		assert_true(sun.slots[24].mean > 10);
	}
	make_sun(&site, 7);
	score = rolled(&site, XN_FORECAST_PV, 56, 77);
	assert_true(score.skill > 0.1);
	assert_true(score.coverage80 > 0.75);
}

static void
an_inlet_follows_its_day_and_returns_from_a_warm_spell(void **state)
{
	static struct site site;
	struct xn_forecast_score score;
	double spell = 0;

	(void)state;
	site.dice = dice_for(5, "inlet");
	for (unsigned i = 0; i < SLOTS; i++) {
		spell = 0.97 * spell + 0.2 * noise(&site.dice);
		site.values[i] = 24 + 3 * sin(2 * M_PI * i / DAY) + spell;
	}
	score = rolled(&site, XN_FORECAST_TEMPERATURE, 56, 70);
	assert_true(score.skill > 0.1);
}

static void
less_than_two_days_are_the_baseline_and_say_so(void **state)
{
	static struct site site;
	struct xn_forecast naive;

	(void)state;
	make_load(&site, 6);
	naive = forecast(&site, XN_FORECAST_LOAD, 2 * DAY - 1, DAY);
	assert_true(naive.naive);
	assert_true(isnan(naive.slots[0].low80) && isnan(naive.past.skill));
	assert_true(naive.slots[0].mean == site.values[DAY - 1]);
	assert_false(xn_forecast_beats(&naive.past));
	naive = forecast(&site, XN_FORECAST_LOAD, 0, DAY);
	assert_true(naive.naive && isnan(naive.slots[0].mean));
	assert_false(forecast(&site, XN_FORECAST_LOAD, 2 * DAY, DAY).naive);
}

static void
anything_gives_bounded_numbers_and_the_same_again(void **state)
{
	static struct site site;
	static struct xn_forecast_slot first[2 * DAY];

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		enum xn_forecast_kind kind = (enum xn_forecast_kind)(seed % 3);
		unsigned count;
		struct xn_forecast made;

		site.dice = dice_for(seed, "anything");
		count = (unsigned)dice_between(&site.dice, 2 * DAY, 4 * WEEK);
		for (unsigned i = 0; i < count; i++) {
			int64_t what = dice_between(&site.dice, 0, 9);

			site.values[i] = what == 0 ? (double)NAN
			    : what == 1            ? -1e308
			    : what == 2            ? 1e6
						   : (double)dice_between(&site.dice, 0, 50);
		}
		made = forecast(&site, kind, count, 2 * DAY);
		if (made.naive)
			continue;
		memcpy(first, made.slots, sizeof(first));
		for (unsigned h = 0; h < made.count; h++)
			assert_true(isfinite(made.slots[h].mean));
		made = forecast(&site, kind, count, 2 * DAY);
		assert_memory_equal(first, made.slots, sizeof(first));
	}
}

/* ---- recorded machines: 50 VMs over 30 days, their CPU as one load ---- */

static bool
read_fleet(struct site *site)
{
	const char *shared = getenv("XANH_SHARED");
	char command[600], line[200];
	long long id, before = -1, duration, count, at = 0;
	double mhz;
	FILE *in;

	snprintf(command, sizeof(command), "zcat '%s/workloads/bitbrains/fragments.csv.gz' 2>&-",
	    shared != NULL ? shared : "../shared");
	in = popen(command, "r");
	memset(site->values, 0, sizeof(site->values));
	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		if (sscanf(line, "%lld,%lld,%lld,%lf", &id, &duration, &count, &mhz) != 4)
			continue;
		at = id == before ? at : 0;
		before = id;
		/* 30 minutes are 6 of the recorded steps; a long fragment is cut at them. */
		for (; duration > 0; duration -= 300000, at++)
			if (at / 6 < SLOTS)
				site->values[at / 6] += mhz / 6;
	}
	return in != NULL && pclose(in) == 0 && before >= 0;
}

static void
a_recorded_fleet_is_forecast_no_worse_than_by_last_week(void **state)
{
	static struct site site;
	struct xn_forecast_score score;

	(void)state;
	if (!read_fleet(&site)) {
		print_message("# SKIPPED: no workloads/bitbrains at XANH_SHARED or ../shared\n");
		skip();
	}
	score = rolled(&site, XN_FORECAST_LOAD, 14, 28);
	print_message("fleet: MAE %.0f, last week %.0f, skill %.2f, 80 %%: %.2f, 95 %%: %.2f\n",
	    score.mae, score.baseline_mae, score.skill, score.coverage80, score.coverage95);
	assert_true(score.mae <= score.baseline_mae);
}

/* Every slot of a week has a level of its own, and differs by at most 1 from week to week. */
static void
last_weeks_slot_has_the_band_of_its_own_errors(void **state)
{
	static struct site site;
	static struct xn_arena arena;
	struct xn_forecast_series series = {.kind = XN_FORECAST_LOAD,
	    .values = site.values,
	    .count = 4 * WEEK,
	    .per_day = DAY,
	    .most = 1e6};
	struct xn_forecast made;

	(void)state;
	site.dice = dice_for(11, "weeks");
	for (unsigned i = 0; i < SLOTS; i++)
		site.values[i] = i < WEEK ? (double)dice_between(&site.dice, 10, 200)
					  : site.values[i - WEEK] + (i / WEEK % 2 == 0 ? 1 : -1);
	xn_arena_init(&arena, room, sizeof(room));
	made = xn_forecast_last_week(&arena, &series, 2 * DAY);
	assert_true(made.naive && made.count == 2 * DAY);
	for (unsigned h = 0; h < made.count; h++) {
		assert_true(made.slots[h].mean == site.values[3 * WEEK + h]);
		assert_true(made.slots[h].high95 == made.slots[h].mean + 1);
		assert_true(made.slots[h].low80 == made.slots[h].mean - 1);
	}
	/* Of a week alone there is no error yet. */
	series.count = WEEK;
	xn_arena_init(&arena, room, sizeof(room));
	made = xn_forecast_last_week(&arena, &series, DAY);
	assert_true(made.slots[0].mean == site.values[0] && isnan(made.slots[0].low80));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steady_weeks_are_forecast_better_than_by_last_week),
	    cmocka_unit_test(after_a_level_shift_last_week_is_wrong_for_a_week),
	    cmocka_unit_test(a_holiday_spoils_no_week),
	    cmocka_unit_test(gaps_and_wrong_readings_move_little),
	    cmocka_unit_test(bands_hold_what_they_promise),
	    cmocka_unit_test(the_sun_is_dark_at_night_and_never_beyond_the_capacity),
	    cmocka_unit_test(an_inlet_follows_its_day_and_returns_from_a_warm_spell),
	    cmocka_unit_test(less_than_two_days_are_the_baseline_and_say_so),
	    cmocka_unit_test(anything_gives_bounded_numbers_and_the_same_again),
	    cmocka_unit_test(a_recorded_fleet_is_forecast_no_worse_than_by_last_week),
	    cmocka_unit_test(last_weeks_slot_has_the_band_of_its_own_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
