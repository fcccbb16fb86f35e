#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "drivers/layout.h"
#include "tests/lib/shelf.h"

static struct shelf shelf;

static const struct xn_rule watts = {.class_ = XN_CLASS_POWER, .scale = {1, 1, XN_CELSIUS}};

static int
set_up(void **state)
{
	(void)state;
	shelf_open(&shelf);
	shelf_load(&shelf);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	shelf_close(&shelf);
	return 0;
}

static void
names_are_unique(void **state)
{
	struct xn_layout *layout = xn_layout_new();

	(void)state;
	assert_int_equal(xn_layout_add(layout, "a", "1.1", &watts, false), 0);
	assert_int_equal(xn_layout_add(layout, "b", "1.2", &watts, false), 1);
	assert_int_equal(xn_layout_add(layout, "a", "1.3", &watts, false), 2);
	assert_int_equal(xn_layout_add(layout, "a.2", "1.4", &watts, false), 3);
	assert_int_equal(xn_layout_add(layout, "a", "1.5", &watts, false), 4);
	assert_string_equal(layout->points[2].name, "a.2");
	assert_string_equal(layout->points[3].name, "a.2.2");
	assert_string_equal(layout->points[4].name, "a.3");
	assert_int_equal(xn_layout_find(layout, "a.2.2"), 3);
	assert_int_equal(xn_layout_find(layout, "c"), -1);
	xn_layout_drop(layout, NULL);
}

static void
a_long_name_leaves_room_for_its_number(void **state)
{
	struct xn_layout *layout = xn_layout_new();
	char name[XN_POINT_NAME_SIZE];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(xn_layout_add(layout, name, "1.1", &watts, false), i);
	for (unsigned i = 0; i < 200; i++) {
		assert_true(strlen(layout->points[i].name) < XN_POINT_NAME_SIZE);
		assert_int_equal(xn_layout_find(layout, layout->points[i].name), i);
	}
	xn_layout_drop(layout, NULL);
}

static void
a_layout_that_is_full_takes_no_more(void **state)
{
	struct xn_layout *layout = xn_layout_new();
	char name[32];

	(void)state;
	for (int i = 0; i < XN_LAYOUT_POINTS_MAX; i++) {
		snprintf(name, sizeof(name), "p.%d", i);
		assert_int_equal(xn_layout_add(layout, name, "1.1", &watts, false), i);
	}
	assert_int_equal(xn_layout_add(layout, "one-more", "1.1", &watts, false), -1);
	assert_int_equal(layout->count, XN_LAYOUT_POINTS_MAX);
	assert_int_equal(xn_layout_find(layout, "p.4095"), 4095);
	layout = xn_layout_share(layout, shelf.profiles);
	assert_int_equal(xn_layout_find(layout, "p.4095"), 4095);
	xn_layout_drop(layout, shelf.profiles);
}

/* ---- sharing ---- */

/* A device's layout of two points, the second as told. */
static struct xn_layout *
made(const char *name, const char *source, const struct xn_rule *rule)
{
	struct xn_layout *layout = xn_layout_new();

	xn_layout_add(layout, "input.realpower", "1.1", &watts, false);
	xn_layout_add(layout, name, source, rule, false);
	return xn_layout_share(layout, shelf.profiles);
}

static void
devices_of_one_kind_share_and_the_last_one_frees(void **state)
{
	struct xn_layout *first = made("a", "1.2", &watts);
	struct xn_layout *second = made("a", "1.2", &watts);

	(void)state;
	assert_ptr_equal(first, second);
	assert_int_equal(first->users, 2);
	assert_int_equal(xn_layout_find(first, "a"), 1);
	xn_layout_drop(first, shelf.profiles);
	assert_ptr_equal(shelf.profiles->layouts, second);
	assert_int_equal(xn_layout_find(second, "a"), 1);
	xn_layout_drop(second, shelf.profiles);
	assert_null(shelf.profiles->layouts);
}

/* Each of these is another rule than `watts`, by one thing. */
static void
whatever_differs_is_not_shared(void **state)
{
	static const struct xn_range none[] = {{-1, -1}};
	static const struct xn_word words[] = {{1, NULL, "on", XN_SEVERITY_OK}};
	struct xn_rule rules[13];
	struct xn_layout *plain = made("a", "1.2", &watts);
	struct xn_layout *others[15];

	(void)state;
	for (size_t i = 0; i < 13; i++)
		rules[i] = watts;
	rules[0].class_ = XN_CLASS_APPARENT_POWER;
	rules[1].scale.num = 10;
	rules[2].scale.den = 10;
	rules[3].scale.degrees = XN_FAHRENHEIT;
	rules[4].other_scale.num = 1;
	rules[5].encoding = XN_MAGNITUDE;
	rules[6].none = none;
	rules[7].words = words;
	rules[8].mask = 128;
	rules[9].windowed = true;
	rules[10].max = 100;
	rules[11].doubt = "the sources disagree";
	rules[12].counter_bits = 32;
	for (size_t i = 0; i < 13; i++)
		others[i] = made("a", "1.2", &rules[i]);
	others[13] = made("b", "1.2", &watts);
	others[14] = made("a", "1.3", &watts);
	for (size_t i = 0; i < 15; i++) {
		assert_int_equal(others[i]->users, 1);
		xn_layout_drop(others[i], shelf.profiles);
	}
	assert_ptr_equal(shelf.profiles->layouts, plain);
	xn_layout_drop(plain, shelf.profiles);
}

static void
what_the_transport_reads_is_part_of_it(void **state)
{
	struct xn_layout *layouts[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		layouts[i] = xn_layout_new();
		xn_layout_add(layouts[i], "a", "1.1", &watts, false);
		xn_layout_mix(layouts[i], &i, sizeof(i));
		layouts[i] = xn_layout_share(layouts[i], shelf.profiles);
	}
	assert_ptr_not_equal(layouts[0], layouts[1]);
	/* The older one goes first, out of the middle of the list. */
	xn_layout_drop(layouts[0], shelf.profiles);
	assert_ptr_equal(shelf.profiles->layouts, layouts[1]);
	xn_layout_drop(layouts[1], shelf.profiles);
}

static void
a_sum_is_added_unless_the_device_has_it(void **state)
{
	struct xn_layout *layout = xn_layout_new();

	(void)state;
	shelf_put(&shelf, "sums.yaml",
	    SHELF_HEAD "points:\n"
		       "  - {point: input.realpower, class: power, sum: [a, b]}\n"
		       "  - {point: output.realpower, class: power, sum: [a, b]}\n");
	shelf_load(&shelf);
	xn_layout_add(layout, "input.realpower", "1.1", &watts, false);
	xn_layout_add_sums(layout, shelf_profile(&shelf, "sums"));
	assert_int_equal(layout->count, 2);
	assert_false(layout->points[0].computed);
	assert_string_equal(layout->points[1].name, "output.realpower");
	assert_true(layout->points[1].computed);
	xn_layout_drop(layout, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_unique),
	    cmocka_unit_test(a_long_name_leaves_room_for_its_number),
	    cmocka_unit_test(a_layout_that_is_full_takes_no_more),
	    cmocka_unit_test(devices_of_one_kind_share_and_the_last_one_frees),
	    cmocka_unit_test(whatever_differs_is_not_shared),
	    cmocka_unit_test(what_the_transport_reads_is_part_of_it),
	    cmocka_unit_test(a_sum_is_added_unless_the_device_has_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
