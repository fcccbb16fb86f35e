/*
 * Loop: the one thread that owns a daemon's state waits here, on sd-event. Descriptors, timers,
 * signals and children call back in this thread only. The watchdog and readiness go to systemd when
 * it started us and nowhere otherwise, so a daemon runs the same in a shell or a container.
 *
 * Units: spans in milliseconds of the monotonic clock; xn_clock_now is the wall clock.
 */
#ifndef XN_COMMON_LOOP_H
#define XN_COMMON_LOOP_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/units.h"

struct xn_loop;
struct xn_loop_source;

typedef void xn_loop_fd_call(void *context, int fd, uint32_t events);
typedef void xn_loop_call(void *context);
typedef void xn_loop_child_call(void *context, pid_t pid, int code, int status);

int xn_loop_open(struct xn_loop **ret_loop, struct xn_error *err);
void xn_loop_close(struct xn_loop *loop);

/* `events` are those of epoll (EPOLLIN, EPOLLOUT). `ret_source` may be NULL: kept until close. */
int xn_loop_fd(struct xn_loop *loop, int fd, uint32_t events, xn_loop_fd_call *call, void *context,
    struct xn_loop_source **ret_source, struct xn_error *err);
int xn_loop_fd_events(struct xn_loop_source *source, uint32_t events);

/* Calls after `first`, then every `every` (0: once). A late call is not made up for. */
int xn_loop_timer(struct xn_loop *loop, xn_duration first, xn_duration every, xn_loop_call *call,
    void *context, struct xn_loop_source **ret_source, struct xn_error *err);
/* The next call of a timer, `delay` from now, whether or not it was over. */
int xn_loop_timer_set(struct xn_loop_source *source, xn_duration delay);

/* The signal is blocked in this thread; workers block all signals, so it comes here. */
int xn_loop_signal(struct xn_loop *loop, int signal_number, xn_loop_call *call, void *context,
    struct xn_error *err);

/* Called once when the child ends: `code` and `status` as in siginfo_t (CLD_EXITED, CLD_KILLED). */
int xn_loop_child(struct xn_loop *loop, pid_t pid, xn_loop_child_call *call, void *context,
    struct xn_loop_source **ret_source, struct xn_error *err);

/* Stops calls and frees the source; NULL is nothing. May be used from within its own call. */
void xn_loop_drop(struct xn_loop_source *source);

/* Says READY=1 and `status` to systemd and begins to feed its watchdog. */
void xn_loop_ready(struct xn_loop *loop, const char *status);

/* Runs until xn_loop_stop. */
int xn_loop_run(struct xn_loop *loop, struct xn_error *err);
/* Waits for one round of calls, at most `span`: for a caller that has its own idea of the end. */
int xn_loop_turn(struct xn_loop *loop, xn_duration span, struct xn_error *err);
void xn_loop_stop(struct xn_loop *loop);

/* The wall clock, and the monotonic clock for spans. */
xn_instant xn_clock_now(void);
int64_t xn_clock_monotonic_ms(void);

#endif
