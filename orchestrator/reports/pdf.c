/* PDF: pages of A4 with a running head and foot, the title block, remarks, charts and tables. */
#include "orchestrator/reports/pdf.h"

#include <cairo-pdf.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 512 };

#define TOP          64.0 /* of what is filled, below the running head */
#define FOOT         46.0 /* of the page, for the running foot */
#define CHART_HEIGHT 148.0

/* ---- pages ---- */

double
xn_pdf_right(const struct xn_pdf *pdf)
{
	return pdf->width - XN_PDF_MARGIN;
}

double
xn_pdf_bottom(const struct xn_pdf *pdf)
{
	return pdf->height - FOOT - 8;
}

void
xn_pdf_rule(struct xn_pdf *pdf, double x0, double y0, double x1, double y1, double grey)
{
	if (pdf->counting)
		return;
	cairo_set_source_rgb(pdf->cr, grey, grey, grey);
	cairo_set_line_width(pdf->cr, 0.5);
	cairo_move_to(pdf->cr, x0, y0);
	cairo_line_to(pdf->cr, x1, y1);
	cairo_stroke(pdf->cr);
}

static void
put_head(struct xn_pdf *pdf)
{
	const struct xn_document *document = pdf->document;
	double right = xn_pdf_right(pdf);
	char text[LINE_BYTES], state[LINE_BYTES], line[2 * LINE_BYTES];

	xn_pdf_text(text, 160, document->title[pdf->language]);
	xn_pdf_show(pdf, XN_PDF_SMALL_BOLD, XN_PDF_MARGIN, 34, 0, text);
	xn_pdf_text(text, 160, document->site[pdf->language]);
	xn_pdf_show(pdf, XN_PDF_SMALL, right, 34, 1, text);
	xn_word_period(text, document, pdf->language);
	xn_pdf_show(pdf, XN_PDF_SMALL, XN_PDF_MARGIN, 45, 0, text);
	xn_pdf_text(state, 64, xn_word_state(document, pdf->language));
	snprintf(line, sizeof(line), "%s %d  ·  %s", xn_word(XN_WORD_REVISION, pdf->language),
	    document->revision, state);
	xn_pdf_show(pdf, XN_PDF_SMALL, right, 45, 1, line);
	xn_pdf_rule(pdf, XN_PDF_MARGIN, 51, right, 51, 0.6);
}

static void
put_foot(struct xn_pdf *pdf)
{
	double y = pdf->height - FOOT, right = xn_pdf_right(pdf);
	char text[LINE_BYTES];

	xn_pdf_rule(pdf, XN_PDF_MARGIN, y, right, y, 0.6);
	xn_pdf_text(text, 160, pdf->document->id);
	xn_pdf_show(pdf, XN_PDF_SMALL, XN_PDF_MARGIN, y + 12, 0, text);
	snprintf(text, sizeof(text), "%s %u/%u", xn_word(XN_WORD_PAGE, pdf->language), pdf->page,
	    pdf->pages);
	xn_pdf_show(pdf, XN_PDF_SMALL, right, y + 12, 1, text);
}

void
xn_pdf_page(struct xn_pdf *pdf, bool landscape)
{
	double zoom = pdf->zoom;

	if (!pdf->counting) {
		xn_pdf_flush(pdf);
		if (pdf->page > 0)
			cairo_show_page(pdf->cr);
	}
	pdf->page++;
	pdf->landscape = landscape;
	pdf->width = landscape ? XN_PDF_LONG : XN_PDF_SHORT;
	pdf->height = landscape ? XN_PDF_SHORT : XN_PDF_LONG;
	pdf->y = TOP;
	if (pdf->counting)
		return;
	pdf->zoom = 1;
	cairo_pdf_surface_set_size(pdf->surface, pdf->width, pdf->height);
	if (pdf->document->state && strcmp(pdf->document->state, "draft") == 0)
		xn_pdf_watermark(pdf, xn_word(XN_WORD_DRAFT_MARK, pdf->language));
	put_head(pdf);
	put_foot(pdf);
	xn_pdf_flush(pdf);
	pdf->zoom = zoom;
}

void
xn_pdf_need(struct xn_pdf *pdf, double height, bool landscape)
{
	if (landscape != pdf->landscape || pdf->y + height > xn_pdf_bottom(pdf))
		xn_pdf_page(pdf, landscape);
}

void
xn_pdf_heading(struct xn_pdf *pdf, const char *title)
{
	char text[LINE_BYTES], place[64];
	double height;

	xn_pdf_text(text, sizeof(text), title);
	if (!pdf->counting) {
		snprintf(place, sizeof(place), "page=%u pos=[%d %d]", pdf->page, (int)XN_PDF_MARGIN,
		    (int)pdf->y);
		cairo_pdf_surface_add_outline(pdf->surface, CAIRO_PDF_OUTLINE_ROOT, text, place,
		    (cairo_pdf_outline_flags_t)0);
	}
	height = xn_pdf_wrap(pdf, XN_PDF_HEADING, XN_PDF_MARGIN, pdf->y,
	    xn_pdf_right(pdf) - XN_PDF_MARGIN, text, false, true);
	pdf->y += height + 5;
}

/* ---- the first page ---- */

static void
put_fact(struct xn_pdf *pdf, enum xn_word word, const char *value)
{
	const double column = 150;
	char text[LINE_BYTES];

	xn_pdf_show(
	    pdf, XN_PDF_BODY_BOLD, XN_PDF_MARGIN, pdf->y + 9, 0, xn_word(word, pdf->language));
	xn_pdf_text(text, sizeof(text), value);
	pdf->y += xn_pdf_wrap(pdf, XN_PDF_BODY, XN_PDF_MARGIN + column, pdf->y,
	    xn_pdf_right(pdf) - XN_PDF_MARGIN - column, text, false, true);
	pdf->y += 2;
}

static void
put_title(struct xn_pdf *pdf)
{
	const struct xn_document *document = pdf->document;
	double room = xn_pdf_right(pdf) - XN_PDF_MARGIN;
	char text[LINE_BYTES];

	pdf->y += 10;
	xn_pdf_text(text, sizeof(text), document->title[pdf->language]);
	pdf->y +=
	    xn_pdf_wrap(pdf, XN_PDF_TITLE, XN_PDF_MARGIN, pdf->y, room, text, false, true) + 3;
	xn_pdf_text(text, sizeof(text), document->site[pdf->language]);
	pdf->y +=
	    xn_pdf_wrap(pdf, XN_PDF_HEADING, XN_PDF_MARGIN, pdf->y, room, text, false, true) + 12;
	xn_word_period(text, document, pdf->language);
	put_fact(pdf, XN_WORD_PERIOD, text);
	put_fact(pdf, XN_WORD_IDENTIFIER, document->id);
	snprintf(text, sizeof(text), "%d", document->revision);
	put_fact(pdf, XN_WORD_REVISION, text);
	put_fact(pdf, XN_WORD_STATE, xn_word_state(document, pdf->language));
	put_fact(pdf, XN_WORD_DATA,
	    xn_word(document->complete ? XN_WORD_COMPLETE : XN_WORD_INCOMPLETE, pdf->language));
	put_fact(pdf, XN_WORD_SLICE, document->slice);
	pdf->y += 10;
}

static void
put_warning(struct xn_pdf *pdf, const char *text)
{
	const double padding = 7;
	double leading = xn_pdf_leading(pdf, XN_PDF_BODY), room, height;
	char head[64];

	room = xn_pdf_right(pdf) - XN_PDF_MARGIN - 2 * padding;
	height =
	    xn_pdf_wrap(pdf, XN_PDF_BODY, 0, 0, room, text, false, false) + leading + 2 * padding;
	xn_pdf_need(pdf, height, pdf->landscape);
	if (!pdf->counting) {
		xn_pdf_flush(pdf);
		cairo_rectangle(pdf->cr, XN_PDF_MARGIN, pdf->y, room + 2 * padding, height);
		cairo_set_source_rgb(pdf->cr, 1, 0.973, 0.894);
		cairo_fill_preserve(pdf->cr);
		cairo_set_source_rgb(pdf->cr, 0.45, 0.30, 0);
		cairo_set_line_width(pdf->cr, 0.8);
		cairo_stroke(pdf->cr);
	}
	snprintf(head, sizeof(head), "⚠ %s", xn_word(XN_WORD_WARNING, pdf->language));
	xn_pdf_show(pdf, XN_PDF_BODY_BOLD, XN_PDF_MARGIN + padding, pdf->y + padding + 9, 0, head);
	xn_pdf_wrap(pdf, XN_PDF_BODY, XN_PDF_MARGIN + padding, pdf->y + padding + leading + 1, room,
	    text, false, true);
	pdf->y += height + 6;
}

static void
put_remarks(struct xn_pdf *pdf)
{
	double room = xn_pdf_right(pdf) - XN_PDF_MARGIN;
	char text[XN_PDF_TEXT_MAX];

	for (const struct xn_remark *remark = pdf->document->remarks; remark;
	     remark = remark->next) {
		xn_pdf_text(text, sizeof(text), remark->text[pdf->language]);
		if (remark->warning) {
			put_warning(pdf, text);
			continue;
		}
		xn_pdf_need(pdf, xn_pdf_wrap(pdf, XN_PDF_BODY, 0, 0, room, text, false, false),
		    pdf->landscape);
		pdf->y +=
		    xn_pdf_wrap(pdf, XN_PDF_BODY, XN_PDF_MARGIN, pdf->y, room, text, false, true) +
		    3;
	}
	pdf->y += 12;
}

/* ---- the whole ---- */

static void
put_chart(struct xn_pdf *pdf, const struct xn_chart *chart)
{
	bool empty = xn_pdf_chart_is_empty(chart);
	double height = empty ? 24 : CHART_HEIGHT;

	xn_pdf_need(pdf, height + 40, false);
	xn_pdf_heading(pdf, chart->title[pdf->language]);
	if (empty)
		xn_pdf_show(pdf, XN_PDF_BODY, XN_PDF_MARGIN, pdf->y + 12, 0,
		    xn_word(XN_WORD_NO_ROWS, pdf->language));
	xn_pdf_flush(pdf);
	if (!empty && !pdf->counting)
		xn_pdf_chart(pdf, chart, height);
	xn_pdf_flush(pdf);
	pdf->y += height + 22;
}

static int
go_through(struct xn_pdf *pdf, bool counting, struct xn_error *err)
{
	pdf->counting = counting;
	pdf->page = 0;
	pdf->zoom = 1;
	xn_pdf_page(pdf, false);
	put_title(pdf);
	put_remarks(pdf);
	for (const struct xn_chart *chart = pdf->document->charts; chart; chart = chart->next)
		put_chart(pdf, chart);
	for (const struct xn_table *table = pdf->document->tables; table; table = table->next) {
		int code = xn_pdf_table(pdf, table, err);

		if (code != XN_OK)
			return code;
	}
	pdf->pages = pdf->page;
	return XN_OK;
}

static cairo_status_t
put_bytes(void *closure, const unsigned char *bytes, unsigned length)
{
	return fwrite(bytes, 1, length, closure) == length ? CAIRO_STATUS_SUCCESS
							   : CAIRO_STATUS_WRITE_ERROR;
}

/* The dates are the end of the period: no clock is in the bytes. */
static void
set_metadata(struct xn_pdf *pdf)
{
	char text[LINE_BYTES];

	xn_pdf_text(text, sizeof(text), pdf->document->title[pdf->language]);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_TITLE, text);
	xn_pdf_text(text, sizeof(text), pdf->document->site[pdf->language]);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_SUBJECT, text);
	xn_pdf_text(text, sizeof(text), pdf->document->id);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_KEYWORDS, text);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_CREATOR, "Xanh");
	xn_document_time(text, pdf->document, XN_FIELD_INSTANT,
	    pdf->document->to.ms - pdf->document->to.ms % 1000);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_CREATE_DATE, text);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_MOD_DATE, text);
}

static int
draw(struct xn_pdf *pdf, FILE *out, struct xn_error *err)
{
	cairo_status_t status;
	int code;

	pdf->surface =
	    cairo_pdf_surface_create_for_stream(put_bytes, out, XN_PDF_SHORT, XN_PDF_LONG);
	pdf->cr = cairo_create(pdf->surface);
	set_metadata(pdf);
	code = go_through(pdf, false, err);
	xn_pdf_flush(pdf);
	cairo_show_page(pdf->cr);
	cairo_surface_finish(pdf->surface);
	status = cairo_status(pdf->cr);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(pdf->surface);
	cairo_destroy(pdf->cr);
	cairo_surface_destroy(pdf->surface);
	if (code == XN_OK && (status != CAIRO_STATUS_SUCCESS || fflush(out) != 0))
		code = xn_fail(
		    err, XN_ESYSTEM, "cannot write the PDF: %s", cairo_status_to_string(status));
	return code;
}

int
xn_report_pdf(
    const struct xn_document *document, enum xn_language language, FILE *out, struct xn_error *err)
{
	struct xn_pdf *pdf = calloc(1, sizeof(*pdf));
	int code;

	if (!pdf)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	pdf->document = document;
	pdf->language = language;
	pdf->zoom = 1;
	code = xn_pdf_fonts_open(pdf, err);
	if (code == XN_OK)
		code = go_through(pdf, true, err);
	if (code == XN_OK)
		code = draw(pdf, out, err);
	xn_pdf_fonts_close(pdf);
	free(pdf);
	return code;
}
