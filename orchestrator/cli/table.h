/*
 * Table: rows of JSON objects as a person, a script or a spreadsheet wants them. Units stand in the
 * cells of a table and in the field names of JSON and CSV. What came from outside is printed
 * escaped.
 */
#ifndef XN_CLI_TABLE_H
#define XN_CLI_TABLE_H

#include <jansson.h>

#include "common/cli.h"

enum xn_cell_kind {
	XN_CELL_TEXT,
	XN_CELL_COUNT,
	XN_CELL_WATTS,
	XN_CELL_CELSIUS,
	XN_CELL_CORES,
	XN_CELL_MIB,
	XN_CELL_WH,
	XN_CELL_KWH,
	XN_CELL_KW,
	XN_CELL_SHARE, /* 0..1, as per cent */
	XN_CELL_VND,
	XN_CELL_YES,  /* a true switch */
	XN_CELL_TIME, /* RFC 3339 text, as the local hour; with its date when that is another day */
};

struct xn_column {
	const char *title;
	const char *field; /* of the row; "a.b" goes into an object */
	enum xn_cell_kind cell;
};

enum xn_format { XN_FORMAT_TABLE, XN_FORMAT_JSON, XN_FORMAT_CSV };

/* From -o; false, with a sentence on standard error, when it is no format. */
bool xn_table_format(const struct xn_cli *cli, enum xn_format *ret_format);

/* Prints an array in the format asked for; `empty` is the sentence for no rows. Its exit code. */
int xn_table_print(const struct xn_cli *cli, const json_t *rows, const struct xn_column *columns,
    size_t count, const char *empty);
void xn_table_draw(const json_t *rows, const struct xn_column *columns, size_t count);

/* One JSON document and a newline. */
void xn_table_json(const json_t *value);

/* A value as its cell, in a text that the caller frees. Absent and null: "-". */
char *xn_cell_text(const json_t *value, enum xn_cell_kind cell);
/* Prints a field of an object as its cell. */
void xn_cell_print(const json_t *object, const char *field, enum xn_cell_kind cell);

const json_t *xn_field(const json_t *object, const char *field);
/* Text of a field; "" when it is not there. */
const char *xn_field_text(const json_t *object, const char *field);
double xn_field_number(const json_t *object, const char *field);

/* Colours for a word on standard output; "" where colour may not be used. */
const char *xn_paint(const char *word);
const char *xn_paint_end(void);

#endif
