#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/driver.h"
#include "drivers/profiles.h"

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
	const struct xn_oid nothing = {.count = 0};
	struct xn_profile *profile;
	struct xn_problems problems;
	struct xn_error err = {0};
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	xn_problems_init(&problems, &arena);
	assert_int_equal(
	    xn_profile_read(&arena, &arena, path, true, &nothing, &problems, &profile, &err),
	    XN_OK);
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
			   "  - {point: \"outlet.{n}.status\", class: state, column: .2.1, "
			   "states: {ok: {1: \"on\"}, unknown: {2: \"off\", 3: "
			   "\"rebooting\"}}}\n"
			   "  - {point: \"{name}\", class: temperature, column: .3.1, index: "
			   "\"{unit!0}.{n}\", name: .3.2, unit_from: {oid: .4.0, words: {1: 0.1 "
			   "degC, 2: 0.1 degF}}, scale_from: {column: .3.4, index: \"{unit}\", as: "
			   "digits}, valid: {column: .3.5, is: [1]}, when: [{column: .3.6, not: "
			   "[\"spare*\"]}], none: [\"<-40\"], plausible: [-10, 60.5]}\n",
		&problems);
	const struct xn_point_spec *point;

	(void)state;
	assert_int_equal(problems, 0);
	assert_non_null(profile);
	assert_string_equal(profile->vendor, "Acme");
	assert_int_equal(profile->match_count, 1);
	assert_int_equal(profile->point_count, 3);
	point = &profile->points[0];
	assert_int_equal(point->from, XN_FROM_OBJECT);
	assert_int_equal(point->oid.count, 9);
	assert_int_equal(point->rule.scale.num, 10);
	assert_int_equal(point->rule.none_count, 2);
	assert_int_equal(point->rule.none[1].least, 0xffff);
	point = &profile->points[1];
	assert_int_equal(point->from, XN_FROM_COLUMN);
	assert_string_equal(point->rule.words[1].text, "off");
	assert_int_equal(point->rule.words[1].severity, XN_SEVERITY_UNKNOWN);
	point = &profile->points[2];
	assert_string_equal(point->index, "{unit!0}.{n}");
	assert_true(point->name_from->column);
	assert_false(point->unit_from->of.column);
	assert_string_equal(point->unit_from->meanings[1].text, "0.1 degF");
	assert_int_equal(point->scale_from->scaling, XN_SCALING_DIGITS);
	assert_int_equal(point->valid->accepted[0].range.least, 1);
	assert_true(point->when[0].otherwise);
	assert_int_equal(point->rule.none[0].most, -41);
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
	    "{point: \"a{name}\", class: power, column: .1}",
	    "{point: \"a{n}\", class: power, column: .1, index: \"{x\"}",
	    "{point: \"a{x}\", class: power, column: .1}",
	    "{point: \"a{x}\", class: power, column: .1, index: \"{y}.{n}\"}",
	    "{point: \"a{n}\", class: power, column: .1, first: \"a{x}\"}",
	    "{point: \"a{n}\", class: power, column: .1, index: \"{n:5-3}\"}",
	    "{point: \"a{n}\", class: power, column: .1, when: {column: .2, index: \"{x}\", "
	    "is: [1]}}",
	    "{point: \"a{n}\", class: power, column: .1, valid: {column: .2, index: \"*\", "
	    "is: [1]}}",
	    "{point: \"a{n}\", class: power, column: .1, unit_from: {column: .2, index: "
	    "\"{x}\"}}",
	    "{point: \"a{n}\", class: power, column: .1, when: {column: .2}}",
	    "{point: \"a{n}\", class: power, column: .1, when: {column: .2, is: []}}",
	    "{point: \"a{n}\", class: power, column: .1, scale_from: .2}",
	    "{point: \"a{n}\", class: power, column: .1, scale_from: {column: .2, as: feet}}",
	    "{point: \"a{n}\", class: power, column: .1, unit_from: {oid: .2, words: {1: A}}}",
	    "{point: \"a{n}\", class: power, column: .1, valid: {column: .2, oid: .3, is: [1]}}",
	    "{point: a, class: power, oid: .1, states: {ok: {1: x}}}",
	    "{point: a, class: state, oid: .1, states: nowhere}",
	    "{point: a, class: state, oid: .1, states: {fine: {1: x}}}",
	    "{point: a, class: power, oid: .1, or_unit: kW}",
	    "{point: a, class: power, oid: .1, counter: {bits: 32}}",
	    "{point: \"a{n}\", class: power, oid: .1}",
	    "{point: a b, class: power, oid: .1}",
	    "{point: a, class: power, oid: .1, none: 1}",
	    "{point: a, class: power, oid: .1, none: [x]}",
	    "{point: a, class: power, oid: .1, plausible: [3, 1]}",
	    "{point: a, class: power, oid: .1, plausible: [3]}",
	    "{point: a, class: state, oid: .1, states: [1]}",
	    "{point: a, class: state, oid: .1, states: {ok: {1: x}, warning: [2]}}",
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
the_first_of_one_name_that_is_there_is_meant_if_it_is_optional(void **state)
{
	unsigned problems;

	(void)state;
	assert_non_null(read_text(HEAD "points:\n"
				       "  - {point: a, class: power, oid: .1, optional: yes}\n"
				       "  - {point: a, class: power, oid: .2}\n",
	    &problems));
}

static void
a_name_that_is_a_path_is_refused(void **state)
{
	struct xn_profiles *profiles;
	struct xn_device *device;
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(xn_profiles_load(&profiles, xn_profile_dir(), &err), XN_OK);
	assert_int_equal(xn_device_open(&device, NULL, "snmp://127.0.0.1?community=c", profiles,
			     "../etc/passwd", &err),
	    XN_EINVALID);
	assert_int_equal(xn_device_open(&device, NULL, "snmp://127.0.0.1?community=c", profiles,
			     "no-such-profile", &err),
	    XN_ENOTFOUND);
	xn_profiles_free(profiles);
}

/* What makes two profiles claim one device: a way to recognise that both have. */
static bool
is_same_way(const struct xn_match *a, const struct xn_match *b)
{
	if (xn_oid_compare(&a->object_id, &b->object_id) != 0 ||
	    xn_oid_compare(&a->probe, &b->probe) != 0)
		return false;
	if ((a->descr == NULL) != (b->descr == NULL) || (a->text == NULL) != (b->text == NULL))
		return false;
	return (a->descr == NULL || strcmp(a->descr, b->descr) == 0) &&
	    (a->text == NULL || strcmp(a->text, b->text) == 0) && a->marker_count == 0;
}

static void
no_two_profiles_claim_the_same_device(void **state)
{
	struct xn_profiles *profiles;
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(xn_profiles_load(&profiles, xn_profile_dir(), &err), XN_OK);
	for (unsigned i = 0; i < profiles->count; i++)
		for (unsigned k = i + 1; k < profiles->count; k++)
			for (unsigned m = 0; m < profiles->heads[i]->match_count; m++)
				for (unsigned n = 0; n < profiles->heads[k]->match_count; n++)
					if (is_same_way(&profiles->heads[i]->matches[m],
						&profiles->heads[k]->matches[n]))
						fail_msg("%s and %s: ways %u and %u",
						    profiles->heads[i]->name,
						    profiles->heads[k]->name, m + 1, n + 1);
	xn_profiles_free(profiles);
}

/* Every profile that is shipped is right, and names are as README.md promises. */
static void
the_shipped_profiles_are_right(void **state)
{
	const struct xn_oid nothing = {.count = 0};
	struct xn_profiles *profiles;
	const struct xn_profile *pdu;
	struct xn_error err = {0};
	bool seen = false;

	(void)state;
	assert_int_equal(xn_profiles_load(&profiles, xn_profile_dir(), &err), XN_OK);
	assert_true(profiles->count >= 100);
	for (unsigned i = 0; i < profiles->count; i++) {
		if (xn_profiles_use(profiles, i, &nothing, &err) == NULL)
			fail_msg("%s", err.text);
	}
	pdu = xn_profiles_use(
	    profiles, (unsigned)xn_profiles_find(profiles, "apc-rpdu2"), &nothing, &err);
	for (unsigned k = 0; k < pdu->point_count; k++)
		seen = seen || strcmp(pdu->points[k].name, "outlet.{n}.realpower") == 0;
	assert_true(seen);
	xn_profiles_free(profiles);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_point_is_read_with_its_unit_and_words),
	    cmocka_unit_test(each_mistake_is_a_problem),
	    cmocka_unit_test(two_points_of_one_name_are_a_problem),
	    cmocka_unit_test(the_first_of_one_name_that_is_there_is_meant_if_it_is_optional),
	    cmocka_unit_test(a_name_that_is_a_path_is_refused),
	    cmocka_unit_test(no_two_profiles_claim_the_same_device),
	    cmocka_unit_test(the_shipped_profiles_are_right),
	};

	return cmocka_run_group_tests(tests, map_arena, unmap_arena);
}
