/*
 * Every capacity in the system, named, with its reason. Each is tested exactly full and one more.
 */
#ifndef XN_COMMON_LIMITS_H
#define XN_COMMON_LIMITS_H

/* Names: contracts/configuration.md section 3 (64 characters) and the terminating NUL. */
#define XN_NAME_SIZE        65
/* A set of labels as one text, blank-separated; libvirt metadata is not ours, so it is bounded
 * here. */
#define XN_LABELS_SIZE      128
/* A sentence for an operator: an alarm, a reason, a refusal. */
#define XN_SENTENCE_SIZE    192

/* One site (contracts/configuration.md section 4); the shape of make bench's largest world. */
#define XN_RACKS_MAX        2048
#define XN_HOSTS_MAX        8192
#define XN_DEVICES_MAX      8192
#define XN_METERS_MAX       32768
#define XN_VMS_MAX          81920

/* One plan: moves and power steps together. */
#define XN_STEPS_MAX        512
/* What one core step can ask for; a tick of a site in trouble raises an alarm per meter at most. */
#define XN_ACTIONS_MAX      4096
/* Alarms that are raised at one time. */
#define XN_ALARMS_MAX       1024
/* Decisions kept for `xanh vm why`. */
#define XN_NOTES_MAX        1024
/* Platforms, and agencies, that the VMs of one interval belong to; more share the last row. */
#define XN_GROUPS_MAX       1024
/* Corrections of the ledger on their way; a step takes in a few and lets as many go. */
#define XN_CORRECTIONS_MAX  256

/* One agent's points: slots of its frames (a rack has about 100; 40 devices of 100 with room). */
#define XN_SLOTS_MAX        4096
/* A frame on the wire and in the spool: header, slots x (slot, quality, value). */
#define XN_FRAME_BYTES_MAX  (64u + XN_SLOTS_MAX * 12u)
/* One upload: frames of a spool being replayed. */
#define XN_UPLOAD_BYTES_MAX (1u << 20)

#endif
