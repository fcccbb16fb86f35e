/* The command line: one row per command gives dispatch, usage and help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cli.h"

/* What the last command was given; it answers with the number of its arguments. */
static struct xn_cli seen;

static int
remember(struct xn_cli *cli)
{
	seen = *cli;
	return cli->argument_count;
}

static const struct xn_cli_command vm_list = {.noun = "vm",
    .verb = "list",
    .arguments = "",
    .summary = "list the VMs",
    .options = {{"output", 'o', "FORMAT", "table, json or csv"},
	{"watch", 'w', NULL, "again and again"}},
    .run = remember};
static const struct xn_cli_command vm_why = {.noun = "vm",
    .verb = "why",
    .arguments = "VM [HOST]",
    .summary = "why a VM is where it is",
    .examples = "xanh vm why portal-3\nxanh vm why portal-3 hv-02\n",
    .run = remember};
static const struct xn_cli_command config_check = {.noun = "config",
    .verb = "check",
    .arguments = "FILE...",
    .summary = "list every mistake",
    .run = remember};
static const struct xn_cli_command status = {
    .noun = "status", .arguments = "", .summary = "how the site is", .run = remember};
static const struct xn_cli_command plan = {
    .noun = "plan", .arguments = "", .summary = "what would move", .run = remember};
static const struct xn_cli_command plan_apply = {
    .noun = "plan", .verb = "apply", .arguments = "", .summary = "carry it out", .run = remember};
static const struct xn_cli_command *const table[] = {
    &plan, &plan_apply, &vm_list, &vm_why, &config_check, &status, NULL};

static char out_text[4096];
static char err_text[4096];

static void
take_back(FILE *file, int kept, int target, char *ret_text, size_t size)
{
	size_t length;

	fflush(stdout);
	fflush(stderr);
	assert_true(dup2(kept, target) >= 0);
	close(kept);
	rewind(file);
	length = fread(ret_text, 1, size - 1, file);
	ret_text[length] = '\0';
	fclose(file);
}

/* Runs `xanh` with these words; its output is in out_text and err_text. */
static int
run(const char *words)
{
	static char line[256]; /* what was seen points into it */
	char *argv[80] = {(char[]){"xanh"}};
	int argc = 1;
	int code;
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	int kept_out = dup(STDOUT_FILENO);
	int kept_err = dup(STDERR_FILENO);

	strcpy(line, words);
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	fflush(stdout);
	fflush(stderr);
	assert_true(dup2(fileno(out), STDOUT_FILENO) >= 0 && dup2(fileno(err), STDERR_FILENO) >= 0);
	seen = (struct xn_cli){0};
	code = xn_cli_run("xanh", table, argc, argv);
	take_back(out, kept_out, STDOUT_FILENO, out_text, sizeof(out_text));
	take_back(err, kept_err, STDERR_FILENO, err_text, sizeof(err_text));
	return code;
}

static void
a_noun_and_a_verb_run_their_command(void **state)
{
	(void)state;
	assert_int_equal(run("vm why portal-3"), 1);
	assert_ptr_equal(seen.command, &vm_why);
	assert_int_equal(run("config check a b c"), 3);
	assert_int_equal(run("status"), 0);
	assert_ptr_equal(seen.command, &status);
}

static void
a_noun_alone_runs_its_list_or_shows_its_verbs(void **state)
{
	(void)state;
	assert_int_equal(run("vm"), 0);
	assert_ptr_equal(seen.command, &vm_list);
	assert_int_equal(run("vm -o json"), 0);
	assert_string_equal(xn_cli_option(&seen, "output"), "json");
	assert_int_equal(run("plan"), 0);
	assert_ptr_equal(seen.command, &plan);
	assert_int_equal(run("config"), 64);
	assert_non_null(strstr(err_text, "  config check FILE... "));
	assert_string_equal(out_text, "");
}

static void
options_are_long_or_short_before_or_after(void **state)
{
	static const char *const ways[] = {"vm list --output json", "vm list --output=json",
	    "vm list -o json", "vm list -ojson", "vm list --watch -o json"};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		assert_int_equal(run(ways[i]), 0);
		assert_string_equal(xn_cli_option(&seen, "output"), "json");
	}
	assert_string_equal(xn_cli_option(&seen, "watch"), "");
	assert_int_equal(run("vm list"), 0);
	assert_null(xn_cli_option(&seen, "output"));
	assert_null(xn_cli_option(&seen, "watch"));
}

static void
after_two_dashes_everything_is_an_argument(void **state)
{
	(void)state;
	assert_int_equal(run("config check -- --help -x"), 2);
	assert_string_equal(seen.arguments[0], "--help");
	assert_int_equal(run("config check -"), 1);
}

static void
what_is_not_understood_exits_64_and_names_the_nearest(void **state)
{
	static const struct {
		const char *words;
		const char *answer;
	} rows[] = {
	    {"confg check a", "xanh: unknown command 'confg'; did you mean 'config'?\n"},
	    {"zzzzzz", "xanh: unknown command 'zzzzzz'; 'xanh --help' lists what there is\n"},
	    {"config chekc a", "xanh: unknown verb 'chekc'; did you mean 'check'?\n"},
	    {"vm list --ouput json", "xanh: unknown option '--ouput'; did you mean '--output'?\n"},
	    {"vm list -x", "xanh: unknown option '-x'; 'xanh --help' lists what there is\n"},
	    {"vm list -o",
		"xanh: a value is missing after '-o'; 'xanh --help' lists what there is\n"},
	    {"vm list --watch=1",
		"xanh: a switch takes no value: '--watch=1'; 'xanh --help' lists what there is\n"},
	    {"vm list more", "xanh: not expected: 'more'; 'xanh --help' lists what there is\n"},
	    {"vm why a b c", "xanh: not expected: 'c'; 'xanh --help' lists what there is\n"},
	    {"plan aply", "xanh: unknown verb 'aply'; did you mean 'apply'?\n"},
	    {"status now", "xanh: not expected: 'now'; 'xanh --help' lists what there is\n"},
	    {"config check", "xanh: FILE... is missing\nusage: xanh config check FILE...\n"},
	    {"a\x1b[31mb",
		"xanh: unknown command 'a\\x1b[31mb'; 'xanh --help' lists what there is\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(run(rows[i].words), 64);
		assert_string_equal(err_text, rows[i].answer);
		assert_string_equal(out_text, "");
		assert_null(seen.command);
	}
}

static void
help_comes_from_the_same_rows(void **state)
{
	(void)state;
	assert_int_equal(run("--help"), 0);
	assert_non_null(
	    strstr(out_text, "  vm why VM [HOST]                   why a VM is where it is\n"));
	assert_int_equal(run("help vm why"), 0);
	assert_string_equal(out_text,
	    "usage: xanh vm why VM [HOST]\n"
	    "\n"
	    "why a VM is where it is\n"
	    "\n"
	    "examples:\n"
	    "  xanh vm why portal-3\n"
	    "  xanh vm why portal-3 hv-02\n");
	assert_int_equal(run("vm list --help"), 0);
	assert_non_null(strstr(out_text, "  -o, --output FORMAT        table, json or csv\n"));
	assert_null(seen.command);
	assert_int_equal(run("help vm"), 0);
	assert_null(strstr(out_text, "config"));
	assert_int_equal(run("help plan"), 0);
	assert_non_null(strstr(out_text, "what would move\n"));
	assert_non_null(strstr(out_text, "  plan apply "));
	assert_int_equal(run("help status"), 0);
	assert_null(strstr(out_text, "VERB"));
	assert_int_equal(run("help vmm"), 64);
	assert_int_equal(run(""), 64);
	assert_int_equal(run("version"), 0);
	assert_string_equal(out_text, "xanh " XN_VERSION "\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_noun_and_a_verb_run_their_command),
	    cmocka_unit_test(a_noun_alone_runs_its_list_or_shows_its_verbs),
	    cmocka_unit_test(options_are_long_or_short_before_or_after),
	    cmocka_unit_test(after_two_dashes_everything_is_an_argument),
	    cmocka_unit_test(what_is_not_understood_exits_64_and_names_the_nearest),
	    cmocka_unit_test(help_comes_from_the_same_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
