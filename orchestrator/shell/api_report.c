/* Reports: made by the reporter's thread (reporter.h); here is only which job a route is. */
#include "orchestrator/shell/api.h"

static void
ask(struct xn_call *call, const char *action)
{
	xn_reporter_ask(call->daemon->reporter, call->request, action, call->actor, call->argument);
}

void
xn_api_reports(struct xn_call *call)
{
	ask(call, "list");
}

void
xn_api_report_export(struct xn_call *call)
{
	ask(call, "export");
}

void
xn_api_report_freeze(struct xn_call *call)
{
	ask(call, "freeze");
}

void
xn_api_report_file(struct xn_call *call)
{
	ask(call, "file");
}

void
xn_api_report_schedules(struct xn_call *call)
{
	ask(call, "schedule-list");
}

void
xn_api_report_schedule_add(struct xn_call *call)
{
	ask(call, "schedule-add");
}

void
xn_api_report_schedule_remove(struct xn_call *call)
{
	ask(call, "schedule-remove");
}
