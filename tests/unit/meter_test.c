/* Booking one meter: faults of registers never make a spike, and nothing a register counted is
 * lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/core/meter.h"

#define WH(x) ((int64_t)(x)*XN_WH_MJ)

static const struct xn_meter_rules plain = {.max = {22000000}, .step = {WH(1)}, .sample = {10000}};

/* A meter, its clock and what was booked of it since `clear`. */
struct stand {
	struct xn_meter_state state;
	struct xn_meter_rules rules;
	int64_t clock_ms;
	int64_t booked, estimated, covered_ms;
	int64_t new_mj; /* of the last reading */
	enum xn_grade worst;
	uint32_t events;
};

static void
take(void *context, const struct xn_meter_piece *piece)
{
	struct stand *stand = context;

	assert_true(piece->energy.mj >= 0 && piece->start.ms <= piece->end.ms);
	stand->new_mj += piece->energy.mj;
	stand->booked += piece->energy.mj;
	if (piece->grade == XN_GRADE_ESTIMATED)
		stand->estimated += piece->energy.mj;
	if (piece->covered)
		stand->covered_ms += piece->end.ms - piece->start.ms;
	if (piece->grade > stand->worst)
		stand->worst = piece->grade;
	stand->events |= piece->events;
}

static struct stand
a_meter(struct xn_meter_rules rules)
{
	return (struct stand){.rules = rules, .clock_ms = 1000000};
}

/* Watts or a register below 0: none. What was booked by it. */
static int64_t
read_both(struct stand *stand, int64_t seconds, int64_t watts, int64_t register_mj)
{
	struct xn_meter_reading reading = {.has_power = watts >= 0,
	    .has_register = register_mj >= 0,
	    .power = xn_watts(watts),
	    .counted = register_mj};

	stand->clock_ms += seconds * 1000;
	reading.at.ms = stand->clock_ms;
	stand->new_mj = 0;
	stand->events = 0;
	xn_meter_book(&stand->state, &stand->rules, &reading, take, stand);
	return stand->new_mj;
}

static int64_t
read_register(struct stand *stand, int64_t seconds, int64_t register_mj)
{
	return read_both(stand, seconds, -1, register_mj);
}

static void
a_register_alone_is_booked_as_it_counts(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_register(&meter, 0, WH(5000));
	for (int i = 1; i <= 360; i++)
		read_register(&meter, 10, WH(5000) + i * WH(3));
	assert_int_equal(meter.booked, WH(1080));
	assert_int_equal(meter.covered_ms, 3600000);
	assert_int_equal(meter.worst, XN_GRADE_MEASURED);
}

static void
watts_fill_between_coarse_steps_and_the_register_has_the_last_word(void **state)
{
	struct stand meter = a_meter(plain);
	int64_t truth = 0;

	(void)state;
	meter.rules.step.mj = WH(100);
	meter.rules.ahead.mj = WH(200);
	read_both(&meter, 0, 1000, WH(100));
	for (int i = 1; i <= 720; i++) {
		truth += 1000 * 10 * 1000;
		/* steps of 0.1 kWh */
		read_both(&meter, 10, 1010, WH(100) + truth / WH(100) * WH(100));
		assert_true(meter.booked <= truth + WH(200));
		assert_true(meter.booked >= truth - WH(100));
	}
	/* Two hours at 1 kW: the register shows 2000 Wh, watts alone 2020. */
	assert_in_range(meter.booked, WH(2000), WH(2001));
}

static void
a_glitch_books_nothing_and_loses_nothing(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_register(&meter, 0, WH(5000));
	assert_int_equal(read_register(&meter, 10, 0), 0);
	assert_int_equal(meter.events, XN_METER_MISSING | XN_METER_GLITCH);
	assert_int_equal(read_register(&meter, 10, WH(20480000)), 0);
	assert_int_equal(meter.events, XN_METER_GLITCH);
	assert_int_equal(read_register(&meter, 10, WH(5010)), WH(10));
	assert_int_equal(meter.booked, WH(10));
	assert_int_equal(meter.covered_ms, 30000);
}

static void
a_small_jump_up_is_a_glitch_when_the_next_reading_says_so(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	meter.rules.confirm = true;
	read_register(&meter, 0, WH(5000));
	read_register(&meter, 10, WH(5001));
	read_register(&meter, 10, WH(5060)); /* could be, at 21 kW */
	read_register(&meter, 10, WH(5003));
	assert_true(meter.events & XN_METER_GLITCH);
	read_register(&meter, 10, WH(5004));
	xn_meter_finish(&meter.state, &meter.rules, take, &meter);
	assert_int_equal(meter.booked, WH(4));
}

static void
a_reset_is_believed_at_the_third_rising_reading(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_register(&meter, 0, WH(50000));
	assert_int_equal(read_register(&meter, 10, WH(2)), 0);
	assert_int_equal(read_register(&meter, 10, WH(4)), 0);
	assert_int_equal(read_register(&meter, 10, WH(4)), 0); /* a broken one looks like this */
	assert_int_equal(read_register(&meter, 10, WH(6)), WH(6));
	assert_true(meter.events & XN_METER_RESET);
	assert_int_equal(meter.estimated, WH(2)); /* since zero: a lower bound */
	assert_int_equal(read_register(&meter, 10, WH(9)), WH(3));
	assert_int_equal(meter.covered_ms, 40000); /* not the ten seconds of the reset */
}

static void
watts_fill_what_a_reset_hides(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_both(&meter, 0, 3600, WH(50000));
	for (int i = 0; i < 3; i++)
		read_both(&meter, 10, 3600, WH(1) + i * WH(10));
	assert_true(meter.events & XN_METER_RESET);
	assert_int_equal(meter.booked, WH(30));
	assert_int_equal(
	    meter.estimated, WH(10)); /* 3.6 kW for 10 s, not the 1 Wh of the register */
}

static void
an_exchanged_meter_books_nothing_of_its_past(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_register(&meter, 0, WH(1000));
	assert_int_equal(read_register(&meter, 10, WH(900000)), 0);
	assert_int_equal(read_register(&meter, 10, WH(900002)), 0);
	assert_int_equal(read_register(&meter, 10, WH(900004)), WH(4));
	assert_true(meter.events & XN_METER_REPLACED);
	assert_int_equal(read_register(&meter, 10, WH(900010)), WH(6));
	/* One that may not be reset was exchanged when it falls, too. */
	meter = a_meter(plain);
	meter.rules.no_reset = true;
	read_register(&meter, 0, WH(1000));
	for (int i = 1; i <= 3; i++)
		read_register(&meter, 10, WH(i));
	assert_true(meter.events & XN_METER_REPLACED);
	assert_int_equal(meter.booked, WH(2));
}

static void
a_roll_over_is_one_step_when_the_modulus_is_known(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	meter.rules.modulus = WH(100000);
	read_register(&meter, 0, WH(99990));
	assert_int_equal(read_register(&meter, 10, WH(5)), WH(15));
	assert_int_equal(meter.events, XN_METER_ROLLOVER);
	assert_int_equal(meter.worst, XN_GRADE_ROLLOVER);
	meter = a_meter(meter.rules);
	read_register(&meter, 0, WH(50000));
	assert_int_equal(read_register(&meter, 10, WH(5)), 0); /* half the range in 10 s: no */
	assert_int_equal(meter.events, XN_METER_GLITCH);
}

static void
a_register_of_64_bits_and_a_coarse_count_wraps_too(void **state)
{
	struct stand meter = a_meter(plain);
	struct xn_meter_reading reading = {.at = {1000000}, .has_register = true};

	(void)state;
	meter.rules.step.mj = WH(100);
	meter.rules.modulus = ((xn_register)1 << 64) * WH(100);
	reading.counted = meter.rules.modulus - 5 * WH(100);
	xn_meter_book(&meter.state, &meter.rules, &reading, take, &meter);
	reading.at.ms += 3600000;
	reading.counted = 10 * WH(100);
	xn_meter_book(&meter.state, &meter.rules, &reading, take, &meter);
	assert_int_equal(meter.booked, WH(1500));
	assert_int_equal(meter.worst, XN_GRADE_INTERPOLATED); /* across a gap of an hour */
}

static void
all_ones_are_no_value(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	meter.rules.modulus = WH(65536);
	read_register(&meter, 0, WH(65530));
	assert_int_equal(read_register(&meter, 10, WH(65535)), 0);
	assert_int_equal(meter.events, XN_METER_MISSING);
	assert_int_equal(read_register(&meter, 10, WH(65532)), WH(2));
}

static void
a_register_bridges_a_gap_and_watts_do_not(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_both(&meter, 0, 1000, WH(5000));
	assert_int_equal(read_both(&meter, 3600, 1000, WH(6000)), WH(1000));
	assert_true(meter.events & XN_METER_GAP);
	assert_int_equal(meter.worst, XN_GRADE_INTERPOLATED);
	assert_int_equal(meter.covered_ms, 3600000);

	meter = a_meter(plain);
	read_both(&meter, 0, 1000, -1);
	assert_int_equal(read_both(&meter, 10, 1000, -1), 10000000);
	assert_int_equal(read_both(&meter, 3600, 1000, -1), 0);
	assert_true(meter.events & XN_METER_GAP);
	assert_int_equal(read_both(&meter, 10, 1000, -1), 10000000);
	assert_int_equal(meter.covered_ms, 20000);
}

static void
a_register_that_stood_still_is_spread_over_that_time(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_both(&meter, 0, 7200, WH(5000));
	for (int i = 0; i < 360; i++)
		read_both(&meter, 10, 7200, WH(5000));
	assert_int_equal(meter.booked, 0);
	read_both(&meter, 10, 7200, WH(12220));
	assert_true(meter.events & XN_METER_STALL);
	assert_int_equal(meter.booked, WH(7220));
	assert_int_equal(meter.worst, XN_GRADE_INTERPOLATED);
	/* One that never moves again: watts say what passed, as an estimate. */
	for (int i = 0; i < 360; i++)
		read_both(&meter, 10, 7200, WH(12220));
	xn_meter_finish(&meter.state, &meter.rules, take, &meter);
	assert_int_equal(meter.estimated, WH(7200));
}

static void
a_stall_that_began_in_a_gap_loses_nothing(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_register(&meter, 0, WH(5000));
	read_register(&meter, 10, WH(5055));
	read_register(&meter, 3600, WH(15055)); /* stood still for half of the hour, unheard */
	for (int i = 0; i < 10; i++)
		read_register(&meter, 10, WH(15055));
	read_register(&meter, 10, WH(25610));
	assert_true(meter.events & XN_METER_STALL);
	read_register(&meter, 10, WH(25665));
	assert_int_equal(meter.booked, WH(20665));
}

static void
late_and_repeated_readings_change_nothing(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_both(&meter, 0, 500, WH(10));
	read_both(&meter, 10, 500, WH(12));
	assert_int_equal(read_both(&meter, 0, 500, WH(15)), 0);
	assert_int_equal(meter.events, XN_METER_DUPLICATE);
	assert_int_equal(read_both(&meter, -5, 500, WH(11)), 0);
	assert_int_equal(meter.events, XN_METER_CLOCK);
	meter.clock_ms += 5000;
	read_both(&meter, 10, 500, WH(13));
	assert_int_equal(meter.booked, WH(3));
}

static void
a_clock_that_was_set_back_hides_no_energy(void **state)
{
	struct stand meter = a_meter(plain);
	struct xn_meter_reading reading = {.has_register = true, .counted = WH(5000)};
	int64_t heard = 5000000;

	(void)state;
	for (int i = 0; i < 300; i++) {
		/* After 100 readings the stamps fall back by ten minutes; 20 kW all the time. */
		reading.at.ms = 2000000 + i * 10000 - (i < 100 ? 0 : 600000);
		reading.heard.ms = heard + i * 10000;
		reading.counted = WH(5000) + i * WH(55);
		xn_meter_book(&meter.state, &meter.rules, &reading, take, &meter);
	}
	assert_int_equal(meter.booked, 299 * WH(55));
}

static void
a_clock_that_is_set_while_the_register_stands_still_hides_nothing(void **state)
{
	struct stand meter = a_meter(plain);
	struct xn_meter_reading reading = {.has_register = true, .counted = WH(5000)};

	(void)state;
	for (int i = 0; i < 200; i++) {
		/* It stands still for 90 readings of 20 kW, then the stamps fall by ten minutes. */
		reading.at.ms = 2000000 + i * 10000 - (i < 100 ? 0 : 600000);
		reading.counted = WH(5000) + (i >= 10 && i < 100 ? 10 : i) * WH(55);
		if (i == 100)
			xn_meter_reclock(&meter.state, &meter.rules, &reading, take, &meter);
		xn_meter_book(&meter.state, &meter.rules, &reading, take, &meter);
	}
	assert_int_equal(meter.booked, 199 * WH(55));
	assert_int_equal(meter.worst, XN_GRADE_INTERPOLATED);
}

static void
impossible_and_negative_watts_are_not_energy(void **state)
{
	struct stand meter = a_meter(plain);

	(void)state;
	read_both(&meter, 0, 100, -1);
	assert_int_equal(read_both(&meter, 10, 1000000, -1), 0);
	assert_int_equal(meter.events, XN_METER_MISSING);
	assert_int_equal(read_both(&meter, 10, 100, -1), 2000000);
	read_register(&meter, 10, -WH(3)); /* as no register at all */
	assert_int_equal(meter.booked, 2000000);
}

static void
parts_of_a_piece_sum_to_the_whole(void **state)
{
	const struct xn_meter_piece piece = {{1000}, {8000}, {1000003}, XN_GRADE_MEASURED, true, 0};
	int64_t sum = 0;

	(void)state;
	for (int64_t at = 1000; at < 8000; at += 333)
		sum += xn_meter_before(&piece, (xn_instant){at + 333}) -
		    xn_meter_before(&piece, (xn_instant){at});
	assert_int_equal(sum, piece.energy.mj);
	assert_int_equal(xn_meter_before(&piece, (xn_instant){0}), 0);
}

/* Whatever a register does, what is booked stays within what the meter can carry. */
static void
random_registers_never_make_a_spike(void **state)
{
	uint64_t dice = 88172645463325252u;

	(void)state;
	for (int run = 0; run < 300; run++) {
		struct stand meter = a_meter(plain);

		if (run % 2)
			meter.rules.modulus = WH(100000);
		meter.rules.ahead.mj = run % 3 ? 0 : WH(200);
		meter.rules.confirm = run % 5 == 0;
		for (int i = 0; i < 200; i++) {
			int64_t value;

			dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
			value = (int64_t)(dice >> (8 + dice % 50)) & INT64_MAX;
			read_both(&meter, 1 + (int64_t)(dice % 60),
			    dice % 3 ? (int64_t)(dice % 22000) : -1, dice % 5 ? value : -1);
		}
		xn_meter_finish(&meter.state, &meter.rules, take, &meter);
		/* 24.2 kW all the time, one count per reading, and what watts ran ahead. */
		assert_true(
		    meter.booked <= (meter.clock_ms - 1000000) * 24200 + 200 * WH(1) + WH(200));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_register_alone_is_booked_as_it_counts),
	    cmocka_unit_test(watts_fill_between_coarse_steps_and_the_register_has_the_last_word),
	    cmocka_unit_test(a_glitch_books_nothing_and_loses_nothing),
	    cmocka_unit_test(a_small_jump_up_is_a_glitch_when_the_next_reading_says_so),
	    cmocka_unit_test(a_reset_is_believed_at_the_third_rising_reading),
	    cmocka_unit_test(watts_fill_what_a_reset_hides),
	    cmocka_unit_test(an_exchanged_meter_books_nothing_of_its_past),
	    cmocka_unit_test(a_roll_over_is_one_step_when_the_modulus_is_known),
	    cmocka_unit_test(a_register_of_64_bits_and_a_coarse_count_wraps_too),
	    cmocka_unit_test(all_ones_are_no_value),
	    cmocka_unit_test(a_register_bridges_a_gap_and_watts_do_not),
	    cmocka_unit_test(a_register_that_stood_still_is_spread_over_that_time),
	    cmocka_unit_test(a_stall_that_began_in_a_gap_loses_nothing),
	    cmocka_unit_test(late_and_repeated_readings_change_nothing),
	    cmocka_unit_test(a_clock_that_was_set_back_hides_no_energy),
	    cmocka_unit_test(a_clock_that_is_set_while_the_register_stands_still_hides_nothing),
	    cmocka_unit_test(impossible_and_negative_watts_are_not_energy),
	    cmocka_unit_test(parts_of_a_piece_sum_to_the_whole),
	    cmocka_unit_test(random_registers_never_make_a_spike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
