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

#define IDENTITY "1.3.6.1.2.1.1.1.0|4|Acme PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1\n"
#define ACME     "1.3.6.1.4.1.9."
#define MANY     120

/* A device of a hub, and what its polls gave. */
struct seat {
	struct xn_device *device;
	struct seat *other; /* is closed when this one is told */
	unsigned polls;
	int code;
	double value;
	const struct xn_point *points;
};

static struct shelf shelf;
static struct agent *agent;
static struct xn_hub *hub;
static struct seat seats[MANY];
static struct xn_error err;

static int
set_up(void **state)
{
	(void)state;
	shelf_open(&shelf);
	memset(seats, 0, sizeof(seats));
	shelf_put(&shelf, "pdu.yaml",
	    SHELF_HEAD "match:\n  - {sysObjectID: .1}\npoints:\n"
		       "  - {point: \"{name}.t\", class: temperature, column: .2, name: .3, "
		       "unit_from: .4, valid: {column: .5, not: [2]}}\n");
	shelf_load(&shelf);
	return xn_hub_open(&hub, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		xn_device_close(seats[i].device);
	xn_hub_close(hub);
	agent_stop(agent);
	agent = NULL;
	shelf_close(&shelf);
	return 0;
}

static void
on_done(void *to, struct xn_device *device, int code, const struct xn_device_view *view,
    const struct xn_error *error)
{
	struct seat *seat = to;

	(void)error;
	assert_ptr_equal(seat->device, device); /* nobody is told who was closed */
	seat->polls++;
	seat->code = code;
	seat->value = view->count > 0 ? view->readings[0].value : 0;
	seat->points = view->points;
	if (seat->other != NULL) {
		xn_device_close(seat->other->device);
		seat->other->device = NULL;
	}
}

static void
take_seat(struct seat *seat, const char *url)
{
	assert_int_equal(
	    xn_device_open(&seat->device, hub, url, shelf.profiles, NULL, &err), XN_OK);
}

/* All who are there are polled once. */
static void
poll_all(unsigned count, int deadline_ms)
{
	int64_t end = xn_deadline_in(deadline_ms + 1000);
	bool left = true;

	for (unsigned i = 0; i < count; i++) {
		seats[i].polls = 0;
		xn_device_start(seats[i].device, deadline_ms, on_done, &seats[i]);
	}
	while (left && xn_deadline_left(end) > 0) {
		left = false;
		for (unsigned i = 0; i < count; i++)
			left = left || (seats[i].device != NULL && seats[i].polls == 0);
		if (left)
			xn_hub_turn(hub, XN_HUB_TICK_MS, -1);
	}
	assert_false(left);
}

/* A device that says so much of itself, by a recording. */
static void
record(struct seat *seat, const char *file, const char *label, const char *unit, int valid)
{
	char rows[512];
	char url[160];

	snprintf(rows, sizeof(rows),
	    IDENTITY ACME "2.1|2|20\n" ACME "3.1|4|%s\n" ACME "4.1|4|%s\n" ACME "5.1|2|%d\n", label,
	    unit, valid);
	snprintf(url, sizeof(url), "replay:%s", shelf_put(&shelf, file, rows));
	take_seat(seat, url);
}

static void
devices_of_one_kind_share_a_layout_and_others_do_not(void **state)
{
	(void)state;
	record(&seats[0], "a", "inlet", "degC", 1);
	record(&seats[1], "b", "inlet", "degC", 1);
	record(&seats[2], "c", "outlet", "degC", 1);
	record(&seats[3], "d", "inlet", "degF", 1);
	record(&seats[4], "e", "inlet", "degC", 2); /* what is valid now is no other kind */
	for (unsigned i = 0; i < 5; i++) {
		xn_device_start(seats[i].device, 1000, on_done, &seats[i]);
		assert_int_equal(seats[i].polls, 1); /* a recording answers at once */
	}
	assert_ptr_equal(seats[0].points, seats[1].points);
	assert_ptr_equal(seats[0].points, seats[4].points);
	assert_ptr_not_equal(seats[0].points, seats[2].points);
	assert_ptr_not_equal(seats[0].points, seats[3].points);
	assert_ptr_not_equal(seats[2].points, seats[3].points);
	assert_string_equal(seats[0].points[0].name, "inlet.t");
	assert_string_equal(seats[2].points[0].name, "outlet.t");
	assert_true(seats[3].value < -6 && seats[0].value == 20);
}

static void
start_agent(void)
{
	agent = agent_start(&shelf,
	    IDENTITY ACME "2.1|2|20\n" ACME "3.1|4|inlet\n" ACME "4.1|4|degC\n" ACME "5.1|2|1\n");
}

static void
many_devices_are_polled_side_by_side_on_one_thread(void **state)
{
	(void)state;
	start_agent();
	for (unsigned i = 0; i < MANY; i++)
		take_seat(&seats[i], agent_url(agent, 2));
	for (unsigned polls = 0; polls < 3; polls++) {
		poll_all(MANY, 8000);
		for (unsigned i = 0; i < MANY; i++) {
			assert_int_equal(seats[i].code, XN_OK);
			assert_true(seats[i].value == 20);
			assert_ptr_equal(seats[i].points, seats[0].points);
		}
	}
}

/* A hundred silent devices cost one deadline, not a hundred. */
static void
silent_devices_wait_together(void **state)
{
	int64_t end;

	(void)state;
	start_agent();
	agent_ignore(agent, "1.3.6.1.2.1.1.2.0");
	for (unsigned i = 0; i < MANY; i++)
		take_seat(&seats[i], agent_url(agent, 2));
	end = xn_deadline_in(1500);
	poll_all(MANY, 300);
	assert_true(xn_deadline_left(end) > 0);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(seats[i].code, XN_EUNREACHABLE);
}

static void
a_device_may_be_closed_when_another_one_is_told(void **state)
{
	(void)state;
	start_agent();
	for (unsigned i = 0; i < 40; i++)
		take_seat(&seats[i], agent_url(agent, 2));
	for (unsigned i = 0; i < 40; i++)
		seats[i].other = &seats[i ^ 1];
	poll_all(40, 4000);
	for (unsigned i = 0; i < 40; i += 2)
		assert_int_equal(seats[i].polls + seats[i + 1].polls, 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    STORY(devices_of_one_kind_share_a_layout_and_others_do_not),
	    STORY(many_devices_are_polled_side_by_side_on_one_thread),
	    STORY(silent_devices_wait_together),
	    STORY(a_device_may_be_closed_when_another_one_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
