/*
 * Alarms: what a person should know now. One alarm per key ("stale:pdu-a07-a"); it is raised once,
 * changed only when its severity changes, and cleared when a whole look at the site no longer finds
 * it.
 *
 * Invariants: (1) keys of raised alarms are unique; (2) every alarm that is true at a tick was
 * touched in that tick; (3) an alarm leaves as XN_ACT_ALARM when it is raised, worsens, eases or
 * clears.
 */
#ifndef XN_CORE_ALARM_H
#define XN_CORE_ALARM_H

#include "orchestrator/core/core.h"

/* Raises the alarm of this key, or keeps it raised. */
void xn_alarm_raise(struct xn_core *core, struct xn_actions *actions, const char *key,
    enum xn_severity severity, const char *subject, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The raised alarm of this key; NULL if it is not raised. */
const struct xn_alarm *xn_alarm_find(const struct xn_core *core, const char *key);

/* A person has seen alarm `id`. XN_ENOTFOUND. */
int xn_alarm_ack(
    struct xn_core *core, uint32_t id, const char *actor, const char *note, struct xn_error *err);

/* Looks at the whole site: raises what is wrong, clears what is no longer. */
void xn_alarm_sweep(struct xn_core *core, struct xn_actions *actions);

#endif
