/*
 * Energy: the live power picture of the site: where its watts come from and go to, from the latest
 * reading of each meter. Losses are what the sources give beyond cooling and IT.
 */
#ifndef XN_CORE_ENERGY_H
#define XN_CORE_ENERGY_H

#include "orchestrator/core/core.h"

void xn_energy_picture(struct xn_core *core);

#endif
