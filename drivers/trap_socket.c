#include "drivers/trap_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Asked for; the kernel gives what it allows. A burst of a thousand traps fits. */
#define RECEIVE_BYTES (1 << 20)

/* Room for one control message, aligned as the kernel wants it. */
union control {
	struct cmsghdr head;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

int
xn_trap_socket_open(int port)
{
	struct sockaddr_in6 any = {
	    .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int bytes = RECEIVE_BYTES;
	int off = 0;
	int on = 1;
	int fault;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0 &&
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0)
		return fd;
	fault = errno;
	close(fd);
	errno = fault;
	return -1;
}

int
xn_trap_socket_port(int fd)
{
	struct sockaddr_in6 own = {0};
	socklen_t size = sizeof(own);

	return getsockname(fd, (struct sockaddr *)&own, &size) == 0 ? ntohs(own.sin6_port) : -1;
}

ssize_t
xn_trap_socket_take(int fd, uint8_t *ret_bytes, size_t size, struct xn_trap_peer *ret_peer)
{
	union control control;
	struct in6_pktinfo info = {.ipi6_addr = in6addr_any};
	struct iovec part = {.iov_base = ret_bytes, .iov_len = size};
	struct msghdr message = {.msg_name = &ret_peer->from,
	    .msg_namelen = sizeof(ret_peer->from),
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t taken;

	do
		taken = recvmsg(fd, &message, 0);
	while (taken < 0 && errno == EINTR);
	if (taken < 0)
		return -1;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at != NULL;
	     at = CMSG_NXTHDR(&message, at))
		if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO)
			memcpy(&info, CMSG_DATA(at), sizeof(info));
	ret_peer->to = info.ipi6_addr;
	return (message.msg_flags & MSG_TRUNC) != 0 ? 0 : taken;
}

bool
xn_trap_socket_answer(int fd, const struct xn_trap_peer *peer, const void *bytes, size_t size)
{
	union control control = {.bytes = {0}};
	struct in6_pktinfo info = {.ipi6_addr = peer->to};
	struct sockaddr_in6 to = peer->from;
	struct iovec part = {.iov_len = size};
	struct msghdr message = {.msg_name = &to,
	    .msg_namelen = sizeof(to),
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};

	memcpy(&part.iov_base, &bytes, sizeof(bytes)); /* sendmsg only reads there */
	control.head.cmsg_level = IPPROTO_IPV6;
	control.head.cmsg_type = IPV6_PKTINFO;
	control.head.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.head), &info, sizeof(info));
	return sendmsg(fd, &message, 0) == (ssize_t)size;
}
