#include "orchestrator/cli/commands.h"

#include "drivers/profile.h"

/* Address space for the trees of many files; pages cost memory once touched. */
#define PROFILES_BYTES (1u << 30)

static int
profile_check(struct xn_cli *cli)
{
	struct xn_problems problems;
	struct xn_arena arena;
	struct xn_error err = {0};
	int status = XN_EXIT_OK;

	if (cli->argument_count == 0) {
		fputs("xanh: profile check needs FILE...\n", stderr);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&arena, PROFILES_BYTES);
	xn_problems_init(&problems, &arena);
	for (int i = 0; i < cli->argument_count; i++) {
		const struct xn_oid nothing = {.count = 0};
		struct xn_profile *profile;

		if (xn_profile_read(&arena, &arena, cli->arguments[i], true, &nothing, &problems,
			&profile, &err) == XN_OK)
			continue;
		fputs("xanh: ", stderr);
		xn_cli_print_escaped(stderr, err.text);
		fputc('\n', stderr);
		status = err.code == XN_EFULL ? XN_EXIT_INPUT : xn_exit_of(err.code);
	}
	xn_problems_print(&problems, stderr);
	if (status == XN_EXIT_OK && problems.count > 0)
		status = XN_EXIT_INPUT;
	xn_arena_unmap(&arena);
	return status;
}

const struct xn_cli_command xn_cli_profile_check = {
    .noun = "profile",
    .verb = "check",
    .arguments = "FILE...",
    .summary = "list every mistake in device profiles; silent when they are right",
    .examples = "xanh profile check drivers/profiles/apc-rpdu2.yaml\n",
    .run = profile_check,
};
