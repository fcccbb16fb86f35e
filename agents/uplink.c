#include "agents/uplink.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

struct xn_uplink {
	struct xn_line line;
	struct xn_post *post;
	struct xn_spool *spool;
	struct xn_log_repeat fault;
	char server[256];
};

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

static void
take_facts(struct xn_uplink *uplink, int64_t now_ms)
{
	struct xn_post_fact fact;

	while (xn_worker_take(xn_post_worker(uplink->post), &fact)) {
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

/* Reads on from the cursor; false when there is nothing to say. */
static bool
say_frames(struct xn_uplink *uplink, int64_t now_ms)
{
	struct xn_spool_batch batch;
	struct xn_error err;
	uint8_t *body = malloc(XN_UPLOAD_BYTES_MAX);
	bool spoken = false;

	if (body == NULL)
		return false;
	if (xn_spool_read(
		uplink->spool, uplink->line.cursor, body, XN_UPLOAD_BYTES_MAX, &batch, &err) < 0) {
		xn_log(XN_LOG_ERROR, "uplink", XN_TEXT("last", err.text));
	} else if (batch.count > 0 &&
	    xn_line_next(&uplink->line, batch.schema, now_ms) == XN_SAY_HELLO) {
		/* Frames whose names are lost cannot be understood by anybody: pass over them. */
		if (!say_hello(uplink, batch.schema))
			uplink->line.cursor = batch.last;
		spoken = true;
	} else if (batch.count > 0) {
		post(uplink,
		    (struct xn_post_request){.kind = XN_POST_FRAMES,
			.body = (char *)body,
			.size = batch.used,
			.schema = batch.schema,
			.last = batch.last});
		return true;
	}
	free(body);
	return spoken;
}

int64_t
xn_uplink_turn(struct xn_uplink *uplink, uint32_t schema, int64_t now_ms)
{
	int64_t wait_ms;

	take_facts(uplink, now_ms);
	wait_ms = xn_line_wait_ms(&uplink->line, now_ms);
	if (wait_ms > 0)
		return wait_ms;
	if (xn_line_wants_hello(&uplink->line, now_ms))
		return say_hello(uplink, schema) ? INT64_MAX : 1000;
	say_frames(uplink, now_ms);
	return INT64_MAX;
}
