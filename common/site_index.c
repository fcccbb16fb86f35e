#include "common/site_build.h"

#include <assert.h>
#include <string.h>

/* FNV-1a */
static uint64_t
hash_of(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return hash;
}

/* The row that holds the name, or the empty one where it belongs. */
static struct xn_site_index_row *
row_of(const struct xn_site_index *index, const char *name, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (index->size - 1);

	while (index->rows[at].name != NULL &&
	    (index->rows[at].hash != hash || strcmp(index->rows[at].name, name) != 0))
		at = (at + 1) & (index->size - 1);
	return &index->rows[at];
}

uint32_t
xn_site_index_find(const struct xn_site_index *index, const char *name)
{
	const struct xn_site_index_row *row;

	if (index->size == 0)
		return XN_NONE;
	row = row_of(index, name, hash_of(name));
	return row->name == NULL ? XN_NONE : row->value;
}

static void
grow(struct xn_arena *arena, struct xn_site_index *index)
{
	struct xn_site_index old = *index;

	index->size = old.size == 0 ? 64 : old.size * 2;
	index->rows = xn_new(arena, struct xn_site_index_row, index->size);
	for (uint32_t i = 0; i < old.size; i++)
		if (old.rows[i].name != NULL)
			*row_of(index, old.rows[i].name, old.rows[i].hash) = old.rows[i];
}

void
xn_site_index_add(
    struct xn_arena *arena, struct xn_site_index *index, const char *name, uint32_t value)
{
	struct xn_site_index_row *row;
	uint64_t hash = hash_of(name);

	if (2 * (index->count + 1) > index->size)
		grow(arena, index);
	row = row_of(index, name, hash);
	assert(row->name == NULL); /* invariant 1 of site_build.h */
	*row = (struct xn_site_index_row){name, hash, value};
	index->count++;
}
