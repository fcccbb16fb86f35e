#include "orchestrator/reports/field_list.h"

#include <string.h>

__asm__(".section .rodata\nxn_eu_fields: .incbin \"policies/library/eu-2024-1364-fields.csv\"\n"
	"xn_eu_fields_end: .byte 0\n.previous\n");
extern const char xn_eu_fields[], xn_eu_fields_end[];

struct xn_field_list
xn_field_list(struct xn_arena *arena)
{
	char *rest = xn_text_copy(arena, xn_eu_fields, (size_t)(xn_eu_fields_end - xn_eu_fields));
	struct xn_field_list list = {0};
	unsigned lines = 0;

	for (const char *at = rest; *at != '\0'; at++)
		lines += *at == '\n';
	list.rows = xn_arena_take(arena, lines, sizeof(*list.rows));
	strsep(&rest, "\n"); /* the header */
	for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
		const char **row = list.rows[list.row_count++];

		for (unsigned i = 0; i < XN_EU_COLUMNS; i++) {
			const char *cell = strsep(&line, ",");

			row[i] = cell == NULL ? "" : cell;
		}
	}
	return list;
}
