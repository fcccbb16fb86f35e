/*
 * Energy: what the commands about spans of time share.
 */
#ifndef XN_CLI_ENERGY_H
#define XN_CLI_ENERGY_H

#include "orchestrator/cli/table.h"

/* Says the span an answer is about and, if the books do not reach over it, that. */
void xn_energy_say_span(const json_t *answer);

/* Prints an answer's rows in the format asked for, after its span; in JSON the whole answer. */
int xn_energy_print(const struct xn_cli *cli, const json_t *answer, const struct xn_column *columns,
    size_t count, const char *empty);

#endif
