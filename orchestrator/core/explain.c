#include "orchestrator/core/explain.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
xn_note(struct xn_core *core, struct xn_actions *actions, uint32_t vm, const char *subject,
    const char *format, ...)
{
	uint32_t number = (uint32_t)core->note_count++;
	struct xn_note *note = &core->notes[number % XN_NOTES_MAX];
	struct xn_action *action = xn_act(actions, XN_ACT_NOTE);
	va_list args;

	memset(note, 0, sizeof(*note));
	note->at = core->now;
	note->vm = vm;
	note->next = XN_NONE;
	snprintf(note->subject, sizeof(note->subject), "%s", subject);
	va_start(args, format);
	vsnprintf(note->text, sizeof(note->text), format, args);
	va_end(args);
	if (vm != XN_NONE) {
		assert(vm < core->vm_count);
		note->next = core->vms[vm].note;
		core->vms[vm].note = number;
	}
	memcpy(action->note.subject, note->subject, sizeof(note->subject));
	memcpy(action->note.text, note->text, sizeof(note->text));
}

/* Whether note `number` is still in the ring and is about this VM. */
static bool
note_lives(const struct xn_core *core, uint32_t number, uint32_t vm)
{
	return number != XN_NONE && number < core->note_count &&
	    core->note_count - number <= XN_NOTES_MAX &&
	    core->notes[number % XN_NOTES_MAX].vm == vm;
}

uint32_t
xn_explain_vm(
    const struct xn_core *core, uint32_t vm, uint32_t max, const struct xn_note **ret_notes)
{
	uint32_t number = core->vms[vm].note;
	uint32_t count = 0;

	while (count < max && note_lives(core, number, vm)) {
		const struct xn_note *note = &core->notes[number % XN_NOTES_MAX];

		assert(note->next == XN_NONE || note->next < number); /* invariant 2 */
		ret_notes[count++] = note;
		number = note->next;
	}
	return count;
}
