/*
 * Share: where files that come with the programs are found: in the source tree that this program
 * was built in, else where it was installed.
 */
#ifndef XN_COMMON_SHARE_H
#define XN_COMMON_SHARE_H

#include <stdbool.h>
#include <stddef.h>

/* Looks from the program's own folder upwards for `built` ("drivers/profiles") and for
 * share/xanh/`installed` ("profiles"); false: neither is there. */
bool xn_share_find(const char *built, const char *installed, char *path, size_t size);

#endif
