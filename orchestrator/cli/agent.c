#include <stdio.h>

#include "common/cli.h"
#include "common/pki.h"
#include "orchestrator/cli/commands.h"

static int
agent_enrol(struct xn_cli *cli)
{
	const char *dir = xn_cli_option(cli, "dir");
	struct xn_error err = {0};
	char file[8 + XN_NAME_SIZE];

	if (dir == NULL || cli->argument_count != 1) {
		fputs("xanh: agent enrol needs NAME and --dir DIR\n", stderr);
		return XN_EXIT_USAGE;
	}
	snprintf(file, sizeof(file), "agent-%s", cli->arguments[0]);
	if (xn_pki_issue(dir, XN_PEER_AGENT, cli->arguments[0], file, &err) < 0) {
		fputs("xanh: ", stderr);
		xn_cli_print_escaped(stderr, err.text);
		fputc('\n', stderr);
		return xn_exit_of(err.code);
	}
	fprintf(stderr, "made %s/%s.{crt,key}; take both and ca.crt to the agent's machine\n", dir,
	    file);
	return XN_EXIT_OK;
}

const struct xn_cli_command xn_cli_agent_enrol = {
    .noun = "agent",
    .verb = "enrol",
    .arguments = "NAME",
    .summary = "issue a certificate to the agent of a rack",
    .examples = "xanh agent enrol a07 --dir /etc/xanh/tls\n",
    .options =
	{
	    {.name = "dir",
		.value = "DIR",
		.help = "the folder of the authority; the files go there"},
	},
    .run = agent_enrol,
};
