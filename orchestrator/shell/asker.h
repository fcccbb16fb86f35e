/*
 * Asker: answers questions of the books (orchestrator/books/question.h) in a thread of its own,
 * with its own read-only connection, so that a year's sums do not keep the loop from its work.
 * Questions are answered one after the other; when too many wait, the next one is refused.
 */
#ifndef XN_SHELL_ASKER_H
#define XN_SHELL_ASKER_H

#include "common/loop.h"
#include "orchestrator/shell/http.h"

struct xn_asker;

int xn_asker_start(struct xn_asker **ret_asker, struct xn_loop *loop, const char *state_folder,
    struct xn_error *err);
/* Those that still wait are answered with 503. */
void xn_asker_stop(struct xn_asker *asker);

/* Answers the request with the question `path` ("/energy/flow") and the request's parameters. */
void xn_asker_ask(struct xn_asker *asker, struct xn_http_request *request, const char *path);

#endif
