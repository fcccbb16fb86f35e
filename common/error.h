/*
 * Errors: a code and a sentence that grows on the way up. The caller owns the `struct xn_error`;
 * the lowest layer says what went wrong (xn_fail), each layer above adds only what it knew
 * (xn_wrap), and the shell that gives up logs or prints the text, once.
 */
#ifndef XN_COMMON_ERROR_H
#define XN_COMMON_ERROR_H

#include "common/units.h"

enum xn_code {
	XN_OK = 0,
	XN_EINVALID = -1, /* what a person or a peer gave is wrong */
	XN_ENOTFOUND = -2,
	XN_EREAD = -3,        /* a named file cannot be read */
	XN_EUNREACHABLE = -4, /* a device, daemon or peer does not answer */
	XN_EDEVICE = -5,      /* a device answered, wrongly */
	XN_EFULL = -6,        /* a limit of common/limits.h or the disk */
	XN_EREFUSED = -7,     /* the guard, a role or a certificate says no */
	XN_ESYSTEM = -8,      /* the operating system or a library failed */
};

/* Exit codes of every program (DESIGN.md section 8). */
enum xn_exit {
	XN_EXIT_OK = 0,
	XN_EXIT_CHANGES = 2, /* plan: there are changes */
	XN_EXIT_USAGE = 64,
	XN_EXIT_INPUT = 65,
	XN_EXIT_NOINPUT = 66,
	XN_EXIT_UNREACHABLE = 69,
	XN_EXIT_INTERNAL = 70,
	XN_EXIT_REFUSED = 77,
};

struct xn_error {
	enum xn_code code;
	char text[256];
};

/* Sets code and text; returns the code. `err` may be NULL. */
int xn_fail(struct xn_error *err, enum xn_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "<format>: " before the text that is there; returns the code that is there. */
int xn_wrap(struct xn_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit code a program ends with when it gives up on `code`. */
int xn_exit_of(enum xn_code code);

#endif
