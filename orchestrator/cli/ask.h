/*
 * Ask: a command that asks the books one question, of xanhd or, with --state DIR, of a state folder
 * without a daemon: the same answer, printed by the same code.
 */
#ifndef XN_CLI_ASK_H
#define XN_CLI_ASK_H

#include "orchestrator/cli/client.h"

/* The rows of every such command's options, and of one that asks about a span of time. */
#define XN_ASK_OPTIONS                                                                             \
	XN_CLIENT_OPTIONS,                                                                         \
	{                                                                                          \
		.name = "state", .value = "DIR", .help = "read this state folder, without xanhd"   \
	}
#define XN_ASK_SPAN_OPTIONS                                                                        \
	XN_ASK_OPTIONS,                                                                            \
	    {.name = "period",                                                                     \
		.letter = 'p',                                                                     \
		.value = "PERIOD",                                                                 \
		.help = "2026, 2026-Q4, 2026-11 or 2026-11-25; this month if not given"},          \
	    {.name = "window", .value = "SPAN", .help = "the last 24h, 7d, 30d or 12mo"},          \
	    {.name = "from", .value = "TIME", .help = "RFC 3339, with --to"},                      \
	{                                                                                          \
		.name = "to", .value = "TIME", .help = "RFC 3339"                                  \
	}

/* Asks `path` with every option of the command that is a question's parameter. Its exit code. */
int xn_ask(const struct xn_cli *cli, const char *path, xn_client_print *print);

/* The same for the path `before`NAME`behind`. */
int xn_ask_about(const struct xn_cli *cli, const char *before, const char *name, const char *behind,
    xn_client_print *print);

#endif
