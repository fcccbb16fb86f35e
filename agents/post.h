/*
 * Post: one HTTPS connection to the orchestrator in a worker's thread: POST a body, get a
 * watermark. Mutual TLS 1.3 with the site's own authority and no other. One request at a time.
 */
#ifndef XN_AGENTS_POST_H
#define XN_AGENTS_POST_H

#include "agents/line.h"
#include "common/worker.h"

struct xn_post_options {
	const char *server; /* https://HOST:PORT */
	const char *ca;
	const char *certificate;
	const char *key;
};

enum xn_post_kind { XN_POST_HELLO, XN_POST_FRAMES };

struct xn_post_request {
	enum xn_post_kind kind;
	char *body; /* the worker frees it */
	size_t size;
	uint32_t schema;
	uint64_t last;
};

struct xn_post_fact {
	enum xn_post_kind kind;
	enum xn_line_outcome outcome;
	long status; /* of HTTP; 0: no answer */
	uint64_t durable;
	uint32_t schema;
	uint64_t last;
	char text[200]; /* of a failure */
};

struct xn_post;

/* XN_EINVALID: the server is no https URL; XN_EREAD: a certificate or key cannot be read. */
int xn_post_open(
    struct xn_post **ret_post, const struct xn_post_options *options, struct xn_error *err);
struct xn_worker *xn_post_worker(struct xn_post *post);
/* Waits for the request being sent, at most a moment: it is broken off. */
void xn_post_close(struct xn_post *post);

/* Reads {"durable":N}; false if the answer is anything else. */
bool xn_post_parse_durable(const char *json, size_t size, uint64_t *ret_durable);

#endif
