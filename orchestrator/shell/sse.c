#include "orchestrator/shell/sse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct subscriber {
	struct xn_sse *sse;
	struct subscriber *next, **link;
	struct xn_http_stream *stream;
};

struct kept {
	uint64_t id;
	char *text;
};

struct xn_sse {
	uint64_t next_id;
	struct kept kept[XN_SSE_KEPT]; /* ring by id */
	struct subscriber *first;
	unsigned count;
};

struct xn_sse *
xn_sse_new(void)
{
	struct xn_sse *sse = calloc(1, sizeof(*sse));

	if (sse == NULL)
		abort();
	sse->next_id = 1;
	return sse;
}

void
xn_sse_free(struct xn_sse *sse)
{
	if (sse == NULL)
		return;
	assert(sse->first == NULL); /* the HTTP server is stopped before */
	for (int i = 0; i < XN_SSE_KEPT; i++)
		free(sse->kept[i].text);
	free(sse);
}

static void
on_gone(void *context)
{
	struct subscriber *subscriber = context;

	*subscriber->link = subscriber->next;
	if (subscriber->next != NULL)
		subscriber->next->link = subscriber->link;
	subscriber->sse->count--;
	free(subscriber);
}

static void
catch_up(const struct xn_sse *sse, struct xn_http_stream *stream, uint64_t last)
{
	uint64_t first = sse->next_id > XN_SSE_KEPT ? sse->next_id - XN_SSE_KEPT : 1;

	for (uint64_t id = last + 1 > first ? last + 1 : first; id < sse->next_id; id++) {
		const char *text = sse->kept[id % XN_SSE_KEPT].text;

		xn_http_stream_write(stream, text, strlen(text));
	}
}

bool
xn_sse_subscribe(struct xn_sse *sse, struct xn_http_request *request)
{
	const char *last = xn_http_header(request, "Last-Event-ID");
	static const char hello[] = "retry: 2000\n\n";
	struct subscriber *subscriber;

	if (sse->count >= XN_SSE_SUBSCRIBERS_MAX)
		return false;
	subscriber = calloc(1, sizeof(*subscriber));
	if (subscriber == NULL)
		abort();
	subscriber->sse = sse;
	subscriber->link = &sse->first;
	subscriber->next = sse->first;
	if (subscriber->next != NULL)
		subscriber->next->link = &subscriber->next;
	sse->first = subscriber;
	sse->count++;
	subscriber->stream = xn_http_stream_open(request, on_gone, subscriber);
	xn_http_stream_write(subscriber->stream, hello, sizeof(hello) - 1);
	if (last != NULL)
		catch_up(sse, subscriber->stream, strtoull(last, NULL, 10));
	return true;
}

static void
write_all(struct xn_sse *sse, const char *text)
{
	for (struct subscriber *s = sse->first; s != NULL; s = s->next)
		xn_http_stream_write(s->stream, text, strlen(text));
}

void
xn_sse_send(struct xn_sse *sse, const char *event, const char *data)
{
	struct kept *kept = &sse->kept[sse->next_id % XN_SSE_KEPT];

	assert(strchr(data, '\n') == NULL);
	free(kept->text);
	kept->id = sse->next_id;
	if (asprintf(&kept->text, "id: %llu\nevent: %s\ndata: %s\n\n",
		(unsigned long long)sse->next_id, event, data) < 0)
		abort();
	sse->next_id++;
	write_all(sse, kept->text);
}

void
xn_sse_ping(struct xn_sse *sse)
{
	write_all(sse, ": ping\n\n");
}

unsigned
xn_sse_count(const struct xn_sse *sse)
{
	return sse->count;
}
