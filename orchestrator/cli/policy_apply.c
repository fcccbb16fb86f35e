/* The policy that xanhd plans by: giving it one, and reading the one it has. */

#include <stdio.h>
#include <stdlib.h>

#include "common/yaml.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"
#include "policies/policy.h"

#define ARENA_SIZE (256u << 20)

/* Compiled here first: a person gets every problem with its place, and nothing is sent. */
static const struct xn_source *
compile(struct xn_arena *arena, const char *path, int *ret_code)
{
	struct xn_problems problems;
	struct xn_yaml *documents = NULL;
	struct xn_error err = {.code = XN_OK};
	const struct xn_policy *policy = NULL;

	xn_problems_init(&problems, arena);
	if (xn_yaml_read_file(arena, path, &problems, &documents, &err) != XN_OK) {
		*ret_code = xn_client_give_up(&err);
		return NULL;
	}
	if (problems.count == 0 && documents->count == 1)
		policy = xn_policy_compile(arena, documents->first, &problems);
	else if (problems.count == 0)
		xn_problem_add(
		    &problems, documents->mark, NULL, "one document of kind policy is expected");
	xn_problems_print(&problems, stderr);
	*ret_code = XN_EXIT_INPUT;
	return problems.count == 0 && policy != NULL ? xn_policy_source(policy) : NULL;
}

static int
send_policy(const struct xn_cli *cli, const struct xn_source *source)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	json_t *answer = NULL;

	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	xn_client_send(client, "PUT", "/policy", source->bytes, "application/yaml", &answer, &err);
	xn_client_close(client);
	if (err.code != XN_OK)
		return xn_client_give_up(&err);
	fputs("xanhd plans by ", stderr);
	xn_cli_print_escaped(stderr, source->path);
	fputs("\n", stderr);
	json_decref(answer);
	return XN_EXIT_OK;
}

static int
apply(struct xn_cli *cli)
{
	struct xn_arena arena;
	const struct xn_source *source;
	int code;

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	xn_arena_map(&arena, ARENA_SIZE);
	source = compile(&arena, cli->arguments[0], &code);
	if (source != NULL)
		code = send_policy(cli, source);
	xn_arena_unmap(&arena);
	return code;
}

static int
print(const struct xn_cli *cli, const json_t *policy)
{
	enum xn_format format;
	const char *text = xn_field_text(policy, "yaml");

	if (xn_table_format(cli, &format) && format == XN_FORMAT_JSON)
		xn_table_json(policy);
	else
		fputs(text, stdout);
	return XN_EXIT_OK;
}

static int
show(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_client_show(cli, "/policy", print);
}

const struct xn_cli_command xn_cli_policy_apply = {
    .noun = "policy",
    .verb = "apply",
    .arguments = "FILE",
    .summary = "check a policy and have xanhd plan by it",
    .examples = "xanh policy apply consolidate.yaml",
    .options = {XN_CLIENT_OPTIONS},
    .run = apply,
};

const struct xn_cli_command xn_cli_policy_show = {
    .noun = "policy",
    .verb = "show",
    .arguments = "",
    .summary = "the policy xanhd plans by, as it was written",
    .examples = "xanh policy show > policy.yaml",
    .options = {XN_CLIENT_OPTIONS},
    .run = show,
};
