/*
 * SNMP traps: receives traps and informs (v1, v2c, v3) on one UDP port of IPv4 and IPv6. A trap
 * only means "read this device now". It counts if it comes from the device's own address and is
 * the device's own: by community, compared in constant time (v1 and v2c are worth the same), or by
 * version 3 user, key, level and engine, which is the device's for a trap and ours for an inform. A
 * device of version 3 is not heard by community. Informs that count are answered.
 *
 * The codec judges v1 and v2c alone; net-snmp is given only those packets of version 3 whose
 * address, user, level and engine are a caller's.
 *
 * Invariants: (1) a device is told of at most once per XN_TRAP_PAUSE_MS; what it sends meanwhile is
 * told once, when the pause ends; (2) a take handles at most XN_TRAP_BATCH packets and waits for
 * nothing, nor for the library's lock: packets of version 3 are held until it is free, at most
 * XN_TRAP_HELD_MAX of them; (3) at most XN_TRAP_TRIES packets of a device and pause are decrypted
 * or answered. So a flood costs its own packets, not polling.
 */
#ifndef XN_DRIVERS_SNMP_TRAPS_H
#define XN_DRIVERS_SNMP_TRAPS_H

#include "drivers/trap_codec.h"
#include "drivers/url.h"

#define XN_TRAP_CALLERS_MAX 256
#define XN_TRAP_PAUSE_MS    2000
#define XN_TRAP_RETRY_MS    20 /* how often the library's lock is tried again */
#define XN_TRAP_BATCH       64
#define XN_TRAP_HELD_MAX    16
#define XN_TRAP_TRIES       16
#define XN_TRAP_BYTES_MAX   4096 /* RFC 3417 recommends 1472 */

/* Who we are to senders of v3 informs. Boots rise with every start, or they will not believe us. */
struct xn_snmp_engine {
	uint8_t id[XN_TRAP_ENGINE_MAX];
	size_t size;
	uint32_t boots;
};

/* What is told while packets are taken. */
struct xn_trap_listener {
	void (*called)(void *context, uint32_t device);
	/* Something came from the device's address that does not count. */
	void (*refused)(void *context, uint32_t device, const char *why);
	void *context;
};

/* Since the start. */
struct xn_trap_counts {
	uint64_t packets;
	uint64_t strangers; /* from no caller's address */
	uint64_t refused;
	uint64_t answered; /* informs, and v3 questions about our engine */
	uint64_t dropped;  /* more than could be held or tried */
};

struct xn_snmp_traps;

/*
 * Port 0: any free one. The engine becomes the process's, so open before any session of version 3.
 * All calls come from one thread.
 */
int xn_snmp_traps_open(struct xn_snmp_traps **ret_traps, int port,
    const struct xn_snmp_engine *engine, struct xn_error *err);
void xn_snmp_traps_close(struct xn_snmp_traps *traps);
int xn_snmp_traps_fd(const struct xn_snmp_traps *traps);
int xn_snmp_traps_port(const struct xn_snmp_traps *traps);

/*
 * A device that may call, as its URL tells: host, version, community or user. A device may have
 * several, and several devices may share an address. XN_ENOTFOUND: its host is no numeric address.
 */
int xn_snmp_traps_add(
    struct xn_snmp_traps *traps, uint32_t device, const struct xn_url *url, struct xn_error *err);

/* The engine the poller found the device to be: until then its v3 traps are refused. */
void xn_snmp_traps_engine(
    struct xn_snmp_traps *traps, uint32_t device, const uint8_t *engine, size_t size);

/* Takes in what came; the milliseconds until it wants to be called again in any case, or
 * INT64_MAX. */
int64_t xn_snmp_traps_take(
    struct xn_snmp_traps *traps, int64_t now_ms, const struct xn_trap_listener *listener);

struct xn_trap_counts xn_snmp_traps_counts(const struct xn_snmp_traps *traps);

#endif
