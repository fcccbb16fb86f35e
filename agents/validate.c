#include "agents/validate.h"

#include <assert.h>

#define NO_JUMP 0
#define K       INT64_C(1000)

/* Windows in thousandths of the class's unit; what a room full of machines can show, and no more.
 */
static const struct {
	int64_t min;
	int64_t max;
	int64_t jump; /* at most within a minute */
} windows[XN_CLASS_COUNT] = {
    [XN_CLASS_POWER] = {-20000000 * K, 20000000 * K, NO_JUMP}, /* a site: 20 MW either way */
    [XN_CLASS_APPARENT_POWER] = {0, 20000000 * K, NO_JUMP},
    [XN_CLASS_REACTIVE_POWER] = {-20000000 * K, 20000000 * K, NO_JUMP},
    [XN_CLASS_ENERGY] = {0, INT64_MAX, NO_JUMP},
    [XN_CLASS_CURRENT] = {-10000 * K, 10000 * K, NO_JUMP},
    [XN_CLASS_VOLTAGE] = {0, 500000 * K, NO_JUMP},
    [XN_CLASS_FREQUENCY] = {0, 400 * K, NO_JUMP}, /* 0: the feed is dead, which is a reading */
    [XN_CLASS_POWER_FACTOR] = {-1 * K, 1 * K, NO_JUMP},
    [XN_CLASS_LOAD] = {0, 400 * K, NO_JUMP},
    [XN_CLASS_CHARGE] = {0, 100 * K, NO_JUMP},
    [XN_CLASS_RUNTIME] = {0, INT64_MAX, NO_JUMP},
    [XN_CLASS_TEMPERATURE] = {-40 * K, 150 * K, 30 * K}, /* glycol lines to a battery in trouble */
    [XN_CLASS_HUMIDITY] = {0, 100 * K, NO_JUMP},
    [XN_CLASS_AIRFLOW] = {0, 10000000 * K, NO_JUMP},
    [XN_CLASS_FLOW] = {0, 1000000 * K, NO_JUMP},
    [XN_CLASS_PRESSURE] = {-10000000 * K, 100000000 * K, NO_JUMP},
    [XN_CLASS_FAN] = {0, 100000 * K, NO_JUMP},
    [XN_CLASS_COOLING] = {0, 20000000 * K, NO_JUMP},
    [XN_CLASS_STATE] = {INT64_MIN, INT64_MAX, NO_JUMP},
};

static bool
jumps(
    enum xn_point_class class_, struct xn_sample sample, struct xn_sample before, int64_t since_ms)
{
	int64_t step = sample.milli - before.milli; /* both are inside the window: no overflow */

	if (windows[class_].jump == NO_JUMP || before.quality != XN_QUALITY_GOOD ||
	    since_ms > 60000)
		return false;
	return step > windows[class_].jump || step < -windows[class_].jump;
}

struct xn_sample
xn_validate(
    enum xn_point_class class_, struct xn_sample sample, struct xn_sample before, int64_t since_ms)
{
	assert(class_ < XN_CLASS_COUNT && sample.quality < XN_QUALITY_COUNT);
	if (sample.quality != XN_QUALITY_GOOD)
		return sample;
	if (sample.milli < windows[class_].min || sample.milli > windows[class_].max ||
	    jumps(class_, sample, before, since_ms))
		sample.quality = XN_QUALITY_SUSPECT;
	return sample;
}
