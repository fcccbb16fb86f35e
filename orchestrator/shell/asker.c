#include "orchestrator/shell/asker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/worker.h"
#include "orchestrator/books/question.h"
#include "orchestrator/shell/api.h"

#define WAITING_MAX    32
#define PARAMETERS_MAX 24

/* A question with copies of what it needs, since the request belongs to the loop's thread. */
struct asked {
	struct xn_http_request *request;
	char *path;
	char *values[PARAMETERS_MAX]; /* by the place in xn_question_parameters; NULL: not given */
	json_t *answer;               /* NULL: err says why */
	struct xn_error err;
};

struct xn_asker {
	struct xn_worker_verbs verbs;
	struct xn_worker *worker;
	struct xn_loop_source *source;
	char *folder;
	struct xn_books *books; /* the worker's; opened by the first question */
	struct asked *waiting[WAITING_MAX];
};

/* ---- in the worker's thread ---- */

static const char *
parameter(const void *context, const char *name)
{
	const struct asked *asked = context;

	for (size_t i = 0; xn_question_parameters[i] != NULL; i++)
		if (strcmp(xn_question_parameters[i], name) == 0)
			return asked->values[i];
	return NULL;
}

static void
handle(struct xn_worker *worker, void *state, const void *bytes)
{
	struct xn_asker *asker = state;
	struct asked *asked = *(struct asked *const *)bytes;
	struct xn_question question = {
	    .now = xn_clock_now(), .parameter = parameter, .context = asked};

	if (asker->books != NULL ||
	    xn_books_open(&asker->books, asker->folder, &asked->err) == XN_OK) {
		question.books = asker->books;
		asked->answer = xn_question_answer(&question, asked->path, &asked->err);
	}
	xn_worker_tell(worker, &asked); /* as many facts as questions: there is room */
}

/* ---- in the loop's thread ---- */

static void
forget(struct xn_asker *asker, struct asked *asked)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (asker->waiting[i] == asked)
			asker->waiting[i] = NULL;
	for (size_t i = 0; i < PARAMETERS_MAX; i++)
		free(asked->values[i]);
	free(asked->path);
	free(asked);
}

static void
on_facts(void *context, int fd, uint32_t events)
{
	struct xn_asker *asker = context;
	struct asked *asked;

	(void)fd;
	(void)events;
	while (xn_worker_take(asker->worker, &asked)) {
		if (asked->answer != NULL)
			xn_api_json(asked->request, 200, asked->answer);
		else
			xn_api_fail(asked->request, &asked->err);
		forget(asker, asked);
	}
}

int
xn_asker_start(struct xn_asker **ret_asker, struct xn_loop *loop, const char *state_folder,
    struct xn_error *err)
{
	struct xn_asker *asker = calloc(1, sizeof(*asker));
	int result;

	if (asker == NULL || (asker->folder = strdup(state_folder)) == NULL)
		abort();
	asker->verbs = (struct xn_worker_verbs){.name = "xanhd-books",
	    .request_size = sizeof(struct asked *),
	    .fact_size = sizeof(struct asked *),
	    .capacity = WAITING_MAX,
	    .handle = handle};
	if ((result = xn_worker_start(&asker->worker, &asker->verbs, asker, err)) != XN_OK ||
	    (result = xn_loop_fd(loop, xn_worker_fd(asker->worker), EPOLLIN, on_facts, asker,
		 &asker->source, err)) != XN_OK) {
		xn_asker_stop(asker);
		return result;
	}
	*ret_asker = asker;
	return XN_OK;
}

void
xn_asker_stop(struct xn_asker *asker)
{
	const struct xn_error stopping = {XN_EUNREACHABLE, "xanhd is stopping"};

	if (asker == NULL)
		return;
	xn_loop_drop(asker->source);
	if (asker->worker != NULL) {
		xn_worker_stop(asker->worker);
		on_facts(asker, -1, 0);
		for (size_t i = 0; i < WAITING_MAX; i++)
			if (asker->waiting[i] != NULL) {
				xn_api_fail(asker->waiting[i]->request, &stopping);
				forget(asker, asker->waiting[i]);
			}
		xn_worker_free(asker->worker);
	}
	xn_books_close(asker->books);
	free(asker->folder);
	free(asker);
}

void
xn_asker_ask(struct xn_asker *asker, struct xn_http_request *request, const char *path)
{
	struct asked *asked;
	size_t place = 0;

	while (place < WAITING_MAX && asker->waiting[place] != NULL)
		place++;
	if (place == WAITING_MAX) {
		xn_api_error(request, 503, "busy", "too many questions are waiting: try again");
		return;
	}
	asked = calloc(1, sizeof(*asked));
	if (asked == NULL || (asked->path = strdup(path)) == NULL)
		abort();
	asked->request = request;
	for (size_t i = 0; xn_question_parameters[i] != NULL; i++) {
		const char *value = xn_http_query(request, xn_question_parameters[i]);

		if (value != NULL && (asked->values[i] = strdup(value)) == NULL)
			abort();
	}
	asker->waiting[place] = asked;
	if (!xn_worker_ask(asker->worker, &asked)) {
		xn_api_error(request, 503, "busy", "too many questions are waiting: try again");
		forget(asker, asked);
	}
}
