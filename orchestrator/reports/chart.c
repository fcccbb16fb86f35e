/*
 * Charts: bars and lines over one column of a table. Colours differ in lightness too, lines in
 * their dashes and bars in their hatching, so that a print without colours tells them apart.
 */
#include <math.h>
#include <string.h>

#include "orchestrator/reports/pdf.h"

enum { SERIES_MAX = 6, TICKS = 5, DECIMALS_MAX = 12, LABEL_MAX = 160 };

static const struct {
	double red, green, blue;
	double dashes[4];
	int dash_count;
} looks[SERIES_MAX] = {
    {0.043, 0.325, 0.580, {0}, 0},
    {0.706, 0.325, 0.035, {6, 2.5}, 2},
    {0.106, 0.471, 0.216, {2, 2}, 2},
    {0.416, 0.239, 0.604, {8, 2.5, 2, 2.5}, 4},
    {0.000, 0.440, 0.478, {1, 2.5}, 2},
    {0.270, 0.270, 0.270, {11, 3}, 2},
};

struct plot {
	const struct xn_chart *chart;
	double left, right, top, bottom; /* of the area between the axes */
	double low, high, step;          /* of the values' axis */
	double most;                     /* the highest value there is */
	bool most_shown;                 /* over its bar */
	int decimals;                    /* of its labels */
};

static const struct xn_cell *
cell_at(const struct xn_chart *chart, uint32_t row, uint32_t column)
{
	return chart->table->cells + (size_t)row * chart->table->field_count + column;
}

/* False where nothing is known. */
static bool
value_at(const struct xn_chart *chart, uint32_t row, uint32_t series, double *ret_value)
{
	const struct xn_cell *cell = cell_at(chart, row, chart->y[series]);

	if (cell->none)
		return false;
	*ret_value =
	    (double)cell->scaled / pow(10, chart->table->fields[chart->y[series]].decimals);
	return true;
}

/* ---- scale ---- */

static void
find_range(struct plot *plot)
{
	const struct xn_chart *chart = plot->chart;
	bool any = false;
	double value;

	for (uint32_t row = 0; row < chart->table->row_count; row++)
		for (uint32_t i = 0; i < chart->y_count; i++) {
			if (!value_at(chart, row, i, &value))
				continue;
			plot->low = any ? fmin(plot->low, value) : value;
			plot->high = any ? fmax(plot->high, value) : value;
			any = true;
		}
	plot->most = plot->high;
	/* Bars stand on zero; lines do when it is near. */
	if (chart->kind == XN_CHART_BARS || plot->low < plot->high / 2) {
		plot->low = fmin(plot->low, 0);
		plot->high = fmax(plot->high, 0);
	}
	if (plot->high <= plot->low) {
		double air = plot->low == 0 ? 1 : fabs(plot->low) / 10;

		plot->high += air;
		plot->low -= chart->kind == XN_CHART_LINES && plot->low != 0 ? air : 0;
	}
}

/* Ends of the axis on round numbers: 1, 2 or 5 times a power of ten. */
static void
make_round(struct plot *plot)
{
	double rough = (plot->high - plot->low) / TICKS, power = pow(10, floor(log10(rough)));
	double part = rough / power;

	plot->step = (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power;
	plot->decimals = (int)fmin(fmax(0, -floor(log10(plot->step) + 1e-9)), DECIMALS_MAX);
	plot->low = floor(plot->low / plot->step + 1e-9) * plot->step;
	plot->high = ceil(plot->high / plot->step - 1e-9) * plot->step;
}

static double
y_of(const struct plot *plot, double value)
{
	return plot->bottom -
	    (value - plot->low) / (plot->high - plot->low) * (plot->bottom - plot->top);
}

/* The middle of a row's place. */
static double
x_of(const struct plot *plot, uint32_t row)
{
	return plot->left +
	    (plot->right - plot->left) * (row + 0.5) / plot->chart->table->row_count;
}

static void
value_label(const struct xn_pdf *pdf, const struct plot *plot, double value, char *ret_text)
{
	struct xn_field field = {.kind = XN_FIELD_NUMBER, .decimals = plot->decimals};
	struct xn_cell cell = {.scaled = llround(value * pow(10, plot->decimals))};

	xn_document_number(ret_text, LABEL_MAX, &field, &cell, pdf->language, true);
}

/* ---- axes ---- */

static void
put_values_axis(struct xn_pdf *pdf, struct plot *plot)
{
	const struct xn_field *field = &plot->chart->table->fields[plot->chart->y[0]];
	int count = (int)lround((plot->high - plot->low) / plot->step);
	char text[LABEL_MAX];
	double widest = 0;

	for (int i = 0; i <= count; i++) {
		value_label(pdf, plot, plot->low + i * plot->step, text);
		widest = fmax(widest, xn_pdf_width(pdf, XN_PDF_SMALL, text));
	}
	plot->left += widest + 6;
	for (int i = 0; i <= count; i++) {
		double value = plot->low + i * plot->step, y = y_of(plot, value);

		value_label(pdf, plot, value, text);
		xn_pdf_show(pdf, XN_PDF_SMALL, plot->left - 5, y + 2.5, 1, text);
		xn_pdf_rule(pdf, plot->left, y, plot->right, y,
		    fabs(value) < plot->step / 2 || i == 0 ? 0.3 : 0.85);
	}
	xn_pdf_text(text, sizeof(text), field->unit);
	xn_pdf_show(pdf, XN_PDF_SMALL, plot->left - 5, plot->top - 7, 1, text);
}

/* Days without their year, times of a short span without their day. */
static void
place_label(const struct xn_pdf *pdf, const struct xn_chart *chart, uint32_t row, char *ret_text)
{
	const struct xn_field *field = &chart->table->fields[chart->x];
	const struct xn_cell *cell = cell_at(chart, row, chart->x);
	const struct xn_cell *first = cell_at(chart, 0, chart->x);
	const struct xn_cell *last = cell_at(chart, chart->table->row_count - 1, chart->x);
	bool vi = pdf->language == XN_LANGUAGE_VI;
	char time[XN_TIME_TEXT_MAX];

	ret_text[0] = '\0';
	if (cell->none)
		return;
	if (field->kind == XN_FIELD_TEXT) {
		xn_pdf_text(ret_text, 32, cell->text);
		return;
	}
	if (field->kind == XN_FIELD_NUMBER) {
		xn_document_number(ret_text, LABEL_MAX, field, cell, pdf->language, true);
		return;
	}
	xn_word_time(time, pdf->document, XN_FIELD_INSTANT, cell->scaled, pdf->language);
	if (field->kind == XN_FIELD_INSTANT && last->scaled - first->scaled <= 48 * 3600000)
		snprintf(ret_text, LABEL_MAX, "%.5s", time + 11);
	else
		snprintf(ret_text, LABEL_MAX, "%.5s", vi ? time : time + 5);
}

static void
put_places_axis(struct xn_pdf *pdf, const struct plot *plot)
{
	uint32_t rows = plot->chart->table->row_count, every;
	double widest = 0, room = (plot->right - plot->left) / rows;
	char text[LABEL_MAX];

	for (uint32_t row = 0; row < rows; row++) {
		place_label(pdf, plot->chart, row, text);
		widest = fmax(widest, xn_pdf_width(pdf, XN_PDF_SMALL, text));
	}
	every = (uint32_t)fmax(1, ceil((widest + 8) / room));
	for (uint32_t row = 0; row < rows; row += every) {
		double x = x_of(plot, row);

		place_label(pdf, plot->chart, row, text);
		xn_pdf_show(pdf, XN_PDF_SMALL, x, plot->bottom + 11, 0.5, text);
		xn_pdf_rule(pdf, x, plot->bottom, x, plot->bottom + 2.5, 0.3);
	}
}

/* ---- series ---- */

static void
set_look(struct xn_pdf *pdf, uint32_t series)
{
	cairo_set_source_rgb(pdf->cr, looks[series].red, looks[series].green, looks[series].blue);
	cairo_set_dash(pdf->cr, looks[series].dashes, looks[series].dash_count, 0);
	cairo_set_line_width(pdf->cr, 1.3);
}

static void
plain_look(struct xn_pdf *pdf)
{
	cairo_set_dash(pdf->cr, NULL, 0, 0);
}

/* Estimated bars are hollow; those of odd series are hatched. */
static void
put_bar(struct xn_pdf *pdf, uint32_t series, double x, double y, double width, double height,
    bool estimated)
{
	set_look(pdf, series);
	plain_look(pdf);
	cairo_rectangle(pdf->cr, x, y, width, height);
	if (!estimated && series % 2 == 0) {
		cairo_fill(pdf->cr);
		return;
	}
	cairo_set_line_width(pdf->cr, 0.8);
	cairo_save(pdf->cr);
	cairo_clip_preserve(pdf->cr);
	cairo_stroke(pdf->cr);
	for (double at = y - width; !estimated && at < y + height; at += 3) {
		cairo_move_to(pdf->cr, x, at + width);
		cairo_line_to(pdf->cr, x + width, at);
	}
	cairo_stroke(pdf->cr);
	cairo_restore(pdf->cr);
}

/* The value over a bar, where it fits; the highest one's in any case. */
static void
put_bar_label(struct xn_pdf *pdf, struct plot *plot, uint32_t row, uint32_t series, double x,
    double y, double width)
{
	const struct xn_chart *chart = plot->chart;
	double value, wide;
	char text[LABEL_MAX];

	xn_document_number(text, sizeof(text), &chart->table->fields[chart->y[series]],
	    cell_at(chart, row, chart->y[series]), pdf->language, true);
	wide = xn_pdf_width(pdf, XN_PDF_SMALL, text);
	if (!value_at(chart, row, series, &value) ||
	    (wide > width * 1.2 && (value < plot->most || plot->most_shown)))
		return;
	plot->most_shown = plot->most_shown || value >= plot->most;
	x = fmin(fmax(x + width / 2, plot->left + wide / 2), plot->right - wide / 2);
	xn_pdf_show(pdf, XN_PDF_SMALL, x, y - 2.5, 0.5, text);
}

static void
put_bars(struct xn_pdf *pdf, struct plot *plot)
{
	const struct xn_chart *chart = plot->chart;
	uint32_t rows = chart->table->row_count;
	double place = (plot->right - plot->left) / rows, width = place * 0.72 / chart->y_count;
	double value, zero = y_of(plot, fmin(fmax(0, plot->low), plot->high));

	for (uint32_t row = 0; row < rows; row++)
		for (uint32_t i = 0; i < chart->y_count; i++) {
			double x = x_of(plot, row) - place * 0.36 + i * width, y;

			if (!value_at(chart, row, i, &value))
				continue;
			y = y_of(plot, value);
			put_bar(pdf, i, x, fmin(y, zero), width, fabs(zero - y),
			    cell_at(chart, row, chart->y[i])->estimated);
			put_bar_label(pdf, plot, row, i, x, fmin(y, zero), width);
		}
}

/* An estimated value on a line. */
static void
put_ring(struct xn_pdf *pdf, uint32_t series, double x, double y)
{
	cairo_new_path(pdf->cr);
	cairo_arc(pdf->cr, x, y, 2, 0, 2 * M_PI);
	cairo_set_source_rgb(pdf->cr, 1, 1, 1);
	cairo_fill_preserve(pdf->cr);
	set_look(pdf, series);
	plain_look(pdf);
	cairo_set_line_width(pdf->cr, 0.8);
	cairo_stroke(pdf->cr);
}

/* A line breaks where nothing is known; a lone point is a small circle. */
static void
put_line(struct xn_pdf *pdf, const struct plot *plot, uint32_t series)
{
	const struct xn_chart *chart = plot->chart;
	uint32_t rows = chart->table->row_count;
	bool drawing = false;
	double value, next;

	set_look(pdf, series);
	cairo_set_line_join(pdf->cr, CAIRO_LINE_JOIN_ROUND);
	for (uint32_t row = 0; row < rows; row++) {
		double x = x_of(plot, row);
		bool known = value_at(chart, row, series, &value);

		if (known && !drawing &&
		    (row + 1 == rows || !value_at(chart, row + 1, series, &next))) {
			cairo_new_sub_path(pdf->cr);
			cairo_arc(pdf->cr, x, y_of(plot, value), 1, 0, 2 * M_PI);
		} else if (known && drawing) {
			cairo_line_to(pdf->cr, x, y_of(plot, value));
		} else if (known) {
			cairo_move_to(pdf->cr, x, y_of(plot, value));
		}
		drawing = known;
	}
	cairo_stroke(pdf->cr);
	plain_look(pdf);
	for (uint32_t row = 0; row < rows; row++)
		if (cell_at(chart, row, chart->y[series])->estimated &&
		    value_at(chart, row, series, &value))
			put_ring(pdf, series, x_of(plot, row), y_of(plot, value));
}

static double
ends_width(struct xn_pdf *pdf, const struct xn_chart *chart)
{
	char text[LABEL_MAX];
	double widest = 0;

	for (uint32_t i = 0; i < chart->y_count; i++) {
		xn_document_number(text, sizeof(text), &chart->table->fields[chart->y[i]],
		    cell_at(chart, chart->table->row_count - 1, chart->y[i]), pdf->language, true);
		widest = fmax(widest, xn_pdf_width(pdf, XN_PDF_SMALL, text));
	}
	return widest;
}

/* The last value of each line, beside it; labels do not run into each other. */
static void
put_ends(struct xn_pdf *pdf, const struct plot *plot)
{
	const struct xn_chart *chart = plot->chart;
	double taken[SERIES_MAX];
	uint32_t last = chart->table->row_count - 1;
	char text[LABEL_MAX];

	for (uint32_t i = 0; i < chart->y_count; i++) {
		const struct xn_cell *cell = cell_at(chart, last, chart->y[i]);
		double value, y;
		bool free = true;

		taken[i] = -1e9;
		if (!value_at(chart, last, i, &value))
			continue;
		y = y_of(plot, value);
		for (uint32_t j = 0; j < i; j++)
			free = free && fabs(taken[j] - y) > 8;
		if (!free)
			continue;
		taken[i] = y;
		xn_document_number(text, sizeof(text), &chart->table->fields[chart->y[i]], cell,
		    pdf->language, true);
		xn_pdf_show(pdf, XN_PDF_SMALL, x_of(plot, last) + 4, y + 2.5, 0, text);
	}
}

/* ---- legend ---- */

static bool
some_are_estimated(const struct xn_chart *chart)
{
	for (uint32_t row = 0; row < chart->table->row_count; row++)
		for (uint32_t i = 0; i < chart->y_count; i++)
			if (cell_at(chart, row, chart->y[i])->estimated)
				return true;
	return false;
}

static void
put_legend(struct xn_pdf *pdf, const struct plot *plot, double y)
{
	const struct xn_chart *chart = plot->chart;
	double x = plot->left;
	char text[LABEL_MAX];

	for (uint32_t i = 0; i < chart->y_count; i++) {
		if (chart->kind == XN_CHART_BARS) {
			put_bar(pdf, i, x, y - 6, 18, 7, false);
		} else {
			set_look(pdf, i);
			cairo_move_to(pdf->cr, x, y - 2.5);
			cairo_line_to(pdf->cr, x + 18, y - 2.5);
			cairo_stroke(pdf->cr);
			plain_look(pdf);
		}
		xn_pdf_text(
		    text, sizeof(text), chart->table->fields[chart->y[i]].title[pdf->language]);
		xn_pdf_show(pdf, XN_PDF_SMALL, x + 22, y, 0, text);
		x += 22 + xn_pdf_width(pdf, XN_PDF_SMALL, text) + 16;
	}
	if (!some_are_estimated(chart))
		return;
	if (chart->kind == XN_CHART_BARS)
		put_bar(pdf, 0, x, y - 6, 18, 7, true);
	else
		put_ring(pdf, 0, x + 9, y - 2.5);
	xn_pdf_show(pdf, XN_PDF_SMALL, x + 22, y, 0, xn_word(XN_WORD_ESTIMATED, pdf->language));
}

bool
xn_pdf_chart_is_empty(const struct xn_chart *chart)
{
	return chart->table->row_count == 0 || chart->y_count == 0;
}

void
xn_pdf_chart(struct xn_pdf *pdf, const struct xn_chart *chart, double height)
{
	struct plot plot = {
	    .chart = chart,
	    .left = XN_PDF_MARGIN,
	    .right = xn_pdf_right(pdf),
	    .top = pdf->y + 12,
	    .bottom = pdf->y + height - 26,
	};

	if (chart->kind == XN_CHART_LINES)
		plot.right -= ends_width(pdf, chart) + 6;
	find_range(&plot);
	make_round(&plot);
	put_values_axis(pdf, &plot);
	put_places_axis(pdf, &plot);
	if (chart->kind == XN_CHART_BARS)
		put_bars(pdf, &plot);
	for (uint32_t i = 0; chart->kind == XN_CHART_LINES && i < chart->y_count; i++)
		put_line(pdf, &plot, i);
	if (chart->kind == XN_CHART_LINES)
		put_ends(pdf, &plot);
	put_legend(pdf, &plot, pdf->y + height);
}
