#include "orchestrator/shell/virt.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "orchestrator/shell/virt_wire.h"

#define UNIT            "virt"

#define WATCH_MS        1000
#define SILENCE_MS_MAX  10000 /* the worker says something every second */
#define RETRY_MS_MIN    1000
#define RETRY_MS_MAX    30000
#define STEADY_MS       60000 /* a child that lived this long starts anew at once */
#define ANSWER_SLACK_MS 5000  /* the worker keeps deadlines; this side does when it does not */
#define DEADLINE_MS     120000
#define STATS_MS        5000
#define REQUESTS_MAX    1024 /* far above what a core has in flight at one time */

struct request {
	uint64_t id; /* 0: free */
	int64_t deadline_ms;
};

struct host {
	bool up;
	uint64_t asked; /* stamp of the newest LIST */
};

struct xn_virt {
	struct xn_loop *loop;
	const struct xn_site *site;
	bool simulated;
	xn_virt_on_event *on_event;
	void *context;

	pid_t pid; /* 0: no child */
	int fd;
	struct xn_loop_source *fd_source, *child_source, *watch;
	struct xn_virt_queue in, out;
	int64_t started_ms, heard_ms, restart_ms, retry_ms;
	struct xn_log_repeat fault;

	uint64_t stamp;
	struct host *hosts; /* [site->host_count] */
	struct request requests[REQUESTS_MAX];
};

/* ---- what the daemon is told ---- */

static void
tell(struct xn_virt *virt, struct xn_event *event)
{
	event->now = xn_clock_now();
	virt->on_event(event, virt->context);
}

static void
tell_done(struct xn_virt *virt, uint64_t request, enum xn_virt_outcome outcome, const char *text)
{
	struct xn_event event = {.kind = XN_EV_VIRT_DONE};

	event.virt.request = request;
	event.virt.outcome = outcome;
	snprintf(event.virt.text, sizeof(event.virt.text), "%s", text);
	tell(virt, &event);
}

static void
set_host(struct xn_virt *virt, uint32_t host, bool up)
{
	virt->hosts[host].up = up;
}

static void
all_hosts_down(struct xn_virt *virt)
{
	for (uint32_t h = 0; h < virt->site->host_count; h++) {
		struct xn_event event = {.kind = XN_EV_HOST_DOWN};

		if (!virt->hosts[h].up)
			continue;
		set_host(virt, h, false);
		event.host.host = h;
		tell(virt, &event);
	}
}

/* ---- requests that are open ---- */

static struct request *
find_request(struct xn_virt *virt, uint64_t id)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		if (virt->requests[i].id == id)
			return &virt->requests[i];
	return NULL;
}

static void
end_requests(struct xn_virt *virt, int64_t older_than_ms, const char *why)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++) {
		uint64_t id = virt->requests[i].id;

		if (id == 0 || virt->requests[i].deadline_ms >= older_than_ms)
			continue;
		virt->requests[i].id = 0;
		tell_done(virt, id, XN_VIRT_UNKNOWN, why);
	}
}

/* ---- messages from the child ---- */

/* Whether the daemon should hear of it; keeps invariants 1 and 4. */
static bool
admit(struct xn_virt *virt, const struct xn_event *event)
{
	struct request *request;

	switch (event->kind) {
	case XN_EV_HOST_UP:
	case XN_EV_HOST_DOWN:
		if (event->host.host >= virt->site->host_count)
			return false;
		set_host(virt, event->host.host, event->kind == XN_EV_HOST_UP);
		return true;
	case XN_EV_HOST_LISTED:
		return event->host.host < virt->site->host_count &&
		    virt->hosts[event->host.host].up;
	case XN_EV_VM_SEEN:
		return event->vm.host < virt->site->host_count && virt->hosts[event->vm.host].up;
	case XN_EV_VM_LOAD:
		return event->load.host < virt->site->host_count &&
		    virt->hosts[event->load.host].up;
	case XN_EV_VIRT_DONE:
		request = find_request(virt, event->virt.request);
		if (request == NULL || event->virt.request == 0)
			return false;
		request->id = 0;
		return true;
	case XN_EV_BOOT:
	case XN_EV_TICK:
	case XN_EV_READING:
	case XN_EV_COMMAND:
	case XN_EV_POLICY:
	case XN_EV_STORAGE:
	case XN_EV_CORRECTION: break;
	}
	return false;
}

static int
take_events(struct xn_virt *virt, const struct xn_virt_message *message, struct xn_error *err)
{
	struct xn_reader in = {.at = message->body, .left = message->size};

	while (in.left > 0) {
		struct xn_event event;
		struct xn_source source;

		if (xn_event_decode(&in, &event, &source, err) != XN_OK)
			return err->code;
		if (admit(virt, &event))
			tell(virt, &event);
	}
	return XN_OK;
}

static int
take_message(struct xn_virt *virt, const struct xn_virt_message *message, struct xn_error *err)
{
	switch (message->kind) {
	case XN_VIRT_LIST:
		if (message->host >= virt->site->host_count)
			return xn_fail(err, XN_EINVALID, "list of host %u", message->host);
		if (message->stamp < virt->hosts[message->host].asked)
			return XN_OK; /* invariant 2: begun before the question; another one follows
				       */
		return take_events(virt, message, err);
	case XN_VIRT_EVENTS: return take_events(virt, message, err);
	case XN_VIRT_ALIVE:
	case XN_VIRT_ACTION: break;
	}
	return XN_OK;
}

static int
take_messages(struct xn_virt *virt, struct xn_error *err)
{
	struct xn_virt_message message;
	size_t count, taken = 0;
	struct xn_virt_queue rest = virt->in;

	for (;;) {
		if (xn_virt_get(&rest, &message, &count, err) != XN_OK)
			return err->code;
		if (count == 0)
			break;
		if (take_message(virt, &message, err) != XN_OK)
			return err->code;
		taken += count;
		rest.bytes += count;
		rest.used -= count;
	}
	xn_virt_queue_drop(&virt->in, taken);
	return XN_OK;
}

/* Reads what is there; false when the child closed its end or talks nonsense. */
static bool
hear(struct xn_virt *virt)
{
	struct xn_error err = {.code = XN_OK};

	for (;;) {
		uint8_t *room = xn_virt_queue_room(&virt->in, 65536);
		ssize_t count = read(virt->fd, room, 65536);

		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (count <= 0)
			return false;
		virt->heard_ms = xn_clock_monotonic_ms();
		virt->in.used += (size_t)count;
		if (take_messages(virt, &err) != XN_OK) {
			xn_log(XN_LOG_ERROR, UNIT, XN_TEXT("worker", "bad message"),
			    XN_TEXT("last", err.text));
			return false;
		}
		if (count < 65536)
			return true;
	}
}

static void
flush(struct xn_virt *virt)
{
	while (virt->out.used > 0) {
		ssize_t count = send(virt->fd, virt->out.bytes, virt->out.used, MSG_NOSIGNAL);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			break; /* full: EPOLLOUT will say; gone: the child's end will be seen */
		xn_virt_queue_drop(&virt->out, (size_t)count);
	}
	xn_loop_fd_events(virt->fd_source, EPOLLIN | (virt->out.used > 0 ? EPOLLOUT : 0u));
}

/* ---- the child's life ---- */

static void
kill_child(struct xn_virt *virt)
{
	if (virt->pid > 0)
		kill(virt->pid, SIGKILL);
}

static void
on_fd(void *context, int fd, uint32_t events)
{
	struct xn_virt *virt = context;

	(void)fd;
	if (events & EPOLLOUT)
		flush(virt);
	if (hear(virt))
		return;
	xn_loop_drop(virt->fd_source);
	virt->fd_source = NULL;
	kill_child(virt);
}

static void
close_child(struct xn_virt *virt)
{
	xn_loop_drop(virt->fd_source);
	xn_loop_drop(virt->child_source);
	virt->fd_source = virt->child_source = NULL;
	if (virt->fd >= 0)
		close(virt->fd);
	virt->fd = -1;
	virt->pid = 0;
	virt->in.used = virt->out.used = 0;
	for (uint32_t h = 0; h < virt->site->host_count; h++)
		virt->hosts[h].asked = 0; /* a new child reads every list anyway */
}

static void
plan_restart(struct xn_virt *virt)
{
	int64_t now_ms = xn_clock_monotonic_ms();

	if (now_ms - virt->started_ms >= STEADY_MS)
		virt->retry_ms = 0;
	virt->restart_ms = now_ms + virt->retry_ms;
	virt->retry_ms = virt->retry_ms == 0 ? RETRY_MS_MIN : virt->retry_ms * 2;
	if (virt->retry_ms > RETRY_MS_MAX)
		virt->retry_ms = RETRY_MS_MAX;
}

static void
on_child(void *context, pid_t pid, int code, int status)
{
	struct xn_virt *virt = context;

	(void)pid;
	xn_log(XN_LOG_ERROR, UNIT, XN_TEXT("worker", code == CLD_EXITED ? "exited" : "killed"),
	    XN_NUMBER("status", status), XN_NUMBER("retry_ms", virt->retry_ms));
	if (virt->fd_source != NULL)
		hear(virt); /* its last words */
	close_child(virt);
	plan_restart(virt);
	all_hosts_down(virt);
	end_requests(virt, INT64_MAX, "the virt worker ended");
}

static const char *
migrate_uri(const struct xn_site_host *host)
{
	return host->migrate_uri != NULL ? host->migrate_uri : host->uri;
}

/*
 * argv of the child: virt-worker, mode, milliseconds between readings, then by host its name, its
 * URI and the one by which other hosts reach it.
 */
static char **
make_argv(const struct xn_virt *virt, char stats[24])
{
	const struct xn_site *site = virt->site;
	size_t count = 4, last = 0;
	char **argv = calloc(count + 3u * site->host_count + 1, sizeof(*argv));
	int64_t every_ms = STATS_MS;

	if (argv == NULL)
		abort();
	for (uint32_t d = 0; d < site->device_count; d++)
		if (site->devices[d].poll.ms >= 500 && site->devices[d].poll.ms < every_ms)
			every_ms = site->devices[d].poll.ms;
	snprintf(stats, 24, "%lld", (long long)every_ms);
	argv[last++] = (char *)(uintptr_t) "xanhd";
	argv[last++] = (char *)(uintptr_t)XN_VIRT_WORKER;
	argv[last++] = (char *)(uintptr_t)(virt->simulated ? "simulated" : "libvirt");
	argv[last++] = stats;
	for (uint32_t h = 0; h < site->host_count; h++) {
		argv[last++] = (char *)(uintptr_t)site->hosts[h].name;
		argv[last++] = (char *)(uintptr_t)site->hosts[h].uri;
		argv[last++] = (char *)(uintptr_t)migrate_uri(&site->hosts[h]);
	}
	return argv;
}

/* Between fork and exec only calls that are safe there; the socket becomes descriptor 3. */
static void
become_worker(int fd, pid_t parent, char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(XN_EXIT_INTERNAL);
	if (fd == 3 ? fcntl(3, F_SETFD, 0) < 0 : dup2(fd, 3) < 0)
		_exit(XN_EXIT_INTERNAL);
	close_range(4, ~0u, 0);
	execv("/proc/self/exe", argv);
	_exit(XN_EXIT_INTERNAL);
}

static int
watch_child(struct xn_virt *virt, struct xn_error *err)
{
	if (xn_loop_fd(virt->loop, virt->fd, EPOLLIN, on_fd, virt, &virt->fd_source, err) != XN_OK)
		return err->code;
	return xn_loop_child(virt->loop, virt->pid, on_child, virt, &virt->child_source, err);
}

static int
start_child(struct xn_virt *virt, struct xn_error *err)
{
	int pair[2];
	char stats[24];
	char **argv;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return xn_fail(err, XN_ESYSTEM, "socketpair: %s", strerror(errno));
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	argv = make_argv(virt, stats);
	virt->pid = fork();
	if (virt->pid == 0)
		become_worker(pair[1], parent, argv);
	free(argv);
	close(pair[1]);
	virt->fd = pair[0];
	if (virt->pid < 0) {
		close_child(virt);
		return xn_fail(err, XN_ESYSTEM, "fork: %s", strerror(errno));
	}
	virt->started_ms = virt->heard_ms = xn_clock_monotonic_ms();
	if (watch_child(virt, err) != XN_OK) {
		kill_child(virt);
		waitpid(virt->pid, NULL, 0);
		close_child(virt);
		return err->code;
	}
	return XN_OK;
}

static void
on_watch(void *context)
{
	struct xn_virt *virt = context;
	struct xn_error err = {.code = XN_OK};
	int64_t now_ms = xn_clock_monotonic_ms();

	end_requests(virt, now_ms, "no answer from the hypervisor in time");
	if (virt->pid > 0) {
		/* This thread may have been away itself: judge the silence after reading. */
		if (virt->fd_source != NULL && now_ms - virt->heard_ms > SILENCE_MS_MAX &&
		    hear(virt) && now_ms - virt->heard_ms > SILENCE_MS_MAX) {
			xn_log(XN_LOG_ERROR, UNIT, XN_TEXT("worker", "hangs"),
			    XN_NUMBER("silent_ms", now_ms - virt->heard_ms));
			kill_child(virt);
		}
		return;
	}
	if (now_ms < virt->restart_ms)
		return;
	if (start_child(virt, &err) == XN_OK) {
		xn_log_over(&virt->fault, UNIT, XN_TEXT("worker", "started"));
		return;
	}
	xn_log_fault(&virt->fault, XN_LOG_ERROR, UNIT, XN_TEXT("worker", "cannot start"),
	    XN_TEXT("last", err.text));
	plan_restart(virt);
}

/* ---- for the daemon ---- */

int
xn_virt_start(struct xn_virt **ret_virt, struct xn_loop *loop, const struct xn_site *site,
    bool simulated, xn_virt_on_event *on_event, void *context, struct xn_error *err)
{
	const xn_duration every = {.ms = WATCH_MS};
	struct xn_virt *virt;
	struct host *hosts;

	if (simulated && getenv("XANH_SIM_STATE") == NULL)
		return xn_fail(
		    err, XN_EINVALID, "XANH_SIM_STATE names no folder for simulated hosts");
	virt = calloc(1, sizeof(*virt));
	hosts = calloc(site->host_count + 1u, sizeof(*hosts));
	if (virt == NULL || hosts == NULL)
		abort();
	virt->loop = loop;
	virt->site = site;
	virt->simulated = simulated;
	virt->on_event = on_event;
	virt->context = context;
	virt->fd = -1;
	virt->hosts = hosts;
	if (start_child(virt, err) != XN_OK ||
	    xn_loop_timer(loop, every, every, on_watch, virt, &virt->watch, err) != XN_OK) {
		xn_virt_stop(virt);
		return xn_wrap(err, "virt worker");
	}
	*ret_virt = virt;
	return XN_OK;
}

/* With no child to send it to, the next look of the watch answers it: the caller is inside a step.
 */
static void
open_request(struct xn_virt *virt, const struct xn_action *action, bool sent)
{
	struct request *request = find_request(virt, 0);
	int64_t span_ms = action->virt.deadline.ms;

	assert(request != NULL);
	request->id = action->virt.request;
	request->deadline_ms = 0;
	if (sent)
		request->deadline_ms = xn_clock_monotonic_ms() +
		    (span_ms > 0 ? span_ms : DEADLINE_MS) + ANSWER_SLACK_MS;
}

void
xn_virt_send(struct xn_virt *virt, const struct xn_action *action)
{
	uint8_t bytes[XN_VIRT_EVENT_SIZE];
	struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};
	struct xn_virt_message message = {.kind = XN_VIRT_ACTION, .stamp = ++virt->stamp};

	assert(action->kind >= XN_ACT_MIGRATE && action->kind <= XN_ACT_LIST);
	assert(action->virt.host < virt->site->host_count);
	if (action->kind != XN_ACT_LIST && action->virt.request != 0)
		open_request(virt, action, virt->fd_source != NULL);
	if (virt->fd_source == NULL)
		return;
	if (action->kind == XN_ACT_LIST)
		virt->hosts[action->virt.host].asked = virt->stamp;
	xn_action_encode(action, &out);
	assert(!out.full);
	message.host = action->virt.host;
	message.body = bytes;
	message.size = (uint32_t)out.used;
	xn_virt_put(&virt->out, &message);
	flush(virt);
}

pid_t
xn_virt_pid(const struct xn_virt *virt)
{
	return virt->pid;
}

void
xn_virt_stop(struct xn_virt *virt)
{
	pid_t pid;

	if (virt == NULL)
		return;
	pid = virt->pid;
	xn_loop_drop(virt->watch);
	kill_child(virt);
	close_child(virt);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	xn_virt_queue_free(&virt->in);
	xn_virt_queue_free(&virt->out);
	free(virt->hosts);
	free(virt);
}
