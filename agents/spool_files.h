/*
 * Files of a spool: small whole-or-nothing reads and writes, and the folder's own sync. For what
 * lies in the spool's folder only.
 */
#ifndef XN_AGENTS_SPOOL_FILES_H
#define XN_AGENTS_SPOOL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* Writes all or, failing, sets errno. */
bool xn_file_write_at(int fd, const void *bytes, size_t size, uint64_t offset);
/* Up to `size` bytes from `offset`; -1 with errno. */
int64_t xn_file_read_at(int fd, void *ret_bytes, size_t size, uint64_t offset);

/* Replaces a file by way of a temporary one, both synced, so that a crash leaves the old or the
 * new. */
int xn_file_replace(
    int dir_fd, const char *name, const void *bytes, size_t size, struct xn_error *err);
/* The whole of a small text file, NUL-terminated; free() it. */
int xn_file_load(
    int dir_fd, const char *name, size_t size_max, char **ret_text, struct xn_error *err);

#endif
