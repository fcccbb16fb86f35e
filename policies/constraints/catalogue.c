#include "policies/terms.h"

/* The catalogue: every constraint that a policy may use. */
extern const struct xn_constraint xn_constraint_spread;
extern const struct xn_constraint xn_constraint_gather;
extern const struct xn_constraint xn_constraint_among;
extern const struct xn_constraint xn_constraint_split;
extern const struct xn_constraint xn_constraint_lonely;
extern const struct xn_constraint xn_constraint_ban;
extern const struct xn_constraint xn_constraint_fence;
extern const struct xn_constraint xn_constraint_root;
extern const struct xn_constraint xn_constraint_quarantine;
extern const struct xn_constraint xn_constraint_preserve;
extern const struct xn_constraint xn_constraint_overbook;
extern const struct xn_constraint xn_constraint_max_online;
extern const struct xn_constraint xn_constraint_running_capacity;
extern const struct xn_constraint xn_constraint_resource_capacity;
extern const struct xn_constraint xn_constraint_reserve;
extern const struct xn_constraint xn_constraint_rack_power;
extern const struct xn_constraint xn_constraint_power_cap;
extern const struct xn_constraint xn_constraint_inlet_temperature;
extern const struct xn_constraint xn_constraint_precedence;
extern const struct xn_constraint xn_constraint_serialize;

const struct xn_constraint *const xn_constraints[] = {
    &xn_constraint_spread,
    &xn_constraint_gather,
    &xn_constraint_among,
    &xn_constraint_split,
    &xn_constraint_lonely,
    &xn_constraint_ban,
    &xn_constraint_fence,
    &xn_constraint_root,
    &xn_constraint_quarantine,
    &xn_constraint_preserve,
    &xn_constraint_overbook,
    &xn_constraint_max_online,
    &xn_constraint_running_capacity,
    &xn_constraint_resource_capacity,
    &xn_constraint_reserve,
    &xn_constraint_rack_power,
    &xn_constraint_power_cap,
    &xn_constraint_inlet_temperature,
    &xn_constraint_precedence,
    &xn_constraint_serialize,
    NULL,
};
