/*
 * simdev: many simulated devices in one process, answering SNMP and Modbus TCP on loopback, with
 * values that move and faults on demand. README.md has the configuration file and the control
 * commands.
 *
 *     simdev CONFIG                          serves until it is ended
 *     simdev ctl SOCKET get DEVICE POINT     and others
 *     simdev crowd ADDRESS:PORT COUNT ...    many recorded SNMP devices, for a poller's load
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simdev/cpu.h"
#include "tests/simdev/crowd.h"
#include "tests/simdev/plant.h"
#include "tests/simdev/server.h"

#define STEP_MS 1000

struct bench {
	struct xn_plant plant;
	struct xn_cpu cpu;
	struct xn_loop *loop;
	int64_t stepped_ms;
};

static int
give_up(const struct xn_error *err)
{
	fprintf(stderr, "simdev: %s\n", err->text);
	return xn_exit_of(err->code);
}

static int
usage(bool asked)
{
	char text[8192];

	xn_fault_help(text, sizeof(text));
	fputs(text, asked ? stdout : stderr);
	return asked ? XN_EXIT_OK : XN_EXIT_USAGE;
}

static void
step(void *context)
{
	struct bench *bench = context;
	struct xn_error err = {0};
	int64_t now = xn_clock_monotonic_ms();
	int64_t ms = bench->stepped_ms == 0 ? 0 : now - bench->stepped_ms;

	bench->stepped_ms = now;
	if (ms > 0)
		xn_cpu_look(&bench->cpu, &bench->plant, ms);
	xn_plant_step(&bench->plant, xn_clock_now().ms, ms);
	if (xn_plant_save(&bench->plant, &err) != XN_OK)
		give_up(&err);
}

static void
stop(void *context)
{
	struct bench *bench = context;

	xn_loop_stop(bench->loop);
}

static int
open_devices(struct bench *bench, struct xn_error *err)
{
	struct xn_plant *plant = &bench->plant;

	for (size_t i = 0; i < plant->device_count; i++)
		if (xn_device_prepare(&plant->devices[i], err) != XN_OK)
			return xn_wrap(err, "%s", plant->devices[i].name);
	if (xn_plant_restore(plant, err) != XN_OK || xn_snmp_start(plant, err) != XN_OK)
		return err->code;
	step(bench);
	for (size_t i = 0; i < plant->device_count; i++)
		if (xn_server_follow(bench->loop, &plant->devices[i], err) != XN_OK)
			return err->code;
	return xn_control_open(bench->loop, plant, err);
}

static int
serve(struct bench *bench, const char *config, struct xn_error *err)
{
	xn_duration every = {.ms = STEP_MS};

	if (xn_plant_read(&bench->plant, config, err) != XN_OK ||
	    xn_loop_open(&bench->loop, err) != XN_OK || open_devices(bench, err) != XN_OK ||
	    xn_loop_timer(bench->loop, every, every, step, bench, NULL, err) != XN_OK ||
	    xn_loop_signal(bench->loop, SIGTERM, stop, bench, err) != XN_OK ||
	    xn_loop_signal(bench->loop, SIGINT, stop, bench, err) != XN_OK)
		return err->code;
	fprintf(stderr, "simdev: %zu devices\n", bench->plant.device_count);
	if (xn_loop_run(bench->loop, err) != XN_OK)
		return err->code;
	step(bench);
	return XN_OK;
}

int
main(int argc, char **argv)
{
	struct xn_error err = {0};
	struct bench *bench;
	int result;

	if (argc >= 4 && strcmp(argv[1], "ctl") == 0)
		return xn_control_send(argv[2], argc - 3, argv + 3);
	if (argc >= 6 && strcmp(argv[1], "crowd") == 0) {
		result =
		    xn_crowd_serve(argv[2], strtoul(argv[3], NULL, 10), argv[4], argv + 5, &err);
		return result == XN_OK ? 0 : give_up(&err);
	}
	if (argc != 2 || argv[1][0] == '-')
		return usage(argc == 2 && strcmp(argv[1], "--help") == 0);
	bench = calloc(1, sizeof(*bench));
	if (bench == NULL)
		abort();
	result = serve(bench, argv[1], &err);
	for (size_t i = 0; i < bench->plant.device_count; i++) {
		xn_snmp_close(&bench->plant.devices[i]);
		xn_modbus_close(&bench->plant.devices[i]);
	}
	if (bench->plant.control[0] != '\0')
		remove(bench->plant.control);
	return result == XN_OK ? 0 : give_up(&err);
}
