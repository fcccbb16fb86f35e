#include "drivers/snmp_control.h"

#include <stdlib.h>

#include "drivers/snmp_session.h"

struct xn_snmp_control {
	const char *device;
	struct xn_hub *hub;
	struct xn_snmp_session *session;
	/* Of the question under way. */
	bool answered;
	int code;
	struct xn_error err;
	long status; /* the response's error */
	bool integer;
	int64_t value;
};

/* An integer of the first variable, which must be the one that was asked for. */
static void
take_value(struct xn_snmp_control *control, const struct xn_snmp_answer *answer)
{
	const netsnmp_variable_list *variable = answer->variables;

	control->status = answer->errstat;
	control->integer = variable != NULL && variable->val.integer != NULL &&
	    (variable->type == ASN_INTEGER || variable->type == ASN_GAUGE ||
		variable->type == ASN_COUNTER || variable->type == ASN_TIMETICKS);
	if (control->integer)
		control->value = variable->type == ASN_INTEGER
		    ? (int32_t)*variable->val.integer
		    : (int64_t)(uint32_t)*variable->val.integer;
}

static void
on_answered(void *to, const struct xn_snmp_answer *answer, int code, const struct xn_error *err)
{
	struct xn_snmp_control *control = to;

	control->answered = true;
	control->code = code;
	if (code < 0)
		control->err = *err;
	else
		take_value(control, answer);
}

/* One object; `command` is a SET of the permit's value, or a GET. */
static netsnmp_pdu *
new_pdu(int command, const struct xn_permit *permit)
{
	const struct xn_allowed *allowed = xn_permit_allowed(permit);
	netsnmp_pdu *pdu = snmp_pdu_create(command);
	long value = (long)xn_permit_value(permit);
	u_char type = allowed->tag == XN_SNMP_GAUGE ? ASN_GAUGE : ASN_INTEGER;
	oid name[XN_OID_MAX];

	if (pdu == NULL)
		return NULL;
	for (unsigned i = 0; i < allowed->oid.count; i++)
		name[i] = allowed->oid.id[i];
	if (command == SNMP_MSG_SET)
		snmp_pdu_add_variable(pdu, name, allowed->oid.count, type, &value, sizeof(value));
	else
		snmp_add_null_var(pdu, name, allowed->oid.count);
	return pdu;
}

static int
ask(struct xn_snmp_control *control, int command, const struct xn_permit *permit, int64_t deadline,
    struct xn_error *err)
{
	netsnmp_pdu *pdu;

	xn_snmp_library_lock();
	pdu = new_pdu(command, permit);
	xn_snmp_library_unlock();
	control->answered = false;
	xn_snmp_session_ask(control->session, pdu, deadline);
	while (!control->answered)
		xn_hub_turn(control->hub, XN_HUB_TICK_MS, -1);
	if (control->code < 0)
		return xn_fail(err, (enum xn_code)control->code, "%s", control->err.text);
	if (control->status != SNMP_ERR_NOERROR)
		return xn_fail(err, XN_EDEVICE, "%s", snmp_errstring((int)control->status));
	return XN_OK;
}

static int
write_permit(void *to, const struct xn_permit *permit, int64_t deadline, struct xn_error *err)
{
	if (xn_permit_allowed(permit)->kind != XN_ALLOW_OID)
		return xn_fail(
		    err, XN_EREFUSED, "a register of Modbus, but the device speaks SNMP");
	return ask(to, SNMP_MSG_SET, permit, deadline, err);
}

static int
read_place(void *to, const struct xn_permit *permit, int64_t deadline, int64_t *ret_value,
    struct xn_error *err)
{
	struct xn_snmp_control *control = to;
	int code = ask(control, SNMP_MSG_GET, permit, deadline, err);

	if (code == XN_OK && !control->integer)
		return xn_fail(err, XN_EDEVICE, "reads no number");
	*ret_value = control->value;
	return code;
}

int
xn_snmp_control_open(struct xn_snmp_control **ret_control, struct xn_url *url, const char *device,
    struct xn_error *err)
{
	struct xn_snmp_control *control = calloc(1, sizeof(*control));
	int code;

	if (control == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	control->device = device;
	code = xn_hub_open(&control->hub, err);
	if (code == XN_OK)
		code = xn_snmp_session_open(
		    &control->session, control->hub, url, on_answered, control, err);
	if (code < 0) {
		xn_snmp_control_close(control);
		return code;
	}
	*ret_control = control;
	return XN_OK;
}

void
xn_snmp_control_close(struct xn_snmp_control *control)
{
	if (control == NULL)
		return;
	xn_snmp_session_close(control->session);
	xn_hub_close(control->hub);
	free(control);
}

struct xn_control_port
xn_snmp_control_port(struct xn_snmp_control *control)
{
	return (struct xn_control_port){
	    .device = control->device, .to = control, .write = write_permit, .read = read_place};
}
