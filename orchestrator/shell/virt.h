/*
 * Virt: the hypervisors of a site, as facts in and requests out. All libvirt calls are made by a
 * child process (fork and exec of this same program as `virt-worker`), because a hypervisor's
 * daemon can hang a caller for ever; here is the side that starts, watches and replaces that child.
 *
 * Host ids are places in site->hosts. Facts: HOST_UP, HOST_DOWN, VM_SEEN, HOST_LISTED, VM_LOAD and
 * VIRT_DONE, stamped with the instant at which they arrived here.
 *
 * Invariants:
 *   (1) a MIGRATE, ABORT_JOB, RESUME or DESTROY with a request id gets exactly one XN_EV_VIRT_DONE:
 *       a child that dies, or that does not answer within the deadline, means XN_VIRT_UNKNOWN;
 *   (2) a LIST is answered by the VM_SEENs and the HOST_LISTED of a list that was begun after it
 * was asked for, and older ones of that host are dropped; none comes while the host is down; (3) a
 * host's list arrives whole: VM_SEEN for each domain, then HOST_LISTED, nothing between; (4)
 * nothing is said of a host before its HOST_UP or after its HOST_DOWN but answers.
 */
#ifndef XN_SHELL_VIRT_H
#define XN_SHELL_VIRT_H

#include "common/loop.h"
#include "common/site.h"
#include "orchestrator/core/action.h"

struct xn_virt;

typedef void xn_virt_on_event(const struct xn_event *event, void *context);

/*
 * Starts the child. `simulated`: hosts that exist only in the folder named by XANH_SIM_STATE
 * (virt_simulated.h). Figures are read every 5 s, or as often as the site's fastest device.
 */
int xn_virt_start(struct xn_virt **ret_virt, struct xn_loop *loop, const struct xn_site *site,
    bool simulated, xn_virt_on_event *on_event, void *context, struct xn_error *err);

/* Never blocks. A request that cannot be sent is answered before the loop waits again. */
void xn_virt_send(struct xn_virt *virt, const struct xn_action *action);

/* The child that runs now; 0 between two. */
pid_t xn_virt_pid(const struct xn_virt *virt);

/* Ends the child; migrations under way go on by themselves. NULL is nothing. */
void xn_virt_stop(struct xn_virt *virt);

/* The child's main: xanhd calls it first thing when argv[1] is XN_VIRT_WORKER. */
#define XN_VIRT_WORKER "virt-worker"
int xn_virt_worker_main(int argc, char **argv);

#endif
