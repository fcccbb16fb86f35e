/*
 * Credentials: secrets by name, never written in a configuration, a log or a command line. They lie
 * as files in the folder given, or in $CREDENTIALS_DIRECTORY where systemd put them. A file that
 * others may read is refused, so that a mistake shows at the start and not after an incident.
 */
#ifndef XN_COMMON_CREDENTIAL_H
#define XN_COMMON_CREDENTIAL_H

#include <stddef.h>

#include "common/error.h"

#define XN_CREDENTIAL_SIZE 256

/* The path of a credential that may be used; `dir` NULL: $CREDENTIALS_DIRECTORY. */
int xn_credential_path(
    const char *dir, const char *name, char *ret_path, size_t size, struct xn_error *err);

/* The secret itself, without a newline at its end. Wipe it after use with explicit_bzero. */
int xn_credential_read(
    const char *dir, const char *name, char ret_secret[XN_CREDENTIAL_SIZE], struct xn_error *err);

#endif
