/* Policies as files: `xanh policy check`, and reading the one that a plan is made with. */
#include "orchestrator/cli/policy.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/cli/check.h"
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

static void
read_one(
    struct xn_arena *arena, const char *path, struct xn_problems *problems, struct xn_error *err)
{
	xn_cli_policy_read(arena, path, false, problems, err);
}

static int
policy_check(struct xn_cli *cli)
{
	return xn_check_files(cli, XN_CLI_POLICY_ARENA_SIZE, read_one);
}

const struct xn_cli_command xn_cli_policy_check = {
    .noun = "policy",
    .verb = "check",
    .arguments = "FILE...",
    .summary = "list every mistake in placement policies; silent when they are right",
    .examples = "xanh policy check deploy/examples/policies/consolidate.yaml",
    .run = policy_check,
};
