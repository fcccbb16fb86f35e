/*
 * Energy plan files on the command line.
 */
#ifndef XN_CLI_ENERGY_PLAN_H
#define XN_CLI_ENERGY_PLAN_H

#include "common/cli.h"
#include "policies/energy_plan.h"

/* Address space; pages cost memory once touched. */
#define XN_CLI_ENERGY_PLAN_ARENA_SIZE ((size_t)2 << 30)

/* A file that a plan named and that was read. */
struct xn_cli_plan_file {
	struct xn_cli_plan_file *next;
	const char *name; /* as the plan has it */
	bool yaml;
	const struct xn_source *source;
};

/*
 * Compiles the plan of a file, and reads the files that it names beside it. With `all_known` the
 * file is one plan that is to be used; else any number of plans and tariffs that are to be checked.
 * NULL with problems, or with err->code XN_EREAD when the file cannot be read.
 */
const struct xn_energy_plan *xn_cli_energy_plan_read(struct xn_arena *arena, const char *path,
    bool all_known, struct xn_problems *problems, struct xn_cli_plan_file **ret_files,
    struct xn_error *err);

/* The same for a command: problems and errors are printed. NULL with *ret_code. */
const struct xn_energy_plan *xn_cli_energy_plan_use(
    struct xn_arena *arena, const char *path, struct xn_cli_plan_file **ret_files, int *ret_code);

#endif
