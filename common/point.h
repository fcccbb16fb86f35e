/*
 * A point: what one device says about one quantity. Names follow NUT/RFC 9271 where one exists
 * (`outlet.3.realpower`, `input.L1.current`, `ambient.temperature`); class and unit names are those
 * of DESIGN.md section 8.1. A value travels as an integer in thousandths of the class's unit (mW,
 * mA, mWh, 1/1000 degC). Invariant: an absent sample has no value; it is never 0 standing for
 * "none".
 */
#ifndef XN_COMMON_POINT_H
#define XN_COMMON_POINT_H

#include "common/limits.h"
#include "common/units.h"

/* X(enumerator, word, unit) */
#define XN_POINT_CLASSES(X)                                                                        \
	X(XN_CLASS_POWER, "power", "W")                                                            \
	X(XN_CLASS_APPARENT_POWER, "apparent_power", "VA")                                         \
	X(XN_CLASS_REACTIVE_POWER, "reactive_power", "var")                                        \
	X(XN_CLASS_ENERGY, "energy", "Wh")                                                         \
	X(XN_CLASS_CURRENT, "current", "A")                                                        \
	X(XN_CLASS_VOLTAGE, "voltage", "V")                                                        \
	X(XN_CLASS_FREQUENCY, "frequency", "Hz")                                                   \
	X(XN_CLASS_POWER_FACTOR, "power_factor", "1")                                              \
	X(XN_CLASS_LOAD, "load", "%")                                                              \
	X(XN_CLASS_CHARGE, "charge", "%")                                                          \
	X(XN_CLASS_RUNTIME, "runtime", "s")                                                        \
	X(XN_CLASS_TEMPERATURE, "temperature", "degC")                                             \
	X(XN_CLASS_HUMIDITY, "humidity", "%")                                                      \
	X(XN_CLASS_AIRFLOW, "airflow", "m3/h")                                                     \
	X(XN_CLASS_FLOW, "flow", "l/min")                                                          \
	X(XN_CLASS_PRESSURE, "pressure", "Pa")                                                     \
	X(XN_CLASS_FAN, "fan", "rpm")                                                              \
	X(XN_CLASS_COOLING, "cooling", "W")                                                        \
	X(XN_CLASS_STATE, "state", "")

#define XN_CLASS_ENUM(name, word, unit) name,
enum xn_point_class { XN_POINT_CLASSES(XN_CLASS_ENUM) XN_CLASS_COUNT };
#undef XN_CLASS_ENUM

enum xn_quality {
	XN_QUALITY_ABSENT = 0, /* never read, rejected, or the device says "none" */
	XN_QUALITY_STALE,      /* was good; older than its limit */
	XN_QUALITY_SUSPECT,    /* outside the plausible window */
	XN_QUALITY_ESTIMATED,
	XN_QUALITY_GOOD,
	XN_QUALITY_COUNT
};

const char *xn_class_word(enum xn_point_class class_);
const char *xn_class_unit(enum xn_point_class class_);
/* The class whose word this is; XN_CLASS_COUNT if none. */
enum xn_point_class xn_class_of(const char *word);
const char *xn_quality_word(enum xn_quality quality);

/* One value of one point. `milli` means nothing while quality is XN_QUALITY_ABSENT. */
struct xn_sample {
	int64_t milli;
	enum xn_quality quality;
};

#endif
