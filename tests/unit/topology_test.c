#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/shell/meters.h"
#include "orchestrator/shell/topology.h"

static struct xn_site_rack racks[2];
static struct xn_site_host hosts[1];
static struct xn_site_device devices[5];
static struct xn_site site;
static struct xn_arena arena;
static struct xn_map map;

enum { METER_MAIN, PV, PDU_A, PDU_B, CRAC };

static struct xn_site_device
device(const char *name, uint32_t rack, int feed, enum xn_measures measures)
{
	return (struct xn_site_device){.name = name,
	    .rack = rack,
	    .feed = feed,
	    .measures = measures,
	    .poll = {10000},
	    .enabled = true,
	    .agent = rack == XN_NONE ? "site" : "A07"};
}

static int
setup(void **state)
{
	(void)state;
	racks[0] = (struct xn_site_rack){.name = "A07",
	    .room = "hall-1",
	    .cooling_device = CRAC,
	    .feeds = {
		{.present = true, .rating = {22080000}}, {.present = true, .rating = {22080000}}}};
	racks[1] =
	    (struct xn_site_rack){.name = "A08", .room = "hall-1", .cooling_device = XN_NONE};
	hosts[0] = (struct xn_site_host){.name = "h1",
	    .cluster = "prod",
	    .rack = 0,
	    .outlet_count = 2,
	    .outlets = {{PDU_A, 3}, {PDU_B, 3}}};
	devices[METER_MAIN] = device("meter-main", XN_NONE, -1, XN_MEASURES_GRID);
	devices[PV] = device("pv", XN_NONE, -1, XN_MEASURES_PV);
	devices[PDU_A] = device("pdu-a07-a", 0, 0, XN_MEASURES_NOTHING);
	devices[PDU_B] = device("pdu-a07-b", 0, 1, XN_MEASURES_NOTHING);
	devices[CRAC] = device("crac-2", XN_NONE, -1, XN_MEASURES_COOLING);
	site = (struct xn_site){.name = "hl1",
	    .racks = racks,
	    .rack_count = 2,
	    .hosts = hosts,
	    .host_count = 1,
	    .devices = devices,
	    .device_count = 5};
	xn_arena_map(&arena, 1 << 20);
	xn_map_build(&arena, &site, 25200, &map);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	xn_arena_unmap(&arena);
	return 0;
}

static void
expect(uint32_t from, const char *point, enum xn_point_class class_, const char *meter,
    enum xn_channel channel)
{
	struct xn_route route = xn_map_route(&map, from, point, class_);

	if (meter == NULL) {
		assert_int_equal(route.meter, XN_NONE);
		return;
	}
	assert_int_not_equal(route.meter, XN_NONE);
	assert_string_equal(map.topology.meters[route.meter].name, meter);
	assert_int_equal(route.channel, channel);
}

static void
points_go_to_the_meters_they_are_about(void **state)
{
	(void)state;
	expect(METER_MAIN, "input.realpower", XN_CLASS_POWER, "meter-main", XN_CHANNEL_POWER);
	expect(METER_MAIN, "input.energy", XN_CLASS_ENERGY, "meter-main", XN_CHANNEL_ENERGY);
	expect(PV, "output.realpower", XN_CLASS_POWER, "pv", XN_CHANNEL_POWER);
	expect(PDU_A, "input.realpower", XN_CLASS_POWER, "pdu-a07-a", XN_CHANNEL_POWER);
	expect(PDU_A, "outlet.3.realpower", XN_CLASS_POWER, "pdu-a07-a/3", XN_CHANNEL_POWER);
	expect(PDU_B, "outlet.3.energy", XN_CLASS_ENERGY, "pdu-a07-b/3", XN_CHANNEL_ENERGY);
	expect(CRAC, "input.realpower", XN_CLASS_POWER, "crac-2", XN_CHANNEL_POWER);
}

static void
what_measures_nothing_is_only_shown(void **state)
{
	(void)state;
	expect(METER_MAIN, "input.energy.export", XN_CLASS_ENERGY, NULL, 0);
	expect(METER_MAIN, "input.L1.realpower", XN_CLASS_POWER, NULL, 0);
	expect(METER_MAIN, "ambient.temperature", XN_CLASS_TEMPERATURE, NULL, 0);
	expect(PV, "input.realpower", XN_CLASS_POWER, NULL, 0);
	expect(PDU_A, "outlet.4.realpower", XN_CLASS_POWER, NULL, 0);
	expect(PDU_A, "outlet.3.current", XN_CLASS_CURRENT, NULL, 0);
	expect(PDU_A, "outlet.99999999999999999999.realpower", XN_CLASS_POWER, NULL, 0);
	expect(METER_MAIN, "input.realpower", XN_CLASS_CURRENT, NULL, 0);
}

static void
both_pdus_of_a_rack_share_its_inlet(void **state)
{
	(void)state;
	expect(PDU_A, "ambient.temperature", XN_CLASS_TEMPERATURE, "A07/inlet",
	    XN_CHANNEL_TEMPERATURE);
	expect(PDU_B, "ambient.temperature", XN_CLASS_TEMPERATURE, "A07/inlet",
	    XN_CHANNEL_TEMPERATURE);
}

static void
racks_know_their_ratings_and_cooling(void **state)
{
	const struct xn_topo_rack *rack = &map.topology.racks[0];

	(void)state;
	assert_int_equal(rack->feed_rating[1].mw, 22080000);
	assert_string_equal(map.topology.meters[rack->cooling_meter].name, "crac-2");
	assert_int_equal(map.topology.racks[1].cooling_meter, XN_NONE);
	assert_int_equal(map.topology.fresh.ms, 30000);
}

static void
the_fingerprint_follows_the_configuration(void **state)
{
	uint64_t before = map.topology.fingerprint;

	(void)state;
	xn_map_build(&arena, &site, 25200, &map);
	assert_true(map.topology.fingerprint == before);
	hosts[0].outlets[0].number = 4;
	xn_map_build(&arena, &site, 25200, &map);
	assert_true(map.topology.fingerprint != before);
}

static void
a_device_that_is_switched_off_has_no_meter(void **state)
{
	(void)state;
	devices[PDU_B].enabled = false;
	xn_map_build(&arena, &site, 25200, &map);
	expect(PDU_B, "input.realpower", XN_CLASS_POWER, NULL, 0);
	expect(PDU_B, "outlet.3.realpower", XN_CLASS_POWER, NULL, 0);
	expect(PDU_A, "outlet.3.realpower", XN_CLASS_POWER, "pdu-a07-a/3", XN_CHANNEL_POWER);
}

static void
read_meter(struct xn_meters *meters, const char *name, int64_t watts, int64_t at_ms)
{
	struct xn_event event = {.kind = XN_EV_READING,
	    .reading = {.quality = XN_QUALITY_GOOD,
		.has_power = true,
		.power = xn_watts(watts),
		.temperature = xn_millicelsius(watts * 1000),
		.at = {at_ms}}};

	while (strcmp(map.topology.meters[event.reading.meter].name, name) != 0)
		event.reading.meter++;
	xn_meters_take(meters, &event);
}

static void
a_graph_shows_sums_and_never_a_guess(void **state)
{
	struct xn_meters *meters = xn_meters_new(&arena, &map.topology);
	struct xn_meters_row rows[3];

	(void)state;
	read_meter(meters, "pdu-a07-a", 100, 1000);
	read_meter(meters, "pdu-a07-b", 120, 1000);
	read_meter(meters, "meter-main", 300, 1000);
	read_meter(meters, "A07/inlet", 24, 1000);
	read_meter(meters, "crac-2", 50, 1000);
	xn_meters_rows(meters, (xn_instant){31000}, rows);
	assert_true(fabs(rows[0].values[0] - 300) < 0.001); /* grid_w */
	assert_true(isnan(rows[0].values[1]));              /* pv_w: never read */
	assert_true(fabs(rows[0].values[5] - 220) < 0.001); /* it_w */
	assert_true(fabs(rows[0].values[6] - 30) < 0.001);  /* losses_w */
	assert_true(fabs(rows[1].values[0] - 220) < 0.001);
	assert_true(fabs(rows[1].values[2] - 120) < 0.001);
	assert_true(fabs(rows[1].values[3] - 24) < 0.001);
	assert_true(fabs(rows[1].values[4] - 50) < 0.001);
	assert_true(isnan(rows[2].values[0])); /* a rack without meters */

	read_meter(meters, "pdu-a07-a", 90, 31001);
	xn_meters_rows(meters, (xn_instant){31001}, rows);
	assert_true(fabs(rows[1].values[1] - 90) < 0.001);
	assert_true(isnan(rows[1].values[0])); /* feed B is too old, so the sum is unknown */
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A class, a plate and a register are those of the device; its outlets have registers of their own
 * that nobody told of. */
static void
what_the_site_says_of_a_meter_is_known_to_the_core(void **state)
{
	const struct xn_topo_meter *meters;

	(void)state;
	devices[PDU_A].accuracy.ppm = 5000;
	devices[PDU_A].transformer.ppm = 2000;
	devices[PDU_A].max_power.mw = 11000000;
	devices[PDU_A].energy_register =
	    (struct xn_site_register){.bits = 32, .unit = {100 * XN_WH_MJ}};
	devices[METER_MAIN].energy_register =
	    (struct xn_site_register){.bits = 64, .unit = {XN_WH_MJ}};
	xn_map_build(&arena, &site, 25200, &map);

	meters = &map.topology.meters[map.devices[PDU_A].feed];
	assert_int_equal(meters->max.mw, 11000000);
	assert_int_equal(meters->modulus.mj, (INT64_C(1) << 32) * 100 * XN_WH_MJ);
	assert_int_equal(meters->accuracy.ppm, 5000);
	meters = &map.topology.meters[map.outlets[map.devices[PDU_A].first_outlet].meter];
	assert_int_equal(meters->max.mw, 22080000);
	assert_int_equal(meters->modulus.mj, 0);
	assert_int_equal(meters->transformer.ppm, 2000);
	assert_int_equal(map.topology.meters[map.devices[METER_MAIN].measures].modulus.mj, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(points_go_to_the_meters_they_are_about),
	    STORY(what_measures_nothing_is_only_shown),
	    STORY(what_the_site_says_of_a_meter_is_known_to_the_core),
	    STORY(both_pdus_of_a_rack_share_its_inlet),
	    STORY(racks_know_their_ratings_and_cooling),
	    STORY(the_fingerprint_follows_the_configuration),
	    STORY(a_device_that_is_switched_off_has_no_meter),
	    STORY(a_graph_shows_sums_and_never_a_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
