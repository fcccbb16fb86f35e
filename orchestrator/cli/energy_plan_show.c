/* Energy plans as people read them: a week of bands, prices, factors, targets; and what differs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orchestrator/books/plan_view.h"
#include "orchestrator/cli/ask.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/energy_plan.h"
#include "orchestrator/cli/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- a week as a table: a row of hours, a column of each day ---- */

static bool
is_border(const json_t *week, const char *clock)
{
	const json_t *piece;
	size_t i;

	json_array_foreach(
	    week, i, piece) if (strcmp(xn_field_text(piece, "from"), clock) == 0) return true;
	return false;
}

static json_t *
week_row(const json_t *week, const char *from, const char *to)
{
	json_t *row = json_object();
	const json_t *piece;
	char hours[32];
	size_t i;

	snprintf(hours, sizeof(hours), "%.6s-%.6s", from, to);
	json_object_set_new(row, "hours", json_string(hours));
	json_array_foreach(week, i, piece) if (strcmp(xn_field_text(piece, "from"), from) <= 0 &&
	    strcmp(xn_field_text(piece, "to"), from) > 0)
	    json_object_set(row, xn_field_text(piece, "day"), json_object_get(piece, "band"));
	return row;
}

static json_t *
week_rows(const json_t *week)
{
	json_t *rows = json_array();
	char from[8] = "00:00";

	for (unsigned minute = 1; minute <= 1440; minute++) {
		char clock[8];

		snprintf(clock, sizeof(clock), "%02u:%02u", minute / 60 % 100, minute % 60);
		if (minute < 1440 && !is_border(week, clock))
			continue;
		json_array_append_new(rows, week_row(week, from, clock));
		memcpy(from, clock, sizeof(from));
	}
	return rows;
}

/* ---- show ---- */

static void
draw_section(const json_t *rows, const struct xn_column *columns, size_t count)
{
	if (json_array_size(rows) == 0)
		return;
	putchar('\n');
	xn_table_draw(rows, columns, count);
}

static void
draw_head(const json_t *plan)
{
	const char *basis = xn_field_text(plan, "basis");

	printf("%s", xn_field_text(plan, "name"));
	printf("  %s to %s\n",
	    json_is_string(xn_field(plan, "from")) ? xn_field_text(plan, "from") : "any time",
	    json_is_string(xn_field(plan, "to")) ? xn_field_text(plan, "to") : "any time");
	if (basis[0] != '\0') {
		fputs("basis   ", stdout);
		xn_cli_print_escaped(stdout, basis);
		putchar('\n');
	}
	if (json_is_number(xn_field(plan, "sources.grid_limit_w")))
		printf("limit   %.1f kW from the grid\n",
		    xn_field_number(plan, "sources.grid_limit_w") / 1e3);
	if (json_is_number(xn_field(plan, "sources.pv_peak_w")))
		printf("PV      %.1f kWp\n", xn_field_number(plan, "sources.pv_peak_w") / 1e3);
	if (xn_field_number(plan, "sources.battery_kwh") > 0)
		printf("battery %.1f kWh, never below %.0f %%\n",
		    xn_field_number(plan, "sources.battery_kwh"),
		    xn_field_number(plan, "sources.battery_floor") * 100);
	if (json_is_number(xn_field(plan, "sources.generator_limit_w")))
		printf("diesel  %.1f kW, %s\n",
		    xn_field_number(plan, "sources.generator_limit_w") / 1e3,
		    xn_field_text(plan, "sources.generator_use"));
	if (json_is_number(xn_field(plan, "demand_vnd_kw_month")))
		printf("demand  %.0f VND for each kW of a month's highest half-hour mean\n",
		    xn_field_number(plan, "demand_vnd_kw_month"));
	if (json_is_number(xn_field(plan, "vat")))
		printf("VAT     %.4g %%, not in the prices\n", xn_field_number(plan, "vat") * 100);
}

static void
draw_factor(const json_t *plan, const char *field, const char *name)
{
	const json_t *factor = xn_field(plan, field);

	if (!json_is_object(factor))
		return;
	printf("%s  %.1f g/kWh", name, xn_field_number(factor, "g_kwh"));
	if (json_is_integer(json_object_get(factor, "year")))
		printf(", %s of %lld", xn_field_text(factor, "id"),
		    (long long)json_integer_value(json_object_get(factor, "year")));
	if (xn_field_text(factor, "issuer")[0] != '\0') {
		fputs(", ", stdout);
		xn_cli_print_escaped(stdout, xn_field_text(factor, "issuer"));
	}
	if (xn_field_text(factor, "method")[0] != '\0') {
		fputs(", ", stdout);
		xn_cli_print_escaped(stdout, xn_field_text(factor, "method"));
	}
	putchar('\n');
}

static void
draw(const json_t *plan)
{
	static const struct xn_column week[] = {{"HOURS", "hours", XN_CELL_TEXT},
	    {"MON", "mon", XN_CELL_TEXT}, {"TUE", "tue", XN_CELL_TEXT},
	    {"WED", "wed", XN_CELL_TEXT}, {"THU", "thu", XN_CELL_TEXT},
	    {"FRI", "fri", XN_CELL_TEXT}, {"SAT", "sat", XN_CELL_TEXT},
	    {"SUN", "sun", XN_CELL_TEXT}};
	static const struct xn_column bands[] = {{"BAND", "band", XN_CELL_TEXT},
	    {"KIND", "kind", XN_CELL_TEXT}, {"VND/KWH", "price_vnd_kwh", XN_CELL_COUNT},
	    {"H/WEEK", "hours_per_week", XN_CELL_COUNT}};
	static const struct xn_column targets[] = {{"TARGET", "metric", XN_CELL_TEXT},
	    {"HOURS", "hours", XN_CELL_TEXT}, {"BOUND", "bound", XN_CELL_TEXT},
	    {"VALUE", "value", XN_CELL_COUNT}, {"UNIT", "unit", XN_CELL_TEXT},
	    {"OVER", "over", XN_CELL_TEXT}};
	static const struct xn_column renewable[] = {{"RENEWABLES BY", "year", XN_CELL_COUNT},
	    {"LOW", "low", XN_CELL_SHARE}, {"HIGH", "high", XN_CELL_SHARE},
	    {"DECISION", "basis", XN_CELL_TEXT}, {"DEFINITION", "definition", XN_CELL_TEXT},
	    {"EVIDENCE", "evidence", XN_CELL_TEXT}};
	static const struct xn_column events[] = {{"EVENT", "event", XN_CELL_TEXT},
	    {"FROM", "from", XN_CELL_TEXT}, {"TO", "to", XN_CELL_TEXT},
	    {"GRID MAX", "grid_max_w", XN_CELL_WATTS}, {"REDUCE", "reduce_w", XN_CELL_WATTS}};
	json_t *rows = week_rows(json_object_get(plan, "week"));

	draw_head(plan);
	if (json_array_size(json_object_get(plan, "bands")) > 0)
		draw_section(rows, week, COUNT(week));
	json_decref(rows);
	draw_section(json_object_get(plan, "bands"), bands, COUNT(bands));
	if (json_is_object(xn_field(plan, "carbon.location")))
		putchar('\n');
	draw_factor(plan, "carbon.location", "grid      ");
	draw_factor(plan, "carbon.residual", "residual  ");
	draw_section(json_object_get(plan, "targets"), targets, COUNT(targets));
	draw_section(json_object_get(plan, "renewable"), renewable, COUNT(renewable));
	draw_section(json_object_get(plan, "events"), events, COUNT(events));
}

static int
print_plan(const struct xn_cli *cli, const json_t *plan)
{
	enum xn_format format;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_JSON)
		xn_table_json(plan);
	else
		draw(plan);
	return XN_EXIT_OK;
}

/* The plan of a file, as JSON; NULL with *ret_code. */
static json_t *
view_file(const char *path, int *ret_code)
{
	struct xn_arena arena;
	struct xn_cli_plan_file *files;
	const struct xn_energy_plan *plan;
	json_t *view = NULL;

	xn_arena_map(&arena, XN_CLI_ENERGY_PLAN_ARENA_SIZE);
	plan = xn_cli_energy_plan_use(&arena, path, &files, ret_code);
	if (plan != NULL)
		view = xn_plan_view(
		    plan, (xn_instant){(int64_t)time(NULL) * 1000}, xn_energy_plan_offset(plan));
	xn_arena_unmap(&arena);
	return view;
}

static int
show(struct xn_cli *cli)
{
	json_t *view;
	int code;

	if (!xn_client_arguments(cli, 0, 1))
		return XN_EXIT_USAGE;
	if (cli->argument_count == 0)
		return xn_ask(cli, "/energy-plan", print_plan);
	view = view_file(cli->arguments[0], &code);
	if (view != NULL)
		code = print_plan(cli, view);
	json_decref(view);
	return code;
}

/* ---- diff: each plan as a list of facts ---- */

/* "mon-sat" of seven switches; days that do not follow each other are listed. */
static void
days_text(const json_t *set, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (int day = 0; day < 7; day++) {
		int last = day;

		if (json_object_get(set, days[day]) == NULL)
			continue;
		while (last < 6 && json_object_get(set, days[last + 1]) != NULL)
			last++;
		used +=
		    (size_t)snprintf(ret_text + used, size - used, "%s%s%s%s", used > 0 ? "," : "",
			days[day], last > day ? "-" : "", last > day ? days[last] : "");
		day = last;
	}
}

static void
add_fact(json_t *facts, const char *before, const char *text)
{
	json_t *fact = json_sprintf("%s%s", before, text);

	json_array_append_new(facts, fact == NULL ? json_string(before) : fact);
}

static void
add_week_facts(json_t *facts, const json_t *week)
{
	json_t *pieces = json_object();
	const json_t *piece;
	json_t *set;
	const char *key;
	size_t i;

	json_array_foreach(week, i, piece)
	{
		char hours[160];

		snprintf(hours, sizeof(hours), "%s-%s %s", xn_field_text(piece, "from"),
		    xn_field_text(piece, "to"), xn_field_text(piece, "band"));
		if (json_object_get(pieces, hours) == NULL)
			json_object_set_new(pieces, hours, json_object());
		json_object_set_new(
		    json_object_get(pieces, hours), xn_field_text(piece, "day"), json_true());
	}
	json_object_foreach(pieces, key, set)
	{
		char text[64];

		days_text(set, text, sizeof(text));
		json_array_append_new(facts, json_sprintf("hours %s %s", text, key));
	}
	json_decref(pieces);
}

/* A row of a list in one line: "band peak, kind peak, price_vnd_kwh 3398". */
static void
add_row(json_t *facts, const char *before, const json_t *row)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);
	const char *key;
	const json_t *value;
	const char *between = "";

	if (out == NULL)
		return;
	json_object_foreach((json_t *)(uintptr_t)row, key, value)
	{
		char *text =
		    xn_cell_text(value, json_is_integer(value) ? XN_CELL_VND : XN_CELL_COUNT);

		if (!json_is_null(value) && strcmp(text, "-") != 0) {
			fprintf(out, "%s%s %s", between, key, text);
			between = ", ";
		}
		free(text);
	}
	if (fclose(out) == 0)
		add_fact(facts, before, line);
	free(line);
}

/* One fact of each thing below `value`, rows of lists by what they say. */
static void
add_facts(json_t *facts, const char *path, const json_t *value)
{
	const char *key;
	const json_t *child;
	size_t i;
	char below[256];
	char *text;

	if (json_is_object(value) && path[0] != '\0' && path[strlen(path) - 2] == ':') {
		add_row(facts, path, value);
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)(uintptr_t)value, key, child)
		{
			if (strcmp(key, "week") == 0 || strcmp(key, "week_of") == 0 ||
			    strcmp(key, "yaml") == 0)
				continue;
			snprintf(below, sizeof(below), "%s%.64s ", path, key);
			add_facts(facts, below, child);
		}
	} else if (json_is_array(value)) {
		snprintf(below, sizeof(below), "%.*s: ", (int)strlen(path) - 1, path);
		json_array_foreach(value, i, child) add_facts(facts, below, child);
	} else if (!json_is_null(value)) {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
		add_fact(facts, path, text == NULL ? "" : text);
		free(text);
	}
}

static json_t *
facts_of(const json_t *plan)
{
	json_t *facts = json_array();

	add_facts(facts, "", plan);
	add_week_facts(facts, json_object_get(plan, "week"));
	return facts;
}

static bool
holds(const json_t *facts, const json_t *fact)
{
	const json_t *other;
	size_t i;

	json_array_foreach(facts, i, other) if (json_equal(other, fact)) return true;
	return false;
}

static unsigned
print_missing(const json_t *facts, const json_t *others, char sign)
{
	const json_t *fact;
	unsigned count = 0;
	size_t i;

	json_array_foreach(facts, i, fact)
	{
		if (holds(others, fact))
			continue;
		printf("%c ", sign);
		xn_cli_print_escaped(stdout, json_string_value(fact));
		putchar('\n');
		count++;
	}
	return count;
}

/* What a kWh costs a load that is the same at all hours; 0: no bands. */
static double
flat_price(const json_t *plan)
{
	const json_t *band;
	double cost = 0;
	double hours = 0;
	size_t i;

	json_array_foreach(json_object_get(plan, "bands"), i, band)
	{
		cost += xn_field_number(band, "price_vnd_kwh") *
		    xn_field_number(band, "hours_per_week");
		hours += xn_field_number(band, "hours_per_week");
	}
	return hours > 0 ? cost / hours : 0;
}

static int
compare(const json_t *old, const json_t *new)
{
	json_t *before = facts_of(old);
	json_t *after = facts_of(new);
	unsigned count = print_missing(before, after, '-');
	double was = flat_price(old);
	double is = flat_price(new);

	count += print_missing(after, before, '+');
	json_decref(before);
	json_decref(after);
	if (count == 0) {
		puts("no difference");
		return XN_EXIT_OK;
	}
	if (was > 0 && is > 0)
		printf("a load that is the same at all hours pays %.1f -> %.1f VND/kWh (%+.1f %%), "
		       "%+.0f VND a year for each kW, before VAT\n",
		    was, is, (is / was - 1) * 100, (is - was) * 8760);
	return XN_EXIT_CHANGES;
}

/* Against the plan in force, which this keeps for compare. */
static int
print_against(const struct xn_cli *cli, const json_t *applied)
{
	json_t *view;
	int code;

	view = view_file(cli->arguments[0], &code);
	if (view != NULL)
		code = compare(applied, view);
	json_decref(view);
	return code;
}

static int
diff(struct xn_cli *cli)
{
	json_t *old;
	json_t *new;
	int code;

	if (!xn_client_arguments(cli, 1, 2))
		return XN_EXIT_USAGE;
	if (cli->argument_count == 1)
		return xn_ask(cli, "/energy-plan", print_against);
	old = view_file(cli->arguments[0], &code);
	new = old == NULL ? NULL : view_file(cli->arguments[1], &code);
	if (new != NULL)
		code = compare(old, new);
	json_decref(old);
	json_decref(new);
	return code;
}

const struct xn_cli_command xn_cli_energy_plan_show = {
    .noun = "energy-plan",
    .verb = "show",
    .arguments = "[FILE]",
    .summary =
	"the bands of a week, prices, factors and targets of a file, or of the plan in force",
    .examples = "xanh energy-plan show deploy/examples/energy-plan.yaml",
    .options = {XN_ASK_OPTIONS},
    .run = show,
};

const struct xn_cli_command xn_cli_energy_plan_diff = {
    .noun = "energy-plan",
    .verb = "diff",
    .arguments = "[OLD] NEW",
    .summary = "what a plan changes against another file or the plan in force, and its price",
    .examples = "xanh energy-plan diff next-quarter.yaml",
    .options = {XN_ASK_OPTIONS},
    .run = diff,
};
