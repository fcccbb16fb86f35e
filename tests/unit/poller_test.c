#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agents/poller.h"

static struct xn_poller poller;
static int deadline;

static void
a_device_is_due_at_once_and_then_on_its_own_grid(void **state)
{
	uint32_t pdu;

	(void)state;
	xn_poller_init(&poller, 1);
	pdu = xn_poller_add(&poller, 0, false, 10000, 5000);
	assert_int_equal(xn_poller_next(&poller, 0, 5000, &deadline), pdu);
	assert_int_equal(xn_poller_next(&poller, 0, 5001, &deadline), XN_POLL_NONE);
	xn_poller_done(&poller, pdu, true, 5300, 300);
	assert_int_equal(xn_poller_wake(&poller, 5300), 15000);
	assert_int_equal(xn_poller_next(&poller, 0, 14999, &deadline), XN_POLL_NONE);
	assert_int_equal(xn_poller_next(&poller, 0, 15004, &deadline), pdu);
	assert_int_equal(deadline, 1200);
	xn_poller_done(
	    &poller, pdu, true, 46000, 300); /* held up: 25 s and 35 s, 45 s are not made up */
	assert_int_equal(xn_poller_wake(&poller, 46000), 55000);
}

static void
a_bus_is_read_one_device_at_a_time_and_buses_do_not_wait_for_each_other(void **state)
{
	uint32_t a, b, other;

	(void)state;
	xn_poller_init(&poller, 1);
	a = xn_poller_add(&poller, 0, false, 1000, 0);
	b = xn_poller_add(&poller, 0, false, 1000, 0);
	other = xn_poller_add(&poller, 1, false, 1000, 0);
	assert_int_equal(xn_poller_next(&poller, 0, 0, &deadline), a);
	assert_int_equal(xn_poller_next(&poller, 0, 0, &deadline), XN_POLL_NONE);
	assert_int_equal(xn_poller_next(&poller, 1, 0, &deadline), other);
	xn_poller_done(&poller, a, true, 10, 10);
	assert_int_equal(xn_poller_next(&poller, 0, 10, &deadline), b);
}

static void
a_dead_device_is_tried_only_in_the_pauses_of_those_that_answer(void **state)
{
	uint32_t dead, well;
	int tries = 0;
	int late = 0;

	(void)state;
	xn_poller_init(&poller, 7);
	dead = xn_poller_add(&poller, 0, false, 10000, 0);
	well = xn_poller_add(&poller, 0, false, 10000, 0);
	for (int64_t now = 0; now < 600000; now += 10) {
		uint32_t id = xn_poller_next(&poller, 0, now, &deadline);

		if (id == dead) {
			tries++;
			now += deadline; /* it never answers */
			xn_poller_done(&poller, dead, false, now, deadline);
		} else if (id == well) {
			late += now - poller.devices[well].due_ms > 10;
			xn_poller_done(&poller, well, true, now, 20);
		}
	}
	assert_in_range(tries, 30, 80); /* backs off to 7..15 s */
	assert_int_equal(late, 1);      /* behind the first try, which was everybody's right */
}

static void
a_device_that_became_slow_gets_more_time_try_by_try(void **state)
{
	uint32_t slow;

	(void)state;
	xn_poller_init(&poller, 7);
	slow = xn_poller_add(&poller, 0, false, 1000, 0);
	xn_poller_next(&poller, 0, 0, &deadline);
	xn_poller_done(&poller, slow, true, 10, 10);
	for (int64_t now = 1000, tries = 0; tries < 13; now += 100) {
		if (xn_poller_next(&poller, 0, now, &deadline) != slow)
			continue;
		xn_poller_done(&poller, slow, false, now, deadline);
		tries++;
	}
	assert_int_equal(deadline, 4000);
}

static void
a_device_alone_in_trouble_is_still_tried(void **state)
{
	uint32_t dead;

	(void)state;
	xn_poller_init(&poller, 7);
	dead = xn_poller_add(&poller, 0, false, 1000, 0);
	assert_int_equal(xn_poller_next(&poller, 0, 0, &deadline), dead);
	assert_int_equal(deadline, 2000);
	xn_poller_done(&poller, dead, false, 5000, 5000);
	assert_true(poller.devices[dead].due_ms <= 6000);
	assert_int_equal(xn_poller_next(&poller, 0, 6000, &deadline), dead);
}

static void
a_bus_without_pauses_still_tries_its_dead_device_now_and_then(void **state)
{
	uint32_t dead;
	int tries = 0;

	(void)state;
	xn_poller_init(&poller, 3);
	dead = xn_poller_add(&poller, 0, false, 1000, 0);
	xn_poller_add(
	    &poller, 0, false, 1000, 0); /* due every second: never a pause of a whole second */
	for (int64_t now = 0; now < 300000; now += 10) {
		uint32_t id = xn_poller_next(&poller, 0, now, &deadline);

		if (id == XN_POLL_NONE)
			continue;
		tries += id == dead;
		xn_poller_done(&poller, id, id != dead, now, 20);
	}
	assert_in_range(tries, 3, 12);
}

static void
three_periods_without_an_answer_are_stale(void **state)
{
	uint32_t pdu;

	(void)state;
	xn_poller_init(&poller, 1);
	pdu = xn_poller_add(&poller, 0, false, 1000, 0);
	assert_int_equal(xn_poller_freshness(&poller, pdu, 0), XN_FRESH_NEVER);
	xn_poller_next(&poller, 0, 0, &deadline);
	xn_poller_done(&poller, pdu, true, 100, 100);
	assert_int_equal(xn_poller_freshness(&poller, pdu, 3100), XN_FRESH_GOOD);
	assert_int_equal(xn_poller_freshness(&poller, pdu, 3101), XN_FRESH_STALE);
}

static void
a_trap_brings_the_next_reading_forward(void **state)
{
	uint32_t pdu;

	(void)state;
	xn_poller_init(&poller, 1);
	pdu = xn_poller_add(&poller, 0, false, 60000, 0);
	xn_poller_next(&poller, 0, 0, &deadline);
	xn_poller_done(&poller, pdu, true, 100, 100);
	xn_poller_hurry(&poller, pdu, 2000);
	assert_int_equal(xn_poller_next(&poller, 0, 2000, &deadline), pdu);
}

static void
a_trap_during_a_reading_brings_one_more(void **state)
{
	uint32_t pdu;

	(void)state;
	xn_poller_init(&poller, 1);
	pdu = xn_poller_add(&poller, 0, false, 10000, 0);
	xn_poller_next(&poller, 0, 0, &deadline);
	xn_poller_hurry(&poller, pdu, 50); /* what is read may be from before */
	xn_poller_done(&poller, pdu, true, 100, 100);
	assert_int_equal(xn_poller_next(&poller, 0, 100, &deadline), pdu);
	xn_poller_done(&poller, pdu, true, 200, 100);
	assert_int_equal(xn_poller_next(&poller, 0, 9000, &deadline), XN_POLL_NONE);
}

static void
the_last_device_fits_and_one_more_does_not(void **state)
{
	(void)state;
	xn_poller_init(&poller, 1);
	for (uint32_t i = 0; i < XN_POLL_DEVICES_MAX; i++)
		assert_int_equal(xn_poller_add(&poller, i, false, 1000, 0), i);
	assert_int_equal(xn_poller_add(&poller, 0, false, 1000, 0), XN_POLL_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_device_is_due_at_once_and_then_on_its_own_grid),
	    cmocka_unit_test(
		a_bus_is_read_one_device_at_a_time_and_buses_do_not_wait_for_each_other),
	    cmocka_unit_test(a_dead_device_is_tried_only_in_the_pauses_of_those_that_answer),
	    cmocka_unit_test(a_device_that_became_slow_gets_more_time_try_by_try),
	    cmocka_unit_test(a_device_alone_in_trouble_is_still_tried),
	    cmocka_unit_test(a_bus_without_pauses_still_tries_its_dead_device_now_and_then),
	    cmocka_unit_test(three_periods_without_an_answer_are_stale),
	    cmocka_unit_test(a_trap_brings_the_next_reading_forward),
	    cmocka_unit_test(a_trap_during_a_reading_brings_one_more),
	    cmocka_unit_test(the_last_device_fits_and_one_more_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
