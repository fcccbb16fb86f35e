/* Reading YAML: every rule of configuration.md sections 1 and 2, told as what a person sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "common/yaml.h"

/* One text that was read, and what was printed about it. */
struct page {
	struct xn_arena arena;
	struct xn_source source;
	struct xn_problems problems;
	struct xn_yaml *documents;
	char *printed;
};

static void
page_read(struct page *page, const char *bytes, size_t size)
{
	size_t printed_size;
	FILE *out;

	*page = (struct page){.source = {.path = "a.yaml", .bytes = bytes, .size = size}};
	xn_arena_map(&page->arena, 128u << 20);
	xn_problems_init(&page->problems, &page->arena);
	page->documents = xn_yaml_read_text(&page->arena, &page->source, &page->problems);
	out = open_memstream(&page->printed, &printed_size);
	xn_problems_print(&page->problems, out);
	fclose(out);
}

static void
page_text(struct page *page, const char *text)
{
	page_read(page, text, strlen(text));
}

static void
page_free(struct page *page)
{
	free(page->printed);
	xn_arena_unmap(&page->arena);
}

static void
expect_bytes(const char *bytes, size_t size, const char *printed)
{
	struct page page;

	page_read(&page, bytes, size);
	assert_string_equal(page.printed, printed);
	page_free(&page);
}

static void
expect(const char *text, const char *printed)
{
	expect_bytes(text, strlen(text), printed);
}

/* ---- what is read ---- */

static void
every_value_is_text_until_a_schema_says_otherwise(void **state)
{
	static const char *const words[] = {"NO", "on", "10:00", "1e3", "0123", "~", ""};
	struct page page;
	const struct xn_yaml *item;

	(void)state;
	page_text(&page, "[NO, on, 10:00, 1e3, 0123, ~, '']");
	assert_string_equal(page.printed, "");
	item = page.documents->first->first;
	for (size_t i = 0; i < 7; i++, item = item->next)
		assert_string_equal(item->text, words[i]);
	page_free(&page);
}

static void
several_documents_stand_in_one_file(void **state)
{
	struct page page;

	(void)state;
	page_text(&page, "a: 1\n---\nb: {c: [2, 3]}\n");
	assert_int_equal(page.documents->count, 2);
	assert_string_equal(xn_yaml_get(page.documents->first, "a")->text, "1");
	assert_int_equal(xn_yaml_get(xn_yaml_get(page.documents->first->next, "b"), "c")->count, 2);
	assert_null(xn_yaml_get(page.documents->first, "b"));
	page_free(&page);
}

static void
a_byte_order_mark_takes_no_column(void **state)
{
	struct page page;

	(void)state;
	page_text(&page,
	    "\xef\xbb\xbf"
	    "a: 1\n");
	assert_string_equal(page.printed, "");
	assert_int_equal(page.documents->first->first->key->mark.column, 1);
	page_free(&page);
	expect("\xef\xbb\xbf"
	       "a: *x\n",
	    "a.yaml:1:4: error: aliases (*name) are not used here\n"
	    "    1 | a: *x\n"
	    "      |    ^~\n"
	    "      = write the value out\n");
}

/* ---- what is refused ---- */

static void
a_key_set_twice_names_the_line_of_the_first(void **state)
{
	(void)state;
	expect("a: 1\nb: 2\na: 3\n",
	    "a.yaml:3:1: error: key 'a' is already set in line 1\n"
	    "    3 | a: 3\n"
	    "      | ^\n");
}

static void
of_a_key_set_twice_the_first_counts(void **state)
{
	struct page page;

	(void)state;
	page_text(&page, "{b: 1, a: 1, a: 2, a: 3}");
	assert_int_equal(page.problems.count, 2);
	assert_int_equal(page.documents->first->count, 2);
	assert_string_equal(xn_yaml_get(page.documents->first, "a")->text, "1");
	page_free(&page);
}

static void
anchors_aliases_tags_and_merge_keys_are_refused_where_they_stand(void **state)
{
	(void)state;
	expect("a: &x 1\n",
	    "a.yaml:1:4: error: anchors (&name) are not used here\n"
	    "    1 | a: &x 1\n"
	    "      |    ^~~~\n"
	    "      = write the value out\n");
	expect("a: *x\n",
	    "a.yaml:1:4: error: aliases (*name) are not used here\n"
	    "    1 | a: *x\n"
	    "      |    ^~\n"
	    "      = write the value out\n");
	expect("a: !!int 1\n",
	    "a.yaml:1:4: error: tags (!name) are not used here\n"
	    "    1 | a: !!int 1\n"
	    "      |    ^~~~~~~\n"
	    "      = leave the tag out\n");
	expect("<<: {a: 1}\n",
	    "a.yaml:1:1: error: merge keys (<<) are not used here\n"
	    "    1 | <<: {a: 1}\n"
	    "      | ^~\n"
	    "      = write the keys out\n");
	expect("%TAG !x! y\n---\na: 1\n",
	    "a.yaml:1:1: error: tags (!name) are not used here\n"
	    "    1 | %TAG !x! y\n"
	    "      | ^~~~\n"
	    "      = leave the tags out\n");
}

static void
a_quoted_merge_sign_is_a_word(void **state)
{
	(void)state;
	expect("'<<': 1\n", "");
}

static void
a_key_is_a_scalar(void **state)
{
	(void)state;
	expect("? [a, b]\n: 1\nc: 2\n",
	    "a.yaml:1:3: error: a key must be a single word or text\n"
	    "    1 | ? [a, b]\n"
	    "      |   ^\n");
}

static void
tabs_do_not_indent(void **state)
{
	(void)state;
	expect("a:\n\tb: 1\n",
	    "a.yaml:2:1: error: a tab in the indentation\n"
	    "    2 | \tb: 1\n"
	    "      | ^\n"
	    "      = indent with spaces\n");
	expect("a: {\n  \tb: 1}\n",
	    "a.yaml:2:3: error: a tab in the indentation\n"
	    "    2 |   \tb: 1}\n"
	    "      |   ^\n"
	    "      = indent with spaces\n");
}

static void
tabs_inside_text_are_text(void **state)
{
	(void)state;
	expect("a: \"one\n\ttwo\"\nb: |\n  x\n  \ty\nc: 1\t# said\n", "");
}

static void
bad_bytes_are_shown_at_the_first_of_each_line(void **state)
{
	(void)state;
	expect("a: b\xff\xfe\nc: d\n",
	    "a.yaml:1:5: error: invalid UTF-8 in the text\n"
	    "    1 | a: b\xef\xbf\xbd\xef\xbf\xbd\n"
	    "      |     ^\n");
	expect("a: \xc0\xaf\n",
	    "a.yaml:1:4: error: invalid UTF-8 in the text\n"
	    "    1 | a: \xef\xbf\xbd\xef\xbf\xbd\n"
	    "      |    ^\n");
	expect_bytes("a: b\0c\n", 7,
	    "a.yaml:1:5: error: control character U+0000 in the text\n"
	    "    1 | a: b\xef\xbf\xbd"
	    "c\n"
	    "      |     ^\n");
	expect("a: \x1b[31m\n",
	    "a.yaml:1:4: error: control character U+001B in the text\n"
	    "    1 | a: \xef\xbf\xbd[31m\n"
	    "      |    ^\n");
}

static void
a_control_character_written_as_an_escape_is_refused_too(void **state)
{
	(void)state;
	expect("a: \"x\\0y\"\n",
	    "a.yaml:1:4: error: a control character in the text\n"
	    "    1 | a: \"x\\0y\"\n"
	    "      |    ^~~~~~\n");
}

static void
an_empty_file_is_a_mistake(void **state)
{
	static const char *const files[] = {"", "\n", "# only words\n"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct page page;

		page_read(&page, files[i], strlen(files[i]));
		assert_int_equal(page.problems.count, 1);
		assert_non_null(strstr(page.printed, "a.yaml:1:1: error: the file is empty\n"));
		page_free(&page);
	}
}

static void
a_syntax_error_ends_its_document_and_not_the_run(void **state)
{
	struct page page;

	(void)state;
	page_text(&page, "a: [1, }\n---\nb: 1\nb: 2\n--- {\n---\nc: 1\n");
	assert_int_equal(page.problems.count, 3);
	assert_non_null(strstr(page.printed, "a.yaml:1:8: error: this is no YAML"));
	assert_non_null(
	    strstr(page.printed, "a.yaml:4:1: error: key 'b' is already set in line 3"));
	assert_non_null(strstr(page.printed, "a.yaml:6:1: error: this is no YAML"));
	assert_int_equal(page.documents->count, 4);
	assert_true(page.documents->cut);
	page_free(&page);
}

/* ---- limits, exactly full and one more ---- */

static char *
repeated(const char *before, const char *unit, size_t count, const char *after, size_t *ret_size)
{
	size_t length = strlen(unit);
	char *text = malloc(strlen(before) + length * count + strlen(after) + 1);
	char *at = stpcpy(text, before);

	for (size_t i = 0; i < count; i++)
		at = stpcpy(at, unit);
	*ret_size = (size_t)(stpcpy(at, after) - text);
	return text;
}

static void
expect_repeated(
    const char *before, const char *unit, size_t count, const char *after, const char *first_line)
{
	struct page page;
	size_t size;
	char *text = repeated(before, unit, count, after, &size);

	page_read(&page, text, size);
	assert_memory_equal(page.printed, first_line, strlen(first_line));
	assert_int_equal(page.problems.count, first_line[0] != '\0');
	page_free(&page);
	free(text);
}

static void
a_file_has_at_most_four_mebibytes(void **state)
{
	(void)state;
	expect_repeated("a: 1 #", "x", (4u << 20) - 6, "", "");
	expect_repeated("a: 1 #", "x", (4u << 20) - 5, "",
	    "a.yaml:1:1: error: the file is larger than 4 MiB\n");
}

static void
a_value_has_at_most_64_kibibytes(void **state)
{
	(void)state;
	expect_repeated("a: ", "x", 64u << 10, "\n", "");
	expect_repeated(
	    "a: ", "x", (64u << 10) + 1, "\n", "a.yaml:1:4: error: a value of more than 64 KiB\n");
}

static void
nesting_is_at_most_32_deep(void **state)
{
	char text[80] = "";

	(void)state;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	expect(text, "");
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	expect(text,
	    "a.yaml:1:33: error: nested more than 32 deep\n"
	    "    1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"
	    "      |                                 ^\n");
}

static void
a_file_has_at_most_200000_values(void **state)
{
	(void)state;
	expect_repeated("", "- x\n", 199999, "", "");
	expect_repeated("", "- x\n", 200000, "",
	    "a.yaml:200000:3: error: more than 200000 values in one file\n");
}

/* ---- how problems are printed ---- */

static void
the_caret_stands_right_after_vietnamese_text(void **state)
{
	(void)state;
	expect("\"Trung t\xc3\xa2m d\xe1\xbb\xaf li\xe1\xbb\x87u\": {a: 1, a: 2}\n",
	    "a.yaml:1:29: error: key 'a' is already set in line 1\n"
	    "    1 | \"Trung t\xc3\xa2m d\xe1\xbb\xaf li\xe1\xbb\x87u\": {a: 1, a: 2}\n"
	    "      |                             ^\n");
}

static void
the_caret_stands_right_after_combining_and_wide_characters(void **state)
{
	(void)state;
	/* a + dot below + circumflex: three characters in one column; a Chinese one takes two. */
	expect("\"a\xcc\xa3\xcc\x82\xe5\x8c\x97\": {a: 1, a: 2}\n",
	    "a.yaml:1:16: error: key 'a' is already set in line 1\n"
	    "    1 | \"a\xcc\xa3\xcc\x82\xe5\x8c\x97\": {a: 1, a: 2}\n"
	    "      |               ^\n");
}

static void
a_tab_before_the_caret_stays_a_tab(void **state)
{
	(void)state;
	expect("{a: 1,\ta: 2}\n",
	    "a.yaml:1:8: error: key 'a' is already set in line 1\n"
	    "    1 | {a: 1,\ta: 2}\n"
	    "      |       \t^\n");
}

static void
a_long_line_is_shown_around_the_mistake(void **state)
{
	struct page page;
	size_t size;
	char *text = repeated("[", "x, ", 50000, "*a]", &size);

	(void)state;
	page_read(&page, text, size);
	assert_int_equal(page.problems.count, 1);
	assert_true(strlen(page.printed) < 400);
	assert_non_null(strstr(page.printed, "a.yaml:1:150002: error: aliases"));
	page_free(&page);
	free(text);
}

static void
problems_come_in_the_order_of_lines(void **state)
{
	struct page page;
	const char *first;

	(void)state;
	/* The tag is met first when reading, the tab last. */
	page_text(&page, "a: {\n\tb: 1,\n  c: !x 1,\n  c: 2}\n");
	first = strstr(page.printed, "a.yaml:2:1");
	assert_ptr_equal(first, page.printed);
	assert_true(strstr(page.printed, "a.yaml:3:6") < strstr(page.printed, "a.yaml:4:3"));
	page_free(&page);
}

static void
after_a_hundred_problems_the_rest_is_counted(void **state)
{
	struct page page;
	size_t size;
	char *text = repeated("", "- !x a\n", 123, "", &size);
	size_t blocks = 0;

	(void)state;
	page_read(&page, text, size);
	for (const char *at = page.printed; (at = strstr(at, ": error: ")) != NULL; at++)
		blocks++;
	assert_int_equal(blocks, 100);
	assert_non_null(strstr(page.printed, "\na.yaml: 23 more problems\n"));
	page_free(&page);
	free(text);
}

/* ---- checking against a schema ---- */

static void
an_unknown_key_is_answered_with_the_nearest(void **state)
{
	static const struct xn_yaml_key keys[] = {{"room", true}, {"height", false}, {NULL, false}};
	struct page page;
	char *printed;
	size_t size;
	FILE *out;

	(void)state;
	page_text(&page, "A07:\n  heigth: 42U\n");
	assert_true(xn_yaml_check_map(page.documents->first->first, keys, &page.problems));
	out = open_memstream(&printed, &size);
	xn_problems_print(&page.problems, out);
	fclose(out);
	assert_string_equal(printed,
	    "a.yaml:1:1: error: required key 'room' is missing\n"
	    "    1 | A07:\n"
	    "      | ^~~\n"
	    "a.yaml:2:3: error: unknown key 'heigth'\n"
	    "    2 |   heigth: 42U\n"
	    "      |   ^~~~~~\n"
	    "      = did you mean 'height'?\n");
	free(printed);
	page_free(&page);
}

static void
what_a_syntax_error_cut_off_is_not_missed(void **state)
{
	static const struct xn_yaml_key keys[] = {{"a", true}, {"room", true}, {NULL, false}};
	struct page page;

	(void)state;
	page_text(&page, "a: 1\nb c\nroom: x\n");
	assert_int_equal(page.problems.count, 1);
	assert_true(xn_yaml_check_map(page.documents->first, keys, &page.problems));
	assert_int_equal(page.problems.count, 1);
	page_free(&page);
}

/* ---- whatever is in it, 2 s and 200 MB ---- */

static void
hostile_files_are_answered_within_bounds(void **state)
{
	static const struct {
		const char *unit;
		size_t count;
	} files[] = {{"[", 4u << 20}, {"- ", 2u << 20}, {"{a: ", 1u << 20}, {"? ", 2u << 20},
	    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n---\n", 100000}, {"a: 1\n", 800000},
	    {"\ta\n", 1300000}, {"a\xff\n", 1300000}, {"%TAG !a! b\n", 300000},
	    {"--- [}\n", 500000}, {"\"a\" ", 1000000}, {"&a *b,", 600000}, {": ", 2u << 20}};
	struct rusage usage;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct page page;
		size_t size;
		char *text = repeated("", files[i].unit, files[i].count, "", &size);
		clock_t begun = clock();

		page_read(&page, text, size);
		assert_true(page.problems.count > 0);
		/* CPU time, with room for a sanitizer. */
		assert_true(clock() - begun < 4 * CLOCKS_PER_SEC);
		page_free(&page);
		free(text);
	}
	getrusage(RUSAGE_SELF, &usage);
#ifndef __SANITIZE_ADDRESS__
	assert_true(usage.ru_maxrss < 200 * 1024);
#endif
}

static void
a_file_that_cannot_be_read_says_why(void **state)
{
	struct page page;
	struct xn_error err = {0};
	struct xn_yaml *documents;

	(void)state;
	page_text(&page, "a: 1");
	assert_int_equal(
	    xn_yaml_read_file(&page.arena, "/no/such.yaml", &page.problems, &documents, &err),
	    XN_EREAD);
	assert_string_equal(err.text, "cannot read /no/such.yaml: No such file or directory");
	assert_int_equal(
	    xn_yaml_read_file(&page.arena, "/", &page.problems, &documents, &err), XN_EREAD);
	page_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_value_is_text_until_a_schema_says_otherwise),
	    cmocka_unit_test(several_documents_stand_in_one_file),
	    cmocka_unit_test(a_byte_order_mark_takes_no_column),
	    cmocka_unit_test(a_key_set_twice_names_the_line_of_the_first),
	    cmocka_unit_test(of_a_key_set_twice_the_first_counts),
	    cmocka_unit_test(anchors_aliases_tags_and_merge_keys_are_refused_where_they_stand),
	    cmocka_unit_test(a_quoted_merge_sign_is_a_word),
	    cmocka_unit_test(a_key_is_a_scalar),
	    cmocka_unit_test(tabs_do_not_indent),
	    cmocka_unit_test(tabs_inside_text_are_text),
	    cmocka_unit_test(bad_bytes_are_shown_at_the_first_of_each_line),
	    cmocka_unit_test(a_control_character_written_as_an_escape_is_refused_too),
	    cmocka_unit_test(an_empty_file_is_a_mistake),
	    cmocka_unit_test(a_syntax_error_ends_its_document_and_not_the_run),
	    cmocka_unit_test(a_file_has_at_most_four_mebibytes),
	    cmocka_unit_test(a_value_has_at_most_64_kibibytes),
	    cmocka_unit_test(nesting_is_at_most_32_deep),
	    cmocka_unit_test(a_file_has_at_most_200000_values),
	    cmocka_unit_test(the_caret_stands_right_after_vietnamese_text),
	    cmocka_unit_test(the_caret_stands_right_after_combining_and_wide_characters),
	    cmocka_unit_test(a_tab_before_the_caret_stays_a_tab),
	    cmocka_unit_test(a_long_line_is_shown_around_the_mistake),
	    cmocka_unit_test(problems_come_in_the_order_of_lines),
	    cmocka_unit_test(after_a_hundred_problems_the_rest_is_counted),
	    cmocka_unit_test(an_unknown_key_is_answered_with_the_nearest),
	    cmocka_unit_test(what_a_syntax_error_cut_off_is_not_missed),
	    cmocka_unit_test(hostile_files_are_answered_within_bounds),
	    cmocka_unit_test(a_file_that_cannot_be_read_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
