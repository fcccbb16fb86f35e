/* Plans: making one and reading it. */

#include "orchestrator/cli/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

#define PATH_SIZE 256

static const struct xn_column moves[] = {
    {"STEP", "step", XN_CELL_COUNT},
    {"VM", "vm", XN_CELL_TEXT},
    {"FROM", "from", XN_CELL_TEXT},
    {"TO", "to", XN_CELL_TEXT},
    {"SAVES", "saves_w", XN_CELL_WATTS},
    {"STATE", "state", XN_CELL_TEXT},
    {"WHY", "reason", XN_CELL_TEXT},
};

static const struct xn_column plans[] = {
    {"PLAN", "id", XN_CELL_TEXT},
    {"STATE", "state", XN_CELL_TEXT},
    {"MADE", "made", XN_CELL_TIME},
    {"MOVES", "moves", XN_CELL_COUNT},
    {"VERDICT", "verdict", XN_CELL_TEXT},
};

/* ---- drawing ---- */

static void
draw_figures(const json_t *plan)
{
	double before = xn_field_number(plan, "before.it_w"),
	       after = xn_field_number(plan, "after.it_w");
	json_t *saves = json_real(before - after);
	char *text = xn_cell_text(saves, XN_CELL_WATTS);

	fputs("IT power ", stdout);
	xn_cell_print(plan, "before.it_w", XN_CELL_WATTS);
	fputs(" -> ", stdout);
	xn_cell_print(plan, "after.it_w", XN_CELL_WATTS);
	printf(", saves %s; no lawful placement draws less than ", text);
	xn_cell_print(plan, "bound.it_w", XN_CELL_WATTS);
	putchar('\n');
	if (xn_field_number(plan, "measured.before_w") > 0 &&
	    xn_field_number(plan, "measured.after_w") > 0) {
		fputs("measured ", stdout);
		xn_cell_print(plan, "measured.before_w", XN_CELL_WATTS);
		fputs(" -> ", stdout);
		xn_cell_print(plan, "measured.after_w", XN_CELL_WATTS);
		putchar('\n');
	}
	free(text);
	json_decref(saves);
}

void
xn_cli_plan_draw(const json_t *plan)
{
	const json_t *steps = json_object_get(plan, "moves");
	const char *state = xn_field_text(plan, "state");

	fputs("plan ", stdout);
	xn_cell_print(plan, "id", XN_CELL_TEXT);
	printf("  %s", xn_paint(state));
	xn_cell_print(plan, "state", XN_CELL_TEXT);
	printf("%s  ", xn_paint_end());
	xn_cell_print(plan, "verdict", XN_CELL_TEXT);
	putchar('\n');
	if (*xn_field_text(plan, "why") != '\0') {
		fputs("  ", stdout);
		xn_cell_print(plan, "why", XN_CELL_TEXT);
		putchar('\n');
	}
	if (json_array_size(steps) > 0)
		xn_table_draw(steps, moves, sizeof(moves) / sizeof(moves[0]));
	draw_figures(plan);
}

static void
say_next(const json_t *plan)
{
	const char *state = xn_field_text(plan, "state");

	if (json_array_size(json_object_get(plan, "moves")) == 0)
		return;
	if (strcmp(state, "proposed") == 0)
		fputs("next: xanh plan apply --yes   (or: xanh plan approve, xanh plan abort)\n",
		    stderr);
	else if (strcmp(state, "approved") == 0)
		fputs("next: xanh plan apply   (or: xanh plan abort)\n", stderr);
}

/* ---- finding ---- */

static int
newest_id(struct xn_client *client, char *ret_id, size_t size, struct xn_error *err)
{
	json_t *list = NULL;
	const char *id;

	if (xn_client_get(client, "/plans", &list, err) != XN_OK)
		return err->code;
	id = xn_field_text(json_array_get(list, 0), "id");
	snprintf(ret_id, size, "%s", id);
	json_decref(list);
	if (*ret_id == '\0')
		return xn_fail(err, XN_ENOTFOUND, "there is no plan yet; 'xanh plan' makes one");
	return XN_OK;
}

int
xn_cli_plan_find(struct xn_client *client, const char *id, json_t **ret_plan, struct xn_error *err)
{
	char newest[XN_CLI_PLAN_ID_SIZE], path[PATH_SIZE];

	if (id == NULL) {
		if (newest_id(client, newest, sizeof(newest), err) != XN_OK)
			return err->code;
		id = newest;
	}
	xn_client_path(path, sizeof(path), "/plans/", id, "");
	return xn_client_get(client, path, ret_plan, err);
}

/* ---- commands ---- */

static int
propose(struct xn_client *client, json_t **ret_plan, struct xn_error *err)
{
	json_t *answer = NULL;
	int code;

	if (xn_client_send(client, "POST", "/plans", NULL, NULL, &answer, err) != XN_OK)
		return err->code;
	code = xn_cli_plan_find(client,
	    *xn_field_text(answer, "id") != '\0' ? xn_field_text(answer, "id") : NULL, ret_plan,
	    err);
	json_decref(answer);
	return code;
}

static int
plan(struct xn_cli *cli)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	enum xn_format format;
	json_t *made = NULL;
	bool changes;

	if (xn_cli_option(cli, "fleet") != NULL)
		return xn_cli_plan_offline(cli);
	if (!xn_client_arguments(cli, 0, 0) || !xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (xn_cli_option(cli, "policy") != NULL) {
		fputs("xanh: --policy goes with --fleet; 'xanh policy apply' gives xanhd one\n",
		    stderr);
		return XN_EXIT_USAGE;
	}
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	propose(client, &made, &err);
	xn_client_close(client);
	if (err.code != XN_OK)
		return xn_client_give_up(&err);
	if (format == XN_FORMAT_TABLE) {
		xn_cli_plan_draw(made);
		say_next(made);
	} else {
		xn_table_json(made);
	}
	changes = json_array_size(json_object_get(made, "moves")) > 0;
	json_decref(made);
	return changes ? XN_EXIT_CHANGES : XN_EXIT_OK;
}

static int
print_list(const struct xn_cli *cli, const json_t *list)
{
	return xn_table_print(cli, list, plans, sizeof(plans) / sizeof(plans[0]),
	    "there is no plan yet; 'xanh plan' makes one");
}

static int
list_plans(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_client_show(cli, "/plans", print_list);
}

static int
show(struct xn_cli *cli)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	enum xn_format format;
	json_t *found = NULL;

	if (!xn_client_arguments(cli, 0, 1) || !xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	xn_cli_plan_find(client, cli->argument_count > 0 ? cli->arguments[0] : NULL, &found, &err);
	xn_client_close(client);
	if (err.code != XN_OK)
		return xn_client_give_up(&err);
	if (format == XN_FORMAT_TABLE)
		xn_cli_plan_draw(found);
	else
		xn_table_json(found);
	json_decref(found);
	return XN_EXIT_OK;
}

const struct xn_cli_command xn_cli_plan = {
    .noun = "plan",
    .arguments = "",
    .summary = "what would move and why, and the watts it saves (exit 2: there are moves)",
    .examples = "xanh plan\nxanh plan -o json\n"
		"xanh plan --fleet fleet.json --policy consolidate.yaml -o json",
    .options =
	{
	    XN_CLIENT_OPTIONS,
	    {.name = "fleet", .value = "FILE", .help = "plan on this snapshot, without xanhd"},
	    {.name = "policy", .value = "FILE", .help = "with --fleet: the policy"},
	    {.name = "energy-plan", .value = "FILE", .help = "with --fleet: the energy plan"},
	    {.name = "now",
		.value = "TIME",
		.help = "with --fleet: instead of the snapshot's instant"},
	    {.name = "seed", .value = "N", .help = "with --fleet: of the search"},
	},
    .run = plan,
};

const struct xn_cli_command xn_cli_plan_list = {
    .noun = "plan",
    .verb = "list",
    .arguments = "",
    .summary = "the newest plans and what became of them",
    .examples = "xanh plan list",
    .options = {XN_CLIENT_OPTIONS},
    .run = list_plans,
};

const struct xn_cli_command xn_cli_plan_show = {
    .noun = "plan",
    .verb = "show",
    .arguments = "[PLAN]",
    .summary = "one plan; without PLAN the newest",
    .examples = "xanh plan show\nxanh plan show p-0012 -o json",
    .options = {XN_CLIENT_OPTIONS},
    .run = show,
};
