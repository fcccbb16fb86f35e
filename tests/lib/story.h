/*
 * Story: a test that reads as what an operator would see. The world is set up by name, seconds
 * pass, people ask, and what was decided is compared with the text that is the specification.
 *
 *     struct site *s = story_begin();
 *     world_add_rack(&s->world, "r1", xn_watts(900)); ...
 *     story_start(s, policy);
 *     site_pass(s, 60);
 *     EXPECT_STORY(s, "[  30] ...\n");
 *
 * Lines are the notes, alarms and requests of the core since the last EXPECT_STORY, with seconds
 * since the start.
 */
#ifndef XN_TESTS_LIB_STORY_H
#define XN_TESTS_LIB_STORY_H

#include "tests/lib/site.h"

struct site *story_begin(void);
void story_start(struct site *site, const char *policy);
void story_end(struct site *site);

/* What was told since the last call; valid until the next. */
const char *story_told(struct site *site);

#define EXPECT_STORY(site, expected) assert_string_equal(story_told(site), expected)

#endif
