/*
 * PDF: the sheet that pdf.c fills, shared with what draws text (pdf_text.c), tables (pdf_table.c)
 * and charts (chart.c). Everything is measured in points from the page's upper left corner.
 *
 * The document is gone through twice: a round that only counts pages, and one that draws.
 *
 * Invariants: (1) both rounds take the same decisions, since neither asks the surface anything;
 * (2) text waits in `glyphs` until a style changes or the page ends, so it stands over what is
 * drawn with cairo before xn_pdf_flush.
 */
#ifndef XN_REPORTS_PDF_H
#define XN_REPORTS_PDF_H

#include <cairo.h>
#include <pango/pangocairo.h>

#include "orchestrator/reports/words.h"

#define XN_PDF_FAMILY         "DejaVu Sans"

/* A4 and its margins, points. */
#define XN_PDF_SHORT          595.276
#define XN_PDF_LONG           841.890
#define XN_PDF_MARGIN         42.0
#define XN_PDF_ROOM_PORTRAIT  (XN_PDF_SHORT - 2 * XN_PDF_MARGIN)
#define XN_PDF_ROOM_LANDSCAPE (XN_PDF_LONG - 2 * XN_PDF_MARGIN)

enum {
	XN_PDF_GLYPHS = 4096,
	XN_PDF_CHARACTERS = 0x2700, /* those that need no shaping are below */
	XN_PDF_TEXT_MAX = 2048,     /* bytes of a text that are shown */
};

enum xn_pdf_face { XN_PDF_PLAIN, XN_PDF_BOLD, XN_PDF_FACES };

enum xn_pdf_style {
	XN_PDF_TITLE,
	XN_PDF_HEADING,
	XN_PDF_BODY,
	XN_PDF_BODY_BOLD,
	XN_PDF_CELL,
	XN_PDF_CELL_BOLD,
	XN_PDF_SMALL,
	XN_PDF_SMALL_BOLD,
	XN_PDF_STYLES
};

struct xn_pdf_font {
	PangoFontDescription *description;
	cairo_font_face_t *face;
	cairo_scaled_font_t *em; /* at 1,000 points, to measure */
	/* By character, asked once: glyph + 1 (0: not asked yet), advance in ems. */
	uint32_t glyph[XN_PDF_CHARACTERS];
	float advance[XN_PDF_CHARACTERS];
};

struct xn_pdf {
	const struct xn_document *document;
	enum xn_language language;
	cairo_surface_t *surface;
	cairo_t *cr;
	PangoFontMap *map;
	PangoContext *context;
	PangoLayout *layout; /* of what needs shaping */
	struct xn_pdf_font fonts[XN_PDF_FACES];
	double width, height; /* of the page */
	double y;             /* where the next thing stands */
	double zoom;          /* of text, to fit a table that is too wide */
	unsigned page, pages;
	bool landscape, counting;

	enum xn_pdf_style run; /* of `glyphs` */
	int glyph_count;
	cairo_glyph_t glyphs[XN_PDF_GLYPHS];
};

/* ---- pdf_text.c ---- */

int xn_pdf_fonts_open(struct xn_pdf *pdf, struct xn_error *err);
void xn_pdf_fonts_close(struct xn_pdf *pdf);

/* From one base line to the next. */
double xn_pdf_leading(const struct xn_pdf *pdf, enum xn_pdf_style style);

/* A safe text of at most `size` bytes, letters and marks composed, with few line
 * ends: what the others take. */
void xn_pdf_text(char *ret_text, size_t size, const char *text);

double xn_pdf_width(struct xn_pdf *pdf, enum xn_pdf_style style, const char *text);
double xn_pdf_widest_word(struct xn_pdf *pdf, enum xn_pdf_style style, const char *text);

/* One line; `align` 0: x is its left end, 1: its right end, 0.5: its middle. */
void xn_pdf_show(struct xn_pdf *pdf, enum xn_pdf_style style, double x, double base_line,
    double align, const char *text);

/* Lines no wider than `width` from `top` on, at the right when `right`; returns their height. Only
 * measures when !draw. */
double xn_pdf_wrap(struct xn_pdf *pdf, enum xn_pdf_style style, double x, double top, double width,
    const char *text, bool right, bool draw);

void xn_pdf_flush(struct xn_pdf *pdf);

/* Large pale letters across the page, as outlines: they are no text of the report. */
void xn_pdf_watermark(struct xn_pdf *pdf, const char *word);

/* ---- pdf.c: pages ---- */

/* Right and lower end of what may be filled. */
double xn_pdf_right(const struct xn_pdf *pdf);
double xn_pdf_bottom(const struct xn_pdf *pdf);
/* A new page, if what follows needs another kind of page or more than is left of this one. */
void xn_pdf_need(struct xn_pdf *pdf, double height, bool landscape);
void xn_pdf_page(struct xn_pdf *pdf, bool landscape);
/* A heading at `y` and in the outline; moves `y` below it. */
void xn_pdf_heading(struct xn_pdf *pdf, const char *title);
/* A thin line. */
void xn_pdf_rule(struct xn_pdf *pdf, double x0, double y0, double x1, double y1, double grey);

/* ---- pdf_table.c, chart.c ---- */

int xn_pdf_table(struct xn_pdf *pdf, const struct xn_table *table, struct xn_error *err);
/* In `height` points from `y` on; axes and legend included. Only draws. */
void xn_pdf_chart(struct xn_pdf *pdf, const struct xn_chart *chart, double height);
/* Whether there is something to draw. */
bool xn_pdf_chart_is_empty(const struct xn_chart *chart);

#endif
