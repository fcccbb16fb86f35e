/*
 * Check: a command that reads the FILEs it is given and lists every mistake of all of them.
 */
#ifndef XN_CLI_CHECK_H
#define XN_CLI_CHECK_H

#include "common/cli.h"
#include "common/problem.h"

/* Reads one file; what is wrong with it becomes problems, that it cannot be read an error. */
typedef void xn_check_read(
    struct xn_arena *arena, const char *path, struct xn_problems *problems, struct xn_error *err);

/* The command's exit code: 0, 64 without FILEs, 65 with problems, 66 where one cannot be read. */
int xn_check_files(const struct xn_cli *cli, size_t arena_size, xn_check_read *read);

#endif
