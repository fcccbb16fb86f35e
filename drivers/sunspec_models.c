#include "drivers/sunspec.h"

#include <stddef.h>

/* A number, its word, and what it means to an operator. */
#define OK(value, text)       value, NULL, text, XN_SEVERITY_OK
#define WARNING(value, text)  value, NULL, text, XN_SEVERITY_WARNING
#define CRITICAL(value, text) value, NULL, text, XN_SEVERITY_CRITICAL
#define UNKNOWN(value, text)  value, NULL, text, XN_SEVERITY_UNKNOWN

#define STATES(words)         words, sizeof(words) / sizeof(words[0])
#define NO_STATES             NULL, 0
#define ROWS(points)          points, sizeof(points) / sizeof(points[0])

/* ---- words of enumerations and of bit fields (several bits at once have no word) ---- */

static const struct xn_word abnormal_categories[] = {
    {OK(0, "category 1")}, {OK(1, "category 2")}, {OK(2, "category 3")}};

static const struct xn_word adoptions[] = {
    {OK(0, "in progress")}, {OK(1, "completed")}, {CRITICAL(2, "failed")}};

static const struct xn_word bank_states[] = {{WARNING(1, "disconnected")}, {OK(2, "initializing")},
    {OK(3, "connected")}, {OK(4, "standby")}, {WARNING(5, "charge protection")},
    {WARNING(6, "suspending")}, {CRITICAL(99, "fault")}};

static const struct xn_word battery_events[] = {{OK(0, "none")},
    {CRITICAL(1 << 0, "communication error")}, {CRITICAL(1 << 1, "over temperature alarm")},
    {WARNING(1 << 2, "over temperature warning")}, {CRITICAL(1 << 3, "under temperature alarm")},
    {WARNING(1 << 4, "under temperature warning")},
    {CRITICAL(1 << 5, "over charging current alarm")},
    {WARNING(1 << 6, "over charging current warning")},
    {CRITICAL(1 << 7, "over discharging current alarm")},
    {WARNING(1 << 8, "over discharging current warning")}, {CRITICAL(1 << 9, "over voltage alarm")},
    {WARNING(1 << 10, "over voltage warning")}, {CRITICAL(1 << 11, "under voltage alarm")},
    {WARNING(1 << 12, "under voltage warning")}, {CRITICAL(1 << 13, "charge below minimum alarm")},
    {WARNING(1 << 14, "charge below minimum warning")},
    {CRITICAL(1 << 15, "charge above maximum alarm")},
    {WARNING(1 << 16, "charge above maximum warning")},
    {WARNING(1 << 17, "voltage imbalance warning")},
    {CRITICAL(1 << 18, "temperature imbalance alarm")},
    {WARNING(1 << 19, "temperature imbalance warning")}, {CRITICAL(1 << 20, "contactor error")},
    {CRITICAL(1 << 21, "fan error")}, {CRITICAL(1 << 22, "ground fault")},
    {CRITICAL(1 << 23, "open door error")}, {WARNING(1 << 24, "current imbalance warning")},
    {CRITICAL(1 << 25, "other alarm")}, {WARNING(1 << 26, "other warning")},
    {CRITICAL(1 << 28, "configuration alarm")}, {WARNING(1 << 29, "configuration warning")}};

static const struct xn_word battery_types[] = {{UNKNOWN(0, "unknown")}, {OK(1, "lead acid")},
    {OK(2, "nickel metal hydride")}, {OK(3, "nickel cadmium")}, {OK(4, "lithium ion")},
    {OK(5, "carbon zinc")}, {OK(6, "zinc chloride")}, {OK(7, "alkaline")},
    {OK(8, "rechargeable alkaline")}, {OK(9, "sodium sulfur")}, {OK(10, "flow")},
    {UNKNOWN(99, "other")}};

static const struct xn_word charge_sources[] = {{OK(0, "pv")}, {OK(1, "grid")}};

static const struct xn_word charge_states[] = {{OK(1, "off")}, {WARNING(2, "empty")},
    {OK(3, "discharging")}, {OK(4, "charging")}, {OK(5, "full")}, {OK(6, "holding")},
    {OK(7, "testing")}};

static const struct xn_word connections[] = {{OK(0, "disconnected")}, {OK(1, "connected")},
    {OK(3, "available")}, {OK(7, "operating")}, {OK(8, "test")}, {OK(9, "test")}, {OK(15, "test")}};

static const struct xn_word connects[] = {{WARNING(0, "disconnected")}, {OK(1, "connected")}};

static const struct xn_word control_places[] = {{OK(0, "remote")}, {OK(1, "local")}};

static const struct xn_word der_alarms[] = {{OK(0, "none")}, {CRITICAL(1 << 0, "ground fault")},
    {CRITICAL(1 << 1, "dc over voltage")}, {CRITICAL(1 << 2, "ac disconnect")},
    {CRITICAL(1 << 3, "dc disconnect")}, {CRITICAL(1 << 4, "grid disconnect")},
    {WARNING(1 << 5, "cabinet open")}, {WARNING(1 << 6, "manual shutdown")},
    {CRITICAL(1 << 7, "over temperature")}, {CRITICAL(1 << 8, "over frequency")},
    {CRITICAL(1 << 9, "under frequency")}, {CRITICAL(1 << 10, "ac over voltage")},
    {CRITICAL(1 << 11, "ac under voltage")}, {CRITICAL(1 << 12, "blown string fuse")},
    {WARNING(1 << 13, "under temperature")}, {WARNING(1 << 14, "memory loss")},
    {CRITICAL(1 << 15, "hardware test failure")}, {WARNING(1 << 16, "maker's alarm")}};

static const struct xn_word der_states[] = {{OK(0, "off")}, {OK(1, "sleeping")},
    {OK(2, "starting")}, {OK(3, "running")}, {OK(4, "throttled")}, {OK(5, "shutting down")},
    {CRITICAL(6, "fault")}, {OK(7, "standby")}};

static const struct xn_word der_types[] = {{OK(4, "pv")}, {OK(82, "pv and storage")}};

static const struct xn_word ecp_connections[] = {
    {UNKNOWN(0, "unknown")}, {WARNING(1, "disconnected")}, {OK(2, "connected")}};

static const struct xn_word enabled[] = {{OK(0, "disabled")}, {OK(1, "enabled")}};

static const struct xn_word excitations[] = {{OK(0, "over excited")}, {OK(1, "under excited")}};

static const struct xn_word grid_connections[] = {
    {WARNING(0, "disconnected")}, {OK(1, "connected")}};

static const struct xn_word inverter_events[] = {{OK(0, "none")},
    {CRITICAL(1 << 0, "ground fault")}, {CRITICAL(1 << 1, "dc over voltage")},
    {CRITICAL(1 << 2, "ac disconnect")}, {CRITICAL(1 << 3, "dc disconnect")},
    {CRITICAL(1 << 4, "grid disconnect")}, {WARNING(1 << 5, "cabinet open")},
    {WARNING(1 << 6, "manual shutdown")}, {CRITICAL(1 << 7, "over temperature")},
    {CRITICAL(1 << 8, "over frequency")}, {CRITICAL(1 << 9, "under frequency")},
    {CRITICAL(1 << 10, "ac over voltage")}, {CRITICAL(1 << 11, "ac under voltage")},
    {CRITICAL(1 << 12, "blown string fuse")}, {WARNING(1 << 13, "under temperature")},
    {WARNING(1 << 14, "memory loss")}, {CRITICAL(1 << 15, "hardware test failure")}};

static const struct xn_word inverter_requests[] = {
    {OK(0, "no request")}, {OK(1, "start")}, {OK(2, "stop")}};

static const struct xn_word inverter_states[] = {{OK(1, "off")}, {OK(2, "sleeping")},
    {OK(3, "starting")}, {OK(4, "producing")}, {OK(5, "throttled")}, {OK(6, "shutting down")},
    {CRITICAL(7, "fault")}, {OK(8, "standby")}};

static const struct xn_word meter_events[] = {{OK(0, "none")}, {CRITICAL(1 << 2, "power failure")},
    {WARNING(1 << 3, "under voltage")}, {WARNING(1 << 4, "low power factor")},
    {WARNING(1 << 5, "over current")}, {WARNING(1 << 6, "over voltage")},
    {CRITICAL(1 << 7, "missing sensor")}, {WARNING(1 << 16, "maker's event 1")},
    {WARNING(1 << 17, "maker's event 2")}, {WARNING(1 << 18, "maker's event 3")},
    {WARNING(1 << 19, "maker's event 4")}, {WARNING(1 << 20, "maker's event 5")},
    {WARNING(1 << 21, "maker's event 6")}, {WARNING(1 << 22, "maker's event 7")},
    {WARNING(1 << 23, "maker's event 8")}, {WARNING(1 << 24, "maker's event 9")},
    {WARNING(1 << 25, "maker's event 10")}, {WARNING(1 << 26, "maker's event 11")},
    {WARNING(1 << 27, "maker's event 12")}, {WARNING(1 << 28, "maker's event 13")},
    {WARNING(1 << 29, "maker's event 14")}, {WARNING(1 << 30, "maker's event 15")}};

static const struct xn_word module_states[] = {{OK(1, "off")}, {OK(2, "sleeping")},
    {OK(3, "starting")}, {OK(4, "producing")}, {OK(5, "throttled")}, {OK(6, "shutting down")},
    {CRITICAL(7, "fault")}, {OK(8, "standby")}, {OK(9, "test")}};

static const struct xn_word mppt_events[] = {{OK(0, "none")}, {CRITICAL(1 << 0, "ground fault")},
    {CRITICAL(1 << 1, "input over voltage")}, {CRITICAL(1 << 3, "dc disconnect")},
    {WARNING(1 << 5, "cabinet open")}, {WARNING(1 << 6, "manual shutdown")},
    {CRITICAL(1 << 7, "over temperature")}, {CRITICAL(1 << 12, "blown fuse")},
    {WARNING(1 << 13, "under temperature")}, {WARNING(1 << 14, "memory loss")},
    {CRITICAL(1 << 15, "arc detection")}, {CRITICAL(1 << 20, "test failed")},
    {WARNING(1 << 21, "input under voltage")}, {CRITICAL(1 << 22, "input over current")}};

static const struct xn_word normal_categories[] = {{OK(0, "category a")}, {OK(1, "category b")}};

static const struct xn_word off_on[] = {{OK(0, "off")}, {OK(1, "on")}};

static const struct xn_word operations[] = {
    {OK(0, "stop")}, {OK(1, "start")}, {OK(2, "enter standby")}, {OK(3, "exit standby")}};

static const struct xn_word phases[] = {{OK(1, "a")}, {OK(2, "b")}, {OK(3, "c")}};

static const struct xn_word port_alarms[] = {{OK(0, "none")}};

static const struct xn_word port_states[] = {
    {OK(0, "off")}, {OK(1, "on")}, {WARNING(2, "warning")}, {CRITICAL(3, "error")}};

static const struct xn_word port_types[] = {{OK(0, "pv")}, {OK(1, "storage")}, {OK(2, "vehicle")},
    {OK(3, "injecting")}, {OK(4, "absorbing")}, {OK(5, "both ways")}, {OK(6, "dc to dc")}};

static const struct xn_word power_methods[] = {{OK(1, "vector")}, {OK(2, "arithmetic")}};

static const struct xn_word power_modes[] = {{OK(0, "percent of maximum")}, {OK(1, "watts")}};

static const struct xn_word reactive_actions[] = {{OK(1, "switch")}, {OK(2, "maintain")}};

static const struct xn_word reactive_modes[] = {{OK(0, "none")}, {OK(1, "percent of power")},
    {OK(2, "percent of maximum")}, {OK(3, "percent of available")}};

static const struct xn_word ride_throughs[] = {{OK(0, "none")}, {WARNING(1 << 0, "low voltage")},
    {WARNING(1 << 1, "high voltage")}, {WARNING(1 << 2, "low frequency")},
    {WARNING(1 << 3, "high frequency")}};

static const struct xn_word storage_health[] = {
    {OK(0, "normal")}, {WARNING(1, "warning")}, {CRITICAL(2, "error")}};

static const struct xn_word storage_modes[] = {
    {OK(0, "none")}, {OK(1, "charge")}, {OK(2, "discharge")}, {OK(3, "charge and discharge")}};

static const struct xn_word string_disabled[] = {{OK(0, "none")}, {CRITICAL(1, "fault")},
    {WARNING(2, "maintenance")}, {WARNING(3, "external")}, {WARNING(4, "other")}};

static const struct xn_word string_failures[] = {{OK(0, "no failure")},
    {WARNING(1, "button pushed")}, {CRITICAL(2, "ground fault")},
    {WARNING(3, "outside voltage range")}, {WARNING(4, "string not enabled")},
    {CRITICAL(5, "fuse open")}, {CRITICAL(6, "contactor failure")},
    {CRITICAL(7, "precharge failure")}, {CRITICAL(8, "string fault")}};

static const struct xn_word string_states[] = {{WARNING(0, "disabled")},
    {WARNING(1, "enabled, contactor open")}, {WARNING(2, "disabled, contactor closed")},
    {OK(3, "enabled")}};

static const struct xn_word var_modes[] = {{OK(0, "percent of power")},
    {OK(1, "percent of maximum")}, {OK(2, "percent of available")},
    {OK(3, "percent of apparent power")}, {OK(4, "vars")}};

static const struct xn_word var_priorities[] = {
    {OK(0, "active")}, {OK(1, "reactive")}, {OK(2, "vendor")}};

static const struct xn_word wirings[] = {
    {OK(0, "single phase")}, {OK(1, "split phase")}, {OK(2, "three phase")}};

/* ---- points ---- */

/* Models 101-103: inverters, whole numbers. */
static const struct xn_sunspec_point inverter[] = {
    {"output.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 2, 6, 0, NO_STATES},
    {"output.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 3, 6, 0, NO_STATES},
    {"output.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 4, 6, 0, NO_STATES},
    {"output.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 5, 6, 0, NO_STATES},
    {"output.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 7, 13, 0, NO_STATES},
    {"output.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 8, 13, 0, NO_STATES},
    {"output.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 9, 13, 0, NO_STATES},
    {"output.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 10, 13, 0, NO_STATES},
    {"output.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 11, 13, 0, NO_STATES},
    {"output.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 12, 13, 0, NO_STATES},
    {"output.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 14, 15, 0, NO_STATES},
    {"output.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_U16, 16, 17, 0, NO_STATES},
    {"output.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 18, 19, 0, NO_STATES},
    {"output.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 20, 21, 0, NO_STATES},
    {"output.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 22, 23, 0, NO_STATES},
    {"output.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 24, 26, 0, NO_STATES},
    {"input.dc.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 27, 28, 0, NO_STATES},
    {"input.dc.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 29, 30, 0, NO_STATES},
    {"input.dc.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 31, 32, 0, NO_STATES},
    {"cabinet.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 33, 37, 0, NO_STATES},
    {"heatsink.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 34, 37, 0, NO_STATES},
    {"transformer.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 35, 37, 0, NO_STATES},
    {"other.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 36, 37, 0, NO_STATES},
    {"output.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 38, 0, 0, STATES(inverter_states)},
    {"output.status.vendor", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 39, 0, 0, NO_STATES},
    {"output.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 40, 0, 0, STATES(inverter_events)},
};

/* Models 111-113: the same as floats. */
static const struct xn_sunspec_point inverter_float[] = {
    {"output.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 2, 0, 0, NO_STATES},
    {"output.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 4, 0, 0, NO_STATES},
    {"output.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 6, 0, 0, NO_STATES},
    {"output.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 8, 0, 0, NO_STATES},
    {"output.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 10, 0, 0, NO_STATES},
    {"output.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 12, 0, 0, NO_STATES},
    {"output.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 14, 0, 0, NO_STATES},
    {"output.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 16, 0, 0, NO_STATES},
    {"output.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 18, 0, 0, NO_STATES},
    {"output.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 20, 0, 0, NO_STATES},
    {"output.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 22, 0, 0, NO_STATES},
    {"output.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_F32, 24, 0, 0, NO_STATES},
    {"output.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_F32, 26, 0, 0, NO_STATES},
    {"output.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_F32, 28, 0, 0, NO_STATES},
    {"output.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_F32, 30, 0, 0, NO_STATES},
    {"output.energy", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 32, 0, 0, NO_STATES},
    {"input.dc.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 34, 0, 0, NO_STATES},
    {"input.dc.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 36, 0, 0, NO_STATES},
    {"input.dc.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 38, 0, 0, NO_STATES},
    {"cabinet.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 40, 0, 0, NO_STATES},
    {"heatsink.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 42, 0, 0, NO_STATES},
    {"transformer.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 44, 0, 0, NO_STATES},
    {"other.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 46, 0, 0, NO_STATES},
    {"output.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 48, 0, 0, STATES(inverter_states)},
    {"output.status.vendor", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 49, 0, 0, NO_STATES},
    {"output.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 50, 0, 0, STATES(inverter_events)},
};

/* Model 120: nameplate. */
static const struct xn_sunspec_point nameplate[] = {
    {"rating.type", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(der_types)},
    {"rating.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 3, 4, 0, NO_STATES},
    {"rating.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 5, 6, 0, NO_STATES},
    {"rating.Q1.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 7, 11, 0, NO_STATES},
    {"rating.Q2.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 8, 11, 0, NO_STATES},
    {"rating.Q3.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 9, 11, 0, NO_STATES},
    {"rating.Q4.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 10, 11, 0, NO_STATES},
    {"rating.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 12, 13, 0, NO_STATES},
    {"rating.Q1.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 14, 18, 0, NO_STATES},
    {"rating.Q2.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 15, 18, 0, NO_STATES},
    {"rating.Q3.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 16, 18, 0, NO_STATES},
    {"rating.Q4.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 17, 18, 0, NO_STATES},
    {"rating.battery.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U16, 19, 20, 0, NO_STATES},
    {"rating.charge.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 23, 24, 0, NO_STATES},
    {"rating.discharge.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 25, 26, 0, NO_STATES},
};

/* Model 121: basic settings. */
static const struct xn_sunspec_point settings[] = {
    {"setting.realpower.max", XN_CLASS_POWER, XN_SUNSPEC_U16, 2, 22, 0, NO_STATES},
    {"setting.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 3, 23, 0, NO_STATES},
    {"setting.voltage.offset", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 4, 24, 0, NO_STATES},
    {"setting.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 5, 25, 0, NO_STATES},
    {"setting.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 6, 25, 0, NO_STATES},
    {"setting.power.max", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 7, 26, 0, NO_STATES},
    {"setting.Q1.reactivepower.max", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 8, 27, 0, NO_STATES},
    {"setting.Q2.reactivepower.max", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 9, 27, 0, NO_STATES},
    {"setting.Q3.reactivepower.max", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 10, 27, 0, NO_STATES},
    {"setting.Q4.reactivepower.max", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 11, 27, 0, NO_STATES},
    {"setting.Q1.powerfactor.min", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 13, 29, 0, NO_STATES},
    {"setting.Q2.powerfactor.min", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 14, 29, 0, NO_STATES},
    {"setting.Q3.powerfactor.min", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 15, 29, 0, NO_STATES},
    {"setting.Q4.powerfactor.min", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 16, 29, 0, NO_STATES},
    {"setting.reactivepower.action", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 17, 0, 0,
	STATES(reactive_actions)},
    {"setting.power.method", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 18, 0, 0, STATES(power_methods)},
    {"setting.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_U16, 20, 31, 0, NO_STATES},
    {"setting.phase", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 21, 0, 0, STATES(phases)},
};

/* Model 122: measurements and status. */
static const struct xn_sunspec_point status[] = {
    {"pv.connection", XN_CLASS_STATE, XN_SUNSPEC_BITS16, 2, 0, 0, STATES(connections)},
    {"battery.connection", XN_CLASS_STATE, XN_SUNSPEC_BITS16, 3, 0, 0, STATES(connections)},
    {"output.connection", XN_CLASS_STATE, XN_SUNSPEC_BITS16, 4, 0, 0, STATES(ecp_connections)},
    {"output.energy.lifetime", XN_CLASS_ENERGY, XN_SUNSPEC_ACC64, 5, 0, 0, NO_STATES},
    {"available.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 29, 30, 0, NO_STATES},
    {"available.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 31, 32, 0, NO_STATES},
    {"output.ridethrough", XN_CLASS_STATE, XN_SUNSPEC_BITS16, 43, 0, 0, STATES(ride_throughs)},
};

/* Model 123: immediate controls. */
static const struct xn_sunspec_point controls[] = {
    {"control.connection", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0, STATES(connects)},
    {"control.limit.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 9, 0, 0, STATES(enabled)},
    {"control.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 10, 24, 0, NO_STATES},
    {"control.powerfactor.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 14, 0, 0, STATES(enabled)},
    {"control.reactivepower.mode", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 21, 0, 0,
	STATES(reactive_modes)},
    {"control.reactivepower.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 22, 0, 0, STATES(enabled)},
};

/* Model 124: storage. */
static const struct xn_sunspec_point storage[] = {
    {"charge.realpower.max", XN_CLASS_POWER, XN_SUNSPEC_U16, 2, 18, 0, NO_STATES},
    {"control.battery.mode", XN_CLASS_STATE, XN_SUNSPEC_BITS16, 5, 0, 0, STATES(storage_modes)},
    {"charge.power.max", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 6, 20, 0, NO_STATES},
    {"battery.charge", XN_CLASS_CHARGE, XN_SUNSPEC_U16, 8, 22, 0, NO_STATES},
    {"battery.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 10, 24, 0, NO_STATES},
    {"battery.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 11, 0, 0, STATES(charge_states)},
    {"control.charge.source", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 17, 0, 0, STATES(charge_sources)},
};

/* Model 160: an inverter's DC inputs. */
static const struct xn_sunspec_point mppt[] = {
    {"input.dc.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 6, 0, 0, STATES(mppt_events)},
    {"input.dc.{n}.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 19, 2, 0, NO_STATES},
    {"input.dc.{n}.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 20, 3, 0, NO_STATES},
    {"input.dc.{n}.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 21, 4, 0, NO_STATES},
    {"input.dc.{n}.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 22, 5, 0, NO_STATES},
    {"input.dc.{n}.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 26, 0, 0, NO_STATES},
    {"input.dc.{n}.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 27, 0, 0, STATES(module_states)},
    {"input.dc.{n}.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 28, 0, 0, STATES(mppt_events)},
};

/* Models 201-204: meters, whole numbers; import is what flows to the load. */
static const struct xn_sunspec_point meter[] = {
    {"input.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 2, 6, 0, NO_STATES},
    {"input.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 3, 6, 0, NO_STATES},
    {"input.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 4, 6, 0, NO_STATES},
    {"input.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 5, 6, 0, NO_STATES},
    {"input.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 7, 15, 0, NO_STATES},
    {"input.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 8, 15, 0, NO_STATES},
    {"input.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 9, 15, 0, NO_STATES},
    {"input.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 10, 15, 0, NO_STATES},
    {"input.line.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 11, 15, 0, NO_STATES},
    {"input.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 12, 15, 0, NO_STATES},
    {"input.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 13, 15, 0, NO_STATES},
    {"input.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 14, 15, 0, NO_STATES},
    {"input.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_I16, 16, 17, 0, NO_STATES},
    {"input.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 18, 22, 0, NO_STATES},
    {"input.L1.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 19, 22, 0, NO_STATES},
    {"input.L2.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 20, 22, 0, NO_STATES},
    {"input.L3.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 21, 22, 0, NO_STATES},
    {"input.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 23, 27, 0, NO_STATES},
    {"input.L1.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 24, 27, 0, NO_STATES},
    {"input.L2.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 25, 27, 0, NO_STATES},
    {"input.L3.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 26, 27, 0, NO_STATES},
    {"input.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 28, 32, 0, NO_STATES},
    {"input.L1.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 29, 32, 0, NO_STATES},
    {"input.L2.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 30, 32, 0, NO_STATES},
    {"input.L3.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 31, 32, 0, NO_STATES},
    {"input.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 33, 37, 0, NO_STATES},
    {"input.L1.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 34, 37, 0, NO_STATES},
    {"input.L2.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 35, 37, 0, NO_STATES},
    {"input.L3.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 36, 37, 0, NO_STATES},
    {"input.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 38, 54, 0, NO_STATES},
    {"input.L1.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 40, 54, 0, NO_STATES},
    {"input.L2.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 42, 54, 0, NO_STATES},
    {"input.L3.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 44, 54, 0, NO_STATES},
    {"input.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 46, 54, 0, NO_STATES},
    {"input.L1.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 48, 54, 0, NO_STATES},
    {"input.L2.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 50, 54, 0, NO_STATES},
    {"input.L3.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 52, 54, 0, NO_STATES},
    {"input.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 105, 0, 0, STATES(meter_events)},
};

/* Models 211-214: the same as floats. */
static const struct xn_sunspec_point meter_float[] = {
    {"input.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 2, 0, 0, NO_STATES},
    {"input.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 4, 0, 0, NO_STATES},
    {"input.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 6, 0, 0, NO_STATES},
    {"input.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 8, 0, 0, NO_STATES},
    {"input.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 10, 0, 0, NO_STATES},
    {"input.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 12, 0, 0, NO_STATES},
    {"input.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 14, 0, 0, NO_STATES},
    {"input.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 16, 0, 0, NO_STATES},
    {"input.line.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 18, 0, 0, NO_STATES},
    {"input.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 20, 0, 0, NO_STATES},
    {"input.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 22, 0, 0, NO_STATES},
    {"input.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 24, 0, 0, NO_STATES},
    {"input.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_F32, 26, 0, 0, NO_STATES},
    {"input.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 28, 0, 0, NO_STATES},
    {"input.L1.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 30, 0, 0, NO_STATES},
    {"input.L2.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 32, 0, 0, NO_STATES},
    {"input.L3.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 34, 0, 0, NO_STATES},
    {"input.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_F32, 36, 0, 0, NO_STATES},
    {"input.L1.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_F32, 38, 0, 0, NO_STATES},
    {"input.L2.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_F32, 40, 0, 0, NO_STATES},
    {"input.L3.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_F32, 42, 0, 0, NO_STATES},
    {"input.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_F32, 44, 0, 0, NO_STATES},
    {"input.L1.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_F32, 46, 0, 0, NO_STATES},
    {"input.L2.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_F32, 48, 0, 0, NO_STATES},
    {"input.L3.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_F32, 50, 0, 0, NO_STATES},
    {"input.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_F32, 52, 0, 0, NO_STATES},
    {"input.L1.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_F32, 54, 0, 0, NO_STATES},
    {"input.L2.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_F32, 56, 0, 0, NO_STATES},
    {"input.L3.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_F32, 58, 0, 0, NO_STATES},
    {"input.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 60, 0, 0, NO_STATES},
    {"input.L1.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 62, 0, 0, NO_STATES},
    {"input.L2.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 64, 0, 0, NO_STATES},
    {"input.L3.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 66, 0, 0, NO_STATES},
    {"input.energy", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 68, 0, 0, NO_STATES},
    {"input.L1.energy", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 70, 0, 0, NO_STATES},
    {"input.L2.energy", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 72, 0, 0, NO_STATES},
    {"input.L3.energy", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 74, 0, 0, NO_STATES},
    {"input.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 124, 0, 0, STATES(meter_events)},
};

/* Model 220: selected readings, signed. */
static const struct xn_sunspec_point meter_secure[] = {
    {"input.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 2, 3, 0, NO_STATES},
    {"input.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 4, 5, 0, NO_STATES},
    {"input.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_I16, 6, 7, 0, NO_STATES},
    {"input.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 8, 9, 0, NO_STATES},
    {"input.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 10, 11, 0, NO_STATES},
    {"input.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 12, 13, 0, NO_STATES},
    {"input.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 14, 15, 0, NO_STATES},
    {"input.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 16, 20, 0, NO_STATES},
    {"input.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC32, 18, 20, 0, NO_STATES},
    {"input.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 35, 0, 0, STATES(meter_events)},
};

/* Model 303: temperature at the back of PV modules. */
static const struct xn_sunspec_point module_temperature[] = {
    {"module.{n}.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 2, 0, -1, NO_STATES},
};

/*
 * Model 306 as the recorded device has it: a row of seven registers per reference point, the
 * numbers 32 bits wide. The published form (four registers, all in W/m2) holds nothing we print.
 */
static const struct xn_sunspec_point reference[] = {
    {"reference.{n}.current", XN_CLASS_CURRENT, XN_SUNSPEC_I32, 3, 0, -2, NO_STATES},
    {"reference.{n}.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I32, 5, 0, -2, NO_STATES},
    {"reference.{n}.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I32, 7, 0, -1, NO_STATES},
};

/* Model 307: weather. */
static const struct xn_sunspec_point weather[] = {
    {"ambient.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 2, 0, -1, NO_STATES},
    {"ambient.humidity", XN_CLASS_HUMIDITY, XN_SUNSPEC_I16, 3, 0, 0, NO_STATES},
    {"ambient.pressure", XN_CLASS_PRESSURE, XN_SUNSPEC_I16, 4, 0, 2, NO_STATES},
};

/* Model 308: small weather station. */
static const struct xn_sunspec_point weather_small[] = {
    {"module.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 3, 0, -1, NO_STATES},
    {"ambient.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 4, 0, -1, NO_STATES},
};

/* Model 701: AC measurements. */
static const struct xn_sunspec_point der_ac[] = {
    {"output.wiring", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(wirings)},
    {"output.state", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 3, 0, 0, STATES(off_on)},
    {"output.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0, STATES(der_states)},
    {"output.connection", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 5, 0, 0, STATES(grid_connections)},
    {"output.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 6, 0, 0, STATES(der_alarms)},
    {"output.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 10, 116, 0, NO_STATES},
    {"output.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 11, 118, 0, NO_STATES},
    {"output.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 12, 119, 0, NO_STATES},
    {"output.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 13, 117, 0, NO_STATES},
    {"output.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 14, 113, 0, NO_STATES},
    {"output.line.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 15, 114, 0, NO_STATES},
    {"output.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 16, 114, 0, NO_STATES},
    {"output.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_U32, 17, 115, 0, NO_STATES},
    {"output.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 19, 120, 0, NO_STATES},
    {"output.energy.import", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 23, 120, 0, NO_STATES},
    {"ambient.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 35, 122, 0, NO_STATES},
    {"cabinet.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 36, 122, 0, NO_STATES},
    {"heatsink.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 37, 122, 0, NO_STATES},
    {"transformer.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 38, 122, 0, NO_STATES},
    {"switch.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 39, 122, 0, NO_STATES},
    {"other.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 40, 122, 0, NO_STATES},
    {"output.L1.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 41, 116, 0, NO_STATES},
    {"output.L1.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 42, 118, 0, NO_STATES},
    {"output.L1.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 43, 119, 0, NO_STATES},
    {"output.L1.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 44, 117, 0, NO_STATES},
    {"output.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 45, 113, 0, NO_STATES},
    {"output.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 46, 114, 0, NO_STATES},
    {"output.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 47, 114, 0, NO_STATES},
    {"output.L1.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 48, 120, 0, NO_STATES},
    {"output.L1.energy.import", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 52, 120, 0, NO_STATES},
    {"output.L2.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 64, 116, 0, NO_STATES},
    {"output.L2.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 65, 118, 0, NO_STATES},
    {"output.L2.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 66, 119, 0, NO_STATES},
    {"output.L2.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 67, 117, 0, NO_STATES},
    {"output.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 68, 113, 0, NO_STATES},
    {"output.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 69, 114, 0, NO_STATES},
    {"output.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 70, 114, 0, NO_STATES},
    {"output.L2.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 71, 120, 0, NO_STATES},
    {"output.L2.energy.import", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 75, 120, 0, NO_STATES},
    {"output.L3.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 87, 116, 0, NO_STATES},
    {"output.L3.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 88, 118, 0, NO_STATES},
    {"output.L3.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 89, 119, 0, NO_STATES},
    {"output.L3.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 90, 117, 0, NO_STATES},
    {"output.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 91, 113, 0, NO_STATES},
    {"output.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 92, 114, 0, NO_STATES},
    {"output.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 93, 114, 0, NO_STATES},
    {"output.L3.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 94, 120, 0, NO_STATES},
    {"output.L3.energy.import", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 98, 120, 0, NO_STATES},
};

/* Model 702: ratings and settings. */
static const struct xn_sunspec_point der_capacity[] = {
    {"rating.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 2, 45, 0, NO_STATES},
    {"rating.overexcited.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 3, 45, 0, NO_STATES},
    {"rating.overexcited.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 4, 46, 0, NO_STATES},
    {"rating.underexcited.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 5, 45, 0, NO_STATES},
    {"rating.underexcited.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 6, 46, 0, NO_STATES},
    {"rating.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 7, 47, 0, NO_STATES},
    {"rating.injected.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_U16, 8, 48, 0, NO_STATES},
    {"rating.absorbed.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_U16, 9, 48, 0, NO_STATES},
    {"rating.charge.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 10, 45, 0, NO_STATES},
    {"rating.discharge.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 11, 45, 0, NO_STATES},
    {"rating.charge.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 12, 47, 0, NO_STATES},
    {"rating.discharge.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 13, 47, 0, NO_STATES},
    {"rating.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 14, 49, 0, NO_STATES},
    {"rating.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 15, 49, 0, NO_STATES},
    {"rating.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 16, 49, 0, NO_STATES},
    {"rating.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 17, 50, 0, NO_STATES},
    {"rating.category.normal", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 21, 0, 0,
	STATES(normal_categories)},
    {"rating.category.abnormal", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 22, 0, 0,
	STATES(abnormal_categories)},
    {"setting.realpower.max", XN_CLASS_POWER, XN_SUNSPEC_U16, 26, 45, 0, NO_STATES},
    {"setting.overexcited.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 27, 45, 0, NO_STATES},
    {"setting.overexcited.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 28, 46, 0,
	NO_STATES},
    {"setting.underexcited.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 29, 45, 0, NO_STATES},
    {"setting.underexcited.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 30, 46, 0,
	NO_STATES},
    {"setting.power.max", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 31, 47, 0, NO_STATES},
    {"setting.injected.reactivepower.max", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_U16, 32, 48, 0,
	NO_STATES},
    {"setting.absorbed.reactivepower.max", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_U16, 33, 48, 0,
	NO_STATES},
    {"setting.charge.realpower.max", XN_CLASS_POWER, XN_SUNSPEC_U16, 34, 45, 0, NO_STATES},
    {"setting.discharge.realpower.max", XN_CLASS_POWER, XN_SUNSPEC_U16, 35, 45, 0, NO_STATES},
    {"setting.charge.power.max", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 36, 47, 0, NO_STATES},
    {"setting.discharge.power.max", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_U16, 37, 47, 0, NO_STATES},
    {"setting.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 38, 49, 0, NO_STATES},
    {"setting.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 39, 49, 0, NO_STATES},
    {"setting.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 40, 49, 0, NO_STATES},
    {"setting.current.max", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 41, 50, 0, NO_STATES},
};

/* Model 703: entering service. */
static const struct xn_sunspec_point der_service[] = {
    {"setting.service", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(enabled)},
    {"setting.service.frequency.max", XN_CLASS_FREQUENCY, XN_SUNSPEC_U32, 5, 18, 0, NO_STATES},
    {"setting.service.frequency.min", XN_CLASS_FREQUENCY, XN_SUNSPEC_U32, 7, 18, 0, NO_STATES},
};

/* Model 704: controls. */
static const struct xn_sunspec_point der_controls[] = {
    {"control.injected.powerfactor.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0,
	STATES(enabled)},
    {"control.absorbed.powerfactor.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 8, 0, 0,
	STATES(enabled)},
    {"control.limit.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 14, 0, 0, STATES(enabled)},
    {"control.realpower.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 22, 0, 0, STATES(enabled)},
    {"control.realpower.mode", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 23, 0, 0, STATES(power_modes)},
    {"control.realpower", XN_CLASS_POWER, XN_SUNSPEC_I32, 24, 55, 0, NO_STATES},
    {"control.reversion.realpower", XN_CLASS_POWER, XN_SUNSPEC_I32, 26, 55, 0, NO_STATES},
    {"control.reactivepower.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 35, 0, 0, STATES(enabled)},
    {"control.reactivepower.mode", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 36, 0, 0, STATES(var_modes)},
    {"control.reactivepower.priority", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 37, 0, 0,
	STATES(var_priorities)},
    {"control.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I32, 38, 57, 0, NO_STATES},
    {"control.reversion.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I32, 40, 57, 0,
	NO_STATES},
    {"control.islanding.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 52, 0, 0, STATES(enabled)},
    {"control.injected.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 59, 53, 0, NO_STATES},
    {"control.injected.excitation", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 60, 0, 0,
	STATES(excitations)},
    {"control.reversion.injected.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 61, 53, 0,
	NO_STATES},
    {"control.reversion.injected.excitation", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 62, 0, 0,
	STATES(excitations)},
    {"control.absorbed.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 63, 53, 0, NO_STATES},
    {"control.absorbed.excitation", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 64, 0, 0,
	STATES(excitations)},
    {"control.reversion.absorbed.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_U16, 65, 53, 0,
	NO_STATES},
    {"control.reversion.absorbed.excitation", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 66, 0, 0,
	STATES(excitations)},
};

/* Models 705-712: curves; what is in force, not their points. */
static const struct xn_sunspec_point der_volt_var[] = {
    {"control.voltvar.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(enabled)},
    {"control.voltvar.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0, STATES(adoptions)},
};

static const struct xn_sunspec_point der_volt_watt[] = {
    {"control.voltwatt.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(enabled)},
    {"control.voltwatt.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0, STATES(adoptions)},
};

static const struct xn_sunspec_point der_low_voltage[] = {
    {"control.trip.lowvoltage.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(enabled)},
    {"control.trip.lowvoltage.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0,
	STATES(adoptions)},
};

static const struct xn_sunspec_point der_high_voltage[] = {
    {"control.trip.highvoltage.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0,
	STATES(enabled)},
    {"control.trip.highvoltage.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0,
	STATES(adoptions)},
};

static const struct xn_sunspec_point der_low_frequency[] = {
    {"control.trip.lowfrequency.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0,
	STATES(enabled)},
    {"control.trip.lowfrequency.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0,
	STATES(adoptions)},
};

static const struct xn_sunspec_point der_high_frequency[] = {
    {"control.trip.highfrequency.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0,
	STATES(enabled)},
    {"control.trip.highfrequency.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0,
	STATES(adoptions)},
};

static const struct xn_sunspec_point der_droop[] = {
    {"control.droop.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(enabled)},
    {"control.droop.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0, STATES(adoptions)},
};

static const struct xn_sunspec_point der_watt_var[] = {
    {"control.wattvar.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(enabled)},
    {"control.wattvar.adoption", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 4, 0, 0, STATES(adoptions)},
};

/* Model 713: storage. */
static const struct xn_sunspec_point der_storage[] = {
    {"rating.battery.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U16, 2, 7, 0, NO_STATES},
    {"battery.energy.available", XN_CLASS_ENERGY, XN_SUNSPEC_U16, 3, 7, 0, NO_STATES},
    {"battery.charge", XN_CLASS_CHARGE, XN_SUNSPEC_U16, 4, 8, 0, NO_STATES},
    {"battery.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 6, 0, 0, STATES(storage_health)},
};

/* Model 714: DC measurements, a port each. */
static const struct xn_sunspec_point der_dc[] = {
    {"input.dc.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 2, 0, 0, STATES(port_alarms)},
    {"input.dc.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 5, 15, 0, NO_STATES},
    {"input.dc.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 6, 17, 0, NO_STATES},
    {"input.dc.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 7, 18, 0, NO_STATES},
    {"input.dc.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 11, 18, 0, NO_STATES},
    {"input.dc.{n}.type", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 20, 0, 0, STATES(port_types)},
    {"input.dc.{n}.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 30, 15, 0, NO_STATES},
    {"input.dc.{n}.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 31, 16, 0, NO_STATES},
    {"input.dc.{n}.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 32, 17, 0, NO_STATES},
    {"input.dc.{n}.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 33, 18, 0, NO_STATES},
    {"input.dc.{n}.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U64, 37, 18, 0, NO_STATES},
    {"input.dc.{n}.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 41, 19, 0, NO_STATES},
    {"input.dc.{n}.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 42, 0, 0, STATES(port_states)},
    {"input.dc.{n}.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 43, 0, 0, STATES(mppt_events)},
};

/* Model 715: who controls it. */
static const struct xn_sunspec_point der_control[] = {
    {"control.place", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 2, 0, 0, STATES(control_places)},
    {"control.operation", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 8, 0, 0, STATES(operations)},
};

/* Model 802: a battery bank. */
static const struct xn_sunspec_point battery[] = {
    {"rating.battery.energy", XN_CLASS_ENERGY, XN_SUNSPEC_U16, 3, 53, 0, NO_STATES},
    {"rating.charge.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 4, 54, 0, NO_STATES},
    {"rating.discharge.realpower", XN_CLASS_POWER, XN_SUNSPEC_U16, 5, 54, 0, NO_STATES},
    {"battery.charge", XN_CLASS_CHARGE, XN_SUNSPEC_U16, 11, 56, 0, NO_STATES},
    {"battery.charger.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 16, 0, 0, STATES(charge_states)},
    {"control.place", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 17, 0, 0, STATES(control_places)},
    {"battery.type", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 21, 0, 0, STATES(battery_types)},
    {"battery.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 22, 0, 0, STATES(bank_states)},
    {"battery.status.vendor", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 23, 0, 0, NO_STATES},
    {"battery.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 26, 0, 0, STATES(battery_events)},
    {"battery.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 34, 59, 0, NO_STATES},
    {"battery.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 35, 59, 0, NO_STATES},
    {"battery.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 36, 59, 0, NO_STATES},
    {"battery.cell.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 37, 60, 0, NO_STATES},
    {"battery.cell.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 40, 60, 0, NO_STATES},
    {"battery.cell.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 43, 60, 0, NO_STATES},
    {"battery.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 44, 61, 0, NO_STATES},
    {"charge.current.max", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 45, 62, 0, NO_STATES},
    {"discharge.current.max", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 46, 62, 0, NO_STATES},
    {"battery.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 47, 63, 0, NO_STATES},
    {"battery.request.state", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 48, 0, 0,
	STATES(inverter_requests)},
    {"battery.request.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 49, 63, 0, NO_STATES},
};

/* Model 803: a bank of lithium-ion strings. */
static const struct xn_sunspec_point lithium_bank[] = {
    {"battery.module.temperature.max", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 4, 23, 0, NO_STATES},
    {"battery.module.temperature.min", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 7, 23, 0, NO_STATES},
    {"battery.module.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 10, 23, 0, NO_STATES},
    {"battery.string.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 11, 27, 0, NO_STATES},
    {"battery.string.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 13, 27, 0, NO_STATES},
    {"battery.string.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 15, 27, 0, NO_STATES},
    {"battery.string.current.max", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 16, 24, 0, NO_STATES},
    {"battery.string.current.min", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 18, 24, 0, NO_STATES},
    {"battery.string.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 20, 24, 0, NO_STATES},
    {"battery.string.{n}.state", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 29, 0, 0,
	STATES(string_states)},
    {"battery.string.{n}.failure", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 31, 0, 0,
	STATES(string_failures)},
    {"battery.string.{n}.charge", XN_CLASS_CHARGE, XN_SUNSPEC_U16, 32, 26, 0, NO_STATES},
    {"battery.string.{n}.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 34, 24, 0, NO_STATES},
    {"battery.string.{n}.cell.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 35, 22, 0, NO_STATES},
    {"battery.string.{n}.cell.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 37, 22, 0, NO_STATES},
    {"battery.string.{n}.cell.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 39, 22, 0, NO_STATES},
    {"battery.string.{n}.module.temperature.max", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 40, 23, 0,
	NO_STATES},
    {"battery.string.{n}.module.temperature.min", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 42, 23, 0,
	NO_STATES},
    {"battery.string.{n}.module.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 44, 23, 0,
	NO_STATES},
    {"battery.string.{n}.disabled", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 45, 0, 0,
	STATES(string_disabled)},
    {"battery.string.{n}.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 48, 0, 0,
	STATES(battery_events)},
};

/* Model 804: a string and its modules. */
static const struct xn_sunspec_point lithium_string[] = {
    {"battery.string.state", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 4, 0, 0, STATES(string_states)},
    {"battery.string.failure", XN_CLASS_STATE, XN_SUNSPEC_ENUM16, 6, 0, 0, STATES(string_failures)},
    {"battery.string.charge", XN_CLASS_CHARGE, XN_SUNSPEC_U16, 8, 38, 0, NO_STATES},
    {"battery.string.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 13, 41, 0, NO_STATES},
    {"battery.string.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 14, 42, 0, NO_STATES},
    {"battery.string.cell.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 15, 43, 0, NO_STATES},
    {"battery.string.cell.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 17, 43, 0, NO_STATES},
    {"battery.string.cell.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 19, 43, 0, NO_STATES},
    {"battery.string.module.temperature.max", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 20, 44, 0,
	NO_STATES},
    {"battery.string.module.temperature.min", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 22, 44, 0,
	NO_STATES},
    {"battery.string.module.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 24, 44, 0,
	NO_STATES},
    {"battery.string.events", XN_CLASS_STATE, XN_SUNSPEC_BITS32, 28, 0, 0, STATES(battery_events)},
    {"battery.string.module.{n}.charge", XN_CLASS_CHARGE, XN_SUNSPEC_U16, 49, 38, 0, NO_STATES},
    {"battery.string.module.{n}.cell.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 51, 43, 0,
	NO_STATES},
    {"battery.string.module.{n}.cell.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 53, 43, 0,
	NO_STATES},
    {"battery.string.module.{n}.cell.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 55, 43, 0,
	NO_STATES},
    {"battery.string.module.{n}.cell.temperature.max", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 56, 44,
	0, NO_STATES},
    {"battery.string.module.{n}.cell.temperature.min", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 58, 44,
	0, NO_STATES},
    {"battery.string.module.{n}.cell.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 60, 44, 0,
	NO_STATES},
};

/* Model 805: a module and its cells. */
static const struct xn_sunspec_point lithium_module[] = {
    {"battery.module.charge", XN_CLASS_CHARGE, XN_SUNSPEC_U16, 5, 38, 0, NO_STATES},
    {"battery.module.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 10, 41, 0, NO_STATES},
    {"battery.module.cell.voltage.max", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 11, 42, 0, NO_STATES},
    {"battery.module.cell.voltage.min", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 13, 42, 0, NO_STATES},
    {"battery.module.cell.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 15, 42, 0, NO_STATES},
    {"battery.module.cell.temperature.max", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 16, 43, 0,
	NO_STATES},
    {"battery.module.cell.temperature.min", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 18, 43, 0,
	NO_STATES},
    {"battery.module.cell.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 20, 43, 0, NO_STATES},
    {"battery.module.cell.{n}.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 44, 42, 0, NO_STATES},
    {"battery.module.cell.{n}.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 45, 43, 0,
	NO_STATES},
};

static const struct xn_sunspec_model models[] = {
    {101, 103, 0, 0, ROWS(inverter)},
    {111, 113, 0, 0, ROWS(inverter_float)},
    {120, 120, 0, 0, ROWS(nameplate)},
    {121, 121, 0, 0, ROWS(settings)},
    {122, 122, 0, 0, ROWS(status)},
    {123, 123, 0, 0, ROWS(controls)},
    {124, 124, 0, 0, ROWS(storage)},
    {160, 160, 10, 20, ROWS(mppt)},
    {201, 204, 0, 0, ROWS(meter)},
    {211, 214, 0, 0, ROWS(meter_float)},
    {220, 220, 0, 0, ROWS(meter_secure)},
    {303, 303, 2, 1, ROWS(module_temperature)},
    {306, 306, 2, 7, ROWS(reference)},
    {307, 307, 0, 0, ROWS(weather)},
    {308, 308, 0, 0, ROWS(weather_small)},
    {701, 701, 0, 0, ROWS(der_ac)},
    {702, 702, 0, 0, ROWS(der_capacity)},
    {703, 703, 0, 0, ROWS(der_service)},
    {704, 704, 0, 0, ROWS(der_controls)},
    {705, 705, 0, 0, ROWS(der_volt_var)},
    {706, 706, 0, 0, ROWS(der_volt_watt)},
    {707, 707, 0, 0, ROWS(der_low_voltage)},
    {708, 708, 0, 0, ROWS(der_high_voltage)},
    {709, 709, 0, 0, ROWS(der_low_frequency)},
    {710, 710, 0, 0, ROWS(der_high_frequency)},
    {711, 711, 0, 0, ROWS(der_droop)},
    {712, 712, 0, 0, ROWS(der_watt_var)},
    {713, 713, 0, 0, ROWS(der_storage)},
    {714, 714, 20, 25, ROWS(der_dc)},
    {715, 715, 0, 0, ROWS(der_control)},
    {802, 802, 0, 0, ROWS(battery)},
    {803, 803, 28, 32, ROWS(lithium_bank)},
    {804, 804, 48, 16, ROWS(lithium_string)},
    {805, 805, 44, 4, ROWS(lithium_module)},
};

const struct xn_sunspec_model *
xn_sunspec_model(uint16_t id)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (id >= models[i].first && id <= models[i].last)
			return &models[i];
	}
	return NULL;
}
