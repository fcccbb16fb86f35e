#include "agents/traps.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agents/address.h"
#include "agents/snmp_engine.h"
#include "agents/poller.h"
#include "drivers/driver.h"
#include "common/log.h"

_Static_assert(XN_TRAP_CALLERS_MAX >= XN_POLL_DEVICES_MAX, "every device may call");
_Static_assert(XN_TRAP_ENGINE_MAX >= XN_SNMP_ENGINE_MAX, "what a driver finds fits");

struct caller {
	const char *name;
	bool refusing; /* said, and nothing that counted came since */
};

struct xn_traps {
	struct xn_snmp_traps *wire;
	struct caller callers[XN_POLL_DEVICES_MAX]; /* by device */
	uint64_t strangers;                         /* as last said */
	/* During a take */
	void (*called)(void *context, uint32_t device);
	void *context;
};

int
xn_traps_open(struct xn_traps **ret_traps, int port, const char *dir, struct xn_error *err)
{
	struct xn_traps *traps = calloc(1, sizeof(*traps));
	struct xn_snmp_engine engine;
	int code;

	if (traps == NULL)
		return xn_fail(err, XN_ESYSTEM, "traps: no memory");
	/* A full disk is no reason to be deaf: devices find the new engine, but informs may wait.
	 */
	if (xn_snmp_engine_start(dir, &engine, err) < 0)
		xn_log(XN_LOG_WARNING, "traps", XN_TEXT("state", "new engine"),
		    XN_TEXT("last", err->text));
	code = xn_snmp_traps_open(&traps->wire, port, &engine, err);
	if (code == XN_OK)
		*ret_traps = traps;
	else
		free(traps);
	return code;
}

void
xn_traps_close(struct xn_traps *traps)
{
	if (traps == NULL)
		return;
	xn_snmp_traps_close(traps->wire);
	free(traps);
}

int
xn_traps_fd(const struct xn_traps *traps)
{
	return xn_snmp_traps_fd(traps->wire);
}

void
xn_traps_add(struct xn_traps *traps, uint32_t device, const struct xn_site_device *site,
    const char *credentials)
{
	struct xn_error err;
	struct xn_url url;
	int code;

	assert(device < XN_POLL_DEVICES_MAX);
	traps->callers[device] = (struct caller){.name = site->name};
	code = xn_address_caller(site, credentials, &url, &err);
	if (code == XN_OK)
		code = xn_snmp_traps_add(traps->wire, device, &url, &err);
	explicit_bzero(&url, sizeof(url));
	if (code < 0 && code != XN_ENOTFOUND)
		xn_log(XN_LOG_WARNING, "traps", XN_TEXT("dev", site->name),
		    XN_TEXT("state", "cannot call"), XN_TEXT("last", err.text));
}

void
xn_traps_engine(struct xn_traps *traps, uint32_t device, const uint8_t *engine, size_t size)
{
	xn_snmp_traps_engine(traps->wire, device, engine, size);
}

static void
on_call(void *context, uint32_t device)
{
	struct xn_traps *traps = context;

	traps->callers[device].refusing = false;
	traps->called(traps->context, device);
}

static void
on_refusal(void *context, uint32_t device, const char *why)
{
	struct xn_traps *traps = context;
	struct caller *caller = &traps->callers[device];

	if (!caller->refusing)
		xn_log(XN_LOG_WARNING, "traps", XN_TEXT("dev", caller->name),
		    XN_TEXT("state", "refused"), XN_TEXT("last", why));
	caller->refusing = true;
}

/* Packets of addresses that are no device's, the first at once and then as their number doubles. */
static void
say_strangers(struct xn_traps *traps)
{
	uint64_t strangers = xn_snmp_traps_counts(traps->wire).strangers;

	if (strangers == 0 || strangers < 2 * traps->strangers)
		return;
	traps->strangers = strangers;
	xn_log(XN_LOG_NOTICE, "traps", XN_TEXT("state", "from no device's address"),
	    XN_NUMBER("packets", (int64_t)strangers));
}

int64_t
xn_traps_take(struct xn_traps *traps, int64_t now_ms,
    void (*called)(void *context, uint32_t device), void *context)
{
	struct xn_trap_listener listener = {
	    .called = on_call, .refused = on_refusal, .context = traps};
	int64_t wait_ms;

	traps->called = called;
	traps->context = context;
	wait_ms = xn_snmp_traps_take(traps->wire, now_ms, &listener);
	say_strangers(traps);
	return wait_ms;
}
