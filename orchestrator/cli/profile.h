/*
 * Profile commands: what their files share.
 */
#ifndef XN_CLI_PROFILE_H
#define XN_CLI_PROFILE_H

#include "common/error.h"

/* Says the error; the exit code. */
int xn_profile_give_up(const struct xn_error *err);

#endif
