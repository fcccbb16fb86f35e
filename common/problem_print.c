#include "common/problem.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/text.h"

/* A line of a megabyte is shown as a window around the mistake, in characters. */
#define WINDOW_BEFORE 60
#define WINDOW_MAX    140

/* How far a source has been read: problems come in order, so places are looked for only forward. */
struct cursor {
	const struct xn_source *source;
	const char *line;
	unsigned number;
	const char *at; /* in the line: where `column` is */
	unsigned column;
};

static const char *
line_end(const char *at, const char *end)
{
	while (at < end && *at != '\n' && *at != '\r')
		at++;
	return at;
}

/* Moves to the line, and in it to the character `column` or its end. Line ends are LF, CR LF, CR.
 */
static void
cursor_move(struct cursor *cursor, const struct xn_mark *mark, unsigned column)
{
	const char *end = mark->source->bytes + mark->source->size;

	if (cursor->source != mark->source || cursor->number > mark->line) {
		const char *line = mark->source->bytes;

		if (end - line >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
			line += 3; /* a byte order mark takes no column */
		*cursor = (struct cursor){mark->source, line, 1, line, 1};
	}
	while (cursor->number < mark->line && cursor->line < end) {
		const char *at = line_end(cursor->line, end);

		if (at < end)
			at += at + 1 < end && at[0] == '\r' && at[1] == '\n' ? 2 : 1;
		cursor->line = cursor->at = at;
		cursor->number++;
		cursor->column = 1;
	}
	for (; cursor->column < column && cursor->at < end && *cursor->at != '\n' &&
	     *cursor->at != '\r';
	     cursor->column++)
		(void)xn_utf8_take(&cursor->at, end);
}

static void
print_character(FILE *out, uint32_t character, const char *bytes, size_t count)
{
	if (character != '\t' && !xn_text_printable(character))
		fputs("\xef\xbf\xbd", out);
	else
		fwrite(bytes, 1, count, out);
}

/* What is left of a line, up to a window's width; returns how many characters were shown. */
static unsigned
print_line(FILE *out, const char *line, const char *end)
{
	unsigned shown = 0;

	while (line < end && *line != '\n' && *line != '\r' && shown < WINDOW_MAX) {
		const char *start = line;
		uint32_t character = xn_utf8_take(&line, end);

		print_character(out, character, start, (size_t)(line - start));
		shown++;
	}
	if (line < end && *line != '\n' && *line != '\r')
		fputs("\xe2\x80\xa6", out);
	return shown;
}

/* The caret stands `before` characters into what is shown: a tab under a tab, two blanks under a
 * wide character. */
static void
print_caret(
    FILE *out, const char *line, const char *end, unsigned shown, unsigned before, unsigned width)
{
	unsigned position = 0;

	while (position < shown && position < before) {
		uint32_t character = xn_utf8_take(&line, end);

		position++;
		if (character == '\t')
			fputc('\t', out);
		else
			for (unsigned columns = xn_text_columns(character); columns > 0; columns--)
				fputc(' ', out);
	}
	for (; position < before; position++)
		fputc(' ', out);
	fputc('^', out);
	for (bool begun = false; position < shown && width > 0; position++, width--) {
		unsigned columns = xn_text_columns(xn_utf8_take(&line, end));

		for (columns -= !begun && columns > 0; columns > 0; columns--)
			fputc('~', out);
		begun = true;
	}
	fputc('\n', out);
}

static int
digits(unsigned number)
{
	int count = 1;

	for (; number >= 10; number /= 10)
		count++;
	return count < 5 ? 5 : count;
}

static void
print_problem(FILE *out, const struct xn_problem *problem, struct cursor *cursor)
{
	const struct xn_mark *mark = &problem->mark;
	const char *end = mark->source->bytes + mark->source->size;
	unsigned first = mark->column > WINDOW_BEFORE * 2 ? mark->column - WINDOW_BEFORE : 1;
	unsigned shown;

	xn_cli_print_escaped(out, mark->source->path);
	fprintf(out, ":%u:%u: error: ", mark->line, mark->column);
	xn_cli_print_escaped(out, problem->text);
	cursor_move(cursor, mark, first);
	fprintf(out, "\n%*u | %s", digits(mark->line), mark->line, first > 1 ? "\xe2\x80\xa6" : "");
	shown = print_line(out, cursor->at, end);
	fprintf(out, "\n%*s | %s", digits(mark->line), "", first > 1 ? " " : "");
	print_caret(out, cursor->at, end, shown, mark->column - first, mark->width);
	if (problem->advice != NULL) {
		fprintf(out, "%*s = ", digits(mark->line), "");
		xn_cli_print_escaped(out, problem->advice);
		fputc('\n', out);
	}
}

struct row {
	const struct xn_problem *problem;
	unsigned added; /* later additions have smaller numbers */
};

static int
compare(const void *left, const void *right)
{
	const struct row *a = left;
	const struct row *b = right;
	const struct xn_mark *m = &a->problem->mark;
	const struct xn_mark *n = &b->problem->mark;

	if (m->source != n->source && m->source->order != n->source->order)
		return m->source->order < n->source->order ? -1 : 1;
	if (m->source != n->source)
		return strcmp(m->source->path, n->source->path);
	if (m->line != n->line)
		return m->line < n->line ? -1 : 1;
	if (m->column != n->column)
		return m->column < n->column ? -1 : 1;
	return a->added > b->added ? -1 : a->added < b->added;
}

static void
print_rest(FILE *out, const struct xn_source *source, unsigned rest)
{
	if (rest == 0)
		return;
	xn_cli_print_escaped(out, source->path);
	fprintf(out, ": %u more problem%s\n", rest, rest == 1 ? "" : "s");
}

static void
print_all(const struct xn_problems *problems, FILE *out)
{
	struct cursor cursor = {0};
	unsigned count = 0;
	unsigned printed = 0;
	struct row *rows = calloc((size_t)problems->count + 1, sizeof(*rows));

	if (rows == NULL) {
		fprintf(out, "%u problems; no memory to list them\n", problems->count);
		return;
	}
	for (const struct xn_problem *p = problems->first; p != NULL; p = p->next, count++)
		rows[count] = (struct row){p, count};
	qsort(rows, count, sizeof(rows[0]), compare);
	for (unsigned i = 0; i < count; i++) {
		const struct xn_source *source = rows[i].problem->mark.source;

		if (i > 0 && source != rows[i - 1].problem->mark.source) {
			print_rest(out, rows[i - 1].problem->mark.source,
			    printed > XN_PROBLEMS_PER_FILE ? printed - XN_PROBLEMS_PER_FILE : 0);
			printed = 0;
		}
		if (printed++ < XN_PROBLEMS_PER_FILE) /* invariant 2 */
			print_problem(out, rows[i].problem, &cursor);
	}
	/* What was beyond keeping belongs to the last file, the one that was being read. */
	printed += problems->count - count;
	if (count > 0)
		print_rest(out, rows[count - 1].problem->mark.source,
		    printed > XN_PROBLEMS_PER_FILE ? printed - XN_PROBLEMS_PER_FILE : 0);
	free(rows);
}

/* Standard error is not buffered: everything is written in one go. */
void
xn_problems_print(const struct xn_problems *problems, FILE *out)
{
	char *text = NULL;
	size_t size = 0;
	FILE *page = problems->count == 0 ? NULL : open_memstream(&text, &size);

	if (page == NULL) {
		print_all(problems, out);
		return;
	}
	print_all(problems, page);
	fclose(page);
	fwrite(text, 1, size, out);
	free(text);
}
