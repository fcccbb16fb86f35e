/*
 * Uplink: carries the spool to the orchestrator. Joins the line (what to say), the spool (what
 * there is) and the post (how to send). Called from the agent's loop only; nothing here blocks on a
 * network.
 *
 * Invariants: (1) the spool is trimmed only to the watermark that the orchestrator answered; (2)
 * the body that is being sent belongs to the post's worker.
 */
#ifndef XN_AGENTS_UPLINK_H
#define XN_AGENTS_UPLINK_H

#include "agents/post.h"
#include "agents/spool.h"

struct xn_uplink;

int xn_uplink_open(struct xn_uplink **ret_uplink, const struct xn_post_options *options,
    struct xn_spool *spool, uint64_t seed, struct xn_error *err);
void xn_uplink_close(struct xn_uplink *uplink);

/* Readable when xn_uplink_turn has something to take in. */
int xn_uplink_fd(const struct xn_uplink *uplink);

/*
 * Takes in answers and says what is to be said; `schema` is the one being written now. Returns in
 * how many milliseconds to call again at the latest; INT64_MAX: when the descriptor or new frames
 * say so.
 */
int64_t xn_uplink_turn(struct xn_uplink *uplink, uint32_t schema, int64_t now_ms);

#endif
