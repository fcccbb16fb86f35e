#include "common/csv.h"

#include <string.h>

#include "common/text.h"

#define CUT        "\u2026" /* ends a cell that is too long, so that it is no number */
#define SUBSTITUTE '\x1a'

static bool
ends_line(const char *at, const char *end)
{
	return at == end || *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] == '\n'));
}

/* Past the closing quote of a cell that opens with one; NULL: nothing closes it where a cell may
 * end. */
static const char *
past_quotes(const char *start, const char *end)
{
	for (const char *at = start + 1; at < end && at - start < XN_CSV_CELL_MAX; at++) {
		if (*at != '"')
			continue;
		at++;
		if (at == end || *at != '"')
			return ends_line(at, end) || *at == ',' ? at : NULL;
	}
	return NULL;
}

static const char *
past_plain(const char *at, const char *end)
{
	while (!ends_line(at, end) && *at != ',')
		at++;
	return at;
}

/* A cell's text; of one in quotes what stands between them, a doubled quote as one. */
static const char *
cell_text(struct xn_arena *arena, const char *start, const char *stop, bool quoted)
{
	bool cut = stop - start > XN_CSV_CELL_MAX;
	size_t size = 0;
	char *text;

	if (quoted)
		start++, stop--;
	if (start == stop)
		return "";
	if (cut)
		stop = start + XN_CSV_CELL_MAX;
	text = xn_arena_take(arena, (size_t)(stop - start) + sizeof(CUT), 1);
	for (; start < stop; start++) {
		/* Text of ours holds no NUL; one that is left out would make a number of two. */
		text[size++] = *start != '\0' ? *start : SUBSTITUTE;
		if (quoted && *start == '"')
			start++;
	}
	if (cut)
		memcpy(text + size, CUT, sizeof(CUT));
	return text;
}

static unsigned
characters(const char *start, const char *end)
{
	unsigned count = 0;

	for (; start < end; count++)
		xn_utf8_take(&start, end);
	return count;
}

/* Reads one cell, which may go over lines, or passes over it; `column` moves to its end. */
static void
take_cell(struct xn_csv *csv, unsigned *column, struct xn_yaml *ret_cell)
{
	const char *end = csv->source->bytes + csv->source->size;
	const char *start = csv->at;
	const char *stop = start < end && *start == '"' ? past_quotes(start, end) : NULL;
	bool quoted = stop != NULL;
	struct xn_mark mark = {csv->source, csv->line, *column, 1};
	const char *line = start, *next;

	if (!quoted)
		stop = past_plain(start, end);
	while ((next = memchr(line, '\n', (size_t)(stop - line))) != NULL) {
		csv->line++;
		line = next + 1;
		*column = 1;
	}
	*column += characters(line, stop);
	if (csv->line == mark.line && *column > mark.column)
		mark.width = *column - mark.column;
	csv->at = stop;
	if (ret_cell != NULL)
		*ret_cell = (struct xn_yaml){.kind = XN_YAML_SCALAR,
		    .mark = mark,
		    .text = cell_text(csv->arena, start, stop, quoted)};
}

/* Reads one row into `fields`; how many there are, those beyond the last column left out. */
static unsigned
take_row(struct xn_csv *csv)
{
	const char *end = csv->source->bytes + csv->source->size;
	const struct xn_mark start = {csv->source, csv->line, 1, 1};
	unsigned column = 1;
	unsigned count = 0;
	bool more = true;

	while (more) {
		bool kept = count < XN_CSV_COLUMNS_MAX;

		take_cell(csv, &column, kept ? &csv->fields[count] : NULL);
		count += kept;
		more = csv->at < end && *csv->at == ',';
		csv->at += more;
		column++;
	}
	if (csv->at < end && *csv->at == '\r')
		csv->at++;
	if (csv->at < end)
		csv->at++;
	csv->line++;
	for (unsigned i = count; i < csv->columns; i++)
		csv->fields[i] =
		    (struct xn_yaml){.kind = XN_YAML_SCALAR, .mark = start, .text = ""};
	return count;
}

void
xn_csv_open(struct xn_csv *csv, struct xn_arena *arena, const struct xn_source *source)
{
	*csv = (struct xn_csv){.arena = arena, .source = source, .at = source->bytes, .line = 1};
	if (source->size >= 3 && memcmp(source->bytes, "\xef\xbb\xbf", 3) == 0)
		csv->at += 3;
	csv->columns = take_row(csv);
	for (unsigned i = 0; i < csv->columns; i++)
		csv->names[i] = csv->fields[i].text;
}

int
xn_csv_column(const struct xn_csv *csv, const char *name)
{
	for (unsigned i = 0; i < csv->columns; i++)
		if (strcmp(csv->names[i], name) == 0)
			return (int)i;
	return -1;
}

bool
xn_csv_next(struct xn_csv *csv)
{
	const char *end = csv->source->bytes + csv->source->size;

	while (csv->at < end)
		if (take_row(csv) > 1 || csv->fields[0].text[0] != '\0')
			return true;
	return false;
}

const struct xn_yaml *
xn_csv_field(const struct xn_csv *csv, const char *name)
{
	int column = xn_csv_column(csv, name);

	return column < 0 ? NULL : &csv->fields[column];
}
