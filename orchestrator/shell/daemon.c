#include "orchestrator/shell/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/log.h"
#include "common/tls.h"
#include "orchestrator/shell/api.h"
#include "orchestrator/shell/virt.h"

#define ARENA_SIZE                                                                                 \
	((size_t)256 << 20) /* address space: topology, meters, series of the largest site */
#define UPLOADS_MS    5     /* that an upload waits for others */
#define PING_S        15
#define ROOM_S        5
#define SNAPSHOT_S    600
#define REPORT_S      60 /* how often schedules are looked at */
#define LISTENERS_MAX 8
/* Rows that get too old in a step of the history are fewer on the largest site. */
#define PRUNE_ROWS    4096

struct xn_views
xn_daemon_views(const struct xn_daemon *daemon)
{
	xn_instant now = xn_clock_now();

	return (struct xn_views){.core = daemon->engine.core,
	    .map = &daemon->map,
	    .intake = daemon->intake,
	    .now = now.ms > daemon->engine.now.ms ? now : daemon->engine.now};
}

/* ---- facts ---- */

static int
take_frame(void *context, const char *agent, const struct xn_frame *frame,
    const struct xn_event *events, unsigned count, struct xn_error *err)
{
	struct xn_daemon *daemon = context;

	for (unsigned i = 0; i < count; i++) {
		xn_meters_take(daemon->meters, &events[i]);
		if (xn_engine_add(&daemon->engine, &events[i], agent, frame->sequence, err) !=
		    XN_OK)
			return err->code;
	}
	return xn_store_mark(daemon->store, agent, frame->boot, frame->sequence, err);
}

/* What was good of an upload is kept even if the rest was not. */
static int
end_batch(struct xn_daemon *daemon, int result, struct xn_error *err)
{
	struct xn_error commit = {0};

	if (result == XN_EFULL || result == XN_ESYSTEM) {
		xn_engine_fail(&daemon->engine, err);
		return result;
	}
	if (xn_engine_commit(&daemon->engine, &commit) != XN_OK) {
		*err = commit;
		return commit.code;
	}
	return result;
}

int
xn_daemon_hello(struct xn_daemon *daemon, const char *agent, const char *body, size_t size,
    uint64_t *ret_durable, struct xn_error *err)
{
	int result = xn_engine_begin(&daemon->engine, err);

	if (result != XN_OK)
		return result;
	result =
	    xn_intake_hello(daemon->intake, agent, body, size, xn_clock_now(), ret_durable, err);
	return end_batch(daemon, result, err);
}

/* All waiting uploads in one transaction: its fsync costs as much as that of one. */
static int
take_uploads(struct xn_daemon *daemon, struct xn_error *err)
{
	const struct xn_intake_sink sink = {take_frame, daemon};
	xn_instant now = xn_clock_now();
	int result = xn_engine_begin(&daemon->engine, err);

	if (result != XN_OK)
		return result;
	for (unsigned i = 0; i < daemon->upload_count; i++) {
		struct xn_upload *upload = &daemon->uploads[i];

		upload->result =
		    xn_intake_frames(daemon->intake, upload->agent, upload->request->body,
			upload->request->size, now, &sink, &upload->durable, &upload->err);
		if (upload->result == XN_EFULL || upload->result == XN_ESYSTEM) {
			*err = upload->err;
			xn_engine_fail(&daemon->engine, err);
			return upload->result;
		}
	}
	return xn_engine_commit(&daemon->engine, err);
}

static void
on_uploads(void *context)
{
	struct xn_daemon *daemon = context;
	struct xn_error err;
	int result;

	if (daemon->upload_count == 0)
		return;
	result = take_uploads(daemon, &err);
	for (unsigned i = 0; i < daemon->upload_count; i++) {
		const struct xn_upload *upload = &daemon->uploads[i];

		if (result == XN_OK)
			xn_api_answer_agent(upload->request, upload->agent, upload->result,
			    upload->durable, &upload->err);
		else
			xn_api_answer_agent(upload->request, upload->agent, result, 0, &err);
	}
	daemon->upload_count = 0;
}

void
xn_daemon_frames(struct xn_daemon *daemon, const char *agent, struct xn_http_request *request)
{
	struct xn_upload *upload = &daemon->uploads[daemon->upload_count++];

	*upload = (struct xn_upload){.request = request};
	snprintf(upload->agent, sizeof(upload->agent), "%s", agent);
	if (daemon->upload_count == XN_UPLOADS_MAX)
		on_uploads(daemon);
	else if (daemon->upload_count == 1)
		xn_loop_timer_set(daemon->upload_timer, (xn_duration){UPLOADS_MS});
}

static void
on_virt_event(const struct xn_event *event, void *context)
{
	struct xn_daemon *daemon = context;

	xn_engine_take(&daemon->engine, event);
}

static void
send_to_virt(void *context, const struct xn_action *action)
{
	struct xn_daemon *daemon = context;

	if (daemon->virt != NULL)
		xn_virt_send(daemon->virt, action);
}

static void
say_json(struct xn_daemon *daemon, const char *event, json_t *data)
{
	char *text = json_dumps(data, JSON_COMPACT);

	xn_sse_send(daemon->sse, event, text);
	free(text);
	json_decref(data);
}

static void
say_news(void *context, const struct xn_action *action)
{
	static const char *const severities[] = {[XN_SEVERITY_INFO] = "info",
	    [XN_SEVERITY_WARNING] = "warning",
	    [XN_SEVERITY_CRITICAL] = "critical"};
	struct xn_daemon *daemon = context;

	if (action->kind == XN_ACT_NOTE) {
		xn_log(XN_LOG_INFO, "core", XN_TEXT("about", action->note.subject),
		    XN_TEXT("note", action->note.text));
		say_json(daemon, "note",
		    json_pack("{s:o, s:o}", "subject", xn_json_name(action->note.subject), "text",
			xn_json_name(action->note.text)));
		return;
	}
	xn_log(action->alarm.raised ? XN_LOG_WARNING : XN_LOG_NOTICE, "alarm",
	    XN_TEXT("about", action->alarm.subject),
	    XN_TEXT(action->alarm.raised ? "raised" : "over", action->alarm.text));
	say_json(daemon, "alarm",
	    json_pack("{s:i, s:b, s:s, s:o, s:o}", "id", (int)action->alarm.id, "raised",
		(int)action->alarm.raised, "severity", severities[action->alarm.severity],
		"subject", xn_json_name(action->alarm.subject), "text",
		xn_json_name(action->alarm.text)));
}

/* ---- time ---- */

static void
say_plan(struct xn_daemon *daemon)
{
	const struct xn_plan *plan = xn_core_plan(daemon->engine.core);
	struct xn_views views = xn_daemon_views(daemon);
	unsigned states[4] = {0};
	char now[sizeof(daemon->shown_plan)];

	if (plan == NULL)
		return;
	for (uint32_t i = 0; i < plan->step_count; i++)
		states[plan->steps[i].state]++;
	snprintf(now, sizeof(now), "%s %d %u %u %u %d", plan->id, (int)plan->state,
	    states[XN_STEP_STARTED], states[XN_STEP_DONE], states[XN_STEP_FAILED], plan->measured);
	if (strcmp(now, daemon->shown_plan) == 0)
		return;
	strcpy(daemon->shown_plan, now);
	say_json(daemon, "plan", xn_view_plan(&views, plan));
}

static void
say_status(struct xn_daemon *daemon)
{
	struct xn_views views = xn_daemon_views(daemon);

	if (daemon->engine.steps == daemon->shown_steps)
		return;
	daemon->shown_steps = daemon->engine.steps;
	if (xn_sse_count(daemon->sse) > 0)
		say_json(daemon, "status", xn_view_status(&views));
}

static void
on_second(void *context)
{
	struct xn_daemon *daemon = context;
	const struct xn_event tick = {.kind = XN_EV_TICK};
	xn_instant now = xn_clock_now();
	struct xn_error err;

	daemon->seconds++;
	if (now.ms >= xn_core_next_deadline(daemon->engine.core).ms)
		xn_engine_take(&daemon->engine, &tick);
	say_plan(daemon);
	say_status(daemon);
	if (daemon->seconds - daemon->pinged_s >= PING_S) {
		daemon->pinged_s = daemon->seconds;
		xn_sse_ping(daemon->sse);
	}
	if (daemon->seconds - daemon->roomed_s >= ROOM_S) {
		daemon->roomed_s = daemon->seconds;
		xn_engine_check_room(&daemon->engine);
	}
	if (daemon->seconds - daemon->reported_s >= REPORT_S) {
		daemon->reported_s = daemon->seconds;
		xn_reporter_tick(daemon->reporter);
	}
	if (daemon->seconds - daemon->snapshot_s >= SNAPSHOT_S) {
		daemon->snapshot_s = daemon->seconds;
		xn_engine_snapshot(&daemon->engine, &err);
	}
}

/* Gauges, and a piece of what is too old; a disk that is full takes neither. */
static void
keep_books(struct xn_daemon *daemon, xn_instant now)
{
	struct xn_error err;
	uint32_t pruned;
	int result;

	if (daemon->engine.full)
		return;
	result = xn_gauges_take(
	    daemon->gauges, daemon->meters, daemon->engine.core, now, daemon->store, &err);
	if (result == XN_OK)
		result = xn_store_prune(daemon->store, now, PRUNE_ROWS, &pruned, &err);
	if (result == XN_OK)
		xn_log_over(&daemon->books_fault, "books", XN_TEXT("gauges", "are kept again"));
	else
		xn_log_fault(&daemon->books_fault, XN_LOG_ERROR, "books", XN_TEXT("why", err.text));
}

static void
on_history(void *context)
{
	struct xn_daemon *daemon = context;
	xn_instant now = xn_clock_now();

	xn_meters_rows(daemon->meters, now, daemon->rows);
	for (uint32_t i = 0; i <= daemon->map.topology.rack_count; i++)
		xn_history_put(daemon->history, i, now, daemon->rows[i].values);
	keep_books(daemon, now);
}

static void
on_stop(void *context)
{
	xn_loop_stop(((struct xn_daemon *)context)->loop);
}

/* ---- opening ---- */

static int
make_folder(const char *path, struct xn_error *err)
{
	char parent[4096];

	if (strlen(path) >= sizeof(parent))
		return xn_fail(err, XN_EINVALID, "the path of the state folder is too long");
	strcpy(parent, path);
	for (char *slash = strchr(parent + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(parent, 0755);
		*slash = '/';
	}
	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		return xn_fail(err, XN_ESYSTEM, "making %s: %s", path, strerror(errno));
	return XN_OK;
}

static int
take_lock(struct xn_daemon *daemon, struct xn_error *err)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/lock", daemon->options.state);
	daemon->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (daemon->lock < 0)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", path, strerror(errno));
	if (flock(daemon->lock, LOCK_EX | LOCK_NB) != 0)
		return xn_fail(err, XN_EREFUSED, "another xanhd uses %s", daemon->options.state);
	return XN_OK;
}

static int
open_state(struct xn_daemon *daemon, struct xn_error *err)
{
	const struct xn_engine_hooks hooks = {send_to_virt, say_news, daemon};
	bool quarantined;
	int result = make_folder(daemon->options.state, err);

	if (result == XN_OK)
		result = take_lock(daemon, err);
	if (result == XN_OK)
		result = xn_store_open(&daemon->store, daemon->options.state, &quarantined, err);
	if (result != XN_OK)
		return result;
	if (quarantined)
		xn_log(XN_LOG_CRITICAL, "store",
		    XN_TEXT("state", "state.db was damaged: set aside, begun anew"));
	if ((result = xn_facts_store(daemon->store, &daemon->map, err)) != XN_OK)
		return result;
	daemon->uploads = xn_new(&daemon->arena, struct xn_upload, XN_UPLOADS_MAX);
	daemon->intake = xn_intake_new(&daemon->map, daemon->store);
	daemon->meters = xn_meters_new(&daemon->arena, &daemon->map.topology);
	daemon->gauges = xn_gauges_new(&daemon->arena, &daemon->map.topology);
	daemon->sse = xn_sse_new();
	return xn_engine_open(&daemon->engine, &daemon->map.topology, daemon->store, &hooks, err);
}

static int
open_history(struct xn_daemon *daemon, struct xn_error *err)
{
	const struct xn_site *site = daemon->site;
	struct xn_history_layout layout = {
	    .step_s = site->raw_every.ms >= 1000 ? site->raw_every.ms / 1000 : 10,
	    .raw_keep_s = site->raw_keep.ms >= 60000 ? site->raw_keep.ms / 1000 : 7 * 86400,
	    .hour_keep_s = site->hour_keep.ms >= 3600000 ? site->hour_keep.ms / 1000
							 : INT64_C(10) * 366 * 86400,
	};
	char folder[4096];
	int result;

	daemon->rows =
	    xn_new(&daemon->arena, struct xn_meters_row, daemon->map.topology.rack_count + 1);
	daemon->series = xn_meters_series(&daemon->arena, &daemon->map.topology);
	snprintf(folder, sizeof(folder), "%s/history", daemon->options.state);
	result = xn_history_start(&daemon->history, daemon->loop, folder, &layout, daemon->series,
	    daemon->map.topology.rack_count + 1, err);
	if (result != XN_OK)
		return result;
	return xn_loop_timer(daemon->loop, xn_seconds(layout.step_s), xn_seconds(layout.step_s),
	    on_history, daemon, NULL, err);
}

/* The PEM texts of the TLS doors. */
struct secrets {
	char *certificate, *key, *authority;
};

static void
wipe(struct secrets *secrets)
{
	if (secrets->key != NULL)
		explicit_bzero(secrets->key, strlen(secrets->key));
	free(secrets->certificate);
	free(secrets->key);
	free(secrets->authority);
}

static int
read_secrets(struct xn_daemon *daemon, struct secrets *secrets, struct xn_error *err)
{
	char path[4096];
	int result;

	if (daemon->site->certificate == NULL || daemon->site->private_key == NULL)
		return xn_fail(
		    err, XN_EINVALID, "a tls listener needs api.certificate and private_key");
	result = xn_tls_read_pem(daemon->site->certificate, &secrets->certificate, err);
	if (result == XN_OK)
		result = xn_credential_path(daemon->options.credentials, daemon->site->private_key,
		    path, sizeof(path), err);
	if (result == XN_OK)
		result = xn_tls_read_pem(path, &secrets->key, err);
	if (result == XN_OK && daemon->options.authority != NULL)
		result = xn_tls_read_pem(daemon->options.authority, &secrets->authority, err);
	return result;
}

/* Where a browser finds the page: plain HTTP on loopback, else TLS. */
static void
set_page(struct xn_daemon *daemon)
{
	for (uint32_t i = 0; i < daemon->site->listener_count; i++) {
		const struct xn_site_listener *listener = &daemon->site->listeners[i];
		bool plain = listener->kind == XN_LISTEN_HTTP;
		bool bracket = strchr(listener->host, ':') != NULL && listener->host[0] != '[';

		if (listener->kind == XN_LISTEN_UNIX || (!plain && daemon->page[0] != '\0'))
			continue;
		snprintf(daemon->page, sizeof(daemon->page), "%s://%s%.200s%s:%d",
		    plain ? "http" : "https", bracket ? "[" : "", listener->host,
		    bracket ? "]" : "", xn_http_port(daemon->http, i));
		if (plain)
			return;
	}
}

static int
open_doors(struct xn_daemon *daemon, struct xn_error *err)
{
	static const enum xn_http_door doors[] = {[XN_LISTEN_UNIX] = XN_DOOR_UNIX,
	    [XN_LISTEN_TLS] = XN_DOOR_TLS,
	    [XN_LISTEN_HTTP] = XN_DOOR_LOOPBACK};
	struct xn_http_listener listeners[LISTENERS_MAX];
	struct secrets secrets = {0};
	int result = XN_OK;

	if (daemon->site->listener_count > LISTENERS_MAX)
		return xn_fail(
		    err, XN_EINVALID, "api.listen has more than %d addresses", LISTENERS_MAX);
	for (uint32_t i = 0; i < daemon->site->listener_count && result == XN_OK; i++) {
		const struct xn_site_listener *from = &daemon->site->listeners[i];

		if (from->kind == XN_LISTEN_TLS && secrets.certificate == NULL)
			result = read_secrets(daemon, &secrets, err);
		listeners[i] = (struct xn_http_listener){.door = doors[from->kind],
		    .host = from->host,
		    .port = from->port,
		    .certificate = secrets.certificate,
		    .key = secrets.key,
		    .authority = secrets.authority};
	}
	if (result == XN_OK)
		result = xn_http_start(&daemon->http, daemon->loop, listeners,
		    daemon->site->listener_count, xn_api_handle, daemon, err);
	wipe(&secrets);
	if (result == XN_OK)
		set_page(daemon);
	return result;
}

static int
apply_first_policy(struct xn_daemon *daemon, struct xn_problems *problems, struct xn_error *err)
{
	struct xn_reply reply;
	char *text;
	int result;

	if (daemon->options.policy == NULL || daemon->engine.core->policy != NULL)
		return XN_OK;
	result = xn_tls_read_pem(daemon->options.policy, &text, err);
	if (result != XN_OK)
		return result;
	result = xn_engine_policy(&daemon->engine, daemon->options.policy, text, strlen(text),
	    "xanhd", true, problems, &reply, err);
	free(text);
	if (result == XN_OK && reply.code != XN_OK)
		return xn_fail(err, reply.code, "%s: %s", daemon->options.policy, reply.text);
	return result;
}

int
xn_daemon_open(struct xn_daemon *daemon, const struct xn_site *site,
    const struct xn_daemon_options *options, struct xn_problems *problems, struct xn_error *err)
{
	int result;

	memset(daemon, 0, sizeof(*daemon));
	daemon->site = site;
	daemon->options = *options;
	daemon->lock = -1;
	xn_arena_map(&daemon->arena, ARENA_SIZE);
	xn_map_build(
	    &daemon->arena, site, xn_zone_use(site->timezone, xn_clock_now()), &daemon->map);
	if ((result = xn_loop_open(&daemon->loop, err)) != XN_OK ||
	    (result = xn_loop_signal(daemon->loop, SIGTERM, on_stop, daemon, err)) != XN_OK ||
	    (result = xn_loop_signal(daemon->loop, SIGINT, on_stop, daemon, err)) != XN_OK ||
	    (result = xn_loop_timer(daemon->loop, xn_seconds(1), (xn_duration){0}, on_uploads,
		 daemon, &daemon->upload_timer, err)) != XN_OK ||
	    (result = open_state(daemon, err)) != XN_OK ||
	    (result = apply_first_policy(daemon, problems, err)) != XN_OK ||
	    (result = open_history(daemon, err)) != XN_OK ||
	    (result = xn_asker_start(&daemon->asker, daemon->loop, options->state, err)) != XN_OK ||
	    (result = xn_reporter_start(&daemon->reporter, daemon->loop, daemon->store,
		 options->state, options->credentials, err)) != XN_OK ||
	    (result = xn_virt_start(&daemon->virt, daemon->loop, site, options->simulated,
		 on_virt_event, daemon, err)) != XN_OK ||
	    (result = open_doors(daemon, err)) != XN_OK)
		return result;
	xn_engine_boot(&daemon->engine);
	daemon->booted = true;
	return xn_loop_timer(
	    daemon->loop, xn_seconds(1), xn_seconds(1), on_second, daemon, NULL, err);
}

int
xn_daemon_run(struct xn_daemon *daemon, struct xn_error *err)
{
	xn_log(XN_LOG_NOTICE, "xanhd", XN_TEXT("state", "ready"),
	    XN_TEXT("site", daemon->site->name), XN_NUMBER("racks", daemon->site->rack_count),
	    XN_NUMBER("hosts", daemon->site->host_count), XN_TEXT("page", daemon->page));
	xn_loop_ready(daemon->loop, "ready");
	return xn_loop_run(daemon->loop, err);
}

void
xn_daemon_close(struct xn_daemon *daemon)
{
	struct xn_error err;

	/* These answer who waits for them, so before the doors. */
	xn_history_stop(daemon->history);
	xn_asker_stop(daemon->asker);
	xn_reporter_stop(daemon->reporter);
	xn_http_stop(daemon->http);
	xn_virt_stop(daemon->virt);
	daemon->virt = NULL;
	if (daemon->engine.inside != NULL) {
		if (daemon->booted && xn_engine_snapshot(&daemon->engine, &err) != XN_OK)
			xn_log(XN_LOG_ERROR, "xanhd", XN_TEXT("snapshot", err.text));
		xn_engine_close(&daemon->engine);
	}
	xn_intake_free(daemon->intake);
	xn_sse_free(daemon->sse);
	xn_store_close(daemon->store);
	xn_loop_close(daemon->loop);
	if (daemon->lock >= 0)
		close(daemon->lock);
	xn_arena_unmap(&daemon->arena);
}
