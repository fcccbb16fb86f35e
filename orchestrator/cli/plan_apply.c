/* Plans: approving, applying and aborting one. */

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/plan.h"
#include "orchestrator/cli/table.h"

#define PATH_SIZE   256
#define LOST_S_MAX  60 /* a daemon that restarts is back long before */
#define STEPS_SHOWN 512
#define STATE_SIZE  16

static const char *
plan_argument(const struct xn_cli *cli)
{
	return cli->argument_count > 0 ? cli->arguments[0] : NULL;
}

static int
post(struct xn_client *client, const char *id, const char *verb, struct xn_error *err)
{
	char path[PATH_SIZE];
	json_t *answer = NULL;

	xn_client_path(path, sizeof(path), "/plans/", id, verb);
	xn_client_send(client, "POST", path, NULL, NULL, &answer, err);
	json_decref(answer);
	return err->code;
}

/* ---- following ---- */

struct follow {
	char states[STEPS_SHOWN][STATE_SIZE]; /* as last said */
	time_t lost;                          /* since when nobody answers */
};

static void
say_move(const json_t *move, size_t count)
{
	fprintf(stderr, "%.0f/%zu ", xn_field_number(move, "step"), count);
	xn_cli_print_escaped(stderr, xn_field_text(move, "vm"));
	fputs(" ", stderr);
	xn_cli_print_escaped(stderr, xn_field_text(move, "from"));
	fputs(" -> ", stderr);
	xn_cli_print_escaped(stderr, xn_field_text(move, "to"));
	fputs(": ", stderr);
	xn_cli_print_escaped(stderr, xn_field_text(move, "state"));
	fputs("\n", stderr);
}

static void
say_progress(struct follow *follow, const json_t *plan)
{
	const json_t *moves = json_object_get(plan, "moves");
	size_t i;
	json_t *move;

	json_array_foreach(moves, i, move)
	{
		const char *state = xn_field_text(move, "state");

		if (i >= STEPS_SHOWN || strcmp(state, "waiting") == 0 ||
		    strncmp(follow->states[i], state, STATE_SIZE - 1) == 0)
			continue;
		snprintf(follow->states[i], STATE_SIZE, "%s", state);
		say_move(move, json_array_size(moves));
	}
}

static bool
is_over(const json_t *plan)
{
	const char *state = xn_field_text(plan, "state");

	return strcmp(state, "running") != 0 && strcmp(state, "approved") != 0;
}

/* The plan as it is now; NULL while xanhd is away, which it may be for a minute. */
static int
look(struct xn_client *client, const char *id, struct follow *follow, json_t **ret_plan,
    struct xn_error *err)
{
	*ret_plan = NULL;
	err->code = XN_OK;
	if (xn_cli_plan_find(client, id, ret_plan, err) == XN_OK) {
		if (follow->lost != 0)
			fputs("xanhd answers again\n", stderr);
		follow->lost = 0;
		return XN_OK;
	}
	if (err->code != XN_EUNREACHABLE)
		return err->code;
	if (follow->lost == 0) {
		fputs("xanhd does not answer; the plan is its own, waiting for it\n", stderr);
		follow->lost = time(NULL);
	}
	return time(NULL) - follow->lost > LOST_S_MAX ? err->code : XN_OK;
}

static int
follow_plan(struct xn_client *client, const char *id, json_t **ret_plan, struct xn_error *err)
{
	struct follow follow = {.lost = 0};

	for (;;) {
		if (look(client, id, &follow, ret_plan, err) != XN_OK)
			return err->code;
		if (*ret_plan != NULL) {
			say_progress(&follow, *ret_plan);
			if (is_over(*ret_plan))
				return XN_OK;
			json_decref(*ret_plan);
		}
		usleep(500000);
	}
}

/* ---- applying ---- */

/* What has to be posted before it runs; refuses what cannot run. */
static int
start(struct xn_client *client, const json_t *plan, bool yes, struct xn_error *err)
{
	const char *id = xn_field_text(plan, "id"), *state = xn_field_text(plan, "state");

	if (strcmp(state, "running") == 0)
		return XN_OK;
	if (strcmp(state, "proposed") != 0 && strcmp(state, "approved") != 0)
		return xn_fail(
		    err, XN_EREFUSED, "plan %s is %s; 'xanh plan' makes a new one", id, state);
	if (strcmp(state, "proposed") == 0) {
		if (!yes)
			return xn_fail(err, XN_EREFUSED,
			    "plan %s is not approved: 'xanh plan approve %s', or apply it with "
			    "--yes",
			    id, id);
		if (post(client, id, "/approve", err) != XN_OK)
			return err->code;
	}
	return post(client, id, "/apply", err);
}

static int
finish(const struct xn_cli *cli, const json_t *plan)
{
	enum xn_format format;
	bool done = strcmp(xn_field_text(plan, "state"), "done") == 0;

	if (xn_table_format(cli, &format) && format == XN_FORMAT_JSON)
		xn_table_json(plan);
	else
		xn_cli_plan_draw(plan);
	return done ? XN_EXIT_OK : XN_EXIT_REFUSED;
}

static int
run_plan(const struct xn_cli *cli, struct xn_client *client, struct xn_error *err)
{
	json_t *plan = NULL, *end = NULL;
	char id[XN_CLI_PLAN_ID_SIZE];
	int code = XN_EXIT_OK;

	if (xn_cli_plan_find(client, plan_argument(cli), &plan, err) != XN_OK)
		return xn_client_give_up(err);
	snprintf(id, sizeof(id), "%s", xn_field_text(plan, "id"));
	if (json_array_size(json_object_get(plan, "moves")) == 0)
		fprintf(stderr, "plan %s moves nothing: there is nothing to do\n", id);
	else if (start(client, plan, xn_cli_option(cli, "yes") != NULL, err) == XN_OK &&
	    follow_plan(client, id, &end, err) == XN_OK)
		code = finish(cli, end);
	else
		code = xn_client_give_up(err);
	json_decref(plan);
	json_decref(end);
	return code;
}

static int
apply(struct xn_cli *cli)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	enum xn_format format;
	int code;

	if (!xn_client_arguments(cli, 0, 1) || !xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	code = run_plan(cli, client, &err);
	xn_client_close(client);
	return code;
}

static int
one_verb(struct xn_cli *cli, const char *verb, const char *done)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	json_t *plan = NULL;

	if (!xn_client_arguments(cli, 0, 1))
		return XN_EXIT_USAGE;
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	if (xn_cli_plan_find(client, plan_argument(cli), &plan, &err) == XN_OK &&
	    post(client, xn_field_text(plan, "id"), verb, &err) == XN_OK)
		fprintf(stderr, "plan %s %s\n", xn_field_text(plan, "id"), done);
	json_decref(plan);
	xn_client_close(client);
	return err.code == XN_OK ? XN_EXIT_OK : xn_client_give_up(&err);
}

static int
approve(struct xn_cli *cli)
{
	return one_verb(cli, "/approve", "is approved: 'xanh plan apply' carries it out");
}

static int
abort_plan(struct xn_cli *cli)
{
	return one_verb(cli, "/abort", "is aborted; moves under way end by themselves");
}

const struct xn_cli_command xn_cli_plan_approve = {
    .noun = "plan",
    .verb = "approve",
    .arguments = "[PLAN]",
    .summary = "approve a plan, so that it may be applied; without PLAN the newest",
    .examples = "xanh plan approve",
    .options = {XN_CLIENT_OPTIONS},
    .run = approve,
};

const struct xn_cli_command xn_cli_plan_apply = {
    .noun = "plan",
    .verb = "apply",
    .arguments = "[PLAN]",
    .summary = "carry out an approved plan and follow it to its end; without PLAN the newest",
    .examples = "xanh plan apply\nxanh plan apply p-0012 --yes",
    .options = {XN_CLIENT_OPTIONS, {.name = "yes", .letter = 'y', .help = "approve it as well"}},
    .run = apply,
};

const struct xn_cli_command xn_cli_plan_abort = {
    .noun = "plan",
    .verb = "abort",
    .arguments = "[PLAN]",
    .summary = "start no further move of a plan; without PLAN the newest",
    .examples = "xanh plan abort",
    .options = {XN_CLIENT_OPTIONS},
    .run = abort_plan,
};
