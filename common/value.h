/*
 * Values as they are written in our files (contracts/configuration.md section 3): a number with its
 * unit, a share, a time of day, a name. Each function checks that the node is a scalar of that
 * form, adds a problem with an example when it is not, and sets its output only on success.
 */
#ifndef XN_COMMON_VALUE_H
#define XN_COMMON_VALUE_H

#include "common/units.h"
#include "common/yaml.h"

#define XN_VALUE_NAME_MAX 64

typedef const struct xn_yaml *xn_node;

bool xn_value_name(xn_node node, struct xn_problems *problems, const char **ret_name);
bool xn_value_text(xn_node node, struct xn_problems *problems, const char **ret_text);
bool xn_value_switch(xn_node node, struct xn_problems *problems, bool *ret_on);
bool xn_value_count(xn_node node, struct xn_problems *problems, int64_t *ret_count);
/* A plain number without unit, in thousandths ("5.0" is 5000). */
bool xn_value_number(xn_node node, struct xn_problems *problems, int64_t *ret_milli);
bool xn_value_power(xn_node node, struct xn_problems *problems, xn_power *ret_power);
bool xn_value_energy(xn_node node, struct xn_problems *problems, xn_energy *ret_energy);
bool xn_value_current(xn_node node, struct xn_problems *problems, int64_t *ret_ma);
bool xn_value_voltage(xn_node node, struct xn_problems *problems, int64_t *ret_mv);
bool xn_value_share(xn_node node, struct xn_problems *problems, xn_ratio *ret_share);
bool xn_value_time(xn_node node, struct xn_problems *problems, xn_duration *ret_span);
bool xn_value_temperature(xn_node node, struct xn_problems *problems, xn_temperature *ret_value);
/* Memory in MiB (from KiB MiB GiB TiB), CPU in thousandths of a core ("2 cores"), Mbit/s. */
bool xn_value_memory(xn_node node, struct xn_problems *problems, int64_t *ret_mib);
bool xn_value_cores(xn_node node, struct xn_problems *problems, int64_t *ret_millicores);
bool xn_value_bandwidth(xn_node node, struct xn_problems *problems, int64_t *ret_mbps);
/* Peak power of PV (kWp MWp), and what a kWh or a month's kW costs, emits or takes of water. */
bool xn_value_peak_power(xn_node node, struct xn_problems *problems, xn_power *ret_power);
bool xn_value_energy_price(xn_node node, struct xn_problems *problems, xn_money *ret_price);
bool xn_value_demand_price(xn_node node, struct xn_problems *problems, xn_money *ret_price);
bool xn_value_carbon(xn_node node, struct xn_problems *problems, xn_carbon *ret_carbon);
bool xn_value_water(xn_node node, struct xn_problems *problems, int64_t *ret_ul);
/* RFC 3339 with offset, seconds optional. */
bool xn_value_instant(xn_node node, struct xn_problems *problems, xn_instant *ret_instant);
/* A day of the calendar, `2026-03-01`, as it is written. */
bool xn_value_date(xn_node node, struct xn_problems *problems, const char **ret_date);
/* `HH:MM-HH:MM` as minutes of the day, 0..1440; with `wraps` allowed start may be after end. */
bool xn_value_hours(
    xn_node node, struct xn_problems *problems, bool wraps, int *ret_start, int *ret_end);
/* `mon-fri`, `sat`, or a list: bit 0 is Monday. */
bool xn_value_days(xn_node node, struct xn_problems *problems, unsigned *ret_days);
/* One of `words` (NULL-terminated): its index. */
bool xn_value_choice(
    xn_node node, struct xn_problems *problems, const char *const *words, int *ret_index);
/* `{credential: NAME}`; a plain secret is the problem it should be. */
bool xn_value_credential(xn_node node, struct xn_problems *problems, const char **ret_name);

#endif
