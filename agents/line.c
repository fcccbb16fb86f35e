#include "agents/line.h"

#include <assert.h>

#include "agents/poller.h"

#define BACKOFF_MS_MIN INT64_C(500)
#define BACKOFF_MS_MAX INT64_C(30000)
/* A wrong certificate does not mend itself; knocking often would only fill two logs. */
#define REFUSED_MS     INT64_C(30000)

void
xn_line_init(struct xn_line *line, uint64_t seed)
{
	*line = (struct xn_line){.random = seed};
}

int64_t
xn_line_wait_ms(const struct xn_line *line, int64_t now_ms)
{
	if (line->busy)
		return INT64_MAX;
	return line->not_before_ms > now_ms ? line->not_before_ms - now_ms : 0;
}

bool
xn_line_wants_hello(const struct xn_line *line, int64_t now_ms)
{
	return !line->open && xn_line_wait_ms(line, now_ms) == 0;
}

enum xn_line_say
xn_line_next(const struct xn_line *line, uint32_t schema, int64_t now_ms)
{
	if (xn_line_wait_ms(line, now_ms) > 0)
		return XN_SAY_NOTHING;
	return line->open && line->schema == schema ? XN_SAY_FRAMES
						    : XN_SAY_HELLO; /* invariant 2 */
}

void
xn_line_said(struct xn_line *line)
{
	assert(!line->busy); /* invariant 1 */
	line->busy = true;
}

/* Full jitter: thousands of agents that lost the same orchestrator must not come back together. */
static void
back_off(struct xn_line *line, enum xn_line_outcome outcome, int64_t now_ms)
{
	int64_t limit = BACKOFF_MS_MIN;

	line->open = false;
	line->failures++;
	if (outcome == XN_LINE_REFUSED) {
		line->not_before_ms = now_ms + REFUSED_MS + xn_jitter(&line->random, REFUSED_MS);
		return;
	}
	for (unsigned i = 0; i < line->failures && limit < BACKOFF_MS_MAX; i++)
		limit *= 2;
	if (limit > BACKOFF_MS_MAX)
		limit = BACKOFF_MS_MAX;
	line->not_before_ms = now_ms + xn_jitter(&line->random, limit);
}

void
xn_line_hello_done(struct xn_line *line, enum xn_line_outcome outcome, uint32_t schema,
    uint64_t durable, int64_t now_ms)
{
	assert(line->busy);
	line->busy = false;
	if (outcome != XN_LINE_OK) {
		back_off(line, outcome, now_ms);
		return;
	}
	if (!line->open)
		line->cursor = durable; /* invariant 3 */
	line->open = true;
	line->schema = schema;
	/* `failures` stays until frames get through: hello, 409, hello, 409 must slow down. */
}

void
xn_line_frames_done(
    struct xn_line *line, enum xn_line_outcome outcome, uint64_t last, int64_t now_ms)
{
	assert(line->busy);
	line->busy = false;
	if (outcome != XN_LINE_OK) {
		back_off(line, outcome, now_ms);
		return;
	}
	line->failures = 0;
	if (last > line->cursor)
		line->cursor = last;
}
