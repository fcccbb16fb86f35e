/* Forecasts: the next hours as the books' past has them, and how such forecasts did. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cli/ask.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/table.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define COLUMNS_MAX   12
#define BAR_WIDTH     32
#define KIND_ARGUMENT "[load|it|pv|temperature|demand]"

/* ---- columns: fields end with the answer's unit ---- */

struct measure {
	const char *title;
	const char *field; /* without its unit */
	bool in_table;     /* else in CSV alone */
};

static const struct measure measures[] = {
    {"MEAN", "mean", true},
    {"LOW 80 %", "low80", false},
    {"HIGH 80 %", "high80", false},
    {"LOW 95 %", "low95", true},
    {"HIGH 95 %", "high95", true},
    {"LAST WEEK", "last_week", true},
};

static const struct measure of_file[] = {
    {"PLAN'S FILE", "file", true},
    {"LOW", "file_low", false},
    {"HIGH", "file_high", false},
};

struct columns {
	struct xn_column items[COLUMNS_MAX];
	char fields[COLUMNS_MAX][32];
	size_t count;
};

static bool
is_celsius(const json_t *answer)
{
	return strcmp(xn_field_text(answer, "unit"), "kW") != 0;
}

static void
add(struct columns *columns, const char *title, const char *field, enum xn_cell_kind cell)
{
	char *kept = columns->fields[columns->count];

	snprintf(kept, sizeof(columns->fields[0]), "%s", field);
	columns->items[columns->count++] = (struct xn_column){title, kept, cell};
}

static void
add_measures(struct columns *columns, const json_t *answer, const struct measure *list,
    size_t count, bool csv)
{
	for (size_t i = 0; i < count; i++) {
		char field[32];

		snprintf(
		    field, sizeof(field), "%s_%s", list[i].field, is_celsius(answer) ? "c" : "kw");
		if (csv || list[i].in_table)
			add(columns, list[i].title, field,
			    is_celsius(answer) ? XN_CELL_CELSIUS : XN_CELL_KW);
	}
}

/* ---- bars: full up to the mean, light up to the upper limit ---- */

static double
field_of(const json_t *row, const char *name, bool celsius)
{
	char field[32];
	const json_t *value;

	snprintf(field, sizeof(field), "%s_%s", name, celsius ? "c" : "kw");
	value = xn_field(row, field);
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void
set_bar(json_t *row, double mean, double high, double least, double most)
{
	char bar[BAR_WIDTH * 3 + 1] = "";
	double scale = most > least ? BAR_WIDTH / (most - least) : 0;

	for (int mark = 0; mark < BAR_WIDTH; mark++) {
		double at = least + (mark + 0.5) / (scale > 0 ? scale : 1);

		if (at > mean && !(at <= high))
			break;
		strcat(bar, at <= mean ? "\xe2\x96\x88" : "\xe2\x96\x91");
	}
	json_object_set_new(row, "bar", json_string(bar[0] == '\0' ? " " : bar));
}

/* Powers begin with 0, temperatures with the lowest there is. */
static void
set_bars(json_t *rows, bool celsius)
{
	double least = celsius ? 1e9 : 0, most = -1e9;
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		double mean = field_of(row, "mean", celsius), low = field_of(row, "low95", celsius);
		double high = field_of(row, "high95", celsius);

		least = fmin(least, fmin(low, mean));
		most = fmax(most, fmax(high, mean));
	}
	json_array_foreach(rows, i, row) set_bar(
	    row, field_of(row, "mean", celsius), field_of(row, "high95", celsius), least, most);
}

/* ---- show ---- */

static void
say_history(const json_t *answer)
{
	fprintf(stderr, "%s, %s, from %.1f days of history (%g gaps)",
	    xn_field_text(answer, "kind"), xn_field_text(answer, "unit"),
	    xn_field_number(answer, "history.days"), xn_field_number(answer, "history.gaps"));
}

static void
say_show(const json_t *answer)
{
	char *from = xn_cell_text(xn_field(answer, "from"), XN_CELL_TIME);
	char *to = xn_cell_text(xn_field(answer, "to"), XN_CELL_TIME);

	fprintf(stderr, "%s to %s, behind the last that is booked\n", from, to);
	free(from);
	free(to);
	say_history(answer);
	fprintf(stderr, ": %s%s\n%s\n", xn_field_text(answer, "method"),
	    json_is_true(xn_field(answer, "naive")) ? ", naive" : "",
	    xn_field_text(answer, "note"));
}

static void
print_demand(const json_t *answer)
{
	static const struct xn_column highest[] = {{"HIGHEST", "forecast_kw", XN_CELL_KW},
	    {"AT", "forecast_at", XN_CELL_TIME}, {"LOW 95 %", "low95_kw", XN_CELL_KW},
	    {"HIGH 95 %", "high95_kw", XN_CELL_KW},
	    {"UPPER LIMIT OF ALL", "highest_high95_kw", XN_CELL_KW},
	    {"PLAN'S LIMIT", "limit_kw", XN_CELL_KW}, {"EXCEEDS", "exceeds", XN_CELL_TEXT}};
	static const struct xn_column months[] = {{"MONTH", "month", XN_CELL_TEXT},
	    {"BOOKED", "booked_kw", XN_CELL_KW}, {"AT", "booked_at", XN_CELL_TIME},
	    {"FORECAST", "forecast_kw", XN_CELL_KW}, {"AT", "forecast_at", XN_CELL_TIME},
	    {"HIGH 95 %", "high95_kw", XN_CELL_KW}, {"RAISES", "raises", XN_CELL_TEXT},
	    {"VND/KW", "demand_vnd_kw", XN_CELL_VND}};
	static const struct xn_column events[] = {{"EVENT", "name", XN_CELL_TEXT},
	    {"FROM", "from", XN_CELL_TIME}, {"TO", "to", XN_CELL_TIME},
	    {"AT MOST", "grid_max_kw", XN_CELL_KW}, {"REDUCE BY", "reduce_kw", XN_CELL_KW},
	    {"FORECAST", "forecast_kw", XN_CELL_KW}, {"HIGH 95 %", "high95_kw", XN_CELL_KW},
	    {"EXCEEDS", "exceeds", XN_CELL_TEXT}};
	json_t *one = json_pack("[O]", json_object_get(answer, "highest"));

	putchar('\n');
	xn_table_draw(one, highest, COUNT(highest));
	putchar('\n');
	xn_table_draw(json_object_get(answer, "months"), months, COUNT(months));
	if (json_array_size(json_object_get(answer, "events")) > 0) {
		putchar('\n');
		xn_table_draw(json_object_get(answer, "events"), events, COUNT(events));
	}
	json_decref(one);
}

static int
print_show(const struct xn_cli *cli, const json_t *answer)
{
	struct columns columns = {.count = 0};
	enum xn_format format;
	json_t *rows;
	int code;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_JSON) {
		xn_table_json(answer);
		return XN_EXIT_OK;
	}
	say_show(answer);
	add(&columns, "START", "start", XN_CELL_TIME);
	if (format == XN_FORMAT_CSV)
		add(&columns, "END", "end", XN_CELL_TIME);
	add_measures(&columns, answer, measures, COUNT(measures), format == XN_FORMAT_CSV);
	if (json_is_string(xn_field(answer, "file")))
		add_measures(&columns, answer, of_file, COUNT(of_file), format == XN_FORMAT_CSV);
	rows = json_deep_copy(json_object_get(answer, "rows"));
	if (format == XN_FORMAT_TABLE && isatty(STDOUT_FILENO)) {
		set_bars(rows, is_celsius(answer));
		add(&columns, "", "bar", XN_CELL_TEXT);
	}
	code = xn_table_print(cli, rows, columns.items, columns.count, "there is no forecast");
	json_decref(rows);
	if (format == XN_FORMAT_TABLE && json_is_object(xn_field(answer, "highest")))
		print_demand(answer);
	return code;
}

static const char *
kind_of(const struct xn_cli *cli)
{
	return cli->argument_count > 0 ? cli->arguments[0] : "load";
}

static int
show(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 1))
		return XN_EXIT_USAGE;
	return xn_ask_about(cli, "/forecast/", kind_of(cli), "", print_show);
}

const struct xn_cli_command xn_cli_forecast_show = {
    .noun = "forecast",
    .verb = "show",
    .arguments = KIND_ARGUMENT,
    .summary = "the next hours with their bands, and the same slot last week beside",
    .examples = "xanh forecast show\nxanh forecast show demand --hours 24\n"
		"xanh forecast show pv -o csv > pv.csv\n"
		"xanh forecast show it --state /srv/copy-of-state",
    .options = {XN_ASK_OPTIONS,
	{.name = "hours", .value = "HOURS", .help = "1 to 48; 48 if not given"}},
    .run = show,
};

/* ---- check ---- */

static void
say_score(const json_t *answer)
{
	bool celsius = is_celsius(answer);
	const char *unit = xn_field_text(answer, "unit");
	const json_t *score = xn_field(answer, "score");

	printf("\n%g days: error %.3g %s (bias %+.3g), last week's %.3g %s",
	    xn_field_number(answer, "days"), field_of(score, "mae", celsius), unit,
	    field_of(score, "bias", celsius), field_of(score, "last_week_mae", celsius), unit);
	if (json_is_number(xn_field(score, "skill")))
		printf(", skill %.2f", xn_field_number(score, "skill"));
	if (json_is_number(xn_field(score, "coverage95")))
		printf("; in the 80 %% band %.1f %%, in the 95 %% band %.1f %%",
		    xn_field_number(score, "coverage80") * 100,
		    xn_field_number(score, "coverage95") * 100);
	printf("\n%s\n",
	    json_is_true(xn_field(answer, "better")) ? "better than last week's slot"
						     : "no better than last week's slot");
}

static int
print_check(const struct xn_cli *cli, const json_t *answer)
{
	static const struct measure errors[] = {
	    {"ERROR", "mae", true}, {"BIAS", "bias", true}, {"LAST WEEK'S", "last_week_mae", true}};
	struct columns columns = {.count = 0};
	enum xn_format format;
	int code;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_JSON) {
		xn_table_json(answer);
		return XN_EXIT_OK;
	}
	say_history(answer);
	fputs("; each day from what was booked before its midnight\n", stderr);
	add(&columns, "DAY", "day", XN_CELL_TEXT);
	add(&columns, "METHOD", "method", XN_CELL_TEXT);
	add_measures(&columns, answer, errors, COUNT(errors), format == XN_FORMAT_CSV);
	add(&columns, "SKILL", "skill", XN_CELL_SHARE);
	add(&columns, "ERROR %", "mape", XN_CELL_SHARE);
	add(&columns, "IN 80 %", "coverage80", XN_CELL_SHARE);
	add(&columns, "IN 95 %", "coverage95", XN_CELL_SHARE);
	if (format == XN_FORMAT_CSV)
		add(&columns, "SLOTS", "slots", XN_CELL_COUNT);
	code = xn_table_print(cli, json_object_get(answer, "rows"), columns.items, columns.count,
	    "too little history to score a day: it takes two before it");
	if (format == XN_FORMAT_TABLE && xn_field_number(answer, "score.slots") > 0)
		say_score(answer);
	return code;
}

static int
check(struct xn_cli *cli)
{
	if (!xn_client_arguments(cli, 0, 1))
		return XN_EXIT_USAGE;
	return xn_ask_about(cli, "/forecast/", kind_of(cli), "/score", print_check);
}

const struct xn_cli_command xn_cli_forecast_check = {
    .noun = "forecast",
    .verb = "check",
    .arguments = KIND_ARGUMENT,
    .summary = "how forecasts at each midnight would have done, beside the same slot last week",
    .examples = "xanh forecast check\nxanh forecast check pv --days 28\n"
		"xanh forecast check load --state /srv/copy-of-state -o json",
    .options = {XN_ASK_OPTIONS,
	{.name = "days", .value = "DAYS", .help = "the last ones, 1 to 60; 14 if not given"}},
    .run = check,
};
