#include "policies/fleet.h"

#include <assert.h>

xn_power
xn_fleet_host_watts(const struct xn_fleet_host *host, int64_t used_millicores)
{
	int64_t tenth;
	int64_t rest;
	int64_t step;

	assert(used_millicores >= 0);
	if (host->cpu_millicores <= 0 || used_millicores >= host->cpu_millicores)
		return host->watts[used_millicores > 0 ? 10 : 0];
	tenth = used_millicores * 10 / host->cpu_millicores;
	rest = used_millicores * 10 - tenth * host->cpu_millicores;
	step = host->watts[tenth + 1].mw - host->watts[tenth].mw;
	return (xn_power){.mw = host->watts[tenth].mw + step * rest / host->cpu_millicores};
}
