/* `xanh report verify`: offline, for whoever got a report and not the site that made it. */
#include <stdio.h>

#include "common/cli.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/reports/evidence.h"

static int
verify(struct xn_cli *cli)
{
	struct xn_error err = {.code = XN_OK};

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	if (xn_evidence_verify(cli->arguments[0], xn_cli_option(cli, "ca"), stdout, &err) != XN_OK)
		return xn_client_give_up(&err);
	return XN_EXIT_OK;
}

const struct xn_cli_command xn_cli_report_verify = {
    .noun = "report",
    .verb = "verify",
    .arguments = "FILE",
    .summary = "check a report, a manifest or a folder of them against its hashes and signature",
    .examples = "xanh report verify 2026-11.pdf --ca ca.crt\nxanh report verify open-data/",
    .options = {{.name = "ca",
	.value = "FILE",
	.help = "the site's authority, to check whose signature it is"}},
    .run = verify,
};
