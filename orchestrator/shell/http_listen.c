#include "orchestrator/shell/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
fail(struct xn_error *err, const struct xn_http_listener *listener, const char *why)
{
	return xn_fail(err, XN_EUNREACHABLE, "listening on %s%s: %s",
	    listener->door == XN_DOOR_UNIX ? "unix:" : "", listener->host, why);
}

static int
listen_unix(const struct xn_http_listener *listener, int *ret_fd, struct xn_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, failed;

	if (strlen(listener->host) >= sizeof(address.sun_path))
		return fail(err, listener, "the path is too long");
	strcpy(address.sun_path, listener->host);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, listener, strerror(errno));

	/* Nobody answers there: the file is what a killed daemon left. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		close(fd);
		return fail(err, listener, "another daemon answers there");
	}
	if (errno == ECONNREFUSED)
		unlink(listener->host);
	failed = bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(listener->host, 0660) != 0 || listen(fd, 64) != 0;
	if (failed) {
		fail(err, listener, strerror(errno));
		close(fd);
		return XN_EUNREACHABLE;
	}
	*ret_fd = fd;
	return XN_OK;
}

static bool
is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(
			   ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
		    24 ==
		    127;
	return address->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static int
bound_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
}

static int
open_tcp(const struct addrinfo *address)
{
	int on = 1;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 512) == 0)
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

static int
listen_tcp(
    const struct xn_http_listener *listener, int *ret_fd, int *ret_port, struct xn_error *err)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found;
	char service[16], host[256];
	size_t length = strlen(listener->host);
	int failed, fd = -1;

	/* "[::]" as it is written in a URL. */
	if (length >= 2 && length < sizeof(host) && listener->host[0] == '[')
		snprintf(host, sizeof(host), "%.*s", (int)(length - 2), listener->host + 1);
	else
		snprintf(host, sizeof(host), "%s", listener->host);
	snprintf(service, sizeof(service), "%d", listener->port);
	failed = getaddrinfo(host, service, &hints, &found);
	if (failed != 0)
		return fail(err, listener, gai_strerror(failed));

	if (listener->door == XN_DOOR_LOOPBACK && !is_loopback(found->ai_addr)) {
		freeaddrinfo(found);
		return fail(err, listener, "plain HTTP is for loopback addresses only");
	}
	fd = open_tcp(found);
	freeaddrinfo(found);
	if (fd < 0)
		return fail(err, listener, strerror(errno));
	*ret_fd = fd;
	*ret_port = bound_port(fd);
	return XN_OK;
}

int
xn_http_listen(
    const struct xn_http_listener *listener, int *ret_fd, int *ret_port, struct xn_error *err)
{
	*ret_port = 0;
	if (listener->door == XN_DOOR_UNIX)
		return listen_unix(listener, ret_fd, err);
	return listen_tcp(listener, ret_fd, ret_port, err);
}
