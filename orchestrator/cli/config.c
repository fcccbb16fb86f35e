#include "orchestrator/cli/commands.h"

#include <stdlib.h>

#include "common/site.h"

/* Reads the files of the command line as one configuration; exit code, the problems printed. */
static int
load(const struct xn_cli *cli, struct xn_arena *arena, struct xn_site *ret_site)
{
	struct xn_problems problems;
	struct xn_error err = {0};
	int status;

	xn_problems_init(&problems, arena);
	status = xn_site_load(
	    arena, cli->arguments, (unsigned)cli->argument_count, &problems, ret_site, &err);
	xn_problems_print(&problems, stderr);
	if (status != XN_OK) {
		fputs("xanh: ", stderr);
		xn_cli_print_escaped(stderr, err.text);
		fputc('\n', stderr);
		return err.code == XN_EFULL ? XN_EXIT_INPUT : xn_exit_of(err.code);
	}
	return problems.count > 0 ? XN_EXIT_INPUT : XN_EXIT_OK;
}

static int
config_check(struct xn_cli *cli)
{
	struct xn_arena arena;
	struct xn_site site;
	int status;

	xn_arena_map(&arena, XN_SITE_ARENA_SIZE);
	status = load(cli, &arena, &site);
	xn_arena_unmap(&arena);
	return status;
}

static int
config_show(struct xn_cli *cli)
{
	struct xn_arena arena;
	struct xn_site site;
	int status;

	xn_arena_map(&arena, XN_SITE_ARENA_SIZE);
	status = load(cli, &arena, &site);
	if (status == XN_EXIT_OK)
		xn_site_print(&site, stdout);
	xn_arena_unmap(&arena);
	return status;
}

const struct xn_cli_command xn_cli_config_check = {
    .noun = "config",
    .verb = "check",
    .arguments = "FILE...",
    .summary = "list every mistake in a site's configuration; silent when it is right",
    .examples = "xanh config check /etc/xanh/xanh.yaml\n",
    .run = config_check,
};

const struct xn_cli_command xn_cli_config_show = {
    .noun = "config",
    .verb = "show",
    .arguments = "FILE...",
    .summary = "print the configuration in effect, defaults filled in, as one file",
    .examples = "xanh config show /etc/xanh/xanh.yaml\n",
    .run = config_show,
};
