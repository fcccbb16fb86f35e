#include "common/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

struct xn_loop_source {
	struct xn_loop_source *next;
	struct xn_loop_source *previous;
	struct xn_loop *loop;
	sd_event_source *event;
	xn_loop_fd_call *fd_call;
	xn_loop_child_call *child_call;
	xn_loop_call *call;
	void *context;
	xn_duration every;
};

struct xn_loop {
	sd_event *event;
	struct xn_loop_source *first;
};

static uint64_t
after_us(xn_duration span)
{
	int64_t now_ms = xn_clock_monotonic_ms();

	return (uint64_t)(now_ms + (span.ms > 0 ? span.ms : 0)) * 1000;
}

static int
on_fd(sd_event_source *event, int fd, uint32_t events, void *argument)
{
	struct xn_loop_source *source = argument;

	(void)event;
	source->fd_call(source->context, fd, events);
	return 0;
}

static int
on_timer(sd_event_source *event, uint64_t due_us, void *argument)
{
	struct xn_loop_source *source = argument;

	(void)due_us;
	if (source->every.ms > 0) { /* before the call, which may set another time or drop us */
		sd_event_source_set_time(event, after_us(source->every));
		sd_event_source_set_enabled(event, SD_EVENT_ONESHOT);
	}
	source->call(source->context);
	return 0;
}

static int
on_signal(sd_event_source *event, const struct signalfd_siginfo *info, void *argument)
{
	struct xn_loop_source *source = argument;

	(void)event;
	(void)info;
	source->call(source->context);
	return 0;
}

static int
on_child(sd_event_source *event, const siginfo_t *info, void *argument)
{
	struct xn_loop_source *source = argument;

	(void)event;
	source->child_call(source->context, info->si_pid, info->si_code, info->si_status);
	return 0;
}

int
xn_loop_open(struct xn_loop **ret_loop, struct xn_error *err)
{
	struct xn_loop *loop = calloc(1, sizeof(*loop));
	int failed = loop == NULL ? -ENOMEM : sd_event_new(&loop->event);

	if (failed < 0) {
		free(loop);
		return xn_fail(err, XN_ESYSTEM, "event loop: %s", strerror(-failed));
	}
	*ret_loop = loop;
	return XN_OK;
}

void
xn_loop_close(struct xn_loop *loop)
{
	if (loop == NULL)
		return;
	while (loop->first != NULL)
		xn_loop_drop(loop->first);
	sd_event_unref(loop->event);
	free(loop);
}

static struct xn_loop_source *
new_source(struct xn_loop *loop, void *context)
{
	struct xn_loop_source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		return NULL;
	source->loop = loop;
	source->context = context;
	source->next = loop->first;
	if (loop->first != NULL)
		loop->first->previous = source;
	loop->first = source;
	return source;
}

/* What every add ends with: the source on success, its end and a sentence otherwise. */
static int
finish(struct xn_loop_source *source, int failed, const char *what,
    struct xn_loop_source **ret_source, struct xn_error *err)
{
	if (failed < 0) {
		xn_loop_drop(source);
		return xn_fail(err, XN_ESYSTEM, "event loop: %s: %s", what, strerror(-failed));
	}
	if (ret_source != NULL)
		*ret_source = source;
	return XN_OK;
}

int
xn_loop_fd(struct xn_loop *loop, int fd, uint32_t events, xn_loop_fd_call *call, void *context,
    struct xn_loop_source **ret_source, struct xn_error *err)
{
	struct xn_loop_source *source = new_source(loop, context);
	int failed = -ENOMEM;

	if (source != NULL) {
		source->fd_call = call;
		failed = sd_event_add_io(loop->event, &source->event, fd, events, on_fd, source);
	}
	return finish(source, failed, "descriptor", ret_source, err);
}

int
xn_loop_fd_events(struct xn_loop_source *source, uint32_t events)
{
	return sd_event_source_set_io_events(source->event, events) < 0 ? XN_ESYSTEM : XN_OK;
}

int
xn_loop_timer(struct xn_loop *loop, xn_duration first, xn_duration every, xn_loop_call *call,
    void *context, struct xn_loop_source **ret_source, struct xn_error *err)
{
	struct xn_loop_source *source = new_source(loop, context);
	int failed = -ENOMEM;

	if (source != NULL) {
		source->call = call;
		source->every = every;
		/* An accuracy of 1 ms: ticks of two agents must not drift into one another's. */
		failed = sd_event_add_time(loop->event, &source->event, CLOCK_MONOTONIC,
		    after_us(first), 1000, on_timer, source);
	}
	return finish(source, failed, "timer", ret_source, err);
}

int
xn_loop_timer_set(struct xn_loop_source *source, xn_duration delay)
{
	if (sd_event_source_set_time(source->event, after_us(delay)) < 0 ||
	    sd_event_source_set_enabled(source->event, SD_EVENT_ONESHOT) < 0)
		return XN_ESYSTEM;
	return XN_OK;
}

static int
block(int signal_number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal_number);
	return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
xn_loop_signal(struct xn_loop *loop, int signal_number, xn_loop_call *call, void *context,
    struct xn_error *err)
{
	struct xn_loop_source *source = new_source(loop, context);
	int failed = source == NULL ? -ENOMEM : block(signal_number);

	if (failed == 0) {
		source->call = call;
		failed = sd_event_add_signal(
		    loop->event, &source->event, signal_number, on_signal, source);
	}
	return finish(source, failed, "signal", NULL, err);
}

int
xn_loop_child(struct xn_loop *loop, pid_t pid, xn_loop_child_call *call, void *context,
    struct xn_loop_source **ret_source, struct xn_error *err)
{
	struct xn_loop_source *source = new_source(loop, context);
	int failed = source == NULL ? -ENOMEM : block(SIGCHLD);

	if (failed == 0) {
		source->child_call = call;
		failed =
		    sd_event_add_child(loop->event, &source->event, pid, WEXITED, on_child, source);
	}
	return finish(source, failed, "child", ret_source, err);
}

void
xn_loop_drop(struct xn_loop_source *source)
{
	if (source == NULL)
		return;
	if (source->event != NULL) {
		sd_event_source_set_enabled(source->event, SD_EVENT_OFF);
		sd_event_source_unref(source->event);
	}
	if (source->previous != NULL)
		source->previous->next = source->next;
	else
		source->loop->first = source->next;
	if (source->next != NULL)
		source->next->previous = source->previous;
	free(source);
}

void
xn_loop_ready(struct xn_loop *loop, const char *status)
{
	sd_event_set_watchdog(loop->event, 1);
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

int
xn_loop_run(struct xn_loop *loop, struct xn_error *err)
{
	int failed = sd_event_loop(loop->event);

	if (failed < 0)
		return xn_fail(err, XN_ESYSTEM, "event loop: %s", strerror(-failed));
	return XN_OK;
}

int
xn_loop_turn(struct xn_loop *loop, xn_duration span, struct xn_error *err)
{
	int failed = sd_event_run(loop->event, (uint64_t)(span.ms > 0 ? span.ms : 0) * 1000);

	if (failed < 0)
		return xn_fail(err, XN_ESYSTEM, "event loop: %s", strerror(-failed));
	return XN_OK;
}

void
xn_loop_stop(struct xn_loop *loop)
{
	sd_event_exit(loop->event, 0);
}

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

xn_instant
xn_clock_now(void)
{
	return (xn_instant){.ms = clock_ms(CLOCK_REALTIME)};
}

int64_t
xn_clock_monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}
