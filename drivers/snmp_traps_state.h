/*
 * State of the trap receiver, for its own two files: snmp_traps.c decides who calls, and
 * snmp_traps_v3.c lets the library read what is of version 3.
 */
#ifndef XN_DRIVERS_SNMP_TRAPS_STATE_H
#define XN_DRIVERS_SNMP_TRAPS_STATE_H

#include "drivers/snmp_library.h"
#include "drivers/snmp_traps.h"
#include "drivers/trap_socket.h"

struct xn_trap_caller {
	uint32_t device;
	struct in6_addr address;
	struct xn_url url;        /* without the passphrases */
	struct xn_snmp_keys keys; /* of version 3 */
	uint8_t engine[XN_TRAP_ENGINE_MAX];
	size_t engine_size;    /* 0: not known yet */
	bool wanted;           /* called, and to be told */
	int64_t not_before_ms; /* the end of its pause */
	int64_t tries_from_ms; /* since when `tries` are counted */
	unsigned tries;
};

/* A packet of version 3 that waits for the library. */
struct xn_trap_held {
	struct xn_trap_peer peer;
	unsigned caller;
	bool ours;   /* made for our engine: an inform */
	bool asking; /* which engine we are */
	size_t size;
	uint8_t bytes[XN_TRAP_BYTES_MAX];
};

enum xn_trap_verdict { XN_TRAP_UNREADABLE, XN_TRAP_WRONG_KEY, XN_TRAP_GOOD };

struct xn_snmp_traps {
	int fd;
	struct xn_snmp_engine engine;
	void *session; /* the library's */
	struct xn_trap_caller callers[XN_TRAP_CALLERS_MAX];
	unsigned count;
	struct xn_trap_held held[XN_TRAP_HELD_MAX];
	unsigned held_count;
	struct xn_trap_counts counts;
	/* While the library reads a held packet */
	const struct xn_trap_held *reading;
	enum xn_trap_verdict verdict;
	/* During a take */
	const struct xn_trap_listener *listener;
	int64_t now_ms;
};

/* All three under the library's lock. */
int xn_traps_v3_open(struct xn_snmp_traps *traps, struct xn_error *err);
void xn_traps_v3_close(struct xn_snmp_traps *traps);
/* Reads a packet with its caller's keys; answers it if that is due. */
enum xn_trap_verdict xn_traps_v3_read(struct xn_snmp_traps *traps, const struct xn_trap_held *held);

#endif
