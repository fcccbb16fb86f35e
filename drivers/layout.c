#include "drivers/layout.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/profiles.h"

/* Address space; pages cost memory once touched. */
#define LAYOUT_BYTES (16u << 20)
#define MAKING_BYTES (1u << 20)
#define NAMES_SIZE   (2 * XN_LAYOUT_POINTS_MAX)

#define PRINT_START  UINT64_C(0xcbf29ce484222325) /* FNV-1a, 64 bits */
#define PRINT_PRIME  UINT64_C(0x100000001b3)

static uint64_t
mix(uint64_t print, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		print = (print ^ at[i]) * PRINT_PRIME;
	return print;
}

struct xn_layout *
xn_layout_new(void)
{
	struct xn_layout *layout = calloc(1, sizeof(*layout));

	if (layout == NULL)
		return NULL;
	xn_arena_map(&layout->making, MAKING_BYTES);
	layout->names = xn_new(&layout->making, uint16_t, NAMES_SIZE);
	layout->points = xn_new(&layout->making, struct xn_point, XN_LAYOUT_POINTS_MAX);
	xn_arena_map(&layout->arena, LAYOUT_BYTES);
	layout->print = PRINT_START;
	return layout;
}

/* Where a name stands among `names`, or the free place where it would. */
static unsigned
place_of(const struct xn_layout *layout, const char *name)
{
	unsigned at = (unsigned)(mix(PRINT_START, name, strlen(name)) % NAMES_SIZE);

	while (
	    layout->names[at] != 0 && strcmp(layout->points[layout->names[at] - 1].name, name) != 0)
		at = (at + 1) % NAMES_SIZE;
	return at;
}

int
xn_layout_find(const struct xn_layout *layout, const char *name)
{
	if (layout->names != NULL)
		return (int)layout->names[place_of(layout, name)] - 1;
	for (unsigned i = 0; i < layout->count; i++) {
		if (strcmp(layout->points[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

void
xn_layout_mix(struct xn_layout *layout, const void *bytes, size_t size)
{
	layout->print = mix(layout->print, bytes, size);
}

static void
mix_scale(struct xn_layout *layout, const struct xn_scale *scale)
{
	xn_layout_mix(layout, &scale->num, sizeof(scale->num));
	xn_layout_mix(layout, &scale->den, sizeof(scale->den));
	xn_layout_mix(layout, &scale->degrees, sizeof(scale->degrees));
}

static void
mix_point(struct xn_layout *layout, const struct xn_point *point)
{
	const struct xn_rule *rule = point->rule;

	xn_layout_mix(layout, point->name, strlen(point->name) + 1);
	xn_layout_mix(layout, point->source, strlen(point->source) + 1);
	xn_layout_mix(layout, &rule->class_, sizeof(rule->class_));
	mix_scale(layout, &rule->scale);
	mix_scale(layout, &rule->other_scale);
	xn_layout_mix(layout, &rule->encoding, sizeof(rule->encoding));
	xn_layout_mix(layout, &rule->mask, sizeof(rule->mask));
	xn_layout_mix(layout, &rule->windowed, sizeof(rule->windowed));
	xn_layout_mix(layout, &rule->min, sizeof(rule->min));
	xn_layout_mix(layout, &rule->max, sizeof(rule->max));
	xn_layout_mix(layout, &rule->counter_bits, sizeof(rule->counter_bits));
	xn_layout_mix(layout, &rule->counter_resets, sizeof(rule->counter_resets));
	/* Lists and texts are the profile's: the same list, the same profile. */
	xn_layout_mix(layout, &rule->none, sizeof(rule->none));
	xn_layout_mix(layout, &rule->words, sizeof(rule->words));
	xn_layout_mix(layout, &rule->doubt, sizeof(rule->doubt));
}

int
xn_layout_add(struct xn_layout *layout, const char *name, const char *source,
    const struct xn_rule *rule, bool computed)
{
	char unique[XN_POINT_NAME_SIZE];
	struct xn_point *point = &layout->points[layout->count];
	unsigned place;

	assert(layout->names != NULL); /* invariant 2 */
	if (layout->count == XN_LAYOUT_POINTS_MAX)
		return -1;
	snprintf(unique, sizeof(unique), "%s", name);
	for (unsigned n = 2; layout->names[place = place_of(layout, unique)] != 0; n++)
		snprintf(unique, sizeof(unique), "%.*s.%u", XN_POINT_NAME_SIZE - 12, name, n);
	*point = (struct xn_point){
	    .name = xn_text(&layout->arena, "%s", unique),
	    .source = xn_text(&layout->arena, "%s", source),
	    .rule = rule,
	    .computed = computed,
	};
	layout->names[place] = (uint16_t)++layout->count;
	mix_point(layout, point);
	return (int)layout->count - 1;
}

void
xn_layout_add_sums(struct xn_layout *layout, const struct xn_profile *profile)
{
	for (unsigned i = 0; i < profile->point_count; i++) {
		const struct xn_point_spec *spec = &profile->points[i];

		if (spec->from == XN_FROM_SUM && xn_layout_find(layout, spec->name) < 0)
			xn_layout_add(layout, spec->name, "", &spec->rule, true);
	}
}

static bool
is_same(const struct xn_layout *a, const struct xn_layout *b)
{
	if (a->print != b->print || a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (strcmp(a->points[i].name, b->points[i].name) != 0 ||
		    strcmp(a->points[i].source, b->points[i].source) != 0)
			return false;
	}
	return true;
}

struct xn_layout *
xn_layout_share(struct xn_layout *layout, struct xn_profiles *profiles)
{
	struct xn_point *points = xn_new(&layout->arena, struct xn_point, layout->count + 1);
	struct xn_layout *same;

	memcpy(points, layout->points, layout->count * sizeof(points[0]));
	layout->points = points;
	layout->names = NULL;
	xn_arena_unmap(&layout->making);
	pthread_mutex_lock(&profiles->lock);
	for (same = profiles->layouts; same != NULL && !is_same(same, layout);)
		same = same->next;
	if (same == NULL) {
		same = layout;
		same->next = profiles->layouts;
		profiles->layouts = same;
	}
	same->users++;
	pthread_mutex_unlock(&profiles->lock);
	if (same != layout)
		xn_layout_drop(layout, NULL);
	return same;
}

/* Takes it out of the library's list; false while others use it. */
static bool
leave(struct xn_layout *layout, struct xn_profiles *profiles)
{
	struct xn_layout **at;
	bool last;

	pthread_mutex_lock(&profiles->lock);
	last = --layout->users == 0;
	for (at = &profiles->layouts; last && *at != NULL; at = &(*at)->next) {
		if (*at == layout) {
			*at = layout->next;
			break;
		}
	}
	pthread_mutex_unlock(&profiles->lock);
	return last;
}

void
xn_layout_drop(struct xn_layout *layout, struct xn_profiles *profiles)
{
	if (layout == NULL || (profiles != NULL && !leave(layout, profiles)))
		return;
	xn_arena_unmap(&layout->making);
	xn_arena_unmap(&layout->arena);
	free(layout);
}
