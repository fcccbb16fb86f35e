/*
 * Plan: what the plan commands share: finding the plan that is meant, and showing it.
 */
#ifndef XN_CLI_PLAN_H
#define XN_CLI_PLAN_H

#include "orchestrator/cli/client.h"

#define XN_CLI_PLAN_ID_SIZE 65

/* The plan of this id; of NULL the newest. XN_ENOTFOUND when there is none. */
int xn_cli_plan_find(
    struct xn_client *client, const char *id, json_t **ret_plan, struct xn_error *err);

/* What would move, why, and what it saves. */
void xn_cli_plan_draw(const json_t *plan);

/* Plans without the daemon (plan_offline.c). */
int xn_cli_plan_offline(struct xn_cli *cli);

#endif
