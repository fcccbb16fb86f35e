#include "tests/simdev/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_BYTES    7 /* MBAP: transaction, protocol, length, unit */
#define REQUEST_BYTES   260
#define REGISTERS_MAX   125
#define CONNECTIONS_MAX 16

enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3, NO_PATH = 10, NO_TARGET = 11 };

struct frame {
	uint8_t bytes[HEADER_BYTES + 2 + 2 * (REGISTERS_MAX + 1)];
	size_t count;
};

struct connection {
	struct xn_modbus_server *server;
	struct xn_loop_source *source, *timer;
	int fd; /* -1: free */
	uint8_t in[REQUEST_BYTES];
	size_t in_count;
	struct frame out;
	struct frame held; /* of a late device: the answer that waits for the next request */
	size_t dribbled;   /* bytes of `out` that have left one by one */
};

struct xn_modbus_server {
	struct xn_loop *loop;
	struct xn_loop_source *source;
	struct xn_device *device;
	int fd;
	bool deaf; /* half open: nothing is taken from the line */
	unsigned answers;
	struct connection connections[CONNECTIONS_MAX];
};

static unsigned
word(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static void
put(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void
hang_up(struct connection *c)
{
	xn_loop_drop(c->source);
	xn_loop_drop(c->timer);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct connection){.server = c->server, .fd = -1};
}

static size_t
exception(uint8_t *pdu, unsigned code)
{
	pdu[0] |= 0x80;
	pdu[1] = (uint8_t)code;
	return 2;
}

/* How many registers a device gives that was asked for `count`. */
static unsigned
registers_given(const struct xn_device *device, unsigned count)
{
	if (device->fault == XN_FAULT_SHORT)
		return count - 1;
	return device->fault == XN_FAULT_LONG ? count + 1 : count;
}

/* The answer's PDU for the request's; its size. Only reading, functions 3 and 4. */
static size_t
read_registers(const struct xn_device *device, const uint8_t *request, size_t size, uint8_t *pdu)
{
	unsigned first, count, given;

	pdu[0] = request[0];
	if (request[0] != 3 && request[0] != 4)
		return exception(pdu, ILLEGAL_FUNCTION);
	if (size != 5 || (count = word(request + 3)) < 1 || count > REGISTERS_MAX)
		return exception(pdu, ILLEGAL_VALUE);
	first = word(request + 1);
	for (unsigned i = 0; i < count; i++)
		if (!xn_registers_has(device->registers, first + i))
			return exception(pdu, ILLEGAL_ADDRESS);
	given = registers_given(device, count);
	for (unsigned i = 0; i < given; i++)
		put(pdu + 2 + 2 * (size_t)i,
		    device->registers->words[(first + i) % XN_REGISTERS_COUNT]);
	pdu[1] = (uint8_t)(2 * given);
	return 2 + 2 * (size_t)given;
}

/* ---- frames that leave ---- */

static void
send_frame(struct connection *c, const struct frame *frame)
{
	if (send(c->fd, frame->bytes, frame->count, MSG_NOSIGNAL) != (ssize_t)frame->count)
		hang_up(c);
}

static void
leave(struct connection *c)
{
	send_frame(c, &c->out);
}

static void
swallow(struct connection *c)
{
	(void)c;
}

static void
leave_garbage(struct connection *c)
{
	for (size_t i = 0; i < c->out.count; i++)
		c->out.bytes[i] = (uint8_t)(c->out.bytes[i] * 31u + 0xa5u + i);
	leave(c);
}

static void
leave_half(struct connection *c)
{
	c->out.count /= 2;
	leave(c);
}

static void
leave_with_wrong_id(struct connection *c)
{
	put(c->out.bytes, word(c->out.bytes) + 4711);
	leave(c);
}

static void
leave_as_another_unit(struct connection *c)
{
	c->out.bytes[6]++;
	leave(c);
}

static void
on_slow_timer(void *context)
{
	struct connection *c = context;

	xn_loop_drop(c->timer);
	c->timer = NULL;
	leave(c);
}

static void
leave_slowly(struct connection *c)
{
	struct xn_modbus_server *server = c->server;
	xn_duration delay = {.ms = server->device->fault_number};

	xn_loop_timer(server->loop, delay, (xn_duration){0}, on_slow_timer, c, &c->timer, NULL);
}

static void
leave_behind(struct connection *c)
{
	struct frame before = c->held;

	c->held = c->out;
	if (before.count > 0)
		send_frame(c, &before);
}

static void
leave_mostly(struct connection *c)
{
	if (++c->server->answers % c->server->device->fault_number != 0)
		leave(c);
}

static void
on_dribble_timer(void *context)
{
	struct connection *c = context;

	if (send(c->fd, c->out.bytes + c->dribbled, 1, MSG_NOSIGNAL) != 1) {
		hang_up(c);
	} else if (++c->dribbled == c->out.count) {
		xn_loop_drop(c->timer);
		c->timer = NULL;
	}
}

static void
dribble(struct connection *c)
{
	struct xn_modbus_server *server = c->server;
	xn_duration every = {.ms = server->device->fault_number};

	c->dribbled = 0;
	xn_loop_timer(server->loop, every, every, on_dribble_timer, c, &c->timer, NULL);
}

static void (*const ways[XN_FAULTS])(struct connection *c) = {
    [XN_FAULT_SILENT] = swallow,
    [XN_FAULT_OFF] = swallow,
    [XN_FAULT_HALF_OPEN] = swallow,
    [XN_FAULT_GARBAGE] = leave_garbage,
    [XN_FAULT_TRUNCATED] = leave_half,
    [XN_FAULT_WRONG_ID] = leave_with_wrong_id,
    [XN_FAULT_WRONG_UNIT] = leave_as_another_unit,
    [XN_FAULT_SLOW] = leave_slowly,
    [XN_FAULT_LATE] = leave_behind,
    [XN_FAULT_LOSS] = leave_mostly,
    [XN_FAULT_DRIBBLE] = dribble,
};

/* One whole request of `size` bytes at the front of `in`. */
static void
answer(struct connection *c, size_t size)
{
	const struct xn_device *device = c->server->device;
	uint8_t *pdu = c->out.bytes + HEADER_BYTES;
	unsigned refusal = c->in[6] != device->unit_id ? NO_TARGET
	    : device->fault == XN_FAULT_EXCEPTION_0A   ? NO_PATH
	    : device->fault == XN_FAULT_EXCEPTION_0B   ? NO_TARGET
						       : 0;
	size_t pdu_size;

	if (c->timer != NULL)
		return; /* an answer is on its way; this device takes one question at a time */
	memcpy(c->out.bytes, c->in, HEADER_BYTES);
	if (refusal != 0) {
		pdu[0] = c->in[HEADER_BYTES];
		pdu_size = exception(pdu, refusal);
	} else {
		pdu_size = read_registers(device, c->in + HEADER_BYTES, size - HEADER_BYTES, pdu);
	}
	put(c->out.bytes + 4, (unsigned)pdu_size + 1);
	c->out.count = HEADER_BYTES + pdu_size;
	if (ways[device->fault] != NULL)
		ways[device->fault](c);
	else
		leave(c);
}

static void
on_bytes(void *context, int fd, uint32_t events)
{
	struct connection *c = context;
	ssize_t n = recv(fd, c->in + c->in_count, sizeof(c->in) - c->in_count, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->in_count += (size_t)n;
	while (c->fd >= 0 && c->in_count >= HEADER_BYTES) {
		size_t size = 6 + (size_t)word(c->in + 4);

		if (word(c->in + 2) != 0 || size < HEADER_BYTES + 1 || size > sizeof(c->in)) {
			hang_up(c); /* not Modbus: the stream cannot be found again */
			return;
		}
		if (c->in_count < size)
			return;
		answer(c, size);
		c->in_count -= c->fd >= 0 ? size : 0;
		memmove(c->in, c->in + size, c->in_count);
	}
}

static void
on_caller(void *context, int listener, uint32_t events)
{
	struct xn_modbus_server *server = context;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	const int on = 1;

	(void)events;
	if (fd < 0)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &server->connections[i];

		if (c->fd >= 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c->fd = fd;
		if (xn_loop_fd(server->loop, fd, EPOLLIN, on_bytes, c, &c->source, NULL) != XN_OK)
			hang_up(c);
		return;
	}
	close(fd); /* real gateways, too, take a few callers only */
}

int
xn_modbus_open(struct xn_loop *loop, struct xn_device *device, struct xn_error *err)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)device->port)};
	struct xn_modbus_server *server = calloc(1, sizeof(*server));
	socklen_t size = sizeof(address);
	const int on = 1;

	if (server == NULL)
		abort();
	device->modbus = server;
	server->loop = loop;
	server->device = device;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		server->connections[i] = (struct connection){.server = server, .fd = -1};
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->fd >= 0)
		setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (server->fd < 0 || inet_pton(AF_INET, device->host, &address.sin_addr) != 1 ||
	    bind(server->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(server->fd, CONNECTIONS_MAX) != 0 ||
	    getsockname(server->fd, (struct sockaddr *)&address, &size) != 0) {
		xn_fail(err, XN_ESYSTEM, "%s: cannot listen at %s:%u: %s", device->name,
		    device->host, device->port, strerror(errno));
		xn_modbus_close(device);
		return XN_ESYSTEM;
	}
	device->port = ntohs(address.sin_port);
	return xn_loop_fd(loop, server->fd, EPOLLIN, on_caller, server, &server->source, err);
}

/* What was half open is reset, as by a device that has started anew. */
static void
break_off(struct connection *c)
{
	const struct linger at_once = {.l_onoff = 1};

	if (c->fd >= 0)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	hang_up(c);
}

int
xn_modbus_follow(struct xn_device *device, struct xn_error *err)
{
	struct xn_modbus_server *server = device->modbus;
	bool deaf = device->fault == XN_FAULT_HALF_OPEN;

	if (deaf == server->deaf)
		return XN_OK;
	server->deaf = deaf;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &server->connections[i];

		if (!deaf) {
			break_off(c);
			continue;
		}
		xn_loop_drop(c->source);
		xn_loop_drop(c->timer);
		c->source = c->timer = NULL;
	}
	if (!deaf)
		return xn_loop_fd(
		    server->loop, server->fd, EPOLLIN, on_caller, server, &server->source, err);
	xn_loop_drop(server->source);
	server->source = NULL;
	return XN_OK;
}

void
xn_modbus_close(struct xn_device *device)
{
	struct xn_modbus_server *server = device->modbus;

	if (server == NULL)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		hang_up(&server->connections[i]);
	xn_loop_drop(server->source);
	if (server->fd >= 0)
		close(server->fd);
	free(server);
	device->modbus = NULL;
}
