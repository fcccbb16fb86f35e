/*
 * Text on a page. Nearly all of it is Latin letters and figures, which one glyph each stands for:
 * those are looked up once and put down without shaping. The rest goes through Pango.
 */
#include <math.h>
#include <string.h>

#include "orchestrator/reports/pdf.h"

enum { LINES_MAX = 8 }; /* that a text may ask for: it must not outgrow a page */

static const struct {
	enum xn_pdf_face face;
	double size, grey;
} styles[XN_PDF_STYLES] = {
    [XN_PDF_TITLE] = {XN_PDF_BOLD, 18, 0.10},
    [XN_PDF_HEADING] = {XN_PDF_BOLD, 11, 0.10},
    [XN_PDF_BODY] = {XN_PDF_PLAIN, 9, 0.12},
    [XN_PDF_BODY_BOLD] = {XN_PDF_BOLD, 9, 0.12},
    [XN_PDF_CELL] = {XN_PDF_PLAIN, 7.5, 0.08},
    [XN_PDF_CELL_BOLD] = {XN_PDF_BOLD, 7.5, 0.08},
    [XN_PDF_SMALL] = {XN_PDF_PLAIN, 7, 0.30},
    [XN_PDF_SMALL_BOLD] = {XN_PDF_BOLD, 7, 0.30},
};

/* ---- fonts ---- */

static int
font_open(struct xn_pdf *pdf, struct xn_pdf_font *font, PangoWeight weight, struct xn_error *err)
{
	PangoFontDescription *found;
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_matrix_t em, plain;
	PangoFont *loaded;
	bool same;

	font->description = pango_font_description_new();
	pango_font_description_set_family_static(font->description, XN_PDF_FAMILY);
	pango_font_description_set_weight(font->description, weight);
	pango_font_description_set_absolute_size(font->description, 10 * PANGO_SCALE);
	loaded = pango_font_map_load_font(pdf->map, pdf->context, font->description);
	found = loaded ? pango_font_describe(loaded) : NULL;
	same = found && strcmp(pango_font_description_get_family(found), XN_PDF_FAMILY) == 0;
	pango_font_description_free(found);
	if (same) {
		font->face = cairo_font_face_reference(cairo_scaled_font_get_font_face(
		    pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(loaded))));
		cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
		cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
		cairo_matrix_init_scale(&em, 1000, 1000);
		cairo_matrix_init_identity(&plain);
		font->em = cairo_scaled_font_create(font->face, &em, &plain, options);
	}
	cairo_font_options_destroy(options);
	if (loaded)
		g_object_unref(loaded);
	if (!same)
		return xn_fail(err, XN_ENOTFOUND,
		    "the font %s is not installed: apt-get install fonts-dejavu-core",
		    XN_PDF_FAMILY);
	return XN_OK;
}

int
xn_pdf_fonts_open(struct xn_pdf *pdf, struct xn_error *err)
{
	cairo_font_options_t *options = cairo_font_options_create();
	int code;

	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pdf->map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
	pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(pdf->map), 72);
	pdf->context = pango_font_map_create_context(pdf->map);
	pango_cairo_context_set_font_options(pdf->context, options);
	pango_context_set_language(pdf->context,
	    pango_language_from_string(pdf->language == XN_LANGUAGE_VI ? "vi" : "en"));
	cairo_font_options_destroy(options);
	pdf->layout = pango_layout_new(pdf->context);
	code = font_open(pdf, &pdf->fonts[XN_PDF_PLAIN], PANGO_WEIGHT_NORMAL, err);
	if (code == XN_OK)
		code = font_open(pdf, &pdf->fonts[XN_PDF_BOLD], PANGO_WEIGHT_BOLD, err);
	return code;
}

void
xn_pdf_fonts_close(struct xn_pdf *pdf)
{
	for (int i = 0; i < XN_PDF_FACES; i++) {
		struct xn_pdf_font *font = &pdf->fonts[i];

		pango_font_description_free(font->description);
		if (font->em)
			cairo_scaled_font_destroy(font->em);
		if (font->face)
			cairo_font_face_destroy(font->face);
	}
	g_object_unref(pdf->layout);
	g_object_unref(pdf->context);
	g_object_unref(pdf->map);
}

/* ---- characters ---- */

/* Whether one glyph stands for it, wherever it stands. */
static bool
is_simple(uint32_t character)
{
	return (character >= ' ' && character < 0x250) ||
	    (character >= 0x1e00 && character < 0x1f00) ||
	    (character >= 0x2010 && character < 0x2028) || character == 0x20ab /* dong */ ||
	    character == 0x2248 /* about */ || character == 0x26a0 /* warning */;
}

static bool
text_is_simple(const char *text)
{
	for (; *text; text = g_utf8_next_char(text)) {
		uint32_t character = g_utf8_get_char(text);

		if (!is_simple(character) && character != '\n')
			return false;
	}
	return true;
}

static void
look_up(struct xn_pdf_font *font, uint32_t character)
{
	cairo_glyph_t *glyph = NULL;
	cairo_text_extents_t extents = {0};
	char bytes[4];
	int length = (int)xn_document_utf8(bytes, character), count = 0;

	font->glyph[character] = 1;
	if (cairo_scaled_font_text_to_glyphs(font->em, 0, 0, bytes, length, &glyph, &count, NULL,
		NULL, NULL) == CAIRO_STATUS_SUCCESS &&
	    count == 1) {
		cairo_scaled_font_glyph_extents(font->em, glyph, 1, &extents);
		font->glyph[character] = (uint32_t)glyph->index + 1;
		font->advance[character] = (float)(extents.x_advance / 1000);
	}
	cairo_glyph_free(glyph);
}

static double
advance_of(struct xn_pdf_font *font, uint32_t character)
{
	if (!font->glyph[character])
		look_up(font, character);
	return (double)font->advance[character];
}

void
xn_pdf_text(char *ret_text, size_t size, const char *text)
{
	char *composed;
	int lines = 0;

	xn_document_text(ret_text, size, text ? text : "");
	for (char *at = ret_text; *at; at++)
		if (*at == '\t' || *at == '\r' || (*at == '\n' && ++lines >= LINES_MAX))
			*at = ' ';
	if (text_is_simple(ret_text))
		return;
	composed = g_utf8_normalize(ret_text, -1, G_NORMALIZE_NFC);
	if (composed)
		xn_document_text(ret_text, size, composed);
	g_free(composed);
}

/* ---- measures ---- */

static double
size_of(const struct xn_pdf *pdf, enum xn_pdf_style style)
{
	return styles[style].size * pdf->zoom;
}

double
xn_pdf_leading(const struct xn_pdf *pdf, enum xn_pdf_style style)
{
	return size_of(pdf, style) * 1.32;
}

/* The layout holds `text`, lines no wider than `width`; negative: one line. */
static void
shape(struct xn_pdf *pdf, enum xn_pdf_style style, const char *text, size_t length, double width)
{
	PangoFontDescription *description = pdf->fonts[styles[style].face].description;

	pango_font_description_set_absolute_size(description, size_of(pdf, style) * PANGO_SCALE);
	pango_layout_set_font_description(pdf->layout, description);
	pango_layout_set_single_paragraph_mode(pdf->layout, width < 0);
	pango_layout_set_wrap(pdf->layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_width(pdf->layout, width < 0 ? -1 : (int)(width * PANGO_SCALE));
	pango_layout_set_text(pdf->layout, text, (int)length);
}

static double
width_of(struct xn_pdf *pdf, enum xn_pdf_style style, const char *text, const char *end)
{
	struct xn_pdf_font *font = &pdf->fonts[styles[style].face];
	const char *start = text;
	double width = 0;
	int units;

	for (; text < end; text = g_utf8_next_char(text)) {
		uint32_t character = g_utf8_get_char(text);

		if (!is_simple(character)) {
			shape(pdf, style, start, (size_t)(end - start), -1);
			pango_layout_get_size(pdf->layout, &units, NULL);
			return (double)units / PANGO_SCALE;
		}
		width += advance_of(font, character);
	}
	return width * size_of(pdf, style);
}

double
xn_pdf_width(struct xn_pdf *pdf, enum xn_pdf_style style, const char *text)
{
	return width_of(pdf, style, text, text + strlen(text));
}

double
xn_pdf_widest_word(struct xn_pdf *pdf, enum xn_pdf_style style, const char *text)
{
	double widest = 0;

	while (*text) {
		const char *end = text + strcspn(text, " \n");

		widest = fmax(widest, width_of(pdf, style, text, end));
		text = end + (*end != '\0');
	}
	return widest;
}

/* ---- drawing ---- */

void
xn_pdf_flush(struct xn_pdf *pdf)
{
	double grey = styles[pdf->run].grey;

	if (pdf->glyph_count == 0)
		return;
	cairo_set_source_rgb(pdf->cr, grey, grey, grey);
	cairo_set_font_face(pdf->cr, pdf->fonts[styles[pdf->run].face].face);
	cairo_set_font_size(pdf->cr, size_of(pdf, pdf->run));
	cairo_show_glyphs(pdf->cr, pdf->glyphs, pdf->glyph_count);
	pdf->glyph_count = 0;
}

static void
show_shaped(struct xn_pdf *pdf, enum xn_pdf_style style, double x, double base_line)
{
	double grey = styles[style].grey;

	xn_pdf_flush(pdf);
	cairo_set_source_rgb(pdf->cr, grey, grey, grey);
	cairo_move_to(
	    pdf->cr, x, base_line - (double)pango_layout_get_baseline(pdf->layout) / PANGO_SCALE);
	pango_cairo_show_layout(pdf->cr, pdf->layout);
}

static void
show_line(struct xn_pdf *pdf, enum xn_pdf_style style, double x, double base_line, const char *text,
    const char *end)
{
	struct xn_pdf_font *font = &pdf->fonts[styles[style].face];
	double size = size_of(pdf, style);

	if (pdf->run != style)
		xn_pdf_flush(pdf);
	pdf->run = style;
	for (; text < end; text = g_utf8_next_char(text)) {
		uint32_t character = g_utf8_get_char(text);
		double advance = advance_of(font, character);

		if (pdf->glyph_count == XN_PDF_GLYPHS)
			xn_pdf_flush(pdf);
		pdf->glyphs[pdf->glyph_count++] =
		    (cairo_glyph_t){font->glyph[character] - 1, x, base_line};
		x += advance * size;
	}
}

void
xn_pdf_show(struct xn_pdf *pdf, enum xn_pdf_style style, double x, double base_line, double align,
    const char *text)
{
	if (pdf->counting)
		return;
	if (align > 0)
		x -= align * xn_pdf_width(pdf, style, text);
	if (text_is_simple(text) && !strchr(text, '\n')) {
		show_line(pdf, style, x, base_line, text, text + strlen(text));
	} else {
		shape(pdf, style, text, strlen(text), -1);
		show_shaped(pdf, style, x, base_line);
	}
}

/* Where a line that starts at `text` ends, and where the next one starts. */
static const char *
line_end(struct xn_pdf *pdf, enum xn_pdf_style style, const char *text, double width,
    const char **ret_next)
{
	struct xn_pdf_font *font = &pdf->fonts[styles[style].face];
	const char *at = text, *space = NULL;
	double used = 0;

	while (*at && *at != '\n') {
		used += advance_of(font, g_utf8_get_char(at)) * size_of(pdf, style);
		if (*at == ' ')
			space = at;
		if (used > width && at > text) {
			*ret_next = space ? space + 1 : at;
			return space ? space : at;
		}
		at = g_utf8_next_char(at);
	}
	*ret_next = at + (*at == '\n');
	return at;
}

double
xn_pdf_wrap(struct xn_pdf *pdf, enum xn_pdf_style style, double x, double top, double width,
    const char *text, bool right, bool draw)
{
	double leading = xn_pdf_leading(pdf, style), base_line = top + size_of(pdf, style);
	int units;

	draw = draw && !pdf->counting;
	if (!text_is_simple(text)) {
		shape(pdf, style, text, strlen(text), width);
		pango_layout_set_alignment(
		    pdf->layout, right ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
		pango_layout_get_size(pdf->layout, NULL, &units);
		if (draw)
			show_shaped(pdf, style, x, base_line);
		return (double)units / PANGO_SCALE;
	}
	do {
		const char *next, *end = line_end(pdf, style, text, width, &next);

		if (draw)
			show_line(pdf, style,
			    right ? x + width - width_of(pdf, style, text, end) : x, base_line,
			    text, end);
		base_line += leading;
		text = next;
	} while (*text);
	return base_line - top - size_of(pdf, style);
}

void
xn_pdf_watermark(struct xn_pdf *pdf, const char *word)
{
	PangoRectangle ink;

	shape(pdf, XN_PDF_TITLE, word, strlen(word), -1);
	pango_layout_get_extents(pdf->layout, &ink, NULL);
	cairo_save(pdf->cr);
	cairo_translate(pdf->cr, pdf->width / 2, pdf->height / 2);
	cairo_rotate(pdf->cr, -atan2(pdf->height, pdf->width));
	cairo_scale(pdf->cr, 5.5, 5.5);
	cairo_move_to(pdf->cr, -(ink.x + ink.width / 2.0) / PANGO_SCALE,
	    -(ink.y + ink.height / 2.0) / PANGO_SCALE);
	pango_cairo_layout_path(pdf->cr, pdf->layout);
	cairo_set_source_rgb(pdf->cr, 0.95, 0.95, 0.95);
	cairo_fill(pdf->cr);
	cairo_restore(pdf->cr);
}
