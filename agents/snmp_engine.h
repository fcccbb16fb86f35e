/*
 * Engine: who the agent is to devices that send SNMPv3 informs. Its id is drawn once; its boots are
 * counted up at every start, on disk before they are used. Both stand in one file (`engine`, beside
 * the spool's), so that they are lost together: a device finds a new engine by itself, but never
 * believes one it knows whose boots fell back.
 */
#ifndef XN_AGENTS_SNMP_ENGINE_H
#define XN_AGENTS_SNMP_ENGINE_H

#include "drivers/snmp_traps.h"

/*
 * The engine of this start. On an error it is a new one, which is good until the next start:
 * XN_EFULL the file cannot be written, XN_ESYSTEM the folder or the file cannot be read.
 */
int xn_snmp_engine_start(const char *dir, struct xn_snmp_engine *ret_engine, struct xn_error *err);

#endif
