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

enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3, TARGET_SILENT = 0x0b };

struct connection {
	struct xn_modbus_server *server;
	struct xn_loop_source *source, *timer;
	int fd; /* -1: free */
	uint8_t in[REQUEST_BYTES];
	size_t in_count;
	uint8_t out[HEADER_BYTES + 2 + 2 * REGISTERS_MAX];
	size_t out_count;
};

struct xn_modbus_server {
	struct xn_loop *loop;
	struct xn_loop_source *source;
	struct xn_device *device;
	int fd;
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

/* The answer's PDU for the request's; its size. Only reading, functions 3 and 4. */
static size_t
read_registers(const struct xn_device *device, const uint8_t *request, size_t size, uint8_t *pdu)
{
	unsigned first, count;

	pdu[0] = request[0];
	if (request[0] != 3 && request[0] != 4)
		return exception(pdu, ILLEGAL_FUNCTION);
	if (size != 5 || (count = word(request + 3)) < 1 || count > REGISTERS_MAX)
		return exception(pdu, ILLEGAL_VALUE);
	first = word(request + 1);
	for (unsigned i = 0; i < count; i++) {
		if (!xn_registers_has(device->registers, first + i))
			return exception(pdu, ILLEGAL_ADDRESS);
		put(pdu + 2 + 2 * (size_t)i, device->registers->words[first + i]);
	}
	pdu[1] = (uint8_t)(2 * count);
	return 2 + 2 * (size_t)count;
}

static void
send_out(void *context)
{
	struct connection *c = context;

	xn_loop_drop(c->timer);
	c->timer = NULL;
	if (send(c->fd, c->out, c->out_count, MSG_NOSIGNAL) != (ssize_t)c->out_count)
		hang_up(c);
}

/* Sends what stands in `out`, as the device's fault wills. */
static void
leave(struct connection *c)
{
	struct xn_device *device = c->server->device;
	xn_duration delay = {.ms = device->slow_ms};

	switch (device->fault) {
	case XN_FAULT_OFF:
	case XN_FAULT_SILENT: return;
	case XN_FAULT_SLOW:
		if (c->timer == NULL)
			xn_loop_timer(
			    c->server->loop, delay, (xn_duration){0}, send_out, c, &c->timer, NULL);
		return;
	case XN_FAULT_GARBAGE:
		for (size_t i = 0; i < c->out_count; i++)
			c->out[i] = (uint8_t)(c->out[i] * 31u + 0xa5u + i);
		break;
	case XN_FAULT_TRUNCATED: c->out_count /= 2; break;
	case XN_FAULT_WRONG_ID: put(c->out, word(c->out) + 4711); break;
	case XN_FAULT_NONE:
	case XN_FAULT_SENTINEL:
	case XN_FAULT_FROZEN:
	case XN_FAULTS: break;
	}
	send_out(c);
}

/* One whole request of `size` bytes at the front of `in`. */
static void
answer(struct connection *c, size_t size)
{
	const struct xn_device *device = c->server->device;
	uint8_t *pdu = c->out + HEADER_BYTES;
	size_t pdu_size;

	memcpy(c->out, c->in, HEADER_BYTES);
	if (c->in[6] != device->unit_id) {
		pdu[0] = c->in[HEADER_BYTES];
		pdu_size = exception(pdu, TARGET_SILENT);
	} else {
		pdu_size = read_registers(device, c->in + HEADER_BYTES, size - HEADER_BYTES, pdu);
	}
	put(c->out + 4, (unsigned)pdu_size + 1);
	c->out_count = HEADER_BYTES + pdu_size;
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
