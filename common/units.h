/*
 * Units: every quantity that decides or books is an integer in a one-member struct, so that mixing
 * two kinds is a compile error and a replay agrees bit for bit on every machine. `double` appears
 * only where a number is about to be drawn, printed or fitted.
 */
#ifndef XN_COMMON_UNITS_H
#define XN_COMMON_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define XN_MUST_USE __attribute__((warn_unused_result))

typedef struct {
	int64_t mw;
} xn_power; /* milliwatts */
typedef struct {
	int64_t mj;
} xn_energy; /* millijoules */
typedef struct {
	int64_t mk;
} xn_temperature; /* millikelvin */
typedef struct {
	int64_t ms;
} xn_duration; /* milliseconds */
typedef struct {
	int64_t ms;
} xn_instant; /* milliseconds since 1970-01-01 UTC */
typedef struct {
	int64_t mg;
} xn_carbon; /* milligrams CO2e */
typedef struct {
	int64_t mvnd;
} xn_money; /* thousandths of a dong */
typedef struct {
	int64_t ppm;
} xn_ratio; /* parts per million */

#define XN_WH_MJ          INT64_C(3600000) /* millijoules in a watt-hour */
#define XN_KELVIN_ZERO_MK INT64_C(273150)  /* 0 degC in millikelvin */

static inline xn_power
xn_watts(int64_t watts)
{
	return (xn_power){.mw = watts * 1000};
}

static inline xn_duration
xn_seconds(int64_t seconds)
{
	return (xn_duration){.ms = seconds * 1000};
}

static inline xn_temperature
xn_millicelsius(int64_t millicelsius)
{
	return (xn_temperature){.mk = millicelsius + XN_KELVIN_ZERO_MK};
}

static inline xn_duration
xn_since(xn_instant now, xn_instant then)
{
	return (xn_duration){.ms = now.ms - then.ms};
}

static inline xn_instant
xn_after(xn_instant now, xn_duration span)
{
	return (xn_instant){.ms = now.ms + span.ms};
}

/* Energy of `power` held for `span`, rounded toward zero. False when it does not fit in 64 bits. */
static inline XN_MUST_USE bool
xn_energy_over(xn_power power, xn_duration span, xn_energy *ret_energy)
{
	int64_t microjoules;

	if (__builtin_mul_overflow(power.mw, span.ms, &microjoules))
		return false;
	ret_energy->mj = microjoules / 1000;
	return true;
}

#endif
