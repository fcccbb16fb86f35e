/*
 * Validate: whether a reading is plausible. What lies outside the window of its class, or jumps
 * further than the quantity can, is marked suspect and goes on with its value: the orchestrator
 * decides on good readings only, and an engineer sees what the device said. Pure.
 */
#ifndef XN_AGENTS_VALIDATE_H
#define XN_AGENTS_VALIDATE_H

#include "common/point.h"

/*
 * The sample as it is to be believed. `before` is the sample before it, absent if there was none,
 * and `since_ms` how long ago that was.
 */
struct xn_sample xn_validate(
    enum xn_point_class class_, struct xn_sample sample, struct xn_sample before, int64_t since_ms);

#endif
