#include "orchestrator/reports/library.h"

#include <string.h>

#define EMBED(name, file)                                                                          \
	__asm__(".section .rodata\n" #name ": .incbin \"policies/library/" file "\"\n" #name       \
		"_end: .byte 0\n.previous\n");                                                     \
	extern const char name[], name##_end[]

EMBED(xn_eu_fields_csv, "eu-2024-1364-fields.csv");
EMBED(xn_toe_csv, "vn-toe.csv");

static struct xn_library
split(struct xn_arena *arena, const char *begin, const char *end)
{
	char *rest = xn_text_copy(arena, begin, (size_t)(end - begin));
	struct xn_library library = {0};
	unsigned lines = 0;

	for (const char *at = rest; *at != '\0'; at++)
		lines += *at == '\n';
	library.rows = xn_arena_take(arena, lines, sizeof(*library.rows));
	strsep(&rest, "\n"); /* the header */
	for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
		const char **row = library.rows[library.row_count++];

		for (unsigned i = 0; i < XN_LIBRARY_COLUMNS; i++) {
			const char *cell = strsep(&line, ",");

			row[i] = cell == NULL ? "" : cell;
		}
	}
	return library;
}

struct xn_library
xn_library_eu_fields(struct xn_arena *arena)
{
	return split(arena, xn_eu_fields_csv, xn_eu_fields_csv_end);
}

struct xn_library
xn_library_toe(struct xn_arena *arena)
{
	return split(arena, xn_toe_csv, xn_toe_csv_end);
}
