/*
 * Terms: what stands behind a constraint's name in a policy. Every constraint lists its fields as a
 * table; one reader checks and fills them, so that a field means the same wherever it is used.
 */
#ifndef XN_POLICIES_TERMS_H
#define XN_POLICIES_TERMS_H

#include "policies/select.h"

enum xn_resource { XN_RESOURCE_CPU, XN_RESOURCE_MEMORY, XN_RESOURCE_NETWORK };
#define XN_RESOURCES 3

struct xn_terms {
	struct xn_select select; /* or `first` */
	struct xn_select then;
	struct xn_select hosts; /* all if not given */
	struct xn_select racks;
	struct xn_select *sets; /* of split (VMs) or among (hosts) */
	unsigned set_count;
	enum xn_by by;
	enum xn_domain domain; /* across, within, per */
	enum xn_resource resource;
	int64_t
	    max; /* a count, mW, mK, ppm, or an amount of `resource` (millicores, MiB, Mbit/s) */
	int64_t ratio; /* in thousandths */
	bool survive;  /* the loss of one feed */
	bool at_end;   /* continuous: false */
};

enum xn_field_kind {
	XN_FIELD_SELECT,
	XN_FIELD_THEN,
	XN_FIELD_HOSTS,
	XN_FIELD_RACKS,
	XN_FIELD_VM_SETS,
	XN_FIELD_HOST_SETS,
	XN_FIELD_BY,
	XN_FIELD_DOMAIN, /* host, rack, room, site */
	XN_FIELD_DOMAIN_ANY,
	XN_FIELD_RESOURCE,
	XN_FIELD_CPU_OR_MEMORY,
	XN_FIELD_AMOUNT, /* of `resource` */
	XN_FIELD_COUNT,
	XN_FIELD_POWER,
	XN_FIELD_TEMPERATURE,
	XN_FIELD_SHARE,
	XN_FIELD_RATIO,
	XN_FIELD_SURVIVE,
	XN_FIELD_CONTINUOUS,
};

struct xn_field {
	const char *name;
	enum xn_field_kind kind;
	bool required;
};

#define XN_FIELDS_MAX 6

struct xn_rule_ops;

/* One row of the catalogue: the constraint's word, its fields, what it is until it is told more. */
struct xn_constraint {
	const char *name;
	struct xn_field fields[XN_FIELDS_MAX];
	struct xn_terms defaults;
	/* How states are judged; NULL: it bounds plans (place.c) or resources (state.c) instead. */
	const struct xn_rule_ops *rule;
};

/* The catalogue, ended by NULL. */
extern const struct xn_constraint *const xn_constraints[];

bool xn_terms_read(struct xn_arena *arena, const struct xn_constraint *constraint,
    const struct xn_yaml *node, struct xn_problems *problems, struct xn_terms *ret_terms);

#endif
