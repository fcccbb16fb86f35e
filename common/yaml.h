/*
 * YAML as Xanh reads it (contracts/configuration.md section 1): a plain subset in which the schema
 * gives the type, never YAML. Reading checks syntax, duplicate keys, anchors, tags, tabs, UTF-8 and
 * the limits; walking a tree is pure, so that policies can be compiled in the core's archive.
 *
 * Invariants: (1) a map's children each have a scalar `key`, no two equal; (2) a list's children
 * have none; (3) `text` of a scalar is NUL-terminated and holds no other NUL; (4) depth, size and
 * node counts are within the limits below.
 */
#ifndef XN_COMMON_YAML_H
#define XN_COMMON_YAML_H

#include "common/error.h"
#include "common/problem.h"

#define XN_YAML_BYTES_MAX  (4u << 20)
#define XN_YAML_DEPTH_MAX  32
#define XN_YAML_SCALAR_MAX (64u << 10)
#define XN_YAML_NODES_MAX  200000

enum xn_yaml_kind { XN_YAML_SCALAR, XN_YAML_MAP, XN_YAML_LIST };

struct xn_yaml {
	enum xn_yaml_kind kind;
	struct xn_mark mark;
	const char *text;          /* of a scalar */
	const struct xn_yaml *key; /* of a map's entry: its key, a scalar */
	struct xn_yaml *first;     /* children of a map or list, in order */
	struct xn_yaml *next;
	unsigned count; /* of children */
	bool spoiled;   /* its mistake is already a problem: checks pass over it in silence */
	bool cut;       /* a mistake ended it early: what is missing may stand further down */
};

#define XN_YAML_EACH(child, parent)                                                                \
	for (const struct xn_yaml *child = (parent)->first; child != NULL; child = child->next)

/*
 * Reads every document of a file or of text already in memory into a list of documents (the list's
 * children; NULL root only on XN_EREAD). What is wrong becomes problems; the rest of the tree is
 * still given. XN_EREAD with a sentence when the file cannot be read.
 */
int xn_yaml_read_file(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_yaml **ret_documents, struct xn_error *err);
struct xn_yaml *xn_yaml_read_text(
    struct xn_arena *arena, const struct xn_source *source, struct xn_problems *problems);

/* The value of `key` in a map; NULL if it is not there or `map` is no map. */
const struct xn_yaml *xn_yaml_get(const struct xn_yaml *map, const char *key);

/* Where to say that something is missing in `node`: at its key, or at itself if it has none. */
struct xn_mark xn_yaml_place(const struct xn_yaml *node);

/* A key of a map's schema. */
struct xn_yaml_key {
	const char *name;
	bool required;
};

/*
 * Checks that `node` is a map with known keys only (an unknown one is answered with the nearest
 * known one) and with every required one. False if it is no map; unknown and missing keys still
 * give true. `schema` ends with an entry whose name is NULL.
 */
bool xn_yaml_check_map(
    const struct xn_yaml *node, const struct xn_yaml_key *schema, struct xn_problems *problems);
/* As above for a map whose keys a person chooses, for a list and for a scalar. */
bool xn_yaml_check_names(const struct xn_yaml *node, struct xn_problems *problems);
bool xn_yaml_check_list(const struct xn_yaml *node, struct xn_problems *problems);
bool xn_yaml_check_scalar(const struct xn_yaml *node, struct xn_problems *problems);

#endif
