/*
 * Trap codec: the outside of an SNMP notification (v1, v2c, v3), as much of it as says who calls:
 * the community, or of version 3 what stands in clear before the library decrypts anything. What a
 * trap reports is walked over and never looked at, as it is never believed. Bytes are read once; a
 * packet points into them.
 */
#ifndef XN_DRIVERS_TRAP_CODEC_H
#define XN_DRIVERS_TRAP_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XN_TRAP_ENGINE_MAX 32 /* RFC 3411: SnmpEngineID */
#define XN_TRAP_USER_MAX   32 /* RFC 3414: msgUserName */

/* The tag of an answer's PDU. */
#define XN_TRAP_RESPONSE   0xa2

enum xn_trap_kind {
	XN_TRAP_V1,
	XN_TRAP_V2C,
	XN_INFORM_V2C,
	XN_TRAP_V3, /* a trap, an inform, or a question for our engine: that is inside */
};

struct xn_trap_packet {
	enum xn_trap_kind kind;
	size_t size; /* of the message; some senders pad what follows */
	/* Versions 1 and 2c */
	const uint8_t *community;
	size_t community_size;
	/* Where the PDU's tag stands. An inform with XN_TRAP_RESPONSE in that place is its answer.
	 */
	size_t tag_at;
	/* Version 3 */
	bool auth, priv, reportable;
	const uint8_t *engine; /* that the keys are made for; size 0: the sender asks for ours */
	size_t engine_size;
	const uint8_t *user;
	size_t user_size;
};

/* False: no notification, or one that is cut short or does not fit in itself. */
bool xn_trap_parse(const uint8_t *bytes, size_t size, struct xn_trap_packet *ret_packet);

#endif
