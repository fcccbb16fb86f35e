/* Metrics: the indicators of the site over a span, and how each came about. */

#include <stdio.h>
#include <string.h>

#include "orchestrator/books/kpis.h"
#include "orchestrator/cli/ask.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/energy.h"
#include "orchestrator/cli/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Digits that say something: percents to a tenth, ratios to a thousandth, tonnes to a kilogram. */
static json_t *
shown(const json_t *value, const char *unit)
{
	bool tenths = strcmp(unit, "%") == 0 || strcmp(unit, "gCO2e/unit") == 0;
	char text[48];

	if (!json_is_number(value))
		return json_null();
	snprintf(text, sizeof(text), "%.*f", tenths ? 1 : 3, json_number_value(value));
	return json_string(text);
}

static int
print_rows(const json_t *answer, const struct xn_column *columns, size_t count)
{
	json_t *rows = json_deep_copy(json_object_get(answer, "rows"));
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		static const char *const fields[] = {"value", "u_k2", "target"};
		const char *unit = xn_field_text(row, "unit");

		/* What is left of PUE is below zero only by what meters may disagree. */
		if (strcmp(xn_field_text(row, "metric"), "pue-other") == 0 &&
		    xn_field_number(row, "value") < 0)
			json_object_set_new(row, "value", json_real(0));
		for (size_t k = 0; k < COUNT(fields); k++) {
			json_t *text = shown(json_object_get(row, fields[k]), unit);

			json_object_set_new(row, fields[k], text);
		}
	}
	xn_energy_say_span(answer);
	xn_table_draw(rows, columns, count);
	json_decref(rows);
	return XN_EXIT_OK;
}

static int
print_metrics(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {
	    {"METRIC", "metric", XN_CELL_TEXT},
	    {"OF", "of", XN_CELL_TEXT},
	    {"VALUE", "value", XN_CELL_COUNT},
	    {"UNIT", "unit", XN_CELL_TEXT},
	    {"U K=2", "u_k2", XN_CELL_COUNT},
	    {"CATEGORY", "category", XN_CELL_COUNT},
	    {"SPAN", "span", XN_CELL_TEXT},
	    {"COVERAGE", "coverage", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	    {"TARGET", "target", XN_CELL_COUNT},
	    {"STATUS", "status", XN_CELL_TEXT},
	    {"WHY NOT", "why", XN_CELL_TEXT},
	};

	enum xn_format format;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	return format == XN_FORMAT_TABLE
	    ? print_rows(answer, columns, COUNT(columns))
	    : xn_energy_print(cli, answer, columns, COUNT(columns), "there are no metrics");
}

static int
metric(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 1))
		return XN_EXIT_USAGE;
	if (cli->argument_count == 0)
		return xn_ask(cli, "/metrics", print_metrics);
	return xn_ask_about(cli, "/metrics/", cli->arguments[0], "", print_metrics);
}

/* ---- list ---- */

static int
list(struct xn_cli *cli)
{
	static const struct xn_column columns[] = {
	    {"METRIC", "metric", XN_CELL_TEXT},
	    {"NAME", "name", XN_CELL_TEXT},
	    {"UNIT", "unit", XN_CELL_TEXT},
	    {"FORMULA", "formula", XN_CELL_TEXT},
	    {"SOURCE", "source", XN_CELL_TEXT},
	};
	json_t *rows = json_array();
	int code;

	for (unsigned i = 0; i < XN_KPI_COUNT; i++)
		json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:s, s:s, s:s}", "metric", xn_kpi_facts[i].id, "name",
			xn_kpi_facts[i].name, "unit", xn_kpi_facts[i].unit, "formula",
			xn_kpi_facts[i].formula, "source", xn_kpi_facts[i].source));
	code = xn_table_print(cli, rows, columns, COUNT(columns), "");
	json_decref(rows);
	return code;
}

/* ---- explain ---- */

static void
say(const char *head, const json_t *object, const char *field, enum xn_cell_kind cell)
{
	const json_t *value = xn_field(object, field);

	if (value == NULL || json_is_null(value))
		return;
	printf("%-10s ", head);
	xn_cell_print(object, field, cell);
	putchar('\n');
}

static void
explain_verdict(const json_t *row)
{
	static const struct {
		const char *status, *words;
	} verdicts[] = {
	    {"met", "met: the value and all of its uncertainty are on the right side"},
	    {"not_met", "not met: the value itself is on the wrong side"},
	    {"not_proven",
		"not proven: the value is on the right side, but its uncertainty, which may not be "
		"known, or the gaps in its terms leave room for the other"},
	};

	for (size_t i = 0; i < COUNT(verdicts); i++)
		if (strcmp(verdicts[i].status, xn_field_text(row, "status")) == 0)
			printf("%-10s %s\n", "verdict", verdicts[i].words);
}

static void
explain_row(const json_t *row)
{
	static const struct xn_column terms[] = {
	    {"TERM", "term", XN_CELL_TEXT},
	    {"VALUE", "value", XN_CELL_COUNT},
	    {"UNIT", "unit", XN_CELL_TEXT},
	    {"FROM", "from", XN_CELL_TEXT},
	    {"COVERAGE", "coverage", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	};

	say("metric", row, "name", XN_CELL_TEXT);
	say("of", row, "of", XN_CELL_TEXT);
	say("formula", row, "formula", XN_CELL_TEXT);
	say("source", row, "source", XN_CELL_TEXT);
	say("value", row, "text", XN_CELL_TEXT);
	say("span", row, "span", XN_CELL_TEXT);
	say("category", row, "category", XN_CELL_COUNT);
	say("boundary", row, "boundary", XN_CELL_TEXT);
	say("no value", row, "why", XN_CELL_TEXT);
	say("note", row, "note", XN_CELL_TEXT);
	say("target", row, "target", XN_CELL_COUNT);
	say("is", row, "target_is", XN_CELL_TEXT);
	say("over", row, "target_over", XN_CELL_TEXT);
	say("basis", row, "target_basis", XN_CELL_TEXT);
	explain_verdict(row);
	putchar('\n');
	xn_table_draw(json_object_get(row, "terms"), terms, COUNT(terms));
	putchar('\n');
}

static int
print_explained(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column meters[] = {
	    {"METER", "meter", XN_CELL_TEXT},
	    {"ROLE", "role", XN_CELL_TEXT},
	    {"TERM", "term", XN_CELL_TEXT},
	    {"CLASS", "class", XN_CELL_SHARE},
	    {"CT", "transformer_class", XN_CELL_SHARE},
	    {"CALIBRATED", "calibrated", XN_CELL_TEXT},
	    {"ENERGY", "energy_kwh", XN_CELL_KWH},
	    {"COVERAGE", "coverage", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	    {"EVENTS", "events", XN_CELL_TEXT},
	};
	enum xn_format format;
	const json_t *row;
	size_t i;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_CSV)
		return xn_table_print(
		    cli, json_object_get(answer, "meters"), meters, COUNT(meters), "no meters");
	if (format == XN_FORMAT_JSON) {
		xn_table_json(answer);
		return XN_EXIT_OK;
	}
	xn_energy_say_span(answer);
	json_array_foreach(json_object_get(answer, "rows"), i, row) explain_row(row);
	if (json_array_size(json_object_get(answer, "meters")) > 0)
		xn_table_draw(json_object_get(answer, "meters"), meters, COUNT(meters));
	return XN_EXIT_OK;
}

static int
explain(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 1, 1))
		return XN_EXIT_USAGE;
	return xn_ask_about(cli, "/metrics/", cli->arguments[0], "", print_explained);
}

const struct xn_cli_command xn_cli_metric = {
    .noun = "metric",
    .arguments = "[METRIC]",
    .summary = "an indicator of the site over a span, or all of them, with target and verdict",
    .examples = "xanh metric pue --period 2026\nxanh metric cue --window 30d -o json\n"
		"xanh metric --state /var/lib/xanh --period 2026-11\n",
    .options = {XN_ASK_SPAN_OPTIONS},
    .run = metric,
};

const struct xn_cli_command xn_cli_metric_list = {
    .noun = "metric",
    .verb = "list",
    .arguments = "",
    .summary = "the indicators there are, with formula and source",
    .examples = "xanh metric list\n",
    .options = {{.name = "output", .letter = 'o', .value = "FORMAT", .help = "table, json or csv"}},
    .run = list,
};

const struct xn_cli_command xn_cli_metric_explain = {
    .noun = "metric",
    .verb = "explain",
    .arguments = "METRIC",
    .summary = "how an indicator came about: formula, terms, meters and their gaps, verdict",
    .examples = "xanh metric explain pue --window 30d\n",
    .options = {XN_ASK_SPAN_OPTIONS},
    .run = explain,
};
