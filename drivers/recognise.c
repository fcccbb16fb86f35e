#include "drivers/recognise.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool
in_round(const struct xn_profile *profile, const struct xn_match *match, unsigned round)
{
	bool identity = match->object_id.count > 0 || match->descr != NULL;

	if (profile->modbus)
		return false;
	return profile->standard ? round == 2 : round == (identity ? 0u : 1u);
}

/* Its sysObjectID and sysDescr are the device's, as far as it names them. */
static bool
identity_fits(const struct xn_recognition *recognition, const struct xn_match *match)
{
	if (match->object_id.count > 0 && !xn_oid_under(&recognition->object_id, &match->object_id))
		return false;
	return match->descr == NULL ||
	    (recognition->descr[0] != '\0' &&
		fnmatch(match->descr, recognition->descr, FNM_CASEFOLD) == 0);
}

static void
add_way(struct xn_recognition *recognition, unsigned profile, const struct xn_match *match)
{
	unsigned at = recognition->way_count;

	if (at == XN_RECOGNISE_WAYS_MAX)
		return;
	recognition->ways[at].profile = profile;
	recognition->ways[at].match = match;
	recognition->ways[at].score =
	    4 * match->object_id.count + (match->descr != NULL ? 2 : 0) + (match->probe.count > 0);
	recognition->ways[at].holds = match->probe.count == 0;
	recognition->way_count++;
	if (match->probe.count > 0) {
		/* What comes after an object's root is the object itself. */
		unsigned count = match->probe.count;

		count -= match->probe.id[count - 1] == 0;
		recognition->probes[recognition->probe_count] =
		    (struct xn_oid_ref){match->probe.id, count};
		recognition->probe_ways[recognition->probe_count++] = at;
	}
}

void
xn_recognise_round(struct xn_recognition *recognition, unsigned round)
{
	const struct xn_profiles *profiles = recognition->profiles;

	recognition->way_count = 0;
	recognition->probe_count = 0;
	for (unsigned i = 0; i < profiles->count; i++) {
		const struct xn_profile *profile = profiles->heads[i];

		for (unsigned k = 0; k < profile->match_count; k++) {
			const struct xn_match *match = &profile->matches[k];

			if (in_round(profile, match, round) && identity_fits(recognition, match))
				add_way(recognition, i, match);
		}
	}
}

static bool
text_fits(const char *pattern, const struct xn_snmp_value *value)
{
	char text[256];

	if (value->tag == XN_SNMP_TEXT || value->tag == XN_SNMP_OID) {
		struct xn_snmp_value plain = *value;

		plain.tag = XN_SNMP_TEXT;
		xn_snmp_text(&plain, text, sizeof(text));
	} else {
		snprintf(text, sizeof(text), "%" PRId64, value->integer);
	}
	return fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

void
xn_recognise_take(
    struct xn_recognition *recognition, unsigned place, const struct xn_snmp_value *value)
{
	unsigned way = recognition->probe_ways[place];
	const struct xn_match *match = recognition->ways[way].match;

	if (value->tag == XN_SNMP_NULL || value->tag >= XN_SNMP_NO_OBJECT)
		return;
	recognition->ways[way].holds = match->text == NULL || text_fits(match->text, value);
}

/* How many ways of this profile hold. */
static unsigned
weight(const struct xn_recognition *recognition, unsigned profile)
{
	unsigned count = 0;

	for (unsigned i = 0; i < recognition->way_count; i++)
		count += recognition->ways[i].holds && recognition->ways[i].profile == profile;
	return count;
}

int
xn_recognise_choose(const struct xn_recognition *recognition, const char **ret_match)
{
	int best = -1;

	for (unsigned i = 0; i < recognition->way_count; i++) {
		if (!recognition->ways[i].holds)
			continue;
		if (best < 0 || recognition->ways[i].score > recognition->ways[best].score ||
		    (recognition->ways[i].score == recognition->ways[best].score &&
			weight(recognition, recognition->ways[i].profile) >
			    weight(recognition, recognition->ways[best].profile)))
			best = (int)i;
	}
	if (best < 0)
		return -1;
	if (recognition->profiles->heads[recognition->ways[best].profile]->standard)
		*ret_match = "standard";
	else if (recognition->ways[best].match->object_id.count > 0)
		*ret_match = "sysObjectID";
	else
		*ret_match = recognition->ways[best].match->descr != NULL ? "sysDescr" : "probe";
	return (int)recognition->ways[best].profile;
}
