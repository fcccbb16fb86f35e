#include "tests/lib/agent.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/snmp_recording.h"

#define PACKET_MAX 8192
#define ASKED_MAX  128

enum { GET = 0xa0, GETNEXT = 0xa1, RESPONSE = 0xa2, GETBULK = 0xa5 };
enum { NO_SUCH_NAME = 2, TOO_BIG = 1, GEN_ERR = 5 };

struct agent {
	struct shelf *shelf;
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	int fd;
	int bell;
	uint16_t port;
	struct xn_recording *rows;
	struct xn_oid refused, ignored; /* count 0: none */
	unsigned limit;
	unsigned asked;
};

struct request {
	const uint8_t *community;
	size_t community_size;
	int64_t version;
	uint8_t kind;
	int64_t id, first, second; /* of GETBULK: non-repeaters, repetitions */
	struct xn_oid oids[ASKED_MAX];
	unsigned count;
};

/* ---- reading: a cursor that runs dry gives nothing more ---- */

struct cursor {
	const uint8_t *at, *end;
	bool dry;
};

/* The contents of the next element; its tag. */
static uint8_t
enter(struct cursor *in, struct cursor *ret_inside)
{
	uint8_t tag = 0;
	size_t size = 0;

	*ret_inside = (struct cursor){.dry = true};
	if (in->dry || in->end - in->at < 2) {
		in->dry = true;
		return 0;
	}
	tag = *in->at++;
	size = *in->at++;
	for (size_t more = size > 0x80 ? size & 0x7f : 0, i = 0; i < more; i++) {
		size = i == 0 ? 0 : size;
		if (in->at < in->end)
			size = size << 8 | *in->at++;
	}
	if (size > (size_t)(in->end - in->at)) {
		in->dry = true;
		return 0;
	}
	*ret_inside = (struct cursor){.at = in->at, .end = in->at + size};
	in->at += size;
	return tag;
}

static int64_t
read_integer(struct cursor *in)
{
	struct cursor inside;
	int64_t value = 0;

	enter(in, &inside);
	for (; !inside.dry && inside.at < inside.end; inside.at++)
		value = value << 8 | *inside.at;
	return value;
}

static void
read_oid(struct cursor *in, struct xn_oid *ret_oid)
{
	struct cursor inside;
	uint32_t id = 0;

	*ret_oid = (struct xn_oid){.count = 0};
	enter(in, &inside);
	for (; !inside.dry && inside.at < inside.end; inside.at++) {
		id = id << 7 | (*inside.at & 0x7f);
		if (*inside.at & 0x80)
			continue;
		if (ret_oid->count == 0) {
			xn_oid_add(ret_oid, id < 80 ? id / 40 : 2);
			id = id < 80 ? id % 40 : id - 80;
		}
		xn_oid_add(ret_oid, id);
		id = 0;
	}
}

static bool
read_request(const uint8_t *bytes, size_t size, struct request *ret_request)
{
	struct cursor in = {.at = bytes, .end = bytes + size};
	struct cursor message, pdu, list, variable, community;

	*ret_request = (struct request){.count = 0};
	enter(&in, &message);
	ret_request->version = read_integer(&message);
	enter(&message, &community);
	ret_request->community = community.at;
	ret_request->community_size = (size_t)(community.end - community.at);
	ret_request->kind = enter(&message, &pdu);
	ret_request->id = read_integer(&pdu);
	ret_request->first = read_integer(&pdu);
	ret_request->second = read_integer(&pdu);
	enter(&pdu, &list);
	while (!list.dry && list.at < list.end && ret_request->count < ASKED_MAX) {
		enter(&list, &variable);
		read_oid(&variable, &ret_request->oids[ret_request->count++]);
	}
	return !in.dry && !message.dry && !pdu.dry && !list.dry;
}

/* ---- writing: from the end to the front, so that lengths are known ---- */

struct packet {
	uint8_t bytes[PACKET_MAX];
	size_t start;
};

static void
put(struct packet *out, const void *bytes, size_t size)
{
	assert(size <= out->start);
	out->start -= size;
	memcpy(out->bytes + out->start, bytes, size);
}

static void
put_byte(struct packet *out, uint64_t byte)
{
	put(out, &(uint8_t){(uint8_t)byte}, 1);
}

/* Length and tag before what was written since `end`. */
static void
wrap(struct packet *out, uint8_t tag, size_t end)
{
	size_t size = end - out->start;

	if (size < 128) {
		put_byte(out, size);
	} else {
		put_byte(out, size & 0xff);
		put_byte(out, size >> 8);
		put_byte(out, 0x82);
	}
	put_byte(out, tag);
}

static void
put_integer(struct packet *out, uint8_t tag, int64_t value)
{
	size_t end = out->start;
	uint64_t rest = (uint64_t)value;

	for (unsigned i = 0; i < 8; i++, rest >>= 8)
		put_byte(out, rest & 0xff);
	/* Unsigned ones need a zero before a first bit that is set. */
	if (tag != XN_SNMP_INTEGER && value < 0)
		put_byte(out, 0);
	while (end - out->start > 1 &&
	    ((out->bytes[out->start] == 0 && out->bytes[out->start + 1] < 0x80) ||
		(out->bytes[out->start] == 0xff && out->bytes[out->start + 1] >= 0x80)))
		out->start++;
	wrap(out, tag, end);
}

static void
put_oid(struct packet *out, const struct xn_oid *oid)
{
	size_t end = out->start;

	for (unsigned i = oid->count; i-- > 2;) {
		put_byte(out, oid->id[i] & 0x7f);
		for (uint32_t rest = oid->id[i] >> 7; rest > 0; rest >>= 7)
			put_byte(out, 0x80 | (rest & 0x7f));
	}
	if (oid->count >= 2)
		put_byte(out, oid->id[0] * 40 + oid->id[1]);
	wrap(out, XN_SNMP_OID, end);
}

static void
put_value(struct packet *out, const struct xn_snmp_value *value)
{
	size_t end = out->start;
	char text[XN_OID_MAX * 11];
	struct xn_oid oid;

	switch (value->tag) {
	case XN_SNMP_INTEGER:
	case XN_SNMP_COUNTER:
	case XN_SNMP_GAUGE:
	case XN_SNMP_TICKS:
	case XN_SNMP_COUNTER64: put_integer(out, value->tag, value->integer); return;
	case XN_SNMP_OID:
		snprintf(text, sizeof(text), "%.*s", (int)value->size, value->text);
		if (xn_oid_parse(text, &oid))
			put_oid(out, &oid);
		return;
	case XN_SNMP_TEXT: put(out, value->text, value->size); break;
	default: break;
	}
	wrap(out, value->tag, end);
}

/* ---- answering ---- */

struct answer {
	struct {
		struct xn_oid oid;
		struct xn_snmp_value value;
	} variables[ASKED_MAX * 2];
	unsigned count;
	int64_t error, index;
};

static void
answer_one(
    struct agent *agent, const struct request *request, const struct xn_oid *oid, struct answer *to)
{
	struct xn_snmp_value value = {.tag = XN_SNMP_END};
	struct xn_oid at = *oid;

	if (to->count == ASKED_MAX * 2)
		return;
	if (request->kind == GET)
		value = xn_recording_get(agent->rows, oid);
	else
		xn_recording_next(agent->rows, oid, &at, &value);
	if (value.tag >= XN_SNMP_NO_OBJECT && request->version == 0 && to->error == 0) {
		to->error = NO_SUCH_NAME;
		to->index = to->count + 1;
	}
	to->variables[to->count].oid = at;
	to->variables[to->count++].value = value;
}

static bool
names(const struct request *request, const struct xn_oid *oid, unsigned *ret_at)
{
	for (*ret_at = 0; *ret_at < request->count; (*ret_at)++) {
		if (oid->count > 0 && xn_oid_compare(&request->oids[*ret_at], oid) == 0)
			return true;
	}
	return false;
}

static void
answer_all(struct agent *agent, const struct request *request, struct answer *to)
{
	int64_t rounds = request->kind == GETBULK ? request->second : 1;
	unsigned at;

	to->count = 0;
	to->error = 0;
	to->index = 0;
	if (agent->limit > 0 && request->count > agent->limit) {
		to->error = TOO_BIG;
		return;
	}
	if (names(request, &agent->refused, &at)) {
		to->error = GEN_ERR;
		to->index = at + 1;
		return;
	}
	for (unsigned i = 0; i < request->count; i++)
		answer_one(agent, request, &request->oids[i], to);
	for (int64_t round = 1; round < rounds; round++)
		for (unsigned i = 0; i < request->count && to->count >= request->count; i++) {
			struct xn_oid before = to->variables[to->count - request->count].oid;

			if (to->count == ASKED_MAX * 2)
				return;
			answer_one(agent, request, &before, to);
		}
}

static void
write_answer(const struct request *request, const struct answer *answer, struct packet *out)
{
	out->start = PACKET_MAX;
	for (unsigned i = answer->error == 0 ? answer->count : 0; i-- > 0;) {
		size_t end = out->start;

		put_value(out, &answer->variables[i].value);
		put_oid(out, &answer->variables[i].oid);
		wrap(out, 0x30, end);
	}
	wrap(out, 0x30, PACKET_MAX);
	put_integer(out, XN_SNMP_INTEGER, answer->index);
	put_integer(out, XN_SNMP_INTEGER, answer->error);
	put_integer(out, XN_SNMP_INTEGER, request->id);
	wrap(out, RESPONSE, PACKET_MAX);
	{
		size_t end = out->start;

		put(out, request->community, request->community_size);
		wrap(out, XN_SNMP_TEXT, end);
	}
	put_integer(out, XN_SNMP_INTEGER, request->version);
	wrap(out, 0x30, PACKET_MAX);
}

static void
serve(struct agent *agent)
{
	static _Thread_local struct request request;
	static _Thread_local struct answer answer;
	static _Thread_local struct packet out;
	uint8_t bytes[PACKET_MAX];
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	ssize_t size =
	    recvfrom(agent->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &length);
	unsigned at;

	if (size <= 0 || !read_request(bytes, (size_t)size, &request))
		return;
	pthread_mutex_lock(&agent->lock);
	agent->asked++;
	if (!names(&request, &agent->ignored, &at)) {
		answer_all(agent, &request, &answer);
		write_answer(&request, &answer, &out);
		sendto(agent->fd, out.bytes + out.start, PACKET_MAX - out.start, 0,
		    (struct sockaddr *)&from, length);
	}
	pthread_mutex_unlock(&agent->lock);
}

static void *
run(void *argument)
{
	struct agent *agent = argument;
	struct pollfd fds[2] = {
	    {.fd = agent->fd, .events = POLLIN}, {.fd = agent->bell, .events = POLLIN}};

	while (poll(fds, 2, -1) >= 0 && fds[1].revents == 0)
		serve(agent);
	return NULL;
}

/* ---- the test's calls ---- */

void
agent_say(struct agent *agent, const char *rows)
{
	const char *path = shelf_put(agent->shelf, "agent.snmprec", rows);
	struct xn_recording *others;
	struct xn_error err;

	if (xn_recording_open(&others, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	pthread_mutex_lock(&agent->lock);
	xn_recording_close(agent->rows);
	agent->rows = others;
	pthread_mutex_unlock(&agent->lock);
}

static void
set_oid(struct agent *agent, struct xn_oid *which, const char *oid)
{
	pthread_mutex_lock(&agent->lock);
	if (oid == NULL || !xn_oid_parse(oid, which))
		which->count = 0;
	pthread_mutex_unlock(&agent->lock);
}

void
agent_refuse(struct agent *agent, const char *oid)
{
	set_oid(agent, &agent->refused, oid);
}

void
agent_ignore(struct agent *agent, const char *oid)
{
	set_oid(agent, &agent->ignored, oid);
}

void
agent_limit(struct agent *agent, unsigned variables)
{
	pthread_mutex_lock(&agent->lock);
	agent->limit = variables;
	pthread_mutex_unlock(&agent->lock);
}

unsigned
agent_asked(struct agent *agent)
{
	unsigned asked;

	pthread_mutex_lock(&agent->lock);
	asked = agent->asked;
	pthread_mutex_unlock(&agent->lock);
	return asked;
}

const char *
agent_url(const struct agent *agent, int version)
{
	static char url[96];

	snprintf(url, sizeof(url), "snmp://127.0.0.1:%u?community=green&version=%s", agent->port,
	    version == 1 ? "1" : "2c");
	return url;
}

struct agent *
agent_start(struct shelf *shelf, const char *rows)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);

	assert(agent != NULL);
	agent->shelf = shelf;
	pthread_mutex_init(&agent->lock, NULL);
	agent_say(agent, rows);
	agent->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	agent->bell = eventfd(0, EFD_CLOEXEC);
	if (bind(agent->fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    getsockname(agent->fd, (struct sockaddr *)&at, &length) < 0 ||
	    pthread_create(&agent->thread, NULL, run, agent) != 0) {
		perror("agent");
		abort();
	}
	agent->port = ntohs(at.sin_port);
	return agent;
}

void
agent_stop(struct agent *agent)
{
	if (agent == NULL)
		return;
	if (write(agent->bell, &(uint64_t){1}, sizeof(uint64_t)) > 0)
		pthread_join(agent->thread, NULL);
	close(agent->fd);
	close(agent->bell);
	xn_recording_close(agent->rows);
	pthread_mutex_destroy(&agent->lock);
	free(agent);
}
