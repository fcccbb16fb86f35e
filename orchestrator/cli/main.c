#include "orchestrator/cli/commands.h"

#include <signal.h>
#include <stddef.h>

/* One line per command, in the order in which `xanh --help` shows them; each is declared in
 * commands.h and defined in the file of its noun. */
static const struct xn_cli_command *const commands[] = {
    /* devices */
    &xn_cli_probe,
    /* files */
    &xn_cli_config_check,
    &xn_cli_config_show,
    /* certificates */
    &xn_cli_ca_init,
    &xn_cli_agent_enrol,
    NULL,
};

int
main(int argc, char **argv)
{
	/* A reader that went away (`xanh vm list | head`) is seen where we write, not as a signal.
	 */
	signal(SIGPIPE, SIG_IGN);
	return xn_cli_run("xanh", commands, argc, argv);
}
