/* Hosts: what they draw and carry; emptying one and taking it back. */

#include <stdio.h>

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

#define PATH_SIZE 256

static const struct xn_column columns[] = {
    {"HOST", "name", XN_CELL_TEXT},
    {"RACK", "rack", XN_CELL_TEXT},
    {"STATE", "state", XN_CELL_TEXT},
    {"DRAINED", "drained", XN_CELL_YES},
    {"VMS", "vms", XN_CELL_COUNT},
    {"POWER", "power_w", XN_CELL_WATTS},
    {"CORES USED", "used_cores", XN_CELL_CORES},
    {"CORES", "cpus", XN_CELL_COUNT},
    {"MEMORY", "memory_mib", XN_CELL_MIB},
};

static int
print(const struct xn_cli *cli, const json_t *hosts)
{
	return xn_table_print(
	    cli, hosts, columns, sizeof(columns) / sizeof(columns[0]), "the site has no hosts");
}

static int
list(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_client_show(cli, "/hosts", print);
}

static int
set_drained(struct xn_cli *cli, const char *verb, const char *done)
{
	char path[PATH_SIZE], sentence[PATH_SIZE];

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	xn_client_path(path, sizeof(path), "/hosts/", cli->arguments[0], verb);
	snprintf(sentence, sizeof(sentence), "%s %s", cli->arguments[0], done);
	return xn_client_do(cli, path, sentence);
}

static int
drain(struct xn_cli *cli)
{
	return set_drained(
	    cli, "/drain", "is to be emptied: no VM enters it; 'xanh plan' shows the way out");
}

static int
undrain(struct xn_cli *cli)
{
	return set_drained(cli, "/undrain", "may take VMs again");
}

const struct xn_cli_command xn_cli_host_list = {
    .noun = "host",
    .verb = "list",
    .arguments = "",
    .summary = "hosts with their power, VMs and use",
    .examples = "xanh host list\nxanh host list -o json",
    .options = {XN_CLIENT_OPTIONS},
    .run = list,
};

const struct xn_cli_command xn_cli_host_drain = {
    .noun = "host",
    .verb = "drain",
    .arguments = "HOST",
    .summary = "let no VM enter a host and plan its VMs away from it",
    .examples = "xanh host drain hv-a07-01",
    .options = {XN_CLIENT_OPTIONS},
    .run = drain,
};

const struct xn_cli_command xn_cli_host_undrain = {
    .noun = "host",
    .verb = "undrain",
    .arguments = "HOST",
    .summary = "let VMs enter a host again",
    .examples = "xanh host undrain hv-a07-01",
    .options = {XN_CLIENT_OPTIONS},
    .run = undrain,
};
