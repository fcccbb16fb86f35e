#include "orchestrator/cli/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/text.h"

#define COLUMNS_MAX 24

/* ---- JSON ---- */

const json_t *
xn_field(const json_t *object, const char *field)
{
	const char *dot = strchr(field, '.');
	char head[64];

	if (dot == NULL)
		return json_object_get(object, field);
	snprintf(head, sizeof(head), "%.*s", (int)(dot - field), field);
	return xn_field(json_object_get(object, head), dot + 1);
}

const char *
xn_field_text(const json_t *object, const char *field)
{
	const char *text = json_string_value(xn_field(object, field));

	return text != NULL ? text : "";
}

double
xn_field_number(const json_t *object, const char *field)
{
	return json_number_value(xn_field(object, field));
}

void
xn_table_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(1) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	putchar('\n');
}

/* ---- cells ---- */

static void
write_watts(FILE *out, double watts)
{
	if (fabs(watts) >= 10000)
		fprintf(out, "%.2f kW", watts / 1000);
	else
		fprintf(out, "%.1f W", watts);
}

/* xanhd says times in the site's zone; so do we, without the day when it is today there. */
static void
write_time(FILE *out, const char *text)
{
	time_t now = time(NULL);
	struct tm tm = {.tm_isdst = 0}, today;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long hours = 0, minutes = 0;
	char shown[32];

	if (rest == NULL) {
		xn_cli_print_escaped(out, text);
		return;
	}
	rest += strspn(rest, ".0123456789");
	if (*rest == '+' || *rest == '-')
		sscanf(rest + 1, "%2ld:%2ld", &hours, &minutes);
	now += (*rest == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	gmtime_r(&now, &today);
	strftime(shown, sizeof(shown),
	    tm.tm_mday == today.tm_mday && tm.tm_mon == today.tm_mon && tm.tm_year == today.tm_year
		? "%H:%M:%S"
		: "%Y-%m-%d %H:%M",
	    &tm);
	fputs(shown, out);
}

static void
write_text(FILE *out, const json_t *value, enum xn_cell_kind cell)
{
	if (cell == XN_CELL_TIME)
		write_time(out, json_string_value(value));
	else if (json_string_length(value) == 0)
		fputc('-', out);
	else
		xn_cli_print_escaped(out, json_string_value(value));
}

static void
write_number(FILE *out, double number, enum xn_cell_kind cell)
{
	switch (cell) {
	case XN_CELL_WATTS: write_watts(out, number); return;
	case XN_CELL_CELSIUS:
		fprintf(out,
		    "%.1f \xc2\xb0"
		    "C",
		    number);
		return;
	case XN_CELL_CORES: fprintf(out, "%.2f", number); return;
	case XN_CELL_MIB: fprintf(out, "%.0f MiB", number); return;
	case XN_CELL_WH: fprintf(out, "%.1f Wh", number); return;
	case XN_CELL_KWH: fprintf(out, "%.3f kWh", number); return;
	case XN_CELL_KW: write_watts(out, number * 1000); return;
	case XN_CELL_SHARE: fprintf(out, "%.1f %%", number * 100); return;
	case XN_CELL_VND: fprintf(out, "%.0f", number); return;
	case XN_CELL_TEXT:
	case XN_CELL_COUNT:
	case XN_CELL_YES:
	case XN_CELL_TIME: break;
	}
	fprintf(out, "%g", number);
}

static void
write_list(FILE *out, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (i > 0)
			fputc(' ', out);
		write_text(out, item, XN_CELL_TEXT);
	}
}

char *
xn_cell_text(const json_t *value, enum xn_cell_kind cell)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	if (json_is_string(value))
		write_text(out, value, cell);
	else if (json_is_number(value))
		write_number(out, json_number_value(value), cell);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "yes" : "no", out);
	else if (json_is_array(value) && json_array_size(value) > 0)
		write_list(out, value);
	else
		fputc('-', out);
	fclose(out);
	return text;
}

void
xn_cell_print(const json_t *object, const char *field, enum xn_cell_kind cell)
{
	char *text = xn_cell_text(xn_field(object, field), cell);

	fputs(text, stdout);
	free(text);
}

/* ---- colours ---- */

const char *
xn_paint(const char *word)
{
	static const char *const good[] = {"running", "fresh", "up", "ok", "done", "good"};
	static const char *const bad[] = {"down", "failed", "critical", "stopped", "lost"};

	if (!xn_cli_colour(stdout))
		return "";
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (strcmp(word, good[i]) == 0)
			return "\x1b[32m";
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (strcmp(word, bad[i]) == 0)
			return "\x1b[31m";
	return "\x1b[33m";
}

const char *
xn_paint_end(void)
{
	return xn_cli_colour(stdout) ? "\x1b[0m" : "";
}

/* ---- tables ---- */

static size_t
width_of(const char *text)
{
	const char *end = text + strlen(text);
	size_t width = 0;

	while (text < end)
		width += xn_text_columns(xn_utf8_take(&text, end));
	return width;
}

static bool
to_the_right(enum xn_cell_kind cell)
{
	return cell != XN_CELL_TEXT && cell != XN_CELL_YES && cell != XN_CELL_TIME;
}

static void
draw_cell(const char *text, enum xn_cell_kind cell, size_t width, bool last)
{
	size_t own = width_of(text);
	int blanks = own < width ? (int)(width - own) : 0;

	if (to_the_right(cell))
		printf("%*s%s", blanks, "", text);
	else
		printf("%s%*s", text, last ? 0 : blanks, "");
	fputs(last ? "\n" : "  ", stdout);
}

static void
measure(const json_t *rows, const struct xn_column *columns, size_t count, size_t *ret_widths)
{
	size_t i;
	json_t *row;

	for (size_t c = 0; c < count; c++)
		ret_widths[c] = width_of(columns[c].title);
	json_array_foreach(rows, i, row)
	{
		for (size_t c = 0; c < count; c++) {
			char *text = xn_cell_text(xn_field(row, columns[c].field), columns[c].cell);

			if (width_of(text) > ret_widths[c])
				ret_widths[c] = width_of(text);
			free(text);
		}
	}
}

void
xn_table_draw(const json_t *rows, const struct xn_column *columns, size_t count)
{
	size_t widths[COLUMNS_MAX];
	size_t i;
	json_t *row;

	if (count > COLUMNS_MAX)
		abort();
	measure(rows, columns, count, widths);
	if (xn_cli_colour(stdout))
		fputs("\x1b[1m", stdout);
	for (size_t c = 0; c < count; c++)
		draw_cell(columns[c].title, columns[c].cell, widths[c], c + 1 == count);
	fputs(xn_paint_end(), stdout);
	json_array_foreach(rows, i, row)
	{
		for (size_t c = 0; c < count; c++) {
			char *text = xn_cell_text(xn_field(row, columns[c].field), columns[c].cell);

			draw_cell(text, columns[c].cell, widths[c], c + 1 == count);
			free(text);
		}
	}
}

/* ---- CSV (RFC 4180): raw values, and field names that hold their units ---- */

static void
draw_csv_text(const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void
draw_csv_value(const json_t *value)
{
	if (json_is_string(value))
		draw_csv_text(json_string_value(value));
	else if (json_is_integer(value))
		printf("%lld", (long long)json_integer_value(value));
	else if (json_is_number(value))
		printf("%.12g", json_number_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", stdout);
	else if (json_is_array(value)) {
		char *text = xn_cell_text(value, XN_CELL_TEXT);

		draw_csv_text(text);
		free(text);
	}
}

static void
draw_csv(const json_t *rows, const struct xn_column *columns, size_t count)
{
	size_t i;
	json_t *row;

	for (size_t c = 0; c < count; c++)
		printf("%s%s", columns[c].field, c + 1 == count ? "\n" : ",");
	json_array_foreach(rows, i, row)
	{
		for (size_t c = 0; c < count; c++) {
			draw_csv_value(xn_field(row, columns[c].field));
			putchar(c + 1 == count ? '\n' : ',');
		}
	}
}

bool
xn_table_format(const struct xn_cli *cli, enum xn_format *ret_format)
{
	static const char *const words[] = {"table", "json", "csv"};
	const char *word = xn_cli_option(cli, "output");

	*ret_format = XN_FORMAT_TABLE;
	if (word == NULL)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_format = (enum xn_format)i;
			return true;
		}
	}
	fputs("xanh: -o is table, json or csv, not '", stderr);
	xn_cli_print_escaped(stderr, word);
	fputs("'\n", stderr);
	return false;
}

int
xn_table_print(const struct xn_cli *cli, const json_t *rows, const struct xn_column *columns,
    size_t count, const char *empty)
{
	enum xn_format format;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (format == XN_FORMAT_JSON)
		xn_table_json(rows);
	else if (format == XN_FORMAT_CSV)
		draw_csv(rows, columns, count);
	else if (json_array_size(rows) == 0)
		fprintf(stderr, "%s\n", empty);
	else
		xn_table_draw(rows, columns, count);
	return XN_EXIT_OK;
}
