/*
 * What an SNMP device answers, inside well-formed replies to our own requests: any error status and
 * any variables, to a GET and to a walk. The library takes the BER apart; what is made of it is
 * ours.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/bytes.h"
#include "drivers/snmp_wire.h"

#define DEADLINE_MS 2000
#define TURNS_MAX   400
#define PLACES      3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t names[PLACES][9] = {
    {1, 3, 6, 1, 4, 1, 318, 1, 5}, {1, 3, 6, 1, 4, 1, 318, 1, 6}, {1, 3, 6, 1, 4, 1, 318, 1, 7}};

struct run {
	bool walk, done;
	struct xn_oid last[PLACES];
	unsigned taken[PLACES];
};

static void
on_value(void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value)
{
	struct xn_rule rule = {.class_ = XN_CLASS_CURRENT, .scale = {1, 10, XN_CELSIUS}};
	struct xn_reading reading = {.value = 0};
	struct run *run = to;
	char text[256];

	assert(place < PLACES && oid->count <= XN_OID_MAX);
	xn_snmp_text(value, text, sizeof(text));
	xn_reading_take(&reading, &rule, xn_snmp_number(value, &rule, &rule.scale));
	assert(isfinite(reading.value));
	if (run->walk) {
		assert(oid->count > 9 && memcmp(oid->id, names[place], sizeof(names[0])) == 0);
		assert(run->taken[place] == 0 || xn_oid_compare(oid, &run->last[place]) > 0);
		run->last[place] = *oid;
	}
	run->taken[place]++;
}

static void
on_done(void *to, int code, const struct xn_error *err)
{
	struct run *run = to;

	assert(!run->done && (code == XN_OK || err->text[0] != '\0'));
	run->done = true;
}

/* An element's size, in the two bytes that any length can have. */
static void
put(struct xn_writer *out, uint8_t tag, const void *bytes, size_t size)
{
	xn_write_u8(out, tag);
	xn_write_u8(out, 0x82);
	xn_write_u16(out, (uint16_t)size);
	xn_write_bytes(out, bytes, size);
}

/* The reply to a request, whose community and id stand where they always do. */
static size_t
make_reply(const uint8_t *request, size_t size, struct xn_reader *script, uint8_t ret_reply[4096])
{
	uint8_t pdu_bytes[3072], message_bytes[3500];
	struct xn_writer pdu = {.base = pdu_bytes, .size = sizeof(pdu_bytes)};
	struct xn_writer message = {.base = message_bytes, .size = sizeof(message_bytes)};
	struct xn_writer reply = {.base = ret_reply, .size = 4096};
	/* 30 L 02 01 VERSION 04 01 'c' TAG L 02 04 ID: L is one byte, or 81 and one more. */
	size_t at = request[1] & 0x80 ? 2u + (request[1] & 0x7f) : 2;
	bool over = script->left == 0;
	uint8_t status = over ? 5 : xn_read_u8(script) % 20;
	uint8_t index = xn_read_u8(script);
	size_t count = xn_read_u16(script) % 2048;

	if (count > script->left)
		count = script->left;
	at += 3 + 3; /* version, community */
	at += request[at + 1] & 0x80 ? 2u + (request[at + 1] & 0x7f) : 2;
	assert(at + 6 <= size && request[at] == 2 && request[at + 1] <= 4);
	xn_write_bytes(&pdu, request + at, 2u + request[at + 1]);
	put(&pdu, 2, &status, 1);
	put(&pdu, 2, &index, 1);
	put(&pdu, 0x30, xn_read_bytes(script, count), count);
	xn_write_bytes(&message, "\x02\x01\x01\x04\x01", 5);
	xn_write_bytes(&message, "c", 1);
	put(&message, 0xa2, pdu.base, pdu.used);
	put(&reply, 0x30, message.base, message.used);
	return reply.used;
}

static int
open_device(struct xn_url *url)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t size = sizeof(at);
	char text[64];

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) != 0)
		abort();
	snprintf(text, sizeof(text), "snmp://127.0.0.1:%u?community=c", ntohs(at.sin_port));
	if (xn_url_parse(text, url, NULL) != XN_OK)
		abort();
	return fd;
}

/* Lets the device answer what came; false when nothing did. */
static bool
serve(int fd, struct xn_reader *script)
{
	uint8_t request[4096], reply[4096];
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	ssize_t n =
	    recvfrom(fd, request, sizeof(request), MSG_DONTWAIT, (struct sockaddr *)&peer, &size);

	if (n <= 0)
		return false;
	sendto(fd, reply, make_reply(request, (size_t)n, script, reply), 0,
	    (struct sockaddr *)&peer, size);
	return true;
}

/* First byte: GET, walk or peek; then replies: status, index, how many bytes of variables, they. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xn_snmp_limits limits = {.objects = 20, .rows = 25};
	static struct xn_oid_ref oids[PLACES];
	static struct xn_hub *hub;
	static struct xn_url url;
	static int fd;
	struct xn_reader script = {.at = data, .left = size};
	struct xn_error err;
	struct xn_snmp *snmp;
	struct run run = {.walk = false};
	uint8_t job = xn_read_u8(&script);

	if (hub == NULL) {
		fd = open_device(&url);
		if (xn_hub_open(&hub, &err) != XN_OK)
			abort();
		for (unsigned i = 0; i < PLACES; i++)
			oids[i] = (struct xn_oid_ref){names[i], 9};
	}
	run.walk = job % 3 != 0;
	if (xn_snmp_open(&snmp, hub, &url, &err) != XN_OK)
		abort();
	xn_snmp_begin(snmp, xn_deadline_in(DEADLINE_MS), limits, on_done, &run);
	if (run.walk)
		xn_snmp_walk(snmp, oids, PLACES, job % 3 == 2, on_value);
	else
		xn_snmp_get(snmp, oids, NULL, PLACES, on_value);
	/* A reply that the library drops is asked for again after a while: not waited for. */
	for (int turns = 0; !run.done && turns < TURNS_MAX && serve(fd, &script); turns++)
		xn_hub_turn(hub, 0, -1);
	xn_snmp_close(snmp);
	while (recv(fd, &job, 1, MSG_DONTWAIT) >= 0)
		;
	return 0;
}
