/*
 * Inventory: which VMs there are and where. A VM is its UUID; it keeps its place in the table while
 * it is anywhere. What a host's list says is true: a copy that a complete list does not hold is
 * gone. The owner of a VM is the host where it runs, or ran last; a move changes it only when it
 * ends.
 *
 * Invariants: (1) a VM's copies are on different hosts; (2) a VM is in the chain of its owner and
 * of no other host; (3) copies of a host that does not answer stay as they were last seen; (4)
 * every copy is in the chain of its host, so that a host's list costs what it holds and not what
 * the site holds.
 */
#ifndef XN_CORE_INVENTORY_H
#define XN_CORE_INVENTORY_H

#include "orchestrator/core/core.h"

uint32_t xn_inventory_find(const struct xn_core *core, xn_uuid uuid);
uint32_t xn_inventory_find_name(const struct xn_core *core, const char *name);
uint32_t xn_inventory_host(const struct xn_core *core, const char *name);

/* What a host said last of its copy of a VM. */
enum xn_vm_state xn_inventory_state(const struct xn_core *core, uint32_t vm, uint32_t host);

/* The move a VM is in; NULL. */
struct xn_move *xn_inventory_move(struct xn_core *core, uint32_t vm);

void xn_inventory_boot(struct xn_core *core);
void xn_inventory_up(struct xn_core *core, const struct xn_event *event);
void xn_inventory_down(struct xn_core *core, uint32_t host);
void xn_inventory_seen(struct xn_core *core, const struct xn_event *event);
void xn_inventory_listed(struct xn_core *core, uint32_t host, struct xn_actions *actions);
void xn_inventory_load(struct xn_core *core, const struct xn_event *event);

/* Gives a VM to a host (XN_NONE: to none). */
void xn_inventory_own(struct xn_core *core, uint32_t vm, uint32_t host);

/* After the copies of a VM changed or its move ended: its owner, and whether it runs twice. */
void xn_inventory_settle(struct xn_core *core, uint32_t vm);

/* Frees the places of VMs that are nowhere and owe nothing to the ledger. */
void xn_inventory_forget(struct xn_core *core);

/* Rebuilds the index by UUID; after loading. */
void xn_inventory_index(struct xn_core *core);

#endif
