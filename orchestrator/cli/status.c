/* The site at a glance. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

#define EVERY_S 2

static const struct xn_column racks[] = {
    {"RACK", "name", XN_CELL_TEXT},
    {"ROOM", "room", XN_CELL_TEXT},
    {"IT POWER", "it_w", XN_CELL_WATTS},
    {"INLET", "inlet_c", XN_CELL_CELSIUS},
    {"HOLD", "hold", XN_CELL_YES},
    {"WHY", "why", XN_CELL_TEXT},
};

static void
print_head(const json_t *status)
{
	const char *state = xn_field_text(status, "automation.state");

	xn_cell_print(status, "site", XN_CELL_TEXT);
	fputs("   ", stdout);
	xn_cell_print(status, "now", XN_CELL_TIME);
	printf("   automation %s", xn_paint(state));
	xn_cell_print(status, "automation.state", XN_CELL_TEXT);
	fputs(xn_paint_end(), stdout);
	if (*xn_field_text(status, "automation.why") != '\0') {
		fputs(": ", stdout);
		xn_cell_print(status, "automation.why", XN_CELL_TEXT);
	}
	putchar('\n');
}

static void
print_power(const json_t *status)
{
	static const struct {
		const char *word, *field;
	} flows[] = {
	    {"grid", "power.grid_w"},
	    {"PV", "power.pv_w"},
	    {"battery", "power.battery_w"},
	    {"generator", "power.generator_w"},
	    {"= IT", "power.it_w"},
	    {"+ cooling", "power.cooling_w"},
	    {"+ losses", "power.losses_w"},
	};

	fputs("power ", stdout);
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		if ((i == 2 || i == 3) && xn_field_number(status, flows[i].field) == 0)
			continue;
		printf(" %s ", flows[i].word);
		xn_cell_print(status, flows[i].field, XN_CELL_WATTS);
		putchar(' ');
	}
	if (json_is_number(xn_field(status, "power.power_ratio_now")))
		printf("  power ratio now %.2f", xn_field_number(status, "power.power_ratio_now"));
	if (json_is_false(xn_field(status, "power.complete")))
		fputs(" (not every meter is fresh)", stdout);
	putchar('\n');
}

static void
print_counts(const json_t *status)
{
	fputs("racks  ", stdout);
	xn_cell_print(status, "racks_fresh", XN_CELL_COUNT);
	fputs(" fresh of ", stdout);
	xn_cell_print(status, "racks", XN_CELL_COUNT);
	fputs("   hosts ", stdout);
	xn_cell_print(status, "hosts_up", XN_CELL_COUNT);
	fputs(" up of ", stdout);
	xn_cell_print(status, "hosts", XN_CELL_COUNT);
	fputs("   VMs ", stdout);
	xn_cell_print(status, "vms", XN_CELL_COUNT);
	fputs("   alarms ", stdout);
	xn_cell_print(status, "alarms", XN_CELL_COUNT);
	putchar('\n');
}

static void
print_plan(const json_t *status)
{
	const json_t *plan = json_object_get(status, "plan");

	if (!json_is_object(plan))
		return;
	fputs("plan   ", stdout);
	xn_cell_print(plan, "id", XN_CELL_TEXT);
	fputs("  ", stdout);
	xn_cell_print(plan, "state", XN_CELL_TEXT);
	if (*xn_field_text(plan, "verdict") != '\0') {
		fputs(": ", stdout);
		xn_cell_print(plan, "verdict", XN_CELL_TEXT);
	}
	putchar('\n');
}

static int
show(const struct xn_cli *cli, struct xn_client *client, struct xn_error *err)
{
	enum xn_format format;
	json_t *status = NULL, *rows = NULL;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (xn_client_get(client, "/status", &status, err) != XN_OK)
		return xn_client_give_up(err);
	if (format == XN_FORMAT_JSON) {
		xn_table_json(status);
	} else if (xn_client_get(client, "/racks", &rows, err) == XN_OK) {
		print_head(status);
		print_power(status);
		print_counts(status);
		print_plan(status);
		putchar('\n');
		xn_table_draw(rows, racks, sizeof(racks) / sizeof(racks[0]));
	}
	json_decref(status);
	json_decref(rows);
	fflush(stdout);
	return err->code == XN_OK ? XN_EXIT_OK : xn_client_give_up(err);
}

static int
watch(const struct xn_cli *cli, struct xn_client *client)
{
	int code;

	do {
		struct xn_error err = {.code = XN_OK};

		if (isatty(STDOUT_FILENO) == 1)
			fputs("\x1b[H\x1b[J", stdout);
		code = show(cli, client, &err);
		/* A daemon that restarts is back in seconds: whoever watches wants to see that too.
		 */
		if (code != XN_EXIT_OK && code != XN_EXIT_UNREACHABLE)
			break;
		sleep(EVERY_S);
	} while (ferror(stdout) == 0);
	return code;
}

static int
run(struct xn_cli *cli)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	int code;

	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	code = xn_cli_option(cli, "watch") != NULL ? watch(cli, client) : show(cli, client, &err);
	xn_client_close(client);
	return code;
}

const struct xn_cli_command xn_cli_status = {
    .noun = "status",
    .arguments = "",
    .summary = "the site at a glance: power, racks, plan, alarms",
    .examples = "xanh status\nxanh status --watch\nxanh status -o json",
    .options = {XN_CLIENT_OPTIONS,
	{.name = "watch", .letter = 'w', .help = "again every 2 s, until you end it"}},
    .run = run,
};
