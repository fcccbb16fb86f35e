#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drivers/snmp_traps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "fuzz": the receiver's engine and the device's, as in the corpus. */
static const struct xn_snmp_engine ours = {
    .id = {0x80, 0x00, 0x1f, 0x88, 0x04, 'x', 'a', 'n', 'h'}, .size = 9, .boots = 1};
static const uint8_t theirs[] = {0x80, 0x00, 0x1f, 0x88, 0x04, 'd', 'e', 'v', 'i', 'c', 'e'};

static struct xn_snmp_traps *traps;
static int64_t now_ms = 1000000;
static unsigned calls;

static void
on_call(void *context, uint32_t device)
{
	(void)context;
	assert(device < 3);
	calls++;
}

static void
on_refusal(void *context, uint32_t device, const char *why)
{
	(void)context;
	assert(device < 3 && why != NULL);
}

static int
start(void)
{
	static const char *const urls[] = {"snmp://127.0.0.1?community=green",
	    "snmp://127.0.0.1?version=3&user=open",
	    "snmp://127.0.0.1?version=3&user=xanh&auth=SHA&authpass=authauth1&priv=AES"
	    "&privpass=privpriv1"};
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct xn_url url;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (xn_snmp_traps_open(&traps, 0, &ours, NULL) < 0)
		abort();
	for (uint32_t i = 0; i < 3; i++) {
		if (xn_url_parse(urls[i], &url, NULL) < 0 ||
		    xn_snmp_traps_add(traps, i, &url, NULL) < 0)
			abort();
		xn_snmp_traps_engine(traps, i, theirs, sizeof(theirs));
	}
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)xn_snmp_traps_port(traps));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		abort();
	return fd;
}

/*
 * A datagram, to the parser alone and then by loopback to a receiver whose device `open` does not
 * authenticate, so that the library reads what stands inside as well.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xn_trap_listener listener = {.called = on_call, .refused = on_refusal};
	static int fd = -1;
	struct xn_trap_packet packet;
	uint8_t answer[XN_TRAP_BYTES_MAX];
	bool good;

	if (fd < 0)
		fd = start();
	good = xn_trap_parse(data, size, &packet);
	if (good)
		assert(packet.size <= size && packet.community_size < size &&
		    packet.engine_size <= XN_TRAP_ENGINE_MAX &&
		    packet.user_size <= XN_TRAP_USER_MAX);
	calls = 0;
	now_ms += 2 * XN_TRAP_PAUSE_MS;
	if (size > XN_TRAP_BYTES_MAX || send(fd, data, size, 0) != (ssize_t)size)
		return 0;
	assert(xn_snmp_traps_take(traps, now_ms, &listener) == INT64_MAX);
	assert(good || calls == 0);
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0)
		;
	return 0;
}
