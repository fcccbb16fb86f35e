/* Reading 125 registers through our line (deadline, checks, halves of a plan) against libmodbus in
 * a bare loop, from the same server in a process of its own. */
#include <arpa/inet.h>
#include <modbus/modbus.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/device.h"
#include "drivers/modbus_plan.h"
#include "drivers/modbus_wire.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 20000, REGISTERS = 125 };

static void
serve_line(int line)
{
	uint8_t request[260];
	uint8_t reply[9 + 2 * REGISTERS] = {0};

	while (recv(line, request, sizeof(request), 0) == 12) {
		memcpy(reply, request, 4);
		reply[5] = 3 + 2 * REGISTERS;
		memcpy(reply + 6, request + 6, 2);
		reply[8] = 2 * REGISTERS;
		if (send(line, reply, sizeof(reply), MSG_NOSIGNAL) < 0)
			break;
	}
	close(line);
}

/* A server in a child process; its port. */
static unsigned
start_server(pid_t *ret_child)
{
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	int door = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(door, (struct sockaddr *)&here, size) < 0 || listen(door, 4) < 0)
		abort();
	getsockname(door, (struct sockaddr *)&here, &size);
	*ret_child = fork();
	if (*ret_child == 0) {
		for (;;)
			serve_line(accept(door, NULL, NULL));
	}
	close(door);
	return ntohs(here.sin_port);
}

static double
time_library(unsigned port)
{
	modbus_t *modbus = modbus_new_tcp("127.0.0.1", (int)port);
	uint16_t values[REGISTERS];
	double start;

	if (modbus_connect(modbus) < 0)
		abort();
	start = bench_cpu();
	for (int i = 0; i < ROUNDS; i++) {
		if (modbus_read_registers(modbus, 0, REGISTERS, values) != REGISTERS)
			abort();
	}
	start = bench_cpu() - start;
	modbus_close(modbus);
	modbus_free(modbus);
	return start;
}

/* A poll of a device: one range, its plan and its numbers. */
static double
time_ours(unsigned port)
{
	static struct xn_modbus_plan plan;
	struct xn_modbus *modbus;
	struct xn_error err;
	struct xn_url url;
	double start;
	char text[64];

	snprintf(text, sizeof(text), "modbus://127.0.0.1:%u?unit=255", port);
	if (xn_url_parse(text, &url, &err) < 0 || xn_modbus_open(&modbus, &url, &err) < 0)
		abort();
	xn_modbus_plan_clear(&plan);
	for (uint16_t i = 0; i < REGISTERS; i++)
		xn_modbus_plan_add(&plan, XN_MODBUS_HOLDING, i, 1);
	start = bench_cpu();
	for (int i = 0; i < ROUNDS; i++) {
		uint16_t values[XN_MODBUS_REGISTERS_MAX];
		struct xn_modbus_range range;

		xn_modbus_plan_start(&plan);
		while (xn_modbus_plan_next(&plan, &range)) {
			int code = xn_modbus_read(modbus, range.space, range.address, range.count,
			    xn_deadline_in(1000), values, &err);

			if (code != XN_OK)
				abort();
			xn_modbus_plan_take(&plan, code, values);
		}
	}
	start = bench_cpu() - start;
	xn_modbus_close(modbus);
	return start;
}

int
main(void)
{
	pid_t child;
	unsigned port = start_server(&child);
	double library = time_library(port);
	double ours = time_ours(port);

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	bench_print("modbus read of 125 registers / bare libmodbus", ours / library, "ratio");
	bench_print("modbus read of 125 registers", ours / ROUNDS * 1e6, "CPU us a request");
	return 0;
}
