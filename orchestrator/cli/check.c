#include "orchestrator/cli/check.h"

#include <stdio.h>

int
xn_check_files(const struct xn_cli *cli, size_t arena_size, xn_check_read *read)
{
	struct xn_arena arena;
	struct xn_problems problems;
	int status = XN_EXIT_OK;

	if (cli->argument_count == 0) {
		fprintf(stderr, "xanh: which FILE? 'xanh %s %s FILE...'\n", cli->command->noun,
		    cli->command->verb);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&arena, arena_size);
	xn_problems_init(&problems, &arena);
	for (int i = 0; i < cli->argument_count; i++) {
		struct xn_error err = {.code = XN_OK};

		read(&arena, cli->arguments[i], &problems, &err);
		if (err.code == XN_OK)
			continue;
		fputs("xanh: ", stderr);
		xn_cli_print_escaped(stderr, err.text);
		fputc('\n', stderr);
		status = xn_exit_of(err.code);
	}
	xn_problems_print(&problems, stderr);
	if (status == XN_EXIT_OK && problems.count > 0)
		status = XN_EXIT_INPUT;
	xn_arena_unmap(&arena);
	return status;
}
