/* Writing reports: a PDF of 100 pages against cairo showing the same cells one by one, a sheet of
 * 100,000 rows against a bare loop over the library that writes it. */
#include <cairo-pdf.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>

#include "tests/bench/bench.h"
#include "tests/lib/paper.h"

enum { PDF_ROWS = 4960, PDF_ROWS_A_PAGE = 48, XLSX_ROWS = 100000 };

static struct xn_arena arena;

static double
resident_mb(const char *name)
{
	char line[256];
	double kb = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtod(line + strlen(name) + 1, NULL);
	if (file)
		fclose(file);
	return kb / 1024;
}

/* From here on the peak is a new one. */
static void
forget_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "w");

	if (!file)
		return;
	fputs("5", file);
	fclose(file);
}

struct cost {
	double cpu, mb, bytes;
};

static struct cost
write_report(const struct xn_document *document, enum xn_report_format format)
{
	struct xn_error err = {0};
	struct cost cost = {0};
	FILE *out = tmpfile();
	double start, before;
	int code = XN_OK;

	if (!out)
		abort();
	forget_peak();
	before = resident_mb("VmRSS");
	start = bench_cpu();
	if (format == XN_REPORT_PDF)
		code = xn_report_pdf(document, XN_LANGUAGE_VI, out, &err);
	else if (format == XN_REPORT_XLSX)
		code = xn_report_xlsx(document, XN_LANGUAGE_VI, out, &err);
	else if (format == XN_REPORT_JSON)
		code = xn_report_json(document, out, &err);
	else
		code = xn_report_csv(document, NULL, out, &err);
	cost.cpu = bench_cpu() - start;
	if (code != XN_OK)
		abort();
	cost.mb = resident_mb("VmHWM") - before;
	cost.bytes = (double)ftell(out);
	fclose(out);
	return cost;
}

static void
plain_text(
    char ret_text[64], const struct xn_table *table, uint32_t column, const struct xn_cell *cell)
{
	if (cell->none)
		ret_text[0] = '\0';
	else if (table->fields[column].kind == XN_FIELD_TEXT)
		snprintf(ret_text, 64, "%s", cell->text);
	else if (table->fields[column].kind == XN_FIELD_NUMBER)
		xn_document_number(
		    ret_text, 64, &table->fields[column], cell, XN_LANGUAGE_VI, true);
	else
		snprintf(ret_text, 64, "01/11/2026 00:00");
}

static cairo_status_t
swallow(void *closure, const unsigned char *bytes, unsigned length)
{
	(void)closure;
	(void)bytes;
	(void)length;
	return CAIRO_STATUS_SUCCESS;
}

static double
bare_pdf(const struct xn_table *table)
{
	double start = bench_cpu();
	cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(swallow, NULL, 595, 842);
	cairo_t *cr = cairo_create(surface);
	const struct xn_cell *cell = table->cells;
	char text[64];

	cairo_select_font_face(
	    cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cr, 7.5);
	for (uint32_t row = 0; row < table->row_count; row++) {
		for (uint32_t i = 0; i < table->field_count; i++, cell++) {
			plain_text(text, table, i, cell);
			cairo_move_to(cr, 40 + 50 * i, 60 + 14 * (row % PDF_ROWS_A_PAGE));
			cairo_show_text(cr, text);
		}
		if (row % PDF_ROWS_A_PAGE == PDF_ROWS_A_PAGE - 1)
			cairo_show_page(cr);
	}
	cairo_destroy(cr);
	cairo_surface_finish(surface);
	cairo_surface_destroy(surface);
	return bench_cpu() - start;
}

/* The same number that the report writes. */
static double
bare_value(const struct xn_field *field, const struct xn_cell *cell)
{
	double value = (double)cell->scaled;

	if (field->kind != XN_FIELD_NUMBER)
		return value / 86400000 + 25569;
	for (int i = 0; i < field->decimals; i++)
		value /= 10;
	return value;
}

static double
bare_xlsx(const struct xn_table *table)
{
	double start = bench_cpu();
	lxw_workbook_options options = {.constant_memory = LXW_TRUE};
	FILE *out = tmpfile();
	const struct xn_cell *cell = table->cells;
	lxw_workbook *book;
	lxw_worksheet *sheet;
	char path[40];

	if (!out)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(out));
	book = workbook_new_opt(path, &options);
	sheet = workbook_add_worksheet(book, NULL);
	for (uint32_t row = 0; row < table->row_count; row++)
		for (uint32_t i = 0; i < table->field_count; i++, cell++) {
			lxw_col_t column = (lxw_col_t)i;
			double value = bare_value(&table->fields[i], cell);

			if (cell->none)
				continue;
			if (table->fields[i].kind == XN_FIELD_TEXT)
				worksheet_write_string(sheet, row, column, cell->text, NULL);
			else
				worksheet_write_number(sheet, row, column, value, NULL);
		}
	workbook_close(book);
	fclose(out);
	return bench_cpu() - start;
}

static void
print(const char *what, struct cost cost)
{
	char name[96];

	bench_print(what, cost.cpu, "CPU s");
	snprintf(name, sizeof(name), "%s, size", what);
	bench_print(name, cost.bytes / 1e6, "MB");
	snprintf(name, sizeof(name), "%s, memory", what);
	bench_print(name, cost.mb, "MB");
}

int
main(void)
{
	struct xn_document *document;
	struct cost cost;

	xn_arena_map(&arena, (size_t)256 << 20);
	document = paper_new(&arena, PDF_ROWS, 1);
	cost = write_report(document, XN_REPORT_PDF);
	print("report, PDF of 100 pages", cost);
	bench_print("report, PDF of 100 pages / cairo_show_text a cell",
	    cost.cpu / bare_pdf(document->tables), "ratio");

	xn_arena_reset(&arena);
	document = paper_new(&arena, XLSX_ROWS, 1);
	cost = write_report(document, XN_REPORT_XLSX);
	print("report, XLSX of 100,000 rows", cost);
	bench_print("report, XLSX of 100,000 rows / bare libxlsxwriter",
	    cost.cpu / bare_xlsx(document->tables), "ratio");
	print("report, CSV of 100,000 rows", write_report(document, XN_REPORT_CSV));
	print("report, JSON of 100,000 rows", write_report(document, XN_REPORT_JSON));
	return 0;
}
