/* Energy: where the joules of a span of time came from and went to. */

#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/cli/ask.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/energy.h"
#include "orchestrator/cli/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- what every answer says of itself, on standard error so that tables stay tables ---- */

void
xn_energy_say_span(const json_t *answer)
{
	char *from = xn_cell_text(xn_field(answer, "from"), XN_CELL_TIME);
	char *to = xn_cell_text(xn_field(answer, "to"), XN_CELL_TIME);

	fprintf(stderr, "%s, %s to %s\n", xn_field_text(answer, "period"), from, to);
	free(from);
	free(to);
	if (json_is_false(xn_field(answer, "complete"))) {
		from = xn_cell_text(xn_field(answer, "booked_from"), XN_CELL_TIME);
		to = xn_cell_text(xn_field(answer, "booked_to"), XN_CELL_TIME);
		fprintf(stderr, "incomplete: the books reach from %s to %s\n", from, to);
		free(from);
		free(to);
	}
	if (json_is_true(xn_field(answer, "cut")))
		fputs("cut: there are more rows; ask for a shorter span\n", stderr);
}

int
xn_energy_print(const struct xn_cli *cli, const json_t *answer, const struct xn_column *columns,
    size_t count, const char *empty)
{
	enum xn_format format;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_JSON) {
		xn_table_json(answer);
		return XN_EXIT_OK;
	}
	xn_energy_say_span(answer);
	return xn_table_print(cli, json_object_get(answer, "rows"), columns, count, empty);
}

/* ---- show ---- */

static int
print_show(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column totals[] = {
	    {"ACCOUNT", "account", XN_CELL_TEXT},
	    {"ENERGY", "energy_kwh", XN_CELL_KWH},
	    {"SHARE", "share", XN_CELL_SHARE},
	    {"COVERAGE", "coverage", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	    {"QUALITY", "quality", XN_CELL_TEXT},
	    {"EVENTS", "events", XN_CELL_TEXT},
	};
	static const struct xn_column named[] = {
	    {"START", "start", XN_CELL_TIME},
	    {"END", "end", XN_CELL_TIME},
	    {"ACCOUNT", "account", XN_CELL_TEXT},
	    {"NAME", "name", XN_CELL_TEXT},
	    {"ENERGY", "energy_kwh", XN_CELL_KWH},
	    {"COVERAGE", "coverage", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	    {"QUALITY", "quality", XN_CELL_TEXT},
	    {"EVENTS", "events", XN_CELL_TEXT},
	};
	bool plain = xn_cli_option(cli, "account") == NULL && xn_cli_option(cli, "name") == NULL &&
	    xn_cli_option(cli, "by") == NULL;

	return plain
	    ? xn_energy_print(cli, answer, totals, COUNT(totals), "nothing was booked in this span")
	    : xn_energy_print(cli, answer, named, COUNT(named), "nothing was booked in this span");
}

static int
show(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy", print_show);
}

const struct xn_cli_command xn_cli_energy_show = {
    .noun = "energy",
    .verb = "show",
    .arguments = "",
    .summary = "what each account gave or took in a span of time, with its quality",
    .examples = "xanh energy show --period 2026-11\n"
		"xanh energy show --window 24h --by interval --account grid\n"
		"xanh energy show --period 2026 --account rack -o csv > racks.csv\n"
		"xanh energy show --state /srv/copy-of-state --period 2026-10",
    .options = {XN_ASK_SPAN_OPTIONS,
	{.name = "by", .value = "STEP", .help = "total, interval, day or month"},
	{.name = "account", .value = "ACCOUNT", .help = "only this one, by name"},
	{.name = "name", .value = "NAME", .help = "only of this rack, host, meter, VM ..."}},
    .run = show,
};

/* ---- flow ---- */

/* `field` names the rows: an account, or an agency's name. */
static void
print_side(const char *title, const json_t *rows, const char *field)
{
	size_t i;
	json_t *row;

	if (json_array_size(rows) == 0)
		return;
	printf("%s\n", title);
	json_array_foreach(rows, i, row)
	{
		char *name = xn_cell_text(xn_field(row, field), XN_CELL_TEXT);
		char *energy = xn_cell_text(xn_field(row, "energy_kwh"), XN_CELL_KWH);
		double share = xn_field_number(row, "share");

		printf("  %-24s%18s %6.1f %%  ", name, energy, share * 100);
		for (int mark = 0; mark < (int)(share * 30 + 0.5); mark++)
			fputs("\xe2\x96\x88", stdout);
		putchar('\n');
		free(name);
		free(energy);
	}
}

static int
print_flow(const struct xn_cli *cli, const json_t *answer)
{
	enum xn_format format;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_CSV) {
		fputs("xanh: a flow is a table or json; 'xanh energy show -o csv' has its rows\n",
		    stderr);
		return XN_EXIT_USAGE;
	}
	if (format == XN_FORMAT_JSON) {
		xn_table_json(answer);
		return XN_EXIT_OK;
	}
	xn_energy_say_span(answer);
	print_side("from", json_object_get(answer, "sources"), "account");
	print_side("to", json_object_get(answer, "sinks"), "account");
	print_side("of VMs, to agencies", json_object_get(answer, "agencies"), "name");
	return XN_EXIT_OK;
}

static int
flow(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy/flow", print_flow);
}

const struct xn_cli_command xn_cli_energy_flow = {
    .noun = "energy",
    .verb = "flow",
    .arguments = "",
    .summary = "from the grid, PV, battery and generator to cooling, losses and agencies",
    .examples = "xanh energy flow --window 24h\nxanh energy flow --period 2026-11 -o json",
    .options = {XN_ASK_SPAN_OPTIONS},
    .run = flow,
};

/* ---- balance ---- */

static int
print_balance(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {
	    {"START", "start", XN_CELL_TIME},
	    {"END", "end", XN_CELL_TIME},
	    {"SOURCES", "sources_kwh", XN_CELL_KWH},
	    {"SINKS", "sinks_kwh", XN_CELL_KWH},
	    {"UNEXPLAINED", "unexplained_kwh", XN_CELL_KWH},
	    {"OF SOURCES", "unexplained_share", XN_CELL_SHARE},
	    {"SUM mJ", "sum_mj", XN_CELL_COUNT},
	    {"BALANCED", "balanced", XN_CELL_YES},
	};

	return xn_energy_print(
	    cli, answer, columns, COUNT(columns), "nothing was booked in this span");
}

static int
balance(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy/balance", print_balance);
}

const struct xn_cli_command xn_cli_energy_balance = {
    .noun = "energy",
    .verb = "balance",
    .arguments = "",
    .summary = "sources against sinks, and what nothing explains",
    .examples = "xanh energy balance --period 2026-11\n"
		"xanh energy balance --window 24h --by interval",
    .options = {XN_ASK_SPAN_OPTIONS,
	{.name = "by", .value = "STEP", .help = "interval, day, month or total"}},
    .run = balance,
};

/* ---- compare ---- */

static int
print_compare(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {
	    {"ACCOUNT", "account", XN_CELL_TEXT},
	    {"ENERGY", "energy_kwh", XN_CELL_KWH},
	    {"BEFORE", "before_kwh", XN_CELL_KWH},
	    {"DIFFERENCE", "difference_kwh", XN_CELL_KWH},
	    {"CHANGE", "change", XN_CELL_SHARE},
	};
	enum xn_format format;

	if (xn_table_format(cli, &format) && format != XN_FORMAT_JSON) {
		fputs("before: ", stderr);
		xn_energy_say_span(json_object_get(answer, "with"));
	}
	return xn_energy_print(cli, answer, columns, COUNT(columns), "nothing was booked in both");
}

static int
compare(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy/compare", print_compare);
}

const struct xn_cli_command xn_cli_energy_compare = {
    .noun = "energy",
    .verb = "compare",
    .arguments = "",
    .summary = "a span of time against the one before it, or another",
    .examples = "xanh energy compare --period 2026-11\n"
		"xanh energy compare --period 2026-11 --with 2025-11",
    .options = {XN_ASK_SPAN_OPTIONS,
	{.name = "with", .value = "PERIOD", .help = "instead of the one before"}},
    .run = compare,
};

/* ---- coverage and corrections ---- */

static int
print_coverage(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {
	    {"METER", "meter", XN_CELL_TEXT},
	    {"MEASURES", "role", XN_CELL_TEXT},
	    {"RACK", "rack", XN_CELL_TEXT},
	    {"ENERGY", "energy_kwh", XN_CELL_KWH},
	    {"COVERAGE", "coverage", XN_CELL_SHARE},
	    {"ESTIMATED", "estimated_share", XN_CELL_SHARE},
	    {"QUALITY", "quality", XN_CELL_TEXT},
	    {"CLASS", "accuracy", XN_CELL_SHARE},
	    {"CALIBRATED", "calibrated", XN_CELL_TEXT},
	    {"EVENTS", "events", XN_CELL_TEXT},
	};

	return xn_energy_print(cli, answer, columns, COUNT(columns), "the site has no meters");
}

static int
coverage(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy/coverage", print_coverage);
}

const struct xn_cli_command xn_cli_energy_coverage = {
    .noun = "energy",
    .verb = "coverage",
    .arguments = "",
    .summary = "how well each meter was read: coverage, estimates, gaps, resets",
    .examples = "xanh energy coverage --period 2026-11",
    .options = {XN_ASK_SPAN_OPTIONS},
    .run = coverage,
};

static int
print_corrections(const struct xn_cli *cli, const json_t *answer)
{
	static const struct xn_column columns[] = {
	    {"REVISION", "revision", XN_CELL_COUNT},
	    {"AT", "at", XN_CELL_TIME},
	    {"AUTHOR", "author", XN_CELL_TEXT},
	    {"REASON", "reason", XN_CELL_TEXT},
	    {"EVIDENCE", "evidence", XN_CELL_TEXT},
	};

	return xn_table_print(cli, json_object_get(answer, "rows"), columns, COUNT(columns),
	    "nothing was ever corrected");
}

static int
corrections(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 0))
		return XN_EXIT_USAGE;
	return xn_ask(cli, "/energy/corrections", print_corrections);
}

const struct xn_cli_command xn_cli_energy_corrections = {
    .noun = "energy",
    .verb = "corrections",
    .arguments = "",
    .summary = "what was amended after its interval was closed, by whom and why",
    .examples = "xanh energy corrections",
    .options = {XN_ASK_OPTIONS},
    .run = corrections,
};
