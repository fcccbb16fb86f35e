#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/cli/fleet_json.h"

/* The command line is no archive: its reader is compiled in here. */
#include "orchestrator/cli/fleet_json.c"

static struct xn_arena arena;
static struct xn_fleet fleet;
static struct xn_fleet_mistakes mistakes;

#define CURVE "\"power_w\":[110,135,160,180,200,215,230,245,255,262,270]"
#define RACK  "\"racks\":[{\"id\":\"A07\",\"room\":\"hall-1\",\"site\":\"hl1\"}]"
#define HOST                                                                                       \
	"{\"id\":\"h1\",\"rack\":\"A07\",\"cpu\":64,\"memory_mib\":262144,\"network_mbps\":"       \
	"10000," CURVE

static int
read_text(const char *text)
{
	xn_arena_reset(&arena);
	return xn_fleet_json_read(&arena, text, strlen(text), &fleet, &mistakes);
}

static void
expect_mistake(const char *text, const char *words)
{
	assert_int_equal(read_text(text), XN_EINVALID);
	assert_int_equal(mistakes.count, 1);
	if (strstr(mistakes.text[0], words) == NULL)
		print_error("%s\n", mistakes.text[0]);
	assert_non_null(strstr(mistakes.text[0], words));
}

static void
a_snapshot_is_read_with_its_defaults(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("{\"version\":1,\"now\":\"2026-11-23T09:00:00+07:00\"," RACK
		      ",\"hosts\":[" HOST "}],\"vms\":[{\"id\":\"v1\",\"host\":\"h1\",\"cpu\":4,"
		      "\"cpu_used\":0.9,\"cpu_p95\":null,\"memory_mib\":8192,\"strange\":1,"
		      "\"labels\":[\"web\",\"ha\"]}]}"),
	    XN_OK);
	assert_int_equal(fleet.now.ms, INT64_C(1795399200000));
	assert_int_equal(fleet.utc_offset_s, 25200);
	assert_int_equal(fleet.racks[0].inlet_mk_per_kw, 1000);
	assert_int_equal(fleet.racks[0].inlet_quality, XN_QUALITY_GOOD);
	assert_int_equal(fleet.hosts[0].state, XN_HOST_ON);
	assert_string_equal(fleet.hosts[0].cluster, "default");
	assert_int_equal(fleet.hosts[0].watts[10].mw, 270000);
	assert_int_equal(fleet.vms[0].cpu_used_millicores, 900);
	assert_int_equal(fleet.vms[0].cpu_p95_millicores, 900);
	assert_string_equal(fleet.vms[0].labels, "web ha");
	assert_true(fleet.vms[0].movable && fleet.vms[0].running);
	assert_null(fleet.vms[0].group);
}

static void
watts_are_linear_between_the_points(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"version\":1," RACK ",\"hosts\":[" HOST "}]}"), XN_OK);
	assert_int_equal(xn_fleet_host_watts(&fleet.hosts[0], 0).mw, 110000);
	assert_int_equal(xn_fleet_host_watts(&fleet.hosts[0], 3200).mw, 122500);
	assert_int_equal(xn_fleet_host_watts(&fleet.hosts[0], 64000).mw, 270000);
	assert_int_equal(xn_fleet_host_watts(&fleet.hosts[0], 99000).mw, 270000);
}

static void
each_mistake_is_named(void **state)
{
	(void)state;
	expect_mistake("{", "broken JSON");
	expect_mistake("[]", "no JSON object");
	expect_mistake("{}", "version");
	expect_mistake("{\"version\":2}", "version");
	expect_mistake("{\"version\":1,\"now\":\"today\"}", "now");
	expect_mistake("{\"version\":1,\"feeds\":[{\"id\":\"f\"}]}", "rating_w is missing");
	expect_mistake("{\"version\":1,\"feeds\":[{\"id\":\"f\",\"rating_w\":-1}]}", "negative");
	expect_mistake("{\"version\":1,\"feeds\":[{\"id\":\"f\",\"rating_w\":1},"
		       "{\"id\":\"f\",\"rating_w\":1}]}",
	    "not unique");
	expect_mistake("{\"version\":1," RACK ",\"hosts\":[" HOST ",\"state\":\"odd\"}]}", "odd");
	expect_mistake("{\"version\":1,\"hosts\":[" HOST "}]}", "rack 'A07' is not known");
	expect_mistake("{\"version\":1," RACK ",\"hosts\":[" HOST
		       ",\"state\":\"off\"}],\"vms\":[{\"id\":\"v\",\"host\":\"h1\",\"cpu\":1,"
		       "\"cpu_used\":0,\"memory_mib\":1}]}",
	    "off or asleep");
}

static void
many_unknown_references_are_all_told(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("{\"version\":1,\"racks\":["
		      "{\"id\":\"a\",\"room\":\"r\",\"site\":\"s\",\"feeds\":[\"x\",\"y\"]},"
		      "{\"id\":\"b\",\"room\":\"r\",\"site\":\"s\",\"feeds\":[\"z\"]}]}"),
	    XN_EINVALID);
	assert_int_equal(mistakes.count, 3);
}

int
main(void)
{
	static unsigned char memory[1 << 20];
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_snapshot_is_read_with_its_defaults),
	    cmocka_unit_test(watts_are_linear_between_the_points),
	    cmocka_unit_test(each_mistake_is_named),
	    cmocka_unit_test(many_unknown_references_are_all_told),
	};

	xn_arena_init(&arena, memory, sizeof(memory));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
