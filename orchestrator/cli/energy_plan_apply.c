/* The energy plan that holds: giving xanhd one, those it had, what they cost, and the gap to them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/cli/ask.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/energy.h"
#include "orchestrator/cli/energy_plan.h"
#include "orchestrator/cli/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- apply ---- */

static void
put_text(FILE *out, const char *text, size_t size)
{
	fputc('"', out);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\')
			fputc('\\', out);
		if (text[i] != '\r')
			fputc(text[i], out);
	}
	fputs("\"\n", out);
}

/* A file as documents behind the plan, as policies/energy_plan.h says. */
static void
put_file(FILE *out, const struct xn_cli_plan_file *file)
{
	const char *at = file->source->bytes;
	const char *end = at + file->source->size;

	fputs("\n---\nkind: file\npath: ", out);
	put_text(out, file->name, strlen(file->name));
	fputs("---\n", out);
	if (file->yaml) {
		fwrite(at, 1, file->source->size, out);
		return;
	}
	fputs("kind: bytes\nlines:\n", out);
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop == NULL ? end : stop;
		fputs("- ", out);
		put_text(out, at, (size_t)(stop - at));
		at = stop + 1;
	}
}

/* The plan with every file that it names, malloc'ed: what is stored needs no folder. */
static char *
whole_text(const struct xn_energy_plan *plan, const struct xn_cli_plan_file *files)
{
	const struct xn_source *source = xn_energy_plan_source(plan);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	fwrite(source->bytes, 1, source->size, out);
	for (; files != NULL; files = files->next)
		put_file(out, files);
	return fclose(out) == 0 ? text : NULL;
}

static int
send_plan(const struct xn_cli *cli, const char *text)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client;
	json_t *answer = NULL;

	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	xn_client_send(client, "PUT", "/energy-plan", text, "application/yaml", &answer, &err);
	xn_client_close(client);
	if (err.code != XN_OK)
		return xn_client_give_up(&err);
	fprintf(stderr, "energy plan %s is applied\n", xn_field_text(answer, "name"));
	json_decref(answer);
	return XN_EXIT_OK;
}

static int
apply(struct xn_cli *cli)
{
	struct xn_cli_plan_file *files;
	const struct xn_energy_plan *plan;
	struct xn_arena arena;
	char *text;
	int code;

	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	xn_arena_map(&arena, XN_CLI_ENERGY_PLAN_ARENA_SIZE);
	plan = xn_cli_energy_plan_use(&arena, cli->arguments[0], &files, &code);
	if (plan != NULL) {
		text = whole_text(plan, files);
		code = text == NULL ? XN_EXIT_INTERNAL : send_plan(cli, text);
		free(text);
	}
	xn_arena_unmap(&arena);
	return code;
}

/* ---- list ---- */

static int
print_list(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {{"NAME", "name", XN_CELL_TEXT},
	    {"APPLIED", "applied", XN_CELL_TIME}, {"BY", "actor", XN_CELL_TEXT},
	    {"FROM", "from", XN_CELL_TIME}, {"TO", "to", XN_CELL_TIME}};

	return xn_table_print(cli, json_object_get(answer, "rows"), columns, COUNT(columns),
	    "no energy plan was ever applied");
}

static int
list(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy-plans", print_list);
}

/* ---- cost ---- */

static int
print_cost(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column bands[] = {{"BAND", "band", XN_CELL_TEXT},
	    {"VND/KWH", "price_vnd_kwh", XN_CELL_COUNT}, {"ENERGY", "energy_kwh", XN_CELL_KWH},
	    {"VND", "cost_vnd", XN_CELL_VND}};
	enum xn_format format;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_JSON) {
		xn_table_json(answer);
		return XN_EXIT_OK;
	}
	xn_energy_say_span(answer);
	xn_table_draw(xn_field(answer, "cost.bands"), bands, COUNT(bands));
	printf(
	    "energy %.0f + demand %.0f + VAT %.0f = %.0f VND; %.1f %% bought at peak, load factor "
	    "%.2f\n",
	    xn_field_number(answer, "cost.energy_vnd"), xn_field_number(answer, "cost.demand_vnd"),
	    xn_field_number(answer, "cost.vat_vnd"), xn_field_number(answer, "cost.total_vnd"),
	    xn_field_number(answer, "cost.peak_share") * 100,
	    xn_field_number(answer, "cost.load_factor"));
	if (xn_field_number(answer, "cost.unpriced_kwh") > 0)
		printf("%.3f kWh have no price: no plan was in force\n",
		    xn_field_number(answer, "cost.unpriced_kwh"));
	printf("carbon %.1f kg by location, %.1f kg by market; %.1f %% carbon-free in the same "
	       "interval\n",
	    xn_field_number(answer, "carbon.location_kg"),
	    xn_field_number(answer, "carbon.market_kg"),
	    xn_field_number(answer, "carbon.carbon_free_share") * 100);
	return XN_EXIT_OK;
}

static int
cost(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy-plan/cost", print_cost);
}

/* ---- gap ---- */

static int
print_gap(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {{"FROM", "from", XN_CELL_TIME},
	    {"GRID", "grid_kwh", XN_CELL_KWH}, {"PUE", "pue.actual", XN_CELL_COUNT},
	    {"TARGET", "pue.target", XN_CELL_COUNT}, {"REF", "ref.actual", XN_CELL_SHARE},
	    {"TARGET", "ref.target", XN_CELL_SHARE}, {"CUE", "cue.actual", XN_CELL_COUNT},
	    {"TARGET", "cue.target", XN_CELL_COUNT}, {"HIGHEST KW", "highest_kw", XN_CELL_COUNT},
	    {"LIMIT KW", "limit_kw", XN_CELL_COUNT}};

	return xn_energy_print(cli, answer, columns, COUNT(columns),
	    "nothing was booked while an energy plan was in force");
}

static int
gap(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy-plan/gap", print_gap);
}

const struct xn_cli_command xn_cli_energy_plan_apply = {
    .noun = "energy-plan",
    .verb = "apply",
    .arguments = "FILE",
    .summary = "check an energy plan and have xanhd book by it",
    .examples = "xanh energy-plan apply deploy/examples/energy-plan.yaml",
    .options = {XN_CLIENT_OPTIONS},
    .run = apply,
};

const struct xn_cli_command xn_cli_energy_plan_list = {
    .noun = "energy-plan",
    .verb = "list",
    .arguments = "",
    .summary = "every energy plan that was applied, by whom, and when it holds",
    .examples = "xanh energy-plan list",
    .options = {XN_ASK_OPTIONS},
    .run = list,
};

const struct xn_cli_command xn_cli_energy_plan_cost = {
    .noun = "energy-plan",
    .verb = "cost",
    .arguments = "",
    .summary = "what a span cost by band, demand and VAT, and emitted by location and market",
    .examples = "xanh energy-plan cost --period 2026-11",
    .options = {XN_ASK_SPAN_OPTIONS},
    .run = cost,
};

const struct xn_cli_command xn_cli_energy_plan_gap = {
    .noun = "energy-plan",
    .verb = "gap",
    .arguments = "",
    .summary = "what was reached beside what the plan asks, by hour or day",
    .examples = "xanh energy-plan gap --window 24h --by hour",
    .options = {XN_ASK_SPAN_OPTIONS,
	{.name = "by", .value = "STEP", .help = "hour or day; day if not given"}},
    .run = gap,
};
