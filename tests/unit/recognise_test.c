#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/recognise.h"
#include "tests/lib/shelf.h"

/* What stands at an OID of the device. */
struct object {
	const char *oid;
	const char *text; /* NULL: `number` */
	int64_t number;
};

static struct shelf shelf;

static int
set_up(void **state)
{
	(void)state;
	shelf_open(&shelf);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	shelf_close(&shelf);
	return 0;
}

/* A profile that is recognised in these ways. */
static void
put(const char *name, const char *matches)
{
	char file[64];
	char text[4096];

	snprintf(file, sizeof(file), "%s.yaml", name);
	snprintf(text, sizeof(text), SHELF_HEAD "match:\n%s", matches);
	shelf_put(&shelf, file, text);
}

/* The first object at or below each probe, as a peeking walk gives it. */
static void
look(struct xn_recognition *recognition, const struct object *objects, size_t count)
{
	for (unsigned place = 0; place < recognition->probe_count; place++) {
		struct xn_oid root = {.count = recognition->probes[place].count};

		memcpy(root.id, recognition->probes[place].id, root.count * sizeof(root.id[0]));
		for (size_t i = 0; i < count; i++) {
			struct xn_snmp_value value = {.tag = XN_SNMP_INTEGER};
			struct xn_oid oid;

			assert_true(xn_oid_parse(objects[i].oid, &oid));
			if (!xn_oid_under(&oid, &root))
				continue;
			value.integer = objects[i].number;
			if (objects[i].text != NULL)
				value = (struct xn_snmp_value){.tag = XN_SNMP_TEXT,
				    .text = objects[i].text,
				    .size = strlen(objects[i].text)};
			xn_recognise_take(recognition, place, &value);
			break;
		}
	}
}

/* "PROFILE by MATCH" of a device; "nobody". */
static const char *
met(const char *object_id, const char *descr, const struct object *objects, size_t count)
{
	static struct xn_recognition recognition;
	static char text[128];

	recognition = (struct xn_recognition){.profiles = shelf.profiles, .descr = descr};
	if (!xn_oid_parse(object_id, &recognition.object_id))
		recognition.object_id.count = 0;
	for (unsigned round = 0; round < XN_RECOGNISE_ROUNDS; round++) {
		const char *match = "";
		int number;

		xn_recognise_round(&recognition, round);
		look(&recognition, objects, count);
		number = xn_recognise_choose(&recognition, &match);
		if (number < 0)
			continue;
		snprintf(
		    text, sizeof(text), "%s by %s", shelf.profiles->heads[number]->name, match);
		return text;
	}
	return "nobody";
}

static void
the_longest_sysobjectid_wins(void **state)
{
	(void)state;
	put("a-family", "  - {sysObjectID: .1}\n");
	put("b-series", "  - {sysObjectID: .1.5}\n");
	put("c-other", "  - {sysObjectID: 1.3.6.1.4.1.99}\n");
	shelf_load(&shelf);
	assert_string_equal(met("1.3.6.1.4.1.9.1.5.2", "", NULL, 0), "b-series by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.1.9.1.5", "", NULL, 0), "b-series by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.1.9.1.6", "", NULL, 0), "a-family by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.1.9.1", "", NULL, 0), "a-family by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.1.9.11", "", NULL, 0), "nobody");
	assert_string_equal(met("1.3.6.1.4.1.9", "", NULL, 0), "nobody");
	assert_string_equal(met("", "", NULL, 0), "nobody");
}

static void
sysdescr_is_a_pattern_whatever_the_case(void **state)
{
	(void)state;
	put("cooler", "  - {sysObjectID: .1, sysDescr: \"*INROW*\"}\n");
	put("plain", "  - {sysObjectID: .1}\n");
	put("webcard", "  - {sysDescr: \"Acme Web?ard [0-9]*\"}\n");
	shelf_load(&shelf);
	assert_string_equal(
	    met("1.3.6.1.4.1.9.1.2", "APC InRow RC", NULL, 0), "cooler by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.1.9.1.2", "APC UPS", NULL, 0), "plain by sysObjectID");
	assert_string_equal(
	    met("1.3.6.1.4.1.8072.3.2.10", "acme webcard 7", NULL, 0), "webcard by sysDescr");
	assert_string_equal(met("1.3.6.1.4.1.8072.3.2.10", "acme webcard x", NULL, 0), "nobody");
	assert_string_equal(met("1.3.6.1.4.1.9.1", "", NULL, 0), "plain by sysObjectID");
}

static void
a_probe_tells_models_of_one_sysobjectid_apart(void **state)
{
	static const struct object with[] = {{"1.3.6.1.4.1.9.3.1.4.1.1", NULL, 0}};
	static const struct object without[] = {{"1.3.6.1.4.1.9.4.1", NULL, 0}};

	(void)state;
	put("plain", "  - {sysObjectID: .1}\n");
	put("metered", "  - {sysObjectID: .1, probe: .3.1.4}\n");
	shelf_load(&shelf);
	assert_string_equal(met("1.3.6.1.4.1.9.1", "", with, 1), "metered by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.1.9.1", "", without, 1), "plain by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.1.77", "", with, 1), "nobody");
}

static void
a_text_is_that_of_the_first_value_there(void **state)
{
	static const struct object texts[] = {
	    {"1.3.6.1.4.1.9.1.1.0", "  RNX-200 ", 0}, {"1.3.6.1.4.1.9.1.1.1", "other", 0}};
	static const struct object numbers[] = {{"1.3.6.1.4.1.9.1.1.0", NULL, 41}};

	(void)state;
	put("by-text", "  - {probe: .1.1.0, text: \"rn*\"}\n");
	put("by-number", "  - {probe: .1.1.0, text: \"4[0-9]\"}\n");
	shelf_load(&shelf);
	assert_string_equal(met("1.3.6.1.4.1.7", "", texts, 2), "by-text by probe");
	assert_string_equal(met("1.3.6.1.4.1.7", "", numbers, 1), "by-number by probe");
	assert_string_equal(met("1.3.6.1.4.1.7", "", texts + 1, 1), "nobody");
}

static void
what_is_not_there_is_no_probe(void **state)
{
	static const uint8_t tags[] = {
	    XN_SNMP_NULL, XN_SNMP_NO_OBJECT, XN_SNMP_NO_INSTANCE, XN_SNMP_END, XN_SNMP_REFUSED};
	static struct xn_recognition recognition;
	const char *match;

	(void)state;
	put("probed", "  - {probe: .1.1.0}\n");
	shelf_load(&shelf);
	recognition = (struct xn_recognition){.profiles = shelf.profiles, .descr = ""};
	xn_recognise_round(&recognition, 1);
	assert_int_equal(recognition.probe_count, 1);
	for (size_t i = 0; i < sizeof(tags); i++) {
		struct xn_snmp_value value = {.tag = tags[i]};

		xn_recognise_take(&recognition, 0, &value);
		assert_int_equal(xn_recognise_choose(&recognition, &match), -1);
	}
}

static void
identity_goes_before_probes_and_those_before_the_standards(void **state)
{
	static const struct object objects[] = {
	    {"1.3.6.1.4.1.9.7.0", NULL, 1}, {"1.3.6.1.2.1.33.1.1.1.0", "x", 0}};

	(void)state;
	put("a-probe", "  - {probe: .7}\n");
	put("z-identity", "  - {sysObjectID: 1.3.6.1.4.1}\n");
	shelf_put(&shelf, "a-standard.yaml",
	    "vendor: IETF\ntitle: UPS-MIB\ntransport: snmp\nstandard: yes\nmatch:\n"
	    "  - {sysObjectID: 1.3.6.1, probe: 1.3.6.1.2.1.33}\n  - {probe: 1.3.6.1.2.1.33}\n");
	shelf_load(&shelf);
	assert_string_equal(met("1.3.6.1.4.1.5", "", objects, 2), "z-identity by sysObjectID");
	assert_string_equal(met("1.3.6.1.4.2", "", objects, 2), "a-probe by probe");
	assert_string_equal(met("1.3.6.1.4.2", "", objects + 1, 1), "a-standard by standard");
	assert_string_equal(met("1.3.6.1.4.2", "", NULL, 0), "nobody");
}

static void
of_equals_the_one_of_which_more_holds_wins_then_the_name(void **state)
{
	static const struct object objects[] = {
	    {"1.3.6.1.4.1.9.7.0", NULL, 1}, {"1.3.6.1.4.1.9.8.0", NULL, 1}};

	(void)state;
	put("a", "  - {probe: .7}\n");
	put("b", "  - {probe: .7}\n  - {probe: .8}\n");
	put("c", "  - {probe: .7}\n  - {probe: .9}\n");
	shelf_load(&shelf);
	assert_string_equal(met("", "", objects, 2), "b by probe");
	assert_string_equal(met("", "", objects, 1), "a by probe");
}

static void
a_modbus_profile_is_no_answer_to_snmp(void **state)
{
	(void)state;
	shelf_put(&shelf, "meter.yaml",
	    "vendor: Acme\ntitle: meter\ntransport: modbus\nmatch:\n"
	    "  - {holding: 29, text: Meter}\n  - {sysDescr: \"*\"}\n");
	shelf_load(&shelf);
	assert_string_equal(met("1.3.6.1.4.1.9", "anything", NULL, 0), "nobody");
}

/* More ways than there is room for: those that fit are chosen from, nothing is overrun. */
static void
more_ways_than_there_is_room_for_are_left_out(void **state)
{
	static const struct object objects[] = {{"1.3.6.1.4.1.9.1.0", NULL, 1}};
	static char matches[128 * 16 + 1];

	(void)state;
	for (unsigned i = 0; i < XN_PROFILE_MATCHES_MAX; i++)
		snprintf(matches + 16 * i, 17, "  - {probe: .1}\n");
	for (unsigned i = 0; i < 6; i++)
		put((const char[]){(char)('a' + i), '\0'}, matches);
	shelf_load(&shelf);
	assert_int_equal(shelf.profiles->count, 6);
	assert_string_equal(met("", "", objects, 1), "a by probe");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    STORY(the_longest_sysobjectid_wins),
	    STORY(sysdescr_is_a_pattern_whatever_the_case),
	    STORY(a_probe_tells_models_of_one_sysobjectid_apart),
	    STORY(a_text_is_that_of_the_first_value_there),
	    STORY(what_is_not_there_is_no_probe),
	    STORY(identity_goes_before_probes_and_those_before_the_standards),
	    STORY(of_equals_the_one_of_which_more_holds_wins_then_the_name),
	    STORY(a_modbus_profile_is_no_answer_to_snmp),
	    STORY(more_ways_than_there_is_room_for_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
