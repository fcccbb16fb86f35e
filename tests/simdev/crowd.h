/*
 * Crowd: thousands of recorded SNMP devices for the load of a poller, at little cost of their own.
 * Version 2c (and 1), read only, nothing moves. Device i listens at ADDRESS + i (all of 127/8 is
 * this machine's) and the same port, and answers recording i modulo their number.
 */
#ifndef XN_SIMDEV_CROWD_H
#define XN_SIMDEV_CROWD_H

#include <stddef.h>

#include "common/error.h"

/*
 * Serves until standard input ends. Each line read from it is answered on standard output by
 * "REQUESTS VARIABLES": all that was answered until then. The first line is "COUNT devices".
 * `recordings` ends with NULL.
 */
int xn_crowd_serve(
    const char *at, size_t count, const char *community, char **recordings, struct xn_error *err);

#endif
