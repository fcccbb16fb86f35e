#include "drivers/modbus_line.h"

#include <assert.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/hub.h"

#define CONNECT_MS_MAX 2500
#define REPLY_MS       2500 /* gateways with a slow bus behind them; some pause after a connect */
#define SERIAL_MS      1000 /* and the time the bytes take */
#define SERIAL_GAP_MS  100  /* so much silence ends what should have been a frame */
#define LATE_MS        1000 /* so long after a silence a serial device may still answer */
#define LATE_TCP_MS    30000
#define SILENCES_MAX   3
#define RETRY_MS_MIN   250
#define RETRY_MS_MAX   4000
#define SERIAL_BYTES   512
#define DRAIN_MAX      16

struct xn_line {
	struct xn_line *next;
	unsigned users;
	struct xn_url url;
	pthread_mutex_t turn;
	modbus_t *library;  /* NULL: not connected */
	bool fresh;         /* nothing was answered since it was connected */
	bool gone;          /* the peer has closed it */
	int64_t connected;  /* when that was */
	int64_t quiet_from; /* when the last exchange ended */
	/* Of a line that cannot be opened. */
	unsigned failures;
	int64_t retry_at;
	char fault[96];
	/* Of questions nobody answered. */
	unsigned silences;  /* in a row */
	int64_t late_until; /* their answers may come until then */
	uint16_t oldest;    /* TCP: the first of their transactions */
	uint8_t late_unit;  /* serial: who was asked last of them */
	uint16_t transaction;
};

/* Every line of the process. */
static struct {
	pthread_mutex_t lock;
	struct xn_line *first;
} lines = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool
is_serial(const struct xn_line *line)
{
	return line->url.scheme == XN_URL_MODBUS_RTU;
}

static void
hang_up(struct xn_line *line)
{
	if (line->library != NULL) {
		modbus_close(line->library);
		modbus_free(line->library);
		line->library = NULL;
	}
	line->silences = 0;
	if (!is_serial(line))
		line->late_until = 0;
}

/* ---- sharing ---- */

static struct xn_line *
find_line(const struct xn_url *url)
{
	struct xn_line *line = lines.first;

	while (line != NULL &&
	    (line->url.scheme != url->scheme || line->url.port != url->port ||
		strcmp(line->url.host, url->host) != 0))
		line = line->next;
	return line;
}

static struct xn_line *
new_line(const struct xn_url *url)
{
	struct xn_line *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return NULL;
	line->url = *url;
	pthread_mutex_init(&line->turn, NULL);
	line->next = lines.first;
	lines.first = line;
	return line;
}

int
xn_line_join(struct xn_line **ret_line, const struct xn_url *url, struct xn_error *err)
{
	struct xn_line *line;
	int code = XN_OK;

	pthread_mutex_lock(&lines.lock);
	line = find_line(url);
	if (line == NULL)
		line = new_line(url);
	if (line == NULL)
		code = xn_fail(err, XN_ESYSTEM, "out of memory");
	else if (is_serial(line) &&
	    (line->url.baud != url->baud || line->url.parity != url->parity))
		code = xn_fail(err, XN_EINVALID,
		    "another device uses this serial port with %d baud, parity %c", line->url.baud,
		    line->url.parity);
	else
		line->users++;
	pthread_mutex_unlock(&lines.lock);
	*ret_line = line;
	return code;
}

void
xn_line_leave(struct xn_line *line)
{
	struct xn_line **link = &lines.first;

	pthread_mutex_lock(&lines.lock);
	assert(line->users > 0);
	if (--line->users == 0) {
		while (*link != line)
			link = &(*link)->next;
		*link = line->next;
		hang_up(line);
		pthread_mutex_destroy(&line->turn);
		free(line);
	}
	pthread_mutex_unlock(&lines.lock);
}

int
xn_line_take(struct xn_line *line, int64_t deadline, struct xn_error *err)
{
	struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};

	if (pthread_mutex_clocklock(&line->turn, CLOCK_MONOTONIC, &until) != 0)
		return xn_fail(err, XN_EUNREACHABLE, "the line was busy with other devices");
	return XN_OK;
}

void
xn_line_give(struct xn_line *line)
{
	pthread_mutex_unlock(&line->turn);
}

/* ---- connecting ---- */

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
dial_tcp(struct xn_line *line, int64_t deadline, struct xn_error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	char port[8];
	unsigned give_up_ms = 10000;
	int one = 1;
	int fd = -1;
	int code;

	snprintf(port, sizeof(port), "%u", line->url.port);
	code = getaddrinfo(line->url.host, port, &hints, &list);
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
	line->library = modbus_new_tcp("127.0.0.1", line->url.port);
	if (line->library == NULL) {
		close(fd);
		return xn_fail(err, XN_ESYSTEM, "libmodbus: %s", modbus_strerror(errno));
	}
	modbus_set_socket(line->library, fd);
	return XN_OK;
}

static int
dial_serial(struct xn_line *line, struct xn_error *err)
{
	const struct xn_url *url = &line->url;

	line->library = modbus_new_rtu(url->host, url->baud, url->parity, 8, 1);
	if (line->library == NULL)
		return xn_fail(err, XN_EUNREACHABLE, "%s", modbus_strerror(errno));
	if (modbus_connect(line->library) < 0) {
		int fault = errno;

		modbus_free(line->library);
		line->library = NULL;
		return xn_fail(err, XN_EUNREACHABLE, "%s", modbus_strerror(fault));
	}
	if (modbus_get_socket(line->library) >= FD_SETSIZE) {
		hang_up(line);
		return xn_fail(err, XN_EUNREACHABLE, "too many open files for Modbus (1024)");
	}
	return XN_OK;
}

static void
back_off(struct xn_line *line, const struct xn_error *err)
{
	int64_t pause = RETRY_MS_MIN;

	for (unsigned i = 0; i < line->failures && pause < RETRY_MS_MAX; i++)
		pause *= 2;
	line->failures++;
	line->retry_at = xn_deadline_in((int)(pause < RETRY_MS_MAX ? pause : RETRY_MS_MAX));
	snprintf(line->fault, sizeof(line->fault), "%.*s", (int)sizeof(line->fault) - 1, err->text);
}

static int
dial(struct xn_line *line, int64_t deadline, struct xn_error *err)
{
	int64_t soon = xn_deadline_in(CONNECT_MS_MAX);
	struct xn_error own = {0};
	int code;

	if (line->library != NULL)
		return XN_OK;
	if (line->failures > 0 && xn_deadline_left(line->retry_at) > 0)
		return xn_fail(err, XN_EUNREACHABLE, "%s (next try in %d ms)", line->fault,
		    xn_deadline_left(line->retry_at));
	code = is_serial(line) ? dial_serial(line, &own)
			       : dial_tcp(line, deadline < soon ? deadline : soon, &own);
	if (code < 0) {
		back_off(line, &own);
		return xn_fail(err, (enum xn_code)code, "%s", own.text);
	}
	line->failures = 0;
	line->fresh = true;
	line->connected = xn_deadline_in(0);
	return XN_OK;
}

/* ---- pauses ---- */

static void
sleep_until(int64_t instant, int64_t deadline)
{
	int64_t left = (instant < deadline ? instant : deadline) - xn_deadline_in(0);

	if (left > 0) {
		struct timespec span = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

		nanosleep(&span, NULL);
	}
}

/* The pauses the profile asks for; on a bus at least the 3.5 characters that end a frame. */
static void
keep_quiet(const struct xn_line *line, const struct xn_modbus_limits *limits, int64_t deadline)
{
	int64_t pause = limits->pause_ms;

	if (is_serial(line) && pause < 38500 / line->url.baud + 2)
		pause = 38500 / line->url.baud + 2;
	sleep_until(line->quiet_from + pause, deadline);
	sleep_until(line->connected + limits->settle_ms, deadline);
}

/* Bytes on a bus that nobody asked for: an answer that came too late, noise. */
static void
drain(int fd)
{
	uint8_t waste[SERIAL_BYTES];
	ssize_t got = 1;

	for (int i = 0; i < DRAIN_MAX && got > 0; i++)
		got = read(fd, waste, sizeof(waste));
}

/* ---- one exchange over TCP ---- */

/* Whether a transaction is one that nobody answered in time. */
static bool
is_late(const struct xn_line *line, uint16_t transaction)
{
	return xn_deadline_left(line->late_until) > 0 &&
	    (uint16_t)(transaction - line->oldest) < (uint16_t)(line->transaction - line->oldest);
}

/* Waits until `wanted` bytes can be read. */
static int
await(int fd, size_t wanted, int64_t deadline, struct xn_error *err)
{
	int lowest = (int)wanted;
	struct pollfd waiting = {.fd = fd, .events = POLLIN | POLLRDHUP};

	if (wanted > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &lowest, sizeof(lowest));
	if (poll(&waiting, 1, xn_deadline_left(deadline)) < 1)
		return xn_fail(err, XN_EUNREACHABLE, "no whole answer to Modbus in time");
	return XN_OK;
}

/* A whole frame, seen in the socket's buffer and left there; late ones are thrown away. */
static int
peek_frame(struct xn_line *line, int fd, int64_t deadline, uint8_t *frame, size_t *ret_length,
    struct xn_error *err)
{
	size_t wanted = 0; /* most answers come in one piece, so the first look costs least */
	int one = 1;

	for (;;) {
		int code = await(fd, wanted, deadline, err);
		ssize_t got;
		size_t length;

		if (code < 0)
			return code;
		got = recv(fd, frame, XN_MODBUS_ADU_MAX, MSG_PEEK | MSG_DONTWAIT);
		if (got <= 0 || (wanted > 0 && got < (ssize_t)wanted)) {
			line->gone = true;
			return xn_fail(err, XN_EUNREACHABLE, "connection closed by the device");
		}
		length = xn_modbus_frame_length(false, frame, (size_t)got);
		if (length == 0 || length > (size_t)got) {
			wanted = length == 0 ? (size_t)got + 1 : length;
			continue;
		}
		if (wanted > 0)
			setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
		*ret_length = length;
		if (length < 8 || !is_late(line, xn_modbus_transaction(frame)))
			return XN_OK;
		wanted = 0;
		if (recv(fd, frame, length, MSG_DONTWAIT) != (ssize_t)length)
			return xn_fail(err, XN_EDEVICE, "reply of a wrong length");
	}
}

static int
exchange_tcp(struct xn_line *line, const struct xn_modbus_request *request, int64_t deadline,
    uint16_t *ret_values, struct xn_error *err)
{
	uint8_t frame[XN_MODBUS_ADU_MAX];
	uint8_t taken[XN_MODBUS_ADU_MAX];
	size_t length = xn_modbus_frame(request, frame);
	int fd = modbus_get_socket(line->library);
	int code;
	int verdict;

	/* The library would send the same transaction each time. */
	if (send(fd, frame, length, MSG_NOSIGNAL) != (ssize_t)length) {
		line->gone = true;
		return xn_fail(err, XN_EUNREACHABLE, "cannot send: %s", strerror(errno));
	}
	code = peek_frame(line, fd, deadline, frame, &length, err);
	if (code < 0)
		return code;
	verdict = xn_modbus_check(request, frame, length, ret_values, err);
	if (verdict < 0)
		return verdict;
	/* The library takes the frame that was checked. */
	if (modbus_receive_confirmation(line->library, taken) != (int)length)
		return xn_fail(err, XN_EDEVICE, "reply of a wrong length");
	return verdict;
}

/* ---- one exchange on a serial line ---- */

/* What the bytes so far are: a frame, or so far nothing; a silence among them ends it. */
static int
read_serial(struct xn_line *line, const struct xn_modbus_request *request, int64_t deadline,
    uint16_t *ret_values, struct xn_error *err)
{
	int fd = modbus_get_socket(line->library);
	uint8_t bytes[SERIAL_BYTES];
	size_t used = 0;
	size_t start = 0;

	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		int left = xn_deadline_left(deadline);
		size_t length;
		ssize_t got;

		if (poll(&waiting, 1, used > 0 && left > SERIAL_GAP_MS ? SERIAL_GAP_MS : left) < 1)
			return used == 0
			    ? xn_fail(err, XN_EUNREACHABLE, "no whole answer to Modbus in time")
			    : xn_fail(err, XN_EDEVICE, "reply with a wrong checksum, or cut short");
		got = read(fd, bytes + used, sizeof(bytes) - used);
		if (got <= 0) {
			line->gone = true;
			return xn_fail(err, XN_EUNREACHABLE, "serial port: %s",
			    got < 0 ? strerror(errno) : "closed");
		}
		used += (size_t)got;
		length = xn_modbus_find(request, bytes, used, &start);
		if (length > 0)
			return xn_modbus_check(request, bytes + start, length, ret_values, err);
		if (used == sizeof(bytes))
			return xn_fail(err, XN_EDEVICE, "noise on the serial line");
	}
}

/* The unit that left a question unanswered may still answer it: nothing would tell that from the
 * answer to the next. */
static void
await_late_answer(const struct xn_line *line, uint8_t unit, int64_t deadline)
{
	if (unit == line->late_unit)
		sleep_until(line->late_until, deadline);
}

static int
exchange_serial(struct xn_line *line, const struct xn_modbus_request *request, int64_t deadline,
    uint16_t *ret_values, struct xn_error *err)
{
	uint8_t frame[XN_MODBUS_ADU_MAX];
	size_t length = xn_modbus_frame(request, frame);
	int fd = modbus_get_socket(line->library);

	await_late_answer(line, request->unit, deadline);
	drain(fd);
	/* The library adds the checksum. */
	if (modbus_send_raw_request(line->library, frame, (int)length - 2) < 0) {
		line->gone = true;
		return xn_fail(err, XN_EUNREACHABLE, "cannot send: %s", modbus_strerror(errno));
	}
	return read_serial(line, request, deadline, ret_values, err);
}

/* ---- asking ---- */

static int64_t
answer_until(const struct xn_line *line, const struct xn_modbus_limits *limits,
    const struct xn_modbus_request *request, int64_t deadline)
{
	int ms =
	    is_serial(line) ? SERIAL_MS + (int)request->count * 22000 / line->url.baud : REPLY_MS;
	int64_t soon = xn_deadline_in(limits->timeout_ms > 0 ? (int)limits->timeout_ms : ms);

	return deadline < soon ? deadline : soon;
}

static bool
has_leftovers(const struct xn_line *line)
{
	uint8_t byte;

	return recv(modbus_get_socket(line->library), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Keeps in mind that an answer may still come; hangs up where that is safer. */
static void
note_silence(struct xn_line *line, const struct xn_modbus_request *request)
{
	bool serial = is_serial(line);

	if (!serial && xn_deadline_left(line->late_until) == 0)
		line->oldest = request->transaction;
	line->late_until = xn_deadline_in(serial ? LATE_MS : LATE_TCP_MS);
	line->late_unit = request->unit;
	line->silences++;
	if (line->gone || (!serial && (line->silences >= SILENCES_MAX || has_leftovers(line))))
		hang_up(line);
}

static int
ask_once(struct xn_line *line, const struct xn_modbus_limits *limits,
    struct xn_modbus_request *request, int64_t deadline, uint16_t *ret_values, struct xn_error *err)
{
	int code = dial(line, deadline, err);

	if (code < 0)
		return code;
	keep_quiet(line, limits, deadline);
	request->rtu = is_serial(line);
	request->transaction = ++line->transaction;
	line->gone = false;
	deadline = answer_until(line, limits, request, deadline);
	code = request->rtu ? exchange_serial(line, request, deadline, ret_values, err)
			    : exchange_tcp(line, request, deadline, ret_values, err);
	line->quiet_from = xn_deadline_in(0);
	if (code >= 0) {
		line->silences = 0;
		line->fresh = false;
	} else if (code == XN_EUNREACHABLE) {
		note_silence(line, request);
	} else if (!request->rtu) {
		hang_up(line); /* any doubt */
	}
	return code;
}

int
xn_line_ask(struct xn_line *line, const struct xn_modbus_limits *limits,
    struct xn_modbus_request *request, int64_t deadline,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX], struct xn_error *err)
{
	bool was_fresh = line->library == NULL || line->fresh;
	int code = ask_once(line, limits, request, deadline, ret_values, err);
	bool again = false;

	/* The peer closed an idle connection; a bus was noisy. A write is never sent twice. */
	if (code == XN_EUNREACHABLE && line->gone)
		again = !was_fresh;
	else if (code == XN_EDEVICE)
		again = is_serial(line);
	if (again && request->write == XN_MODBUS_READS && xn_deadline_left(deadline) > 0)
		code = ask_once(line, limits, request, deadline, ret_values, err);
	return code;
}
