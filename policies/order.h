/*
 * Order: from a better placement to numbered steps. Listing the steps by number keeps every rule,
 * and so does any order that respects `after` with any number of steps in flight: before a step is
 * let in, every earlier step is taken as started and only its own ancestors as done, which is the
 * worst state that can be (rules are monotone: rule.h, invariant 1).
 */
#ifndef XN_POLICIES_ORDER_H
#define XN_POLICIES_ORDER_H

#include "policies/search.h"

struct xn_order {
	struct xn_step *steps;
	uint32_t count;
	uint32_t dropped;      /* moves and power steps that no order allows */
	struct xn_state state; /* after all steps */
};

/* Steps that turn the snapshot into what the search found. */
void xn_order_make(const struct xn_search *search, struct xn_order *ret_order);

/* Fills `after` of every step (after.c). */
void xn_order_after(const struct xn_search *search, struct xn_order *order);

#endif
