#include "orchestrator/shell/virt_probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *
default_port(const char *uri)
{
	const char *plus = strchr(uri, '+');

	if (plus != NULL && strncmp(plus, "+tcp://", 7) == 0)
		return "16509";
	if (plus != NULL && strncmp(plus, "+tls://", 7) == 0)
		return "16514";
	return NULL;
}

bool
xn_virt_probe_address(const char *uri, struct xn_virt_address *ret_address)
{
	const char *port = default_port(uri), *at = strstr(uri, "://");
	size_t length;

	if (port == NULL || at == NULL)
		return false;
	at += 3;
	length = strcspn(at, "/?@");
	if (at[length] == '@') { /* a user's name */
		at += length + 1;
		length = strcspn(at, "/?");
	}
	if (*at == '[') {
		const char *close = memchr(at, ']', length);

		if (close == NULL)
			return false;
		snprintf(ret_address->host, sizeof(ret_address->host), "%.*s",
		    (int)(close - at - 1), at + 1);
		length -= (size_t)(close + 1 - at);
		at = close + 1;
	} else {
		size_t name = strcspn(at, ":/?");

		snprintf(ret_address->host, sizeof(ret_address->host), "%.*s", (int)name, at);
		length -= name;
		at += name;
	}
	snprintf(ret_address->port, sizeof(ret_address->port), "%s", port);
	if (length > 1 && *at == ':')
		snprintf(ret_address->port, sizeof(ret_address->port), "%.*s", (int)(length - 1),
		    at + 1);
	return ret_address->host[0] != '\0';
}

/* 0 when something accepts, else an errno. */
static int
dial(const struct addrinfo *place, int timeout_ms)
{
	int fd = socket(place->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int fault = 0;
	socklen_t size = sizeof(fault);

	if (fd < 0)
		return errno;
	if (connect(fd, place->ai_addr, place->ai_addrlen) < 0) {
		fault = errno;
		if (fault == EINPROGRESS) {
			fault = ETIMEDOUT;
			if (poll(&wait, 1, timeout_ms) > 0 &&
			    getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
				fault = errno;
		}
	}
	close(fd);
	return fault;
}

int
xn_virt_probe(const char *uri, int timeout_ms, struct xn_error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *places = NULL;
	struct xn_virt_address address;
	int fault;

	if (!xn_virt_probe_address(uri, &address))
		return XN_OK;
	fault = getaddrinfo(address.host, address.port, &hints, &places);
	if (fault != 0)
		return xn_fail(err, XN_EUNREACHABLE, "%s: %s", address.host, gai_strerror(fault));
	fault = EHOSTUNREACH;
	for (const struct addrinfo *p = places; p != NULL && fault != 0; p = p->ai_next)
		fault = dial(p, timeout_ms);
	freeaddrinfo(places);
	if (fault != 0)
		return xn_fail(err, XN_EUNREACHABLE, "%s port %s: %s", address.host, address.port,
		    strerror(fault));
	return XN_OK;
}
