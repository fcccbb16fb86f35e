#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/modbus_plan.h"

static struct xn_modbus_plan plan;

/* A device: which registers it has, and how many it gives at once. */
struct device {
	bool (*has)(unsigned address);
	unsigned most; /* 0: as many as the standard allows */
};

struct traffic {
	unsigned requests;
	unsigned refused;
};

static int
answer(const struct device *device, const struct xn_modbus_range *range, uint16_t *ret_values)
{
	if (device->most > 0 && range->count > device->most)
		return 3;
	for (unsigned i = 0; i < range->count; i++) {
		ret_values[i] = (uint16_t)(range->address + i);
		if (!device->has(range->address + i))
			return 2;
	}
	return XN_OK;
}

/* One poll of everything. */
static struct traffic
poll_device(const struct device *device)
{
	struct traffic traffic = {0};
	struct xn_modbus_range range;
	uint16_t values[XN_MODBUS_REGISTERS_MAX];

	xn_modbus_plan_start(&plan);
	while (xn_modbus_plan_next(&plan, &range)) {
		int outcome;

		assert_in_range(range.count, 1, 125);
		outcome = answer(device, &range, values);
		traffic.refused += outcome != XN_OK;
		xn_modbus_plan_take(&plan, outcome, values);
		assert_in_range(++traffic.requests, 1, 1000);
	}
	return traffic;
}

static bool
everywhere(unsigned address)
{
	(void)address;
	return true;
}

static bool
nowhere(unsigned address)
{
	(void)address;
	return false;
}

static bool
not_15_nor_20(unsigned address)
{
	return address != 15 && address != 20;
}

static bool
not_77(unsigned address)
{
	return address != 77;
}

static void
near_registers_are_read_together_and_far_ones_apart(void **state)
{
	uint16_t value[4];
	int near;
	int far;

	(void)state;
	xn_modbus_plan_clear(&plan);
	far = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 3203, 4);
	near = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 2999, 2);
	xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 3009, 2);
	xn_modbus_plan_add(&plan, XN_MODBUS_INPUT, 3010, 1);
	assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 3);
	assert_null(xn_modbus_plan_value(&plan, near, value));
	assert_int_equal(value[1], 3000);
	assert_null(xn_modbus_plan_value(&plan, far, value));
	assert_int_equal(value[0], 3203);
}

static void
the_profile_says_how_many_and_over_which_gaps(void **state)
{
	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < 40; i++)
		xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, (uint16_t)(i * 3), 2);
	assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 1);
	xn_modbus_plan_limit(&plan, 32, 1);
	assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 4);
	xn_modbus_plan_limit(&plan, 125, 0);
	assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 40);
}

static void
a_hundred_and_twenty_six_registers_take_two_reads(void **state)
{
	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < 125; i++)
		xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, (uint16_t)i, 1);
	assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 1);
	xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 125, 1);
	assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 2);
}

static void
a_hole_in_a_gap_is_found_by_splitting_and_remembered(void **state)
{
	struct traffic traffic;
	uint16_t value[4];
	int good;
	int hole;

	(void)state;
	xn_modbus_plan_clear(&plan);
	xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 10, 2);
	good = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 18, 1);
	hole = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 20, 1);
	/* 10-20 refused; 10-11 is good; 18-20 refused; 18 is good; 20 is refused alone. */
	assert_int_equal(poll_device(&(struct device){not_15_nor_20, 0}).requests, 5);
	assert_null(xn_modbus_plan_value(&plan, good, value));
	assert_int_equal(value[0], 18);
	assert_non_null(xn_modbus_plan_value(&plan, hole, value));
	/* The next poll asks for no register that is not there. */
	traffic = poll_device(&(struct device){not_15_nor_20, 0});
	assert_int_equal(traffic.requests, 2);
	assert_int_equal(traffic.refused, 0);
	assert_non_null(xn_modbus_plan_value(&plan, hole, value));
}

static void
a_hole_among_a_hundred_is_found_by_halving_once(void **state)
{
	struct traffic traffic;
	uint16_t value[4];
	int wants[100];

	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < 100; i++)
		wants[i] = xn_modbus_plan_add(&plan, XN_MODBUS_INPUT, (uint16_t)i, 1);
	traffic = poll_device(&(struct device){not_77, 0});
	assert_in_range(traffic.requests, 9, 16); /* two per halving of a hundred, at most */
	/* From then on the two sides of the hole, whole. */
	traffic = poll_device(&(struct device){not_77, 0});
	assert_int_equal(traffic.requests, 2);
	assert_int_equal(traffic.refused, 0);
	for (unsigned i = 0; i < 100; i++)
		assert_true((xn_modbus_plan_value(&plan, wants[i], value) == NULL) == (i != 77));
}

static void
a_device_that_gives_few_at_once_is_asked_for_few(void **state)
{
	struct traffic traffic;

	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < 100; i++)
		xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, (uint16_t)i, 1);
	poll_device(&(struct device){everywhere, 30});
	traffic = poll_device(&(struct device){everywhere, 30});
	assert_int_equal(traffic.requests, 4);
	assert_int_equal(traffic.refused, 0);
}

static void
a_device_that_has_nothing_is_not_asked_again(void **state)
{
	struct traffic traffic;

	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < 50; i++)
		xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, (uint16_t)i, 1);
	traffic = poll_device(&(struct device){nowhere, 0});
	assert_in_range(traffic.requests, 50, 100);
	assert_int_equal(poll_device(&(struct device){nowhere, 0}).requests, 0);
}

static void
other_refusals_and_silence_are_no_holes(void **state)
{
	static const int outcomes[] = {4, 6, XN_EUNREACHABLE};
	struct xn_modbus_range range;
	uint16_t value[4];
	int want;

	(void)state;
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		xn_modbus_plan_clear(&plan);
		want = xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 1, 1);
		xn_modbus_plan_start(&plan);
		assert_true(xn_modbus_plan_next(&plan, &range));
		xn_modbus_plan_take(&plan, outcomes[i], NULL);
		assert_false(xn_modbus_plan_next(&plan, &range));
		assert_non_null(xn_modbus_plan_value(&plan, want, value));
		assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 1);
		assert_null(xn_modbus_plan_value(&plan, want, value));
	}
}

static void
a_function_the_device_does_not_know_is_asked_for_once(void **state)
{
	struct xn_modbus_range range;
	uint16_t value[4];
	int wants[3];

	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < 3; i++)
		wants[i] = xn_modbus_plan_add(&plan, XN_MODBUS_INPUT, (uint16_t)i, 1);
	xn_modbus_plan_start(&plan);
	assert_true(xn_modbus_plan_next(&plan, &range));
	assert_int_equal(range.count, 3);
	xn_modbus_plan_take(&plan, 1, NULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(xn_modbus_plan_refused(&plan, wants[i]));
		assert_string_equal(xn_modbus_plan_value(&plan, wants[i], value),
		    "function not offered (exception 1)");
	}
	assert_int_equal(poll_device(&(struct device){everywhere, 0}).requests, 0);
}

/* What an optional point that was left out wanted costs no more requests. */
static void
only_what_is_kept_is_read(void **state)
{
	bool kept[XN_MODBUS_WANTS_MAX] = {false};
	struct xn_modbus_range range;

	(void)state;
	xn_modbus_plan_clear(&plan);
	xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 10, 2);
	kept[xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 500, 2)] = true;
	xn_modbus_plan_keep(&plan, kept);
	xn_modbus_plan_start(&plan);
	assert_true(xn_modbus_plan_next(&plan, &range));
	assert_int_equal(range.address, 500);
	xn_modbus_plan_take(&plan, XN_OK, (const uint16_t[]){1, 2});
	assert_false(xn_modbus_plan_next(&plan, &range));
}

static void
there_is_room_for_so_many_and_one_more_says_so(void **state)
{
	uint16_t value[4];

	(void)state;
	xn_modbus_plan_clear(&plan);
	for (unsigned i = 0; i < XN_MODBUS_WANTS_MAX; i++)
		assert_int_equal(xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, (uint16_t)i, 1), i);
	assert_int_equal(xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 7, 1), 7);
	assert_int_equal(xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, 60000, 1), -1);
	assert_non_null(xn_modbus_plan_value(&plan, -1, value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(near_registers_are_read_together_and_far_ones_apart),
	    cmocka_unit_test(the_profile_says_how_many_and_over_which_gaps),
	    cmocka_unit_test(a_hundred_and_twenty_six_registers_take_two_reads),
	    cmocka_unit_test(a_hole_in_a_gap_is_found_by_splitting_and_remembered),
	    cmocka_unit_test(a_hole_among_a_hundred_is_found_by_halving_once),
	    cmocka_unit_test(a_device_that_gives_few_at_once_is_asked_for_few),
	    cmocka_unit_test(a_device_that_has_nothing_is_not_asked_again),
	    cmocka_unit_test(other_refusals_and_silence_are_no_holes),
	    cmocka_unit_test(a_function_the_device_does_not_know_is_asked_for_once),
	    cmocka_unit_test(only_what_is_kept_is_read),
	    cmocka_unit_test(there_is_room_for_so_many_and_one_more_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
