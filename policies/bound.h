/*
 * Bound: watts below which no lawful placement of the VMs that run after a plan can draw, with any
 * number of moves and any sleep that the policy permits. Fractional: VMs are taken as fluid, so it
 * is cheap and always true; integers, rounded down.
 */
#ifndef XN_POLICIES_BOUND_H
#define XN_POLICIES_BOUND_H

#include "policies/search.h"

int64_t xn_bound_it_mw(const struct xn_search *search, const struct xn_state *after);

#endif
