/*
 * Trap socket: a UDP port of IPv4 and IPv6 at once. Every packet comes with the address it was sent
 * to, and is answered from there: on a host of several addresses a device takes no answer from
 * another one.
 */
#ifndef XN_DRIVERS_TRAP_SOCKET_H
#define XN_DRIVERS_TRAP_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Addresses of IPv4 stand as ::ffff:a.b.c.d. */
struct xn_trap_peer {
	struct sockaddr_in6 from;
	struct in6_addr to; /* ours */
};

/* The descriptor; -1 with errno. Port 0: any free one. */
int xn_trap_socket_open(int port);
int xn_trap_socket_port(int fd);

/* The next packet's size, 0 if it is longer than `size`; -1: none waits. */
ssize_t xn_trap_socket_take(int fd, uint8_t *ret_bytes, size_t size, struct xn_trap_peer *ret_peer);

/* False: it could not be sent. Whoever waits for it asks again. */
bool xn_trap_socket_answer(int fd, const struct xn_trap_peer *peer, const void *bytes, size_t size);

#endif
