/* Metadata of a CSV file after the W3C's "Metadata Vocabulary for Tabular Data" (2015). */
#include <errno.h>
#include <string.h>

#include "orchestrator/reports/json_text.h"

/* A decimal's format is a number pattern: what its decimals are is checked by whoever reads it. */
static void
put_datatype(FILE *out, const struct xn_field *field)
{
	switch (field->kind) {
	case XN_FIELD_TEXT: fputs("\"string\"", out); return;
	case XN_FIELD_INSTANT: fputs("\"dateTimeStamp\"", out); return;
	case XN_FIELD_DATE: fputs("\"date\"", out); return;
	case XN_FIELD_NUMBER: break;
	}
	if (field->decimals == 0) {
		fputs("\"integer\"", out);
		return;
	}
	fputs("{\"base\": \"decimal\", \"format\": \"0.", out);
	for (int i = 0; i < field->decimals; i++)
		putc('0', out);
	fputs("\"}", out);
}

static void
put_column(FILE *out, const struct xn_field *field)
{
	fputs("\n      {\"name\": ", out);
	xn_put_json_text(out, field->name);
	fputs(", \"titles\": ", out);
	/* The header row holds the name, so it is a title too; a validator compares them. */
	fputs("{\"und\": ", out);
	xn_put_json_text(out, field->name);
	fputs(", \"vi\": ", out);
	xn_put_json_text(out, field->title[XN_LANGUAGE_VI]);
	fputs(", \"en\": ", out);
	xn_put_json_text(out, field->title[XN_LANGUAGE_EN]);
	fputs("}, \"datatype\": ", out);
	put_datatype(out, field);
	fprintf(out, ", \"required\": %s", field->required ? "true" : "false");
	if (field->unit && field->unit[0]) {
		fputs(", \"schema:unitText\": ", out);
		xn_put_json_text(out, field->unit);
	}
	putc('}', out);
}

static void
put_title(FILE *out, const char *text, const char *language)
{
	fputs("{\"@value\": ", out);
	xn_put_json_text(out, text);
	fprintf(out, ", \"@language\": \"%s\"}", language);
}

int
xn_report_csvw(const struct xn_document *document, const struct xn_table *table,
    const char *csv_name, FILE *out, struct xn_error *err)
{
	char from[XN_TIME_TEXT_MAX], to[XN_TIME_TEXT_MAX];

	if (!table)
		table = document->tables;
	if (!table)
		return xn_fail(err, XN_EINVALID, "this report has no table");

	xn_document_time(from, document, XN_FIELD_INSTANT, document->from.ms);
	xn_document_time(to, document, XN_FIELD_INSTANT, document->to.ms);
	fputs("{\n  \"@context\": \"http://www.w3.org/ns/csvw\",\n  \"url\": ", out);
	xn_put_json_text(out, csv_name);
	fputs(",\n  \"dc:title\": [", out);
	put_title(out, table->title[XN_LANGUAGE_VI], "vi");
	fputs(", ", out);
	put_title(out, table->title[XN_LANGUAGE_EN], "en");
	fputs("],\n  \"dc:identifier\": ", out);
	xn_put_json_text(out, document->id);
	fprintf(out, ",\n  \"dc:temporal\": \"%s/%s\",\n", from, to);
	fputs("  \"dialect\": {\"lineTerminators\": [\"\\r\\n\"], \"header\": true},\n", out);
	fputs("  \"tableSchema\": {\n    \"columns\": [", out);
	for (uint32_t i = 0; i < table->field_count; i++) {
		if (i)
			putc(',', out);
		put_column(out, &table->fields[i]);
	}
	fputs("\n    ]\n  }\n}\n", out);
	if (fflush(out) != 0 || ferror(out))
		return xn_fail(err, XN_ESYSTEM, "cannot write the CSVW file: %s", strerror(errno));
	return XN_OK;
}
