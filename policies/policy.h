/*
 * Policy: one checked document of kind `policy` (contracts/configuration.md section 5 and
 * policy-and-plan.md). Compiled once from YAML in the caller's arena, then constant. `source` keeps
 * the text it came from, byte for byte, because that is what the journal stores and an auditor
 * reads.
 */
#ifndef XN_POLICIES_POLICY_H
#define XN_POLICIES_POLICY_H

#include "common/arena.h"
#include "common/yaml.h"

struct xn_policy;

enum xn_policy_mode { XN_MODE_OBSERVE, XN_MODE_APPROVE, XN_MODE_AUTO };

/*
 * Compiles a document; mistakes become problems and give NULL. The document must be the one policy
 * of its source.
 */
const struct xn_policy *xn_policy_compile(
    struct xn_arena *arena, const struct xn_yaml *document, struct xn_problems *problems);

const char *xn_policy_name(const struct xn_policy *policy);
enum xn_policy_mode xn_policy_mode(const struct xn_policy *policy);
const struct xn_source *xn_policy_source(const struct xn_policy *policy);
/* Moves that the daemon runs at a time (moves.at_once), at least 1. */
int xn_policy_at_once(const struct xn_policy *policy);

#endif
