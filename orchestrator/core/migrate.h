/*
 * Migration: moves one VM from host to host and knows how to stop half-way (knowledge: what libvirt
 * leaves behind when a daemon, a client or a host dies at any point of it).
 *
 * Owns the moves in flight. A move is asked (COPY), resumed on the target when it arrived paused
 * (SWITCH), and then decided by what both hosts list, never by an answer alone (VERIFY, UNKNOWN);
 * what is left over is cured (CURE) and both are listed again. Invariants, checked after every
 * step: (1) a VM is in at most one move; (2) a VM belongs to the host it came from until its move
 * is done; (3) nothing is destroyed or resumed unless two looks at both hosts in a row agree, so
 * that two lists taken a moment apart cannot mislead; (4) while one of the two hosts cannot be
 * listed, nothing is done; (5) at most one request of a move is open; answers to any other are
 * ignored.
 */
#ifndef XN_CORE_MIGRATE_H
#define XN_CORE_MIGRATE_H

#include "orchestrator/core/core.h"

#define XN_MOVE_FAILURES_MAX 3 /* in a row; then a VM stays until a person acks its alarm */

/* Starts a move that the guard let pass. `step`: of the running plan, or XN_NONE. False: too many.
 */
bool xn_migrate_start(struct xn_core *core, uint32_t vm, uint32_t to, uint32_t step,
    const char *reason, struct xn_actions *actions);

uint32_t xn_migrate_in_flight(const struct xn_core *core);

void xn_migrate_boot(struct xn_core *core, struct xn_actions *actions);
void xn_migrate_answer(
    struct xn_core *core, const struct xn_event *event, struct xn_actions *actions);
void xn_migrate_host_up(struct xn_core *core, uint32_t host, struct xn_actions *actions);
void xn_migrate_listed(struct xn_core *core, uint32_t host, struct xn_actions *actions);
void xn_migrate_deadlines(struct xn_core *core, struct xn_actions *actions);

/* The next instant at which a move wants to be looked at; far away if none. */
xn_instant xn_migrate_next(const struct xn_core *core);

void xn_migrate_check(const struct xn_core *core);

#endif
