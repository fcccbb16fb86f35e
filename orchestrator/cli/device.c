#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/loop.h"
#include "drivers/hub.h"
#include "drivers/modbus_control.h"
#include "drivers/snmp_control.h"
#include "drivers/url.h"
#include "orchestrator/cli/commands.h"

#define WRITE_MS    8000
#define ARENA_BYTES (16u << 20)
#define ALLOW       "/etc/xanh/allow-list.yaml"
#define JOURNAL     "/var/lib/xanh/device-writes"

static int
give_up(const struct xn_error *err)
{
	fputs("xanh: device: ", stderr);
	xn_cli_print_escaped(stderr, err->text);
	fputc('\n', stderr);
	return xn_exit_of(err->code);
}

/* NULL, the mistakes said and the exit code, if it is no allow-list. */
static struct xn_allow_list *
read_list(struct xn_arena *arena, const char *path, int *ret_status)
{
	struct xn_allow_list *list = NULL;
	struct xn_problems problems;
	struct xn_error err = {0};

	xn_problems_init(&problems, arena);
	if (xn_allow_list_read(arena, path, &problems, &list, &err) < 0) {
		*ret_status = give_up(&err);
		return NULL;
	}
	xn_problems_print(&problems, stderr);
	if (list == NULL)
		*ret_status = XN_EXIT_INPUT;
	return list;
}

static int
device_check(struct xn_cli *cli)
{
	struct xn_arena arena;
	int status = XN_EXIT_OK;

	if (cli->argument_count == 0) {
		fputs("xanh: device check needs FILE...\n", stderr);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&arena, ARENA_BYTES);
	for (int i = 0; i < cli->argument_count; i++) {
		xn_arena_reset(&arena);
		read_list(&arena, cli->arguments[i], &status);
	}
	xn_arena_unmap(&arena);
	return status;
}

/* ---- writing ---- */

/* The transport that the URL names. */
struct port {
	struct xn_url url;
	struct xn_modbus *modbus;
	struct xn_snmp_control *snmp;
	struct xn_control_port port;
};

static int
open_port(struct port *port, const char *url, const char *device, struct xn_error *err)
{
	int code = xn_url_parse(url, &port->url, err);

	if (code == XN_OK && port->url.scheme == XN_URL_SNMP) {
		code = xn_snmp_control_open(&port->snmp, &port->url, device, err);
		if (code == XN_OK)
			port->port = xn_snmp_control_port(port->snmp);
	} else if (code == XN_OK) {
		code = xn_modbus_open(&port->modbus, &port->url, err);
		if (code == XN_OK)
			port->port = xn_modbus_control(port->modbus, device);
	}
	return code;
}

static void
close_port(struct port *port)
{
	if (port->snmp != NULL)
		xn_snmp_control_close(port->snmp);
	if (port->modbus != NULL)
		xn_modbus_close(port->modbus);
	explicit_bzero(&port->url, sizeof(port->url));
}

/* Asks for the permit and carries it out. */
static int
carry_out(const struct xn_allow_list *list, const char *journal, struct port *port,
    const char *const *arguments, int64_t value, struct xn_error *err)
{
	const struct xn_permit *permit;
	struct xn_control *control;
	int code = xn_control_open(&control, list, journal, err);

	if (code < 0)
		return code;
	code = xn_control_permit(
	    control, arguments[1], arguments[2], value, xn_clock_now(), &permit, err);
	if (code == XN_OK)
		code = open_port(port, arguments[0], arguments[1], err);
	if (code == XN_OK)
		code = xn_control_carry_out(
		    control, permit, &port->port, xn_deadline_in(WRITE_MS), err);
	xn_control_close(control);
	return code;
}

/* Whether the list permits it at all; else what it does permit. */
static int
check_value(const struct xn_allow_list *list, const char *device, const char *name, int64_t value,
    struct xn_error *err)
{
	const struct xn_allowed *allowed = xn_allow_list_find(list, device, name);

	if (allowed == NULL)
		return xn_fail(err, XN_EREFUSED, "the allow-list has no %s of %s", name, device);
	if (value < allowed->least || value > allowed->most)
		return xn_fail(err, XN_EREFUSED,
		    "%s of %s may be %" PRId64 " to %" PRId64 ", not %" PRId64, name, device,
		    allowed->least, allowed->most, value);
	return XN_OK;
}

static int
device_write(struct xn_cli *cli)
{
	const char *allow = xn_cli_option(cli, "allow");
	const char *journal = xn_cli_option(cli, "journal");
	struct port port = {.modbus = NULL};
	struct xn_allow_list *list;
	struct xn_error err = {0};
	struct xn_arena arena;
	int status = XN_EXIT_OK;
	int64_t value;
	char *end;
	int code;

	value = cli->argument_count == 4 ? strtoll(cli->arguments[3], &end, 10) : 0;
	if (cli->argument_count != 4 || *end != '\0' || end == cli->arguments[3]) {
		fputs("xanh: device write needs URL, DEVICE, NAME and a whole VALUE\n", stderr);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&arena, ARENA_BYTES);
	list = read_list(&arena, allow != NULL ? allow : ALLOW, &status);
	if (list == NULL) {
		xn_arena_unmap(&arena);
		return status;
	}
	code = check_value(list, cli->arguments[1], cli->arguments[2], value, &err);
	if (code == XN_OK && xn_cli_option(cli, "yes") == NULL) {
		printf("%s of %s would be %" PRId64 "; --yes writes it\n", cli->arguments[2],
		    cli->arguments[1], value);
		xn_arena_unmap(&arena);
		return XN_EXIT_CHANGES;
	}
	if (code == XN_OK)
		code = carry_out(
		    list, journal != NULL ? journal : JOURNAL, &port, cli->arguments, value, &err);
	close_port(&port);
	xn_arena_unmap(&arena);
	if (code < 0)
		return give_up(&err);
	printf("%s of %s is %" PRId64 ", read back\n", cli->arguments[2], cli->arguments[1], value);
	return XN_EXIT_OK;
}

const struct xn_cli_command xn_cli_device_check = {
    .noun = "device",
    .verb = "check",
    .arguments = "FILE...",
    .summary = "list every mistake in allow-lists of what may be written to devices",
    .examples = "xanh device check /etc/xanh/allow-list.yaml\n",
    .run = device_check,
};

const struct xn_cli_command xn_cli_device_write = {
    .noun = "device",
    .verb = "write",
    .arguments = "URL DEVICE NAME VALUE",
    .summary = "write what the allow-list permits, once, and read it back",
    .examples = "xanh device write 'snmp://10.20.7.11?community=@w' pdu-a07-a outlet.3 2\n"
		"xanh device write 'modbus://10.20.1.9?unit=3' crac-2 supply.setpoint 220 --yes\n",
    .options =
	{
	    {.name = "allow",
		.value = "FILE",
		.help = "the allow-list (" ALLOW "): device, register, range and rate"},
	    {.name = "journal",
		.value = "FILE",
		.help = "where every write is noted before it is sent (" JOURNAL ")"},
	    {.name = "yes", .help = "do it; else only what would be done is told"},
	},
    .run = device_write,
};
