#include "common/cli.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define WORD_SIZE 128

typedef const struct xn_cli_command *const *table;

static bool
is_noun(const struct xn_cli_command *command, const char *noun)
{
	return strcmp(command->noun, noun) == 0;
}

static bool
is_verb(const struct xn_cli_command *command, const char *verb)
{
	return verb == NULL ? command->verb == NULL
			    : command->verb != NULL && strcmp(command->verb, verb) == 0;
}

static const struct xn_cli_command *
find(table commands, const char *noun, const char *verb)
{
	for (; *commands != NULL; commands++)
		if (is_noun(*commands, noun) && is_verb(*commands, verb))
			return *commands;
	return NULL;
}

static bool
has_verbs(table commands, const char *noun)
{
	for (; *commands != NULL; commands++)
		if (is_noun(*commands, noun) && (*commands)->verb != NULL)
			return true;
	return false;
}

static bool
has_noun(table commands, const char *noun)
{
	for (; *commands != NULL; commands++)
		if (is_noun(*commands, noun))
			return true;
	return false;
}

/* ---- help ---- */

static void
print_row(FILE *out, const struct xn_cli_command *command)
{
	char name[WORD_SIZE];
	const char *verb = command->verb != NULL ? command->verb : "";

	snprintf(name, sizeof(name), "%s%s%s%s%s", command->noun, verb[0] != '\0' ? " " : "", verb,
	    command->arguments[0] != '\0' ? " " : "", command->arguments);
	fprintf(out, "  %-34s %s\n", name, command->summary);
}

static void
print_all(const char *program, table commands, FILE *out)
{
	fprintf(out, "usage: %s NOUN [VERB] [OPTION...] [ARGUMENT...]\n\n", program);
	for (; *commands != NULL; commands++)
		print_row(out, *commands);
	fprintf(out, "\n  %-34s %s\n  %-34s %s\n", "help NOUN [VERB]",
	    "what a command does, with examples", "version", "the version of this program");
}

static void
print_noun(const char *program, table commands, const char *noun, FILE *out)
{
	fprintf(out, "usage: %s %s VERB [OPTION...] [ARGUMENT...]\n\n", program, noun);
	for (; *commands != NULL; commands++)
		if (is_noun(*commands, noun))
			print_row(out, *commands);
}

static void
print_usage(const char *program, const struct xn_cli_command *command, FILE *out)
{
	fprintf(out, "usage: %s %s%s%s%s%s%s\n", program, command->noun,
	    command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "",
	    command->options[0].name != NULL ? " [OPTION...]" : "",
	    command->arguments[0] != '\0' ? " " : "", command->arguments);
}

static void
print_examples(const char *examples, FILE *out)
{
	fputs("\nexamples:\n", out);
	while (*examples != '\0') {
		size_t length = strcspn(examples, "\n");

		fprintf(out, "  %.*s\n", (int)length, examples);
		examples += length + (examples[length] == '\n');
	}
}

static void
print_command(const char *program, const struct xn_cli_command *command, FILE *out)
{
	const struct xn_cli_option *option = command->options;

	print_usage(program, command, out);
	fprintf(out, "\n%s\n", command->summary);
	if (option->name != NULL)
		fputs("\noptions:\n", out);
	for (int i = 0; i < XN_CLI_OPTIONS_MAX && option[i].name != NULL; i++) {
		char name[WORD_SIZE];
		char letter[8] = "";

		if (option[i].letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", option[i].letter);
		snprintf(name, sizeof(name), "%s--%s%s%s", letter, option[i].name,
		    option[i].value != NULL ? " " : "",
		    option[i].value != NULL ? option[i].value : "");
		fprintf(out, "  %-26s %s\n", name, option[i].help);
	}
	if (command->examples != NULL)
		print_examples(command->examples, out);
}

/* ---- words that are not known ---- */

static const char *
nearest_noun(table commands, const char *word)
{
	unsigned best = xn_text_slips(word) + 1;
	const char *nearest = NULL;

	for (; *commands != NULL; commands++) {
		unsigned distance = xn_text_distance(word, (*commands)->noun, best);

		if (distance < best) {
			best = distance;
			nearest = (*commands)->noun;
		}
	}
	return nearest;
}

static const char *
nearest_verb(table commands, const char *noun, const char *word)
{
	unsigned best = xn_text_slips(word) + 1;
	const char *nearest = NULL;

	for (; *commands != NULL; commands++) {
		unsigned distance;

		if (!is_noun(*commands, noun) || (*commands)->verb == NULL)
			continue;
		distance = xn_text_distance(word, (*commands)->verb, best);
		if (distance < best) {
			best = distance;
			nearest = (*commands)->verb;
		}
	}
	return nearest;
}

/* One line: what was not understood, and what may have been meant. */
static int
refuse(const char *program, const char *what, const char *word, const char *nearest)
{
	fprintf(stderr, "%s: %s '", program, what);
	xn_cli_print_escaped(stderr, word);
	if (nearest != NULL)
		fprintf(stderr, "'; did you mean '%s'?\n", nearest);
	else
		fprintf(stderr, "'; '%s --help' lists what there is\n", program);
	return XN_EXIT_USAGE;
}

/* ---- options and arguments ---- */

static int
option_place(const struct xn_cli_command *command, const char *word, size_t length, char letter)
{
	for (int i = 0; i < XN_CLI_OPTIONS_MAX && command->options[i].name != NULL; i++)
		if (letter != 0 ? command->options[i].letter == letter
				: strlen(command->options[i].name) == length &&
			    strncmp(command->options[i].name, word, length) == 0)
			return i;
	return -1;
}

static const char *
nearest_option(const struct xn_cli_command *command, const char *word)
{
	unsigned best = xn_text_slips(word) + 1;
	const char *nearest = NULL;

	for (int i = 0; i < XN_CLI_OPTIONS_MAX && command->options[i].name != NULL; i++) {
		unsigned distance = xn_text_distance(word, command->options[i].name, best);

		if (distance < best) {
			best = distance;
			nearest = command->options[i].name;
		}
	}
	return nearest;
}

/* Takes the option at argv[*at]: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`. */
static int
take_option(const char *program, struct xn_cli *cli, int argc, char **argv, int *at)
{
	const char *word = argv[*at];
	bool is_long = word[1] == '-';
	const char *name = word + (is_long ? 2 : 1);
	size_t length = is_long ? strcspn(name, "=") : 1;
	int place = option_place(cli->command, name, length, is_long ? 0 : name[0]);
	const char *value = name[length] == '\0' ? NULL : name + length + is_long;

	if (place < 0) {
		const char *nearest = is_long ? nearest_option(cli->command, name) : NULL;
		char meant[WORD_SIZE];

		snprintf(meant, sizeof(meant), "--%s", nearest != NULL ? nearest : "");
		return refuse(program, "unknown option", word, nearest != NULL ? meant : NULL);
	}
	if (cli->command->options[place].value == NULL) {
		if (value != NULL)
			return refuse(program, "a switch takes no value:", word, NULL);
		cli->values[place] = "";
		return XN_OK;
	}
	if (value == NULL && *at + 1 < argc)
		value = argv[++*at];
	if (value == NULL)
		return refuse(program, "a value is missing after", word, NULL);
	cli->values[place] = value;
	return XN_OK;
}

static bool
asks_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* How many arguments `PLAN [OTHER] FILE...` wants; -1 as most: any number. */
static void
argument_bounds(const char *arguments, int *ret_least, int *ret_most)
{
	*ret_least = *ret_most = 0;
	while (*arguments != '\0') {
		size_t length = strcspn(arguments, " ");

		if (arguments[0] != '[')
			(*ret_least)++;
		if (*ret_most >= 0)
			(*ret_most)++;
		if (memmem(arguments, length, "...", 3) != NULL)
			*ret_most = -1;
		arguments += length + (arguments[length] == ' ');
	}
}

static int
check_arguments(const char *program, const struct xn_cli *cli)
{
	int least;
	int most;

	argument_bounds(cli->command->arguments, &least, &most);
	if (cli->argument_count < least) {
		fprintf(stderr, "%s: %s is missing\n", program, cli->command->arguments);
		print_usage(program, cli->command, stderr);
		return XN_EXIT_USAGE;
	}
	if (most >= 0 && cli->argument_count > most)
		return refuse(program, "not expected:", cli->arguments[most], NULL);
	return XN_OK;
}

static int
run_command(const char *program, const struct xn_cli_command *command, int argc, char **argv)
{
	struct xn_cli cli = {.command = command};
	bool words = true;
	int status;

	for (int i = 0; i < argc; i++) {
		if (words && asks_help(argv[i])) {
			print_command(program, command, stdout);
			return XN_EXIT_OK;
		}
		if (words && strcmp(argv[i], "--") == 0) {
			words = false;
		} else if (words && argv[i][0] == '-' && argv[i][1] != '\0') {
			status = take_option(program, &cli, argc, argv, &i);
			if (status != XN_OK)
				return status;
		} else if (cli.argument_count == XN_CLI_ARGUMENTS_MAX) {
			return refuse(program, "too many arguments:", argv[i], NULL);
		} else {
			cli.arguments[cli.argument_count++] = argv[i];
		}
	}
	status = check_arguments(program, &cli);
	return status != XN_OK ? status : command->run(&cli);
}

/* ---- dispatch ---- */

static int
help(const char *program, table commands, int argc, char **argv)
{
	const struct xn_cli_command *command;

	if (argc == 0) {
		print_all(program, commands, stdout);
		return XN_EXIT_OK;
	}
	if (!has_noun(commands, argv[0]))
		return refuse(program, "unknown command", argv[0], nearest_noun(commands, argv[0]));
	command = find(commands, argv[0], argc > 1 ? argv[1] : NULL);
	if (command == NULL && argc > 1)
		return refuse(
		    program, "unknown verb", argv[1], nearest_verb(commands, argv[0], argv[1]));
	if (command != NULL)
		print_command(program, command, stdout);
	if (command != NULL && argc == 1 && has_verbs(commands, argv[0]))
		fputc('\n', stdout);
	if (argc == 1 && has_verbs(commands, argv[0]))
		print_noun(program, commands, argv[0], stdout);
	return XN_EXIT_OK;
}

/* A noun alone runs its own row, else its list, else shows its verbs. */
static int
run_noun(const char *program, table commands, int argc, char **argv)
{
	const char *noun = argv[0];
	const struct xn_cli_command *command = argc > 1 ? find(commands, noun, argv[1]) : NULL;
	const struct xn_cli_command *alone = find(commands, noun, NULL);

	if (command != NULL)
		return run_command(program, command, argc - 2, argv + 2);
	if (alone == NULL && (argc == 1 || argv[1][0] == '-'))
		alone = find(commands, noun, "list");
	if (argc > 1 && asks_help(argv[1]) && find(commands, noun, NULL) == NULL) {
		print_noun(program, commands, noun, stdout);
		return XN_EXIT_OK;
	}
	/* A word after a noun that takes none was meant as a verb. */
	if (alone != NULL &&
	    (argc == 1 || argv[1][0] == '-' || alone->arguments[0] != '\0' ||
		!has_verbs(commands, noun)))
		return run_command(program, alone, argc - 1, argv + 1);
	if (argc > 1)
		return refuse(
		    program, "unknown verb", argv[1], nearest_verb(commands, noun, argv[1]));
	print_noun(program, commands, noun, stderr);
	return XN_EXIT_USAGE;
}

int
xn_cli_run(const char *program, const struct xn_cli_command *const *commands, int argc, char **argv)
{
	if (argc < 2) {
		print_all(program, commands, stderr);
		return XN_EXIT_USAGE;
	}
	if (asks_help(argv[1]))
		return help(program, commands, 0, NULL);
	if (strcmp(argv[1], "help") == 0)
		return help(program, commands, argc - 2, argv + 2);
	if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program, XN_VERSION);
		return XN_EXIT_OK;
	}
	if (!has_noun(commands, argv[1]))
		return refuse(program, "unknown command", argv[1], nearest_noun(commands, argv[1]));
	return run_noun(program, commands, argc - 1, argv + 1);
}

const char *
xn_cli_option(const struct xn_cli *cli, const char *name)
{
	for (int i = 0; i < XN_CLI_OPTIONS_MAX && cli->command->options[i].name != NULL; i++)
		if (strcmp(cli->command->options[i].name, name) == 0)
			return cli->values[i];
	assert(false && "an option that is not in the command's table");
	return NULL;
}
