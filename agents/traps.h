/*
 * Traps: a device that calls is read at once. A trap is never believed and not even parsed:
 * whatever comes from a device's address means "look at me now", so forging one can cause a reading
 * and nothing else, and that not more often than XN_TRAP_PAUSE_MS.
 */
#ifndef XN_AGENTS_TRAPS_H
#define XN_AGENTS_TRAPS_H

#include <stdint.h>

#include "common/error.h"

#define XN_TRAP_PAUSE_MS 2000

struct xn_traps;

/* Listens on a UDP port, IPv4 and IPv6. */
int xn_traps_open(struct xn_traps **ret_traps, int port, struct xn_error *err);
void xn_traps_close(struct xn_traps *traps);
int xn_traps_fd(const struct xn_traps *traps);

/* A device by its numeric address; one with a name is not looked up and never calls. */
void xn_traps_add(struct xn_traps *traps, uint32_t device, const char *host);

/* Takes in what came: tells each device that called; may be called with none waiting. */
void xn_traps_take(struct xn_traps *traps, int64_t now_ms,
    void (*called)(void *context, uint32_t device), void *context);

#endif
