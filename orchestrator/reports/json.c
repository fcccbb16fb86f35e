/* A document as JSON, schema "xanh.report/1": whole, with the texts of both languages. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "orchestrator/reports/json_text.h"

static const char *const kinds[] = {
    [XN_FIELD_TEXT] = "text",
    [XN_FIELD_NUMBER] = "number",
    [XN_FIELD_INSTANT] = "instant",
    [XN_FIELD_DATE] = "date",
};

void
xn_put_json_text(FILE *out, const char *text)
{
	const char *end;

	if (!text) {
		fputs_unlocked("null", out);
		return;
	}
	putc_unlocked('"', out);
	for (end = text + strlen(text); text < end;) {
		uint32_t character = xn_document_character(&text, end);
		char bytes[4];
		size_t length = xn_document_utf8(bytes, character);

		if (character < ' ') {
			fprintf(out, "\\u%04" PRIx32, character);
			continue;
		}
		if (character == '"' || character == '\\')
			putc_unlocked('\\', out);
		for (size_t i = 0; i < length; i++)
			putc_unlocked(bytes[i], out);
	}
	putc_unlocked('"', out);
}

void
xn_put_json_both(FILE *out, const char *const texts[XN_LANGUAGE_COUNT])
{
	fputs_unlocked("{\"vi\": ", out);
	xn_put_json_text(out, texts[XN_LANGUAGE_VI]);
	fputs_unlocked(", \"en\": ", out);
	xn_put_json_text(out, texts[XN_LANGUAGE_EN]);
	putc_unlocked('}', out);
}

static void
put_named(FILE *out, const char *name, const char *text)
{
	fprintf(out, "  \"%s\": ", name);
	xn_put_json_text(out, text);
	fputs_unlocked(",\n", out);
}

static void
put_head(const struct xn_document *document, FILE *out)
{
	char from[XN_TIME_TEXT_MAX], to[XN_TIME_TEXT_MAX];

	xn_document_time(from, document, XN_FIELD_INSTANT, document->from.ms);
	xn_document_time(to, document, XN_FIELD_INSTANT, document->to.ms);
	fputs_unlocked("{\n  \"schema\": \"xanh.report/1\",\n", out);
	put_named(out, "kind", document->kind);
	put_named(out, "id", document->id);
	fprintf(out, "  \"revision\": %d,\n", document->revision);
	put_named(out, "state", document->state);
	fputs_unlocked("  \"title\": ", out);
	xn_put_json_both(out, document->title);
	fputs_unlocked(",\n  \"site\": ", out);
	xn_put_json_both(out, document->site);
	fprintf(out, ",\n  \"period\": {\"from\": \"%s\", \"to\": \"%s\"},\n", from, to);
	put_named(out, "slice", document->slice);
	fprintf(out, "  \"as_of\": %" PRId64 ",\n  \"complete\": %s,\n", document->as_of,
	    document->complete ? "true" : "false");
	fputs_unlocked("  \"remarks\": [", out);
	for (const struct xn_remark *remark = document->remarks; remark; remark = remark->next) {
		fprintf(out,
		    "%s\n    {\"warning\": %s, \"text\": ", remark == document->remarks ? "" : ",",
		    remark->warning ? "true" : "false");
		xn_put_json_both(out, remark->text);
		putc_unlocked('}', out);
	}
	fputs_unlocked(document->remarks ? "\n  ],\n" : "],\n", out);
}

static void
put_fields(const struct xn_table *table, FILE *out)
{
	for (uint32_t i = 0; i < table->field_count; i++) {
		const struct xn_field *field = &table->fields[i];

		fputs_unlocked(i ? ",\n        {\"name\": " : "\n        {\"name\": ", out);
		xn_put_json_text(out, field->name);
		fputs_unlocked(", \"title\": ", out);
		xn_put_json_both(out, field->title);
		fprintf(out, ", \"kind\": \"%s\"", kinds[field->kind]);
		if (field->kind == XN_FIELD_NUMBER)
			fprintf(out, ", \"decimals\": %d", field->decimals);
		fputs_unlocked(", \"unit\": ", out);
		xn_put_json_text(out, field->unit ? field->unit : "");
		fprintf(out, ", \"required\": %s}", field->required ? "true" : "false");
	}
}

static void
put_value(FILE *out, const struct xn_document *document, const struct xn_field *field,
    const struct xn_cell *cell)
{
	char text[XN_NUMBER_TEXT_MAX];

	if (cell->none) {
		fputs_unlocked("null", out);
	} else if (field->kind == XN_FIELD_TEXT) {
		xn_put_json_text(out, cell->text);
	} else if (field->kind == XN_FIELD_NUMBER) {
		xn_document_number(text, sizeof(text), field, cell, XN_LANGUAGE_EN, false);
		fputs_unlocked(text, out);
	} else {
		xn_document_time(text, document, field->kind, cell->scaled);
		putc_unlocked('"', out);
		fputs_unlocked(text, out);
		putc_unlocked('"', out);
	}
}

/* An object of a row; "_estimated" names the fields that were, when some were. */
static void
put_row(FILE *out, const struct xn_document *document, const struct xn_table *table,
    const struct xn_cell *row)
{
	bool estimated = false;

	for (uint32_t i = 0; i < table->field_count; i++) {
		fputs_unlocked(i ? ", " : "{", out);
		xn_put_json_text(out, table->fields[i].name);
		fputs_unlocked(": ", out);
		put_value(out, document, &table->fields[i], &row[i]);
	}
	for (uint32_t i = 0; i < table->field_count; i++) {
		if (!row[i].estimated)
			continue;
		fputs_unlocked(estimated ? ", " : ", \"_estimated\": [", out);
		xn_put_json_text(out, table->fields[i].name);
		estimated = true;
	}
	fputs_unlocked(estimated ? "]}" : "}", out);
}

static void
put_table(FILE *out, const struct xn_document *document, const struct xn_table *table)
{
	fputs_unlocked("\n    {\n      \"name\": ", out);
	xn_put_json_text(out, table->name);
	fputs_unlocked(",\n      \"title\": ", out);
	xn_put_json_both(out, table->title);
	fputs_unlocked(",\n      \"fields\": [", out);
	put_fields(table, out);
	fputs_unlocked("\n      ],\n      \"rows\": [", out);
	for (uint32_t i = 0; i < table->row_count; i++) {
		fputs_unlocked(i ? ",\n        " : "\n        ", out);
		put_row(out, document, table, table->cells + (size_t)i * table->field_count);
	}
	fputs_unlocked(table->row_count ? "\n      ]\n    }" : "]\n    }", out);
}

int
xn_report_json(const struct xn_document *document, FILE *out, struct xn_error *err)
{
	put_head(document, out);
	fputs_unlocked("  \"tables\": [", out);
	for (const struct xn_table *table = document->tables; table; table = table->next) {
		if (table != document->tables)
			putc_unlocked(',', out);
		put_table(out, document, table);
	}
	fputs_unlocked(document->tables ? "\n  ]\n}\n" : "]\n}\n", out);
	if (fflush(out) != 0 || ferror(out))
		return xn_fail(err, XN_ESYSTEM, "cannot write the JSON file: %s", strerror(errno));
	return XN_OK;
}
