#include "orchestrator/reports/document.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "common/text.h"

enum { ROWS_FIRST = 64, REPLACEMENT = 0xfffd };

struct xn_document *
xn_document_new(struct xn_arena *arena)
{
	struct xn_document *document = xn_new(arena, struct xn_document, 1);

	document->arena = arena;
	return document;
}

void
xn_document_remark(struct xn_document *document, bool warning, const char *vi, const char *en)
{
	struct xn_remark **end = &document->remarks;

	while (*end)
		end = &(*end)->next;
	*end = xn_new(document->arena, struct xn_remark, 1);
	**end = (struct xn_remark){.text = {vi, en}, .warning = warning};
}

struct xn_table *
xn_document_table(struct xn_document *document, const char *name, const char *title_vi,
    const char *title_en, const struct xn_field *fields, uint32_t field_count)
{
	struct xn_table **end = &document->tables;

	while (*end)
		end = &(*end)->next;
	*end = xn_new(document->arena, struct xn_table, 1);
	**end = (struct xn_table){
	    .name = name,
	    .title = {title_vi, title_en},
	    .fields = fields,
	    .field_count = field_count,
	};
	return *end;
}

struct xn_cell *
xn_table_row(struct xn_document *document, struct xn_table *table)
{
	struct xn_cell *row;

	if (table->row_count == table->row_room) {
		uint32_t room = table->row_room ? 2 * table->row_room : ROWS_FIRST;
		struct xn_cell *cells =
		    xn_new(document->arena, struct xn_cell, (size_t)room * table->field_count);

		if (table->row_count)
			memcpy(cells, table->cells,
			    sizeof(*cells) * table->row_count * table->field_count);
		table->cells = cells;
		table->row_room = room;
	}
	row = table->cells + (size_t)table->row_count++ * table->field_count;
	for (uint32_t i = 0; i < table->field_count; i++)
		row[i].none = true;
	return row;
}

struct xn_chart *
xn_document_chart(struct xn_document *document, enum xn_chart_kind kind,
    const struct xn_table *table, uint32_t x, const char *title_vi, const char *title_en)
{
	struct xn_chart **end = &document->charts;

	while (*end)
		end = &(*end)->next;
	*end = xn_new(document->arena, struct xn_chart, 1);
	**end = (struct xn_chart){
	    .title = {title_vi, title_en},
	    .kind = kind,
	    .table = table,
	    .x = x,
	};
	return *end;
}

void
xn_document_number(char *ret_text, size_t size, const struct xn_field *field,
    const struct xn_cell *cell, enum xn_language language, bool grouped)
{
	char text[XN_NUMBER_TEXT_MAX], *at = text + sizeof(text);
	char point = language == XN_LANGUAGE_VI ? ',' : '.';
	char group = language == XN_LANGUAGE_VI ? '.' : ',';
	uint64_t left = cell->scaled < 0 ? -(uint64_t)cell->scaled : (uint64_t)cell->scaled;
	int whole = 0;

	assert(size >= XN_NUMBER_TEXT_MAX && field->decimals <= XN_DECIMALS_MAX);
	if (cell->none) {
		ret_text[0] = '\0';
		return;
	}
	*--at = '\0';
	for (int i = 0; i < field->decimals; i++, left /= 10)
		*--at = (char)('0' + left % 10);
	if (field->decimals > 0)
		*--at = point;
	do {
		if (grouped && whole && whole % 3 == 0)
			*--at = group;
		*--at = (char)('0' + left % 10);
		whole++;
	} while (left /= 10);
	if (cell->scaled < 0)
		*--at = '-';
	memcpy(ret_text, at, (size_t)(text + sizeof(text) - at));
}

uint32_t
xn_document_character(const char **at, const char *end)
{
	uint32_t character;

	if ((unsigned char)**at >= ' ' && (unsigned char)**at < 0x7f)
		return (uint32_t) * (*at)++;
	character = xn_utf8_take(at, end);
	if (character == XN_UTF8_BAD || !xn_text_printable(character))
		return REPLACEMENT;
	return character;
}

size_t
xn_document_utf8(char ret_bytes[4], uint32_t character)
{
	size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	static const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = length; i-- > 1; character >>= 6)
		ret_bytes[i] = (char)(0x80 | (character & 0x3f));
	ret_bytes[0] = (char)(lead[length] | character);
	return length;
}

size_t
xn_document_text(char *ret_text, size_t size, const char *text)
{
	static const char ellipsis[] = "…";
	const char *end = text + strlen(text);
	size_t used = 0, fits = 0;

	assert(size >= sizeof(ellipsis));
	while (text < end) {
		char bytes[4];
		size_t length = xn_document_utf8(bytes, xn_document_character(&text, end));

		if (used + length >= size) {
			memcpy(ret_text + fits, ellipsis, sizeof(ellipsis));
			return fits + sizeof(ellipsis) - 1;
		}
		memcpy(ret_text + used, bytes, length);
		used += length;
		if (used + sizeof(ellipsis) <= size)
			fits = used;
	}
	ret_text[used] = '\0';
	return used;
}

static int64_t
floor_of(int64_t value, int64_t unit)
{
	return value / unit - (value % unit < 0);
}

void
xn_document_time(char ret_text[XN_TIME_TEXT_MAX], const struct xn_document *document,
    enum xn_field_kind kind, int64_t ms)
{
	int64_t local = ms + (int64_t)document->utc_offset_s * 1000;
	time_t second = (time_t)floor_of(local, 1000);
	unsigned part = (unsigned)(local - (int64_t)second * 1000) % 1000;
	unsigned offset = (unsigned)(document->utc_offset_s < 0 ? -document->utc_offset_s
								: document->utc_offset_s);
	struct tm day = {0};
	char fraction[8] = "";

	gmtime_r(&second, &day);
	if (kind == XN_FIELD_DATE) {
		snprintf(ret_text, XN_TIME_TEXT_MAX, "%04d-%02d-%02d", (day.tm_year + 1900) % 10000,
		    day.tm_mon + 1, day.tm_mday);
		return;
	}
	if (part)
		snprintf(fraction, sizeof(fraction), ".%03u", part);
	snprintf(ret_text, XN_TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%s%c%02u:%02u",
	    (day.tm_year + 1900) % 10000, day.tm_mon + 1, day.tm_mday, day.tm_hour, day.tm_min,
	    day.tm_sec, fraction, document->utc_offset_s < 0 ? '-' : '+', offset / 3600 % 100,
	    offset / 60 % 60);
}
