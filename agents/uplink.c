#include "agents/uplink.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* The site changes a few times between two visits of the orchestrator, not more. */
#define OUTDATED_MAX 16

struct xn_uplink {
	struct xn_line line;
	struct xn_post *post;
	struct xn_spool *spool;
	struct xn_log_repeat fault;
	char server[256];
	/* Old schemas whose hello is refused, for the site has changed since. */
	uint32_t outdated[OUTDATED_MAX];
	unsigned outdated_count;
};

#define HTTP_BAD_REQUEST 400
#define HTTP_FORBIDDEN   403

int
xn_uplink_open(struct xn_uplink **ret_uplink, const struct xn_post_options *options,
    struct xn_spool *spool, uint64_t seed, struct xn_error *err)
{
	struct xn_uplink *uplink = calloc(1, sizeof(*uplink));
	int result;

	if (uplink == NULL)
		return xn_fail(err, XN_ESYSTEM, "uplink: no memory");
	xn_line_init(&uplink->line, seed);
	uplink->spool = spool;
	strncat(uplink->server, options->server, sizeof(uplink->server) - 1);
	result = xn_post_open(&uplink->post, options, err);
	if (result < 0) {
		free(uplink);
		return result;
	}
	*ret_uplink = uplink;
	return XN_OK;
}

void
xn_uplink_close(struct xn_uplink *uplink)
{
	if (uplink == NULL)
		return;
	xn_post_close(uplink->post);
	free(uplink);
}

int
xn_uplink_fd(const struct xn_uplink *uplink)
{
	return xn_worker_fd(xn_post_worker(uplink->post));
}

static void
report(struct xn_uplink *uplink, const struct xn_post_fact *fact)
{
	enum xn_log_priority priority =
	    fact->outcome == XN_LINE_REFUSED ? XN_LOG_ERROR : XN_LOG_WARNING;

	if (fact->outcome == XN_LINE_OK)
		xn_log_over(&uplink->fault, "uplink", XN_TEXT("server", uplink->server),
		    XN_TEXT("state", "up"), XN_NUMBER("durable", (int64_t)fact->durable));
	else if (fact->outcome == XN_LINE_AGAIN)
		xn_log(XN_LOG_NOTICE, "uplink", XN_TEXT("server", uplink->server),
		    XN_TEXT("state", "hello"), XN_TEXT("why", fact->text));
	else
		xn_log_fault(&uplink->fault, priority, "uplink", XN_TEXT("server", uplink->server),
		    XN_TEXT("state", fact->outcome == XN_LINE_REFUSED ? "refused" : "down"),
		    XN_TEXT("last", fact->text));
}

/*
 * The current schema was welcome and an older one is not: the devices it speaks of are no longer
 * the site's. Nobody will ever take its frames, and they must not hold up those behind them.
 */
static void
note_outdated(struct xn_uplink *uplink, struct xn_post_fact *fact, uint32_t current)
{
	if (fact->kind != XN_POST_HELLO || fact->schema == current || !uplink->line.open ||
	    (fact->status != HTTP_FORBIDDEN && fact->status != HTTP_BAD_REQUEST))
		return;
	if (uplink->outdated_count < OUTDATED_MAX)
		uplink->outdated[uplink->outdated_count++] = fact->schema;
	fact->outcome = XN_LINE_AGAIN;
}

static void
take_facts(struct xn_uplink *uplink, uint32_t current, int64_t now_ms)
{
	struct xn_post_fact fact;

	while (xn_worker_take(xn_post_worker(uplink->post), &fact)) {
		note_outdated(uplink, &fact, current);
		report(uplink, &fact);
		if (fact.kind == XN_POST_HELLO)
			xn_line_hello_done(
			    &uplink->line, fact.outcome, fact.schema, fact.durable, now_ms);
		else
			xn_line_frames_done(&uplink->line, fact.outcome, fact.last, now_ms);
		if (fact.outcome == XN_LINE_OK)
			xn_spool_durable(uplink->spool, fact.durable); /* invariant 1 */
	}
}

static void
post(struct xn_uplink *uplink, struct xn_post_request request)
{
	if (xn_worker_ask(xn_post_worker(uplink->post), &request))
		xn_line_said(&uplink->line);
	else
		free(request.body); /* cannot be: the line says one thing at a time */
}

static bool
say_hello(struct xn_uplink *uplink, uint32_t schema)
{
	struct xn_error err;
	char *json;

	if (xn_spool_load_hello(uplink->spool, schema, &json, &err) < 0) {
		xn_log(XN_LOG_ERROR, "uplink", XN_TEXT("state", "no hello"),
		    XN_NUMBER("schema", schema), XN_TEXT("last", err.text));
		return false;
	}
	post(uplink,
	    (struct xn_post_request){
		.kind = XN_POST_HELLO, .body = json, .size = strlen(json), .schema = schema});
	return true;
}

static void
pass_over(struct xn_uplink *uplink, const struct xn_spool_batch *batch, const char *why)
{
	xn_log(XN_LOG_ERROR, "uplink", XN_TEXT("state", "passed over"), XN_TEXT("why", why),
	    XN_NUMBER("frames", batch->count), XN_NUMBER("last", (int64_t)batch->last));
	uplink->line.cursor = batch->last;
}

static bool
is_outdated(const struct xn_uplink *uplink, uint32_t schema)
{
	for (unsigned i = 0; i < uplink->outdated_count; i++)
		if (uplink->outdated[i] == schema)
			return true;
	return false;
}

/* Says what comes behind the cursor; false when it only moved on and there may be more. */
static bool
say_batch(
    struct xn_uplink *uplink, const struct xn_spool_batch *batch, uint8_t *body, int64_t now_ms)
{
	if (is_outdated(uplink, batch->schema)) {
		pass_over(uplink, batch, "their devices are no longer the site's");
		free(body);
		return false;
	}
	if (xn_line_next(&uplink->line, batch->schema, now_ms) == XN_SAY_HELLO) {
		bool said = say_hello(uplink, batch->schema);

		if (!said)
			pass_over(uplink, batch, "the names of their points are lost");
		free(body);
		return said;
	}
	post(uplink,
	    (struct xn_post_request){.kind = XN_POST_FRAMES,
		.body = (char *)body,
		.size = batch->used,
		.schema = batch->schema,
		.last = batch->last});
	return true;
}

/* Reads on from the cursor. */
static void
say_frames(struct xn_uplink *uplink, int64_t now_ms)
{
	struct xn_spool_batch batch;
	struct xn_error err;
	bool said = false;

	while (!said) {
		uint8_t *body = malloc(XN_UPLOAD_BYTES_MAX);

		if (body == NULL)
			return;
		if (xn_spool_read(uplink->spool, uplink->line.cursor, body, XN_UPLOAD_BYTES_MAX,
			&batch, &err) < 0) {
			xn_log(XN_LOG_ERROR, "uplink", XN_TEXT("last", err.text));
			batch.count = 0;
		}
		if (batch.count == 0) {
			free(body);
			return;
		}
		said = say_batch(uplink, &batch, body, now_ms);
	}
}

int64_t
xn_uplink_turn(struct xn_uplink *uplink, uint32_t schema, int64_t now_ms)
{
	int64_t wait_ms;

	take_facts(uplink, schema, now_ms);
	wait_ms = xn_line_wait_ms(&uplink->line, now_ms);
	if (wait_ms > 0)
		return wait_ms;
	if (xn_line_wants_hello(&uplink->line, now_ms))
		return say_hello(uplink, schema) ? INT64_MAX : 1000;
	say_frames(uplink, now_ms);
	return INT64_MAX;
}
