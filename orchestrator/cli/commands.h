/*
 * Commands of `xanh`: each is one table row, defined in the file of its noun and listed in main.c.
 */
#ifndef XN_CLI_COMMANDS_H
#define XN_CLI_COMMANDS_H

#include "common/cli.h"

extern const struct xn_cli_command xn_cli_ca_init;
extern const struct xn_cli_command xn_cli_agent_enrol;
extern const struct xn_cli_command xn_cli_probe;
extern const struct xn_cli_command xn_cli_config_check;
extern const struct xn_cli_command xn_cli_config_show;

#endif
