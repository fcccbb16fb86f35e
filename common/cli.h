/*
 * Command line: one table row per command, in the manner of tmux. The table gives dispatch, usage
 * and
 * `--help`, so they cannot drift. Data goes to standard output, words to standard
 * error; colour and tables only on a terminal.
 */
#ifndef XN_COMMON_CLI_H
#define XN_COMMON_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "common/error.h"

/* An option of one command: `--name VALUE` or, with value NULL, a switch. */
struct xn_cli_option {
	const char *name;
	char letter; /* 0: none */
	const char *value;
	const char *help;
};

#define XN_CLI_OPTIONS_MAX   24
#define XN_CLI_ARGUMENTS_MAX 1024

struct xn_cli;

struct xn_cli_command {
	const char *noun;      /* "plan" */
	const char *verb;      /* "apply"; NULL: the noun alone */
	const char *arguments; /* "PLAN" ; "FILE..." ; "" */
	const char *summary;   /* one sentence */
	const char *examples;  /* lines for --help, each "xanh ..." */
	struct xn_cli_option options[XN_CLI_OPTIONS_MAX];
	int (*run)(struct xn_cli *cli); /* the exit code */
};

struct xn_cli {
	const struct xn_cli_command *command;
	const char
	    *values[XN_CLI_OPTIONS_MAX]; /* by the option's place; a switch that is on is "" */
	const char *arguments[XN_CLI_ARGUMENTS_MAX];
	int argument_count;
};

/* Finds the command, parses its options, runs it. Prints usage (exit 64) or help (exit 0) itself.
 */
int xn_cli_run(
    const char *program, const struct xn_cli_command *const *commands, int argc, char **argv);

/* The value of an option of this command, NULL if it was not given. */
const char *xn_cli_option(const struct xn_cli *cli, const char *name);

/* Whether colour may be used on this stream: a terminal, NO_COLOR unset, TERM not dumb. */
bool xn_cli_colour(FILE *stream);

/* Prints `text` on one line with control characters as \xNN, so that no device can drive a
 * terminal. */
void xn_cli_print_escaped(FILE *out, const char *text);

#endif
