#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/shell/intake.h"

#define NOW 1700000000000

static struct xn_site_device devices[3] = {
    {.name = "pdu-a", .rack = 0, .feed = 0, .poll = {10000}, .enabled = true, .agent = "A07"},
    {.name = "pdu-b", .rack = 0, .feed = 1, .poll = {10000}, .enabled = true, .agent = "A07"},
    {.name = "other",
	.rack = XN_NONE,
	.feed = -1,
	.poll = {10000},
	.enabled = true,
	.agent = "site"},
};
static struct xn_site_rack racks[1] = {{.name = "A07", .room = "r", .cooling_device = XN_NONE}};
static const struct xn_site site = {
    .name = "hl1", .racks = racks, .rack_count = 1, .devices = devices, .device_count = 3};

struct fixture {
	char folder[64];
	struct xn_arena arena;
	struct xn_map map;
	struct xn_store *store;
	struct xn_intake *intake;
	uint32_t schema;
	char story[1024];
	struct xn_frame frame;
	uint8_t bytes[8192];
	struct xn_writer out;
};

static const char points[] =
    "[{\"device\":\"pdu-a\",\"point\":\"input.realpower\",\"class\":\"power\"},"
    "{\"device\":\"pdu-a\",\"point\":\"input.energy\",\"class\":\"energy\"},"
    "{\"device\":\"pdu-a\",\"point\":\"ambient.temperature\",\"class\":\"temperature\"},"
    "{\"device\":\"pdu-b\",\"point\":\"ambient.temperature\",\"class\":\"temperature\"}]";

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct xn_error err;
	bool quarantined;

	strcpy(f->folder, "/tmp/xanh-intake-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	xn_arena_map(&f->arena, 1 << 20);
	xn_map_build(&f->arena, &site, 25200, &f->map);
	assert_int_equal(xn_store_open(&f->store, f->folder, &quarantined, &err), XN_OK);
	f->intake = xn_intake_new(&f->map, f->store);
	f->schema = xn_frame_schema(0, "pdu-a", "input.realpower", XN_CLASS_POWER);
	f->schema = xn_frame_schema(f->schema, "pdu-a", "input.energy", XN_CLASS_ENERGY);
	f->schema =
	    xn_frame_schema(f->schema, "pdu-a", "ambient.temperature", XN_CLASS_TEMPERATURE);
	f->schema =
	    xn_frame_schema(f->schema, "pdu-b", "ambient.temperature", XN_CLASS_TEMPERATURE);
	f->out = (struct xn_writer){.base = f->bytes, .size = sizeof(f->bytes)};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	xn_intake_free(f->intake);
	xn_store_close(f->store);
	xn_arena_unmap(&f->arena);
	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static int
hello(struct fixture *f, const char *agent, const char *name, const char *list, uint32_t schema,
    uint64_t *ret_durable)
{
	struct xn_error err;
	char body[2048];

	snprintf(body, sizeof(body),
	    "{\"agent\":\"%s\",\"boot\":\"7\",\"schema\":%u,\"version\":\"0.1\",\"points\":%s}",
	    name, schema, list);
	return xn_intake_hello(
	    f->intake, agent, body, strlen(body), (xn_instant){NOW}, ret_durable, &err);
}

static void
greet(struct fixture *f)
{
	uint64_t durable = 99;

	assert_int_equal(hello(f, "A07", "A07", points, f->schema, &durable), XN_OK);
	assert_int_equal(durable, 0);
}

/* Journals as xanhd does, and writes a line of the story for each reading. */
static int
sink(void *context, const char *agent, const struct xn_frame *frame, const struct xn_event *events,
    unsigned count, struct xn_error *err)
{
	struct fixture *f = context;

	for (unsigned i = 0; i < count; i++) {
		char line[128];

		snprintf(line, sizeof(line), "%llu %s %s %lld mW %lld mJ %lld mK\n",
		    (unsigned long long)frame->sequence,
		    f->map.topology.meters[events[i].reading.meter].name,
		    xn_quality_word(events[i].reading.quality),
		    (long long)events[i].reading.power.mw, (long long)events[i].reading.energy.mj,
		    (long long)events[i].reading.temperature.mk);
		strcat(f->story, line);
	}
	return xn_store_mark(f->store, agent, frame->boot, frame->sequence, err);
}

static void
begin(struct fixture *f, uint64_t sequence, int64_t at_ms)
{
	f->frame =
	    (struct xn_frame){.boot = 7, .sequence = sequence, .schema = f->schema, .at = {at_ms}};
}

static void
row(struct fixture *f, uint16_t slot, int64_t milli, enum xn_quality quality)
{
	f->frame.rows[f->frame.count++] = (struct xn_frame_row){slot, {milli, quality}};
}

static int
send(struct fixture *f, const char *agent, uint64_t *ret_durable)
{
	static const struct xn_error none;
	struct xn_error err = none;
	struct xn_intake_sink to = {sink, f};
	int result;

	if (f->out.used == 0)
		xn_frame_encode(&f->frame, &f->out);
	result = xn_intake_frames(
	    f->intake, agent, f->bytes, f->out.used, (xn_instant){NOW}, &to, ret_durable, &err);
	f->out.used = 0;
	return result;
}

static void
a_frame_becomes_one_reading_per_meter(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;

	greet(f);
	begin(f, 1, NOW - 1000);
	row(f, 0, 1500000, XN_QUALITY_GOOD);
	row(f, 1, 2000, XN_QUALITY_GOOD);
	row(f, 2, 23500, XN_QUALITY_GOOD);
	assert_int_equal(send(f, "A07", &durable), XN_OK);
	assert_int_equal(durable, 1);
	assert_string_equal(f->story,
	    "1 pdu-a good 1500000 mW 7200000 mJ 0 mK\n"
	    "1 A07/inlet good 0 mW 0 mJ 296650 mK\n");
}

static void
a_frame_that_comes_twice_counts_once(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;

	greet(f);
	for (int i = 0; i < 2; i++) {
		begin(f, 5, NOW);
		row(f, 0, 1000, XN_QUALITY_GOOD);
		assert_int_equal(send(f, "A07", &durable), XN_OK);
		assert_int_equal(durable, 5);
	}
	assert_string_equal(f->story, "5 pdu-a good 1000 mW 0 mJ 0 mK\n");
}

static void
an_absent_value_is_never_zero_watts_that_are_good(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;

	greet(f);
	begin(f, 1, NOW);
	row(f, 0, 0, XN_QUALITY_ABSENT);
	row(f, 1, 2000, XN_QUALITY_GOOD);
	send(f, "A07", &durable);
	assert_string_equal(f->story, "1 pdu-a absent 0 mW 7200000 mJ 0 mK\n");
}

static void
the_inlet_is_the_hottest_probe_of_the_rack(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;

	greet(f);
	begin(f, 1, NOW);
	row(f, 2, 27000, XN_QUALITY_GOOD);
	row(f, 3, 22000, XN_QUALITY_GOOD);
	send(f, "A07", &durable);
	assert_string_equal(f->story, "1 A07/inlet good 0 mW 0 mJ 300150 mK\n");
}

static void
an_agent_is_only_itself_and_speaks_only_for_its_devices(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;
	const char *foreign =
	    "[{\"device\":\"other\",\"point\":\"input.realpower\",\"class\":\"power\"}]";

	assert_int_equal(hello(f, "A08", "A08", points, f->schema, &durable), XN_EREFUSED);
	assert_int_equal(hello(f, "A07", "site", points, f->schema, &durable), XN_EREFUSED);
	assert_int_equal(hello(f, "A07", "A07", foreign, 1, &durable), XN_EREFUSED);
	assert_int_equal(hello(f, "A07", "A07", points, f->schema + 1, &durable), XN_EINVALID);
	assert_int_equal(hello(f, "A07", "A07", "[{}]", f->schema, &durable), XN_EINVALID);
	assert_int_equal(hello(f, "A07", "A07", "[", f->schema, &durable), XN_EINVALID);
}

static void
an_agent_may_speak_of_its_own_health(void **state)
{
	static const char own[] =
	    "[{\"device\":\"agent:A07\",\"point\":\"agent.uptime\",\"class\":\"runtime\"}]";
	static const char other[] =
	    "[{\"device\":\"agent:A08\",\"point\":\"agent.uptime\",\"class\":\"runtime\"}]";
	struct fixture *f = *state;
	uint64_t durable;

	assert_int_equal(
	    hello(f, "A07", "A07", own,
		xn_frame_schema(0, "agent:A07", "agent.uptime", XN_CLASS_RUNTIME), &durable),
	    XN_OK);
	assert_int_equal(
	    hello(f, "A07", "A07", other,
		xn_frame_schema(0, "agent:A08", "agent.uptime", XN_CLASS_RUNTIME), &durable),
	    XN_EREFUSED);
}

static void
a_schema_nobody_said_hello_with_is_asked_for(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;

	begin(f, 1, NOW);
	row(f, 0, 1, XN_QUALITY_GOOD);
	assert_int_equal(send(f, "A07", &durable), XN_ENOTFOUND);
	assert_int_equal(durable, 0);
}

static void
after_a_restart_frames_go_on_without_a_hello(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;

	greet(f);
	xn_intake_free(f->intake);
	f->intake = xn_intake_new(&f->map, f->store);
	begin(f, 1, NOW);
	row(f, 0, 1000, XN_QUALITY_GOOD);
	assert_int_equal(send(f, "A07", &durable), XN_OK);
	assert_int_equal(durable, 1);
}

static void
a_wrong_clock_is_passed_over_and_blocks_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;
	uint32_t count;
	const int64_t wrong[] = {NOW + 31000, NOW - INT64_C(7) * 86400000 - 1};
	const int64_t right[] = {NOW + 30000, NOW - INT64_C(7) * 86400000};

	greet(f);
	for (unsigned i = 0; i < 2; i++) {
		begin(f, i + 1, wrong[i]);
		row(f, 0, 1, XN_QUALITY_GOOD);
		assert_int_equal(send(f, "A07", &durable), XN_OK);
		assert_int_equal(durable, i + 1);
	}
	assert_string_equal(f->story, "");
	assert_int_equal(xn_intake_agents(f->intake, &count)->refused, 2);
	for (unsigned i = 0; i < 2; i++) {
		begin(f, i + 3, right[i]);
		row(f, 0, 1, XN_QUALITY_GOOD);
		assert_int_equal(send(f, "A07", &durable), XN_OK);
	}
	assert_string_equal(f->story, "3 pdu-a good 1 mW 0 mJ 0 mK\n4 pdu-a good 1 mW 0 mJ 0 mK\n");
}

static void
what_came_before_a_bad_frame_is_kept(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;
	size_t first;

	greet(f);
	begin(f, 1, NOW);
	row(f, 0, 1000, XN_QUALITY_GOOD);
	xn_frame_encode(&f->frame, &f->out);
	first = f->out.used;
	f->frame.sequence = 2;
	xn_frame_encode(&f->frame, &f->out);
	f->bytes[first + 20] ^= 1;
	assert_int_equal(send(f, "A07", &durable), XN_EINVALID);
	assert_int_equal(durable, 1);
}

static void
a_slot_the_schema_has_not_is_no_frame(void **state)
{
	struct fixture *f = *state;
	uint64_t durable;

	greet(f);
	begin(f, 1, NOW);
	row(f, 4, 1000, XN_QUALITY_GOOD);
	assert_int_equal(send(f, "A07", &durable), XN_EINVALID);
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(a_frame_becomes_one_reading_per_meter),
	    STORY(a_frame_that_comes_twice_counts_once),
	    STORY(an_absent_value_is_never_zero_watts_that_are_good),
	    STORY(the_inlet_is_the_hottest_probe_of_the_rack),
	    STORY(an_agent_is_only_itself_and_speaks_only_for_its_devices),
	    STORY(an_agent_may_speak_of_its_own_health),
	    STORY(a_schema_nobody_said_hello_with_is_asked_for),
	    STORY(after_a_restart_frames_go_on_without_a_hello),
	    STORY(a_wrong_clock_is_passed_over_and_blocks_nothing),
	    STORY(what_came_before_a_bad_frame_is_kept),
	    STORY(a_slot_the_schema_has_not_is_no_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
