/*
 * Site, being built: what the parts of the reader share (site_*.c). Sections are gathered from
 * every document first, then checked in the order clusters, racks, devices, and at last the
 * references from racks to hosts and devices.
 *
 * Invariants: (1) entries of one kind have different names; (2) entry i of racks and devices is row
 * i of the site's array; (3) a mistake is said once, where it stands.
 */
#ifndef XN_COMMON_SITE_BUILD_H
#define XN_COMMON_SITE_BUILD_H

#include "common/site.h"
#include "common/value.h"

/* Names and what they stand for; grows in the arena. */
struct xn_site_index {
	struct xn_site_index_row {
		const char *name;
		uint64_t hash;
		uint32_t value;
	} * rows;
	uint32_t size; /* a power of two, at least twice the count */
	uint32_t count;
};

/* The value of a name; XN_NONE if it is not there. */
uint32_t xn_site_index_find(const struct xn_site_index *index, const char *name);
/* The name must not be there yet. */
void xn_site_index_add(
    struct xn_arena *arena, struct xn_site_index *index, const char *name, uint32_t value);

/* The entries of one kind (`racks`), of every document. */
struct xn_site_entries {
	const struct xn_yaml **values;
	uint32_t count;
	uint32_t room;
	struct xn_site_index names;
};

struct xn_site_builder {
	struct xn_arena *arena;
	struct xn_problems *problems;
	struct xn_site *site;
	struct xn_yaml **documents; /* lists: one per file */
	uint32_t file_count;
	/* Sections that stand once; NULL where they do not stand. */
	const struct xn_yaml *version, *about, *api, *store, *control, *defaults;
	struct xn_site_entries clusters, racks, devices;
	struct xn_site_index hosts;   /* name -> row of site->hosts */
	struct xn_site_index outlets; /* `DEVICE/NUMBER` -> 0: used */
	/* Something could not be read, so that a name which is not there may well be meant: no word
	 * of missing references. `hosts_unsure`: the same for hosts alone. */
	bool incomplete;
	bool hosts_unsure;
	struct xn_site_unit **other_tail;
	xn_duration poll; /* of defaults */
	struct xn_site_snmp snmp;
};

/* site_include.c: the files a pattern stands for, sorted. XN_EFULL: it matches too many. */
int xn_site_expand(struct xn_arena *arena, const char *pattern, const char ***ret_paths,
    uint32_t *ret_count, uint32_t *budget);

/* site_address.c: whether the address is one that a driver knows; else the sentence why not. */
bool xn_site_address_good(const char *address, char *ret_why, size_t size);
bool xn_site_listener_read(struct xn_arena *arena, const char *text,
    struct xn_site_listener *ret_listener, char *ret_why, size_t size);

/* The sections, each with its table in configuration.md section 4. */
void xn_site_build_about(struct xn_site_builder *builder);
void xn_site_build_api(struct xn_site_builder *builder);
void xn_site_build_store(struct xn_site_builder *builder);
void xn_site_build_control(struct xn_site_builder *builder);
void xn_site_build_clusters(struct xn_site_builder *builder);
void xn_site_build_racks(struct xn_site_builder *builder);
void xn_site_build_devices(struct xn_site_builder *builder);
void xn_site_join_racks(struct xn_site_builder *builder);

#endif
