/*
 * Policy files on the command line.
 */
#ifndef XN_CLI_POLICY_H
#define XN_CLI_POLICY_H

#include "common/cli.h"
#include "policies/policy.h"

/* Address space; pages cost memory once touched. */
#define XN_CLI_POLICY_ARENA_SIZE ((size_t)1 << 30)

/*
 * Compiles the policy of a file; with `only_one` a second document is a problem. NULL with
 * problems, or with err->code XN_EREAD when the file cannot be read.
 */
const struct xn_policy *xn_cli_policy_read(struct xn_arena *arena, const char *path, bool only_one,
    struct xn_problems *problems, struct xn_error *err);

#endif
