/*
 * Fleet snapshots as files: FLEET.json of contracts/policy-and-plan.md section 2, checked and
 * turned into integers. Every mistake is listed, in the order of the file's sections; unknown
 * fields are passed over. Everything read lives in the arena given.
 */
#ifndef XN_CLI_FLEET_JSON_H
#define XN_CLI_FLEET_JSON_H

#include "common/arena.h"
#include "common/error.h"
#include "policies/fleet.h"

#define XN_FLEET_JSON_BYTES_MAX (256u << 20)
#define XN_FLEET_MISTAKES_MAX   100

struct xn_fleet_mistakes {
	const char *text[XN_FLEET_MISTAKES_MAX]; /* "hosts[3] 'h4': power_w falls at 40 %" */
	unsigned count;                          /* may be more than there is text for */
};

/* XN_EINVALID when there is a mistake. */
int xn_fleet_json_read(struct xn_arena *arena, const char *bytes, size_t size,
    struct xn_fleet *ret_fleet, struct xn_fleet_mistakes *ret_mistakes);

/* An instant of RFC 3339 with its offset in seconds; false if it is none. */
bool xn_fleet_json_instant(const char *text, xn_instant *ret_instant, int *ret_offset_s);

#endif
