/* Comma-separated values as RFC 4180 has them: CRLF, quotes only where they are needed. */
#include <errno.h>
#include <string.h>

#include "orchestrator/reports/document.h"

static void
put_text(FILE *out, const char *text)
{
	bool quoted = text[strcspn(text, ",\"\r\n")] != '\0';
	const char *end = text + strlen(text);

	if (quoted)
		putc_unlocked('"', out);
	while (text < end) {
		char bytes[4];
		size_t length = xn_document_utf8(bytes, xn_document_character(&text, end));

		if (bytes[0] == '"')
			putc_unlocked('"', out);
		for (size_t i = 0; i < length; i++)
			putc_unlocked(bytes[i], out);
	}
	if (quoted)
		putc_unlocked('"', out);
}

static void
put_cell(FILE *out, const struct xn_document *document, const struct xn_field *field,
    const struct xn_cell *cell)
{
	char text[XN_NUMBER_TEXT_MAX];

	if (cell->none)
		return;
	switch (field->kind) {
	case XN_FIELD_TEXT: put_text(out, cell->text); return;
	case XN_FIELD_NUMBER:
		xn_document_number(text, sizeof(text), field, cell, XN_LANGUAGE_EN, false);
		break;
	case XN_FIELD_INSTANT:
	case XN_FIELD_DATE: xn_document_time(text, document, field->kind, cell->scaled); break;
	}
	fputs_unlocked(text, out);
}

int
xn_report_csv(const struct xn_document *document, const struct xn_table *table, FILE *out,
    struct xn_error *err)
{
	const struct xn_cell *cell;

	if (!table)
		table = document->tables;
	if (!table)
		return xn_fail(err, XN_EINVALID, "this report has no table");

	for (uint32_t i = 0; i < table->field_count; i++) {
		if (i)
			putc_unlocked(',', out);
		put_text(out, table->fields[i].name);
	}
	fputs_unlocked("\r\n", out);
	cell = table->cells;
	for (uint32_t row = 0; row < table->row_count; row++) {
		for (uint32_t i = 0; i < table->field_count; i++, cell++) {
			if (i)
				putc_unlocked(',', out);
			put_cell(out, document, &table->fields[i], cell);
		}
		fputs_unlocked("\r\n", out);
	}
	if (fflush(out) != 0 || ferror(out))
		return xn_fail(err, XN_ESYSTEM, "cannot write the CSV file: %s", strerror(errno));
	return XN_OK;
}
