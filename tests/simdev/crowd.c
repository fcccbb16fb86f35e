#include "tests/simdev/crowd.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/simdev/mib.h"

#define RECORDINGS_MAX  16
#define PACKET_BYTES    8192
#define HEAD_BYTES      128  /* before the variables: versions, lengths, community, id */
#define BULK_BYTES_MAX  1400 /* so that an answer is one datagram */
#define REPEATERS_MAX   64
#define EVENTS          64
#define COMMUNITY_BYTES 64
#define OBJECT_BYTES    (5 * XN_MIB_NAME_MAX + 32) /* of a variable, beside its octets */

enum { GET = 0xa0, NEXT = 0xa1, RESPONSE = 0xa2, BULK = 0xa5 };
enum { INTEGER = 0x02, OCTETS = 0x04, NAME = 0x06, SEQUENCE = 0x30, COUNTER64 = 0x46 };
enum { NO_INSTANCE = 0x81, END_OF_VIEW = 0x82 };
enum { TOO_BIG = 1, NO_SUCH_NAME = 2, GEN_ERR = 5 };

struct span {
	const uint8_t *at;
	size_t left;
};

/* The objects of one device, each as it goes into an answer. */
struct recording {
	struct xn_mib mib;
	struct span *variables;
	uint8_t *bytes; /* of all of them */
};

struct request {
	uint8_t version, command;
	struct span community, id, variables;
	long non_repeaters, repetitions;
};

/* What is written: variables from HEAD_BYTES on, then all before them, backwards. */
struct reply {
	uint8_t bytes[PACKET_BYTES];
	size_t begin, end;
	size_t variables;
	int status;
	size_t index;
};

struct crowd {
	struct recording recordings[RECORDINGS_MAX];
	size_t recording_count;
	const char *community;
	int *sockets;
	size_t count;
	int epoll;
	uint64_t requests, variables; /* answered */
	struct reply reply;
};

/* ---- reading ---- */

/* The next element; false when there is none whole. `ret_value` is another span than `in`. */
static bool
take(struct span *in, uint8_t *ret_tag, struct span *ret_value)
{
	size_t at = 2, size;

	if (in->left < 2)
		return false;
	size = in->at[1];
	if (size >= 0x80) {
		size_t bytes = size & 0x7f;

		if (bytes == 0 || bytes > 2 || in->left < 2 + bytes)
			return false;
		size = 0;
		for (; at < 2 + bytes; at++)
			size = size << 8 | in->at[at];
	}
	if (in->left - at < size)
		return false;
	*ret_tag = in->at[0];
	*ret_value = (struct span){in->at + at, size};
	in->at += at + size;
	in->left -= at + size;
	return true;
}

static bool
take_tagged(struct span *in, uint8_t tag, struct span *ret_value)
{
	uint8_t found;

	return take(in, &found, ret_value) && found == tag;
}

static long
number(struct span value)
{
	long n = 0;

	for (size_t i = 0; i < value.left && i < 4; i++)
		n = n << 8 | value.at[i];
	return n;
}

static bool
read_request(struct span in, struct request *ret_request)
{
	struct span message, version, pdu, first, second;

	if (!take_tagged(&in, SEQUENCE, &message) || !take_tagged(&message, INTEGER, &version) ||
	    !take_tagged(&message, OCTETS, &ret_request->community) ||
	    !take(&message, &ret_request->command, &pdu) ||
	    !take_tagged(&pdu, INTEGER, &ret_request->id) || !take_tagged(&pdu, INTEGER, &first) ||
	    !take_tagged(&pdu, INTEGER, &second) ||
	    !take_tagged(&pdu, SEQUENCE, &ret_request->variables))
		return false;
	ret_request->version = (uint8_t)number(version);
	ret_request->non_repeaters = number(first);
	ret_request->repetitions = number(second);
	return ret_request->version <= 1 && ret_request->id.left <= 4;
}

/* Arcs of a name; their number, 0 if it is none. */
static size_t
read_name(struct span value, xn_mib_arc name[static XN_MIB_NAME_MAX])
{
	size_t count = 2;
	xn_mib_arc arc = 0;

	if (value.left == 0)
		return 0;
	name[0] = value.at[0] / 40;
	name[1] = value.at[0] % 40;
	for (size_t i = 1; i < value.left; i++) {
		arc = (arc << 7 | (value.at[i] & 0x7f)) & UINT32_MAX;
		if (value.at[i] & 0x80)
			continue;
		if (count == XN_MIB_NAME_MAX)
			return 0;
		name[count++] = arc;
		arc = 0;
	}
	return count;
}

/* ---- writing ---- */

static size_t
put_length(uint8_t *to, size_t size)
{
	if (size < 0x80) {
		to[0] = (uint8_t)size;
		return 1;
	}
	to[0] = 0x82;
	to[1] = (uint8_t)(size >> 8);
	to[2] = (uint8_t)size;
	return 3;
}

static size_t
put_element(uint8_t *to, uint8_t tag, const void *bytes, size_t size)
{
	size_t used = 1 + put_length(to + 1, size);

	to[0] = tag;
	memcpy(to + used, bytes, size);
	return used + size;
}

static size_t
put_name(uint8_t *to, const xn_mib_arc *name, size_t count)
{
	uint8_t bytes[5 * XN_MIB_NAME_MAX];
	size_t used = 0;

	for (size_t i = 1; i < count; i++) {
		xn_mib_arc arc = i == 1 ? name[0] * 40 + name[1] : name[i];

		for (unsigned shift = 28; shift > 0; shift -= 7)
			if (arc >> shift != 0)
				bytes[used++] = (uint8_t)(0x80 | (arc >> shift & 0x7f));
		bytes[used++] = arc & 0x7f;
	}
	return put_element(to, NAME, bytes, used);
}

/* As short as it can be, its highest bit being its sign. */
static size_t
put_number(uint8_t *to, uint8_t tag, uint64_t bits, bool is_signed)
{
	uint8_t bytes[9] = {is_signed && bits >> 63 ? 0xff : 0};
	size_t skip = 0;

	for (size_t i = 0; i < 8; i++)
		bytes[1 + i] = (uint8_t)(bits >> (56 - 8 * i));
	while (skip < 8 && bytes[skip] == bytes[0] && ((bytes[skip + 1] ^ bytes[0]) & 0x80) == 0)
		skip++;
	return put_element(to, tag, bytes + skip, 9 - skip);
}

static size_t
put_value(uint8_t *to, const struct xn_mib_object *object)
{
	if (object->type == NAME && object->size >= 2 * sizeof(xn_mib_arc))
		return put_name(to, object->bytes, object->size / sizeof(xn_mib_arc));
	if (object->type == NAME)
		return put_element(to, NAME, "", 1);
	if (object->bytes != NULL)
		return put_element(to, object->type, object->bytes, object->size);
	if (object->type == COUNTER64)
		return put_number(to, object->type, object->wide, false);
	if (object->type == INTEGER)
		return put_number(to, object->type, (uint64_t)object->number, true);
	if (object->type == 0x05)
		return put_element(to, object->type, "", 0);
	return put_number(to, object->type, (uint64_t)object->number & UINT32_MAX, false);
}

static size_t
put_variable(uint8_t *to, const struct xn_mib_object *object)
{
	uint8_t body[PACKET_BYTES];
	size_t used = put_name(body, object->name, object->name_count);

	used += put_value(body + used, object);
	return put_element(to, SEQUENCE, body, used);
}

static void
prepare(struct recording *recording)
{
	size_t size = 0;

	for (size_t i = 0; i < recording->mib.count; i++) {
		assert(recording->mib.objects[i].size < PACKET_BYTES / 2);
		size += recording->mib.objects[i].size + OBJECT_BYTES;
	}
	recording->variables = calloc(recording->mib.count + 1, sizeof(recording->variables[0]));
	recording->bytes = malloc(size + 1);
	if (recording->variables == NULL || recording->bytes == NULL)
		abort();
	for (size_t i = 0, used = 0; i < recording->mib.count; i++) {
		uint8_t *at = recording->bytes + used;

		recording->variables[i] =
		    (struct span){at, put_variable(at, &recording->mib.objects[i])};
		used += recording->variables[i].left;
	}
}

/* Writes an element before what is there. */
static void
put_before(struct reply *reply, uint8_t tag, const void *bytes, size_t size, size_t covers)
{
	uint8_t head[4] = {tag};
	size_t used = 1 + put_length(head + 1, size + covers);

	assert(reply->begin >= used + size);
	reply->begin -= size;
	memcpy(reply->bytes + reply->begin, bytes, size);
	reply->begin -= used;
	memcpy(reply->bytes + reply->begin, head, used);
}

static void
put_head(const struct request *request, struct reply *reply)
{
	uint8_t status = (uint8_t)reply->status, index = (uint8_t)reply->index;

	put_before(reply, SEQUENCE, "", 0, reply->end - reply->begin);
	put_before(reply, INTEGER, &index, 1, 0);
	put_before(reply, INTEGER, &status, 1, 0);
	put_before(reply, INTEGER, request->id.at, request->id.left, 0);
	put_before(reply, RESPONSE, "", 0, reply->end - reply->begin);
	put_before(reply, OCTETS, request->community.at, request->community.left, 0);
	put_before(reply, INTEGER, &request->version, 1, 0);
	put_before(reply, SEQUENCE, "", 0, reply->end - reply->begin);
}

/* False when the answer has no room for it. */
static bool
add(struct reply *reply, struct span variable, size_t most)
{
	if (reply->end - HEAD_BYTES + variable.left > most)
		return false;
	memcpy(reply->bytes + reply->end, variable.at, variable.left);
	reply->end += variable.left;
	reply->variables++;
	return true;
}

/* ---- answers ---- */

static struct span
variable_of(const struct recording *recording, const struct xn_mib_object *object)
{
	return recording->variables[object - recording->mib.objects];
}

/* `name` as it came, and that there is nothing. */
static bool
add_none(struct reply *reply, struct span name, uint8_t tag, size_t most)
{
	uint8_t body[6 * XN_MIB_NAME_MAX], whole[sizeof(body) + 8];
	size_t used;

	if (name.left > 5 * XN_MIB_NAME_MAX)
		return false;
	used = put_element(body, NAME, name.at, name.left);
	used += put_element(body + used, tag, "", 0);
	return add(reply, (struct span){whole, put_element(whole, SEQUENCE, body, used)}, most);
}

static void
fail(const struct request *request, struct reply *reply, int status, size_t index)
{
	reply->end = HEAD_BYTES;
	reply->variables = 0;
	reply->status = status;
	reply->index = index;
	add(reply, request->variables, PACKET_BYTES - HEAD_BYTES);
}

static void
answer_each(const struct recording *recording, const struct request *request, struct reply *reply)
{
	struct span asked = request->variables, variable, name_bytes;
	const size_t most = PACKET_BYTES - HEAD_BYTES;
	xn_mib_arc name[XN_MIB_NAME_MAX];
	bool next = request->command == NEXT;

	for (size_t index = 1; take_tagged(&asked, SEQUENCE, &variable); index++) {
		const struct xn_mib_object *object = NULL;
		size_t count = 0;

		if (take_tagged(&variable, NAME, &name_bytes))
			count = read_name(name_bytes, name);
		if (count == 0) {
			fail(request, reply, GEN_ERR, index);
			return;
		}
		object = next ? xn_mib_after(&recording->mib, name, count)
			      : xn_mib_get(&recording->mib, name, count);
		if (object == NULL && request->version == 0) {
			fail(request, reply, NO_SUCH_NAME, index);
			return;
		}
		if (!(object != NULL ? add(reply, variable_of(recording, object), most)
				     : add_none(reply, name_bytes, next ? END_OF_VIEW : NO_INSTANCE,
					   most))) {
			fail(request, reply, TOO_BIG, 0);
			return;
		}
	}
}

/* Where a repeater has come to: the next object by its number, and the name before it. */
struct cursor {
	size_t next;
	struct span name;
};

static size_t
read_cursors(const struct recording *recording, const struct request *request,
    struct cursor cursors[static REPEATERS_MAX])
{
	struct span asked = request->variables, variable;
	size_t count = 0;

	while (count < REPEATERS_MAX && take_tagged(&asked, SEQUENCE, &variable) &&
	    take_tagged(&variable, NAME, &cursors[count].name)) {
		struct cursor *c = &cursors[count++];
		xn_mib_arc name[XN_MIB_NAME_MAX];
		const struct xn_mib_object *object =
		    xn_mib_after(&recording->mib, name, read_name(c->name, name));

		c->next = object == NULL ? recording->mib.count
					 : (size_t)(object - recording->mib.objects);
	}
	return count;
}

/* Appends what follows the cursor; false when the answer is full. */
static bool
advance(const struct recording *recording, struct cursor *c, struct reply *reply, bool *ret_more)
{
	struct span variable, parts;

	if (c->next == recording->mib.count)
		return add_none(reply, c->name, END_OF_VIEW, BULK_BYTES_MAX);
	variable = recording->variables[c->next];
	if (!add(reply, variable, BULK_BYTES_MAX))
		return false;
	take_tagged(&variable, SEQUENCE, &parts);
	take_tagged(&parts, NAME, &c->name);
	c->next++;
	*ret_more = true;
	return true;
}

static void
answer_bulk(const struct recording *recording, const struct request *request, struct reply *reply)
{
	struct cursor cursors[REPEATERS_MAX];
	size_t count = read_cursors(recording, request, cursors);
	size_t single =
	    request->non_repeaters < (long)count ? (size_t)request->non_repeaters : count;
	bool more = true;

	for (long row = 0; more && (row == 0 || row < request->repetitions); row++) {
		more = false;
		for (size_t i = row == 0 ? 0 : single; i < count; i++)
			if (!advance(recording, &cursors[i], reply, &more))
				return;
	}
}

/* False when there is nothing to be said. */
static bool
answer(struct crowd *crowd, size_t device, struct span packet)
{
	const struct recording *recording = &crowd->recordings[device % crowd->recording_count];
	struct reply *reply = &crowd->reply;
	struct request request;

	reply->begin = reply->end = HEAD_BYTES;
	reply->variables = 0;
	reply->status = 0;
	reply->index = 0;
	if (!read_request(packet, &request) || request.community.left > COMMUNITY_BYTES ||
	    request.community.left != strlen(crowd->community) ||
	    memcmp(request.community.at, crowd->community, request.community.left) != 0)
		return false;
	if (request.command == BULK && request.version == 1)
		answer_bulk(recording, &request, reply);
	else if (request.command == GET || request.command == NEXT)
		answer_each(recording, &request, reply);
	else
		return false;
	put_head(&request, reply);
	crowd->requests++;
	crowd->variables += reply->variables;
	return true;
}

/* ---- serving ---- */

static void
serve_socket(struct crowd *crowd, size_t device)
{
	const struct reply *reply = &crowd->reply;
	uint8_t packet[PACKET_BYTES];
	struct sockaddr_in peer;

	for (;;) {
		socklen_t size = sizeof(peer);
		ssize_t n = recvfrom(crowd->sockets[device], packet, sizeof(packet), MSG_DONTWAIT,
		    (struct sockaddr *)&peer, &size);

		if (n < 0)
			return;
		if (answer(crowd, device, (struct span){packet, (size_t)n}))
			sendto(crowd->sockets[device], reply->bytes + reply->begin,
			    reply->end - reply->begin, 0, (struct sockaddr *)&peer, size);
	}
}

/* False when standard input has ended. */
static bool
tell_counts(const struct crowd *crowd)
{
	char line[256];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	for (ssize_t i = 0; i < n; i++)
		if (line[i] == '\n')
			printf("%llu %llu\n", (unsigned long long)crowd->requests,
			    (unsigned long long)crowd->variables);
	fflush(stdout);
	return n > 0;
}

static int
open_socket(struct crowd *crowd, struct sockaddr_in address, struct xn_error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = crowd->count};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return xn_fail(err, XN_ESYSTEM, "device %zu: %s", crowd->count, strerror(errno));
	crowd->sockets[crowd->count++] = fd;
	return XN_OK;
}

static int
open_sockets(struct crowd *crowd, const char *at, size_t count, struct xn_error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = SIZE_MAX};
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct rlimit files;
	char host[64];
	unsigned port;

	if (sscanf(at, "%63[0-9.]:%u", host, &port) != 2 || port > 65535 ||
	    inet_pton(AF_INET, host, &address.sin_addr) != 1)
		return xn_fail(err, XN_EINVALID, "%s: no ADDRESS:PORT", at);
	address.sin_port = htons((uint16_t)port);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
	crowd->sockets = calloc(count, sizeof(crowd->sockets[0]));
	if (crowd->sockets == NULL || crowd->epoll < 0 ||
	    epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", at, strerror(errno));
	for (size_t i = 0; i < count; i++) {
		if (open_socket(crowd, address, err) != XN_OK)
			return err->code;
		address.sin_addr.s_addr = htonl(ntohl(address.sin_addr.s_addr) + 1);
	}
	return XN_OK;
}

static int
load(struct crowd *crowd, char **recordings, struct xn_error *err)
{
	for (; *recordings != NULL; recordings++) {
		struct recording *recording = &crowd->recordings[crowd->recording_count];

		if (crowd->recording_count == RECORDINGS_MAX)
			return xn_fail(err, XN_EINVALID, "more than %d recordings", RECORDINGS_MAX);
		if (xn_mib_load(&recording->mib, *recordings, err) != XN_OK)
			return err->code;
		prepare(recording);
		crowd->recording_count++;
	}
	return XN_OK;
}

static int
serve(struct crowd *crowd, struct xn_error *err)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(crowd->epoll, events, EVENTS, -1);

		if (n < 0 && errno != EINTR)
			return xn_fail(err, XN_ESYSTEM, "epoll: %s", strerror(errno));
		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 != SIZE_MAX)
				serve_socket(crowd, events[i].data.u64);
			else if (!tell_counts(crowd))
				return XN_OK;
		}
	}
}

static void
end(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->count; i++)
		close(crowd->sockets[i]);
	for (size_t i = 0; i < crowd->recording_count; i++) {
		xn_mib_free(&crowd->recordings[i].mib);
		free(crowd->recordings[i].variables);
		free(crowd->recordings[i].bytes);
	}
	if (crowd->epoll > 0)
		close(crowd->epoll);
	free(crowd->sockets);
	free(crowd);
}

int
xn_crowd_serve(
    const char *at, size_t count, const char *community, char **recordings, struct xn_error *err)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	int result;

	if (crowd == NULL)
		abort();
	crowd->community = community;
	if (count == 0 || strlen(community) > COMMUNITY_BYTES)
		result = xn_fail(err, XN_EINVALID, "crowd: no devices, or too long a community");
	else
		result = load(crowd, recordings, err);
	if (result == XN_OK)
		result = open_sockets(crowd, at, count, err);
	if (result == XN_OK) {
		printf("%zu devices\n", crowd->count);
		fflush(stdout);
		result = serve(crowd, err);
	}
	end(crowd);
	return result;
}
