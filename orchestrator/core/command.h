/*
 * Commands: what a person asks of the core, each answered by exactly one XN_ACT_REPLY with a code
 * and a sentence.
 */
#ifndef XN_CORE_COMMAND_H
#define XN_CORE_COMMAND_H

#include "orchestrator/core/core.h"

void xn_command_take(
    struct xn_core *core, const struct xn_event *event, struct xn_actions *actions);
void xn_command_policy(
    struct xn_core *core, const struct xn_event *event, struct xn_actions *actions);

#endif
