/*
 * XLSX: a summary sheet and a sheet of each table, numbers as numbers, times as times. Rows go to
 * the library's unnamed temporary files as they come, so memory does not grow with them.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "orchestrator/reports/words.h"

enum {
	CELL_BYTES_MAX = 32000, /* Excel takes 32,767 characters */
	ROWS_MAX = 1048576 - 2, /* Excel's, less title and header */
	ROWS_MEASURED = 500,    /* a column's width is that of its first rows */
	COLUMN_MIN = 9,         /* in characters */
	COLUMN_MAX = 48,
	DAYS_TO_1970 = 25569, /* of Excel's day count */
};
#define DIGITS_EXACT INT64_C(999999999999999) /* Excel keeps 15 digits of a number */

struct book {
	const struct xn_document *document;
	enum xn_language language;
	lxw_workbook *workbook;
	lxw_format *title, *header, *label, *text, *warning;
	lxw_format *words[2]; /* [0] is none: the library looks a format up for each cell */
	/* [1]: estimated, in italics */
	lxw_format *day[2], *minute[2], *second[2], *number[XN_DECIMALS_MAX + 1][2];
	lxw_error failure; /* the first */
	char cell[CELL_BYTES_MAX];
};

static void
note(struct book *book, lxw_error error)
{
	if (book->failure == LXW_NO_ERROR)
		book->failure = error;
}

static lxw_format *
format_new(struct book *book, bool italic, const char *number, bool right)
{
	lxw_format *format = workbook_add_format(book->workbook);

	if (italic)
		format_set_italic(format);
	if (number)
		format_set_num_format(format, number);
	if (right)
		format_set_align(format, LXW_ALIGN_RIGHT);
	return format;
}

static lxw_format *
number_format(struct book *book, int decimals, bool estimated)
{
	lxw_format **format = &book->number[decimals][estimated];
	char pattern[8 + XN_DECIMALS_MAX];

	if (!*format) {
		snprintf(pattern, sizeof(pattern), "#,##0%s%.*s", decimals ? "." : "", decimals,
		    "000000000000000000");
		*format = format_new(book, estimated, pattern, true);
	}
	return *format;
}

static void
make_formats(struct book *book)
{
	bool vi = book->language == XN_LANGUAGE_VI;

	book->title = format_new(book, false, NULL, false);
	format_set_bold(book->title);
	format_set_font_size(book->title, 14);
	book->header = format_new(book, false, NULL, false);
	format_set_bold(book->header);
	format_set_text_wrap(book->header);
	format_set_align(book->header, LXW_ALIGN_VERTICAL_TOP);
	format_set_bottom(book->header, LXW_BORDER_THIN);
	format_set_bg_color(book->header, 0xe8eef2);
	book->label = format_new(book, false, NULL, false);
	format_set_bold(book->label);
	format_set_align(book->label, LXW_ALIGN_VERTICAL_TOP);
	book->text = format_new(book, false, NULL, false);
	format_set_text_wrap(book->text);
	format_set_align(book->text, LXW_ALIGN_LEFT);
	book->warning = format_new(book, false, NULL, false);
	format_set_bold(book->warning);
	format_set_text_wrap(book->warning);
	format_set_align(book->warning, LXW_ALIGN_VERTICAL_TOP);
	format_set_border(book->warning, LXW_BORDER_THIN);
	format_set_bg_color(book->warning, 0xfff4d6);
	book->words[true] = format_new(book, true, NULL, false);
	for (int i = 0; i < 2; i++) {
		book->day[i] = format_new(book, i, vi ? "dd/mm/yyyy" : "yyyy-mm-dd", false);
		book->minute[i] =
		    format_new(book, i, vi ? "dd/mm/yyyy hh:mm" : "yyyy-mm-dd hh:mm", false);
		book->second[i] =
		    format_new(book, i, vi ? "dd/mm/yyyy hh:mm:ss" : "yyyy-mm-dd hh:mm:ss", false);
	}
}

static void
put_text(struct book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const char *text,
    lxw_format *format)
{
	xn_document_text(book->cell, sizeof(book->cell), text ? text : "");
	note(book, worksheet_write_string(sheet, row, column, book->cell, format));
}

/* A number that Excel would round is written as text: it is the same in all formats. */
static void
put_number(struct book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column,
    const struct xn_field *field, const struct xn_cell *cell)
{
	static const double powers[XN_DECIMALS_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
	    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
	lxw_format *format = number_format(book, field->decimals, cell->estimated);
	char text[XN_NUMBER_TEXT_MAX];

	if (cell->scaled >= -DIGITS_EXACT && cell->scaled <= DIGITS_EXACT) {
		double value = (double)cell->scaled / powers[field->decimals];

		note(book, worksheet_write_number(sheet, row, column, value, format));
		return;
	}
	xn_document_number(text, sizeof(text), field, cell, book->language, false);
	note(book, worksheet_write_string(sheet, row, column, text, format));
}

static void
put_time(struct book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column,
    const struct xn_field *field, const struct xn_cell *cell)
{
	const int64_t minute_ms = 60000, day_ms = 1440 * minute_ms;
	int64_t local = cell->scaled + (int64_t)book->document->utc_offset_s * 1000;
	lxw_format *format =
	    local % minute_ms ? book->second[cell->estimated] : book->minute[cell->estimated];

	if (field->kind == XN_FIELD_DATE) {
		local -= (local % day_ms + day_ms) % day_ms;
		format = book->day[cell->estimated];
	}
	note(book,
	    worksheet_write_number(
		sheet, row, column, (double)local / (double)day_ms + DAYS_TO_1970, format));
}

static void
put_cell(struct book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column,
    const struct xn_field *field, const struct xn_cell *cell)
{
	if (cell->none)
		return;
	switch (field->kind) {
	case XN_FIELD_TEXT:
		put_text(book, sheet, row, column, cell->text, book->words[cell->estimated]);
		break;
	case XN_FIELD_NUMBER: put_number(book, sheet, row, column, field, cell); break;
	case XN_FIELD_INSTANT:
	case XN_FIELD_DATE: put_time(book, sheet, row, column, field, cell); break;
	}
}

/* ---- widths: known before the rows are written, because the file holds them first ---- */

static size_t
letters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static size_t
cell_letters(const struct book *book, const struct xn_field *field, const struct xn_cell *cell)
{
	char text[XN_NUMBER_TEXT_MAX];

	if (cell->none)
		return 0;
	if (field->kind == XN_FIELD_TEXT)
		return letters(cell->text);
	if (field->kind == XN_FIELD_NUMBER)
		xn_document_number(text, sizeof(text), field, cell, book->language, true);
	else
		xn_word_time(text, book->document, field->kind, cell->scaled, book->language);
	return letters(text);
}

static void
set_widths(struct book *book, lxw_worksheet *sheet, const struct xn_table *table)
{
	for (uint32_t i = 0; i < table->field_count; i++) {
		const struct xn_cell *cell = table->cells + i;
		size_t widest;

		xn_word_field(book->cell, sizeof(book->cell), &table->fields[i], book->language);
		widest = letters(book->cell) / 2; /* a header may take two lines */
		for (uint32_t row = 0; row < table->row_count && row < ROWS_MEASURED; row++) {
			size_t width = cell_letters(book, &table->fields[i], cell);

			widest = width > widest ? width : widest;
			cell += table->field_count;
		}
		widest = widest < COLUMN_MIN ? COLUMN_MIN
		    : widest > COLUMN_MAX    ? COLUMN_MAX
					     : widest;
		note(book,
		    worksheet_set_column(
			sheet, (lxw_col_t)i, (lxw_col_t)i, (double)widest + 2, NULL));
	}
}

/* ---- sheets ---- */

static void
put_table(struct book *book, const struct xn_table *table)
{
	lxw_worksheet *sheet = workbook_add_worksheet(book->workbook, table->name);
	const struct xn_cell *cell = table->cells;
	lxw_row_t last = table->row_count + 1;

	if (!sheet) {
		note(book, LXW_ERROR_PARAMETER_VALIDATION);
		return;
	}
	set_widths(book, sheet, table);
	worksheet_freeze_panes(sheet, 2, 0);
	worksheet_repeat_rows(sheet, 1, 1);
	worksheet_set_landscape(sheet);
	worksheet_set_paper(sheet, 9); /* A4 */
	worksheet_fit_to_pages(sheet, 1, 0);
	if (table->field_count)
		note(book,
		    worksheet_autofilter(sheet, 1, 0, last, (lxw_col_t)(table->field_count - 1)));
	put_text(book, sheet, 0, 0, table->title[book->language], book->title);
	for (uint32_t i = 0; i < table->field_count; i++) {
		xn_word_field(book->cell, sizeof(book->cell), &table->fields[i], book->language);
		note(
		    book, worksheet_write_string(sheet, 1, (lxw_col_t)i, book->cell, book->header));
	}
	for (uint32_t row = 0; row < table->row_count; row++)
		for (uint32_t i = 0; i < table->field_count; i++, cell++)
			put_cell(book, sheet, row + 2, (lxw_col_t)i, &table->fields[i], cell);
}

static void
put_line(
    struct book *book, lxw_worksheet *sheet, lxw_row_t row, enum xn_word word, const char *text)
{
	put_text(book, sheet, row, 0, xn_word(word, book->language), book->label);
	put_text(book, sheet, row, 1, text, book->text);
}

static void
put_summary(struct book *book)
{
	const struct xn_document *document = book->document;
	enum xn_language language = book->language;
	lxw_worksheet *sheet = workbook_add_worksheet(book->workbook, "summary");
	char period[XN_PERIOD_TEXT_MAX], revision[16];
	lxw_row_t row = 2;

	if (!sheet) {
		note(book, LXW_ERROR_PARAMETER_VALIDATION);
		return;
	}
	worksheet_set_column(sheet, 0, 0, 26, NULL);
	worksheet_set_column(sheet, 1, 1, 72, NULL);
	worksheet_set_paper(sheet, 9);
	worksheet_fit_to_pages(sheet, 1, 0);
	xn_word_period(period, document, language);
	snprintf(revision, sizeof(revision), "%d", document->revision);
	put_text(book, sheet, 0, 0, document->title[language], book->title);
	put_line(book, sheet, row++, XN_WORD_SITE, document->site[language]);
	put_line(book, sheet, row++, XN_WORD_PERIOD, period);
	put_line(book, sheet, row++, XN_WORD_IDENTIFIER, document->id);
	put_line(book, sheet, row++, XN_WORD_REVISION, revision);
	put_line(book, sheet, row++, XN_WORD_STATE, xn_word_state(document, language));
	put_line(book, sheet, row++, XN_WORD_DATA,
	    xn_word(document->complete ? XN_WORD_COMPLETE : XN_WORD_INCOMPLETE, language));
	put_line(book, sheet, row++, XN_WORD_SLICE, document->slice);
	row++;
	for (const struct xn_remark *remark = document->remarks; remark; remark = remark->next) {
		snprintf(book->cell, sizeof(book->cell), "%s%s", remark->warning ? "⚠ " : "",
		    xn_word(remark->warning ? XN_WORD_WARNING : XN_WORD_REMARK, language));
		note(book,
		    worksheet_write_string(
			sheet, row, 0, book->cell, remark->warning ? book->warning : book->label));
		put_text(book, sheet, row++, 1, remark->text[language],
		    remark->warning ? book->warning : book->text);
	}
}

static void
set_properties(struct book *book)
{
	const struct xn_document *document = book->document;
	char title[256], site[256], author[] = "Xanh";
	int64_t created = document->to.ms / 1000;
	/* The library takes 0 for "now". */
	lxw_doc_properties properties = {
	    .title = title, .subject = site, .author = author, .created = created ? created : 1};

	xn_document_text(title, sizeof(title), document->title[book->language]);
	xn_document_text(site, sizeof(site), document->site[book->language]);
	note(book, workbook_set_properties(book->workbook, &properties));
}

static int
copy(FILE *from, FILE *out, struct xn_error *err)
{
	char bytes[8192];
	size_t length;

	rewind(from);
	while ((length = fread(bytes, 1, sizeof(bytes), from)) > 0)
		fwrite(bytes, 1, length, out);
	if (ferror(from) || fflush(out) != 0 || ferror(out))
		return xn_fail(err, XN_ESYSTEM, "cannot write the XLSX file: %s", strerror(errno));
	return XN_OK;
}

static int
write_book(struct book *book, const char *path, struct xn_error *err)
{
	lxw_workbook_options options = {.constant_memory = LXW_TRUE};
	lxw_error closed;

	book->workbook = workbook_new_opt(path, &options);
	if (!book->workbook)
		return xn_fail(err, XN_ESYSTEM, "cannot begin an XLSX file");
	make_formats(book);
	set_properties(book);
	put_summary(book);
	for (const struct xn_table *table = book->document->tables; table; table = table->next)
		put_table(book, table);
	closed = workbook_close(book->workbook);
	note(book, closed);
	if (book->failure != LXW_NO_ERROR)
		return xn_fail(
		    err, XN_ESYSTEM, "cannot write the XLSX file: %s", lxw_strerror(book->failure));
	return XN_OK;
}

/* The library opens its file by name and seeks in it: it is given an unnamed one's. */
static int
write_through(struct book *book, FILE *out, struct xn_error *err)
{
	FILE *file = tmpfile();
	char path[40];
	int code;

	if (!file)
		return xn_fail(
		    err, XN_ESYSTEM, "cannot make a temporary file: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	code = write_book(book, path, err);
	if (code == XN_OK)
		code = copy(file, out, err);
	fclose(file);
	return code;
}

int
xn_report_xlsx(
    const struct xn_document *document, enum xn_language language, FILE *out, struct xn_error *err)
{
	/* The library prints numbers with the locale's decimal point. */
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;
	struct book *book = calloc(1, sizeof(*book));
	int code = XN_OK;

	for (const struct xn_table *table = document->tables; table; table = table->next)
		if (table->row_count > ROWS_MAX)
			code =
			    xn_fail(err, XN_EFULL, "table %s has %u rows, an XLSX sheet holds %d",
				table->name, table->row_count, ROWS_MAX);
	if (code == XN_OK && (!plain || !book))
		code = xn_fail(err, XN_ESYSTEM, "out of memory");
	if (code == XN_OK) {
		book->document = document;
		book->language = language;
		before = uselocale(plain);
		code = write_through(book, out, err);
		uselocale(before);
	}
	free(book);
	if (plain)
		freelocale(plain);
	return code;
}
