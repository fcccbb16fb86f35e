/*
 * Line: what to say next to the orchestrator, and when. Pure: it is told the time and the outcome
 * of what was said. A conversation begins with a hello, whose answer tells from where to go on;
 * frames of another schema need their own hello first. After any failure the conversation begins
 * again, so what became of the last upload need not be known: the orchestrator drops what it
 * already has.
 *
 * Invariants: (1) one thing is said at a time; (2) frames are only said after the hello of their
 * schema; (3) `cursor` goes back only when a conversation begins, to what is durable.
 */
#ifndef XN_AGENTS_LINE_H
#define XN_AGENTS_LINE_H

#include <stdbool.h>
#include <stdint.h>

enum xn_line_say { XN_SAY_NOTHING, XN_SAY_HELLO, XN_SAY_FRAMES };

enum xn_line_outcome {
	XN_LINE_OK,
	XN_LINE_AGAIN,   /* 409: it does not know us (any more) */
	XN_LINE_FAILED,  /* no answer, or the server is in trouble */
	XN_LINE_REFUSED, /* our certificate or theirs is not accepted: a person must act */
};

struct xn_line {
	bool open; /* a hello was answered and nothing failed since */
	bool busy;
	uint32_t schema; /* of the last hello */
	uint64_t cursor; /* sent up to here */
	unsigned failures;
	int64_t not_before_ms;
	uint64_t random;
};

void xn_line_init(struct xn_line *line, uint64_t seed);

/* Whether to begin a conversation (a hello of the current schema) now. */
bool xn_line_wants_hello(const struct xn_line *line, int64_t now_ms);
/* What to say when frames of `schema` wait behind the cursor. */
enum xn_line_say xn_line_next(const struct xn_line *line, uint32_t schema, int64_t now_ms);

void xn_line_said(struct xn_line *line);
void xn_line_hello_done(struct xn_line *line, enum xn_line_outcome outcome, uint32_t schema,
    uint64_t durable, int64_t now_ms);
void xn_line_frames_done(
    struct xn_line *line, enum xn_line_outcome outcome, uint64_t last, int64_t now_ms);

/* How long until it is worth asking again, 0 for now; INT64_MAX while busy. */
int64_t xn_line_wait_ms(const struct xn_line *line, int64_t now_ms);

#endif
