/*
 * Hub: many sockets served on one thread. A member is one socket whose owner may have a question in
 * flight; while it has, it is looked at every XN_HUB_TICK_MS, so that libraries which send again,
 * and deadlines, need no timers of their own.
 *
 * Invariants: (1) a member's verbs are called from xn_hub_turn only; (2) a member may leave, close
 * its socket or ask the next question inside its own verbs and those of others.
 */
#ifndef XN_DRIVERS_HUB_H
#define XN_DRIVERS_HUB_H

#include "drivers/driver.h"

#define XN_HUB_TICK_MS 50

struct xn_hub_member {
	void (*ready)(struct xn_hub_member *member); /* something can be read */
	void (*tick)(struct xn_hub_member *member);  /* while busy */
	bool busy;
	struct xn_hub_member *before, *after; /* among the busy ones */
};

/* Watches a socket for a member; false when the system refuses. A member has one at a time. */
bool xn_hub_watch(struct xn_hub *hub, struct xn_hub_member *member, int fd);
/* Before the socket is closed; the member is called no more, not even in this turn. */
void xn_hub_unwatch(struct xn_hub *hub, struct xn_hub_member *member, int fd);

/* A question is in flight, or no longer. */
void xn_hub_busy(struct xn_hub *hub, struct xn_hub_member *member, bool busy);

/* An instant of the monotonic clock, in milliseconds, and what is left until one (0 when past). */
int64_t xn_deadline_in(int ms);
int xn_deadline_left(int64_t deadline);

#endif
