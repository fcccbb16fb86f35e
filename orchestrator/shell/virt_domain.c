#include <stdlib.h>
#include <string.h>

#include "orchestrator/shell/virt_libvirt.h"
#include "orchestrator/shell/virt_xml.h"

#define XML_SIZE_MAX (1u << 20)

const char *
xn_libvirt_error(int *ret_code)
{
	virErrorPtr error = virGetLastError();

	*ret_code = error == NULL ? VIR_ERR_INTERNAL_ERROR : error->code;
	return error == NULL || error->message == NULL ? "libvirt gave no reason" : error->message;
}

/*
 * paused (migrating) is a guest that is arriving or one that a dead daemon left at the hand-over.
 * Only of an arriving one are there no statistics to be had: libvirt answers error 84, "only on the
 * source host". Any other error is taken for the same, because an arriving guest is left alone.
 */
static enum xn_vm_state
paused_migrating(virDomainPtr domain)
{
	virTypedParameterPtr params = NULL;
	int count = 0, type = 0;

	if (virDomainGetJobStats(domain, &type, &params, &count, 0) < 0)
		return XN_VM_INCOMING;
	virTypedParamsFree(params, count);
	return XN_VM_PAUSED_MIGRATING;
}

static enum xn_vm_state
paused(virDomainPtr domain, int reason)
{
	if (reason == VIR_DOMAIN_PAUSED_MIGRATION)
		return paused_migrating(domain);
	if (reason == VIR_DOMAIN_PAUSED_STARTING_UP)
		return XN_VM_INCOMING;
	return XN_VM_PAUSED;
}

static enum xn_vm_state
state_of(virDomainPtr domain, int state, int reason)
{
	switch ((virDomainState)state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
	case VIR_DOMAIN_SHUTDOWN: /* still running while it shuts down */ return XN_VM_RUNNING;
	case VIR_DOMAIN_PAUSED: return paused(domain, reason);
	case VIR_DOMAIN_PMSUSPENDED: return XN_VM_PAUSED;
	case VIR_DOMAIN_NOSTATE:
	case VIR_DOMAIN_SHUTOFF:
	case VIR_DOMAIN_CRASHED: break;
	}
	return XN_VM_SHUTOFF;
}

static void
read_metadata(virDomainPtr domain, struct xn_vm_facts *facts)
{
	char *xml =
	    virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, XN_VIRT_METADATA_URI, 0);

	if (xml != NULL)
		xn_virt_metadata_read(xml, strnlen(xml, XML_SIZE_MAX), facts);
	free(xml);
}

static void
read_lockable(virDomainPtr domain, struct xn_vm_facts *facts)
{
	char *xml = virDomainGetXMLDesc(domain, 0);

	if (xml != NULL)
		facts->lockable = xn_virt_xml_lockable(xml, strnlen(xml, XML_SIZE_MAX));
	free(xml);
}

/* After a call that failed: whether the domain is simply gone. */
static bool
is_gone(enum xn_vm_state *ret_state)
{
	int code;

	xn_libvirt_error(&code);
	*ret_state = XN_VM_ABSENT;
	return code == VIR_ERR_NO_DOMAIN;
}

bool
xn_libvirt_domain(virDomainPtr domain, xn_uuid *ret_uuid, enum xn_vm_state *ret_state,
    struct xn_vm_facts *ret_facts)
{
	virDomainInfo info;
	const char *name = virDomainGetName(domain);
	int state, reason;

	memset(ret_facts, 0, sizeof(*ret_facts));
	if (name == NULL || virDomainGetUUID(domain, ret_uuid->bytes) < 0 ||
	    virDomainGetInfo(domain, &info) < 0)
		return is_gone(ret_state);
	xn_virt_text_copy(name, ret_facts->name, sizeof(ret_facts->name));
	ret_facts->vcpus = info.nrVirtCpu;
	ret_facts->memory_mib = (uint32_t)(info.maxMem / 1024);
	ret_facts->movable = true;
	read_metadata(domain, ret_facts);
	read_lockable(domain, ret_facts);
	/* The state last, so that it is the newest of all. */
	if (virDomainGetState(domain, &state, &reason, 0) < 0)
		return is_gone(ret_state);
	*ret_state = state_of(domain, state, reason);
	return true;
}
