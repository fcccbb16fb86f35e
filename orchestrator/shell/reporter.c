#include "orchestrator/shell/reporter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/credential.h"
#include "common/log.h"
#include "common/worker.h"
#include "orchestrator/reports/job.h"
#include "orchestrator/shell/api.h"

#define WAITING_MAX    16
#define PARAMETERS_MAX 24
#define PATH_SIZE      4096

/* A job with copies of what it needs, since the request belongs to the loop's thread. */
struct ordered {
	struct xn_http_request *request; /* NULL: by the clock */
	char action[32];
	char actor[XN_NAME_SIZE];
	char *values[PARAMETERS_MAX]; /* by the place in xn_report_parameters; NULL: not given */
	struct xn_report_answer answer;
	int result;
	struct xn_error err;
	unsigned made;
};

struct xn_reporter {
	struct xn_worker_verbs verbs;
	struct xn_worker *worker;
	struct xn_loop_source *source;
	struct xn_store *store;
	char *folder;
	struct xn_signer *signer; /* the worker's */
	struct ordered *waiting[WAITING_MAX];
	bool by_clock; /* one is on its way */
};

/* ---- in the worker's thread ---- */

static const char *
parameter(const void *context, const char *name)
{
	const struct ordered *ordered = context;

	for (size_t i = 0; xn_report_parameters[i] != NULL; i++)
		if (strcmp(xn_report_parameters[i], name) == 0)
			return ordered->values[i];
	return NULL;
}

static void
handle(struct xn_worker *worker, void *state, const void *bytes)
{
	struct xn_reporter *reporter = state;
	struct ordered *ordered = *(struct ordered *const *)bytes;
	const struct xn_report_job job = {.state = reporter->folder,
	    .action = ordered->action,
	    .signer = reporter->signer,
	    .actor = ordered->actor,
	    .now = xn_clock_now(),
	    .parameter = parameter,
	    .context = ordered};

	ordered->result = ordered->request == NULL
	    ? xn_report_due(
		  reporter->folder, reporter->signer, job.now, &ordered->made, &ordered->err)
	    : xn_report_do(&job, &ordered->answer, &ordered->err);
	xn_worker_tell(worker, &ordered); /* as many facts as jobs: there is room */
}

/* ---- in the loop's thread ---- */

static void
forget(struct xn_reporter *reporter, struct ordered *ordered)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (reporter->waiting[i] == ordered)
			reporter->waiting[i] = NULL;
	if (ordered->request == NULL)
		reporter->by_clock = false;
	for (size_t i = 0; i < PARAMETERS_MAX; i++)
		free(ordered->values[i]);
	xn_report_forget(&ordered->answer);
	free(ordered);
}

/* What changed something stands in the audit; reading a report does not. */
static void
note(struct xn_reporter *reporter, const struct ordered *ordered)
{
	const char *id = json_string_value(json_object_get(ordered->answer.json, "id"));
	const char *kind = parameter(ordered, "kind");
	char body[XN_NAME_SIZE + XN_SENTENCE_SIZE];
	struct xn_error err;

	if (strcmp(ordered->action, "export") == 0 || strcmp(ordered->action, "list") == 0 ||
	    strcmp(ordered->action, "schedule-list") == 0)
		return;
	snprintf(body, sizeof(body), "%s %s", ordered->action,
	    id != NULL         ? id
		: kind != NULL ? kind
			       : "");
	if (xn_store_audit(reporter->store, xn_clock_now(), ordered->actor, "report", body, &err) !=
	    XN_OK)
		xn_log(XN_LOG_ERROR, "reports", XN_TEXT("audit", err.text));
}

static void
answer(struct xn_reporter *reporter, struct ordered *ordered)
{
	struct xn_report_answer *made = &ordered->answer;

	if (ordered->result != XN_OK) {
		xn_api_fail(ordered->request, &ordered->err);
		return;
	}
	note(reporter, ordered);
	if (made->json != NULL)
		xn_api_json(ordered->request, 200, json_incref(made->json));
	else
		xn_http_reply(ordered->request,
		    &(struct xn_http_reply){.status = 200,
			.type = made->type,
			.body = made->bytes,
			.size = made->size});
}

static void
on_facts(void *context, int fd, uint32_t events)
{
	struct xn_reporter *reporter = context;
	struct ordered *ordered;

	(void)fd;
	(void)events;
	while (xn_worker_take(reporter->worker, &ordered)) {
		if (ordered->request != NULL)
			answer(reporter, ordered);
		else if (ordered->result != XN_OK && ordered->result != XN_ENOTFOUND)
			xn_log(XN_LOG_ERROR, "reports", XN_TEXT("schedule", ordered->err.text));
		else if (ordered->made > 0)
			xn_log(XN_LOG_NOTICE, "reports", XN_NUMBER("made", ordered->made));
		forget(reporter, ordered);
	}
}

/* Reports go out unsigned rather than not at all; who checks them is told. */
static void
open_signer(struct xn_reporter *reporter, const char *credentials)
{
	char key[PATH_SIZE], certificate[PATH_SIZE];
	struct xn_error err = {0};
	int result = xn_credential_path(credentials, "report-key", key, sizeof(key), &err);

	if (result == XN_OK)
		result = xn_credential_path(
		    credentials, "report-cert", certificate, sizeof(certificate), &err);
	if (result == XN_OK)
		result = xn_signer_open(&reporter->signer, key, certificate, &err);
	if (result != XN_OK)
		xn_log(XN_LOG_NOTICE, "reports", XN_TEXT("unsigned", err.text));
}

int
xn_reporter_start(struct xn_reporter **ret_reporter, struct xn_loop *loop, struct xn_store *store,
    const char *state_folder, const char *credentials, struct xn_error *err)
{
	struct xn_reporter *reporter = calloc(1, sizeof(*reporter));
	int result;

	if (reporter == NULL || (reporter->folder = strdup(state_folder)) == NULL)
		abort();
	reporter->store = store;
	open_signer(reporter, credentials);
	reporter->verbs = (struct xn_worker_verbs){.name = "xanhd-reports",
	    .request_size = sizeof(struct ordered *),
	    .fact_size = sizeof(struct ordered *),
	    .capacity = WAITING_MAX,
	    .handle = handle};
	if ((result = xn_worker_start(&reporter->worker, &reporter->verbs, reporter, err)) !=
		XN_OK ||
	    (result = xn_loop_fd(loop, xn_worker_fd(reporter->worker), EPOLLIN, on_facts, reporter,
		 &reporter->source, err)) != XN_OK) {
		xn_reporter_stop(reporter);
		return result;
	}
	*ret_reporter = reporter;
	return XN_OK;
}

void
xn_reporter_stop(struct xn_reporter *reporter)
{
	const struct xn_error stopping = {XN_EUNREACHABLE, "xanhd is stopping"};

	if (reporter == NULL)
		return;
	xn_loop_drop(reporter->source);
	if (reporter->worker != NULL) {
		xn_worker_stop(reporter->worker);
		on_facts(reporter, -1, 0);
		for (size_t i = 0; i < WAITING_MAX; i++)
			if (reporter->waiting[i] != NULL) {
				if (reporter->waiting[i]->request != NULL)
					xn_api_fail(reporter->waiting[i]->request, &stopping);
				forget(reporter, reporter->waiting[i]);
			}
		xn_worker_free(reporter->worker);
	}
	xn_signer_close(reporter->signer);
	free(reporter->folder);
	free(reporter);
}

/* Takes a place and gives it to the worker; false: there is none, and `ordered` is gone. */
static bool
enqueue(struct xn_reporter *reporter, struct ordered *ordered)
{
	size_t place = 0;

	while (place < WAITING_MAX && reporter->waiting[place] != NULL)
		place++;
	if (place < WAITING_MAX && xn_worker_ask(reporter->worker, &ordered)) {
		reporter->waiting[place] = ordered;
		return true;
	}
	forget(reporter, ordered);
	return false;
}

void
xn_reporter_ask(struct xn_reporter *reporter, struct xn_http_request *request, const char *action,
    const char *actor, const char *id)
{
	json_t *body = json_loadb(request->body, request->size, JSON_REJECT_DUPLICATES, NULL);
	struct ordered *ordered = calloc(1, sizeof(*ordered));

	if (ordered == NULL)
		abort();
	ordered->request = request;
	snprintf(ordered->action, sizeof(ordered->action), "%s", action);
	snprintf(ordered->actor, sizeof(ordered->actor), "%s", actor);
	for (size_t i = 0; xn_report_parameters[i] != NULL; i++) {
		const char *name = xn_report_parameters[i];
		const char *value = json_string_value(json_object_get(body, name));

		if (value == NULL)
			value = xn_http_query(request, name);
		if (strcmp(name, "id") == 0 && id[0] != '\0')
			value = id;
		if (value != NULL && (ordered->values[i] = strdup(value)) == NULL)
			abort();
	}
	json_decref(body);
	if (!enqueue(reporter, ordered))
		xn_api_error(request, 503, "busy", "too many reports are waiting: try again");
}

void
xn_reporter_tick(struct xn_reporter *reporter)
{
	struct ordered *ordered;

	if (reporter->by_clock)
		return;
	ordered = calloc(1, sizeof(*ordered));
	if (ordered == NULL)
		abort();
	reporter->by_clock = true;
	enqueue(reporter, ordered);
}
