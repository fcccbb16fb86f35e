#include "tests/simdev/plant.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY_S        86400.0
#define POWER_FACTOR 0.96
#define HEAT_LAG_S   15.0 /* of air between rack and cooler */
#define INLET_LAG_S  40.0

/* Uniform in 0..1, the same sequence for the same seed (xorshift64*). */
static double
noise(struct xn_plant *plant)
{
	uint64_t x = plant->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	plant->random = x;
	return (double)(x * UINT64_C(2685821657736338717) >> 11) / (double)(UINT64_C(1) << 53);
}

static void
show(struct xn_plant *plant, struct xn_device *device, const char *name, double truth)
{
	struct xn_point *point = xn_device_point(device, name);

	assert(point != NULL);
	xn_point_follow(point, truth, point->dither ? noise(plant) : 0);
}

static double
shown(const struct xn_device *device, const char *name)
{
	const struct xn_point *point = xn_device_point(device, name);

	assert(point != NULL);
	return point->shown;
}

static double
fahrenheit(double celsius)
{
	return celsius * 1.8 + 32;
}

/* One step of a first-order lag toward `target`. */
static double
lagged(double value, double target, double seconds, double lag_s)
{
	return target + (value - target) * exp(-seconds / lag_s);
}

/* Mains voltage wanders by a volt or two over minutes. */
static double
mains(double day_s)
{
	return 230.5 + 1.4 * sin(day_s / 137) + 0.6 * sin(day_s / 41);
}

static double
outlet_watts(const struct xn_plant *plant, const struct xn_outlet *outlet)
{
	double watts = outlet->load_w;

	if (outlet->host >= 0)
		watts += plant->hosts[outlet->host].watts * outlet->share;
	return watts;
}

static void
show_input(struct xn_plant *plant, struct xn_device *device, double watts, double volts)
{
	double total;

	show(plant, device, "input.realpower", watts);
	total = shown(device, "input.realpower");
	show(plant, device, "input.power", total / POWER_FACTOR);
	show(plant, device, "input.powerfactor", POWER_FACTOR);
	show(plant, device, "input.L1.voltage", volts);
	show(plant, device, "input.L1.current", watts / volts / POWER_FACTOR);
	show(plant, device, "input.L1.realpower", total);
	show(plant, device, "input.L1.power", total / POWER_FACTOR);
	show(plant, device, "input.L1.powerfactor", POWER_FACTOR);
	show(plant, device, "outlet.group.1.current", watts / volts / POWER_FACTOR);
}

static void
step_pdu(struct xn_plant *plant, struct xn_device *device, double volts)
{
	double watts = 0;

	for (unsigned i = 0; i < XN_OUTLETS_MAX; i++) {
		char name[XN_NAME_MAX + 16];
		double outlet;

		snprintf(name, sizeof(name), "outlet.%u.realpower", i + 1);
		if (xn_device_point(device, name) == NULL)
			break;
		show(plant, device, name, outlet_watts(plant, &device->outlets[i]));
		outlet = shown(device, name);
		watts += outlet;
		snprintf(name, sizeof(name), "outlet.%u.current", i + 1);
		show(plant, device, name, outlet / volts / POWER_FACTOR);
	}
	show_input(plant, device, watts, volts);
	plant->racks_w += watts;
	if (device->rack_count > 0)
		plant->racks[device->racks[0]].watts += watts;
}

static void
show_inlet(struct xn_plant *plant, struct xn_device *device)
{
	double inlet = device->rack_count > 0 ? plant->racks[device->racks[0]].inlet_c : 22;

	show(plant, device, "ambient.temperature", inlet);
	show(plant, device, "ambient.temperature.f", fahrenheit(inlet));
	show(plant, device, "ambient.humidity", 48 - (inlet - 22) * 2);
}

static void
step_rack(struct xn_plant_rack *rack, double seconds)
{
	double target = rack->supply_c + rack->rise_k_per_kw * rack->watts / 1000;

	if (rack->inlet_c < 1)
		rack->inlet_c = target;
	rack->inlet_c = lagged(rack->inlet_c, target, seconds, INLET_LAG_S);
}

static void
show_both(struct xn_plant *plant, struct xn_device *device, const char *name, double celsius)
{
	char f[XN_NAME_MAX + 4];

	snprintf(f, sizeof(f), "%s.f", name);
	show(plant, device, name, celsius);
	show(plant, device, f, fahrenheit(celsius));
}

static void
step_cooler(struct xn_plant *plant, struct xn_device *device, double seconds)
{
	double heat = 0, inlet = 0, supply = 18, flow;

	for (size_t i = 0; i < device->rack_count; i++) {
		const struct xn_plant_rack *rack = &plant->racks[device->racks[i]];

		heat += rack->watts;
		inlet = fmax(inlet, rack->inlet_c);
		supply = rack->supply_c;
	}
	device->heat_w =
	    device->heat_w <= 0 ? heat : lagged(device->heat_w, heat, seconds, HEAT_LAG_S);
	flow = 60 + device->heat_w / 12; /* l/s; at full flow the air warms by some 10 K */
	show_both(plant, device, "supply.temperature", supply - 1);
	show_both(plant, device, "rack.inlet.temperature", inlet);
	show_both(plant, device, "return.temperature", supply - 1 + device->heat_w / flow / 1.2);
	show(plant, device, "rack.1.inlet.temperature", inlet);
	show(plant, device, "humidity", 46.5);
	show(plant, device, "airflow.l_s", flow);
	show(plant, device, "airflow.cfm", flow * 2.11888);
	show(plant, device, "cooling.demand", heat);
	show(plant, device, "cooling.output", device->heat_w);
	show(plant, device, "fan.1.speed", 900 + flow * 4);
	show(plant, device, "fan.2.speed", 905 + flow * 4);
	show(plant, device, "compressor.realpower", device->heat_w / device->cop);
	show(plant, device, "condenser.fan.realpower", device->fan_w + device->heat_w * 0.02);
	plant->cooling_w +=
	    shown(device, "compressor.realpower") + shown(device, "condenser.fan.realpower");
}

/* A clear day from 6 to 18, with slow thin clouds. */
static double
sun(double day_s, double peak_w)
{
	double hour = fmod(day_s, DAY_S) / 3600;
	double height = sin(M_PI * (hour - 6) / 12);
	double clouds = 0.06 * (1 + sin(day_s / 89) * sin(day_s / 233));

	return hour <= 6 || hour >= 18 ? 0 : peak_w * pow(height, 1.3) * (1 - clouds);
}

static void
step_pv(struct xn_plant *plant, struct xn_device *device, double day_s, double volts)
{
	static const char *const phases[] = {"output.L1", "output.L2", "output.L3"};
	double watts;

	show(plant, device, "output.realpower", sun(day_s, plant->pv_peak_w));
	watts = shown(device, "output.realpower");
	for (size_t i = 0; i < 3; i++) {
		char name[XN_NAME_MAX];

		snprintf(name, sizeof(name), "%s.current", phases[i]);
		show(plant, device, name, watts / 3 / volts);
		snprintf(name, sizeof(name), "%s.voltage", phases[i]);
		show(plant, device, name, volts);
	}
	show(plant, device, "output.current", watts / volts);
	show(plant, device, "output.L1-L2.voltage", volts * sqrt(3));
	show(plant, device, "output.L2-L3.voltage", volts * sqrt(3));
	show(plant, device, "output.L3-L1.voltage", volts * sqrt(3));
	show(plant, device, "output.frequency", 50.01 + 0.02 * sin(day_s / 17));
	show(plant, device, "output.power", watts);
	show(plant, device, "output.reactivepower", 0);
	show(plant, device, "output.powerfactor", 1);
	show(plant, device, "input.dc.realpower", watts / 0.97);
	show(plant, device, "input.dc.voltage", watts > 0 ? 610 : 0);
	show(plant, device, "input.dc.current", watts / 0.97 / 610);
	show(plant, device, "cabinet.temperature", 31 + watts / 400);
	show(plant, device, "heatsink.temperature", 33 + watts / 250);
	show(plant, device, "output.status", watts > 0 ? 4 : 2); /* MPPT, sleeping */
	plant->pv_w += watts;
}

static void
step_meter(struct xn_plant *plant, struct xn_device *device, double day_s, double volts)
{
	static const double part[] = {0.35, 0.33, 0.32};
	double watts = plant->grid_w;

	show(plant, device, "input.realpower", watts);
	for (size_t i = 0; i < 3; i++) {
		char name[XN_NAME_MAX];

		snprintf(name, sizeof(name), "input.L%zu.realpower", i + 1);
		show(plant, device, name, watts * part[i]);
		snprintf(name, sizeof(name), "input.L%zu.voltage", i + 1);
		show(plant, device, name, volts + 0.4 * (double)i);
		snprintf(name, sizeof(name), "input.L%zu.current", i + 1);
		show(plant, device, name, fabs(watts) * part[i] / volts / POWER_FACTOR);
	}
	show(plant, device, "input.power", fabs(watts) / POWER_FACTOR);
	show(plant, device, "input.reactivepower", fabs(watts) * 0.2917);
	show(plant, device, "input.powerfactor", POWER_FACTOR);
	show(plant, device, "input.frequency", 50.01 + 0.02 * sin(day_s / 17));
}

static void
step_kind(struct xn_plant *plant, enum xn_kind kind, double day_s, double seconds)
{
	double volts = mains(day_s);

	for (size_t i = 0; i < plant->device_count; i++) {
		struct xn_device *device = &plant->devices[i];

		if (device->kind != kind)
			continue;
		switch (kind) {
		case XN_PDU: step_pdu(plant, device, volts); break;
		case XN_INROW_DX: step_cooler(plant, device, seconds); break;
		case XN_PV: step_pv(plant, device, day_s, volts); break;
		case XN_METER: step_meter(plant, device, day_s, volts); break;
		case XN_RECORDING:
		case XN_TABLE:
		case XN_KINDS: break;
		}
	}
}

void
xn_plant_step(struct xn_plant *plant, int64_t now_ms, int64_t ms)
{
	double day_s = fmod((double)(now_ms / 1000 + plant->sun_offset_s), DAY_S);
	double seconds = (double)ms / 1000;

	for (size_t i = 0; i < plant->device_count; i++)
		xn_device_integrate(&plant->devices[i], ms);
	for (size_t i = 0; i < plant->host_count; i++) {
		struct xn_plant_host *host = &plant->hosts[i];

		host->watts = host->idle_w + (host->full_w - host->idle_w) * host->use;
	}
	for (size_t i = 0; i < plant->rack_count; i++)
		plant->racks[i].watts = 0;
	plant->racks_w = plant->cooling_w = plant->pv_w = 0;
	step_kind(plant, XN_PDU, day_s, seconds);
	for (size_t i = 0; i < plant->rack_count; i++)
		step_rack(&plant->racks[i], seconds);
	for (size_t i = 0; i < plant->device_count; i++)
		if (plant->devices[i].kind == XN_PDU)
			show_inlet(plant, &plant->devices[i]);
	step_kind(plant, XN_INROW_DX, day_s, seconds);
	step_kind(plant, XN_PV, day_s, seconds);
	plant->grid_w = plant->racks_w * (1 + plant->loss_share) + plant->cooling_w +
	    plant->loss_w - plant->pv_w;
	step_kind(plant, XN_METER, day_s, seconds);
	for (size_t i = 0; i < plant->device_count; i++)
		xn_device_publish(&plant->devices[i]);
}

struct xn_device *
xn_plant_device(const struct xn_plant *plant, const char *name)
{
	for (size_t i = 0; i < plant->device_count; i++)
		if (strcmp(plant->devices[i].name, name) == 0)
			return &plant->devices[i];
	return NULL;
}
