#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/simdev/model.h"
#include "tests/simdev/server.h"

#define WORDS_MAX    5
#define ANSWER_BYTES 16384
#define LINE_BYTES   512

struct control {
	struct xn_loop *loop;
	struct xn_plant *plant;
};

struct caller {
	struct control *control;
	struct xn_loop_source *source;
	int fd;
};

/* What is answered; the first line begins with `error:` when it is one. */
struct answer {
	char text[ANSWER_BYTES];
	size_t size;
};

static void __attribute__((format(printf, 2, 3)))
say(struct answer *answer, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(
	    answer->text + answer->size, sizeof(answer->text) - answer->size, format, arguments);
	va_end(arguments);
	if (n > 0 && answer->size + (size_t)n < sizeof(answer->text))
		answer->size += (size_t)n;
}

int
xn_server_follow(struct xn_loop *loop, struct xn_device *device, struct xn_error *err)
{
	if (device->fault == XN_FAULT_OFF) {
		xn_snmp_close(device);
		xn_modbus_close(device);
		return XN_OK;
	}
	if (device->modbus != NULL)
		return xn_modbus_follow(device, err);
	if (device->snmp != NULL)
		return XN_OK;
	return xn_device_is_modbus(device) ? xn_modbus_open(loop, device, err)
					   : xn_snmp_open(loop, device, err);
}

static struct xn_plant_host *
host_named(struct xn_plant *plant, const char *name)
{
	for (size_t i = 0; i < plant->host_count; i++)
		if (strcmp(plant->hosts[i].name, name) == 0)
			return &plant->hosts[i];
	return NULL;
}

static void
list(struct xn_plant *plant, struct answer *answer)
{
	for (size_t i = 0; i < plant->device_count; i++) {
		const struct xn_device *device = &plant->devices[i];

		say(answer, "%s %s %s:%u %s\n", device->name, xn_models[device->kind].word,
		    device->host, device->port, xn_faults[device->fault].word);
	}
}

/* What all devices have answered by SNMP until now, as a crowd tells it. */
static void
served(const struct xn_plant *plant, struct answer *answer)
{
	uint64_t requests = 0, variables = 0;

	for (size_t i = 0; i < plant->device_count; i++) {
		requests += plant->devices[i].requests;
		variables += plant->devices[i].variables;
	}
	say(answer, "%" PRIu64 " %" PRIu64 "\n", requests, variables);
}

/* Name, value, and the number of the object or register it stands in. */
static void
points(const struct xn_device *device, struct answer *answer)
{
	for (size_t i = 0; i < device->point_count; i++) {
		const struct xn_point *point = &device->points[i];

		say(answer, "%s %.9g ", point->name, point->shown);
		if (point->form != XN_SNMP_INTEGER)
			say(answer, "%u\n", point->address);
		for (size_t arc = 0; arc < point->oid_count; arc++)
			say(answer, "%lu%c", point->oid[arc],
			    arc + 1 < point->oid_count ? '.' : '\n');
	}
}

/* Hosts, racks and the site have a few numbers of their own beside the devices' points. */
static bool
get_other(struct xn_plant *plant, const char *name, const char *what, struct answer *answer)
{
	const struct xn_plant_host *host = host_named(plant, name);

	if (host != NULL && strcmp(what, "use") == 0)
		say(answer, "%.6f\n", host->use);
	else if (host != NULL && strcmp(what, "realpower") == 0)
		say(answer, "%.3f\n", host->watts);
	else if (strcmp(name, "site") == 0 && strcmp(what, "grid") == 0)
		say(answer, "%.3f\n", plant->grid_w);
	else if (strcmp(name, "site") == 0 && strcmp(what, "pv") == 0)
		say(answer, "%.3f\n", plant->pv_w);
	else if (strcmp(name, "site") == 0 && strcmp(what, "cooling") == 0)
		say(answer, "%.3f\n", plant->cooling_w);
	else if (strcmp(name, "site") == 0 && strcmp(what, "racks") == 0)
		say(answer, "%.3f\n", plant->racks_w);
	else
		return false;
	return true;
}

static void
get(struct xn_plant *plant, const char *name, const char *what, struct answer *answer)
{
	const struct xn_device *device = xn_plant_device(plant, name);
	const struct xn_point *point = device ? xn_device_point(device, what) : NULL;

	if (point == NULL && get_other(plant, name, what, answer))
		return;
	if (point == NULL)
		say(answer, "error: %s %s: no such point\n", name, what);
	else if (point->integrates >= 0)
		say(answer, "%.9f\n", (double)point->energy_uj / 3.6e9);
	else
		say(answer, "%.9g\n", point->shown);
}

/* `oid:1.3.6.1...` or `holding:NUMBER`: the raw place, whatever stands there. */
static bool
set_raw(struct xn_device *device, const char *what, double value)
{
	xn_mib_arc name[XN_MIB_NAME_MAX];
	size_t count;

	if (strncmp(what, "oid:", 4) == 0 && !xn_device_is_modbus(device)) {
		count = xn_mib_parse(what + 4, name);
		if (count > 0)
			xn_mib_integer(&device->mib, name, count)->number = (long)value;
		return count > 0;
	}
	if (strncmp(what, "holding:", 8) == 0 && device->registers != NULL) {
		xn_registers_put(device->registers,
		    (unsigned)strtoul(what + 8, NULL, 10) % XN_REGISTERS_COUNT,
		    (uint16_t)(long)value);
		return true;
	}
	return false;
}

static void
set_point(struct xn_device *device, struct xn_point *point, const char *text, double value)
{
	point->held = strcmp(text, "auto") != 0;
	if (point->held)
		point->shown = value;
	xn_device_publish(device);
}

static void
set(struct xn_plant *plant, const char *name, const char *what, const char *text,
    struct answer *answer)
{
	struct xn_device *device = xn_plant_device(plant, name);
	struct xn_point *point = device ? xn_device_point(device, what) : NULL;
	struct xn_plant_host *host = host_named(plant, name);
	char *end;
	double value = strtod(text, &end);
	bool automatic = strcmp(text, "auto") == 0;

	if (!automatic && (end == text || *end != '\0')) {
		say(answer, "error: %s: no number\n", text);
	} else if (point != NULL) {
		set_point(device, point, text, value);
		say(answer, "ok\n");
	} else if (device != NULL && !automatic && set_raw(device, what, value)) {
		say(answer, "ok\n");
	} else if (host != NULL && strcmp(what, "use") == 0) {
		host->held = !automatic;
		host->use = automatic ? host->use : value;
		say(answer, "ok\n");
	} else {
		say(answer, "error: %s %s: no such point\n", name, what);
	}
}

static void
fault(struct control *control, const char *name, const char *what, const char *number,
    struct answer *answer)
{
	struct xn_device *device = xn_plant_device(control->plant, name);
	enum xn_fault fault = xn_fault_named(what);
	struct xn_error err = {0};

	if (device == NULL)
		say(answer, "error: %s: no such device\n", name);
	else if (fault == XN_FAULTS)
		say(answer, "error: %s: no such fault\n", what);
	else if (xn_device_fault(device, fault, (unsigned)strtoul(number, NULL, 10), &err) !=
		XN_OK ||
	    xn_server_follow(control->loop, device, &err) != XN_OK)
		say(answer, "error: %s\n", err.text);
	else
		say(answer, "ok\n");
}

static void
help(const char *mark, struct answer *answer)
{
	char text[ANSWER_BYTES / 2];

	xn_fault_help(text, sizeof(text));
	say(answer, "%s%s", mark, text);
}

static void
obey(struct control *control, char *line, struct answer *answer)
{
	char *words[WORDS_MAX] = {0}, *word;
	struct xn_device *device;
	unsigned count = 0;

	line[strcspn(line, "\r\n")] = '\0';
	while ((word = strsep(&line, " ")) != NULL && count < WORDS_MAX)
		if (*word != '\0')
			words[count++] = word;
	device = count > 1 ? xn_plant_device(control->plant, words[1]) : NULL;
	if (count == 1 && strcmp(words[0], "list") == 0)
		list(control->plant, answer);
	else if (count == 1 && strcmp(words[0], "served") == 0)
		served(control->plant, answer);
	else if (count == 2 && strcmp(words[0], "points") == 0 && device != NULL)
		points(device, answer);
	else if (count == 3 && strcmp(words[0], "get") == 0)
		get(control->plant, words[1], words[2], answer);
	else if (count == 4 && strcmp(words[0], "set") == 0)
		set(control->plant, words[1], words[2], words[3], answer);
	else if ((count == 3 || count == 4) && strcmp(words[0], "fault") == 0)
		fault(control, words[1], words[2], count == 4 ? words[3] : "0", answer);
	else if (count == 2 && strcmp(words[0], "clear") == 0)
		fault(control, words[1], "none", "0", answer);
	else
		help(count == 1 && strcmp(words[0], "help") == 0 ? "" : "error: ", answer);
}

static void
on_line(void *context, int fd, uint32_t events)
{
	struct caller *caller = context;
	struct answer *answer = calloc(1, sizeof(*answer));
	char line[LINE_BYTES];
	ssize_t n = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT);

	(void)events;
	if (answer != NULL && n > 0) {
		line[n] = '\0';
		obey(caller->control, line, answer);
		if (send(fd, answer->text, answer->size, MSG_NOSIGNAL) < 0)
			fprintf(stderr, "simdev: control: %s\n", strerror(errno));
	}
	free(answer);
	xn_loop_drop(caller->source);
	close(fd);
	free(caller);
}

static void
on_caller(void *context, int listener, uint32_t events)
{
	struct caller *caller = calloc(1, sizeof(*caller));
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (caller == NULL || fd < 0) {
		free(caller);
		return;
	}
	caller->control = context;
	caller->fd = fd;
	xn_loop_fd(caller->control->loop, fd, EPOLLIN, on_line, caller, &caller->source, NULL);
}

static int
unix_socket(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret_address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(ret_address->sun_path, path, strlen(path) + 1);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int
xn_control_open(struct xn_loop *loop, struct xn_plant *plant, struct xn_error *err)
{
	struct control *control;
	struct sockaddr_un address;
	int fd;

	if (plant->control[0] == '\0')
		return XN_OK;
	control = calloc(1, sizeof(*control));
	if (control == NULL)
		abort();
	*control = (struct control){.loop = loop, .plant = plant};
	fd = unix_socket(plant->control, &address);
	unlink(plant->control);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 8) != 0)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", plant->control, strerror(errno));
	return xn_loop_fd(loop, fd, EPOLLIN, on_caller, control, NULL, err);
}

/* Words into one line; its size, 0 if it is too long. */
static size_t
join(char *text, size_t room, int count, char **words)
{
	size_t size = 0;

	for (int i = 0; i < count; i++) {
		int n = snprintf(
		    text + size, room - size, "%s%c", words[i], i + 1 < count ? ' ' : '\n');

		if (n < 0 || (size_t)n >= room - size)
			return 0;
		size += (size_t)n;
	}
	return size;
}

int
xn_control_send(const char *path, int count, char **words)
{
	struct sockaddr_un address;
	char text[LINE_BYTES];
	size_t size = join(text, sizeof(text), count, words);
	int fd = unix_socket(path, &address);
	FILE *out = NULL;
	ssize_t n;

	if (size == 0 || fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size) {
		fprintf(stderr, "simdev: %s: %s\n", path,
		    size == 0 ? "line too long" : strerror(errno));
		return XN_EXIT_UNREACHABLE;
	}
	while ((n = recv(fd, text, sizeof(text), 0)) > 0) {
		if (out == NULL)
			out = n >= 6 && memcmp(text, "error:", 6) == 0 ? stderr : stdout;
		fwrite(text, 1, (size_t)n, out);
	}
	close(fd);
	return out == stdout ? XN_EXIT_OK : XN_EXIT_INPUT;
}
