#include "drivers/modbus_wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "drivers/device.h"

#define CONNECT_MS_MAX 2500
#define REPLY_MS_MAX   2500 /* gateways with a slow bus behind them; some pause after a connect */
#define DRAIN_MAX      16

struct xn_modbus {
	struct xn_url url;
	modbus_t *library; /* NULL: not connected */
	uint16_t transaction;
	unsigned pause_ms;
	int64_t quiet_from; /* when the last exchange ended */
};

int
xn_modbus_open(struct xn_modbus **ret_modbus, const struct xn_url *url, struct xn_error *err)
{
	struct xn_modbus *modbus = calloc(1, sizeof(*modbus));

	if (modbus == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	modbus->url = *url;
	*ret_modbus = modbus;
	return XN_OK;
}

static void
hang_up(struct xn_modbus *modbus)
{
	if (modbus->library == NULL)
		return;
	modbus_close(modbus->library);
	modbus_free(modbus->library);
	modbus->library = NULL;
}

void
xn_modbus_close(struct xn_modbus *modbus)
{
	if (modbus != NULL)
		hang_up(modbus);
	free(modbus);
}

void
xn_modbus_set_pause(struct xn_modbus *modbus, unsigned pause_ms)
{
	modbus->pause_ms = pause_ms;
}

/* A connected, non-blocking socket below FD_SETSIZE; -1 with errno. */
static int
connect_one(const struct addrinfo *address, int64_t deadline)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd waiting = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int fault = 0;

	if (fd < 0)
		return -1;
	if (fd >= FD_SETSIZE) {
		close(fd);
		errno = EMFILE;
		return -1;
	}
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			fault = errno;
		else if (poll(&waiting, 1, xn_deadline_left(deadline)) < 1)
			fault = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
			fault = errno;
	}
	if (fault != 0) {
		close(fd);
		errno = fault;
		return -1;
	}
	return fd;
}

static int
dial_tcp(struct xn_modbus *modbus, int64_t deadline, struct xn_error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	char port[8];
	unsigned give_up_ms = 10000;
	int one = 1;
	int fd = -1;
	int code;

	snprintf(port, sizeof(port), "%u", modbus->url.port);
	code = getaddrinfo(modbus->url.host, port, &hints, &list);
	if (code != 0)
		return xn_fail(err, XN_EUNREACHABLE, "%s", gai_strerror(code));
	for (const struct addrinfo *address = list; address != NULL && fd < 0;
	     address = address->ai_next)
		fd = connect_one(address, deadline);
	freeaddrinfo(list);
	if (fd < 0)
		return xn_fail(err, XN_EUNREACHABLE, "%s",
		    errno == EMFILE ? "too many open files for Modbus (1024)" : strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &give_up_ms, sizeof(give_up_ms));
	modbus->library = modbus_new_tcp("127.0.0.1", modbus->url.port);
	if (modbus->library == NULL) {
		close(fd);
		return xn_fail(err, XN_ESYSTEM, "libmodbus: %s", modbus_strerror(errno));
	}
	modbus_set_socket(modbus->library, fd);
	return XN_OK;
}

static int
dial_serial(struct xn_modbus *modbus, struct xn_error *err)
{
	const struct xn_url *url = &modbus->url;

	modbus->library = modbus_new_rtu(url->host, url->baud, url->parity, 8, 1);
	if (modbus->library == NULL)
		return xn_fail(err, XN_EUNREACHABLE, "%s", modbus_strerror(errno));
	if (modbus_connect(modbus->library) < 0) {
		int fault = errno;

		modbus_free(modbus->library);
		modbus->library = NULL;
		return xn_fail(err, XN_EUNREACHABLE, "%s", modbus_strerror(fault));
	}
	if (modbus_get_socket(modbus->library) >= FD_SETSIZE) {
		hang_up(modbus);
		return xn_fail(err, XN_EUNREACHABLE, "too many open files for Modbus (1024)");
	}
	return XN_OK;
}

static int
dial(struct xn_modbus *modbus, int64_t deadline, struct xn_error *err)
{
	int64_t soon = xn_deadline_in(CONNECT_MS_MAX);

	if (modbus->library != NULL)
		return XN_OK;
	if (modbus->url.scheme == XN_URL_MODBUS_RTU)
		return dial_serial(modbus, err);
	return dial_tcp(modbus, deadline < soon ? deadline : soon, err);
}

/* Bytes that nobody asked for: an answer that came too late, noise on the bus. */
static void
drain(int fd, bool serial)
{
	uint8_t waste[XN_MODBUS_ADU_MAX];
	ssize_t got = 1;

	for (int i = 0; i < DRAIN_MAX && got > 0; i++)
		got = serial ? read(fd, waste, sizeof(waste))
			     : recv(fd, waste, sizeof(waste), MSG_DONTWAIT);
}

/* The pause the profile asks for; on a bus at least the 3.5 characters that end a frame. */
static void
keep_quiet(const struct xn_modbus *modbus)
{
	int64_t pause = modbus->pause_ms;
	int64_t left;

	if (modbus->url.scheme == XN_URL_MODBUS_RTU && pause < 38500 / modbus->url.baud + 2)
		pause = 38500 / modbus->url.baud + 2;
	left = modbus->quiet_from + pause - xn_deadline_in(0);
	if (left > 0) {
		struct timespec span = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

		nanosleep(&span, NULL);
	}
}

static int
send_request(
    struct xn_modbus *modbus, const struct xn_modbus_request *request, struct xn_error *err)
{
	int fd = modbus_get_socket(modbus->library);
	uint8_t frame[XN_MODBUS_ADU_MAX];
	size_t length = xn_modbus_write(request, frame);
	bool sent;

	drain(fd, request->rtu);
	/* The library adds the checksum on a bus; over TCP it would send transaction 0 each time.
	 */
	if (request->rtu)
		sent = modbus_send_raw_request(modbus->library, frame, (int)length - 2) > 0;
	else
		sent = send(fd, frame, length, MSG_NOSIGNAL) == (ssize_t)length;
	if (!sent)
		return xn_fail(err, XN_EUNREACHABLE, "cannot send: %s", strerror(errno));
	return XN_OK;
}

/* Waits until `wanted` bytes are there to be read. */
static int
await(int fd, size_t wanted, int64_t deadline, struct xn_error *err)
{
	int lowest = (int)wanted;
	struct pollfd waiting = {.fd = fd, .events = POLLIN | POLLRDHUP};

	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &lowest, sizeof(lowest));
	if (poll(&waiting, 1, xn_deadline_left(deadline)) < 1)
		return xn_fail(err, XN_EUNREACHABLE, "no whole answer to Modbus in time");
	return XN_OK;
}

/* A whole TCP frame, seen in the socket's buffer and left there. */
static int
peek_frame(int fd, int64_t deadline, uint8_t *frame, size_t *ret_length, struct xn_error *err)
{
	size_t length = 0;
	size_t wanted = 7;

	for (;;) {
		int code = await(fd, wanted, deadline, err);
		ssize_t got;

		if (code < 0)
			return code;
		got = recv(fd, frame, XN_MODBUS_ADU_MAX, MSG_PEEK | MSG_DONTWAIT);
		if (got < (ssize_t)wanted)
			return xn_fail(err, XN_EUNREACHABLE, "connection closed by the device");
		length = xn_modbus_frame_length(false, frame, (size_t)got);
		if (length <= (size_t)got)
			break;
		wanted = length;
	}
	*ret_length = length;
	return XN_OK;
}

/* The library takes the frame that was checked. */
static int
take_frame(struct xn_modbus *modbus, size_t length, struct xn_error *err)
{
	uint8_t frame[XN_MODBUS_ADU_MAX];
	int one = 1;

	setsockopt(modbus_get_socket(modbus->library), SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
	if (modbus_receive_confirmation(modbus->library, frame) != (int)length)
		return xn_fail(err, XN_EDEVICE, "reply of a wrong length");
	return XN_OK;
}

static int
read_serial(int fd, int64_t deadline, uint8_t *frame, size_t *ret_length, struct xn_error *err)
{
	size_t used = 0;
	size_t length = 0;

	while (length == 0 || used < length) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&waiting, 1, xn_deadline_left(deadline)) < 1)
			return xn_fail(err, XN_EUNREACHABLE, "no whole answer to Modbus in time");
		got = read(fd, frame + used, XN_MODBUS_ADU_MAX - used);
		if (got <= 0)
			return xn_fail(err, XN_EUNREACHABLE, "serial port: %s",
			    got < 0 ? strerror(errno) : "closed");
		used += (size_t)got;
		length = xn_modbus_frame_length(true, frame, used);
	}
	*ret_length = length < used ? used : length; /* more than the frame is no good frame */
	return XN_OK;
}

static int
exchange(struct xn_modbus *modbus, const struct xn_modbus_request *request, int64_t deadline,
    uint16_t *ret_values, struct xn_error *err)
{
	uint8_t frame[XN_MODBUS_ADU_MAX];
	size_t length = 0;
	int fd;
	int code;
	int verdict;

	code = send_request(modbus, request, err);
	if (code < 0)
		return code;
	fd = modbus_get_socket(modbus->library);
	code = request->rtu ? read_serial(fd, deadline, frame, &length, err)
			    : peek_frame(fd, deadline, frame, &length, err);
	if (code < 0)
		return code;
	verdict = xn_modbus_check(request, frame, length, ret_values, err);
	if (verdict < 0 || request->rtu)
		return verdict;
	code = take_frame(modbus, length, err);
	return code < 0 ? code : verdict;
}

int
xn_modbus_read(struct xn_modbus *modbus, enum xn_modbus_space space, uint16_t address,
    uint16_t count, int64_t deadline, uint16_t ret_values[XN_MODBUS_REGISTERS_MAX],
    struct xn_error *err)
{
	struct xn_modbus_request request = {
	    .rtu = modbus->url.scheme == XN_URL_MODBUS_RTU,
	    .transaction = ++modbus->transaction,
	    .unit = modbus->url.unit,
	    .space = space,
	    .address = address,
	    .count = count,
	};
	int64_t soon;
	int code;

	assert(count >= 1 && count <= XN_MODBUS_REGISTERS_MAX && address + count <= 65536);
	code = dial(modbus, deadline, err);
	if (code < 0)
		return code;
	keep_quiet(modbus);
	soon = xn_deadline_in(REPLY_MS_MAX);
	code = exchange(modbus, &request, deadline < soon ? deadline : soon, ret_values, err);
	modbus->quiet_from = xn_deadline_in(0);
	if (code < 0)
		hang_up(modbus);
	/* A gateway says that nobody answers behind it: the connection is good, the device is not
	 * there. */
	if (code == 10 || code == 11)
		return xn_fail(err, XN_EUNREACHABLE, "%s", xn_modbus_exception(code));
	return code;
}
