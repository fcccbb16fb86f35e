/*
 * Plan: propose -> approve -> apply -> measure. Placement answers what to move; a plan keeps that
 * answer, a person (or mode auto) agrees, and its moves are started one after the other, each
 * checked by the guard when its turn comes.
 *
 * Invariants: (1) at most one plan runs, and it is the newest; (2) a step starts when those it
 * depends on are done, and never more than the policy's at_once; (3) a stopped or aborted plan
 * starts nothing more; moves under way end by themselves; (4) a proposal makes older proposals
 * superseded.
 */
#ifndef XN_CORE_PLAN_H
#define XN_CORE_PLAN_H

#include "orchestrator/core/core.h"

/* Makes a plan from the site as it is. XN_EREFUSED when none can be made now. */
int xn_plan_propose(struct xn_core *core, const char *actor, struct xn_actions *actions,
    const struct xn_plan **ret_plan, struct xn_error *err);

/* These answer with a code and a sentence for the person who asked. */
int xn_plan_approve(struct xn_core *core, const char *id, const char *actor,
    struct xn_actions *actions, struct xn_error *err);
int xn_plan_apply(struct xn_core *core, const char *id, const char *actor,
    struct xn_actions *actions, struct xn_error *err);
int xn_plan_abort(struct xn_core *core, const char *id, const char *actor,
    struct xn_actions *actions, struct xn_error *err);

/* A move of the newest plan ended (migrate.c). */
void xn_plan_step_ended(struct xn_core *core, uint32_t step, uint32_t vm, bool done,
    const char *why, struct xn_actions *actions);

/* Starts what may start; ends and measures plans. After every event. */
void xn_plan_advance(struct xn_core *core, struct xn_actions *actions);

/* Mode auto: proposes and applies when that helps. At ticks. */
void xn_plan_decide(struct xn_core *core, struct xn_actions *actions);

void xn_plan_check(const struct xn_core *core);

/* The fleet, and for each of its VMs the place in core->vms. */
void xn_fleet_build(const struct xn_core *core, struct xn_arena *arena, struct xn_fleet *ret_fleet,
    uint32_t **ret_places);

#endif
