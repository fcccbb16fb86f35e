/*
 * Guard: checks each single move just before it is asked for, from the core's own state and from
 * nothing that placement or a policy said (rules R1 to R6). Small and hard: no policy can switch it
 * off, and it refuses rather than guesses.
 *
 *   R1, R2  every feed of the target's rack stays within its limit now, and within its rating when
 *           the other feed is lost; measured or modelled watts, whichever is more, and every move
 * that is under way counts at its target; R3      the VM runs once, on the host it leaves, and the
 * target holds no copy of it; R5      both racks' meters are fresh, and nothing holds the site;
 *           both hosts answer and were listed; the target has memory and CPU, and a cool inlet.
 */
#ifndef XN_CORE_GUARD_H
#define XN_CORE_GUARD_H

#include "orchestrator/core/core.h"

/*
 * NULL: the move may start. Else why not, in the scratch arena. *ret_waits: it may pass by itself
 * (stale data, a host that does not answer), so a plan can wait.
 */
const char *xn_guard_refuses(struct xn_core *core, uint32_t vm, uint32_t to, bool *ret_waits);

#endif
