/*
 * xanh-sim: the real core against a simulated site with faults, from a seed.
 *
 *   xanh-sim --seeds 200            seeds 1..200; one line each that fails, a summary at the end
 *   xanh-sim --seed 17 --trace      one seed, told as a story
 *   xanh-sim --seeds 50 --break twice   with a seeded mistake: must fail
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/site.h"

static const char *const breaks[] = {"nothing", "twice", "resume", "stale", "forget", "ledger"};

static struct site site;

static bool
run(uint64_t seed, int minutes, enum sim_break broken, FILE *trace, uint64_t *ret_hash)
{
	bool ok = site_live(&site, seed, minutes, broken, trace);

	*ret_hash = site.hash;
	if (!ok)
		printf("seed %llu: %s\n", (unsigned long long)seed, site.failure);
	return ok;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"seed", 1, NULL, 's'}, {"seeds", 1, NULL, 'n'},
	    {"minutes", 1, NULL, 'm'}, {"break", 1, NULL, 'b'}, {"trace", 0, NULL, 't'}, {0}};
	uint64_t first = 1, last = 1, failed = 0, moves = 0, crashes = 0, hash, again;
	enum sim_break broken = BREAK_NOTHING;
	FILE *trace = NULL;
	int minutes = 180;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 's')
			first = last = strtoull(optarg, NULL, 10);
		else if (c == 'n')
			last = strtoull(optarg, NULL, 10);
		else if (c == 'm')
			minutes = atoi(optarg);
		else if (c == 't')
			trace = stdout;
		else if (c == 'b')
			while (broken < BREAK_LEDGER && strcmp(breaks[broken], optarg) != 0)
				broken++;
		else
			return 64;
	}
	for (uint64_t seed = first; seed <= last; seed++) {
		failed += !run(seed, minutes, broken, trace, &hash);
		moves += site.moves;
		crashes += site.crashes;
		site_free(&site);
		if (seed % 50 != 0)
			continue;
		failed += !run(seed, minutes, broken, NULL, &again);
		site_free(&site);
		if (hash != again) {
			printf("seed %llu: I30: two runs differ\n", (unsigned long long)seed);
			failed++;
		}
	}
	printf("%llu seeds, %llu moves, %llu crashes, %llu failed\n",
	    (unsigned long long)(last - first + 1), (unsigned long long)moves,
	    (unsigned long long)crashes, (unsigned long long)failed);
	return failed > 0;
}
