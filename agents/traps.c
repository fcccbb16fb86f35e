#include "agents/traps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents/poller.h"

/* Packets taken before the loop gets its turn again, whatever a flood sends. */
#define PACKETS_MAX 64

struct caller {
	struct in6_addr address; /* of IPv4 as ::ffff:a.b.c.d */
	uint32_t device;
	int64_t not_before_ms;
};

struct xn_traps {
	int fd;
	struct caller callers[XN_POLL_DEVICES_MAX];
	unsigned count;
};

int
xn_traps_open(struct xn_traps **ret_traps, int port, struct xn_error *err)
{
	struct sockaddr_in6 any = {
	    .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any};
	struct xn_traps *traps = calloc(1, sizeof(*traps));
	int off = 0;

	if (traps == NULL)
		return xn_fail(err, XN_ESYSTEM, "traps: no memory");
	traps->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (traps->fd < 0 ||
	    setsockopt(traps->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0 ||
	    bind(traps->fd, (const struct sockaddr *)&any, sizeof(any)) != 0) {
		xn_fail(err, XN_ESYSTEM, "traps: UDP port %d: %s", port, strerror(errno));
		xn_traps_close(traps);
		return XN_ESYSTEM;
	}
	*ret_traps = traps;
	return XN_OK;
}

void
xn_traps_close(struct xn_traps *traps)
{
	if (traps == NULL)
		return;
	if (traps->fd >= 0)
		close(traps->fd);
	free(traps);
}

int
xn_traps_fd(const struct xn_traps *traps)
{
	return traps->fd;
}

void
xn_traps_add(struct xn_traps *traps, uint32_t device, const char *host)
{
	struct caller *caller = &traps->callers[traps->count];
	struct in_addr four;

	if (traps->count == XN_POLL_DEVICES_MAX)
		return;
	*caller = (struct caller){.device = device};
	if (inet_pton(AF_INET, host, &four) == 1) {
		memset(&caller->address.s6_addr[10], 0xff, 2);
		memcpy(&caller->address.s6_addr[12], &four, sizeof(four));
	} else if (inet_pton(AF_INET6, host, &caller->address) != 1) {
		return;
	}
	traps->count++;
}

void
xn_traps_take(struct xn_traps *traps, int64_t now_ms,
    void (*called)(void *context, uint32_t device), void *context)
{
	for (unsigned packets = 0; packets < PACKETS_MAX; packets++) {
		struct sockaddr_in6 from = {0};
		socklen_t size = sizeof(from);
		char byte;

		if (recvfrom(traps->fd, &byte, 1, 0, (struct sockaddr *)&from, &size) < 0)
			return;
		for (unsigned i = 0; i < traps->count; i++) {
			struct caller *caller = &traps->callers[i];

			if (caller->not_before_ms > now_ms ||
			    memcmp(&caller->address, &from.sin6_addr, sizeof(from.sin6_addr)) != 0)
				continue;
			caller->not_before_ms = now_ms + XN_TRAP_PAUSE_MS;
			called(context, caller->device);
		}
	}
}
