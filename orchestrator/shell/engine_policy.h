/*
 * The applied policy and the one being tried: each compiled in an arena of its own, because the
 * core keeps a pointer to the one it applied. At most two at a time; settling keeps the one the
 * core uses.
 */
#ifndef XN_SHELL_ENGINE_POLICY_H
#define XN_SHELL_ENGINE_POLICY_H

#include "orchestrator/core/core.h"

struct xn_policy_slot {
	struct xn_arena applied, tried;
	const struct xn_policy *applied_policy, *tried_policy;
};

/* Compiles a copy of the text. NULL with problems; settle afterwards in any case. */
const struct xn_policy *xn_policy_slot_compile(struct xn_policy_slot *slot, const char *path,
    const char *text, size_t size, struct xn_problems *problems);

/* Frees what the core does not use. */
void xn_policy_slot_settle(struct xn_policy_slot *slot, const struct xn_core *core);
void xn_policy_slot_free(struct xn_policy_slot *slot);

#endif
