#include "tests/simdev/answer.h"

#include <string.h>

#define ANSWER_BYTES_MAX 1300 /* what a GETBULK may fill, so that the answer is one datagram */
#define REPEATERS_MAX    64

/* ---- objects ---- */

/* The library counts the size of integers as bytes of a long, whatever the type. */
static void
add_object(netsnmp_variable_list **list, const struct xn_mib_object *object)
{
	uint8_t tag = object->disguise != 0 ? object->disguise : object->type;
	struct counter64 wide;

	if (tag == ASN_COUNTER64) {
		wide.high = (u_long)(object->wide >> 32);
		wide.low = (u_long)(object->wide & UINT32_MAX);
		snmp_varlist_add_variable(
		    list, object->name, object->name_count, tag, &wide, sizeof(wide));
	} else if (object->bytes != NULL) {
		snmp_varlist_add_variable(
		    list, object->name, object->name_count, tag, object->bytes, object->size);
	} else {
		snmp_varlist_add_variable(list, object->name, object->name_count, tag,
		    &object->number, sizeof(object->number));
	}
}

static size_t
bytes_of(const struct xn_mib_object *object)
{
	return 2 * object->name_count + (object->bytes != NULL ? object->size : 8) + 8;
}

/* A refusing device has lost the object of its last point. */
static bool
is_lost(const struct xn_device *device, const struct xn_mib_object *object)
{
	const struct xn_point *last;

	if (device->point_count == 0 ||
	    (device->fault != XN_FAULT_REFUSING && device->fault != XN_FAULT_REFUSING_BLINDLY))
		return false;
	last = &device->points[device->point_count - 1];
	return object->name_count == last->oid_count &&
	    memcmp(object->name, last->oid, last->oid_count * sizeof(last->oid[0])) == 0;
}

static const struct xn_mib_object *
find(const struct xn_device *device, const xn_mib_arc *name, size_t count)
{
	const struct xn_mib_object *object = xn_mib_get(&device->mib, name, count);

	return object != NULL && !is_lost(device, object) ? object : NULL;
}

static bool
same_column(const struct xn_mib_object *a, const struct xn_mib_object *b)
{
	return a->name_count == b->name_count &&
	    memcmp(a->name, b->name, (a->name_count - 1) * sizeof(a->name[0])) == 0;
}

/* Where a walk comes to next; NULL at the end. */
static const struct xn_mib_object *
after(const struct xn_device *device, const xn_mib_arc *name, size_t count)
{
	const struct xn_mib_object *here = xn_mib_get(&device->mib, name, count);
	const struct xn_mib_object *next = xn_mib_after(&device->mib, name, count);

	if (next != NULL && is_lost(device, next))
		next = xn_mib_after(&device->mib, next->name, next->name_count);
	if (device->fault == XN_FAULT_STUCK && here != NULL)
		return here;
	if (device->fault == XN_FAULT_LOOP && here != NULL &&
	    (next == NULL || !same_column(here, next)))
		return xn_mib_after(&device->mib, name, count - 1);
	return next;
}

/* ---- replies ---- */

static void
refuse(const netsnmp_pdu *request, netsnmp_pdu *reply, long status, long index)
{
	snmp_free_varbind(reply->variables);
	reply->variables = snmp_clone_varbind(request->variables);
	reply->errstat = status;
	reply->errindex = index;
}

/* False when the whole request fails because there is no such object. */
static bool
answer_one(const struct xn_device *device, const netsnmp_variable_list *asked,
    const netsnmp_pdu *request, netsnmp_variable_list **list)
{
	bool next = request->command != SNMP_MSG_GET;
	const struct xn_mib_object *object = next ? after(device, asked->name, asked->name_length)
						  : find(device, asked->name, asked->name_length);

	if (object != NULL) {
		add_object(list, object);
		return true;
	}
	if (request->version == SNMP_VERSION_1 || device->fault == XN_FAULT_REFUSING ||
	    device->fault == XN_FAULT_REFUSING_BLINDLY)
		return false;
	snmp_varlist_add_variable(list, asked->name, asked->name_length,
	    next ? SNMP_ENDOFMIBVIEW : SNMP_NOSUCHINSTANCE, NULL, 0);
	return true;
}

static void
answer_each(const struct xn_device *device, const netsnmp_pdu *request, netsnmp_pdu *reply)
{
	netsnmp_variable_list **list = &reply->variables;
	long index = 0;

	for (const netsnmp_variable_list *asked = request->variables; asked != NULL;
	     asked = asked->next_variable) {
		index++;
		if (device->fault == XN_FAULT_TOO_BIG && index > (long)device->fault_number) {
			refuse(request, reply, SNMP_ERR_TOOBIG, 0);
			return;
		}
		if (!answer_one(device, asked, request, list)) {
			if (device->fault == XN_FAULT_REFUSING_BLINDLY)
				refuse(request, reply, SNMP_ERR_GENERR, 0);
			else
				refuse(request, reply, SNMP_ERR_NOSUCHNAME, index);
			return;
		}
		list = &(*list)->next_variable;
	}
}

/* ---- GETBULK ---- */

/* Where a repeater has come to, and what the answer still takes. */
struct cursor {
	const xn_mib_arc *name;
	size_t count;
};

struct room {
	size_t bytes;
	size_t variables;
};

static bool
take_room(struct room *room, size_t bytes, bool first)
{
	if (!first && (room->bytes < bytes || room->variables == 0))
		return false;
	room->bytes -= bytes < room->bytes ? bytes : room->bytes;
	room->variables -= room->variables > 0;
	return true;
}

/* Appends what follows the cursor; false when the answer is full. */
static bool
advance(const struct xn_device *device, struct cursor *at, struct room *room,
    netsnmp_variable_list **list, bool first, bool *ret_more)
{
	const struct xn_mib_object *object = after(device, at->name, at->count);

	if (!take_room(room, object != NULL ? bytes_of(object) : 2 * at->count + 8, first))
		return false;
	if (object == NULL) {
		snmp_varlist_add_variable(list, at->name, at->count, SNMP_ENDOFMIBVIEW, NULL, 0);
		return true;
	}
	add_object(list, object);
	*at = (struct cursor){object->name, object->name_count};
	*ret_more = true;
	return true;
}

/* One row after the other over all repeaters, until the answer is full or everything has ended. */
static void
answer_repeaters(const struct xn_device *device, const netsnmp_variable_list *asked,
    long repetitions, netsnmp_variable_list **list)
{
	struct room room = {.bytes = ANSWER_BYTES_MAX, .variables = SIZE_MAX};
	netsnmp_variable_list **begin = list;
	struct cursor cursors[REPEATERS_MAX];
	size_t count = 0;
	bool more = true;

	if (device->fault == XN_FAULT_TOO_BIG)
		room.variables = device->fault_number;
	for (; asked != NULL && count < REPEATERS_MAX; asked = asked->next_variable)
		cursors[count++] = (struct cursor){asked->name, asked->name_length};
	for (; more && repetitions > 0; repetitions--) {
		more = false;
		for (size_t i = 0; i < count; i++) {
			if (!advance(device, &cursors[i], &room, list, list == begin, &more) ||
			    *list == NULL)
				return;
			list = &(*list)->next_variable;
		}
	}
}

static void
answer_bulk(const struct xn_device *device, const netsnmp_pdu *request, netsnmp_pdu *reply)
{
	const netsnmp_variable_list *asked = request->variables;
	netsnmp_variable_list **list = &reply->variables;

	for (long i = 0; i < request->non_repeaters && asked != NULL; i++) {
		if (!answer_one(device, asked, request, list)) {
			refuse(request, reply, SNMP_ERR_NOSUCHNAME, i + 1);
			return;
		}
		asked = asked->next_variable;
		list = &(*list)->next_variable;
	}
	answer_repeaters(device, asked, request->max_repetitions, list);
}

void
xn_snmp_answer(const struct xn_device *device, const netsnmp_pdu *request, netsnmp_pdu *reply)
{
	bool v1 = request->version == SNMP_VERSION_1;

	if (request->command == SNMP_MSG_GETBULK && device->fault == XN_FAULT_NO_BULK)
		refuse(request, reply, SNMP_ERR_GENERR, 0);
	else if (request->command == SNMP_MSG_GETBULK)
		answer_bulk(device, request, reply);
	else if (request->command == SNMP_MSG_GET || request->command == SNMP_MSG_GETNEXT)
		answer_each(device, request, reply);
	else
		refuse(request, reply, v1 ? SNMP_ERR_NOSUCHNAME : SNMP_ERR_NOTWRITABLE, 1);
}
