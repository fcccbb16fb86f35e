#include "drivers/control.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "drivers/hub.h"

#define HOUR_MS      INT64_C(3600000)
#define TAIL_BYTES   (512 << 10) /* of the journal: more than an hour of the highest rate */
#define LINE_SIZE    320
#define READ_BACK_MS 200 /* between two looks */

struct xn_permit {
	const struct xn_allowed *allowed;
	int64_t value;
	xn_instant at;
	bool used;
};

struct xn_control {
	const struct xn_allow_list *list;
	int journal;
	struct xn_permit permit;
};

/* What the journal says of one place. */
struct past {
	int64_t last_ms; /* of the newest permit; 0: none */
	int64_t in_hour;
	bool later; /* a permit bears a later time than now */
};

int
xn_control_open(struct xn_control **ret_control, const struct xn_allow_list *list,
    const char *journal, struct xn_error *err)
{
	struct xn_control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	control->list = list;
	control->journal = open(journal, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (control->journal < 0) {
		free(control);
		return xn_fail(err, XN_EREAD, "%s: %s", journal, strerror(errno));
	}
	*ret_control = control;
	return XN_OK;
}

void
xn_control_close(struct xn_control *control)
{
	if (control == NULL)
		return;
	close(control->journal);
	free(control);
}

/* ---- the journal: "UNIX-MS DEVICE NAME VALUE WHAT" ---- */

static int
append(struct xn_control *control, const char *what, struct xn_error *err)
{
	const struct xn_permit *permit = &control->permit;
	char line[LINE_SIZE];
	int length = snprintf(line, sizeof(line), "%" PRId64 " %s %s %" PRId64 " %.100s\n",
	    permit->at.ms, permit->allowed->device, permit->allowed->name, permit->value, what);

	assert(length > 0 && length < LINE_SIZE);
	if (write(control->journal, line, (size_t)length) != length ||
	    fdatasync(control->journal) < 0)
		return xn_fail(err, XN_ESYSTEM, "journal: %s", strerror(errno));
	return XN_OK;
}

static void
count_line(const char *line, const struct xn_allowed *allowed, xn_instant now, struct past *past)
{
	char device[XN_POINT_NAME_SIZE + 8];
	char name[XN_POINT_NAME_SIZE + 8];
	char what[16];
	int64_t at;
	int64_t value;

	if (sscanf(line, "%" SCNd64 " %71s %71s %" SCNd64 " %15s", &at, device, name, &value,
		what) != 5 ||
	    strcmp(what, "permitted") != 0 || strcmp(device, allowed->device) != 0 ||
	    strcmp(name, allowed->name) != 0)
		return;
	past->later = past->later || at > now.ms;
	past->in_hour += at > now.ms - HOUR_MS;
	if (at > past->last_ms)
		past->last_ms = at;
}

static int
read_past(struct xn_control *control, const struct xn_allowed *allowed, xn_instant now,
    struct past *ret_past, struct xn_error *err)
{
	struct stat found;
	char *text = calloc(1, TAIL_BYTES + 1);
	off_t from;
	ssize_t got;

	*ret_past = (struct past){0};
	if (text == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	from = fstat(control->journal, &found) == 0 && found.st_size > TAIL_BYTES
	    ? found.st_size - TAIL_BYTES
	    : 0;
	got = pread(control->journal, text, TAIL_BYTES, from);
	if (got < 0) {
		free(text);
		return xn_fail(err, XN_ESYSTEM, "journal: %s", strerror(errno));
	}
	/* A last line that is cut short was never acted on. */
	for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		count_line(line, allowed, now, ret_past);
	}
	free(text);
	return XN_OK;
}

/* ---- permission ---- */

static int
check_rate(
    const struct xn_allowed *allowed, const struct past *past, xn_instant now, struct xn_error *err)
{
	if (past->later)
		return xn_fail(err, XN_EREFUSED, "the journal is ahead of the clock");
	if (past->last_ms > 0 && now.ms - past->last_ms < allowed->apart.ms)
		return xn_fail(err, XN_EREFUSED,
		    "written %" PRId64 " s ago; at least %" PRId64 " s must lie between",
		    (now.ms - past->last_ms) / 1000, allowed->apart.ms / 1000);
	if (past->in_hour >= allowed->per_hour)
		return xn_fail(err, XN_EREFUSED,
		    "written %" PRId64 " times within the hour; %" PRId64 " are allowed",
		    past->in_hour, allowed->per_hour);
	return XN_OK;
}

/* Between looking into the journal and writing to it nobody else may do the same. */
static int
grant(struct xn_control *control, const struct xn_allowed *allowed, int64_t value, xn_instant now,
    struct xn_error *err)
{
	struct past past;
	int code;

	if (flock(control->journal, LOCK_EX) < 0)
		return xn_fail(err, XN_ESYSTEM, "journal: %s", strerror(errno));
	code = read_past(control, allowed, now, &past, err);
	if (code == XN_OK)
		code = check_rate(allowed, &past, now, err);
	if (code == XN_OK) {
		control->permit = (struct xn_permit){.allowed = allowed, .value = value, .at = now};
		code = append(control, "permitted", err);
	}
	flock(control->journal, LOCK_UN);
	return code;
}

int
xn_control_permit(struct xn_control *control, const char *device, const char *name, int64_t value,
    xn_instant now, const struct xn_permit **ret_permit, struct xn_error *err)
{
	const struct xn_allowed *allowed = xn_allow_list_find(control->list, device, name);
	int code;

	control->permit.used = true;
	if (allowed == NULL)
		return xn_fail(err, XN_EREFUSED, "%s of %s is not on the allow-list", name, device);
	if (value < allowed->least || value > allowed->most)
		return xn_fail(err, XN_EREFUSED,
		    "%s of %s: %" PRId64 " is outside %" PRId64 " to %" PRId64, name, device, value,
		    allowed->least, allowed->most);
	code = grant(control, allowed, value, now, err);
	if (code < 0)
		return xn_wrap(err, "%s of %s", name, device);
	*ret_permit = &control->permit;
	return XN_OK;
}

/* ---- carrying out ---- */

static void
wait_a_moment(int64_t deadline)
{
	int left = xn_deadline_left(deadline);
	struct timespec span = {
	    .tv_nsec = (left < READ_BACK_MS ? left : READ_BACK_MS) * INT64_C(1000000)};

	nanosleep(&span, NULL);
}

/* Devices take a moment: relays, cards that pass it on. */
static int
read_back(const struct xn_permit *permit, const struct xn_control_port *port, int64_t deadline,
    struct xn_error *err)
{
	int64_t value = 0;
	int code;

	for (;;) {
		code = port->read(port->to, permit, deadline, &value, err);
		if (code == XN_OK && value == permit->value)
			return XN_OK;
		if (xn_deadline_left(deadline) <= READ_BACK_MS)
			break;
		wait_a_moment(deadline);
	}
	if (code < 0)
		return xn_wrap(err, "written, but it cannot be read back");
	return xn_fail(err, XN_EDEVICE, "wrote %" PRId64 ", reads %" PRId64, permit->value, value);
}

/* An answer that is lost says nothing: what stands there then does. */
static int
write_and_read(const struct xn_permit *permit, const struct xn_control_port *port, int64_t deadline,
    struct xn_error *err)
{
	int64_t halfway = xn_deadline_in(xn_deadline_left(deadline) / 2);
	struct xn_error back = {0};
	int written = port->write(port->to, permit, halfway, err);
	int code;

	if (written > 0)
		return xn_fail(err, XN_EDEVICE, "%s", xn_modbus_exception(written));
	if (written < 0 && written != XN_EUNREACHABLE)
		return written;
	code = read_back(permit, port, deadline, &back);
	if (code < 0 && written == XN_OK)
		xn_fail(err, (enum xn_code)code, "%s", back.text);
	return code < 0 && written < 0 ? written : code;
}

int
xn_control_carry_out(struct xn_control *control, const struct xn_permit *permit,
    const struct xn_control_port *port, int64_t deadline, struct xn_error *err)
{
	struct xn_error own = {0};
	int code;

	if (permit != &control->permit || permit->used)
		return xn_fail(err, XN_EREFUSED, "the permit was used already");
	control->permit.used = true;
	if (strcmp(port->device, permit->allowed->device) != 0)
		return xn_fail(err, XN_EREFUSED, "the permit is for %s", permit->allowed->device);
	code = write_and_read(permit, port, deadline, &own);
	/* The write has happened, or not: a journal that is full now changes nothing. */
	append(control, code == XN_OK ? "done" : own.text, NULL);
	if (code < 0)
		return xn_fail(err, (enum xn_code)code, "%s of %s: %s", permit->allowed->name,
		    permit->allowed->device, own.text);
	return XN_OK;
}

/* ---- for transports ---- */

const struct xn_allowed *
xn_permit_allowed(const struct xn_permit *permit)
{
	return permit->allowed;
}

int64_t
xn_permit_value(const struct xn_permit *permit)
{
	return permit->value;
}

/* The number as it stands in registers. */
static void
lay_out(const struct xn_permit *permit, uint16_t values[4])
{
	enum xn_modbus_order order = permit->allowed->order;
	unsigned width = xn_modbus_width(permit->allowed->type);

	for (unsigned i = 0; i < width; i++) {
		bool last_first = order == XN_CDAB || order == XN_DCBA;
		unsigned place = last_first ? i : width - 1 - i;
		uint16_t word = (uint16_t)((uint64_t)permit->value >> 16 * i);

		if (order == XN_BADC || order == XN_DCBA)
			word = (uint16_t)(word << 8 | word >> 8);
		values[place] = word;
	}
}

struct xn_modbus_request
xn_permit_request(const struct xn_permit *permit)
{
	const struct xn_allowed *allowed = permit->allowed;
	struct xn_modbus_request request = {.address = allowed->address, .count = 1};

	assert(allowed->kind != XN_ALLOW_OID);
	if (allowed->kind == XN_ALLOW_COIL) {
		request.write = allowed->multiple ? XN_MODBUS_WRITE_COILS : XN_MODBUS_WRITE_COIL;
		request.values[0] = permit->value != 0;
		return request;
	}
	request.count = (uint16_t)xn_modbus_width(allowed->type);
	request.write = allowed->multiple || request.count > 1 ? XN_MODBUS_WRITE_REGISTERS
							       : XN_MODBUS_WRITE_REGISTER;
	lay_out(permit, request.values);
	return request;
}
