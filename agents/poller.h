/*
 * Poller: which device to read next on which bus, and how much to trust what was read last. Pure:
 * it is told the time (monotonic milliseconds) and what happened, and answers. A bus is read one
 * device at a time; devices that answer come first, and one that does not is tried in the pauses
 * between them, with exponential back-off and jitter from a seed, so that it cannot delay the
 * others. Devices of a shared bus are asked side by side, each when it is due.
 *
 * Invariants: (1) a device is asked again only after its answer was told; (2) one device of a bus
 * that is not shared is asked at a time; (3) due times stay on the device's own grid while it
 * answers, and what was missed is not made up for.
 */
#ifndef XN_AGENTS_POLLER_H
#define XN_AGENTS_POLLER_H

#include <stdbool.h>
#include <stdint.h>

/* Devices of one agent: 40 devices of 100 points fill XN_SLOTS_MAX; small meters are more. */
#define XN_POLL_DEVICES_MAX 256
#define XN_POLL_NONE        UINT32_MAX

enum xn_freshness {
	XN_FRESH_NEVER, /* has not answered yet */
	XN_FRESH_GOOD,
	XN_FRESH_STALE, /* no answer for three periods */
};

struct xn_poll_device {
	uint32_t bus;
	bool shared; /* the bus is */
	int64_t period_ms;
	int64_t due_ms;
	int64_t good_ms;    /* of the last answer */
	int64_t elapsed_ms; /* the last answer took so long */
	unsigned failures;  /* in a row */
	bool asked;
	bool hurried;  /* called while it was asked: its answer may be from before */
	bool answered; /* at least once */
};

struct xn_poller {
	struct xn_poll_device devices[XN_POLL_DEVICES_MAX];
	uint32_t count;
	uint64_t random;
};

void xn_poller_init(struct xn_poller *poller, uint64_t seed);

/* Adds a device that is due at once; its id, or XN_POLL_NONE when there are too many. */
uint32_t xn_poller_add(
    struct xn_poller *poller, uint32_t bus, bool shared, int64_t period_ms, int64_t now_ms);

/* The device to ask now on `bus` and its deadline; XN_POLL_NONE if none or the bus is busy. */
uint32_t xn_poller_next(
    struct xn_poller *poller, uint32_t bus, int64_t now_ms, int *ret_deadline_ms);

/* The answer to xn_poller_next: whether it could be read and how long that took. */
void xn_poller_done(
    struct xn_poller *poller, uint32_t device, bool good, int64_t now_ms, int64_t elapsed_ms);

/* A trap came: read this device as soon as its bus is free, once more if it is being read. */
void xn_poller_hurry(struct xn_poller *poller, uint32_t device, int64_t now_ms);

/* When to look again at the earliest, if no answer comes before; INT64_MAX: never. */
int64_t xn_poller_wake(const struct xn_poller *poller, int64_t now_ms);

enum xn_freshness xn_poller_freshness(
    const struct xn_poller *poller, uint32_t device, int64_t now_ms);

/* A number in 0..below-1 from the poller's own seed (full jitter of every back-off). */
int64_t xn_jitter(uint64_t *random, int64_t below);

#endif
