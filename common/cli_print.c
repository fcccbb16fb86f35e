#include "common/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

bool
xn_cli_colour(FILE *stream)
{
	const char *refused = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (refused != NULL && refused[0] != '\0')
		return false;
	return term != NULL && strcmp(term, "dumb") != 0 && isatty(fileno(stream)) == 1;
}

void
xn_cli_print_escaped(FILE *out, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		const char *start = text;
		uint32_t character = xn_utf8_take(&text, end);

		if (character == '\t' || character == '\n' || character == '\r' ||
		    !xn_text_printable(character))
			for (; start < text; start++)
				fprintf(out, "\\x%02x", (unsigned)(unsigned char)*start);
		else
			fwrite(start, 1, (size_t)(text - start), out);
	}
}
