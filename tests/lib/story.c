#include "tests/lib/story.h"

#include <stdlib.h>
#include <string.h>

struct story {
	struct site site; /* first: a site of story_begin is a story */
	FILE *trace;
	char *told;
	size_t size;
	size_t read; /* up to here it was given out */
	char *given;
};

struct site *
story_begin(void)
{
	struct story *story = calloc(1, sizeof(*story));

	if (story == NULL)
		abort();
	world_begin(&story->site.world, 1);
	return &story->site;
}

void
story_start(struct site *site, const char *policy)
{
	struct story *story = (struct story *)site;

	story->trace = open_memstream(&story->told, &story->size);
	if (story->trace == NULL)
		abort();
	site_begin(site, policy, BREAK_NOTHING, story->trace);
}

const char *
story_told(struct site *site)
{
	struct story *story = (struct story *)site;

	fflush(story->trace);
	free(story->given);
	story->given = strdup(story->told + story->read);
	story->read = story->size;
	return story->given;
}

void
story_end(struct site *site)
{
	struct story *story = (struct story *)site;

	fclose(story->trace);
	free(story->told);
	free(story->given);
	site_free(site);
	free(story);
}
