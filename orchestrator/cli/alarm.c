/* Alarms, and the switch that stops all automation. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

#define PATH_SIZE 256

static const struct xn_column columns[] = {
    {"ID", "id", XN_CELL_COUNT},
    {"SEVERITY", "severity", XN_CELL_TEXT},
    {"SINCE", "raised", XN_CELL_TIME},
    {"SUBJECT", "subject", XN_CELL_TEXT},
    {"ALARM", "text", XN_CELL_TEXT},
    {"SEEN BY", "acked_by", XN_CELL_TEXT},
};

static int
print(const struct xn_cli *cli, const json_t *alarms)
{
	return xn_table_print(
	    cli, alarms, columns, sizeof(columns) / sizeof(columns[0]), "no alarm is raised");
}

static int
list(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_client_show(cli, "/alarms", print);
}

static int
post_note(const struct xn_cli *cli, const char *path, const char *done)
{
	const char *note = xn_cli_option(cli, "note");
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	json_t *answer = NULL, *body = json_object();
	char *text;

	if (note != NULL)
		json_object_set_new(body, "note", json_string(note));
	text = json_dumps(body, 0);
	json_decref(body);
	if (text == NULL)
		return xn_client_give_up(
		    (xn_fail(&err, XN_EINVALID, "the note is no UTF-8"), &err));
	if (xn_client_open(cli, &client, &err) == XN_OK) {
		xn_client_send(client, "POST", path, text, NULL, &answer, &err);
		xn_client_close(client);
	}
	free(text);
	json_decref(answer);
	if (err.code != XN_OK)
		return xn_client_give_up(&err);
	fprintf(stderr, "%s\n", done);
	return XN_EXIT_OK;
}

static int
acknowledge(struct xn_cli *cli)
{
	char path[PATH_SIZE];

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	xn_client_path(path, sizeof(path), "/alarms/", cli->arguments[0], "/ack");
	return post_note(cli, path, "acknowledged; it stays until its cause is gone");
}

static int
pause_all(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return post_note(
	    cli, "/pause", "paused: no new move starts; measuring goes on ('xanh resume')");
}

static int
resume_all(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return post_note(cli, "/resume", "automation goes on");
}

#define NOTE                                                                                       \
	{                                                                                          \
		.name = "note", .value = "TEXT", .help = "why, for the audit"                      \
	}

const struct xn_cli_command xn_cli_alarm_list = {
    .noun = "alarm",
    .verb = "list",
    .arguments = "",
    .summary = "alarms that stand",
    .examples = "xanh alarm list\nxanh alarm list -o json",
    .options = {XN_CLIENT_OPTIONS},
    .run = list,
};

const struct xn_cli_command xn_cli_alarm_ack = {
    .noun = "alarm",
    .verb = "ack",
    .arguments = "ID",
    .summary = "say that you have seen an alarm",
    .examples = "xanh alarm ack 12 --note \"electrician is on the way\"",
    .options = {XN_CLIENT_OPTIONS, NOTE},
    .run = acknowledge,
};

const struct xn_cli_command xn_cli_pause = {
    .noun = "pause",
    .arguments = "",
    .summary = "stop all automation at once; measuring and the moves under way go on",
    .examples = "xanh pause --note \"feed B is being worked on\"",
    .options = {XN_CLIENT_OPTIONS, NOTE},
    .run = pause_all,
};

const struct xn_cli_command xn_cli_resume = {
    .noun = "resume",
    .arguments = "",
    .summary = "let automation go on after a pause",
    .examples = "xanh resume",
    .options = {XN_CLIENT_OPTIONS, NOTE},
    .run = resume_all,
};
