#include "orchestrator/shell/virt_libvirt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/loop.h"
#include "orchestrator/shell/virt_probe.h"

#define UNIT            "virt"

#define RETRY_MS_MIN    1000
#define PROBE_MS        3000
#define LIST_GAP_MS     200 /* a burst of events is one new list */
#define LIST_AGAIN_MS   1000
#define LOOP_MS         500
#define KEEPALIVE_S     5
#define KEEPALIVE_COUNT 3
#define THREAD_STACK    (512u << 10)

/* ---- callbacks: in the thread of libvirt's event loop ---- */

void
xn_libvirt_want_list(struct xn_libvirt_host *host)
{
	pthread_mutex_lock(&host->lock);
	host->list_wanted = true;
	pthread_cond_signal(&host->wake);
	pthread_mutex_unlock(&host->lock);
}

static int
on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *opaque)
{
	(void)conn;
	(void)domain;
	(void)event;
	(void)detail;
	xn_libvirt_want_list(opaque);
	return 0;
}

static void
on_close(virConnectPtr conn, int reason, void *opaque)
{
	struct xn_libvirt_host *host = opaque;

	(void)conn;
	(void)reason;
	pthread_mutex_lock(&host->lock);
	host->lost = true;
	pthread_cond_signal(&host->wake);
	pthread_mutex_unlock(&host->lock);
}

static void
on_turn(int timer, void *opaque)
{
	struct xn_libvirt *driver = opaque;

	(void)timer;
	atomic_fetch_add(&driver->turns, 1);
}

static void *
run_events(void *argument)
{
	(void)argument;
	while (virEventRunDefaultImpl() == 0)
		continue;
	return NULL; /* `turns` stands still, so xanhd hears nothing and starts us anew */
}

static void
on_error(void *context, virErrorPtr error)
{
	(void)context; /* who asked reads the error; libvirt need not print it */
	(void)error;
}

/* ---- connecting ---- */

static int
say_failed(struct xn_libvirt_host *host, const char *why)
{
	const char *name = host->driver->worker->targets[host->id].name;

	xn_log_fault(&host->fault, XN_LOG_WARNING, UNIT, XN_TEXT("host", name),
	    XN_TEXT("state", "down"), XN_TEXT("last", why));
	return -1;
}

static void
close_connection(struct xn_libvirt_host *host, virConnectPtr conn)
{
	pthread_mutex_lock(&host->lock);
	host->conn = NULL;
	pthread_mutex_unlock(&host->lock);
	virConnectUnregisterCloseCallback(conn, on_close);
	virConnectClose(conn); /* requests under way hold references of their own */
}

static virConnectPtr
open_connection(struct xn_libvirt_host *host)
{
	const char *uri = host->driver->worker->targets[host->id].uri;
	int keep_s = host->driver->worker->stats_every_ms < 5000 ? 1 : KEEPALIVE_S;
	struct xn_error err;
	virConnectPtr conn;
	int code;

	if (xn_virt_probe(uri, PROBE_MS, &err) != XN_OK) {
		say_failed(host, err.text);
		return NULL;
	}
	host->lost = false;
	conn = virConnectOpen(uri);
	if (conn == NULL) {
		say_failed(host, xn_libvirt_error(&code));
		return NULL;
	}
	/* Not every driver can (qemu:///embed): then a dead peer is seen by the calls that fail. */
	virConnectSetKeepAlive(conn, keep_s, KEEPALIVE_COUNT);
	virConnectRegisterCloseCallback(conn, on_close, host, NULL);
	return conn;
}

static int
watch_events(struct xn_libvirt_host *host, virConnectPtr conn)
{
	int code;

	if (virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), host, NULL) < 0)
		return say_failed(host, xn_libvirt_error(&code));
	return 0;
}

static int
say_up(struct xn_libvirt_host *host, virConnectPtr conn)
{
	struct xn_virt_worker *worker = host->driver->worker;
	virNodeInfo node;
	int code;

	if (virNodeGetInfo(conn, &node) < 0)
		return say_failed(host, xn_libvirt_error(&code));
	xn_log_over(&host->fault, UNIT, XN_TEXT("host", worker->targets[host->id].name),
	    XN_TEXT("state", "up"));
	xn_virt_say_host(worker, XN_EV_HOST_UP, host->id, node.cpus, node.memory / 1024);
	pthread_mutex_lock(&host->lock);
	host->conn = conn;
	pthread_mutex_unlock(&host->lock);
	host->list_due_ms = host->stats_due_ms = 0;
	host->retry_ms = RETRY_MS_MIN;
	return 0;
}

/* ---- reading ---- */

/* Takes the domains over; false when the list would not be whole. */
static bool
add_domains(struct xn_virt_list *list, virDomainPtr *domains, int count)
{
	bool whole = count < (int)XN_VIRT_DOMAINS_MAX;

	for (int i = 0; i < count; i++) {
		enum xn_vm_state state = XN_VM_ABSENT;
		struct xn_vm_facts facts;
		xn_uuid uuid;

		whole = whole && xn_libvirt_domain(domains[i], &uuid, &state, &facts);
		if (whole && state != XN_VM_ABSENT)
			xn_virt_list_add(list, &uuid, state, &facts);
		virDomainFree(domains[i]);
	}
	free(domains);
	return whole;
}

/* What we could not read is not absent: a list that is not whole is not said but read again soon.
 */
static int
read_list(struct xn_libvirt_host *host)
{
	struct xn_virt_worker *worker = host->driver->worker;
	virDomainPtr *domains = NULL;
	struct xn_virt_list list;
	int count, code;

	xn_virt_list_begin(worker, host->id, &list);
	count = virConnectListAllDomains(host->conn, &domains, 0);
	if (count < 0)
		return say_failed(host, xn_libvirt_error(&code));
	if (add_domains(&list, domains, count)) {
		xn_virt_list_end(worker, &list);
		host->list_due_ms = xn_clock_monotonic_ms() + worker->list_every_ms;
		return 0;
	}
	xn_virt_list_free(&list);
	if (virConnectIsAlive(host->conn) != 1)
		return say_failed(host, "connection lost while listing");
	xn_log_fault(&host->unlisted, XN_LOG_WARNING, UNIT,
	    XN_TEXT("host", worker->targets[host->id].name), XN_TEXT("state", "list incomplete"));
	host->list_due_ms = xn_clock_monotonic_ms() + LIST_AGAIN_MS;
	return 0;
}

static void
say_load(struct xn_libvirt_host *host, const virDomainStatsRecord *record)
{
	struct xn_event event = {.kind = XN_EV_VM_LOAD};
	unsigned long long cpu_ns;
	virDomainInfo info;

	if (virTypedParamsGetULLong(record->params, record->nparams, "cpu.time", &cpu_ns) != 1) {
		/* Without cgroups the bulk figures have no CPU time; the single call knows it. */
		if (virDomainGetInfo(record->dom, &info) < 0)
			return;
		cpu_ns = info.cpuTime;
	}
	if (virDomainGetUUID(record->dom, event.load.uuid.bytes) < 0)
		return;
	event.load.host = host->id;
	event.load.cpu_ns = cpu_ns;
	event.load.at = xn_clock_now();
	xn_virt_say(host->driver->worker, &event);
}

static int
read_stats(struct xn_libvirt_host *host)
{
	virDomainStatsRecordPtr *records = NULL;
	int count, code;

	count = virConnectGetAllDomainStats(host->conn,
	    VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL, &records,
	    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
	if (count < 0)
		return say_failed(host, xn_libvirt_error(&code));
	for (int i = 0; i < count; i++)
		say_load(host, records[i]);
	virDomainStatsRecordListFree(records);
	return 0;
}

/* ---- a host's thread ---- */

static void
deadline_at(int64_t ms, struct timespec *ret_time)
{
	*ret_time = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* Sleeps until the monotonic instant or a wake; returns whether a list is wanted. */
static bool
wait_until(struct xn_libvirt_host *host, int64_t until_ms, bool *ret_lost)
{
	struct timespec time;
	bool wanted;

	deadline_at(until_ms, &time);
	pthread_mutex_lock(&host->lock);
	while (!host->lost && !host->list_wanted && xn_clock_monotonic_ms() < until_ms)
		if (pthread_cond_timedwait(&host->wake, &host->lock, &time) != 0)
			break;
	wanted = host->list_wanted;
	*ret_lost = host->lost;
	pthread_mutex_unlock(&host->lock);
	return wanted;
}

static void
sleep_ms(int64_t ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int
read_what_is_due(struct xn_libvirt_host *host)
{
	struct xn_virt_worker *worker = host->driver->worker;
	int64_t now_ms = xn_clock_monotonic_ms();
	bool wanted;

	pthread_mutex_lock(&host->lock);
	wanted = host->list_wanted;
	host->list_wanted = false; /* before reading: a wish that comes meanwhile is for the next */
	pthread_mutex_unlock(&host->lock);
	if ((wanted || now_ms >= host->list_due_ms) && read_list(host) < 0)
		return -1;
	if (now_ms >= host->stats_due_ms) {
		if (read_stats(host) < 0)
			return -1;
		host->stats_due_ms = now_ms + worker->stats_every_ms;
	}
	return 0;
}

static void
serve_connection(struct xn_libvirt_host *host)
{
	bool lost = false;

	while (!lost && read_what_is_due(host) == 0) {
		int64_t until_ms =
		    host->list_due_ms < host->stats_due_ms ? host->list_due_ms : host->stats_due_ms;

		if (wait_until(host, until_ms, &lost))
			sleep_ms(LIST_GAP_MS);
	}
	if (lost)
		say_failed(host, "the connection ended");
}

static void
back_off(struct xn_libvirt_host *host)
{
	int64_t jitter_ms = rand_r(&host->dice) % (host->retry_ms / 2 + 1);

	sleep_ms(host->retry_ms / 2 + jitter_ms);
	host->retry_ms *= 2;
	if (host->retry_ms > host->driver->worker->retry_ms_max)
		host->retry_ms = host->driver->worker->retry_ms_max;
}

static void *
run_host(void *argument)
{
	struct xn_libvirt_host *host = argument;

	for (;;) {
		virConnectPtr conn = open_connection(host);

		if (conn != NULL && watch_events(host, conn) == 0 && say_up(host, conn) == 0) {
			serve_connection(host);
			close_connection(host, conn);
			xn_virt_say_host(host->driver->worker, XN_EV_HOST_DOWN, host->id, 0, 0);
		} else if (conn != NULL) {
			close_connection(host, conn);
		}
		back_off(host);
	}
	return NULL;
}

/* ---- the driver ---- */

static void
start_thread(void *(*run)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	if (pthread_create(&thread, &attributes, run, argument) != 0)
		abort(); /* xanhd starts us anew */
	pthread_detach(thread);
	pthread_attr_destroy(&attributes);
}

static void
init_host(struct xn_libvirt *driver, uint32_t id)
{
	struct xn_libvirt_host *host = &driver->hosts[id];
	pthread_condattr_t clock;

	*host = (struct xn_libvirt_host){.driver = driver, .id = id, .retry_ms = RETRY_MS_MIN};
	host->dice = id * 2654435761u + (unsigned)xn_clock_monotonic_ms();
	pthread_mutex_init(&host->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&host->wake, &clock);
	pthread_condattr_destroy(&clock);
}

static void *
libvirt_start(struct xn_virt_worker *worker)
{
	struct xn_libvirt *driver = calloc(1, sizeof(*driver));

	if (driver == NULL)
		abort();
	driver->worker = worker;
	driver->hosts = calloc(worker->target_count + 1u, sizeof(*driver->hosts));
	if (driver->hosts == NULL || virInitialize() < 0)
		abort();
	virSetErrorFunc(NULL, on_error);
	/* Before any connection: what is opened earlier never gets events or keepalive. */
	if (virEventRegisterDefaultImpl() < 0 ||
	    virEventAddTimeout(LOOP_MS, on_turn, driver, NULL) < 0)
		abort();
	start_thread(run_events, NULL);
	for (uint32_t h = 0; h < worker->target_count; h++) {
		init_host(driver, h);
		start_thread(run_host, &driver->hosts[h]);
	}
	return driver;
}

static void
libvirt_act(void *state, const struct xn_action *action)
{
	struct xn_libvirt *driver = state;

	if (action->kind == XN_ACT_LIST)
		xn_libvirt_want_list(&driver->hosts[action->virt.host]);
	else
		xn_libvirt_act(driver, action);
}

static bool
libvirt_alive(void *state)
{
	struct xn_libvirt *driver = state;
	uint64_t turns = atomic_load(&driver->turns);
	bool alive = turns != driver->turns_seen;

	driver->turns_seen = turns;
	return alive;
}

const struct xn_virt_driver xn_virt_libvirt = {
    .start = libvirt_start,
    .act = libvirt_act,
    .alive = libvirt_alive,
};
