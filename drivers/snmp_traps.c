#include "drivers/snmp_traps_state.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- who calls ---- */

static bool
is_at(const struct xn_trap_caller *caller, const struct xn_trap_peer *peer)
{
	return memcmp(&caller->address, &peer->from.sin6_addr, sizeof(caller->address)) == 0;
}

static void
refuse(struct xn_snmp_traps *traps, const struct xn_trap_caller *caller, const char *why)
{
	traps->counts.refused++;
	traps->listener->refused(traps->listener->context, caller->device, why);
}

/* Invariant 3 */
static bool
may_try(struct xn_snmp_traps *traps, struct xn_trap_caller *caller)
{
	if (traps->now_ms - caller->tries_from_ms >= XN_TRAP_PAUSE_MS) {
		caller->tries_from_ms = traps->now_ms;
		caller->tries = 0;
	}
	if (caller->tries == XN_TRAP_TRIES) {
		traps->counts.dropped++;
		return false;
	}
	caller->tries++;
	return true;
}

/* In a time that does not depend on how much of it is right. */
static bool
is_community(const struct xn_trap_caller *caller, const struct xn_trap_packet *packet)
{
	char given[XN_URL_SECRET_SIZE] = {0};
	size_t length = strlen(caller->url.community);
	bool same = packet->community_size == length;

	if (packet->community_size < sizeof(given))
		memcpy(given, packet->community, packet->community_size);
	same &= gnutls_memcmp(given, caller->url.community, sizeof(given)) == 0;
	return same && length > 0;
}

static void
judge_community(struct xn_snmp_traps *traps, struct xn_trap_caller *first,
    const struct xn_trap_peer *peer, uint8_t *bytes, const struct xn_trap_packet *packet)
{
	struct xn_trap_caller *known = NULL;
	struct xn_trap_caller *nearest = first;

	for (struct xn_trap_caller *caller = first; caller < traps->callers + traps->count;
	     caller++) {
		if (caller->url.version == 3 || !is_at(caller, peer))
			continue;
		nearest = caller;
		if (is_community(caller, packet)) {
			caller->wanted = true;
			known = caller;
		}
	}
	if (known == NULL) {
		refuse(
		    traps, nearest, nearest->url.version == 3 ? "not SNMPv3" : "another community");
	} else if (packet->kind == XN_INFORM_V2C && may_try(traps, known)) {
		bytes[packet->tag_at] = XN_TRAP_RESPONSE;
		if (xn_trap_socket_answer(traps->fd, peer, bytes, packet->size))
			traps->counts.answered++;
	}
}

static bool
is_engine(const uint8_t *engine, size_t size, const struct xn_trap_packet *packet)
{
	return size > 0 && size == packet->engine_size && memcmp(engine, packet->engine, size) == 0;
}

/* Why a caller cannot have sent this packet of version 3; NULL: it can. */
static const char *
why_not(const struct xn_snmp_traps *traps, const struct xn_trap_caller *caller,
    const struct xn_trap_packet *packet)
{
	int level = packet->priv ? SNMP_SEC_LEVEL_AUTHPRIV
	    : packet->auth       ? SNMP_SEC_LEVEL_AUTHNOPRIV
				 : SNMP_SEC_LEVEL_NOAUTH;

	if (caller->url.version != 3)
		return "SNMPv3, which is not its version";
	if (packet->engine_size == 0)
		return packet->reportable && level == SNMP_SEC_LEVEL_NOAUTH ? NULL : "no engine";
	if (strlen(caller->url.user) != packet->user_size ||
	    memcmp(caller->url.user, packet->user, packet->user_size) != 0)
		return "another SNMPv3 user";
	if (level < caller->keys.level)
		return "below the device's SNMPv3 security level";
	if (!is_engine(traps->engine.id, traps->engine.size, packet) &&
	    !is_engine(caller->engine, caller->engine_size, packet))
		return "another SNMPv3 engine, or the device was never read";
	return NULL;
}

static void
hold(struct xn_snmp_traps *traps, struct xn_trap_caller *caller, const struct xn_trap_peer *peer,
    const uint8_t *bytes, const struct xn_trap_packet *packet)
{
	struct xn_trap_held *held = &traps->held[traps->held_count];

	if (traps->held_count == XN_TRAP_HELD_MAX) {
		traps->counts.dropped++;
		return;
	}
	held->peer = *peer;
	held->caller = (unsigned)(caller - traps->callers);
	held->ours = is_engine(traps->engine.id, traps->engine.size, packet);
	held->asking = packet->engine_size == 0;
	held->size = packet->size;
	memcpy(held->bytes, bytes, packet->size);
	traps->held_count++;
}

static void
judge_version_3(struct xn_snmp_traps *traps, struct xn_trap_caller *first,
    const struct xn_trap_peer *peer, const uint8_t *bytes, const struct xn_trap_packet *packet)
{
	struct xn_trap_caller *nearest = first;
	const char *why = why_not(traps, first, packet);

	for (struct xn_trap_caller *caller = first; caller < traps->callers + traps->count;
	     caller++) {
		if (caller->url.version != 3 || !is_at(caller, peer))
			continue;
		nearest = caller;
		why = why_not(traps, caller, packet);
		if (why != NULL)
			continue;
		/* A trap of a device that is to be told of anyway would change nothing. */
		if ((packet->reportable || !caller->wanted) && may_try(traps, caller))
			hold(traps, caller, peer, bytes, packet);
		return;
	}
	refuse(traps, nearest, why);
}

static void
judge(struct xn_snmp_traps *traps, const struct xn_trap_peer *peer, uint8_t *bytes, size_t size)
{
	struct xn_trap_packet packet;
	struct xn_trap_caller *first = traps->callers;

	while (first < traps->callers + traps->count && !is_at(first, peer))
		first++;
	traps->counts.packets++;
	if (first == traps->callers + traps->count)
		traps->counts.strangers++;
	else if (!xn_trap_parse(bytes, size, &packet))
		refuse(traps, first, "not a trap");
	else if (packet.kind == XN_TRAP_V3)
		judge_version_3(traps, first, peer, bytes, &packet);
	else
		judge_community(traps, first, peer, bytes, &packet);
}

/* Devices behind one address and user are one agent's: they are told of together. */
static void
mark_all(struct xn_snmp_traps *traps, const struct xn_trap_held *held)
{
	const struct xn_trap_caller *known = &traps->callers[held->caller];

	for (unsigned i = 0; i < traps->count; i++) {
		struct xn_trap_caller *caller = &traps->callers[i];

		if (caller == known ||
		    (caller->url.version == 3 && is_at(caller, &held->peer) &&
			strcmp(caller->url.user, known->url.user) == 0 &&
			gnutls_memcmp(&caller->keys, &known->keys, sizeof(known->keys)) == 0 &&
			(held->ours ||
			    (caller->engine_size == known->engine_size &&
				memcmp(caller->engine, known->engine, known->engine_size) == 0))))
			caller->wanted = true;
	}
}

static void
read_held(struct xn_snmp_traps *traps, const struct xn_trap_held *held)
{
	uint64_t answered = traps->counts.answered;
	enum xn_trap_verdict verdict = xn_traps_v3_read(traps, held);

	if (verdict == XN_TRAP_GOOD)
		mark_all(traps, held);
	else if (verdict == XN_TRAP_WRONG_KEY)
		refuse(traps, &traps->callers[held->caller], "wrong SNMPv3 key");
	else if (traps->counts.answered == answered) /* no report said what is wrong */
		refuse(traps, &traps->callers[held->caller],
		    "wrong SNMPv3 privacy key, or an old packet");
}

/* Invariant 1; gives the milliseconds until the next pause ends for which somebody waits. */
static int64_t
tell(struct xn_snmp_traps *traps)
{
	int64_t wait_ms = INT64_MAX;

	for (unsigned i = 0; i < traps->count; i++) {
		struct xn_trap_caller *caller = &traps->callers[i];
		int64_t left_ms = caller->not_before_ms - traps->now_ms;

		if (!caller->wanted)
			continue;
		if (left_ms <= 0) {
			caller->wanted = false;
			caller->not_before_ms = traps->now_ms + XN_TRAP_PAUSE_MS;
			traps->listener->called(traps->listener->context, caller->device);
		} else if (left_ms < wait_ms) {
			wait_ms = left_ms;
		}
	}
	return wait_ms;
}

/* ---- */

int
xn_snmp_traps_open(struct xn_snmp_traps **ret_traps, int port, const struct xn_snmp_engine *engine,
    struct xn_error *err)
{
	struct xn_snmp_traps *traps = calloc(1, sizeof(*traps));
	int code;

	if (traps == NULL)
		return xn_fail(err, XN_ESYSTEM, "traps: no memory");
	assert(engine->size >= 5 && engine->size <= sizeof(engine->id) && engine->boots > 0);
	traps->engine = *engine;
	traps->fd = xn_trap_socket_open(port);
	if (traps->fd < 0) {
		xn_fail(err, XN_ESYSTEM, "traps: UDP port %d: %s", port, strerror(errno));
		free(traps);
		return XN_ESYSTEM;
	}
	xn_snmp_library_lock();
	code = xn_traps_v3_open(traps, err);
	xn_snmp_library_unlock();
	if (code == XN_OK)
		*ret_traps = traps;
	else
		xn_snmp_traps_close(traps);
	return code;
}

void
xn_snmp_traps_close(struct xn_snmp_traps *traps)
{
	if (traps == NULL)
		return;
	xn_snmp_library_lock();
	xn_traps_v3_close(traps);
	xn_snmp_library_unlock();
	close(traps->fd);
	explicit_bzero(traps, sizeof(*traps)); /* secrets and keys */
	free(traps);
}

int
xn_snmp_traps_fd(const struct xn_snmp_traps *traps)
{
	return traps->fd;
}

int
xn_snmp_traps_port(const struct xn_snmp_traps *traps)
{
	return xn_trap_socket_port(traps->fd);
}

int
xn_snmp_traps_add(
    struct xn_snmp_traps *traps, uint32_t device, const struct xn_url *url, struct xn_error *err)
{
	struct xn_trap_caller *caller = &traps->callers[traps->count];
	struct in_addr four;
	int code = XN_OK;

	if (traps->count == XN_TRAP_CALLERS_MAX)
		return xn_fail(err, XN_EFULL, "traps of more than %d", XN_TRAP_CALLERS_MAX);
	*caller = (struct xn_trap_caller){.device = device, .url = *url};
	if (inet_pton(AF_INET, url->host, &four) == 1) {
		memset(&caller->address.s6_addr[10], 0xff, 2);
		memcpy(&caller->address.s6_addr[12], &four, sizeof(four));
	} else if (inet_pton(AF_INET6, url->host, &caller->address) != 1) {
		return xn_fail(err, XN_ENOTFOUND, "%s is no numeric address", url->host);
	}
	if (url->version == 3) {
		xn_snmp_library_lock();
		code = xn_snmp_keys_derive(url, &caller->keys, err);
		xn_snmp_library_unlock();
	}
	explicit_bzero(caller->url.auth_pass, sizeof(caller->url.auth_pass));
	explicit_bzero(caller->url.priv_pass, sizeof(caller->url.priv_pass));
	if (code == XN_OK)
		traps->count++;
	return code;
}

void
xn_snmp_traps_engine(
    struct xn_snmp_traps *traps, uint32_t device, const uint8_t *engine, size_t size)
{
	assert(size <= XN_TRAP_ENGINE_MAX);
	for (unsigned i = 0; i < traps->count; i++) {
		if (traps->callers[i].device != device)
			continue;
		memcpy(traps->callers[i].engine, engine, size);
		traps->callers[i].engine_size = size;
	}
}

int64_t
xn_snmp_traps_take(
    struct xn_snmp_traps *traps, int64_t now_ms, const struct xn_trap_listener *listener)
{
	uint8_t bytes[XN_TRAP_BYTES_MAX];
	struct xn_trap_peer peer;
	ssize_t size;
	int64_t wait_ms;

	traps->now_ms = now_ms;
	traps->listener = listener;
	for (unsigned i = 0; i < XN_TRAP_BATCH; i++) {
		size = xn_trap_socket_take(traps->fd, bytes, sizeof(bytes), &peer);
		if (size < 0)
			break;
		judge(traps, &peer, bytes, (size_t)size);
	}
	if (traps->held_count > 0 && xn_snmp_library_try()) {
		for (unsigned i = 0; i < traps->held_count; i++)
			read_held(traps, &traps->held[i]);
		traps->held_count = 0;
		xn_snmp_library_unlock();
	}
	wait_ms = tell(traps);
	return traps->held_count > 0 && wait_ms > XN_TRAP_RETRY_MS ? XN_TRAP_RETRY_MS : wait_ms;
}

struct xn_trap_counts
xn_snmp_traps_counts(const struct xn_snmp_traps *traps)
{
	return traps->counts;
}
