/*
 * Readings: what a device said, as DESIGN.md section 8.1 writes it and as a person reads it.
 */
#ifndef XN_CLI_READINGS_H
#define XN_CLI_READINGS_H

#include <jansson.h>

#include "drivers/driver.h"

/* The document of section 8.1. */
json_t *xn_readings_json(const struct xn_device_view *view);

/* A line for who it is, and one for each point. */
void xn_readings_print(const struct xn_device_view *view);

#endif
