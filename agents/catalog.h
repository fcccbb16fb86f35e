/*
 * Catalog: which point every slot of the agent's frames stands for. Slots are only ever added, in
 * the order in which points were first seen, so that a slot keeps its meaning while the agent runs;
 * each addition makes another schema. The catalog of the last run is read back from its hello, so
 * that a restart does not change the schema although devices answer in another order.
 *
 * Invariants: (1) a slot's point never changes; (2) `schema` is xn_frame_schema over all slots.
 */
#ifndef XN_AGENTS_CATALOG_H
#define XN_AGENTS_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/point.h"

#define XN_CATALOG_POINT_SIZE  64
#define XN_CATALOG_DEVICE_SIZE (XN_NAME_SIZE + 6) /* "agent:NAME" */
#define XN_CATALOG_NONE        UINT32_MAX

struct xn_catalog_row {
	char device[XN_CATALOG_DEVICE_SIZE];
	char point[XN_CATALOG_POINT_SIZE];
	enum xn_point_class class_;
};

struct xn_catalog {
	struct xn_catalog_row rows[XN_SLOTS_MAX];
	uint32_t count;
	uint32_t schema;
};

/* The slot of a point, added if it is new; XN_CATALOG_NONE when all slots are taken. */
uint32_t xn_catalog_slot(
    struct xn_catalog *catalog, const char *device, const char *point, enum xn_point_class class_);

/* The body of POST /agent/v1/hello; free() it. NULL: no memory. */
char *xn_catalog_hello(const struct xn_catalog *catalog, const char *agent, uint64_t boot);

/*
 * Adds the points of a hello whose device is still read, as `wanted` says. The schema is then the
 * same as the hello's if all are.
 */
int xn_catalog_load(struct xn_catalog *catalog, const char *json,
    bool (*wanted)(const void *context, const char *device), const void *context,
    struct xn_error *err);

#endif
