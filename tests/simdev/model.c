#include "tests/simdev/model.h"

#define OUTLETS 8

/* PowerNet-MIB, rPDU2: units are those of the MIB, see drivers/profiles/README.md. */
static const struct xn_model_row pdu_rows[] = {
    {"input.realpower", "4.3.1.5.1", XN_SNMP_INTEGER, 10, true, 0, NULL},
    {"input.power", "4.3.1.16.1", XN_SNMP_INTEGER, 10, false, 0, NULL},
    {"input.powerfactor", "4.3.1.17.1", XN_SNMP_INTEGER, 0.01, false, 0, NULL},
    {"input.energy", "4.3.1.9.1", XN_SNMP_INTEGER, 100, false, 0, "input.realpower"},
    {"input.L1.current", "6.3.1.5.1", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"input.L1.voltage", "6.3.1.6.1", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {"input.L1.realpower", "6.3.1.7.1", XN_SNMP_INTEGER, 10, false, 0, NULL},
    {"input.L1.power", "6.3.1.8.1", XN_SNMP_INTEGER, 10, false, 0, NULL},
    {"input.L1.powerfactor", "6.3.1.9.1", XN_SNMP_INTEGER, 0.01, false, 0, NULL},
    {"outlet.group.1.current", "8.3.1.5.1", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"outlet.#.realpower", "9.4.3.1.7.#", XN_SNMP_INTEGER, 1, false, OUTLETS, NULL},
    {"outlet.#.current", "9.4.3.1.6.#", XN_SNMP_INTEGER, 0.1, false, OUTLETS, NULL},
    {"outlet.#.energy", "9.4.3.1.11.#", XN_SNMP_INTEGER, 100, false, OUTLETS, "outlet.#.realpower"},
    {"ambient.temperature", "10.2.2.1.8.1", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"ambient.temperature.f", "10.2.2.1.7.1", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"ambient.humidity", "10.2.2.1.10.1", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {0},
};

/* PowerNet-MIB, the generic analogue table: row numbers are those of our recording. */
static const struct xn_model_row inrow_rows[] = {
    {"supply.temperature", "3.1.1", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"supply.temperature.f", "3.1.2", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"rack.inlet.temperature", "3.1.3", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"rack.inlet.temperature.f", "3.1.4", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"return.temperature", "3.1.5", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"return.temperature.f", "3.1.6", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"humidity", "3.1.7", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {"airflow.l_s", "3.1.8", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {"airflow.cfm", "3.1.9", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {"cooling.demand", "3.1.10", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {"cooling.output", "3.1.11", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {"fan.1.speed", "3.1.12", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {"fan.2.speed", "3.1.13", XN_SNMP_INTEGER, 1, false, 0, NULL},
    {"compressor.realpower", "3.1.14", XN_SNMP_INTEGER, 1, true, 0, NULL},
    {"condenser.fan.realpower", "3.1.15", XN_SNMP_INTEGER, 1, true, 0, NULL},
    {"rack.1.inlet.temperature", "3.1.16", XN_SNMP_INTEGER, 0.1, false, 0, NULL},
    {0},
};

/* Schneider PM5xxx: wire addresses; power in kW on the wire, watts here. */
static const struct xn_model_row meter_rows[] = {
    {"input.realpower", "3059", XN_F32, 1000, false, 0, NULL},
    {"input.energy", "3203", XN_S64, 1, false, 0, "input.realpower"},
    {"input.energy.export", "3207", XN_S64, 1, false, 0, "-input.realpower"},
    {"input.L1.current", "2999", XN_F32, 1, false, 0, NULL},
    {"input.L2.current", "3001", XN_F32, 1, false, 0, NULL},
    {"input.L3.current", "3003", XN_F32, 1, false, 0, NULL},
    {"input.L1.voltage", "3027", XN_F32, 1, false, 0, NULL},
    {"input.L2.voltage", "3029", XN_F32, 1, false, 0, NULL},
    {"input.L3.voltage", "3031", XN_F32, 1, false, 0, NULL},
    {"input.L1.realpower", "3053", XN_F32, 1000, false, 0, NULL},
    {"input.L2.realpower", "3055", XN_F32, 1000, false, 0, NULL},
    {"input.L3.realpower", "3057", XN_F32, 1000, false, 0, NULL},
    {"input.reactivepower", "3067", XN_F32, 1000, false, 0, NULL},
    {"input.power", "3075", XN_F32, 1000, false, 0, NULL},
    {"input.powerfactor", "3083", XN_F32, 1, false, 0, NULL},
    {"input.frequency", "3109", XN_F32, 1, false, 0, NULL},
    {0},
};

/* SunSpec model 103 behind the common model, at 40000: the model's data begin at 40072. */
static const struct xn_model_row pv_rows[] = {
    {"output.current", "40072", XN_U16, 0.01, false, 0, NULL},
    {"output.L1.current", "40073", XN_U16, 0.01, false, 0, NULL},
    {"output.L2.current", "40074", XN_U16, 0.01, false, 0, NULL},
    {"output.L3.current", "40075", XN_U16, 0.01, false, 0, NULL},
    {"output.L1-L2.voltage", "40077", XN_U16, 0.1, false, 0, NULL},
    {"output.L2-L3.voltage", "40078", XN_U16, 0.1, false, 0, NULL},
    {"output.L3-L1.voltage", "40079", XN_U16, 0.1, false, 0, NULL},
    {"output.L1.voltage", "40080", XN_U16, 0.1, false, 0, NULL},
    {"output.L2.voltage", "40081", XN_U16, 0.1, false, 0, NULL},
    {"output.L3.voltage", "40082", XN_U16, 0.1, false, 0, NULL},
    {"output.realpower", "40084", XN_S16, 1, true, 0, NULL},
    {"output.frequency", "40086", XN_U16, 0.01, false, 0, NULL},
    {"output.power", "40088", XN_S16, 1, false, 0, NULL},
    {"output.reactivepower", "40090", XN_S16, 1, false, 0, NULL},
    {"output.powerfactor", "40092", XN_S16, 0.001, false, 0, NULL},
    {"output.energy", "40094", XN_U32, 1, false, 0, "output.realpower"},
    {"input.dc.current", "40097", XN_U16, 0.01, false, 0, NULL},
    {"input.dc.voltage", "40099", XN_U16, 0.1, false, 0, NULL},
    {"input.dc.realpower", "40101", XN_S16, 1, false, 0, NULL},
    {"cabinet.temperature", "40103", XN_S16, 0.1, false, 0, NULL},
    {"heatsink.temperature", "40104", XN_S16, 0.1, false, 0, NULL},
    {"output.status", "40108", XN_U16, 1, false, 0, NULL},
    {0},
};

static void
fill(struct xn_registers *registers, unsigned first, unsigned count, uint16_t word)
{
	for (unsigned i = 0; i < count; i++)
		xn_registers_put(registers, first + i, word);
}

/* A point this model does not have is the meter's "none", 0x8000 8000, which is not a NaN. */
static void
furnish_meter(struct xn_device *device)
{
	fill(device->registers, 28, 61, 0);
	xn_registers_put_text(device->registers, 29, 10, "Power Meter");
	xn_registers_put_text(device->registers, 49, 10, "PM5330");
	xn_registers_put_text(device->registers, 69, 10, "Schneider Electric");
	fill(device->registers, 2999, 132, 0x8000);
	fill(device->registers, 3203, 32, 0);
}

static void
furnish_pv(struct xn_device *device)
{
	struct xn_registers *r = device->registers;
	const struct {
		unsigned address;
		int16_t exponent;
	} scales[] = {{40076, -2}, {40083, -1}, {40085, 0}, {40087, -2}, {40089, 0}, {40091, 0},
	    {40093, -1}, {40096, 0}, {40098, -2}, {40100, -1}, {40102, 0}, {40107, -1}};

	xn_registers_put_text(r, 40000, 2, "SunS");
	fill(r, 40002, 68, 0);
	xn_registers_put(r, 40002, 1);
	xn_registers_put(r, 40003, 66);
	xn_registers_put_text(r, 40004, 16, "Xanh test bench");
	xn_registers_put_text(r, 40020, 16, "three-phase inverter");
	xn_registers_put_text(r, 40044, 8, "1.0");
	xn_registers_put_text(r, 40052, 16, device->name);
	xn_registers_put(r, 40068, (uint16_t)device->unit_id);
	fill(r, 40070, 52, 0);
	xn_registers_put(r, 40070, 103);
	xn_registers_put(r, 40071, 50);
	fill(r, 40105, 2, 0x8000); /* two temperatures that are not fitted */
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++)
		xn_registers_put(r, scales[i].address, (uint16_t)scales[i].exponent);
	xn_registers_put(r, 40122, 0xffff);
	xn_registers_put(r, 40123, 0);
}

const struct xn_model xn_models[XN_KINDS] = {
    [XN_PDU] = {.word = "pdu",
	.recording = "apc-rpdu2.snmprec",
	.root = "1.3.6.1.4.1.318.1.1.26",
	.rows = pdu_rows,
	.sensors = ".10.2.2.1",
	.loose = 1},
    [XN_INROW_DX] = {.word = "inrow-dx",
	.recording = "apc-inrow-dx.snmprec",
	.root = "1.3.6.1.4.1.318.1.1.27.1.4.1.2.1",
	.rows = inrow_rows,
	.sensors = "",
	.loose = 3},
    [XN_METER] = {.word = "pm5000", .rows = meter_rows, .furnish = furnish_meter},
    [XN_PV] = {.word = "sunspec", .rows = pv_rows, .furnish = furnish_pv},
    [XN_RECORDING] = {.word = "recording"},
    [XN_TABLE] = {.word = "registers"},
};
