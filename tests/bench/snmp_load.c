/*
 * Thousands of SNMP devices polled in one process: the drivers' hub on one thread, every reading
 * validated and written to a spool as an agent does, without the limit of an agent's slots. Polls
 * until standard input ends, then says how many polls were good and how many failed. What it costs
 * is measured from outside (snmp_bench).
 *
 *     snmp_load ADDRESS:PORT COUNT QUERY PERIOD_MS SPOOL PROFILES
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agents/spool.h"
#include "agents/validate.h"
#include "common/loop.h"
#include "drivers/driver.h"
#include "drivers/profiles.h"
#include "drivers/reading.h"

#define DEADLINE_MS 5000
#define SYNC_MS     1000
#define TICK_MS     100

struct load;

struct member {
	struct load *load;
	struct xn_device *device;
	struct xn_sample *before; /* by the points of layout `layout` */
	unsigned layout;
	int64_t read_ms;
	bool asked;
};

struct load {
	struct xn_hub *hub;
	struct xn_profiles *profiles;
	struct xn_spool *spool;
	struct member *members;
	size_t count;
	int64_t period_ms;
	uint64_t polls; /* begun: the next is of member polls % count */
	uint64_t good, failed;
	struct xn_frame frame;
};

static void
give_up(const struct xn_error *err)
{
	fprintf(stderr, "snmp_load: %s\n", err->text);
	exit(xn_exit_of(err->code));
}

static void
take_readings(struct member *member, const struct xn_device_view *view)
{
	struct xn_frame *frame = &member->load->frame;
	int64_t now_ms = xn_clock_monotonic_ms();
	struct xn_error err;

	if (member->before == NULL || member->layout != view->layout) {
		free(member->before);
		member->before = calloc(view->count, sizeof(member->before[0]));
		member->layout = view->layout;
	}
	frame->at = xn_clock_now();
	frame->count = (uint16_t)view->count;
	for (unsigned i = 0; i < view->count; i++) {
		struct xn_sample sample = xn_validate(view->points[i].rule->class_,
		    view->readings[i].sample, member->before[i], now_ms - member->read_ms);

		member->before[i] = sample;
		frame->rows[i] = (struct xn_frame_row){(uint16_t)i, sample};
	}
	member->read_ms = now_ms;
	if (xn_spool_append(member->load->spool, frame, &err) != XN_OK)
		give_up(&err);
}

static void
on_done(void *to, struct xn_device *device, int code, const struct xn_device_view *view,
    const struct xn_error *err)
{
	struct member *member = to;

	(void)device;
	member->asked = false;
	if (code == XN_OK) {
		member->load->good++;
		take_readings(member, view);
	} else if (member->load->failed++ == 0) {
		fprintf(stderr, "snmp_load: %s\n", err->text);
	}
}

/* Devices take their turns evenly over the period, those of one tick together. */
static int64_t
due_ms(const struct load *load, int64_t began_ms)
{
	int64_t due = (int64_t)(load->polls * (uint64_t)load->period_ms / load->count);

	return began_ms + due / TICK_MS * TICK_MS;
}

static void
run(struct load *load)
{
	int64_t began_ms = xn_clock_monotonic_ms(), synced_ms = began_ms;
	struct pollfd end = {.fd = STDIN_FILENO, .events = POLLIN};
	struct xn_error err;

	while (poll(&end, 1, 0) == 0) {
		int64_t now_ms = xn_clock_monotonic_ms();

		for (; due_ms(load, began_ms) <= now_ms; load->polls++) {
			struct member *member = &load->members[load->polls % load->count];

			if (member->asked)
				continue; /* still busy with its last turn, which is a failure */
			member->asked = true;
			xn_device_start(member->device, DEADLINE_MS, on_done, member);
		}
		if (now_ms - synced_ms >= SYNC_MS) {
			synced_ms = now_ms;
			if (xn_spool_sync(load->spool, &err) != XN_OK)
				give_up(&err);
		}
		xn_hub_turn(load->hub, (int)(due_ms(load, began_ms) - now_ms), STDIN_FILENO);
	}
}

static int
open_member(struct load *load, size_t number, uint32_t address, unsigned port, const char *query,
    struct xn_error *err)
{
	struct in_addr at = {.s_addr = htonl(address + (uint32_t)number)};
	char host[INET_ADDRSTRLEN], url[512];
	struct member *member = &load->members[number];

	inet_ntop(AF_INET, &at, host, sizeof(host));
	snprintf(url, sizeof(url), "snmp://%s:%u?%s", host, port, query);
	member->load = load;
	return xn_device_open(&member->device, load->hub, url, load->profiles, NULL, err);
}

static int
open_all(struct load *load, const char *at, const char *query, const char *spool,
    const char *profiles, struct xn_error *err)
{
	struct rlimit files;
	struct in_addr first;
	char host[64];
	unsigned port;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (sscanf(at, "%63[0-9.]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &first) != 1 ||
	    load->count == 0 || load->period_ms <= 0)
		return xn_fail(err, XN_EINVALID, "%s: no ADDRESS:PORT, or no devices", at);
	load->members = calloc(load->count, sizeof(load->members[0]));
	if (load->members == NULL || xn_hub_open(&load->hub, err) != XN_OK ||
	    xn_profiles_load(&load->profiles, profiles, err) != XN_OK ||
	    xn_spool_open(&load->spool, spool, XN_SPOOL_LIMITS, err) != XN_OK)
		return err->code;
	for (size_t i = 0; i < load->count; i++)
		if (open_member(load, i, ntohl(first.s_addr), port, query, err) != XN_OK)
			return err->code;
	return XN_OK;
}

int
main(int argc, char **argv)
{
	struct load *load = calloc(1, sizeof(*load));
	struct xn_error err = {0};

	if (argc != 7 || load == NULL) {
		fprintf(
		    stderr, "usage: snmp_load ADDRESS:PORT COUNT QUERY PERIOD_MS SPOOL PROFILES\n");
		return XN_EXIT_USAGE;
	}
	load->count = strtoul(argv[2], NULL, 10);
	load->period_ms = strtol(argv[4], NULL, 10);
	if (open_all(load, argv[1], argv[3], argv[5], argv[6], &err) != XN_OK)
		give_up(&err);
	run(load);
	printf("%" PRIu64 " good, %" PRIu64 " failed\n", load->good, load->failed);
	for (size_t i = 0; i < load->count; i++) {
		xn_device_close(load->members[i].device);
		free(load->members[i].before);
	}
	xn_hub_close(load->hub);
	xn_profiles_free(load->profiles);
	xn_spool_close(load->spool);
	free(load->members);
	free(load);
	return 0;
}
