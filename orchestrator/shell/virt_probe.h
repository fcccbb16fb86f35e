/*
 * Virt probe: whether something listens where a libvirt URI points, asked with a non-blocking
 * connect, because virConnectOpen itself has no timeout. URIs without a TCP port answer yes.
 */
#ifndef XN_SHELL_VIRT_PROBE_H
#define XN_SHELL_VIRT_PROBE_H

#include "common/error.h"

struct xn_virt_address {
	char host[256];
	char port[6];
};

/* Host and port of qemu+tcp:// and qemu+tls:// URIs; false for all others. */
bool xn_virt_probe_address(const char *uri, struct xn_virt_address *ret_address);

int xn_virt_probe(const char *uri, int timeout_ms, struct xn_error *err);

#endif
