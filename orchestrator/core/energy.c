#include "orchestrator/core/energy.h"

#include "orchestrator/core/telemetry.h"

void
xn_energy_picture(struct xn_core *core)
{
	struct xn_picture picture = {.complete = true};
	int64_t sources;

	for (uint32_t m = 0; m < core->topology->meter_count; m++) {
		xn_power power = core->meters[m].has_power ? core->meters[m].power : (xn_power){0};

		switch (core->topology->meters[m].role) {
		case XN_METER_GRID: picture.grid.mw += power.mw; break;
		case XN_METER_PV: picture.pv.mw += power.mw; break;
		case XN_METER_BATTERY: picture.battery.mw += power.mw; break;
		case XN_METER_GENERATOR: picture.generator.mw += power.mw; break;
		case XN_METER_COOLING: picture.cooling.mw += power.mw; break;
		case XN_METER_FEED:
		case XN_METER_OUTLET:
		case XN_METER_INLET: break;
		}
		if (xn_telemetry_quality(core, m) < XN_QUALITY_ESTIMATED)
			picture.complete = false;
	}
	for (uint32_t r = 0; r < core->topology->rack_count; r++)
		picture.it.mw += xn_telemetry_rack(core, r).mw;
	sources = picture.grid.mw + picture.pv.mw + picture.battery.mw + picture.generator.mw;
	if (sources != 0)
		picture.losses.mw = sources - picture.cooling.mw - picture.it.mw;
	core->picture = picture;
}
