/*
 * Traps: a device that calls is read at once (drivers/snmp_traps.h says which calls count). Here a
 * device of the site becomes a caller, with the SNMP settings it is polled with; a device that is
 * read by Modbus can call too if it is given some. What is refused is said once per device, and
 * again after a call that counted, so that a forger cannot fill the log.
 */
#ifndef XN_AGENTS_TRAPS_H
#define XN_AGENTS_TRAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/site.h"

struct xn_traps;

/* Listens on a UDP port of IPv4 and IPv6; `dir` keeps our engine (snmp_engine.h). Before any
 * polling. */
int xn_traps_open(struct xn_traps **ret_traps, int port, const char *dir, struct xn_error *err);
void xn_traps_close(struct xn_traps *traps);
int xn_traps_fd(const struct xn_traps *traps);

/*
 * A device by its numeric address; one with a name is not looked up, and one without SNMP settings
 * has nothing to be known by: they never call. The device outlives us.
 */
void xn_traps_add(struct xn_traps *traps, uint32_t device, const struct xn_site_device *site,
    const char *credentials);

/* The SNMPv3 engine the device was found to be when it was read. */
void xn_traps_engine(struct xn_traps *traps, uint32_t device, const uint8_t *engine, size_t size);

/*
 * Takes in what came and tells each device that called; may be called with none waiting. Gives the
 * milliseconds until it is to be called again in any case, or INT64_MAX.
 */
int64_t xn_traps_take(struct xn_traps *traps, int64_t now_ms,
    void (*called)(void *context, uint32_t device), void *context);

#endif
