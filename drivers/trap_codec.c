#include "drivers/trap_codec.h"

#include "common/bytes.h"

/* Tags of BER as SNMP has them. */
enum {
	TAG_INTEGER = 0x02,
	TAG_TEXT = 0x04,
	TAG_OID = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_TRAP_V1 = 0xa4,
	TAG_INFORM = 0xa6,
	TAG_TRAP_V2 = 0xa7,
};

#define SECURITY_USM   3
#define FLAG_AUTH      1
#define FLAG_PRIV      2
#define FLAG_REPORTING 4

static struct xn_reader
read_content(struct xn_reader *in, uint8_t *ret_tag)
{
	uint8_t tag = xn_read_u8(in);
	size_t size = xn_read_u8(in);
	struct xn_reader content;

	/* No tag of SNMP has a second byte, and no length is left open. */
	if ((tag & 0x1f) == 0x1f || size == 0x80 || size > 0x84)
		in->short_ = true;
	else if (size > 0x80)
		size = (size_t)xn_read_uint(in, size - 0x80);
	content.at = in->short_ ? NULL : xn_read_bytes(in, size);
	content.left = content.at != NULL ? size : 0;
	content.short_ = in->short_;
	*ret_tag = tag;
	return content;
}

/* The content of a value that has to have this tag. */
static struct xn_reader
enter(struct xn_reader *in, uint8_t wanted)
{
	uint8_t tag;
	struct xn_reader content = read_content(in, &tag);

	if (tag != wanted)
		in->short_ = content.short_ = true;
	return content;
}

static int32_t
read_integer(struct xn_reader *in)
{
	struct xn_reader content = enter(in, TAG_INTEGER);

	if (content.left < 1 || content.left > 4) {
		in->short_ = true;
		return 0;
	}
	return (int32_t)xn_read_uint(&content, content.left);
}

static const uint8_t *
read_text(struct xn_reader *in, size_t *ret_size)
{
	struct xn_reader content = enter(in, TAG_TEXT);

	*ret_size = content.left;
	return content.at;
}

/* Whether what is left is whole values and nothing else. */
static bool
is_values(struct xn_reader *in)
{
	while (in->left > 0 && !in->short_) {
		uint8_t tag;

		read_content(in, &tag);
	}
	return !in->short_;
}

/* What is answered is walked down to its variables: our answer repeats them. */
static bool
is_inform(struct xn_reader *pdu)
{
	struct xn_reader list;

	read_integer(pdu); /* request-id */
	if (read_integer(pdu) != 0 || read_integer(pdu) != 0)
		return false; /* error-status, error-index: those are an answer's */
	list = enter(pdu, TAG_SEQUENCE);
	if (pdu->short_ || pdu->left > 0)
		return false;
	while (list.left > 0 && !list.short_) {
		struct xn_reader variable = enter(&list, TAG_SEQUENCE);
		uint8_t tag;

		enter(&variable, TAG_OID);
		read_content(&variable, &tag);
		if (variable.short_ || variable.left > 0)
			return false;
	}
	return !list.short_;
}

static bool
parse_community(
    struct xn_reader *in, int version, const uint8_t *begin, struct xn_trap_packet *packet)
{
	struct xn_reader pdu;
	uint8_t tag;

	packet->community = read_text(in, &packet->community_size);
	packet->tag_at = (size_t)(in->at - begin);
	pdu = read_content(in, &tag);
	if (in->short_ || in->left > 0)
		return false;
	if (version == 0 && tag == TAG_TRAP_V1)
		packet->kind = XN_TRAP_V1;
	else if (version == 1 && tag == TAG_TRAP_V2)
		packet->kind = XN_TRAP_V2C;
	else if (version == 1 && tag == TAG_INFORM)
		packet->kind = XN_INFORM_V2C;
	else
		return false;
	return tag == TAG_INFORM ? is_inform(&pdu) : is_values(&pdu);
}

static bool
parse_head(struct xn_reader *in, struct xn_trap_packet *packet)
{
	struct xn_reader head = enter(in, TAG_SEQUENCE);
	const uint8_t *flags;
	size_t size;

	read_integer(&head); /* msgID */
	read_integer(&head); /* msgMaxSize */
	flags = read_text(&head, &size);
	if (read_integer(&head) != SECURITY_USM || head.short_ || head.left > 0 || size != 1)
		return false;
	packet->auth = (*flags & FLAG_AUTH) != 0;
	packet->priv = (*flags & FLAG_PRIV) != 0;
	packet->reportable = (*flags & FLAG_REPORTING) != 0;
	return !packet->priv || packet->auth;
}

static bool
parse_security(struct xn_reader *in, struct xn_trap_packet *packet)
{
	struct xn_reader wrapped = enter(in, TAG_TEXT);
	struct xn_reader security = enter(&wrapped, TAG_SEQUENCE);
	size_t size;

	packet->engine = read_text(&security, &packet->engine_size);
	read_integer(&security); /* boots and time of that engine */
	read_integer(&security);
	packet->user = read_text(&security, &packet->user_size);
	read_text(&security, &size); /* the digest, and the salt */
	read_text(&security, &size);
	return !security.short_ && security.left == 0 && wrapped.left == 0 &&
	    packet->engine_size <= XN_TRAP_ENGINE_MAX && packet->user_size <= XN_TRAP_USER_MAX;
}

static bool
parse_version_3(struct xn_reader *in, struct xn_trap_packet *packet)
{
	uint8_t tag;

	packet->kind = XN_TRAP_V3;
	if (!parse_head(in, packet) || !parse_security(in, packet))
		return false;
	read_content(in, &tag);
	return !in->short_ && in->left == 0 && tag == (packet->priv ? TAG_TEXT : TAG_SEQUENCE);
}

bool
xn_trap_parse(const uint8_t *bytes, size_t size, struct xn_trap_packet *ret_packet)
{
	struct xn_reader in = {.at = bytes, .left = size};
	struct xn_reader message = enter(&in, TAG_SEQUENCE);
	struct xn_trap_packet packet = {0};
	int32_t version;
	bool good = false;

	packet.size = (size_t)(in.at - bytes);
	version = read_integer(&message);
	if (!message.short_ && (version == 0 || version == 1))
		good = parse_community(&message, version, bytes, &packet);
	else if (!message.short_ && version == 3)
		good = parse_version_3(&message, &packet);
	if (good)
		*ret_packet = packet;
	return good;
}
