/* Tenants: the energy of platforms, agencies and VMs, with the cooling and losses carried to them.
 */

#include "orchestrator/cli/ask.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/energy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
print_tenants(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {
	    {"NAME", "name", XN_CELL_TEXT},
	    {"IT", "energy_kwh", XN_CELL_KWH},
	    {"OVERHEAD", "overhead_kwh", XN_CELL_KWH},
	    {"TOTAL", "total_kwh", XN_CELL_KWH},
	    {"SHARE", "share", XN_CELL_SHARE},
	    {"COVERAGE", "coverage", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	};

	return xn_energy_print(
	    cli, answer, columns, COUNT(columns), "no VM was booked in this span");
}

static int
tenants(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy/tenants", print_tenants);
}

const struct xn_cli_command xn_cli_tenant_energy = {
    .noun = "tenant",
    .verb = "energy",
    .arguments = "",
    .summary = "energy allocated to each agency or platform, overhead included",
    .examples = "xanh tenant energy --period 2026-11\n"
		"xanh tenant energy --by platform --window 7d -o csv",
    .options = {XN_ASK_SPAN_OPTIONS,
	{.name = "by", .value = "KIND", .help = "agency (default) or platform"},
	{.name = "name", .value = "NAME", .help = "only this one"}},
    .run = tenants,
};

static int
print_vms(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {
	    {"VM", "name", XN_CELL_TEXT},
	    {"IT", "energy_kwh", XN_CELL_KWH},
	    {"OVERHEAD", "overhead_kwh", XN_CELL_KWH},
	    {"TOTAL", "total_kwh", XN_CELL_KWH},
	    {"SHARE", "share", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	    {"PLATFORM", "platform", XN_CELL_TEXT},
	    {"AGENCY", "agency", XN_CELL_TEXT},
	};

	return xn_energy_print(
	    cli, answer, columns, COUNT(columns), "no VM was booked in this span");
}

static int
vms(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy/vms", print_vms);
}

const struct xn_cli_command xn_cli_vm_energy = {
    .noun = "vm",
    .verb = "energy",
    .arguments = "",
    .summary = "energy allocated to each VM, the largest first",
    .examples = "xanh vm energy --window 24h --top 20\n"
		"xanh vm energy --period 2026-11 --agency mst -o csv",
    .options = {XN_ASK_SPAN_OPTIONS, {.name = "name", .value = "VM", .help = "only this one"},
	{.name = "platform", .value = "NAME", .help = "only of this platform"},
	{.name = "agency", .value = "NAME", .help = "only of this agency"},
	{.name = "top", .value = "N", .help = "only the N largest"}},
    .run = vms,
};
