/*
 * Answer: what an SNMP device says to a request, its faults included. A function of the device and
 * the request; sends nothing.
 */
#ifndef XN_SIMDEV_ANSWER_H
#define XN_SIMDEV_ANSWER_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "tests/simdev/device.h"

/* Fills a reply that has no variables yet. */
void xn_snmp_answer(const struct xn_device *device, const netsnmp_pdu *request, netsnmp_pdu *reply);

#endif
