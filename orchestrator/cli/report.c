/*
 * Reports: made by xanhd, or with --state DIR of a state folder without it, by the same code. What
 * a report says goes to standard output or to --out; how far it is, to a terminal's standard error.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"
#include "orchestrator/reports/job.h"

#define PATH_SIZE 4096
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

/* ---- a state folder ---- */

/* Unlike xn_cli_option, also of a command that has no such option. */
static const char *
option(const struct xn_cli *cli, const char *name)
{
	for (int i = 0; i < XN_CLI_OPTIONS_MAX && cli->command->options[i].name != NULL; i++)
		if (strcmp(cli->command->options[i].name, name) == 0)
			return cli->values[i];
	return NULL;
}

/* The options of a command and what stands without a name. */
struct asked {
	const struct xn_cli *cli;
	const char *names[4], *values[4];
	unsigned count;
};

static const char *
parameter(const void *context, const char *name)
{
	const struct asked *asked = context;

	for (unsigned i = 0; i < asked->count; i++)
		if (strcmp(asked->names[i], name) == 0)
			return asked->values[i];
	return option(asked->cli, name);
}

static void
tell(void *context, const char *what)
{
	(void)context;
	fprintf(stderr, "\r\033[K%s ...", what);
}

static void
tell_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int
open_signer(const struct xn_cli *cli, struct xn_signer **ret_signer, struct xn_error *err)
{
	const char *key = option(cli, "report-key");
	const char *certificate = option(cli, "report-cert");

	*ret_signer = NULL;
	if (key == NULL)
		key = getenv("XANH_REPORT_KEY");
	if (certificate == NULL)
		certificate = getenv("XANH_REPORT_CERT");
	if (key == NULL && certificate == NULL)
		return XN_OK;
	if (key == NULL || certificate == NULL)
		return xn_fail(
		    err, XN_EINVALID, "a signature needs both --report-key and --report-cert");
	return xn_signer_open(ret_signer, key, certificate, err);
}

static const char *
actor(void)
{
	const struct passwd *who = getpwuid(geteuid());

	return who == NULL ? "somebody" : who->pw_name;
}

/* Fills a job of the state folder; ends the signer itself on failure. */
static int
prepare(const struct asked *asked, const char *action, struct xn_report_job *ret_job,
    struct xn_error *err)
{
	*ret_job = (struct xn_report_job){.state = xn_cli_option(asked->cli, "state"),
	    .action = action,
	    .actor = actor(),
	    .now = {(int64_t)time(NULL) * 1000},
	    .parameter = parameter,
	    .context = asked,
	    .progress = isatty(STDERR_FILENO) ? tell : NULL};
	return open_signer(asked->cli, &ret_job->signer, err);
}

static int
do_in_folder(const struct asked *asked, const char *action, struct xn_report_answer *ret_answer,
    struct xn_error *err)
{
	struct xn_report_job job;
	int result = prepare(asked, action, &job, err);

	if (result == XN_OK)
		result = xn_report_do(&job, ret_answer, err);
	xn_signer_close(job.signer);
	tell_end();
	return result;
}

/* ---- xanhd ---- */

static int
ask_daemon(const struct xn_cli *cli, const char *method, const char *path, json_t *body,
    json_t **ret_answer, struct xn_error *err)
{
	char *text = body == NULL ? NULL : json_dumps(body, 0);
	struct xn_client *client;
	int result = xn_client_open(cli, &client, err);

	if (result == XN_OK) {
		result = strcmp(method, "GET") == 0
		    ? xn_client_get(client, path, ret_answer, err)
		    : xn_client_send(client, method, path, text, NULL, ret_answer, err);
		xn_client_close(client);
	}
	free(text);
	json_decref(body);
	return result;
}

/* The parameters that were given, as a body. */
static json_t *
body_of(const struct asked *asked)
{
	json_t *body = json_object();

	for (size_t i = 0; xn_report_parameters[i] != NULL; i++) {
		const char *value = parameter(asked, xn_report_parameters[i]);

		if (value != NULL)
			json_object_set_new(body, xn_report_parameters[i], json_string(value));
	}
	return body;
}

/* ... and as a query behind `path`. */
static void
query_of(const struct asked *asked, const char *path, char *ret_path, size_t size)
{
	char mark = '?';

	snprintf(ret_path, size, "%s", path);
	for (size_t i = 0; xn_report_parameters[i] != NULL; i++) {
		const char *value = parameter(asked, xn_report_parameters[i]);
		size_t used = strlen(ret_path);
		char head[64];

		if (value == NULL)
			continue;
		snprintf(head, sizeof(head), "%c%s=", mark, xn_report_parameters[i]);
		xn_client_path(
		    ret_path + used, size - used, head, value[0] == '\0' ? "yes" : value, "");
		mark = '&';
	}
}

static int
do_anywhere(const struct asked *asked, const char *action, const char *method, const char *path,
    struct xn_report_answer *ret_answer, struct xn_error *err)
{
	*ret_answer = (struct xn_report_answer){0};
	if (xn_cli_option(asked->cli, "state") != NULL)
		return do_in_folder(asked, action, ret_answer, err);
	return ask_daemon(asked->cli, method, path,
	    strcmp(method, "POST") == 0 ? body_of(asked) : NULL, &ret_answer->json, err);
}

/* ---- export ---- */

/* Files as {name, base64}: the first to `path` and the others beside it. */
static int
unpack(const json_t *file, const char *folder, bool to_stdout, struct xn_error *err)
{
	const char *name = json_string_value(json_object_get(file, "name"));
	const char *text = json_string_value(json_object_get(file, "base64"));
	char path[PATH_SIZE];
	gnutls_datum_t coded = {0}, bytes = {0};
	int result = XN_OK;

	if (name == NULL || text == NULL || strchr(name, '/') != NULL)
		return xn_fail(err, XN_ESYSTEM, "xanhd's answer is no file");
	coded.size = (unsigned)strlen(text);
	memcpy(&coded.data, &text, sizeof(text)); /* it is only read */
	if (gnutls_base64_decode2(&coded, &bytes) < 0)
		return xn_fail(err, XN_ESYSTEM, "xanhd's answer cannot be decoded");
	snprintf(path, sizeof(path), "%.3000s/%.1000s", folder, name);
	if (!to_stdout)
		result = xn_file_write(path, bytes.data, bytes.size, err);
	else if (fwrite(bytes.data, 1, bytes.size, stdout) != bytes.size)
		result = xn_fail(err, XN_ESYSTEM, "standard output: %s", strerror(errno));
	gnutls_free(bytes.data);
	return result;
}

static int
export_from_daemon(struct asked *asked, const char *out, struct xn_error *err)
{
	const char *slash = out == NULL ? NULL : strrchr(out, '/');
	const char *name = out == NULL ? "report" : slash == NULL ? out : slash + 1;
	char folder[PATH_SIZE], path[PATH_SIZE];
	json_t *answer = NULL;
	const json_t *file;
	size_t i;
	int result;

	asked->names[asked->count] = "name";
	asked->values[asked->count++] = name;
	snprintf(folder, sizeof(folder), "%.*s",
	    slash == NULL      ? 1
		: slash == out ? 1
			       : (int)(slash - out),
	    slash == NULL ? "." : out);
	query_of(asked, "/reports/export", path, sizeof(path));
	result = ask_daemon(asked->cli, "GET", path, NULL, &answer, err);
	json_array_foreach(json_object_get(answer, "files"), i, file)
	{
		const char *what = json_string_value(json_object_get(file, "name"));

		if (result == XN_OK && (out != NULL || (what != NULL && strcmp(what, name) == 0)))
			result = unpack(file, folder, out == NULL, err);
	}
	json_decref(answer);
	return result;
}

static int
export_from_folder(struct asked *asked, const char *out, struct xn_error *err)
{
	struct xn_report_answer answer;
	struct xn_report_job job;
	struct xn_books *books = NULL;
	struct xn_export export;
	struct xn_arena arena;
	int result;

	if (out == NULL) {
		result = do_in_folder(asked, "export", &answer, err);
		if (result == XN_OK && fwrite(answer.bytes, 1, answer.size, stdout) != answer.size)
			result = xn_fail(err, XN_ESYSTEM, "standard output: %s", strerror(errno));
		if (result == XN_OK)
			xn_report_forget(&answer);
		return result;
	}
	xn_arena_map(&arena, (size_t)64 << 20);
	result = prepare(asked, "export", &job, err);
	if (result == XN_OK)
		result = xn_books_open(&books, job.state, err);
	if (result == XN_OK)
		result = xn_report_order_of(&job, books, &arena, &export, err);
	if (result == XN_OK)
		result = xn_export_file(books, &export, out, err);
	xn_books_close(books);
	xn_signer_close(job.signer);
	xn_arena_unmap(&arena);
	tell_end();
	return result;
}

static void
name_kind(struct asked *asked)
{
	asked->names[asked->count] = "kind";
	asked->values[asked->count++] = asked->cli->arguments[0];
}

static int export(struct xn_cli *cli)
{
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	const char *out = xn_cli_option(cli, "out");
	int result;

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	name_kind(&asked);
	result = xn_cli_option(cli, "state") != NULL ? export_from_folder(&asked, out, &err)
						     : export_from_daemon(&asked, out, &err);
	return result == XN_OK ? XN_EXIT_OK : xn_client_give_up(&err);
}

/* ---- the life of a report ---- */

static int
freeze(struct xn_cli *cli)
{
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	struct xn_report_answer answer;

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	name_kind(&asked);
	if (do_anywhere(&asked, "freeze", "POST", "/reports", &answer, &err) != XN_OK)
		return xn_client_give_up(&err);
	fprintf(stderr,
	    json_is_true(xn_field(answer.json, "new"))
		? "frozen as %s\n"
		: "nothing has changed: %s still says what the books say\n",
	    xn_field_text(answer.json, "id"));
	xn_table_json(answer.json);
	xn_report_forget(&answer);
	return XN_EXIT_OK;
}

static int
file(struct xn_cli *cli)
{
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	struct xn_report_answer answer;

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	asked.names[asked.count] = "id";
	asked.values[asked.count++] = cli->arguments[0];
	if (do_anywhere(&asked, "file", "POST", "/reports/file", &answer, &err) != XN_OK)
		return xn_client_give_up(&err);
	fprintf(stderr, "filed: %s\n", xn_field_text(answer.json, "reference"));
	xn_report_forget(&answer);
	return XN_EXIT_OK;
}

static int
list(struct xn_cli *cli)
{
	static const struct xn_column columns[] = {
	    {"ID", "id", XN_CELL_TEXT},
	    {"STATE", "state", XN_CELL_TEXT},
	    {"MADE", "made", XN_CELL_TIME},
	    {"BY", "actor", XN_CELL_TEXT},
	    {"REFERENCE", "reference", XN_CELL_TEXT},
	    {"MANIFEST", "sha256", XN_CELL_TEXT},
	};
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	struct xn_report_answer answer;
	int code;

	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	if (do_anywhere(&asked, "list", "GET", "/reports", &answer, &err) != XN_OK)
		return xn_client_give_up(&err);
	code =
	    xn_table_print(cli, answer.json, columns, COUNT(columns), "no report was frozen yet");
	xn_report_forget(&answer);
	return code;
}

static int
bundle(struct xn_cli *cli)
{
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	struct xn_report_answer answer;
	const char *out = xn_cli_option(cli, "out");

	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	if (xn_cli_option(cli, "state") == NULL || out == NULL) {
		fputs("xanh: report bundle needs --state DIR and --out DIR\n", stderr);
		return XN_EXIT_USAGE;
	}
	asked.names[asked.count] = "folder";
	asked.values[asked.count++] = out;
	if (do_in_folder(&asked, "bundle", &answer, &err) != XN_OK)
		return xn_client_give_up(&err);
	xn_report_forget(&answer);
	return XN_EXIT_OK;
}

static int
verify(struct xn_cli *cli)
{
	struct xn_error err = {.code = XN_OK};

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	if (xn_evidence_verify(cli->arguments[0], xn_cli_option(cli, "ca"), stdout, &err) != XN_OK)
		return xn_client_give_up(&err);
	return XN_EXIT_OK;
}

/* ---- schedules ---- */

static int
run_due(struct xn_cli *cli)
{
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	struct xn_report_job job;
	unsigned made = 0;
	int result;

	if (xn_cli_option(cli, "state") == NULL) {
		fputs("xanh: xanhd runs its schedules itself; 'run' is for --state DIR\n", stderr);
		return XN_EXIT_USAGE;
	}
	result = prepare(&asked, "", &job, &err);
	if (result == XN_OK)
		result = xn_report_due(job.state, job.signer, job.now, &made, &err);
	xn_signer_close(job.signer);
	if (result != XN_OK)
		return xn_client_give_up(&err);
	fprintf(stderr, "made %u files\n", made);
	return XN_EXIT_OK;
}

static int
list_schedules(struct xn_cli *cli)
{
	static const struct xn_column columns[] = {
	    {"ID", "id", XN_CELL_COUNT},
	    {"KIND", "kind", XN_CELL_TEXT},
	    {"EVERY", "every", XN_CELL_TEXT},
	    {"DAY", "day", XN_CELL_COUNT},
	    {"AT", "time", XN_CELL_TEXT},
	    {"FORMATS", "format", XN_CELL_TEXT},
	    {"LANGUAGES", "language", XN_CELL_TEXT},
	    {"FREEZE", "freeze", XN_CELL_YES},
	    {"FOLDER", "folder", XN_CELL_TEXT},
	    {"LAST", "done", XN_CELL_TEXT},
	    {"PROBLEM", "problem", XN_CELL_TEXT},
	};
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	struct xn_report_answer answer;
	int code;

	if (do_anywhere(&asked, "schedule-list", "GET", "/reports/schedules", &answer, &err) !=
	    XN_OK)
		return xn_client_give_up(&err);
	code = xn_table_print(cli, answer.json, columns, COUNT(columns), "nothing is scheduled");
	xn_report_forget(&answer);
	return code;
}

static int
change_schedule(struct xn_cli *cli, bool add)
{
	struct asked asked = {.cli = cli};
	struct xn_error err = {.code = XN_OK};
	struct xn_report_answer answer;
	char path[PATH_SIZE];

	if (!xn_client_arguments(cli, 2, 2))
		return XN_EXIT_USAGE;
	asked.names[asked.count] = add ? "kind" : "id";
	asked.values[asked.count++] = cli->arguments[1];
	xn_client_path(path, sizeof(path), "/reports/schedules/", cli->arguments[1], "");
	if (do_anywhere(&asked, add ? "schedule-add" : "schedule-remove", add ? "POST" : "DELETE",
		add ? "/reports/schedules" : path, &answer, &err) != XN_OK)
		return xn_client_give_up(&err);
	if (add)
		fprintf(stderr, "schedule %.0f\n", xn_field_number(answer.json, "id"));
	xn_report_forget(&answer);
	return XN_EXIT_OK;
}

static int
schedule(struct xn_cli *cli)
{
	const char *what = cli->argument_count == 0 ? "list" : cli->arguments[0];

	if (strcmp(what, "list") == 0)
		return list_schedules(cli);
	if (strcmp(what, "run") == 0)
		return run_due(cli);
	if (strcmp(what, "add") == 0 || strcmp(what, "remove") == 0)
		return change_schedule(cli, what[0] == 'a');
	fprintf(stderr, "xanh: report schedule list, add KIND, remove ID or run\n");
	return XN_EXIT_USAGE;
}

/* ---- the commands ---- */

#define FOLDER                                                                                     \
	XN_CLIENT_OPTIONS,                                                                         \
	{                                                                                          \
		.name = "state", .value = "DIR", .help = "of this state folder, without xanhd"     \
	}
#define SPAN                                                                                       \
	{.name = "period",                                                                         \
	    .letter = 'p',                                                                         \
	    .value = "PERIOD",                                                                     \
	    .help = "2026, 2026-Q4, 2026-11 or 2026-11-25"},                                       \
	    {.name = "window", .value = "SPAN", .help = "the last 24h, 7d, 30d or 12mo"},          \
	    {.name = "from", .value = "TIME", .help = "RFC 3339, with --to"},                      \
	{                                                                                          \
		.name = "to", .value = "TIME", .help = "RFC 3339"                                  \
	}
#define SIGNER                                                                                     \
	{.name = "report-key", .value = "FILE", .help = "with --state: signs (XANH_REPORT_KEY)"},  \
	{                                                                                          \
		.name = "report-cert", .value = "FILE",                                            \
		.help = "its certificate (XANH_REPORT_CERT)"                                       \
	}
#define FACTS                                                                                      \
	{                                                                                          \
		.name = "facts", .value = "FILE",                                                  \
		.help = "with --state: what no meter knows (report-facts.yaml there)"              \
	}
#define WHOSE                                                                                      \
	{.name = "platform", .value = "NAME", .help = "of a statement: only this platform"},       \
	{                                                                                          \
		.name = "agency", .value = "NAME", .help = "of a statement: only this agency"      \
	}

const struct xn_cli_command xn_cli_report_export = {
    .noun = "report",
    .verb = "export",
    .arguments = "KIND",
    .summary = "print a report: site-energy, kpi, eu-2024-1364, vn-annual, ghg, statement, "
	       "placement, quality or invoice",
    .examples = "xanh report export site-energy --period 2026-11 --format pdf --out 2026-11.pdf\n"
		"xanh report export statement --period 2026-11 --format csv --agency so-y-te\n"
		"xanh report export kpi --period 2026 --format json --state /var/lib/xanh",
    .options = {FOLDER, SPAN,
	{.name = "format", .letter = 'f', .value = "FORMAT", .help = "csv, json, xlsx or pdf"},
	{.name = "language", .value = "LANGUAGE", .help = "vi or en, of xlsx and pdf"},
	{.name = "out", .value = "FILE", .help = "and its manifest, signature and sums beside"},
	{.name = "table", .value = "NAME", .help = "of csv: another table than the first"},
	{.name = "draft", .help = "the books as they are, although the period is frozen"}, WHOSE,
	FACTS, SIGNER},
    .run = export,
};

const struct xn_cli_command xn_cli_report_freeze = {
    .noun = "report",
    .verb = "freeze",
    .arguments = "KIND",
    .summary = "keep a report of a period that is over, in every format, signed and in the chain",
    .examples = "xanh report freeze site-energy --period 2026-10",
    .options = {FOLDER, SPAN, WHOSE, FACTS, SIGNER},
    .run = freeze,
};

const struct xn_cli_command xn_cli_report_file = {
    .noun = "report",
    .verb = "file",
    .arguments = "ID",
    .summary = "note where a frozen report was handed in",
    .examples =
	"xanh report file hoa-lac-1/vn-annual/2026/r1 --reference \"Sở Công Thương 112/BC\"",
    .options = {FOLDER, {.name = "reference", .value = "TEXT", .help = "number, office and date"}},
    .run = file,
};

const struct xn_cli_command xn_cli_report_list = {
    .noun = "report",
    .verb = "list",
    .arguments = "",
    .summary = "reports that were frozen and filed",
    .examples = "xanh report list",
    .options = {FOLDER},
    .run = list,
};

const struct xn_cli_command xn_cli_report_verify = {
    .noun = "report",
    .verb = "verify",
    .arguments = "FILE",
    .summary = "check a report, a manifest or a folder of them against its hashes and signature",
    .examples = "xanh report verify 2026-11.pdf --ca ca.crt\nxanh report verify open-data/",
    .options = {{.name = "ca",
	.value = "FILE",
	.help = "the site's authority, to check whose signature it is"}},
    .run = verify,
};

const struct xn_cli_command xn_cli_report_bundle = {
    .noun = "report",
    .verb = "bundle",
    .arguments = "",
    .summary = "write a period's open data into a folder: CSV, CSVW, a DCAT record, signed",
    .examples = "xanh report bundle --period 2026-11 --out open-data --state /var/lib/xanh",
    .options = {FOLDER, SPAN,
	{.name = "out", .value = "DIR", .help = "the folder; made if it is not there"}, FACTS,
	SIGNER},
    .run = bundle,
};

const struct xn_cli_command xn_cli_report_schedule = {
    .noun = "report",
    .verb = "schedule",
    .arguments = "[list|add|remove|run] [KIND|ID]",
    .summary = "reports that are made by the clock, of the month, quarter or year before",
    .examples = "xanh report schedule add all --day 3 --time 02:00 --folder /srv/reports --freeze\n"
		"xanh report schedule list",
    .options = {FOLDER, {.name = "every", .value = "SPAN", .help = "month, quarter or year"},
	{.name = "day", .value = "N", .help = "of the month: 1 to 28 (3)"},
	{.name = "time", .value = "HH:MM", .help = "site time (02:00)"},
	{.name = "format", .letter = 'f', .value = "LIST", .help = "csv,json,xlsx,pdf (csv,pdf)"},
	{.name = "language", .value = "LIST", .help = "vi,en (vi)"},
	{.name = "folder", .value = "DIR", .help = "where they go, in a folder per period"},
	{.name = "freeze", .help = "freeze them first"}, SIGNER},
    .run = schedule,
};
