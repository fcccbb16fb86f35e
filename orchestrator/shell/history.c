#include "orchestrator/shell/history.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/worker.h"
#include "orchestrator/shell/history_rrd.h"

#define ROWS_WAITING 6 /* rows of a series written at one time: a minute of 10 s rows */
#define FETCHES_MAX  64

enum { ASK_PUT, ASK_FETCH };

struct request {
	int kind;
	uint32_t series;
	struct xn_rrd_row row;
	struct xn_history_query query;
	uint32_t fetch;
};

struct fact {
	uint32_t fetch;
	struct xn_error err;
	struct xn_history_result result;
};

/* A series as the worker sees it. */
struct file {
	char *path;
	bool prepared;
	unsigned waiting;
	struct xn_rrd_row rows[ROWS_WAITING];
	struct xn_log_repeat fault;
};

struct fetch {
	xn_history_call *call; /* NULL: free */
	void *context;
};

struct xn_history {
	struct xn_history_layout layout;
	const struct xn_series *series;
	uint32_t series_count;
	struct file *files;           /* the worker's until it has stopped */
	struct xn_worker_verbs verbs; /* the worker reads them as long as it lives */
	struct xn_worker *worker;
	struct xn_loop_source *source;
	struct fetch fetches[FETCHES_MAX];
};

/* ---- in the worker's thread ---- */

static bool
prepare(struct xn_history *history, uint32_t series, struct xn_error *err)
{
	struct file *file = &history->files[series];
	bool quarantined;

	if (file->prepared)
		return true;
	if (xn_rrd_prepare(
		file->path, &history->series[series], &history->layout, &quarantined, err) != XN_OK)
		return false;
	if (quarantined)
		xn_log(XN_LOG_ERROR, "history", XN_TEXT("file", file->path),
		    XN_TEXT("state", "damaged or of another layout: set aside, begun anew"));
	file->prepared = true;
	return true;
}

static void
flush(struct xn_history *history, uint32_t series)
{
	struct file *file = &history->files[series];
	struct xn_error err;

	if (file->waiting == 0)
		return;
	if (!prepare(history, series, &err) ||
	    xn_rrd_update(file->path, &history->series[series], file->rows, file->waiting, &err) !=
		XN_OK) {
		file->prepared = false; /* look at the file again before the next try */
		xn_log_fault(&file->fault, XN_LOG_ERROR, "history", XN_TEXT("why", err.text));
	} else {
		xn_log_over(&file->fault, "history", XN_TEXT("file", file->path));
	}
	file->waiting = 0;
}

static void
put(struct xn_history *history, const struct request *request)
{
	struct file *file = &history->files[request->series];

	if (file->waiting == ROWS_WAITING)
		flush(history, request->series);
	file->rows[file->waiting++] = request->row;
	if (file->waiting == ROWS_WAITING)
		flush(history, request->series);
}

static void
answer(struct xn_history *history, struct xn_worker *worker, const struct request *request)
{
	struct fact fact = {.fetch = request->fetch};

	flush(history, request->series);
	if (prepare(history, request->series, &fact.err))
		xn_rrd_fetch(history->files[request->series].path,
		    &history->series[request->series], &history->layout, &request->query,
		    &fact.result, &fact.err);
	if (!xn_worker_tell(worker, &fact))
		xn_history_result_free(&fact.result);
}

static void
handle(struct xn_worker *worker, void *state, const void *bytes)
{
	const struct request *request = bytes;

	if (request->kind == ASK_PUT)
		put(state, request);
	else
		answer(state, worker, request);
}

/* ---- in the loop's thread ---- */

static void
deliver(struct xn_history *history, struct fact *fact)
{
	struct fetch fetch = history->fetches[fact->fetch];

	history->fetches[fact->fetch].call = NULL;
	fetch.call(fetch.context, &fact->result, fact->err.code == XN_OK ? NULL : &fact->err);
	xn_history_result_free(&fact->result);
}

static void
on_facts(void *context, int fd, uint32_t events)
{
	struct xn_history *history = context;
	struct fact fact;

	(void)fd;
	(void)events;
	while (xn_worker_take(history->worker, &fact))
		deliver(history, &fact);
}

static int
make_files(struct xn_history *history, const char *folder, struct xn_error *err)
{
	if (mkdir(folder, 0750) != 0 && errno != EEXIST)
		return xn_fail(err, XN_ESYSTEM, "making %s: %s", folder, strerror(errno));
	history->files = calloc(history->series_count, sizeof(*history->files));
	if (history->files == NULL)
		abort();
	for (uint32_t i = 0; i < history->series_count; i++)
		if (asprintf(
			&history->files[i].path, "%s/%s.rrd", folder, history->series[i].name) < 0)
			abort();
	return XN_OK;
}

int
xn_history_start(struct xn_history **ret_history, struct xn_loop *loop, const char *folder,
    const struct xn_history_layout *layout, const struct xn_series *series, uint32_t series_count,
    struct xn_error *err)
{
	struct xn_history *history = calloc(1, sizeof(*history));
	int result;

	if (history == NULL)
		abort();
	history->layout = *layout;
	history->series = series;
	history->series_count = series_count;
	history->verbs = (struct xn_worker_verbs){
	    .name = "xanhd-history",
	    .request_size = sizeof(struct request),
	    .fact_size = sizeof(struct fact),
	    .capacity = 256 + (size_t)series_count * 2,
	    .handle = handle,
	};
	if ((result = make_files(history, folder, err)) != XN_OK ||
	    (result = xn_worker_start(&history->worker, &history->verbs, history, err)) != XN_OK ||
	    (result = xn_loop_fd(loop, xn_worker_fd(history->worker), EPOLLIN, on_facts, history,
		 &history->source, err)) != XN_OK) {
		xn_history_stop(history);
		return result;
	}
	*ret_history = history;
	return XN_OK;
}

bool
xn_history_put(struct xn_history *history, uint32_t series, xn_instant at, const double *values)
{
	struct request request = {.kind = ASK_PUT, .series = series, .row.at_s = at.ms / 1000};

	assert(series < history->series_count);
	memcpy(request.row.values, values,
	    history->series[series].column_count * sizeof(request.row.values[0]));
	return xn_worker_ask(history->worker, &request);
}

bool
xn_history_fetch(struct xn_history *history, const struct xn_history_query *query,
    xn_history_call *call, void *context)
{
	struct request request = {.kind = ASK_FETCH, .series = query->series, .query = *query};

	assert(query->series < history->series_count);
	assert(query->from_s < query->to_s);
	assert(query->points >= 1 && query->points <= XN_HISTORY_POINTS_MAX);
	while (request.fetch < FETCHES_MAX && history->fetches[request.fetch].call != NULL)
		request.fetch++;
	if (request.fetch == FETCHES_MAX || !xn_worker_ask(history->worker, &request))
		return false;
	history->fetches[request.fetch] = (struct fetch){call, context};
	return true;
}

static void
give_up_fetches(struct xn_history *history)
{
	struct fact stopped = {.err = {XN_EUNREACHABLE, "xanhd is stopping"}};

	for (uint32_t i = 0; i < FETCHES_MAX; i++)
		if (history->fetches[i].call != NULL) {
			stopped.fetch = i;
			deliver(history, &stopped);
		}
}

void
xn_history_stop(struct xn_history *history)
{
	if (history == NULL)
		return;
	xn_loop_drop(history->source);
	if (history->worker != NULL) {
		xn_worker_stop(history->worker);
		on_facts(history, -1, 0);
		give_up_fetches(history);
		xn_worker_free(history->worker);
	}
	for (uint32_t i = 0; history->files != NULL && i < history->series_count; i++) {
		flush(history, i);
		free(history->files[i].path);
	}
	free(history->files);
	free(history);
}
