/* What the books keep beside the entries: gauges of a rack's intake and a host's CPU. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/shell/facts.h"
#include "tests/lib/books_make.h"

struct fixture {
	struct books_make make;
	struct xn_arena arena;
	struct xn_topo_rack rack;
	struct xn_topo_host topo_host;
	struct xn_topo_meter topo_meter;
	struct xn_topology topology;
	struct xn_host host;
	struct xn_core core;
	struct xn_meters *meters;
	struct xn_gauges *gauges;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	books_make_open(&f->make, NULL, NULL);
	xn_arena_map(&f->arena, 1 << 20);
	f->rack = (struct xn_topo_rack){.name = "A07"};
	f->topo_host = (struct xn_topo_host){.name = "h1"};
	f->topo_meter = (struct xn_topo_meter){.name = "A07/inlet", .role = XN_METER_INLET};
	f->topology = (struct xn_topology){.racks = &f->rack,
	    .rack_count = 1,
	    .hosts = &f->topo_host,
	    .host_count = 1,
	    .meters = &f->topo_meter,
	    .meter_count = 1,
	    .utc_offset_s = 25200,
	    .fresh = {30000},
	    .interval = {1800000}};
	f->host.cpus = 16;
	f->core.hosts = &f->host;
	f->meters = xn_meters_new(&f->arena, &f->topology);
	f->gauges = xn_gauges_new(&f->arena, &f->topology);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	books_make_close(&f->make);
	xn_arena_unmap(&f->arena);
	free(f);
	return 0;
}

static void
at(struct fixture *f, int64_t seconds, int64_t millicelsius, int64_t used_millicores)
{
	xn_instant now = {books_make_at("2026-11-25").ms + seconds * 1000};
	struct xn_event reading = {.kind = XN_EV_READING,
	    .reading = {.quality = XN_QUALITY_GOOD,
		.temperature = xn_millicelsius(millicelsius),
		.at = now}};
	struct xn_error err;

	if (millicelsius != 0)
		xn_meters_take(f->meters, &reading);
	f->host.used_millicores = used_millicores;
	assert_int_equal(xn_store_commit(f->make.store, &err), XN_OK);
	assert_int_equal(
	    xn_gauges_take(f->gauges, f->meters, &f->core, now, f->make.store, &err), XN_OK);
	assert_int_equal(xn_store_begin(f->make.store, &err), XN_OK);
}

static int
write_gauge(const struct xn_books_gauge *row, void *context, struct xn_error *err)
{
	char *text = context;

	(void)err;
	snprintf(text + strlen(text), 256, "%s +%d min: %lld (%lld..%lld) of %u\n", row->name,
	    (int)((row->start.ms - books_make_at("2026-11-25").ms) / 60000), (long long)row->mean,
	    (long long)row->min, (long long)row->max, row->samples);
	return XN_OK;
}

static const char *
told(struct fixture *f, enum xn_gauge gauge)
{
	static char text[256];
	struct xn_error err;

	text[0] = '\0';
	assert_int_equal(
	    xn_books_gauges(books_make_read(&f->make), gauge, books_make_at("2026-11-25"),
		books_make_at("2026-11-26"), write_gauge, text, &err),
	    XN_OK);
	return text;
}

static void
an_interval_is_the_mean_of_its_samples(void **state)
{
	struct fixture *f = *state;

	at(f, 10, 21000, 4000);
	at(f, 20, 24000, 8000);
	assert_string_equal(told(f, XN_GAUGE_INLET), "");
	at(f, 1800, 30000, 16000);
	assert_string_equal(
	    told(f, XN_GAUGE_INLET), "A07/inlet +0 min: 22500 (21000..24000) of 2\n");
	assert_string_equal(told(f, XN_GAUGE_USE), "h1 +0 min: 375000 (250000..500000) of 2\n");
}

static void
a_temperature_that_is_not_known_is_no_sample(void **state)
{
	struct fixture *f = *state;

	at(f, 10, 21000, 0);
	at(f, 100, 0, 0); /* the reading is older than fresh */
	at(f, 2000, 0, 0);
	at(f, 4000, 0, 0);
	assert_string_equal(
	    told(f, XN_GAUGE_INLET), "A07/inlet +0 min: 21000 (21000..21000) of 1\n");
	assert_string_equal(
	    told(f, XN_GAUGE_USE), "h1 +0 min: 0 (0..0) of 2\nh1 +30 min: 0 (0..0) of 1\n");
}

static void
a_gauge_goes_with_the_detail_of_its_time(void **state)
{
	struct fixture *f = *state;
	xn_instant later = {books_make_at("2026-11-25").ms + 400 * INT64_C(86400000) + 1000000};
	struct xn_error err;
	uint32_t pruned;

	at(f, 10, 21000, 4000);
	at(f, 1810, 22000, 4000);
	at(f, 3610, 22000, 4000);
	assert_int_equal(xn_store_prune(f->make.store, later, 100, &pruned, &err), XN_OK);
	assert_int_equal(pruned, 2);
	assert_string_equal(
	    told(f, XN_GAUGE_INLET), "A07/inlet +30 min: 22000 (22000..22000) of 1\n");
}

int
main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    STORY(an_interval_is_the_mean_of_its_samples),
	    STORY(a_temperature_that_is_not_known_is_no_sample),
	    STORY(a_gauge_goes_with_the_detail_of_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
