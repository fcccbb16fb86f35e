#include "orchestrator/shell/virt_worker.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "orchestrator/shell/virt.h"
#include "orchestrator/shell/virt_xml.h"

#define UNIT          "virt"

#define SOCKET_FD     3
#define LIST_EVERY_MS 30000
#define DEADLINE_MS   120000
#define ALIVE_MS      1000

/* ---- to xanhd ---- */

static void
send_message(struct xn_virt_worker *worker, const struct xn_virt_message *message)
{
	struct xn_virt_queue out = {.bytes = NULL};
	size_t sent = 0;

	xn_virt_put(&out, message);
	pthread_mutex_lock(&worker->out_lock);
	while (sent < out.used) {
		ssize_t count = send(worker->fd, out.bytes + sent, out.used - sent, MSG_NOSIGNAL);

		if (count < 0 && errno != EINTR)
			_exit(XN_EXIT_OK); /* invariant 3: nobody listens any more */
		sent += count > 0 ? (size_t)count : 0;
	}
	pthread_mutex_unlock(&worker->out_lock);
	xn_virt_queue_free(&out);
}

static size_t
encode(const struct xn_event *event, uint8_t bytes[XN_VIRT_EVENT_SIZE])
{
	struct xn_writer out = {.base = bytes, .size = XN_VIRT_EVENT_SIZE};

	xn_event_encode(event, &out);
	assert(!out.full);
	return out.used;
}

void
xn_virt_say(struct xn_virt_worker *worker, const struct xn_event *event)
{
	uint8_t bytes[XN_VIRT_EVENT_SIZE];
	struct xn_virt_message message = {
	    .kind = XN_VIRT_EVENTS, .body = bytes, .size = (uint32_t)encode(event, bytes)};

	send_message(worker, &message);
}

void
xn_virt_say_host(struct xn_virt_worker *worker, enum xn_event_kind kind, uint32_t host,
    uint32_t cpus, uint64_t memory_mib)
{
	struct xn_event event = {.kind = kind};

	event.host.host = host;
	event.host.cpus = cpus;
	event.host.memory_mib = memory_mib;
	xn_virt_say(worker, &event);
}

void
xn_virt_list_begin(struct xn_virt_worker *worker, uint32_t host, struct xn_virt_list *ret_list)
{
	*ret_list =
	    (struct xn_virt_list){.host = host, .stamp = atomic_load(&worker->targets[host].asked)};
}

static void
list_event(struct xn_virt_list *list, const struct xn_event *event)
{
	uint8_t *room = xn_virt_queue_room(&list->events, XN_VIRT_EVENT_SIZE);

	list->events.used += encode(event, room);
}

void
xn_virt_list_add(struct xn_virt_list *list, const xn_uuid *uuid, enum xn_vm_state state,
    const struct xn_vm_facts *facts)
{
	struct xn_event event = {.kind = XN_EV_VM_SEEN};

	event.vm.host = list->host;
	event.vm.uuid = *uuid;
	event.vm.state = state;
	event.vm.facts = *facts;
	list_event(list, &event);
}

void
xn_virt_list_end(struct xn_virt_worker *worker, struct xn_virt_list *list)
{
	struct xn_event event = {.kind = XN_EV_HOST_LISTED};
	struct xn_virt_message message = {
	    .kind = XN_VIRT_LIST, .host = list->host, .stamp = list->stamp};

	event.host.host = list->host;
	list_event(list, &event);
	message.body = list->events.bytes;
	message.size = (uint32_t)list->events.used;
	send_message(worker, &message);
	xn_virt_list_free(list);
}

void
xn_virt_list_free(struct xn_virt_list *list)
{
	xn_virt_queue_free(&list->events);
}

/* ---- requests and their deadlines ---- */

static bool
open_job(struct xn_virt_worker *worker, const struct xn_action *action)
{
	int64_t span_ms = action->virt.deadline.ms > 0 ? action->virt.deadline.ms : DEADLINE_MS;
	bool opened = false;

	pthread_mutex_lock(&worker->jobs_lock);
	for (size_t i = 0; i < XN_VIRT_JOBS_MAX && !opened; i++) {
		struct xn_virt_job *job = &worker->jobs[i];

		if (job->request != 0)
			continue;
		job->request = action->virt.request;
		job->deadline_ms = xn_clock_monotonic_ms() + span_ms;
		opened = true;
	}
	pthread_mutex_unlock(&worker->jobs_lock);
	return opened;
}

/* Closes the job of this request, or with 0 one that is too late; returns the request it closed. */
static uint64_t
close_job(struct xn_virt_worker *worker, uint64_t request)
{
	int64_t now_ms = xn_clock_monotonic_ms();
	uint64_t closed = 0;

	pthread_mutex_lock(&worker->jobs_lock);
	for (size_t i = 0; i < XN_VIRT_JOBS_MAX && closed == 0; i++) {
		struct xn_virt_job *job = &worker->jobs[i];

		if (job->request == 0)
			continue;
		if (request == 0 ? job->deadline_ms > now_ms : job->request != request)
			continue;
		closed = job->request;
		job->request = 0;
	}
	pthread_mutex_unlock(&worker->jobs_lock);
	return closed;
}

static void
say_done(
    struct xn_virt_worker *worker, uint64_t request, enum xn_virt_outcome outcome, const char *text)
{
	struct xn_event event = {.kind = XN_EV_VIRT_DONE};

	event.virt.request = request;
	event.virt.outcome = outcome;
	xn_virt_text_copy(text, event.virt.text, sizeof(event.virt.text));
	xn_virt_say(worker, &event);
}

void
xn_virt_answer(
    struct xn_virt_worker *worker, uint64_t request, enum xn_virt_outcome outcome, const char *text)
{
	if (request != 0 && close_job(worker, request) == request)
		say_done(worker, request, outcome, text);
}

static void
run_deadlines(struct xn_virt_worker *worker)
{
	uint64_t request;

	while ((request = close_job(worker, 0)) != 0)
		say_done(worker, request, XN_VIRT_UNKNOWN, "no answer within the deadline");
}

/* ---- from xanhd ---- */

static void
take_action(struct xn_virt_worker *worker, const struct xn_virt_message *message)
{
	struct xn_reader in = {.at = message->body, .left = message->size};
	struct xn_action action;
	struct xn_error err;

	if (message->kind != XN_VIRT_ACTION || xn_action_decode(&in, &action, &err) != XN_OK ||
	    action.virt.host >= worker->target_count ||
	    (action.kind == XN_ACT_MIGRATE && action.virt.target >= worker->target_count)) {
		xn_log(XN_LOG_ERROR, UNIT, XN_TEXT("worker", "bad request"));
		_exit(XN_EXIT_INTERNAL);
	}
	if (action.kind == XN_ACT_LIST)
		atomic_store(&worker->targets[action.virt.host].asked, message->stamp);
	else if (!open_job(worker, &action)) {
		say_done(
		    worker, action.virt.request, XN_VIRT_FAILED, "too many requests at one time");
		return;
	}
	worker->driver->act(worker->state, &action);
}

static void
read_actions(struct xn_virt_worker *worker)
{
	uint8_t *room = xn_virt_queue_room(&worker->in, 65536);
	ssize_t count = read(worker->fd, room, 65536);
	struct xn_virt_message message;
	struct xn_error err;
	size_t size;

	if (count < 0 && errno == EINTR)
		return;
	if (count <= 0)
		_exit(XN_EXIT_OK);
	worker->in.used += (size_t)count;
	for (;;) {
		if (xn_virt_get(&worker->in, &message, &size, &err) != XN_OK)
			_exit(XN_EXIT_INTERNAL);
		if (size == 0)
			return;
		take_action(worker, &message);
		xn_virt_queue_drop(&worker->in, size);
	}
}

static void
serve(struct xn_virt_worker *worker)
{
	const struct xn_virt_message alive = {.kind = XN_VIRT_ALIVE};
	int64_t alive_ms = 0;

	for (;;) {
		struct pollfd wait = {.fd = worker->fd, .events = POLLIN};
		int ready = poll(&wait, 1, 250);

		if (ready > 0)
			read_actions(worker);
		run_deadlines(worker);
		if (xn_clock_monotonic_ms() - alive_ms < ALIVE_MS ||
		    !worker->driver->alive(worker->state))
			continue;
		alive_ms = xn_clock_monotonic_ms();
		send_message(worker, &alive);
	}
}

static bool
read_arguments(struct xn_virt_worker *worker, int argc, char **argv)
{
	if (argc < 4 || (argc - 4) % 3 != 0)
		return false;
	worker->driver = strcmp(argv[2], "simulated") == 0 ? &xn_virt_simulated : &xn_virt_libvirt;
	worker->stats_every_ms = strtol(argv[3], NULL, 10);
	if (worker->stats_every_ms < 100 || worker->stats_every_ms > 3600000)
		return false;
	worker->list_every_ms = LIST_EVERY_MS;
	/* A site that reads every second or two is a demo or a test: it is also quick to try again.
	 */
	worker->retry_ms_max = worker->stats_every_ms < 5000 ? 5000 : 60000;
	worker->target_count = (uint32_t)(argc - 4) / 3;
	worker->targets = calloc(worker->target_count + 1u, sizeof(*worker->targets));
	if (worker->targets == NULL)
		return false;
	for (uint32_t t = 0; t < worker->target_count; t++) {
		worker->targets[t].name = argv[4 + 3 * t];
		worker->targets[t].uri = argv[5 + 3 * t];
		worker->targets[t].migrate_uri = argv[6 + 3 * t];
	}
	return true;
}

int
xn_virt_worker_main(int argc, char **argv)
{
	struct xn_virt_worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL || !read_arguments(worker, argc, argv)) {
		fprintf(stderr, "virt-worker is started by xanhd, not by hand\n");
		free(worker);
		return XN_EXIT_USAGE;
	}
	prctl(PR_SET_NAME, "xanh-virt");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for xanhd, which ends us */
	worker->fd = SOCKET_FD;
	pthread_mutex_init(&worker->out_lock, NULL);
	pthread_mutex_init(&worker->jobs_lock, NULL);
	worker->state = worker->driver->start(worker);
	serve(worker);
	return XN_EXIT_OK;
}
