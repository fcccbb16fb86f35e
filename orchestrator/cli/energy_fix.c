/* Amending the books: what a meter truly counted, and what people bring as files. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/calendar.h"
#include "common/csv.h"
#include "common/value.h"
#include "orchestrator/books/period.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/meter.h"
#include "orchestrator/cli/table.h"

#define ARENA_SIZE ((size_t)4 << 30) /* address space */
#define ROWS_MAX   10000

/* ---- fix ---- */

/* "12.5 kWh" as YAML would read it. */
static bool
read_energy(const char *text, double *ret_kwh)
{
	struct xn_arena arena;
	struct xn_problems problems;
	const struct xn_source source = {.path = "--energy", .bytes = text, .size = strlen(text)};
	const struct xn_yaml node = {
	    .kind = XN_YAML_SCALAR, .text = text, .mark = {&source, 1, 1, 1}};
	xn_energy energy;
	bool good;

	xn_arena_map(&arena, (size_t)1 << 20);
	xn_problems_init(&problems, &arena);
	good = xn_value_energy(&node, &problems, &energy);
	xn_problems_print(&problems, stderr);
	xn_arena_unmap(&arena);
	if (good)
		*ret_kwh = (double)energy.mj / (double)(1000 * XN_WH_MJ);
	return good;
}

static json_t *
correction(const char *meter, const char *start, const char *end, double kwh, const char *reason,
    const char *evidence)
{
	return json_pack("{s:s, s:s, s:s, s:f, s:s, s:s}", "meter", meter, "start", start, "end",
	    end, "energy_kwh", kwh, "reason", reason, "evidence", evidence != NULL ? evidence : "");
}

static int
send(struct xn_client *client, const char *path, json_t *body, json_t **ret_answer,
    struct xn_error *err)
{
	char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(17));
	int result;

	if (text == NULL)
		return xn_fail(err, XN_EINVALID, "a text is no UTF-8");
	result = xn_client_send(client, "POST", path, text, NULL, ret_answer, err);
	free(text);
	return result;
}

static int
fix(struct xn_cli *cli)
{
	static const char *const wanted[] = {"from", "to", "energy", "reason"};
	struct xn_error err = {0};
	struct xn_client *client = NULL;
	json_t *answer = NULL, *body;
	double kwh;
	int code = XN_EXIT_OK;

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (xn_cli_option(cli, wanted[i]) == NULL) {
			fprintf(stderr, "xanh: energy fix needs --%s\n", wanted[i]);
			return XN_EXIT_USAGE;
		}
	if (!read_energy(xn_cli_option(cli, "energy"), &kwh))
		return XN_EXIT_INPUT;
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	body = correction(cli->arguments[0], xn_cli_option(cli, "from"), xn_cli_option(cli, "to"),
	    kwh, xn_cli_option(cli, "reason"), xn_cli_option(cli, "evidence"));
	if (send(client, "/energy/corrections", body, &answer, &err) == XN_OK)
		fprintf(stderr, "%s (%+.3f kWh)\n", xn_field_text(answer, "text"),
		    xn_field_number(answer, "difference_kwh"));
	else
		code = xn_client_give_up(&err);
	json_decref(body);
	json_decref(answer);
	xn_client_close(client);
	return code;
}

const struct xn_cli_command xn_cli_energy_fix = {
    .noun = "energy",
    .verb = "fix",
    .arguments = "METER",
    .summary = "say what a meter truly counted over whole intervals; the old entries stay",
    .examples = "xanh energy fix meter-main --from 2026-11-03T08:00+07:00 "
		"--to 2026-11-03T10:00+07:00 --energy '812.5 kWh' \\\n"
		"  --reason 'meter exchanged' --evidence 'protocol 17/2026'",
    .options = {XN_CLIENT_OPTIONS,
	{.name = "from", .value = "TIME", .help = "begin of the span, RFC 3339"},
	{.name = "to", .value = "TIME", .help = "its end"},
	{.name = "energy", .value = "ENERGY", .help = "all of the span, like '812.5 kWh'"},
	{.name = "reason", .value = "TEXT", .help = "why; it stays with the correction"},
	{.name = "evidence", .value = "TEXT", .help = "what supports it"}},
    .run = fix,
};

/* ---- import ---- */

struct import {
	const struct xn_cli *cli;
	struct xn_arena *arena;
	struct xn_problems *problems;
	struct xn_client *client;
	const struct xn_source *source;
};

/* Ends with how many rows were sent; on a terminal it says how far it is. */
static void
say_progress(uint32_t done, uint32_t count)
{
	if (isatty(STDERR_FILENO) && (done % 100 == 0 || done == count))
		fprintf(stderr, "\r%u of %u intervals%s", done, count, done == count ? "\n" : "");
}

static int
send_interval(struct import *import, const struct xn_bookings *bookings, uint32_t i,
    int utc_offset_s, struct xn_error *err)
{
	const struct xn_booked *row = &bookings->rows[i];
	xn_instant start = {bookings->start.ms + i * bookings->interval.ms};
	char from[XN_INSTANT_TEXT_SIZE], to[XN_INSTANT_TEXT_SIZE];
	const char *reason = xn_cli_option(import->cli, "reason");
	json_t *body, *answer = NULL;
	int result;

	xn_instant_text(start, utc_offset_s, from);
	xn_instant_text(xn_after(start, bookings->interval), utc_offset_s, to);
	body = correction(xn_cli_option(import->cli, "meter"), from, to,
	    (double)row->energy.mj / (double)(1000 * XN_WH_MJ),
	    reason != NULL ? reason : "imported readings", import->source->path);
	if (row->grade == XN_GRADE_ESTIMATED)
		json_object_set_new(body, "estimated", json_true());
	do {
		result = send(import->client, "/energy/corrections", body, &answer, err);
		if (result == XN_EFULL)
			usleep(200000); /* corrections leave a few at a time */
	} while (result == XN_EFULL);
	json_decref(body);
	json_decref(answer);
	return result;
}

/* Readings of one meter are booked as `meter book` does, and sent interval by interval. */
static int
import_readings(struct import *import, struct xn_error *err)
{
	const char *profile = xn_cli_option(import->cli, "rules");
	struct xn_readings_rules rules;
	struct xn_readings readings;
	struct xn_bookings bookings;
	int result;

	if (xn_cli_option(import->cli, "meter") == NULL || profile == NULL)
		return xn_fail(err, XN_EINVALID,
		    "readings need --meter NAME, as the site calls it, and --rules METER.yaml");
	result = xn_meter_rules_read(import->arena, profile, import->problems, &rules, err);
	if (result != XN_OK)
		return result;
	xn_readings_read(import->arena, import->source, import->problems, &readings);
	if (import->problems->count > 0)
		return XN_OK;
	result = xn_readings_book(&readings, &rules, import->arena, &bookings, err);
	for (uint32_t i = 0; i < bookings.count && result == XN_OK; i++) {
		if (bookings.rows[i].grade != XN_GRADE_NONE)
			result = send_interval(import, &bookings, i, rules.utc_offset_s, err);
		say_progress(i + 1, bookings.count);
	}
	return result;
}

static void
read_activity(struct xn_csv *csv, struct xn_problems *problems, json_t *list)
{
	const struct xn_yaml *amount = xn_csv_field(csv, "amount");
	const struct xn_yaml *start = xn_csv_field(csv, "start");
	const struct xn_yaml *end = xn_csv_field(csv, "end");
	const struct xn_yaml *about = xn_csv_field(csv, "about");
	const struct xn_yaml *evidence = xn_csv_field(csv, "evidence");
	xn_instant from, to;
	char *rest;
	double value;

	if (!xn_value_instant(start, problems, &from) || !xn_value_instant(end, problems, &to))
		return;
	if (from.ms >= to.ms) {
		xn_problem_add(problems, end->mark, NULL, "it ends before it starts");
		return;
	}
	value = strtod(amount->text, &rest);
	if (rest == amount->text || *rest != '\0' || !(value >= 0)) {
		xn_problem_add(problems, amount->mark, "write it with a dot, like 1250.5",
		    "'%.32s' is no amount", amount->text);
		return;
	}
	json_array_append_new(list,
	    json_pack("{s:s, s:s, s:s, s:f, s:s, s:s}", "kind", xn_csv_field(csv, "kind")->text,
		"start", start->text, "end", end->text, "amount", value, "about",
		about != NULL ? about->text : "", "evidence",
		evidence != NULL ? evidence->text : ""));
}

static int
import_activities(struct import *import, struct xn_csv *csv, struct xn_error *err)
{
	json_t *list = json_array(), *body, *answer = NULL;
	int result = XN_OK;

	while (xn_csv_next(csv) && json_array_size(list) <= ROWS_MAX)
		read_activity(csv, import->problems, list);
	if (json_array_size(list) > ROWS_MAX)
		result = xn_fail(err, XN_EINVALID, "more than %d rows: split the file", ROWS_MAX);
	body = json_pack("{s:o}", "activities", list);
	if (result == XN_OK && import->problems->count == 0) {
		result = send(import->client, "/energy/activities", body, &answer, err);
		if (result == XN_OK)
			fprintf(
			    stderr, "%.0f activities stored\n", xn_field_number(answer, "stored"));
	}
	json_decref(body);
	json_decref(answer);
	return result;
}

/* What a file is, its first line says. */
static int
import_file(struct import *import, struct xn_error *err)
{
	static const char *const columns[] = {"kind", "start", "end", "amount"};
	const struct xn_mark top = {import->source, 1, 1, 1};
	struct xn_csv csv;

	xn_csv_open(&csv, import->arena, import->source);
	if (xn_csv_column(&csv, "time") >= 0)
		return import_readings(import, err);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (xn_csv_column(&csv, columns[i]) < 0)
			xn_problem_add(import->problems, top,
			    "readings: time,register_wh,power_w; activities and bills: "
			    "kind,start,end,amount,about,evidence",
			    "there is no column '%s'", columns[i]);
	return import->problems->count > 0 ? XN_OK : import_activities(import, &csv, err);
}

static int
import(struct xn_cli *cli)
{
	struct xn_error err = {0};
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_source source;
	struct import import = {.cli = cli, .arena = &arena, .problems = &problems};
	FILE *in;
	int code;

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	in = fopen(cli->arguments[0], "r");
	if (in == NULL) {
		xn_fail(&err, XN_EREAD, "%s: %s", cli->arguments[0], strerror(errno));
		return xn_client_give_up(&err);
	}
	xn_arena_map(&arena, ARENA_SIZE);
	xn_problems_init(&problems, &arena);
	code = xn_input_read(&arena, in, cli->arguments[0], &source);
	fclose(in);
	source.order = problems.sources++;
	import.source = &source;
	if (code == XN_EXIT_OK &&
	    (xn_client_open(cli, &import.client, &err) != XN_OK ||
		import_file(&import, &err) != XN_OK))
		code = xn_client_give_up(&err);
	xn_problems_print(&problems, stderr);
	if (problems.count > 0)
		code = XN_EXIT_INPUT;
	xn_client_close(import.client);
	xn_arena_unmap(&arena);
	return code;
}

const struct xn_cli_command xn_cli_energy_import = {
    .noun = "energy",
    .verb = "import",
    .arguments = "FILE.csv",
    .summary = "bring readings of a meter, or water, heat, fuel, certificates and bills",
    .examples =
	"xanh energy import october.csv --meter meter-main --rules meter.yaml\n"
	"xanh energy import bills.csv\n"
	"printf 'kind,start,end,amount,about,evidence\\n"
	"water,2026-10-01T00:00+07:00,2026-11-01T00:00+07:00,412.5,,bill 10/2026\\n"
	"invoice,2026-10-01T00:00+07:00,2026-11-01T00:00+07:00,30211,peak,bill 10/2026\\n' > "
	"bills.csv",
    .options = {XN_CLIENT_OPTIONS,
	{.name = "meter", .value = "NAME", .help = "of readings: the meter, as the site calls it"},
	{.name = "rules", .value = "FILE", .help = "of readings: what it is, as for meter book"},
	{.name = "reason", .value = "TEXT", .help = "of readings: why; it stays with them"}},
    .run = import,
};
