/*
 * Document: a report before it has a format: texts, tables with typed columns, charts. The writers
 * (CSV, JSON, XLSX, PDF) print the same document, so that a number is the same in all of them: it
 * is a scaled integer here, and nobody rounds it again.
 *
 * Invariants: (1) a row has as many values as its table has fields; (2) a number's decimals are its
 * field's; (3) a TEXT cell that is not `none`
 * has a text; (4) same document and language, same bytes, whatever the clock, the locale and the
 * place.
 */
#ifndef XN_REPORTS_DOCUMENT_H
#define XN_REPORTS_DOCUMENT_H

#include <stdio.h>

#include "common/arena.h"
#include "common/error.h"
#include "common/units.h"

#define XN_DECIMALS_MAX    18
#define XN_NUMBER_TEXT_MAX 40 /* a number as text: sign, 20 digits, 6 dots, comma, NUL */
#define XN_TIME_TEXT_MAX   40

enum xn_language { XN_LANGUAGE_VI, XN_LANGUAGE_EN, XN_LANGUAGE_COUNT };

enum xn_field_kind { XN_FIELD_TEXT, XN_FIELD_NUMBER, XN_FIELD_INSTANT, XN_FIELD_DATE };

/* A column: its name is that of CSV and JSON, units included ("e_dc_kwh"). */
struct xn_field {
	const char *name;
	const char *title[XN_LANGUAGE_COUNT];
	enum xn_field_kind kind;
	int decimals;     /* of NUMBER: 0 to XN_DECIMALS_MAX */
	const char *unit; /* "kWh"; "" */
	bool required;
	bool sensitive; /* not in open data: names of racks, hosts, VMs, meters */
};

struct xn_cell {
	bool none;      /* nothing is known; never 0 */
	int64_t scaled; /* NUMBER: value x 10^decimals; INSTANT, DATE: ms since 1970 UTC, of a date
			 * any instant of that day in the site's time */
	const char *text; /* TEXT */
	bool estimated;   /* shown as such, never bold */
};

struct xn_table {
	/* "energy": of the file in a bundle and of an XLSX sheet: letters, digits, - and _, at most
	 * 31, not "summary" */
	const char *name;
	const char *title[XN_LANGUAGE_COUNT];
	const struct xn_field *fields;
	uint32_t field_count;
	struct xn_cell *cells; /* [row_count x field_count] */
	uint32_t row_count, row_room;
	uint32_t pdf_rows_max; /* rows that the PDF shows; 0: all. It says how many it left out. */
	struct xn_table *next;
};

enum xn_chart_kind { XN_CHART_BARS, XN_CHART_LINES };

/* Columns of a table drawn over one of its columns. */
struct xn_chart {
	const char *title[XN_LANGUAGE_COUNT];
	enum xn_chart_kind kind;
	const struct xn_table *table;
	uint32_t x;
	uint32_t y[6];
	uint32_t y_count;
	struct xn_chart *next;
};

/* A line under the title: "Coverage  99.2 %". */
struct xn_remark {
	const char *text[XN_LANGUAGE_COUNT];
	bool warning; /* shown on the face: incomplete, estimated, not proven */
	struct xn_remark *next;
};

struct xn_document {
	struct xn_arena *arena;
	const char *kind; /* "site-energy" */
	const char *id;   /* "hoa-lac-1/site-energy/2026-11" */
	int revision;
	const char *state; /* draft, frozen, filed */
	const char *title[XN_LANGUAGE_COUNT];
	const char *site[XN_LANGUAGE_COUNT];
	xn_instant from, to; /* the period */
	int utc_offset_s;
	const char *slice; /* SHA-256 of the data it was made of, in hexadecimal */
	int64_t as_of;
	bool complete;
	struct xn_remark *remarks;
	struct xn_table *tables; /* the first is what CSV writes */
	struct xn_chart *charts;
};

/* Building; texts are not copied, rows are in the document's arena. */
struct xn_document *xn_document_new(struct xn_arena *arena);
void xn_document_remark(struct xn_document *document, bool warning, const char *vi, const char *en);
struct xn_table *xn_document_table(struct xn_document *document, const char *name,
    const char *title_vi, const char *title_en, const struct xn_field *fields,
    uint32_t field_count);
/* The next row, all its cells `none`. */
struct xn_cell *xn_table_row(struct xn_document *document, struct xn_table *table);
struct xn_chart *xn_document_chart(struct xn_document *document, enum xn_chart_kind kind,
    const struct xn_table *table, uint32_t x, const char *title_vi, const char *title_en);

/* A number as it is printed, with dot or, in Vietnamese text, with comma and dots; "" if none. */
void xn_document_number(char *ret_text, size_t size, const struct xn_field *field,
    const struct xn_cell *cell, enum xn_language language, bool grouped);

/* The next character of outside text, as every format can carry it: bytes that are no UTF-8 and
 * control characters are U+FFFD. *at must be before `end`. */
uint32_t xn_document_character(const char **at, const char *end);
/* Its UTF-8; returns the length. */
size_t xn_document_utf8(char ret_bytes[4], uint32_t character);
/* A whole text of such characters, cut with an ellipsis where `size` ends; returns its length. */
size_t xn_document_text(char *ret_text, size_t size, const char *text);

/* "2026-11-25T07:00:00+07:00" in the site's time, with ms where there are; of a DATE the day. */
void xn_document_time(char ret_text[XN_TIME_TEXT_MAX], const struct xn_document *document,
    enum xn_field_kind kind, int64_t ms);

/* ---- writers ---- */

enum xn_report_format { XN_REPORT_CSV, XN_REPORT_JSON, XN_REPORT_XLSX, XN_REPORT_PDF };

/* csv.c: RFC 4180 of one table (NULL: the first); field names as header, dot decimals; a writer
 * that fails because `out` does says XN_ESYSTEM. */
int xn_report_csv(const struct xn_document *document, const struct xn_table *table, FILE *out,
    struct xn_error *err);
/* csvw.c: its metadata, as name.csv-metadata.json. */
int xn_report_csvw(const struct xn_document *document, const struct xn_table *table,
    const char *csv_name, FILE *out, struct xn_error *err);
/* json.c: everything, numbers as numbers. */
int xn_report_json(const struct xn_document *document, FILE *out, struct xn_error *err);
/* xlsx.c, pdf.c: in one language. */
int xn_report_xlsx(
    const struct xn_document *document, enum xn_language language, FILE *out, struct xn_error *err);
int xn_report_pdf(
    const struct xn_document *document, enum xn_language language, FILE *out, struct xn_error *err);

#endif
