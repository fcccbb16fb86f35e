/*
 * What changed between two revisions: rows are matched by their texts and times, numbers compared
 * as they were printed. The revision before is read from its own frozen JSON.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/reports/freeze.h"
#include "orchestrator/reports/making.h"

#define KEY_SIZE 1024

enum { TABLE, ROW, FIELD, BEFORE, AFTER };

static const struct xn_field fields[] = {
    XN_F_TEXT("table", "Bảng", "Table"),
    XN_F_NAME("row", "Dòng", "Row"),
    XN_F_TEXT("field", "Trường", "Field"),
    XN_F_TEXT("before", "Trước", "Before"),
    XN_F_TEXT("after", "Sau", "After"),
};

struct comparison {
	struct xn_document *document;
	struct xn_table *out;
	const struct xn_table *table;
	json_t *index; /* key -> row of the revision before */
};

static void
key_of_json(const struct xn_table *table, const json_t *row, char ret_key[KEY_SIZE])
{
	size_t used = 0;

	ret_key[0] = '\0';
	for (uint32_t i = 0; i < table->field_count; i++) {
		const char *text = json_string_value(json_object_get(row, table->fields[i].name));

		if (table->fields[i].kind != XN_FIELD_NUMBER && used < KEY_SIZE - 1)
			used += (size_t)snprintf(ret_key + used, KEY_SIZE - used, "%s%s",
			    used == 0 ? "" : " ", text == NULL ? "-" : text);
	}
}

static void
key_of_cells(const struct comparison *c, const struct xn_cell *row, char ret_key[KEY_SIZE])
{
	const struct xn_table *table = c->table;
	size_t used = 0;

	ret_key[0] = '\0';
	for (uint32_t i = 0; i < table->field_count; i++) {
		char time[XN_TIME_TEXT_MAX];
		const char *text = row[i].text;

		if (table->fields[i].kind == XN_FIELD_NUMBER || used >= KEY_SIZE - 1)
			continue;
		if (table->fields[i].kind != XN_FIELD_TEXT) {
			xn_document_time(time, c->document, table->fields[i].kind, row[i].scaled);
			text = time;
		}
		used += (size_t)snprintf(ret_key + used, KEY_SIZE - used, "%s%s",
		    used == 0 ? "" : " ", row[i].none ? "-" : text);
	}
}

static void
put_text(struct comparison *c, struct xn_cell *cell, const char *text)
{
	xn_put_text(cell, xn_text_copy(c->document->arena, text, strlen(text)));
}

static void
put_number(struct comparison *c, struct xn_cell *cell, const struct xn_field *field,
    const struct xn_cell *number)
{
	char text[XN_NUMBER_TEXT_MAX];

	xn_document_number(text, sizeof(text), field, number, XN_LANGUAGE_EN, false);
	put_text(c, cell, text);
}

static void
compare_field(struct comparison *c, const char *key, const struct xn_field *field,
    const struct xn_cell *now, const json_t *row)
{
	const json_t *value = json_object_get(row, field->name);
	struct xn_cell before = {.none = !json_is_number(value)};
	struct xn_cell *cells;

	if (!before.none)
		before.scaled = llround(json_number_value(value) * pow(10, field->decimals));
	if (row != NULL && before.none == now->none && (now->none || before.scaled == now->scaled))
		return;
	cells = xn_table_row(c->document, c->out);
	xn_put_text(&cells[TABLE], c->table->name);
	put_text(c, &cells[ROW], key);
	xn_put_text(&cells[FIELD], field->name);
	put_number(c, &cells[BEFORE], field, &before);
	put_number(c, &cells[AFTER], field, now);
}

static void
index_rows(struct comparison *c, const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		char key[KEY_SIZE];

		key_of_json(c->table, row, key);
		json_object_set(c->index, key, row);
	}
}

/* A row that is not there any more. */
static void
put_gone(struct comparison *c)
{
	const char *key;
	json_t *row;

	json_object_foreach(c->index, key, row)
	{
		struct xn_cell *cells = xn_table_row(c->document, c->out);

		xn_put_text(&cells[TABLE], c->table->name);
		put_text(c, &cells[ROW], key);
		xn_put_text(&cells[BEFORE], "row");
	}
}

static void
compare_table(struct comparison *c, const json_t *rows)
{
	c->index = json_object();
	index_rows(c, rows);
	for (uint32_t r = 0; r < c->table->row_count; r++) {
		const struct xn_cell *cells = c->table->cells + (size_t)r * c->table->field_count;
		char key[KEY_SIZE];
		const json_t *row;

		key_of_cells(c, cells, key);
		row = json_object_get(c->index, key);
		for (uint32_t i = 0; i < c->table->field_count; i++)
			if (c->table->fields[i].kind == XN_FIELD_NUMBER)
				compare_field(c, key, &c->table->fields[i], &cells[i], row);
		json_object_del(c->index, key);
	}
	put_gone(c);
	json_decref(c->index);
}

static const json_t *
rows_of(const json_t *before, const char *name)
{
	size_t i;
	json_t *table;

	json_array_foreach(json_object_get(before, "tables"), i,
	    table) if (strcmp(json_string_value(json_object_get(table, "name")), name) ==
	    0) return json_object_get(table, "rows");
	return NULL;
}

int
xn_frozen_compare(
    const struct xn_frozen *before, struct xn_document *document, struct xn_error *err)
{
	struct comparison c = {.document = document};
	char name[512], path[4096];
	json_error_t why;
	json_t *json;

	xn_frozen_name(before, XN_REPORT_JSON, 0, NULL, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s", before->folder, name);
	json = json_load_file(path, 0, &why);
	if (json == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", path, why.text);
	c.out = xn_document_table(document, "differences",
	    xn_text(document->arena, "Khác biệt so với bản %d", before->row.revision),
	    xn_text(document->arena, "Differences from revision %d", before->row.revision), fields,
	    XN_FIELDS_COUNT(fields));
	c.out->pdf_rows_max = 500;
	for (c.table = document->tables; c.table != c.out; c.table = c.table->next)
		if (strcmp(c.table->name, "corrections") != 0)
			compare_table(&c, rows_of(json, c.table->name));
	json_decref(json);
	xn_document_remark(document, true,
	    xn_text(document->arena, "Bản sửa: thay thế bản %d, xem bảng khác biệt",
		before->row.revision),
	    xn_text(document->arena, "Revised: in place of revision %d, see the differences",
		before->row.revision));
	return XN_OK;
}
