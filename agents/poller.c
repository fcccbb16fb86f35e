#include "agents/poller.h"

#include <assert.h>

/*
 * A healthy device gets its usual time four times over. One in trouble gets one second, and one
 * more after every fourth try, so that a device that has only become slow is found again. The first
 * answer finds the model and reads the whole profile, so it starts at two.
 */
#define DEADLINE_MS_MIN     500
#define DEADLINE_MS_MAX     5000
#define DEADLINE_MS_FIRST   2000
#define DEADLINE_MS_TROUBLE 1000
#define BACKOFF_MS_MAX      15000
#define STALE_PERIODS       3
/* A device in trouble waits for a pause on its bus, but not for ever. */
#define PATIENCE_MS         30000

int64_t
xn_jitter(uint64_t *random, int64_t below)
{
	uint64_t z = (*random += UINT64_C(0x9E3779B97F4A7C15)); /* splitmix64 */

	assert(below > 0);
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (int64_t)((z ^ (z >> 31)) % (uint64_t)below);
}

void
xn_poller_init(struct xn_poller *poller, uint64_t seed)
{
	poller->count = 0;
	poller->random = seed;
}

uint32_t
xn_poller_add(
    struct xn_poller *poller, uint32_t bus, bool shared, int64_t period_ms, int64_t now_ms)
{
	assert(period_ms > 0);
	if (poller->count == XN_POLL_DEVICES_MAX)
		return XN_POLL_NONE;
	poller->devices[poller->count] = (struct xn_poll_device){
	    .bus = bus, .shared = shared, .period_ms = period_ms, .due_ms = now_ms};
	return poller->count++;
}

static int
deadline_of(const struct xn_poll_device *device)
{
	int64_t deadline = device->elapsed_ms * 4;

	if (!device->answered)
		deadline = DEADLINE_MS_FIRST + device->failures * INT64_C(1000);
	else if (device->failures > 0)
		deadline = DEADLINE_MS_TROUBLE + device->failures / 4 * INT64_C(1000);
	if (deadline < DEADLINE_MS_MIN)
		deadline = DEADLINE_MS_MIN;
	return deadline > DEADLINE_MS_MAX ? DEADLINE_MS_MAX : (int)deadline;
}

/* When the next healthy device of this bus is due: the pause lasts until then. */
static int64_t
pause_until(const struct xn_poller *poller, uint32_t bus)
{
	int64_t until = INT64_MAX;

	for (uint32_t i = 0; i < poller->count; i++) {
		const struct xn_poll_device *device = &poller->devices[i];

		if (device->bus == bus && device->failures == 0 && device->due_ms < until)
			until = device->due_ms;
	}
	return until;
}

static bool
is_candidate(const struct xn_poll_device *device, int64_t now_ms, int64_t pause_ms)
{
	if (device->due_ms > now_ms)
		return false;
	if (device->failures == 0 || device->shared)
		return true;
	return pause_ms >= now_ms + deadline_of(device) || now_ms - device->due_ms > PATIENCE_MS;
}

static bool
comes_before(const struct xn_poll_device *a, const struct xn_poll_device *b)
{
	bool a_well = a->failures == 0;
	bool b_well = b->failures == 0;

	return a_well != b_well ? a_well : a->due_ms < b->due_ms;
}

uint32_t
xn_poller_next(struct xn_poller *poller, uint32_t bus, int64_t now_ms, int *ret_deadline_ms)
{
	int64_t pause_ms = pause_until(poller, bus);
	uint32_t best = XN_POLL_NONE;

	for (uint32_t i = 0; i < poller->count; i++) {
		const struct xn_poll_device *device = &poller->devices[i];

		if (device->bus != bus)
			continue;
		if (device->asked && !device->shared)
			return XN_POLL_NONE; /* invariant 2 */
		if (!device->asked && is_candidate(device, now_ms, pause_ms) &&
		    (best == XN_POLL_NONE || comes_before(device, &poller->devices[best])))
			best = i;
	}
	if (best != XN_POLL_NONE) {
		poller->devices[best].asked = true;
		*ret_deadline_ms = deadline_of(&poller->devices[best]);
	}
	return best;
}

static int64_t
backoff_ms(struct xn_poller *poller, const struct xn_poll_device *device)
{
	int64_t limit = device->period_ms;

	for (unsigned i = 1; i < device->failures && limit < BACKOFF_MS_MAX; i++)
		limit *= 2;
	if (limit > BACKOFF_MS_MAX)
		limit = BACKOFF_MS_MAX;
	return limit / 2 + xn_jitter(&poller->random, limit / 2 + 1);
}

void
xn_poller_done(struct xn_poller *poller, uint32_t id, bool good, int64_t now_ms, int64_t elapsed_ms)
{
	struct xn_poll_device *device = &poller->devices[id];
	bool hurried = device->hurried;

	assert(id < poller->count && device->asked); /* invariant 1 */
	device->asked = false;
	device->hurried = false;
	if (!good) {
		device->failures++;
		device->due_ms = now_ms + backoff_ms(poller, device);
		return;
	}
	device->failures = 0;
	device->answered = true;
	device->good_ms = now_ms;
	device->elapsed_ms = elapsed_ms;
	device->due_ms += device->period_ms; /* invariant 3 */
	if (device->due_ms <= now_ms)
		device->due_ms +=
		    (now_ms - device->due_ms) / device->period_ms * device->period_ms +
		    device->period_ms;
	if (hurried)
		device->due_ms = now_ms;
}

void
xn_poller_hurry(struct xn_poller *poller, uint32_t id, int64_t now_ms)
{
	struct xn_poll_device *device = &poller->devices[id];

	assert(id < poller->count);
	device->hurried = device->asked;
	if (device->due_ms > now_ms)
		device->due_ms = now_ms;
}

int64_t
xn_poller_wake(const struct xn_poller *poller, int64_t now_ms)
{
	int64_t wake = INT64_MAX;

	for (uint32_t i = 0; i < poller->count; i++) {
		const struct xn_poll_device *device = &poller->devices[i];
		int64_t due = device->due_ms;

		if (device->asked)
			continue;
		/* Overdue and not chosen: its bus is busy or has no pause; look again shortly. */
		if (due <= now_ms)
			due = now_ms + 100;
		if (due < wake)
			wake = due;
	}
	return wake;
}

enum xn_freshness
xn_poller_freshness(const struct xn_poller *poller, uint32_t id, int64_t now_ms)
{
	const struct xn_poll_device *device = &poller->devices[id];

	assert(id < poller->count);
	if (!device->answered)
		return XN_FRESH_NEVER;
	return now_ms - device->good_ms > STALE_PERIODS * device->period_ms ? XN_FRESH_STALE
									    : XN_FRESH_GOOD;
}
