#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device.h"
#include "tests/lib/agent.h"

#define PDU  "1.3.6.1.2.1.1.1.0|4|Acme PDU MN:RP-20, x\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.1\n"
#define ACME "1.3.6.1.4.1.9."

static struct shelf shelf;
static struct agent *agent;
static struct xn_device *device;
static struct xn_device_view view;
static struct xn_error err;

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
	xn_device_close(device);
	device = NULL;
	agent_stop(agent);
	agent = NULL;
	shelf_close(&shelf);
	return 0;
}

/* A profile of the device PDU above. */
static void
know(const char *points)
{
	char text[4096];

	snprintf(text, sizeof(text),
	    SHELF_HEAD "match:\n  - {sysObjectID: .1}\nmodel: {after: \"MN:\"}\npoints:\n%s",
	    points);
	shelf_put(&shelf, "pdu.yaml", text);
}

/* The device behind an agent that says `rows`. */
static void
meet(int version, const char *rows)
{
	shelf_load(&shelf);
	agent = agent_start(&shelf, rows);
	assert_int_equal(
	    xn_device_open(&device, NULL, agent_url(agent, version), shelf.profiles, NULL, &err),
	    XN_OK);
}

/* A poll as lines: name and value, and why it is absent (-) or suspect. */
static const char *
polled(void)
{
	static char text[4096];
	size_t used = 0;

	if (xn_device_poll(device, 3000, &view, &err) < 0)
		fail_msg("%s", err.text);
	text[0] = '\0';
	for (unsigned i = 0; i < view.count; i++) {
		const struct xn_reading *reading = &view.readings[i];

		used +=
		    (size_t)snprintf(text + used, sizeof(text) - used, "%s ", view.points[i].name);
		if (reading->sample.quality == XN_QUALITY_ABSENT)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "-");
		else
			used += (size_t)snprintf(
			    text + used, sizeof(text) - used, "%g", reading->value);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s\n",
		    reading->why != NULL ? " " : "", reading->why != NULL ? reading->why : "");
	}
	return text;
}

/* ---- recognised and read ---- */

static void
a_recording_is_recognised_and_read_as_a_device(void **state)
{
	char url[160];

	(void)state;
	know("  - {point: input.realpower, class: power, oid: .1.0, unit: 10 W}\n"
	     "  - {point: input.voltage, class: voltage, oid: .2.0}\n"
	     "  - {point: \"outlet.{n}.current\", class: current, column: .3, unit: 0.1 A}\n"
	     "  - {point: total, class: current, sum: [outlet.1.current, outlet.2.current]}\n");
	snprintf(url, sizeof(url), "replay:%s",
	    shelf_put(
		&shelf, "pdu.snmprec", PDU ACME "1.0|2|7\n" ACME "3.1|2|13\n" ACME "3.2|2|5\n"));
	shelf_load(&shelf);
	assert_int_equal(xn_device_open(&device, NULL, url, shelf.profiles, NULL, &err), XN_OK);
	for (unsigned polls = 0; polls < 3; polls++)
		assert_string_equal(polled(),
		    "input.realpower 70\n"
		    "input.voltage - no such instance\n"
		    "outlet.1.current 1.3\n"
		    "outlet.2.current 0.5\n"
		    "total 1.8\n");
	assert_string_equal(view.profile, "pdu");
	assert_string_equal(view.match, "sysObjectID");
	assert_string_equal(view.vendor, "Acme");
	assert_string_equal(view.model, "RP-20");
	assert_int_equal(view.layout, 1);
}

static void
a_device_nobody_knows_is_asked_who_it_is_at_every_poll(void **state)
{
	(void)state;
	meet(2, PDU);
	assert_string_equal(polled(), "");
	assert_string_equal(view.match, "none");
	assert_string_equal(view.model, "Acme PDU MN:RP-20, x");
	assert_string_equal(polled(), "");
	assert_int_equal(view.layout, 0);
}

static void
a_profile_whose_points_are_wrong_is_told_at_every_poll(void **state)
{
	(void)state;
	know("  - {point: a, class: watts, oid: .1.0}\n");
	meet(2, PDU);
	for (unsigned polls = 0; polls < 2; polls++) {
		assert_int_equal(xn_device_poll(device, 3000, &view, &err), XN_EINVALID);
		assert_non_null(strstr(err.text, "pdu.yaml:9: no such class \"watts\""));
	}
	know("  - {point: a, class: power, oid: .1.0}\n");
	assert_string_equal(polled(), "a - no such instance\n");
}

static void
a_unit_the_device_writes_itself_wins(void **state)
{
	(void)state;
	know("  - {point: t, class: temperature, oid: .1.0, unit: degC}\n");
	meet(2, PDU ACME "1.0|4|50 F\n");
	assert_string_equal(polled(), "t 10\n");
	agent_say(agent, PDU ACME "1.0|4|50\n");
	assert_string_equal(polled(), "t 50\n");
}

/* ---- what changes between two polls ---- */

static void
a_table_that_is_renumbered_is_absent_and_then_read_anew(void **state)
{
	(void)state;
	know("  - {point: \"{name}.current\", class: current, column: .2, unit: 0.1 A, name: .3}\n"
	     "  - {point: other, class: power, oid: .1.0}\n");
	meet(2,
	    PDU ACME "1.0|2|5\n" ACME "2.1|2|10\n" ACME "2.2|2|20\n" ACME "3.1|4|web\n" ACME
		     "3.2|4|mail\n");
	assert_string_equal(polled(), "web.current 1\nmail.current 2\nother 5\n");
	agent_say(agent,
	    PDU ACME "1.0|2|5\n" ACME "2.1|2|20\n" ACME "2.2|2|10\n" ACME "3.1|4|mail\n" ACME
		     "3.2|4|web\n");
	assert_string_equal(polled(),
	    "web.current - the row was renumbered\n"
	    "mail.current - the row was renumbered\n"
	    "other 5\n");
	assert_int_equal(view.layout, 1);
	assert_string_equal(polled(), "mail.current 2\nweb.current 1\nother 5\n");
	assert_int_equal(view.layout, 2);
}

static void
a_device_switched_from_degc_to_degf_is_noticed(void **state)
{
	static const char *const celsius = PDU ACME "1.0|2|215\n" ACME "2.0|2|1\n";
	static const char *const fahrenheit = PDU ACME "1.0|2|707\n" ACME "2.0|2|2\n";

	(void)state;
	know("  - {point: t, class: temperature, oid: .1.0, unit_from: {oid: .2.0, words: {1: 0.1 "
	     "degC, 2: 0.1 degF}}}\n");
	meet(2, celsius);
	assert_string_equal(polled(), "t 21.5\n");
	agent_say(agent, fahrenheit);
	assert_string_equal(polled(), "t - the unit was changed\n");
	assert_string_equal(polled(), "t 21.5\n");
}

static void
a_device_whose_scale_changed_is_noticed(void **state)
{
	(void)state;
	know("  - {point: \"p.{n}\", class: power, column: .2, scale_from: {column: .3, as: "
	     "digits}}\n");
	meet(2, PDU ACME "2.1|2|50\n" ACME "3.1|2|0\n");
	assert_string_equal(polled(), "p.1 50\n");
	agent_say(agent, PDU ACME "2.1|2|500\n" ACME "3.1|2|1\n");
	assert_string_equal(polled(), "p.1 - the scale was changed\n");
	assert_string_equal(polled(), "p.1 50\n");
}

static void
what_the_device_calls_invalid_is_absent_until_it_is_not(void **state)
{
	(void)state;
	know("  - {point: p, class: power, oid: .1.0}\n"
	     "  - {point: \"t.{n}\", class: temperature, column: .2, valid: {column: .3, is: "
	     "[1]}}\n");
	meet(2, PDU ACME "1.0|2|5\n" ACME "2.1|2|21\n" ACME "3.1|2|2\n");
	assert_string_equal(polled(), "p 5\nt.1 - the device says it is not valid\n");
	agent_say(agent, PDU ACME "1.0|2|5\n" ACME "2.1|2|21\n" ACME "3.1|2|1\n");
	assert_string_equal(polled(), "p 5\nt.1 21\n");
	agent_say(agent, PDU ACME "1.0|2|5\n" ACME "2.1|2|21\n");
	assert_string_equal(polled(), "p 5\nt.1 - the device says it is not valid\n");
	assert_int_equal(view.layout, 1);
}

static void
a_row_that_goes_is_absent_and_its_table_looked_at_anew(void **state)
{
	(void)state;
	know("  - {point: \"p.{n}\", class: power, column: .2}\n");
	meet(2, PDU ACME "2.1|2|1\n" ACME "2.2|2|2\n");
	assert_string_equal(polled(), "p.1 1\np.2 2\n");
	agent_say(agent, PDU ACME "2.1|2|1\n" ACME "2.3|2|3\n");
	assert_string_equal(polled(), "p.1 1\np.2 - no such instance\n");
	assert_string_equal(polled(), "p.1 1\np.3 3\n");
}

static void
a_probe_that_is_plugged_in_is_looked_at_before_it_is_read(void **state)
{
	(void)state;
	know("  - {point: p, class: power, oid: .1.0}\n"
	     "  - {point: \"t.{n}\", class: temperature, column: .2, when: {column: .3, is: [1]}, "
	     "scale_from: {column: .4, as: digits}}\n");
	meet(2, PDU ACME "1.0|2|5\n" ACME "3.1|2|1\n");
	for (unsigned polls = 0; polls < 3; polls++)
		assert_string_equal(polled(), "p 5\nt.1 - no such instance\n");
	assert_int_equal(view.layout, 1);
	agent_say(agent, PDU ACME "1.0|2|5\n" ACME "2.1|2|215\n" ACME "3.1|2|1\n" ACME "4.1|2|1\n");
	assert_string_equal(polled(), "p 5\nt.1 - was plugged in just now\n");
	assert_string_equal(polled(), "p 5\nt.1 21.5\n");
	assert_int_equal(view.layout, 2);
}

static void
a_card_that_answers_only_the_standard_is_read_by_it(void **state)
{
	(void)state;
	know("  - {point: a, class: power, oid: .1.0}\n");
	shelf_put(&shelf, "ups-mib.yaml",
	    "vendor: IETF\ntitle: UPS\ntransport: snmp\nbase: 1.3.6.1.2.1.33\nstandard: yes\n"
	    "match:\n  - {probe: .1}\npoints:\n"
	    "  - {point: battery.charge, class: charge, oid: .1.2.4.0}\n");
	meet(2, PDU "1.3.6.1.2.1.33.1.2.4.0|2|98\n");
	assert_string_equal(polled(), "battery.charge 98\n");
	assert_string_equal(view.match, "standard");
	/* When that has nothing either, it is its maker's after all. */
	agent_say(agent, PDU "1.3.6.1.2.1.33.1.9.0|2|98\n");
	polled();
	assert_string_equal(polled(), "a - no such instance\n");
	assert_string_equal(view.profile, "pdu");
}

static void
another_device_behind_the_address_is_met_in_the_same_poll(void **state)
{
	(void)state;
	know("  - {point: a, class: power, oid: .1.0}\n");
	shelf_put(&shelf, "ups.yaml",
	    SHELF_HEAD "match:\n  - {sysObjectID: .2}\npoints:\n"
		       "  - {point: battery.charge, class: charge, oid: .5.0}\n");
	meet(2, PDU ACME "1.0|2|5\n");
	assert_string_equal(polled(), "a 5\n");
	assert_string_equal(view.profile, "pdu");
	agent_say(agent,
	    "1.3.6.1.2.1.1.1.0|4|Acme UPS\n1.3.6.1.2.1.1.2.0|6|" ACME "2.7\n" ACME "5.0|2|98\n");
	assert_string_equal(polled(), "battery.charge 98\n");
	assert_string_equal(view.profile, "ups");
	assert_string_equal(view.model, "");
	assert_int_equal(view.layout, 2);
}

/* ---- what the device will not do ---- */

static void
an_object_it_refuses_is_absent_alone_and_asked_again_later(void **state)
{
	unsigned quiet, asked;

	(void)state;
	know("  - {point: a, class: power, oid: .1.0}\n"
	     "  - {point: b, class: power, oid: .2.0}\n"
	     "  - {point: c, class: power, oid: .3.0}\n");
	meet(2, PDU ACME "1.0|2|1\n" ACME "2.0|2|2\n" ACME "3.0|2|3\n");
	polled();
	asked = agent_asked(agent);
	assert_string_equal(polled(), "a 1\nb 2\nc 3\n");
	quiet = agent_asked(agent) - asked;
	agent_refuse(agent, ACME "2.0");
	assert_string_equal(polled(), "a 1\nb - the device refuses it\nc 3\n");
	/* Left out, it spoils no request. */
	asked = agent_asked(agent);
	assert_string_equal(polled(), "a 1\nb - the device refuses it\nc 3\n");
	assert_int_equal(agent_asked(agent) - asked, quiet);
	agent_refuse(agent, NULL);
	for (unsigned polls = 0; polls < 30; polls++)
		assert_string_equal(polled(), "a 1\nb - the device refuses it\nc 3\n");
	assert_string_equal(polled(), "a 1\nb 2\nc 3\n");
}

/* Of v1 a companion that is not there comes as a refusal, and is left out of the polls after. */
static void
a_companion_that_a_v1_device_has_not_does_not_count(void **state)
{
	(void)state;
	know("  - {point: \"p.{n}\", class: power, column: .2, valid: {column: .3, not: [2]}}\n"
	     "  - {point: \"q.{n}\", class: power, column: .2, valid: {column: .4, is: [2]}}\n");
	meet(1, PDU ACME "2.1|2|7\n");
	for (unsigned polls = 0; polls < 40; polls++)
		assert_string_equal(polled(), "p.1 7\nq.1 - the device says it is not valid\n");
}

static void
a_v1_device_that_lacks_half_is_read_all_the_same(void **state)
{
	(void)state;
	know("  - {point: a, class: power, oid: .1.0}\n"
	     "  - {point: b, class: power, oid: .2.0, optional: yes}\n"
	     "  - {point: c, class: power, oid: .3.0}\n"
	     "  - {point: \"d.{n}\", class: power, column: .4}\n");
	meet(1, PDU ACME "1.0|2|1\n" ACME "4.1|2|4\n" ACME "4.2|2|5\n");
	for (unsigned polls = 0; polls < 3; polls++)
		assert_string_equal(polled(),
		    polls == 0 ? "a 1\nc - no such instance\nd.1 4\nd.2 5\n"
			       : "a 1\nc - the device refuses it\nd.1 4\nd.2 5\n");
	assert_int_equal(view.layout, 1);
}

static void
a_device_that_answers_little_at_once_is_asked_in_parts(void **state)
{
	(void)state;
	know("  - {point: \"p.{n}\", class: power, column: .2}\n");
	meet(2,
	    PDU ACME "2.1|2|1\n" ACME "2.2|2|2\n" ACME "2.3|2|3\n" ACME "2.4|2|4\n" ACME
		     "2.5|2|5\n");
	agent_limit(agent, 2);
	for (unsigned polls = 0; polls < 3; polls++)
		assert_string_equal(polled(), "p.1 1\np.2 2\np.3 3\np.4 4\np.5 5\n");
}

/* The request of the guards is lost, the one of the readings is not. */
static void
a_reading_whose_guard_was_not_read_says_no_lie(void **state)
{
	(void)state;
	shelf_put(&shelf, "pdu.yaml",
	    SHELF_HEAD "match:\n  - {sysObjectID: .1}\nlimits: {objects: 3}\npoints:\n"
		       "  - {point: \"{name}.p\", class: power, column: .2, name: .3}\n");
	meet(2, PDU ACME "2.1|2|1\n" ACME "3.1|4|web\n");
	assert_string_equal(polled(), "web.p 1\n");
	agent_ignore(agent, ACME "3.1");
	assert_int_equal(xn_device_poll(device, 3600, &view, &err), XN_OK);
	assert_string_equal(view.readings[0].why, "not read");
	agent_ignore(agent, NULL);
	assert_string_equal(polled(), "web.p 1\n");
	assert_int_equal(view.layout, 1);
}

static void
a_silent_device_is_told_by_the_deadline_and_keeps_its_points(void **state)
{
	int64_t end;

	(void)state;
	know("  - {point: a, class: power, oid: .1.0}\n");
	meet(2, PDU ACME "1.0|2|1\n");
	assert_string_equal(polled(), "a 1\n");
	agent_ignore(agent, "1.3.6.1.2.1.1.2.0");
	end = xn_deadline_in(300 + 4 * XN_HUB_TICK_MS);
	assert_int_equal(xn_device_poll(device, 300, &view, &err), XN_EUNREACHABLE);
	assert_true(xn_deadline_left(end) > 0);
	assert_non_null(strstr(err.text, "127.0.0.1:"));
	assert_string_equal(view.readings[0].why, "not read");
	agent_ignore(agent, NULL);
	assert_string_equal(polled(), "a 1\n");
	assert_int_equal(view.layout, 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    STORY(a_recording_is_recognised_and_read_as_a_device),
	    STORY(a_device_nobody_knows_is_asked_who_it_is_at_every_poll),
	    STORY(a_profile_whose_points_are_wrong_is_told_at_every_poll),
	    STORY(a_unit_the_device_writes_itself_wins),
	    STORY(a_table_that_is_renumbered_is_absent_and_then_read_anew),
	    STORY(a_device_switched_from_degc_to_degf_is_noticed),
	    STORY(a_device_whose_scale_changed_is_noticed),
	    STORY(what_the_device_calls_invalid_is_absent_until_it_is_not),
	    STORY(a_row_that_goes_is_absent_and_its_table_looked_at_anew),
	    STORY(a_probe_that_is_plugged_in_is_looked_at_before_it_is_read),
	    STORY(a_card_that_answers_only_the_standard_is_read_by_it),
	    STORY(another_device_behind_the_address_is_met_in_the_same_poll),
	    STORY(an_object_it_refuses_is_absent_alone_and_asked_again_later),
	    STORY(a_companion_that_a_v1_device_has_not_does_not_count),
	    STORY(a_v1_device_that_lacks_half_is_read_all_the_same),
	    STORY(a_device_that_answers_little_at_once_is_asked_in_parts),
	    STORY(a_reading_whose_guard_was_not_read_says_no_lie),
	    STORY(a_silent_device_is_told_by_the_deadline_and_keeps_its_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
