/*
 * Site: the checked configuration of one datacentre (contracts/configuration.md section 4), as
 * every program sees it. Built once from YAML, in the caller's arena, then constant; names are
 * unique within their kind and every reference is an index into the arrays here (XN_NONE: not
 * given).
 */
#ifndef XN_COMMON_SITE_H
#define XN_COMMON_SITE_H

#include <stdio.h>

#include "common/limits.h"
#include "common/units.h"
#include "common/yaml.h"

#define XN_NONE             UINT32_MAX

/* What a caller's arena should have room for: the largest site with all its texts and problems. */
#define XN_SITE_ARENA_SIZE  (128u << 20)

/* Power supplies of one machine. */
#define XN_SITE_OUTLETS_MAX 8

struct xn_site_feed {
	bool present;
	const char *panel; /* NULL: not given; so are all texts that need not be there */
	int64_t breaker_ma;
	int64_t voltage_mv; /* 230 V if not given */
	int phases;         /* 1 or 3; 1 if not given */
	xn_power rating;    /* breaker x voltage x phases */
	xn_ratio max_load;  /* of the rating, in normal operation; 100 % if not given */
};

struct xn_site_rack {
	const char *name;
	const char *room;
	const char *row;
	int64_t column;               /* -1: not given */
	unsigned height;              /* in units; 0: not given */
	struct xn_site_feed feeds[2]; /* A, B */
	uint32_t cooling_device;      /* XN_NONE */
	xn_temperature inlet_max;     /* mk 0: not given */
};

/* `devices.NAME/NUMBER` of `racks.R.units.U.outlets`. */
struct xn_site_outlet {
	uint32_t device;
	unsigned number;
};

struct xn_site_host {
	const char *name;
	const char *cluster;
	const char *uri; /* {host} already replaced */
	/* How other hosts reach it for a migration: clusters.C.hosts.migrate_uri; else the same as
	 * uri. */
	const char *migrate_uri;
	uint32_t rack;                  /* XN_NONE if no rack holds it */
	unsigned unit_first, unit_last; /* of `units` in the rack */
	struct xn_site_outlet outlets[XN_SITE_OUTLETS_MAX];
	unsigned outlet_count;
	/* Watts of the machine's plate, until its own curve is learned: units.U.power {idle, full}.
	 */
	xn_power idle;
	xn_power full;
};

struct xn_site_cluster {
	const char *name;
	const char *uri;         /* with {host}; NULL: the cluster has no hosts */
	const char *migrate_uri; /* with {host}; NULL: the same as uri */
	const char *agency_from;
	uint32_t first_host; /* its hosts stand together */
	uint32_t host_count;
};

/* Units that hold something else than a host of a cluster: a switch, a storage shelf. */
struct xn_site_unit {
	struct xn_site_unit *next;
	uint32_t rack;
	unsigned unit_first, unit_last;
	struct xn_site_outlet outlets[XN_SITE_OUTLETS_MAX];
	unsigned outlet_count;
};

enum xn_measures {
	XN_MEASURES_NOTHING,
	XN_MEASURES_GRID,
	XN_MEASURES_PV,
	XN_MEASURES_BATTERY,
	XN_MEASURES_GENERATOR,
	XN_MEASURES_COOLING,
};

/* SNMP as a device of this site speaks it; secrets are names of credentials, never values. */
struct xn_site_snmp {
	int version; /* 1, 2 (v2c), 3; 0: none given */
	const char *community;
	const char *user;
	const char *auth_protocol; /* md5 sha sha256 sha512; NULL: none */
	const char *auth;
	const char *priv_protocol; /* aes aes256 des; NULL: none */
	const char *priv;
};

/* The energy register of what a device measures. */
struct xn_site_register {
	int bits; /* 0: not given */
	xn_energy unit;
	bool fixed; /* reset: never; it is allowed if not said */
};

struct xn_site_device {
	const char *name;
	const char *profile;
	const char *address;
	uint32_t
	    rack; /* of `feeds`, or of the rack whose units use its outlets; XN_NONE: the site's */
	int feed; /* 0 A, 1 B, -1 none */
	enum xn_measures measures;
	const char *zone; /* of cooling/ZONE */
	xn_duration poll;
	struct xn_site_snmp snmp;
	xn_ratio accuracy;       /* class of the meter; 0: not given */
	xn_ratio transformer;    /* class of its current transformers; 0: none or not given */
	const char *calibrated;  /* "2026-03-01"; NULL */
	const char *certificate; /* of the calibration; NULL */
	xn_power max_power;      /* more is a fault of the meter; 0: not given */
	struct xn_site_register energy_register;
	bool enabled;
	const char
	    *agent; /* the agent that reads it: `agent: NAME`, else its rack's name, else "site" */
};

struct xn_site_listener {
	enum {
		XN_LISTEN_UNIX,
		XN_LISTEN_TLS,
		XN_LISTEN_HTTP
	} kind;           /* http: loopback addresses only */
	const char *host; /* or the path of a unix socket */
	int port;
};

struct xn_site_title {
	const char *language; /* two letters */
	const char *text;
};

enum xn_store_kind { XN_STORE_RRD, XN_STORE_VICTORIAMETRICS, XN_STORE_POSTGRESQL };

struct xn_site {
	const char *name;
	const char *title_vi; /* NULL: not given */
	const char *title_en;
	struct xn_site_title *titles; /* in every language */
	uint32_t title_count;
	const char *timezone;
	const char *grid_region;
	struct xn_site_listener *listeners;
	uint32_t listener_count;
	const char *certificate;
	const char *private_key; /* name of a credential */
	enum xn_store_kind store_kind;
	xn_duration raw_every, raw_keep, hour_every,
	    hour_keep; /* 10 s, 7 d, 1 h, 10 y if not given */
	bool raw_peaks, hour_peaks;
	xn_duration tick;     /* of decisions: control.tick, 60 s if not given */
	xn_duration interval; /* of booked energy: control.interval, 30 min if not given */
	struct xn_site_rack *racks;
	uint32_t rack_count;
	struct xn_site_unit *other_units;
	struct xn_site_cluster *clusters;
	uint32_t cluster_count;
	struct xn_site_host *hosts;
	uint32_t host_count;
	struct xn_site_device *devices;
	uint32_t device_count;
};

/*
 * Reads FILEs (with what they include) as one configuration. Every mistake becomes a problem; with
 * no problem *ret_site is complete. XN_EREAD when a named file cannot be read.
 */
int xn_site_load(struct xn_arena *arena, const char *const *files, unsigned file_count,
    struct xn_problems *problems, struct xn_site *ret_site, struct xn_error *err);

/*
 * Prints the effective configuration, defaults filled in, as one YAML document that reads back the
 * same.
 */
void xn_site_print(const struct xn_site *site, FILE *out);

#endif
