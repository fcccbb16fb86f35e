#include "common/csv.h"

#include <string.h>

#include "common/text.h"

/* The end of the field that begins at `start`: a comma or a line's end outside quotes. */
static const char *
field_end(const char *start, const char *end)
{
	bool inside = false;

	for (; start < end && *start != '\n' && (inside || *start != ','); start++)
		if (*start == '"')
			inside = !inside;
	return start;
}

/* A field without its quotes; a doubled quote is one. */
static const char *
field_text(struct xn_arena *arena, const char *start, const char *end)
{
	char *text = xn_arena_take(arena, (size_t)(end - start) + 1, 1);
	bool quoted = start < end && *start == '"';
	size_t size = 0;

	for (const char *from = start + quoted; from < end; from++) {
		if (*from == '\0' || *from == '\r' || (*from == '"' && quoted && from + 1 == end))
			continue;
		if (*from == '"' && quoted && from[1] == '"')
			from++;
		text[size++] = *from;
	}
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

/* Reads one line into `fields`; how many there are, those beyond the last column left out. */
static unsigned
take_row(struct xn_csv *csv)
{
	const char *end = csv->source->bytes + csv->source->size;
	unsigned column = 1;
	unsigned count = 0;
	bool more = true;

	memset(csv->fields, 0, sizeof(csv->fields));
	for (; more; csv->at++) {
		const char *stop = field_end(csv->at, end);
		unsigned width = characters(csv->at, stop);

		if (count < XN_CSV_COLUMNS_MAX)
			csv->fields[count++] = (struct xn_yaml){.kind = XN_YAML_SCALAR,
			    .mark = {csv->source, csv->line, column, width == 0 ? 1 : width},
			    .text = field_text(csv->arena, csv->at, stop)};
		column += width + 1;
		csv->at = stop;
		more = stop < end && *stop == ',';
		if (stop == end)
			break;
	}
	csv->line++;
	for (unsigned i = count; i < XN_CSV_COLUMNS_MAX; i++)
		csv->fields[i] = (struct xn_yaml){
		    .kind = XN_YAML_SCALAR, .mark = {csv->source, csv->line - 1, 1, 1}, .text = ""};
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
