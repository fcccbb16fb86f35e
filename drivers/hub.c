#include "drivers/hub.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64

struct xn_hub {
	int epoll;
	int wake_fd;                 /* the one that is watched; -1: none */
	struct xn_hub_member *first; /* of the busy ones */
	struct xn_hub_member *next;  /* to be ticked after the one that is */
	struct epoll_event events[EVENTS_MAX];
	int event_count; /* being served; a member that leaves is taken out */
	int64_t ticked_ms;
};

int64_t
xn_deadline_in(int ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
}

int
xn_deadline_left(int64_t deadline)
{
	int64_t left = deadline - xn_deadline_in(0);

	return left > 0 ? (int)left : 0;
}

int
xn_hub_open(struct xn_hub **ret_hub, struct xn_error *err)
{
	struct xn_hub *hub = calloc(1, sizeof(*hub));

	if (hub == NULL)
		return xn_fail(err, XN_ESYSTEM, "hub: no memory");
	hub->wake_fd = -1;
	hub->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (hub->epoll < 0) {
		free(hub);
		return xn_fail(err, XN_ESYSTEM, "hub: %s", strerror(errno));
	}
	*ret_hub = hub;
	return XN_OK;
}

void
xn_hub_close(struct xn_hub *hub)
{
	if (hub == NULL)
		return;
	assert(hub->first == NULL);
	close(hub->epoll);
	free(hub);
}

bool
xn_hub_watch(struct xn_hub *hub, struct xn_hub_member *member, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};

	return epoll_ctl(hub->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void
xn_hub_unwatch(struct xn_hub *hub, struct xn_hub_member *member, int fd)
{
	epoll_ctl(hub->epoll, EPOLL_CTL_DEL, fd, NULL);
	for (int i = 0; i < hub->event_count; i++) {
		if (hub->events[i].data.ptr == member)
			hub->events[i].data.ptr = NULL;
	}
}

void
xn_hub_busy(struct xn_hub *hub, struct xn_hub_member *member, bool busy)
{
	if (member->busy == busy)
		return;
	member->busy = busy;
	if (busy) {
		member->before = NULL;
		member->after = hub->first;
		if (hub->first != NULL)
			hub->first->before = member;
		hub->first = member;
		return;
	}
	if (hub->next == member)
		hub->next = member->after;
	if (member->before != NULL)
		member->before->after = member->after;
	else
		hub->first = member->after;
	if (member->after != NULL)
		member->after->before = member->before;
}

static void
tick(struct xn_hub *hub)
{
	int64_t now = xn_deadline_in(0);

	if (now - hub->ticked_ms < XN_HUB_TICK_MS)
		return;
	hub->ticked_ms = now;
	for (struct xn_hub_member *member = hub->first; member != NULL; member = hub->next) {
		hub->next = member->after;
		member->tick(member);
	}
}

static void
watch_wake(struct xn_hub *hub, int wake_fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (wake_fd == hub->wake_fd)
		return;
	if (hub->wake_fd >= 0)
		epoll_ctl(hub->epoll, EPOLL_CTL_DEL, hub->wake_fd, NULL);
	if (wake_fd >= 0)
		epoll_ctl(hub->epoll, EPOLL_CTL_ADD, wake_fd, &event);
	hub->wake_fd = wake_fd;
}

void
xn_hub_turn(struct xn_hub *hub, int wait_ms, int wake_fd)
{
	watch_wake(hub, wake_fd);
	if (hub->first != NULL && (wait_ms < 0 || wait_ms > XN_HUB_TICK_MS))
		wait_ms = XN_HUB_TICK_MS;
	hub->event_count = epoll_wait(hub->epoll, hub->events, EVENTS_MAX, wait_ms);
	for (int i = 0; i < hub->event_count; i++) {
		struct xn_hub_member *member = hub->events[i].data.ptr;

		if (member != NULL)
			member->ready(member);
	}
	hub->event_count = 0;
	tick(hub);
}
