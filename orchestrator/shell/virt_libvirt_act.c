#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/shell/virt_libvirt.h"

#define THREADS_MAX 64
#define TEXT_SIZE   256

struct act {
	struct xn_libvirt *driver;
	struct xn_action action;
	virConnectPtr conn;
	char text[TEXT_SIZE];
};

virConnectPtr
xn_libvirt_connection(struct xn_libvirt_host *host)
{
	virConnectPtr conn = NULL;

	pthread_mutex_lock(&host->lock);
	if (host->conn != NULL && !host->lost && virConnectRef(host->conn) == 0)
		conn = host->conn;
	pthread_mutex_unlock(&host->lock);
	return conn;
}

/*
 * What libvirt's refusal means. Only what libvirt says before it touches the guest, or after it
 * undid everything, is a plain failure; the rest is for the lists of both hosts to tell.
 */
static enum xn_virt_outcome
outcome_of(int code)
{
	switch (code) {
	case VIR_ERR_NO_SUPPORT:
	case VIR_ERR_INVALID_ARG:
	case VIR_ERR_CONFIG_UNSUPPORTED:
	case VIR_ERR_OPERATION_DENIED:
	case VIR_ERR_OPERATION_ABORTED:
	case VIR_ERR_MIGRATE_UNSAFE:
	case VIR_ERR_ACCESS_DENIED: return XN_VIRT_FAILED;
	default: return XN_VIRT_UNKNOWN;
	}
}

static enum xn_virt_outcome
failed(struct act *act)
{
	int code;

	snprintf(act->text, sizeof(act->text), "%s", xn_libvirt_error(&code));
	return outcome_of(code);
}

static enum xn_virt_outcome
migrate(struct act *act, virDomainPtr domain)
{
	const char *uri = act->driver->worker->targets[act->action.virt.target].migrate_uri;
	unsigned flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_PERSIST_DEST |
	    VIR_MIGRATE_UNDEFINE_SOURCE | VIR_MIGRATE_ABORT_ON_ERROR | VIR_MIGRATE_AUTO_CONVERGE;
	char target[TEXT_SIZE];

	/* The source's daemon dials it, with its own certificates: our ?pkipath= says nothing to
	 * it. */
	snprintf(target, sizeof(target), "%.*s", (int)strcspn(uri, "?"), uri);
	if (act->action.virt.paused)
		flags |= VIR_MIGRATE_PAUSED;
	if (virDomainMigrateToURI3(domain, target, NULL, 0, flags) < 0)
		return failed(act);
	snprintf(act->text, sizeof(act->text), "migrated");
	return XN_VIRT_OK;
}

static enum xn_virt_outcome
abort_job(struct act *act, virDomainPtr domain)
{
	int code;

	if (virDomainAbortJob(domain) == 0) {
		snprintf(act->text, sizeof(act->text), "aborted");
		return XN_VIRT_OK;
	}
	snprintf(act->text, sizeof(act->text), "%s", xn_libvirt_error(&code));
	return code == VIR_ERR_OPERATION_INVALID ? XN_VIRT_FAILED : outcome_of(code);
}

static enum xn_virt_outcome
resume(struct act *act, virDomainPtr domain)
{
	int state = VIR_DOMAIN_NOSTATE;
	enum xn_virt_outcome outcome;

	snprintf(act->text, sizeof(act->text), "resumed");
	if (virDomainResume(domain) == 0)
		return XN_VIRT_OK;
	outcome = failed(act);
	if (virDomainGetState(domain, &state, NULL, 0) < 0)
		return XN_VIRT_UNKNOWN;
	if (state == VIR_DOMAIN_RUNNING) /* it runs already: that was asked for */
		return XN_VIRT_OK;
	return state == VIR_DOMAIN_PAUSED ? XN_VIRT_FAILED : outcome;
}

static enum xn_virt_outcome
destroy(struct act *act, virDomainPtr domain)
{
	int code;

	snprintf(act->text, sizeof(act->text), "destroyed");
	if (virDomainDestroy(domain) < 0) {
		xn_libvirt_error(&code);
		if (code == VIR_ERR_NO_DOMAIN)
			return XN_VIRT_OK;
		if (code != VIR_ERR_OPERATION_INVALID) /* not merely off already */
			return failed(act);
	}
	if (virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE) < 0) {
		xn_libvirt_error(&code); /* a transient one is gone, or is not to be undefined */
		if (code != VIR_ERR_NO_DOMAIN && code != VIR_ERR_OPERATION_INVALID)
			return failed(act);
	}
	return XN_VIRT_OK;
}

static enum xn_virt_outcome
no_domain(struct act *act)
{
	int code;

	snprintf(act->text, sizeof(act->text), "%s", xn_libvirt_error(&code));
	if (code == VIR_ERR_NO_DOMAIN && act->action.kind == XN_ACT_DESTROY)
		return XN_VIRT_OK;
	return code == VIR_ERR_NO_DOMAIN && act->action.kind != XN_ACT_MIGRATE ? XN_VIRT_FAILED
									       : XN_VIRT_UNKNOWN;
}

static enum xn_virt_outcome
carry_out(struct act *act)
{
	virDomainPtr domain = virDomainLookupByUUID(act->conn, act->action.virt.uuid.bytes);
	enum xn_virt_outcome outcome = XN_VIRT_FAILED;

	if (domain == NULL)
		return no_domain(act);
	switch (act->action.kind) {
	case XN_ACT_MIGRATE: outcome = migrate(act, domain); break;
	case XN_ACT_ABORT_JOB: outcome = abort_job(act, domain); break;
	case XN_ACT_RESUME: outcome = resume(act, domain); break;
	case XN_ACT_DESTROY: outcome = destroy(act, domain); break;
	case XN_ACT_LIST:
	case XN_ACT_LEDGER:
	case XN_ACT_ALARM:
	case XN_ACT_NOTE:
	case XN_ACT_REPLY: break;
	}
	virDomainFree(domain);
	return outcome;
}

static void *
run(void *argument)
{
	struct act *act = argument;
	struct xn_libvirt *driver = act->driver;

	xn_virt_answer(driver->worker, act->action.virt.request, carry_out(act), act->text);
	xn_libvirt_want_list(&driver->hosts[act->action.virt.host]);
	if (act->action.kind == XN_ACT_MIGRATE)
		xn_libvirt_want_list(&driver->hosts[act->action.virt.target]);
	virConnectClose(act->conn);
	free(act);
	atomic_fetch_sub(&driver->threads, 1);
	return NULL;
}

static bool
start_thread(struct act *act)
{
	pthread_t thread;

	if (atomic_fetch_add(&act->driver->threads, 1) < THREADS_MAX &&
	    pthread_create(&thread, NULL, run, act) == 0) {
		pthread_detach(thread);
		return true;
	}
	atomic_fetch_sub(&act->driver->threads, 1);
	return false;
}

/* A target that is down is found before anything is begun: that failure is a plain one. */
static bool
target_is_up(struct xn_libvirt *driver, const struct xn_action *action)
{
	virConnectPtr conn;

	if (action->kind != XN_ACT_MIGRATE)
		return true;
	conn = xn_libvirt_connection(&driver->hosts[action->virt.target]);
	if (conn != NULL)
		virConnectClose(conn);
	return conn != NULL;
}

void
xn_libvirt_act(struct xn_libvirt *driver, const struct xn_action *action)
{
	struct act *act = calloc(1, sizeof(*act));
	virConnectPtr conn = xn_libvirt_connection(&driver->hosts[action->virt.host]);
	const char *why = "too many requests at one time";

	if (act == NULL)
		abort();
	*act = (struct act){.driver = driver, .action = *action, .conn = conn};
	if (conn == NULL)
		why = "the hypervisor is not reachable";
	else if (!target_is_up(driver, action))
		why = "the target's hypervisor is not reachable";
	else if (start_thread(act))
		return;
	xn_virt_answer(driver->worker, action->virt.request, XN_VIRT_FAILED, why);
	if (conn != NULL)
		virConnectClose(conn);
	free(act);
}
