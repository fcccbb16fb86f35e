/* A table on pages: columns as wide as what stands in them, header rows again on each page. */
#include <math.h>
#include <string.h>

#include "orchestrator/reports/pdf.h"

enum { COLUMNS_MAX = 64, CELL_TEXT_MAX = 600 };

#define PADDING    4.0   /* left and right of a cell */
#define SPREAD_MAX 14.0  /* more air a column may get when the page is wide enough */
#define TEXT_MIN   64.0  /* a text column is not made narrower */
#define TEXT_FIRST 220.0 /* nor does it start wider */
#define TWO_LINES  0.6   /* of a title's width, words being of unequal length */
#define YIELD_MAX  0.5   /* of what text columns can spare, before the page is turned */
#define ZEBRA      0.04
#define ABOUT      "≈ "
#define NOT_KNOWN  "–"

struct grid {
	const struct xn_table *table;
	uint32_t rows; /* shown */
	double left[COLUMNS_MAX], width[COLUMNS_MAX];
	double cell[COLUMNS_MAX], word[COLUMNS_MAX], title[COLUMNS_MAX]; /* what they ask for */
	bool long_texts[COLUMNS_MAX];
	bool wraps[COLUMNS_MAX]; /* some of its texts take more than a line */
	double total;
	bool estimated, missing; /* some cell is */
	double row_height, header_height;
};

static bool
is_right(const struct xn_field *field)
{
	return field->kind == XN_FIELD_NUMBER;
}

static void
cell_text(const struct xn_pdf *pdf, const struct xn_field *field, const struct xn_cell *cell,
    char ret_text[CELL_TEXT_MAX])
{
	size_t mark = cell->estimated && !cell->none ? strlen(ABOUT) : 0;
	char *text = ret_text + mark;
	size_t size = CELL_TEXT_MAX - mark;

	snprintf(ret_text, CELL_TEXT_MAX, "%s", mark ? ABOUT : "");
	if (cell->none && field->kind != XN_FIELD_TEXT)
		snprintf(text, size, "%s", NOT_KNOWN);
	else if (cell->none)
		text[0] = '\0';
	else if (field->kind == XN_FIELD_TEXT)
		xn_pdf_text(text, size, cell->text);
	else if (field->kind == XN_FIELD_NUMBER)
		xn_document_number(text, size, field, cell, pdf->language, true);
	else
		xn_word_time(text, pdf->document, field->kind, cell->scaled, pdf->language);
}

/* ---- widths ---- */

/* Of numbers only the largest and the least are measured: figures are all as wide. */
static double
widest_number(struct xn_pdf *pdf, const struct grid *grid, uint32_t column)
{
	const struct xn_field *field = &grid->table->fields[column];
	struct xn_cell most = {.none = true}, least = {.none = true};
	const struct xn_cell *cell = grid->table->cells + column;
	char text[CELL_TEXT_MAX];
	double width;

	for (uint32_t row = 0; row < grid->rows; row++, cell += grid->table->field_count) {
		bool estimated = most.estimated || cell->estimated;

		if (cell->none)
			continue;
		if (most.none || cell->scaled > most.scaled)
			most = *cell;
		if (least.none || cell->scaled < least.scaled)
			least = *cell;
		most.estimated = least.estimated = estimated;
	}
	cell_text(pdf, field, &most, text);
	width = xn_pdf_width(pdf, XN_PDF_CELL, text);
	cell_text(pdf, field, &least, text);
	return fmax(width, xn_pdf_width(pdf, XN_PDF_CELL, text));
}

static double
widest_cell(struct xn_pdf *pdf, const struct grid *grid, uint32_t column)
{
	const struct xn_field *field = &grid->table->fields[column];
	const struct xn_cell *cell = grid->table->cells + column;
	char text[CELL_TEXT_MAX];
	double widest = 0;

	if (field->kind == XN_FIELD_NUMBER)
		return widest_number(pdf, grid, column);
	for (uint32_t row = 0; row < grid->rows; row++, cell += grid->table->field_count) {
		cell_text(pdf, field, cell, text);
		widest = fmax(widest, xn_pdf_width(pdf, XN_PDF_CELL, text));
	}
	return widest;
}

/* What cells and titles ask for; a title keeps its words whole. */
static void
measure(struct xn_pdf *pdf, struct grid *grid)
{
	const struct xn_table *table = grid->table;
	char title[CELL_TEXT_MAX], text[CELL_TEXT_MAX];

	for (uint32_t i = 0; i < table->field_count; i++) {
		double natural = widest_cell(pdf, grid, i);

		xn_word_field(title, sizeof(title), &table->fields[i], pdf->language);
		xn_pdf_text(text, sizeof(text), title);
		grid->word[i] = fmin(xn_pdf_widest_word(pdf, XN_PDF_CELL_BOLD, text), TEXT_FIRST);
		grid->title[i] =
		    fmin(xn_pdf_width(pdf, XN_PDF_CELL_BOLD, text) * TWO_LINES, TEXT_FIRST);
		grid->long_texts[i] = natural > TEXT_FIRST && !is_right(&table->fields[i]);
		grid->cell[i] = grid->long_texts[i] ? TEXT_FIRST : natural;
	}
}

/* Columns as wide as they ask for, titles on about two lines when `airy`. */
static void
set_widths(struct grid *grid, bool airy)
{
	grid->total = 0;
	for (uint32_t i = 0; i < grid->table->field_count; i++) {
		double title = airy ? fmax(grid->word[i], grid->title[i]) : grid->word[i];

		grid->width[i] = fmax(grid->cell[i], title) + 2 * PADDING;
		grid->wraps[i] = grid->long_texts[i];
		grid->total += grid->width[i];
	}
}

/* Text columns give way in proportion to what they can spare, up to `most` of it; whether the grid
 * then fits. */
static bool
squeeze(struct grid *grid, double room, double most)
{
	double spare = 0, over = grid->total - room, part;

	for (uint32_t i = 0; i < grid->table->field_count; i++)
		if (grid->table->fields[i].kind == XN_FIELD_TEXT)
			spare += fmax(0, grid->width[i] - TEXT_MIN);
	if (over <= 0)
		return true;
	if (over > spare * most)
		return false;
	part = over / spare;
	for (uint32_t i = 0; i < grid->table->field_count; i++) {
		double can = fmax(0, grid->width[i] - TEXT_MIN);

		if (grid->table->fields[i].kind != XN_FIELD_TEXT || can <= 0)
			continue;
		grid->width[i] -= part * can;
		grid->total -= part * can;
		grid->wraps[i] = true;
	}
	return true;
}

static void
spread(struct grid *grid, double left, double room)
{
	uint32_t count = grid->table->field_count;
	double more = count ? fmin((room - grid->total) / count, SPREAD_MAX) : 0;

	grid->total = 0;
	for (uint32_t i = 0; i < count; i++) {
		grid->width[i] += fmax(0, more);
		grid->left[i] = left + grid->total;
		grid->total += grid->width[i];
	}
}

/* ---- rows ---- */

static double
header(struct xn_pdf *pdf, const struct grid *grid, double top, bool draw)
{
	char title[CELL_TEXT_MAX], text[CELL_TEXT_MAX];
	double tallest = 0;

	for (uint32_t i = 0; i < grid->table->field_count; i++) {
		const struct xn_field *field = &grid->table->fields[i];
		double room = grid->width[i] - 2 * PADDING + 0.01, x = grid->left[i] + PADDING;

		xn_word_field(title, sizeof(title), field, pdf->language);
		xn_pdf_text(text, sizeof(text), title);
		tallest = fmax(tallest,
		    xn_pdf_wrap(pdf, XN_PDF_CELL_BOLD, x, top + PADDING, room, text,
			is_right(field), draw));
	}
	return tallest + 2 * PADDING;
}

static void
put_header(struct xn_pdf *pdf, const struct grid *grid)
{
	double right = grid->left[0] + grid->total;

	if (!pdf->counting) {
		xn_pdf_flush(pdf);
		xn_pdf_rule(pdf, grid->left[0], pdf->y, right, pdf->y, 0.2);
		header(pdf, grid, pdf->y, true);
		xn_pdf_rule(pdf, grid->left[0], pdf->y + grid->header_height, right,
		    pdf->y + grid->header_height, 0.2);
	}
	pdf->y += grid->header_height;
}

static double
row_height(struct xn_pdf *pdf, const struct grid *grid, const struct xn_cell *row)
{
	char text[CELL_TEXT_MAX];
	double tallest = 0;

	for (uint32_t i = 0; i < grid->table->field_count; i++) {
		if (!grid->wraps[i])
			continue;
		cell_text(pdf, &grid->table->fields[i], &row[i], text);
		tallest = fmax(tallest,
		    xn_pdf_wrap(
			pdf, XN_PDF_CELL, 0, 0, grid->width[i] - 2 * PADDING, text, false, false));
	}
	return fmax(grid->row_height, tallest + PADDING);
}

static void
put_row(struct xn_pdf *pdf, const struct grid *grid, const struct xn_cell *row, double height,
    bool shaded)
{
	double base_line = pdf->y + PADDING / 2 + xn_pdf_leading(pdf, XN_PDF_CELL) / 1.32;
	char text[CELL_TEXT_MAX];

	if (shaded) {
		cairo_set_source_rgba(pdf->cr, 0, 0, 0, ZEBRA);
		cairo_rectangle(pdf->cr, grid->left[0], pdf->y, grid->total, height);
		cairo_fill(pdf->cr);
	}
	for (uint32_t i = 0; i < grid->table->field_count; i++) {
		double x = grid->left[i] + PADDING, room = grid->width[i] - 2 * PADDING;

		cell_text(pdf, &grid->table->fields[i], &row[i], text);
		if (is_right(&grid->table->fields[i]))
			xn_pdf_show(pdf, XN_PDF_CELL, x + room, base_line, 1, text);
		else if (grid->wraps[i])
			xn_pdf_wrap(
			    pdf, XN_PDF_CELL, x, pdf->y + PADDING / 2, room, text, false, true);
		else
			xn_pdf_show(pdf, XN_PDF_CELL, x, base_line, 0, text);
	}
}

static void
put_rows(struct xn_pdf *pdf, const struct grid *grid)
{
	const struct xn_cell *row = grid->table->cells;
	bool shaded = false;

	for (uint32_t i = 0; i < grid->rows; i++, row += grid->table->field_count) {
		double height = row_height(pdf, grid, row);

		if (pdf->y + height > xn_pdf_bottom(pdf)) {
			xn_pdf_page(pdf, pdf->landscape);
			put_header(pdf, grid);
			shaded = false;
		}
		if (!pdf->counting)
			put_row(pdf, grid, row, height, shaded);
		shaded = !shaded;
		pdf->y += height;
	}
	if (!pdf->counting) {
		xn_pdf_flush(pdf);
		xn_pdf_rule(pdf, grid->left[0], pdf->y, grid->left[0] + grid->total, pdf->y, 0.2);
	}
}

/* ---- the whole ---- */

static void
find_marks(struct grid *grid)
{
	const struct xn_cell *cell = grid->table->cells;

	for (uint32_t row = 0; row < grid->rows; row++)
		for (uint32_t i = 0; i < grid->table->field_count; i++, cell++) {
			grid->estimated |= cell->estimated && !cell->none;
			grid->missing |= cell->none && grid->table->fields[i].kind != XN_FIELD_TEXT;
		}
}

/* What its signs mean, and how many rows are not here. */
static void
put_notes(struct xn_pdf *pdf, const struct grid *grid)
{
	double left = XN_PDF_MARGIN, leading = xn_pdf_leading(pdf, XN_PDF_SMALL);
	uint32_t left_out = grid->table->row_count - grid->rows;
	struct xn_field count = {.kind = XN_FIELD_NUMBER};
	struct xn_cell value = {.scaled = left_out};
	char text[256] = "", number[XN_NUMBER_TEXT_MAX];
	size_t used = 0;

	if (grid->estimated)
		used += (size_t)snprintf(
		    text, sizeof(text), ABOUT "%s   ", xn_word(XN_WORD_ESTIMATED, pdf->language));
	if (grid->missing)
		used += (size_t)snprintf(text + used, sizeof(text) - used, NOT_KNOWN " %s   ",
		    xn_word(XN_WORD_MISSING, pdf->language));
	xn_document_number(number, sizeof(number), &count, &value, pdf->language, true);
	if (left_out)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s", number,
		    xn_word(XN_WORD_ROWS_LEFT_OUT, pdf->language));
	if (grid->table->row_count == 0)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
		    xn_word(XN_WORD_NO_ROWS, pdf->language));
	if (used) {
		xn_pdf_need(pdf, 2 * leading, pdf->landscape);
		xn_pdf_show(pdf, XN_PDF_SMALL, left, pdf->y + leading, 0, text);
		pdf->y += 1.5 * leading;
	}
	pdf->y += 16;
}

/* Chooses the page and the widths, the calmest that fits first; when none does, letters get
 * smaller. */
static bool
fit(struct xn_pdf *pdf, struct grid *grid)
{
	static const struct {
		double room, most;
		bool airy, landscape;
	} ways[] = {
	    {XN_PDF_ROOM_PORTRAIT, 0, true, false},
	    {XN_PDF_ROOM_PORTRAIT, YIELD_MAX, false, false},
	    {XN_PDF_ROOM_LANDSCAPE, YIELD_MAX, true, true},
	    {XN_PDF_ROOM_LANDSCAPE, 1, false, true},
	};
	enum { WAYS = sizeof(ways) / sizeof(ways[0]) };
	size_t way = 0;

	measure(pdf, grid);
	for (way = 0; way < WAYS; way++) {
		set_widths(grid, ways[way].airy);
		if (squeeze(grid, ways[way].room, ways[way].most))
			break;
	}
	if (way == WAYS) {
		double part = ways[--way].room / grid->total;

		pdf->zoom = part * 0.98;
		for (uint32_t i = 0; i < grid->table->field_count; i++)
			grid->width[i] *= part;
		grid->total = ways[way].room;
	}
	spread(grid, XN_PDF_MARGIN, ways[way].room);
	grid->row_height = xn_pdf_leading(pdf, XN_PDF_CELL) + PADDING;
	grid->header_height = header(pdf, grid, 0, false);
	return ways[way].landscape;
}

int
xn_pdf_table(struct xn_pdf *pdf, const struct xn_table *table, struct xn_error *err)
{
	struct grid grid = {.table = table, .rows = table->row_count};
	double zoom;
	bool landscape;

	if (table->field_count == 0 || table->field_count > COLUMNS_MAX)
		return xn_fail(err, XN_EFULL, "table %s has %u columns, a PDF takes 1 to %d",
		    table->name, table->field_count, COLUMNS_MAX);
	if (table->pdf_rows_max && grid.rows > table->pdf_rows_max)
		grid.rows = table->pdf_rows_max;
	find_marks(&grid);
	landscape = fit(pdf, &grid);
	zoom = pdf->zoom;
	pdf->zoom = 1;
	xn_pdf_need(pdf, 24 + grid.header_height + 3 * grid.row_height, landscape);
	xn_pdf_heading(pdf, table->title[pdf->language]);
	xn_pdf_flush(pdf);
	pdf->zoom = zoom;
	put_header(pdf, &grid);
	put_rows(pdf, &grid);
	pdf->zoom = 1;
	put_notes(pdf, &grid);
	return XN_OK;
}
