/*
 * Shelf: a folder of its own for a test's profiles and recordings, gone when the test ends.
 * Failures to write are the test's.
 */
#ifndef XN_TESTS_LIB_SHELF_H
#define XN_TESTS_LIB_SHELF_H

#include "drivers/profiles.h"

/* How each of its SNMP profiles begins; objects stand below 1.3.6.1.4.1.9. */
#define SHELF_HEAD "vendor: Acme\ntitle: a device\ntransport: snmp\nbase: 1.3.6.1.4.1.9\n"

struct shelf {
	char dir[64];
	struct xn_profiles *profiles; /* once loaded */
};

void shelf_open(struct shelf *shelf);
void shelf_close(struct shelf *shelf);

/* Writes a file, in place of one of that name; gives its path, good until the next call. */
const char *shelf_put(struct shelf *shelf, const char *name, const char *text);

/* Reads the profiles that are there, in place of those that were read before. */
struct xn_profiles *shelf_load(struct shelf *shelf);

/* The whole profile of that name, of the loaded ones. */
const struct xn_profile *shelf_profile(const struct shelf *shelf, const char *name);

#endif
