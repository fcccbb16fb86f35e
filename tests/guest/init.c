/*
 * The whole of a demo guest: process 1 of a Debian cloud kernel, static, with no files but two
 * modules. It burns a chosen share of its CPU, dirties memory at a chosen pace and prints one line
 * a second,
 *
 *     tick 17 up=17 load=20
 *
 * on its serial port. Every host that runs the guest appends to the same log, so the ticks strictly
 * increase exactly when one copy of the guest runs at a time.
 *
 * Kernel command line: xanh.load=PERCENT xanh.dirty=MIB_PER_S xanh.ws=MIB (memory that is dirtied).
 * Serial input, one word and number a line: `load 40`, `dirty 8`, `off`. The ACPI power button ends
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLOT_MS     100
#define BUTTONS_MAX 4
#define PAGE        4096u
#define MIB         (1024u * 1024u)

struct guest {
	long load;   /* percent of one CPU */
	long dirty;  /* MiB a second */
	size_t size; /* of `memory`, bytes */
	size_t at;   /* next page to dirty */
	uint8_t *memory;
	struct pollfd inputs[1 + BUTTONS_MAX]; /* serial port, then event devices */
	nfds_t input_count;
	char line[64]; /* what has been typed so far */
	size_t typed;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0)
		printf("init: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void
mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
}

/* The number after `key` on the kernel's command line, within 0..max. */
static long
option(const char *command_line, const char *key, long fallback, long max)
{
	const char *at = strstr(command_line, key);
	long value;

	if (at == NULL)
		return fallback;
	value = strtol(at + strlen(key), NULL, 10);
	return value < 0 ? 0 : value > max ? max : value;
}

static void
read_options(struct guest *g)
{
	char text[1024] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	g->load = option(text, "xanh.load=", 0, 100);
	g->dirty = option(text, "xanh.dirty=", 0, 4096);
	g->size = (size_t)option(text, "xanh.ws=", 8, 64) * MIB;
	g->memory = g->size > 0 ? calloc(1, g->size) : NULL;
	if (g->memory == NULL)
		g->size = 0;
}

static void
open_inputs(struct guest *g)
{
	g->inputs[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	g->input_count = 1;
	for (int i = 0; i < BUTTONS_MAX; i++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			g->inputs[g->input_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
}

static void
power_off(void)
{
	printf("off\n");
	sync();
	reboot(RB_POWER_OFF);
}

static void
obey(struct guest *g, const char *line)
{
	long value;

	if (strcmp(line, "off") == 0)
		power_off();
	else if (sscanf(line, "load %ld", &value) == 1)
		g->load = value < 0 ? 0 : value > 100 ? 100 : value;
	else if (sscanf(line, "dirty %ld", &value) == 1)
		g->dirty = value < 0 ? 0 : value;
}

static void
read_serial(struct guest *g)
{
	char bytes[32];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n <= 0)
		g->inputs[0].fd = -1; /* no one types here: stop asking */
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r') {
			g->line[g->typed] = '\0';
			obey(g, g->line);
			g->typed = 0;
		} else if (g->typed + 1 < sizeof(g->line)) {
			g->line[g->typed++] = bytes[i];
		}
	}
}

static void
read_button(int fd)
{
	struct input_event event;

	while (read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event))
		if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
			power_off();
}

static void
wait_until(struct guest *g, int64_t when)
{
	int64_t left;

	while ((left = when - now_ms()) > 0) {
		if (poll(g->inputs, g->input_count, (int)left) <= 0)
			continue;
		if (g->inputs[0].revents != 0)
			read_serial(g);
		for (nfds_t i = 1; i < g->input_count; i++)
			if (g->inputs[i].revents != 0)
				read_button(g->inputs[i].fd);
	}
}

/* One slot: work for its share, then listen for the rest. */
static void
run_slot(struct guest *g, int64_t start)
{
	int64_t work_end = start + g->load * SLOT_MS / 100;
	long pages = g->size > 0 ? g->dirty * (long)(MIB / PAGE) * SLOT_MS / 1000 : 0;

	for (long i = 0; i < pages; i++) {
		g->memory[g->at]++;
		g->at = (g->at + PAGE) % g->size;
	}
	while (now_ms() < work_end)
		continue;
	wait_until(g, start + SLOT_MS);
}

int
main(void)
{
	struct guest g = {0};
	int64_t begin;

	mount_all();
	setvbuf(stdout, NULL, _IOLBF, 0);
	load_module("/evdev.ko");
	load_module("/button.ko");
	read_options(&g);
	open_inputs(&g);
	printf("READY\n");

	begin = now_ms();
	for (int64_t slot = 0;; slot++) {
		int64_t start = begin + slot * SLOT_MS;

		/* After a pause (migration, a busy host) go on from now instead of catching up. */
		if (now_ms() > start + SLOT_MS)
			begin += now_ms() - start;
		if (slot % (1000 / SLOT_MS) == 0)
			printf("tick %lld up=%lld load=%ld\n", (long long)(slot / (1000 / SLOT_MS)),
			    (long long)(now_ms() - begin) / 1000, g.load);
		run_slot(&g, begin + slot * SLOT_MS);
	}
}
