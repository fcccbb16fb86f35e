/*
 * Explain: the decisions of the core in words. A note is a line of the story ("move portal-3 h2 ->
 * h1 (empties h2, saves 38 W)"): it goes out as XN_ACT_NOTE for the audit and stays in a ring,
 * chained per VM, so that `xanh vm why` needs no search.
 *
 * Invariants: (1) note number n lies in place n modulo XN_NOTES_MAX; (2) a chain only leads to
 * older notes, and ends where a note was overwritten.
 */
#ifndef XN_CORE_EXPLAIN_H
#define XN_CORE_EXPLAIN_H

#include "orchestrator/core/core.h"

/* Says a line about `subject` (a VM's, rack's or plan's name); `vm` XN_NONE: about no VM. */
void xn_note(struct xn_core *core, struct xn_actions *actions, uint32_t vm, const char *subject,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The newest notes of a VM, newest first; how many there are, at most `max`. */
uint32_t xn_explain_vm(
    const struct xn_core *core, uint32_t vm, uint32_t max, const struct xn_note **ret_notes);

#endif
