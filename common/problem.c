#include "common/problem.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* A sentence quotes what a person wrote; a value of 64 KiB is not worth reading in full. */
#define SENTENCE_MAX 400
/* Problems kept for printing; a file of 4 MiB cannot make the arena overflow. */
#define KEPT_MAX     (1u << 16)
/* Less room than one problem may take. */
#define ROOM_MIN     4096

void
xn_problems_init(struct xn_problems *problems, struct xn_arena *arena)
{
	*problems = (struct xn_problems){.arena = arena};
}

bool
xn_problems_listen(const struct xn_problems *problems)
{
	return problems->count < KEPT_MAX && xn_arena_room(problems->arena) >= ROOM_MIN;
}

/* Length of `text` within `max`, not cutting a UTF-8 character in two. */
static size_t
whole_length(const char *text, size_t max)
{
	size_t length = strnlen(text, max);

	if (length == max)
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	return length;
}

void
xn_problem_add(
    struct xn_problems *problems, struct xn_mark mark, const char *advice, const char *format, ...)
{
	char sentence[SENTENCE_MAX + 1];
	struct xn_problem *problem;
	va_list args;

	assert(mark.source != NULL);
	if (!xn_problems_listen(problems)) {
		problems->count++;
		return;
	}
	problems->count++;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	problem = xn_new(problems->arena, struct xn_problem, 1);
	problem->mark = mark;
	problem->text =
	    xn_text_copy(problems->arena, sentence, whole_length(sentence, SENTENCE_MAX));
	if (advice != NULL)
		problem->advice =
		    xn_text_copy(problems->arena, advice, whole_length(advice, SENTENCE_MAX));
	problem->next = problems->first;
	problems->first = problem;
}
