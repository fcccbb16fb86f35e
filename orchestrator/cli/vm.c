/* VMs: where they run, what they draw, and why they are where they are. */

#include <stdio.h>

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

#define PATH_SIZE 256

static const struct xn_column columns[] = {
    {"VM", "name", XN_CELL_TEXT},
    {"HOST", "host", XN_CELL_TEXT},
    {"RACK", "rack", XN_CELL_TEXT},
    {"STATE", "state", XN_CELL_TEXT},
    {"POWER", "power_w", XN_CELL_WATTS},
    {"+/-", "power_error_w", XN_CELL_WATTS},
    {"CORES USED", "used_cores", XN_CELL_CORES},
    {"MEMORY", "memory_mib", XN_CELL_MIB},
    {"ENERGY", "energy_wh", XN_CELL_WH},
    {"PLATFORM", "platform", XN_CELL_TEXT},
    {"AGENCY", "agency", XN_CELL_TEXT},
};

static int
print(const struct xn_cli *cli, const json_t *vms)
{
	return xn_table_print(
	    cli, vms, columns, sizeof(columns) / sizeof(columns[0]), "no VM has been seen yet");
}

static int
list(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_client_show(cli, "/vms", print);
}

static void
print_notes(const json_t *notes)
{
	size_t i;
	json_t *note;

	json_array_foreach(notes, i, note)
	{
		fputs("  ", stdout);
		if (json_is_string(note)) {
			xn_cli_print_escaped(stdout, json_string_value(note));
		} else {
			xn_cell_print(note, "at", XN_CELL_TIME);
			fputs("  ", stdout);
			xn_cell_print(note, "text", XN_CELL_TEXT);
		}
		putchar('\n');
	}
}

static int
print_why(const struct xn_cli *cli, const json_t *why)
{
	enum xn_format format;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_JSON) {
		xn_table_json(why);
		return XN_EXIT_OK;
	}
	xn_cell_print(why, "vm", XN_CELL_TEXT);
	fputs(" is on ", stdout);
	xn_cell_print(why, "host", XN_CELL_TEXT);
	if (*xn_field_text(why, "text") != '\0') {
		fputs(": ", stdout);
		xn_cell_print(why, "text", XN_CELL_TEXT);
	}
	putchar('\n');
	print_notes(json_object_get(why, "notes"));
	return XN_EXIT_OK;
}

static int
explain(struct xn_cli *cli)
{
	char path[PATH_SIZE];

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	xn_client_path(path, sizeof(path), "/vms/", cli->arguments[0], "/why");
	return xn_client_show(cli, path, print_why);
}

const struct xn_cli_command xn_cli_vm_list = {
    .noun = "vm",
    .verb = "list",
    .arguments = "",
    .summary = "VMs with their host and the watts they are accountable for",
    .examples = "xanh vm list\nxanh vm list -o csv > vms.csv",
    .options = {XN_CLIENT_OPTIONS},
    .run = list,
};

const struct xn_cli_command xn_cli_vm_why = {
    .noun = "vm",
    .verb = "why",
    .arguments = "VM",
    .summary = "why a VM is where it is: what was decided about it, newest first",
    .examples = "xanh vm why portal-1",
    .options = {XN_CLIENT_OPTIONS},
    .run = explain,
};
