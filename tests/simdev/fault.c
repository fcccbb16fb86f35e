#include "tests/simdev/fault.h"

#include <stdio.h>
#include <string.h>

const struct xn_fault_kind xn_faults[XN_FAULTS] = {
    [XN_FAULT_NONE] = {"none", true, true, 0, "does what it should"},
    [XN_FAULT_SILENT] = {"silent", true, true, 0, "takes requests and does not answer"},
    [XN_FAULT_GARBAGE] = {"garbage", true, true, 0, "answers bytes that mean nothing"},
    [XN_FAULT_TRUNCATED] = {"truncated", true, true, 0, "answers half of the bytes"},
    [XN_FAULT_WRONG_ID] = {"wrong-id", true, true, 0, "answers with another request's id"},
    [XN_FAULT_SLOW] = {"slow", true, true, 3000, "answers N ms late (or slow= of its line)"},
    [XN_FAULT_LATE] = {"late", true, true, 0, "answers when the next request is there"},
    [XN_FAULT_LOSS] = {"loss", true, true, 3, "loses every N-th answer"},
    [XN_FAULT_SENTINEL] = {"sentinel", true, true, 0, "has its vendor's none in moving values"},
    [XN_FAULT_NAN] = {"nan", true, true, 0, "has NaN in moving values (integers: none)"},
    [XN_FAULT_FROZEN] = {"frozen", true, true, 0, "answers the same values for ever"},
    [XN_FAULT_OFF] = {"off", true, true, 0, "has its port closed"},
    [XN_FAULT_RESET_ENERGY] = {"reset-energy", true, true, 0, "sets its energy to 0, once"},
    [XN_FAULT_WRAP_ENERGY] = {"wrap-energy", true, true, 5,
	"sets its energy so that it rolls over in N s, once"},
    [XN_FAULT_TEXT] = {"text", true, false, 0, "writes numbers as \"35 C\" and \"0.0 Amp\""},
    [XN_FAULT_NOT_AVAILABLE] = {"not-available", true, false, 0, "writes \"N/A\" for numbers"},
    [XN_FAULT_UNPLUGGED] = {"unplugged", true, false, 0,
	"has lost a sensor, and the rows behind it moved up"},
    [XN_FAULT_LOOP] = {"loop", true, false, 0, "goes back to a column's begin at its end"},
    [XN_FAULT_STUCK] = {"stuck", true, false, 0, "gives a walk the object it has"},
    [XN_FAULT_REFUSING] = {"refusing", true, false, 0,
	"has lost an object, and refuses a whole GET for such a one, as v1"},
    [XN_FAULT_REFUSING_BLINDLY] = {"refusing-blindly", true, false, 0,
	"the same, and does not say for which"},
    [XN_FAULT_TOO_BIG] = {"too-big", true, false, 4, "answers N variables, or that it is too big"},
    [XN_FAULT_NO_BULK] = {"no-bulk", true, false, 0, "refuses GETBULK"},
    [XN_FAULT_DRIBBLE] = {"dribble", false, true, 300, "answers a byte each N ms"},
    [XN_FAULT_WRONG_UNIT] = {"wrong-unit", false, true, 0, "answers as another unit"},
    [XN_FAULT_SHORT] = {"short", false, true, 0, "answers a register fewer, frame in order"},
    [XN_FAULT_LONG] = {"long", false, true, 0, "answers a register more, frame in order"},
    [XN_FAULT_EXCEPTION_0A] = {"exception-0a", false, true, 0, "is a gateway without a path to it"},
    [XN_FAULT_EXCEPTION_0B] = {"exception-0b", false, true, 0,
	"is a gateway that gets no answer from it"},
    [XN_FAULT_HALF_OPEN] = {"half-open", false, true, 0,
	"is gone without a word; its connections stand, and break once it is back"},
};

enum xn_fault
xn_fault_named(const char *word)
{
	unsigned fault = 0;

	while (fault < XN_FAULTS && strcmp(xn_faults[fault].word, word) != 0)
		fault++;
	return (enum xn_fault)fault;
}

void
xn_fault_help(char *ret_text, size_t size)
{
	FILE *out = fmemopen(ret_text, size, "w");

	if (out == NULL)
		return;
	fprintf(out,
	    "usage: simdev CONFIG                   serves devices until it is ended\n"
	    "       simdev ctl SOCKET COMMAND...    see the commands below\n"
	    "       simdev crowd ADDRESS:PORT COUNT COMMUNITY RECORDING...\n"
	    "                                       many SNMP devices that never move\n"
	    "commands:\n"
	    "  list | served | points DEVICE | get DEVICE POINT | set DEVICE POINT VALUE\n"
	    "  fault DEVICE FAULT [N] | clear DEVICE | help\n"
	    "faults (tests/simdev/README.md):\n");
	for (unsigned i = 1; i < XN_FAULTS; i++) {
		const struct xn_fault_kind *kind = &xn_faults[i];

		fprintf(out, "  %-16s %-6s %s", kind->word,
		    !kind->modbus     ? "SNMP"
			: !kind->snmp ? "Modbus"
				      : "both",
		    kind->does);
		if (kind->usual != 0)
			fprintf(out, " (N=%u)", kind->usual);
		fputc('\n', out);
	}
	fclose(out);
}
