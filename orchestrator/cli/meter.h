/*
 * Meter: reading files of readings; `meter book` and `energy import` share it.
 */
#ifndef XN_CLI_METER_H
#define XN_CLI_METER_H

#include "common/problem.h"
#include "orchestrator/books/readings.h"

/* METER.yaml (`kind: meter`): what is wrong with it becomes problems. XN_EREAD. */
int xn_meter_rules_read(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_readings_rules *ret_rules, struct xn_error *err);

/* All of a stream, NUL-terminated in the arena. The exit code; why not is said. */
int xn_input_read(struct xn_arena *arena, FILE *in, const char *path, struct xn_source *ret_source);

/* Rows of time, register_wh and power_w; what is wrong with them becomes problems. */
void xn_readings_read(struct xn_arena *arena, const struct xn_source *source,
    struct xn_problems *problems, struct xn_readings *ret_readings);

#endif
