/*
 * Results: what steps asked for, gathered until it is written in one transaction: ledger rows,
 * alarm history, the audit trail, operations about to be sent and the outcomes of those that were.
 */
#ifndef XN_SHELL_ENGINE_RESULTS_H
#define XN_SHELL_ENGINE_RESULTS_H

#include "orchestrator/shell/store.h"

struct xn_result {
	struct xn_action action; /* kind 0: only the event matters */
	int64_t seq;             /* the journal row that caused it, and when that was */
	xn_instant at;
	struct xn_event *event; /* a command, policy or outcome to be recorded; NULL */
};

struct xn_results {
	struct xn_result *items;
	uint32_t count, room;
};

/* Sent to a hypervisor; and of these, what changes something there. */
bool xn_action_is_virt(const struct xn_action *action);
bool xn_action_is_operation(const struct xn_action *action);

void xn_results_add(struct xn_results *results, int64_t seq, const struct xn_event *event,
    const struct xn_actions *actions);
/* In a replay everything was done already; ledger rows may not have been written. */
void xn_results_keep_ledger(struct xn_results *results);
int xn_results_store(
    struct xn_results *results, struct xn_store *store, xn_instant now, struct xn_error *err);
void xn_results_free(struct xn_results *results);

#endif
