#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Reads a Modbus profile from text; NULL and the number of problems when it is wrong. */
static struct xn_profile *
read_text(const char *text, unsigned *ret_problems)
{
	char path[] = "/tmp/xanh-modbus-profile-XXXXXX.yaml";
	int fd = mkstemps(path, 5);
	const struct xn_oid nothing = {.count = 0};
	struct xn_profile *profile;
	struct xn_problems problems;
	struct xn_error err = {0};
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fprintf(file, "vendor: Acme\ntitle: meter\ntransport: modbus\n%s", text);
	fclose(file);
	xn_problems_init(&problems, &arena);
	assert_int_equal(
	    xn_profile_read(&arena, &arena, path, true, &nothing, &problems, &profile, &err),
	    XN_OK);
	unlink(path);
	*ret_problems = problems.count;
	return profile;
}

static struct xn_profile *
read_good(const char *text)
{
	unsigned problems;
	struct xn_profile *profile = read_text(text, &problems);

	assert_int_equal(problems, 0);
	assert_non_null(profile);
	return profile;
}

static void
a_point_says_where_it_stands_and_how(void **state)
{
	const struct xn_profile *profile = read_good(
	    "points:\n"
	    "  - {point: a, class: power_factor, holding: 3083, type: f32, order: CDAB, "
	    "encoding: four-quadrant}\n"
	    "  - {point: b, class: state, coil: 8}\n"
	    "  - {point: c, class: power, input: 0x10, type: i32, scale_from: {input: 99, as: "
	    "digits}, valid: {input: 98, bit: 3, is: [1]}}\n"
	    "  - {point: d, class: state, holding: 7, bits: [8, 8]}\n");
	const struct xn_modbus_source *source = profile->points[0].registers;

	(void)state;
	assert_int_equal(profile->points[0].from, XN_FROM_REGISTER);
	assert_int_equal(profile->points[0].rule.encoding, XN_FOUR_QUADRANT);
	assert_int_equal(source->at.address, 3083);
	assert_int_equal(source->at.order, XN_CDAB);
	assert_null(source->valid);
	source = profile->points[1].registers;
	assert_int_equal(source->at.space, XN_MODBUS_COIL);
	assert_int_equal(source->at.type, XN_BIT);
	source = profile->points[2].registers;
	assert_int_equal(source->at.address, 16);
	assert_int_equal(source->scaling, XN_MODBUS_DIGITS);
	assert_int_equal(source->scale->type, XN_I16); /* scale factors are signed */
	assert_int_equal(source->valid->at.first_bit, 3);
	assert_int_equal(source->valid->is[0].least, 1);
	source = profile->points[3].registers;
	assert_int_equal(source->at.first_bit, 8);
	assert_int_equal(source->at.bit_count, 8);
}

static void
a_family_says_how_it_is_recognised_and_what_it_bears(void **state)
{
	const struct xn_profile *profile = read_good(
	    "either: yes\n"
	    "match:\n"
	    "  - {holding: 29, text: Power Meter*}\n"
	    "  - [{input: 11, is: [71, \"80..89\"]}, {holding: 5, type: f32}]\n"
	    "model: {holding: 210, words: {0x4117: ADAM-4117}}\n"
	    "limits: {registers: 50, gap: 0, pause_ms: 20, settle_ms: 1000, timeout_ms: 400}\n");
	const struct xn_modbus_family *family = profile->registers;

	(void)state;
	assert_int_equal(profile->match_count, 2);
	assert_int_equal(profile->matches[0].markers[0].registers, 6);
	assert_int_equal(profile->matches[1].marker_count, 2);
	assert_int_equal(profile->matches[1].markers[0].is[1].most, 89);
	assert_int_equal(profile->matches[1].markers[1].is_count, 0);
	assert_true(family->either);
	assert_int_equal(family->model_words[0].value, 0x4117);
	assert_int_equal(family->registers_max, 50);
	assert_int_equal(family->gap, 0);
	assert_int_equal(family->limits.settle_ms, 1000);
	assert_int_equal(family->limits.timeout_ms, 400);
}

/* A list of spans may serve points of several classes: each takes its own. */
static void
spans_are_those_of_the_points_class(void **state)
{
	const struct xn_profile *profile = read_good(
	    "enumerations:\n"
	    "  spans: {0x07: \"4..20 mA\", 0x0c: \"-150..150 mV\", 0x0e: \"0..760 degC\"}\n"
	    "points:\n"
	    "  - {point: a, class: current, holding: 0, span_from: {holding: 200, words: spans}}\n"
	    "  - {point: b, class: voltage, holding: 0, span_from: {holding: 200, words: {0x0c: "
	    "\"-150..150 mV\"}}}\n");
	const struct xn_modbus_source *source = profile->points[0].registers;

	(void)state;
	assert_int_equal(source->span_count, 1);
	assert_int_equal(source->spans[0].code, 7);
	assert_int_equal((int)(source->spans[0].least * 1e6 + 0.5), 4000);
	source = profile->points[1].registers;
	assert_int_equal(source->span_count, 1);
	assert_int_equal((int)(source->spans[0].most * 1e6 + 0.5), 150000);
}

static void
each_mistake_is_a_problem(void **state)
{
	static const char *const texts[] = {
	    "points: [{point: a, class: power, holding: 65536}]",
	    "points: [{point: a, class: power, holding: 65535, type: f32}]",
	    "points: [{point: a, class: power, holding: 1, type: f16}]",
	    "points: [{point: a, class: power, holding: 1, order: BACD}]",
	    "points: [{point: a, class: power, holding: 1, input: 1}]",
	    "points: [{point: a, class: state, holding: 1, bit: 16}]",
	    "points: [{point: a, class: state, holding: 1, type: u32, bit: 1}]",
	    "points: [{point: a, class: state, holding: 1, bits: [9, 8]}]",
	    "points: [{point: a, class: state, holding: 1, bits: [1]}]",
	    "points: [{point: a, class: power, holding: 1, valid: {holding: 2}}]",
	    "points: [{point: a, class: power, holding: 1, valid: {column: .2, is: [1]}}]",
	    "points: [{point: a, class: power, holding: 1, scale_from: {holding: 2}}]",
	    "points: [{point: a, class: power, holding: 1, scale_from: {as: digits}}]",
	    "points: [{point: a, class: power, holding: 1, scale_from: {holding: 2, as: feet}}]",
	    "points: [{point: a, class: power, holding: 1, unit_from: {holding: 2}}]",
	    "points: [{point: a, class: power, holding: 1, when: {column: .2, is: [1]}}]",
	    "points: [{point: a, class: power, holding: 1, index: \"{n}\"}]",
	    "points: [{point: a, class: power, oid: .1, bit: 3}]",
	    "points: [{point: a, class: power, oid: .1, type: f32}]",
	    "points: [{point: a, class: current, holding: 1, span_from: {holding: 2, words: no}}]",
	    "points: [{point: a, class: current, holding: 1, span_from: {holding: 2, words: {1: "
	    "\"4-20 mA\"}}}]",
	    "points: [{point: a, class: current, holding: 1, span_from: {holding: 2, words: {1: "
	    "\"20..4 mA\"}}}]",
	    "points: [{point: a, class: current, holding: 1, unit: A, span_from: {holding: 2, "
	    "words: {1: \"4..20 mA\"}}}]",
	    "match: [{text: x}]",
	    "match: [{holding: 1, input: 2, is: [1]}]",
	    "match: [{sysObjectID: 1.3.6.1.4.1.9}]",
	    "match: [{holding: 1, text: x, is: [1]}]",
	    "match: [{holding: 1, is: []}]",
	    "match: [{holding: 1, is: [\"9..1\"]}]",
	    "match: [{holding: 1, is: [many]}]",
	    "match: [{holding: 1, text: \"A?C\"}]",
	    "match: [{holding: 65530, text: \"A?C\", registers: 8}]",
	    "match: [[]]",
	    "model: {oid: .1}",
	    "model: {holding: 65535}",
	    "model: {holding: 1, words: {x: y}}",
	    "limits: {registers: 3}",
	    "limits: {objects: 3}",
	    "either: perhaps",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[512];
		unsigned problems;

		snprintf(text, sizeof(text), "%s\n", texts[i]);
		if (read_text(text, &problems) != NULL || problems == 0)
			fail_msg("taken: %s", texts[i]);
	}
}

/* ---- the shipped profiles ---- */

static bool
is_same_marker(const struct xn_modbus_marker *a, const struct xn_modbus_marker *b)
{
	if (a->at.space != b->at.space || a->at.address != b->at.address ||
	    a->is_count != b->is_count || (a->text == NULL) != (b->text == NULL))
		return false;
	return (a->text == NULL || strcmp(a->text, b->text) == 0) &&
	    (a->is_count == 0 || memcmp(a->is, b->is, a->is_count * sizeof(a->is[0])) == 0);
}

static bool
is_same_way(const struct xn_match *a, const struct xn_match *b)
{
	if (a->marker_count == 0 || a->marker_count != b->marker_count)
		return false;
	for (unsigned i = 0; i < a->marker_count; i++) {
		if (!is_same_marker(&a->markers[i], &b->markers[i]))
			return false;
	}
	return true;
}

/* Holding register 0 alone is on every second device: that something stands somewhere, or one small
 * number, is no way to recognise anything. */
static void
no_two_profiles_claim_the_same_device_and_none_claims_any(void **state)
{
	struct xn_profiles *profiles;
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(xn_profiles_load(&profiles, xn_profile_dir(), &err), XN_OK);
	for (unsigned i = 0; i < profiles->count; i++) {
		const struct xn_profile *head = profiles->heads[i];

		for (unsigned m = 0; m < head->match_count; m++) {
			const struct xn_match *match = &head->matches[m];

			if (match->marker_count == 1 && match->markers[0].text == NULL &&
			    match->markers[0].is_count == 0)
				fail_msg("%s: way %u holds for any device", head->name, m + 1);
			for (unsigned k = 0; k < i; k++)
				for (unsigned n = 0; n < profiles->heads[k]->match_count; n++)
					if (is_same_way(match, &profiles->heads[k]->matches[n]))
						fail_msg("%s and %s have way %u in common",
						    head->name, profiles->heads[k]->name, m + 1);
		}
	}
	xn_profiles_free(profiles);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_point_says_where_it_stands_and_how),
	    cmocka_unit_test(a_family_says_how_it_is_recognised_and_what_it_bears),
	    cmocka_unit_test(spans_are_those_of_the_points_class),
	    cmocka_unit_test(each_mistake_is_a_problem),
	    cmocka_unit_test(no_two_profiles_claim_the_same_device_and_none_claims_any),
	};

	return cmocka_run_group_tests(tests, map_arena, unmap_arena);
}
