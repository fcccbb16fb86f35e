#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/profile.h"

static struct xn_arena arena;

static int
map_arena(void **state)
{
	(void)state;
	xn_arena_map(&arena, 64u << 20);
	return 0;
}

static int
unmap_arena(void **state)
{
	(void)state;
	xn_arena_unmap(&arena);
	return 0;
}

/* Reads a profile from text; NULL and the number of problems when it is wrong. */
static struct xn_profile *
read_text(const char *text, unsigned *ret_problems)
{
	char path[] = "/tmp/xanh-profile-test-XXXXXX.yaml";
	int fd = mkstemps(path, 5);
	struct xn_profile *profile;
	struct xn_problems problems;
	struct xn_error err = {0};
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	xn_problems_init(&problems, &arena);
	assert_int_equal(xn_profile_read(&arena, path, &problems, &profile, &err), XN_OK);
	unlink(path);
	*ret_problems = problems.count;
	return profile;
}

#define HEAD "vendor: Acme\ntitle: PDU\ntransport: snmp\nbase: 1.3.6.1.4.1.9\n"

static void
a_point_is_read_with_its_unit_and_words(void **state)
{
	unsigned problems;
	struct xn_profile *profile =
	    read_text(HEAD "match:\n"
			   "  - {sysObjectID: 1.3.6.1.4.1.9.1}\n"
			   "points:\n"
			   "  - {point: input.realpower, class: power, oid: .1.0, unit: 10 W, "
			   "none: [-1, 0xffff]}\n"
			   "  - {point: \"outlet.{n}.status\", class: state, column: .2.1, words: "
			   "{1: \"on\", 2: \"off\"}}\n",
		&problems);
	const struct xn_point_spec *point;

	(void)state;
	assert_int_equal(problems, 0);
	assert_non_null(profile);
	assert_string_equal(profile->vendor, "Acme");
	assert_int_equal(profile->match_count, 1);
	assert_int_equal(profile->point_count, 2);
	point = &profile->points[0];
	assert_int_equal(point->from, XN_FROM_OBJECT);
	assert_int_equal(point->oid.count, 9);
	assert_int_equal(point->rule.scale.num, 10);
	assert_int_equal(point->rule.none_count, 2);
	assert_int_equal(point->rule.none[1], 0xffff);
	point = &profile->points[1];
	assert_int_equal(point->from, XN_FROM_COLUMN);
	assert_string_equal(point->rule.words[1].text, "off");
}

static void
a_register_point_has_type_order_and_encoding(void **state)
{
	unsigned problems;
	struct xn_profile *profile = read_text("vendor: Acme\ntitle: meter\ntransport: modbus\n"
					       "match:\n  - {holding: 29, text: Power Meter}\n"
					       "limits: {registers: 50, pause_ms: 20}\n"
					       "points:\n"
					       "  - {point: a, class: power_factor, holding: 3083, "
					       "type: f32, order: CDAB, encoding: four-quadrant}\n"
					       "  - {point: b, class: state, coil: 8}\n",
	    &problems);

	(void)state;
	assert_int_equal(problems, 0);
	assert_true(profile->modbus);
	assert_int_equal(profile->registers_max, 50);
	assert_int_equal(profile->points[0].order, XN_CDAB);
	assert_int_equal(profile->points[0].rule.encoding, XN_FOUR_QUADRANT);
	assert_int_equal(profile->points[1].type, XN_BIT);
	assert_int_equal(profile->points[1].space, XN_MODBUS_COIL);
}

static void
each_mistake_is_a_problem(void **state)
{
	static const char *const points[] = {
	    "{class: power, oid: .1}",
	    "{point: a, oid: .1}",
	    "{point: a, class: watts, oid: .1}",
	    "{point: a, class: power}",
	    "{point: a, class: power, oid: .1, holding: 3}",
	    "{point: a, class: power, oid: x}",
	    "{point: a, class: power, oid: .1, unit: A}",
	    "{point: a, class: power, oid: .1, unit: 0 W}",
	    "{point: a, class: power, column: .1}",
	    "{point: \"a{n}\", class: power, oid: .1}",
	    "{point: a b, class: power, oid: .1}",
	    "{point: a, class: power, holding: 65536}",
	    "{point: a, class: power, holding: 65535, type: f32}",
	    "{point: a, class: power, holding: 1, type: f16}",
	    "{point: a, class: power, oid: .1, none: 1}",
	    "{point: a, class: power, oid: .1, none: [x]}",
	    "{point: a, class: power, oid: .1, plausible: [3, 1]}",
	    "{point: a, class: power, oid: .1, plausible: [3]}",
	    "{point: a, class: state, oid: .1, words: [1]}",
	    "{point: a, class: state, oid: .1, words: {one: x}}",
	    "{point: a, class: power, oid: .1, colour: red}",
	    "{point: a, class: power, oid: .1, optional: maybe}",
	    "a",
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		unsigned problems;

		snprintf(text, sizeof(text), HEAD "points:\n  - %s\n", points[i]);
		if (read_text(text, &problems) != NULL || problems == 0)
			fail_msg("taken: %s", points[i]);
	}
}

static void
two_points_of_one_name_are_a_problem(void **state)
{
	unsigned problems;

	(void)state;
	assert_null(read_text(HEAD "points:\n"
				   "  - {point: a, class: power, oid: .1}\n"
				   "  - {point: a, class: power, oid: .2}\n",
	    &problems));
	assert_int_equal(problems, 1);
}

static void
a_name_that_is_a_path_is_refused(void **state)
{
	struct xn_profile *profile;
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(
	    xn_profile_load(&arena, "/tmp", "../etc/passwd", &profile, &err), XN_EINVALID);
	assert_int_equal(
	    xn_profile_load(&arena, "/tmp", "no-such-profile", &profile, &err), XN_ENOTFOUND);
}

/* Every profile that is shipped is right, and names are as README.md promises. */
static void
the_shipped_profiles_are_right(void **state)
{
	const struct xn_profile *profiles[64];
	struct xn_error err = {0};
	unsigned count;
	bool seen = false;

	(void)state;
	assert_int_equal(
	    xn_profile_load_all(&arena, xn_profile_dir(), false, profiles, 64, &count, &err),
	    XN_OK);
	assert_true(count >= 4);
	assert_true(profiles[count - 1]->standard);
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(profiles[i]->name, "apc-rpdu2") != 0)
			continue;
		for (unsigned k = 0; k < profiles[i]->point_count; k++)
			seen = seen ||
			    strcmp(profiles[i]->points[k].name, "outlet.{n}.realpower") == 0;
	}
	assert_true(seen);
	assert_int_equal(
	    xn_profile_load_all(&arena, xn_profile_dir(), true, profiles, 64, &count, &err), XN_OK);
	assert_true(count >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_point_is_read_with_its_unit_and_words),
	    cmocka_unit_test(a_register_point_has_type_order_and_encoding),
	    cmocka_unit_test(each_mistake_is_a_problem),
	    cmocka_unit_test(two_points_of_one_name_are_a_problem),
	    cmocka_unit_test(a_name_that_is_a_path_is_refused),
	    cmocka_unit_test(the_shipped_profiles_are_right),
	};

	return cmocka_run_group_tests(tests, map_arena, unmap_arena);
}
