#include "common/yaml.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "common/text.h"

/* Broken documents of one file after which the rest is not looked at. */
#define BROKEN_MAX 1000
#define REPLACED   "\xef\xbf\xbd"
/* Left in the arena for the checks that follow, and for their problems. */
#define ROOM_MIN   (1u << 20)

/* A collection that is being read. */
struct frame {
	struct xn_yaml *node;
	struct xn_yaml **tail;
	struct xn_yaml *key; /* of a map: the key whose value comes next */
};

/* Lines in which a tab at the start is no indentation: text that goes on, or a broken document. */
struct span {
	unsigned first;
	unsigned last;
};

struct reading {
	struct xn_arena *arena;
	const struct xn_source *source;
	struct xn_problems *problems;
	char *clean; /* the bytes with bad ones replaced; freed at the end */
	const char *bytes;
	size_t size;
	size_t start; /* of what the parser reads now, and the lines before it */
	unsigned start_line;
	unsigned nodes;
	bool bad; /* some bytes were replaced */
	struct xn_yaml *documents;
	struct xn_yaml **documents_tail;
	struct frame frames[XN_YAML_DEPTH_MAX];
	unsigned depth;
	unsigned document_line; /* of the document being read; 0: none */
	struct span *spans;
	size_t span_count;
	size_t span_room;
	bool full; /* a limit of the whole file was met */
};

static struct xn_mark
mark_at(const struct reading *in, unsigned line, unsigned column, unsigned width)
{
	return (struct xn_mark){in->source, line, column, width};
}

static struct xn_mark
mark_of(const struct reading *in, const yaml_mark_t *start, const yaml_mark_t *end)
{
	size_t width = end->line == start->line ? end->column - start->column : UINT32_MAX;

	return mark_at(in, in->start_line + (unsigned)start->line, (unsigned)start->column + 1,
	    width == 0 ? 1 : (unsigned)width);
}

static void
add_span(struct reading *in, unsigned first, unsigned last)
{
	if (in->span_count == in->span_room) {
		size_t room = in->span_room * 2 + 64;
		struct span *spans = realloc(in->spans, room * sizeof(*spans));

		if (spans == NULL)
			return;
		in->spans = spans;
		in->span_room = room;
	}
	in->spans[in->span_count++] = (struct span){first, last};
}

/* ---- bytes before syntax ---- */

static size_t
next_line(const struct reading *in, size_t at)
{
	while (at < in->size && in->bytes[at] != '\n' && in->bytes[at] != '\r')
		at++;
	if (at < in->size)
		at +=
		    at + 1 < in->size && in->bytes[at] == '\r' && in->bytes[at + 1] == '\n' ? 2 : 1;
	return at;
}

static bool
is_tag_directive(const char *at, const char *end)
{
	return end - at >= 4 && memcmp(at, "%TAG", 4) == 0;
}

/* Copies the text with every bad byte replaced by one good character, so that places stay right.
 * Tag directives become comments: the library's time grows with their square. */
static bool
replace_bad(struct reading *in)
{
	const char *at = in->bytes;
	const char *end = at + in->size;
	char *out = in->clean = malloc(in->size * 3 + 1);
	bool line_start = true;

	if (out == NULL)
		return false;
	while (at < end) {
		const char *start = at;
		bool directive = line_start && is_tag_directive(at, end);
		uint32_t character = xn_utf8_take(&at, end);

		line_start = character == '\n' || character == '\r';
		if (directive) {
			*out++ = '#';
		} else if (xn_text_printable(character)) {
			memcpy(out, start, (size_t)(at - start));
			out += at - start;
		} else {
			memcpy(out, REPLACED, 3);
			out += 3;
		}
	}
	in->size = (size_t)(out - in->clean);
	in->bytes = in->clean;
	return true;
}

static void
add_bad(const struct reading *in, unsigned line, unsigned column, uint32_t character)
{
	if (character == XN_UTF8_BAD)
		xn_problem_add(
		    in->problems, mark_at(in, line, column, 1), NULL, "invalid UTF-8 in the text");
	else
		xn_problem_add(in->problems, mark_at(in, line, column, 1), NULL,
		    "control character U+%04X in the text", (unsigned)character);
}

/* The first bad byte of each line is a problem, and every tag directive; false if there are none.
 */
static bool
find_bad(const struct reading *in)
{
	const char *at = in->bytes;
	const char *end = at + in->size;
	unsigned line = 1;
	unsigned column = 0;
	unsigned bad_line = 0;

	while (at < end) {
		uint32_t character;

		if (column == 0 && is_tag_directive(at, end)) {
			bad_line = line;
			xn_problem_add(in->problems, mark_at(in, line, 1, 4), "leave the tags out",
			    "tags (!name) are not used here");
		}
		character = xn_utf8_take(&at, end);
		column++;
		if (character == '\n' || (character == '\r' && (at == end || *at != '\n'))) {
			line++;
			column = 0;
		} else if (!xn_text_printable(character) && bad_line != line) {
			bad_line = line;
			add_bad(in, line, column, character);
		}
	}
	return bad_line != 0;
}

static size_t
skip(const struct reading *in, size_t at, char one, char other)
{
	while (at < in->size && (in->bytes[at] == one || in->bytes[at] == other))
		at++;
	return at;
}

/* Tabs that indent, outside text that goes on from an earlier line. */
static void
find_tabs(const struct reading *in)
{
	size_t next = 0;
	unsigned line = 1;

	for (size_t at = 0; at < in->size; at = next_line(in, at), line++) {
		size_t stop = skip(in, at, ' ', ' ');
		size_t text = skip(in, stop, ' ', '\t');

		while (next < in->span_count && in->spans[next].last < line)
			next++;
		if (stop == text || text == in->size || in->bytes[text] == '\r' ||
		    in->bytes[text] == '\n')
			continue;
		if (next < in->span_count && in->spans[next].first <= line)
			continue;
		xn_problem_add(in->problems, mark_at(in, line, (unsigned)(stop - at) + 1, 1),
		    "indent with spaces", "a tab in the indentation");
	}
}

/* ---- nodes ---- */

static struct xn_yaml *
new_node(struct reading *in, enum xn_yaml_kind kind, const yaml_event_t *event)
{
	struct xn_mark mark = mark_of(in, &event->start_mark, &event->end_mark);
	struct xn_yaml *node;

	if (++in->nodes > XN_YAML_NODES_MAX || xn_arena_room(in->arena) < ROOM_MIN) {
		if (in->nodes > XN_YAML_NODES_MAX)
			xn_problem_add(in->problems, mark, NULL, "more than %d values in one file",
			    XN_YAML_NODES_MAX);
		else
			xn_problem_add(in->problems, mark, NULL,
			    "no memory left for so large a configuration");
		in->full = true;
		return NULL;
	}
	node = xn_new(in->arena, struct xn_yaml, 1);
	node->kind = kind;
	node->mark = mark;
	if (kind != XN_YAML_SCALAR)
		node->mark.width = 1;
	return node;
}

static void
take_key(struct reading *in, struct frame *frame, struct xn_yaml *node)
{
	if (node->kind != XN_YAML_SCALAR) {
		xn_problem_add(
		    in->problems, node->mark, NULL, "a key must be a single word or text");
		node->spoiled = true;
	}
	frame->key = node;
}

static void
attach(struct reading *in, struct xn_yaml *node)
{
	struct frame *frame = in->depth > 0 ? &in->frames[in->depth - 1] : NULL;

	if (frame == NULL) {
		*in->documents_tail = node;
		in->documents_tail = &node->next;
		in->documents->count++;
		return;
	}
	if (frame->node->kind == XN_YAML_MAP) {
		if (frame->key == NULL) {
			take_key(in, frame, node);
			return;
		}
		node->key = frame->key;
		frame->key = NULL;
		if (node->key->kind != XN_YAML_SCALAR)
			return;
	}
	*frame->tail = node;
	frame->tail = &node->next;
	frame->node->count++;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct xn_yaml *a = *(struct xn_yaml *const *)left;
	const struct xn_yaml *b = *(struct xn_yaml *const *)right;
	int order = strcmp(a->key->text, b->key->text);

	if (order != 0)
		return order;
	if (a->key->mark.line != b->key->mark.line)
		return a->key->mark.line < b->key->mark.line ? -1 : 1;
	return a->key->mark.column < b->key->mark.column ? -1 : 1;
}

/* Repeated keys become problems and leave the map (invariant 1). */
static void
check_repeated(struct reading *in, struct xn_yaml *map)
{
	struct xn_yaml **rows = malloc((map->count + 1) * sizeof(struct xn_yaml *));
	unsigned count = 0;
	unsigned first = 0;

	if (rows == NULL) {
		in->full = true;
		return;
	}
	for (struct xn_yaml *value = map->first; value != NULL; value = value->next)
		rows[count++] = value;
	qsort(rows, count, sizeof(*rows), compare_keys);
	for (unsigned i = 1; i < count; i++) {
		const struct xn_yaml *key = rows[i]->key;

		if (strcmp(rows[first]->key->text, key->text) != 0) {
			first = i;
			continue;
		}
		if (!key->spoiled)
			xn_problem_add(in->problems, key->mark, NULL,
			    "key '%.64s' is already set in line %u", key->text,
			    rows[first]->key->mark.line);
		rows[i]->key = NULL;
	}
	free(rows);
	for (struct xn_yaml **link = &map->first; *link != NULL;)
		if ((*link)->key == NULL) {
			*link = (*link)->next;
			map->count--;
		} else {
			link = &(*link)->next;
		}
}

static void
close_frame(struct reading *in)
{
	struct frame *frame = &in->frames[--in->depth];

	if (frame->node->kind == XN_YAML_MAP)
		check_repeated(in, frame->node);
}

/* Anchors and tags are mistakes by themselves; the value they stand at is read as usual. */
static void
check_properties(
    const struct reading *in, const yaml_event_t *event, const void *anchor, const void *tag)
{
	struct xn_mark mark = mark_of(in, &event->start_mark, &event->end_mark);

	if (event->type != YAML_SCALAR_EVENT)
		mark.width = 1;
	if (anchor != NULL)
		xn_problem_add(
		    in->problems, mark, "write the value out", "anchors (&name) are not used here");
	if (tag != NULL)
		xn_problem_add(
		    in->problems, mark, "leave the tag out", "tags (!name) are not used here");
}

static bool
has_control(const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		uint32_t character = xn_utf8_take(&text, end);

		if (!xn_text_printable(character) || character == '\r')
			return true;
	}
	return false;
}

static void
read_scalar(struct reading *in, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct xn_yaml *node = new_node(in, XN_YAML_SCALAR, event);

	if (node == NULL)
		return;
	node->text = "";
	if (event->end_mark.line > event->start_mark.line)
		add_span(in, node->mark.line + 1,
		    in->start_line + (unsigned)event->end_mark.line -
			(event->end_mark.column == 0));
	check_properties(in, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (length > XN_YAML_SCALAR_MAX) {
		node->spoiled = true;
		xn_problem_add(in->problems, node->mark, NULL, "a value of more than %u KiB",
		    XN_YAML_SCALAR_MAX >> 10);
	} else if (has_control(value, length)) {
		node->spoiled = true;
		xn_problem_add(in->problems, node->mark, NULL, "a control character in the text");
	} else {
		node->spoiled = in->bad && strstr(value, REPLACED) != NULL;
		node->text = xn_text_copy(in->arena, value, length);
	}
	if (in->depth > 0 && in->frames[in->depth - 1].node->kind == XN_YAML_MAP &&
	    in->frames[in->depth - 1].key == NULL && strcmp(node->text, "<<") == 0 &&
	    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		node->spoiled = true;
		xn_problem_add(in->problems, node->mark, "write the keys out",
		    "merge keys (<<) are not used here");
	}
	attach(in, node);
}

static void
read_alias(struct reading *in, const yaml_event_t *event)
{
	struct xn_yaml *node = new_node(in, XN_YAML_SCALAR, event);

	if (node == NULL)
		return;
	node->text = "";
	node->spoiled = true;
	xn_problem_add(
	    in->problems, node->mark, "write the value out", "aliases (*name) are not used here");
	attach(in, node);
}

/* False when the document is nested too deep to go on. */
static bool
open_frame(struct reading *in, enum xn_yaml_kind kind, const yaml_event_t *event)
{
	struct xn_yaml *node = new_node(in, kind, event);

	if (node == NULL)
		return false;
	if (kind == XN_YAML_MAP)
		check_properties(
		    in, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	else
		check_properties(
		    in, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	attach(in, node);
	if (in->depth == XN_YAML_DEPTH_MAX) {
		xn_problem_add(
		    in->problems, node->mark, NULL, "nested more than %d deep", XN_YAML_DEPTH_MAX);
		node->spoiled = true;
		return false;
	}
	in->frames[in->depth++] = (struct frame){.node = node, .tail = &node->first};
	return true;
}

/* ---- documents ---- */

static void
add_syntax(struct reading *in, const yaml_parser_t *parser)
{
	unsigned line = in->start_line + (unsigned)parser->problem_mark.line;
	unsigned column = (unsigned)parser->problem_mark.column + 1;
	size_t at = in->start;
	const char *what = parser->problem != NULL ? parser->problem : "not understood";

	for (size_t i = 0; i < parser->problem_mark.line; i++)
		at = next_line(in, at);
	for (unsigned i = 1; i < column && at < in->size; i++) {
		const char *from = in->bytes + at;

		xn_utf8_take(&from, in->bytes + in->size);
		at = (size_t)(from - in->bytes);
	}
	if (at < in->size && in->bytes[at] == '\t' && parser->error == YAML_SCANNER_ERROR)
		xn_problem_add(in->problems, mark_at(in, line, column, 1), "indent with spaces",
		    "a tab in the indentation");
	else if (parser->context != NULL)
		xn_problem_add(in->problems, mark_at(in, line, column, 1), NULL,
		    "this is no YAML: %s (%s from line %u)", what, parser->context,
		    in->start_line + (unsigned)parser->context_mark.line);
	else
		xn_problem_add(
		    in->problems, mark_at(in, line, column, 1), NULL, "this is no YAML: %s", what);
}

/* A mistake ended a document: sets `start` to the next one. False if there is none. */
static bool
next_document(struct reading *in, size_t error_line)
{
	unsigned line = in->start_line;
	unsigned from = in->start_line + (unsigned)error_line;
	unsigned after = in->document_line;
	size_t at = in->start;

	for (; at < in->size; at = next_line(in, at), line++)
		if (line >= from && line > after && at > in->start && in->size - at >= 3 &&
		    memcmp(in->bytes + at, "---", 3) == 0 &&
		    (in->size - at == 3 || memchr(" \t\r\n", in->bytes[at + 3], 4) != NULL))
			break;
	add_span(in, from, line - (at < in->size));
	in->start = at;
	in->start_line = line;
	return at < in->size;
}

static void
cut_document(struct reading *in)
{
	in->documents->cut = true;
	while (in->depth > 0) {
		in->frames[in->depth - 1].node->cut = true;
		close_frame(in);
	}
}

/* Takes one event into the tree. False when the document cannot go on. */
static bool
take_event(struct reading *in, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		in->document_line = in->start_line + (unsigned)event->start_mark.line;
		return true;
	case YAML_DOCUMENT_END_EVENT: in->document_line = 0; return true;
	case YAML_SCALAR_EVENT: read_scalar(in, event); return !in->full;
	case YAML_ALIAS_EVENT: read_alias(in, event); return !in->full;
	case YAML_MAPPING_START_EVENT: return open_frame(in, XN_YAML_MAP, event);
	case YAML_SEQUENCE_START_EVENT: return open_frame(in, XN_YAML_LIST, event);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT: close_frame(in); return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT: return true;
	}
	return true;
}

/* Reads documents from `start` on. True at the end; else the line of the mistake that ended one. */
static bool
read_stream(struct reading *in, size_t *ret_error_line)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool done = false;
	bool good = true;

	if (!yaml_parser_initialize(&parser)) {
		in->full = true;
		return false;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)in->bytes + in->start, in->size - in->start);
	while (!done && good) {
		if (!yaml_parser_parse(&parser, &event)) {
			add_syntax(in, &parser);
			*ret_error_line = parser.problem_mark.line;
			good = false;
			break;
		}
		done = event.type == YAML_STREAM_END_EVENT;
		good = take_event(in, &event);
		*ret_error_line = event.start_mark.line;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return good;
}

static void
read_documents(struct reading *in)
{
	size_t error_line = 0;

	in->start_line = 1;
	for (unsigned broken = 0; !read_stream(in, &error_line); broken++) {
		cut_document(in);
		if (in->full || broken == BROKEN_MAX || !next_document(in, error_line))
			break;
		in->document_line = 0;
	}
}

struct xn_yaml *
xn_yaml_read_text(
    struct xn_arena *arena, const struct xn_source *source, struct xn_problems *problems)
{
	struct reading in = {.arena = arena, .source = source, .problems = problems};
	unsigned before = problems->count;

	in.documents = xn_new(arena, struct xn_yaml, 1);
	in.documents->kind = XN_YAML_LIST;
	in.documents->mark = (struct xn_mark){source, 1, 1, 1};
	in.documents_tail = &in.documents->first;
	if (source->size > XN_YAML_BYTES_MAX) {
		xn_problem_add(problems, in.documents->mark, NULL, "the file is larger than %u MiB",
		    XN_YAML_BYTES_MAX >> 20);
		in.documents->cut = true;
		return in.documents;
	}
	in.bytes = source->bytes;
	in.size = source->size;
	if (in.size >= 3 && memcmp(in.bytes, "\xef\xbb\xbf", 3) == 0) {
		in.bytes += 3;
		in.size -= 3;
	}
	in.bad = find_bad(&in);
	if (!in.bad || replace_bad(&in)) {
		read_documents(&in);
		find_tabs(&in);
	}
	if (in.documents->first == NULL && problems->count == before)
		xn_problem_add(problems, in.documents->mark, NULL, "the file is empty");
	free(in.clean);
	free(in.spans);
	return in.documents;
}

/* At most one byte more than the limit, which is enough to say so. */
static int
read_bytes(const char *path, char *bytes, size_t room, size_t *ret_size, struct xn_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 1;

	if (fd < 0)
		return xn_fail(err, XN_EREAD, "cannot read %s: %s", path, strerror(errno));
	while (used < room && got > 0) {
		got = read(fd, bytes + used, room - used);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			used += (size_t)got;
	}
	if (got < 0)
		xn_fail(err, XN_EREAD, "cannot read %s: %s", path, strerror(errno));
	close(fd);
	if (got < 0)
		return XN_EREAD;
	*ret_size = used;
	return XN_OK;
}

int
xn_yaml_read_file(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_yaml **ret_documents, struct xn_error *err)
{
	const size_t room = XN_YAML_BYTES_MAX + 1;
	char *bytes = malloc(room);
	struct xn_source *source;
	size_t size = 0;
	int status;

	*ret_documents = NULL;
	if (bytes == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory to read %s", path);
	status = read_bytes(path, bytes, room, &size, err);
	if (status == XN_OK && xn_arena_room(arena) < size + ROOM_MIN)
		status =
		    xn_fail(err, XN_EFULL, "%s: no memory left for so large a configuration", path);
	if (status == XN_OK) {
		source = xn_new(arena, struct xn_source, 1);
		source->path = xn_text_copy(arena, path, strlen(path));
		source->bytes = xn_text_copy(arena, bytes, size);
		source->size = size;
		source->order = ++problems->sources;
		*ret_documents = xn_yaml_read_text(arena, source, problems);
	}
	free(bytes);
	return status;
}
