/* Booking one meter: faults of registers never make a spike, and nothing a register counted is
 * lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/core/meter.h"

#define WH(x) ((x)*XN_WH_MJ)

static const struct xn_topo_meter pdu = {.name = "pdu", .max = {22000000}, .modulus = {WH(100000)}};
static const struct xn_topo_meter plain = {.name = "plain", .max = {22000000}};
static const xn_duration gap = {30000};

static int64_t clock_ms;
static struct xn_booking last;

static int64_t
both(struct xn_meter *meter, const struct xn_topo_meter *what, int64_t seconds, int64_t watts,
    int64_t register_mj)
{
	struct xn_meter_reading reading = {.has_power = watts >= 0, .has_energy = register_mj >= 0};

	clock_ms += seconds * 1000;
	reading.at.ms = clock_ms;
	reading.power = xn_watts(watts);
	reading.energy.mj = register_mj;
	xn_meter_book(meter, what, &reading, gap, &last);
	if (reading.has_power) {
		meter->power = reading.power; /* as telemetry keeps it */
		meter->has_power = true;
	}
	return last.energy.mj;
}

static void
a_register_alone_is_booked_as_it_counts(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, -1, WH(5000));
	for (int i = 1; i <= 360; i++)
		both(&meter, &plain, 10, -1, WH(5000) + i * WH(3));
	assert_int_equal(meter.booked.mj, WH(1080));
	assert_int_equal(meter.interval_covered.ms, 3600000);
	assert_int_equal(meter.interval_estimated.mj, 0);
}

static void
watts_fill_between_coarse_steps_and_the_register_has_the_last_word(void **state)
{
	struct xn_meter meter = {0};
	int64_t truth = 0;

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, 1000, 0);
	for (int i = 1; i <= 720; i++) {
		truth += 1000 * 10 * 1000;
		both(&meter, &plain, 10, 1010, truth / WH(100) * WH(100)); /* steps of 0.1 kWh */
		assert_true(meter.booked.mj <= truth + WH(200));
		assert_true(meter.booked.mj >= truth - WH(100));
	}
	/* Two hours at 1 kW: the register shows 2000 Wh, watts alone 2020. */
	assert_in_range(meter.booked.mj, WH(2000), WH(2001));
}

static void
a_glitch_books_nothing_and_loses_nothing(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, -1, WH(5000));
	assert_int_equal(both(&meter, &plain, 10, -1, 0), 0);
	assert_int_equal(last.events, XN_METER_GLITCH);
	assert_int_equal(both(&meter, &plain, 10, -1, WH(20480000)), 0); /* all ones */
	assert_int_equal(both(&meter, &plain, 10, -1, WH(5010)), WH(10));
	assert_int_equal(meter.booked.mj, WH(10));
}

static void
a_reset_is_believed_at_the_third_reading(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, -1, WH(50000));
	assert_int_equal(both(&meter, &plain, 10, -1, WH(2)), 0);
	assert_int_equal(both(&meter, &plain, 10, -1, WH(4)), 0);
	assert_int_equal(both(&meter, &plain, 10, -1, WH(6)), WH(6));
	assert_true(last.events & XN_METER_RESET);
	assert_int_equal(last.estimated.mj, WH(6));
	assert_int_equal(both(&meter, &plain, 10, -1, WH(9)), WH(3));
}

static void
an_exchanged_meter_books_nothing_of_its_past(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, -1, WH(1000));
	for (int i = 0; i < 3; i++)
		assert_int_equal(both(&meter, &plain, 10, -1, WH(900000) + i * WH(2)), 0);
	assert_true(last.events & XN_METER_JUMPED);
	assert_int_equal(both(&meter, &plain, 10, -1, WH(900010)), WH(6));
}

static void
a_roll_over_is_one_step_when_the_modulus_is_known(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &pdu, 0, -1, WH(99990));
	assert_int_equal(both(&meter, &pdu, 10, -1, WH(5)), WH(15));
	assert_int_equal(last.events, XN_METER_ROLLOVER);
	meter = (struct xn_meter){0};
	both(&meter, &pdu, 10, -1, WH(50000));
	assert_int_equal(both(&meter, &pdu, 10, -1, WH(5)), 0); /* half the range in 10 s: no */
	assert_int_equal(last.events, XN_METER_GLITCH);
}

static void
a_register_bridges_a_gap_and_watts_do_not(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, 1000, WH(5000));
	assert_int_equal(both(&meter, &plain, 3600, 1000, WH(6000)), WH(1000));
	assert_true(last.events & XN_METER_GAP);
	assert_int_equal(last.covered.ms, 3600000);

	meter = (struct xn_meter){0};
	both(&meter, &plain, 10, 1000, -1);
	assert_int_equal(both(&meter, &plain, 10, 1000, -1), 10000000);
	assert_int_equal(last.estimated.mj, 0);
	assert_int_equal(both(&meter, &plain, 3600, 1000, -1), 30000000); /* held for 30 s only */
	assert_int_equal(last.covered.ms, 30000);
	assert_int_equal(last.estimated.mj, 30000000);
}

static void
late_and_repeated_readings_change_nothing(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, 500, WH(10));
	both(&meter, &plain, 10, 500, WH(12));
	assert_int_equal(both(&meter, &plain, 0, 500, WH(15)), 0);
	assert_int_equal(both(&meter, &plain, -5, 500, WH(11)), 0);
	assert_int_equal(last.events, XN_METER_LATE);
	clock_ms += 5000;
	both(&meter, &plain, 10, 500, WH(13));
	assert_int_equal(meter.register_last.mj, WH(13));
}

static void
impossible_and_negative_watts_are_not_energy(void **state)
{
	struct xn_meter meter = {0};

	(void)state;
	clock_ms = 1000000;
	both(&meter, &plain, 0, 100, -1);
	struct xn_meter_reading wild = {
	    .at = {clock_ms + 10000}, .has_power = true, .power = {INT64_MAX / 2}};
	xn_meter_book(&meter, &plain, &wild, gap, &last);
	assert_int_equal(last.energy.mj, 1000000); /* 100 W held, not the wild value */
	meter = (struct xn_meter){0};
	wild = (struct xn_meter_reading){.at = {clock_ms}, .has_power = true, .power = {-50000}};
	xn_meter_book(&meter, &plain, &wild, gap, &last);
	meter.power = wild.power;
	wild.at.ms += 10000;
	xn_meter_book(&meter, &plain, &wild, gap, &last);
	assert_int_equal(last.energy.mj, 0);
}

/* Whatever a register does, what is booked stays within what the meter can carry. */
static void
random_registers_never_make_a_spike(void **state)
{
	uint64_t dice = 88172645463325252u;

	(void)state;
	for (int run = 0; run < 300; run++) {
		struct xn_meter meter = {0};
		int64_t start = clock_ms = 1000000, before = 0;

		for (int i = 0; i < 200; i++) {
			int64_t value;

			dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
			value = (int64_t)(dice >> (8 + dice % 50)) & INT64_MAX;
			both(&meter, run % 2 ? &pdu : &plain, 1 + (int64_t)(dice % 60),
			    dice % 3 ? (int64_t)(dice % 22000) : -1, dice % 5 ? value : -1);
			assert_true(meter.booked.mj >= before);
			before = meter.booked.mj;
		}
		/* 24.2 kW all the time, and one coarse step per reading that is let through. */
		assert_true(before <= (clock_ms - start) * 24200 + 200 * WH(100) + WH(200));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_register_alone_is_booked_as_it_counts),
	    cmocka_unit_test(watts_fill_between_coarse_steps_and_the_register_has_the_last_word),
	    cmocka_unit_test(a_glitch_books_nothing_and_loses_nothing),
	    cmocka_unit_test(a_reset_is_believed_at_the_third_reading),
	    cmocka_unit_test(an_exchanged_meter_books_nothing_of_its_past),
	    cmocka_unit_test(a_roll_over_is_one_step_when_the_modulus_is_known),
	    cmocka_unit_test(a_register_bridges_a_gap_and_watts_do_not),
	    cmocka_unit_test(late_and_repeated_readings_change_nothing),
	    cmocka_unit_test(impossible_and_negative_watts_are_not_energy),
	    cmocka_unit_test(random_registers_never_make_a_spike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
