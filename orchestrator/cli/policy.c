/* Policies as files: `xanh policy check`, and reading the one that a plan is made with. */
#include "orchestrator/cli/policy.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/cli/commands.h"

const struct xn_policy *
xn_cli_policy_read(struct xn_arena *arena, const char *path, bool only_one,
    struct xn_problems *problems, struct xn_error *err)
{
	const struct xn_policy *policy = NULL;
	struct xn_yaml *documents = NULL;
	unsigned count = 0;

	if (xn_yaml_read_file(arena, path, problems, &documents, err) != XN_OK)
		return NULL;
	XN_YAML_EACH (document, documents) {
		if (only_one && count == 1)
			xn_problem_add(
			    problems, document->mark, NULL, "a second policy: a plan takes one");
		else
			policy = xn_policy_compile(arena, document, problems);
		count++;
	}
	return problems->count == 0 ? policy : NULL;
}

static int
policy_check(struct xn_cli *cli)
{
	struct xn_arena arena;
	struct xn_problems problems;
	int status = XN_EXIT_OK;

	if (cli->argument_count == 0) {
		fputs("xanh: which FILE? 'xanh policy check FILE...'\n", stderr);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&arena, XN_CLI_POLICY_ARENA_SIZE);
	xn_problems_init(&problems, &arena);
	for (int i = 0; i < cli->argument_count; i++) {
		struct xn_error err = {.code = XN_OK};

		xn_cli_policy_read(&arena, cli->arguments[i], false, &problems, &err);
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

const struct xn_cli_command xn_cli_policy_check = {
    .noun = "policy",
    .verb = "check",
    .arguments = "FILE...",
    .summary = "list every mistake in placement policies; silent when they are right",
    .examples = "xanh policy check deploy/examples/policies/consolidate.yaml",
    .run = policy_check,
};
