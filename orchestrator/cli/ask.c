#include "orchestrator/cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "orchestrator/books/question.h"
#include "orchestrator/cli/table.h"

#define PATH_SIZE 2048

static const char *
option(const void *context, const char *name)
{
	const struct xn_cli *cli = context;

	for (int i = 0; i < XN_CLI_OPTIONS_MAX && cli->command->options[i].name != NULL; i++)
		if (strcmp(cli->command->options[i].name, name) == 0)
			return cli->values[i];
	return NULL;
}

/* Without a daemon. */
static int
ask_folder(const struct xn_cli *cli, const char *folder, const char *path, xn_client_print *print)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_question question = {
	    .now = {(int64_t)time(NULL) * 1000}, .parameter = option, .context = cli};
	json_t *answer = NULL;
	enum xn_format format;
	int code;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (xn_books_open(&question.books, folder, &err) != XN_OK)
		return xn_client_give_up(&err);
	answer = xn_question_answer(&question, path, &err);
	code = answer != NULL ? print(cli, answer) : xn_client_give_up(&err);
	json_decref(answer);
	xn_books_close(question.books);
	return code;
}

/* `name` is as a person wrote it; only the request to xanhd needs it encoded. */
static int
ask(const struct xn_cli *cli, const char *before, const char *name, const char *behind,
    xn_client_print *print)
{
	const char *folder = xn_cli_option(cli, "state");
	char path[PATH_SIZE];

	if (folder != NULL) {
		snprintf(path, sizeof(path), "%s%s%s", before, name, behind);
		return ask_folder(cli, folder, path, print);
	}
	xn_client_path(path, sizeof(path), before, name, behind);
	for (size_t i = 0, given = 0; xn_question_parameters[i] != NULL; i++) {
		const char *value = option(cli, xn_question_parameters[i]);
		size_t used = strlen(path);
		char head[32];

		if (value == NULL)
			continue;
		snprintf(head, sizeof(head), "%c%.29s=", given++ == 0 ? '?' : '&',
		    xn_question_parameters[i]);
		xn_client_path(path + used, sizeof(path) - used, head, value, "");
	}
	return xn_client_show(cli, path, print);
}

int
xn_ask(const struct xn_cli *cli, const char *path, xn_client_print *print)
{
	return ask(cli, path, "", "", print);
}

int
xn_ask_about(const struct xn_cli *cli, const char *before, const char *name, const char *behind,
    xn_client_print *print)
{
	return ask(cli, before, name, behind, print);
}
