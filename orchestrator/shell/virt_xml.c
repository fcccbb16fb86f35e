#include "orchestrator/shell/virt_xml.h"

#include <string.h>

struct cursor {
	const char *at;
	const char *end;
};

enum tag_kind { TAG_NONE, TAG_OPEN, TAG_CLOSE, TAG_EMPTY };

struct tag {
	enum tag_kind kind;
	const char *name;
	size_t name_length;
	struct cursor attributes;
};

struct attribute {
	const char *name;
	size_t name_length;
	const char *value;
	size_t value_length;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_blanks(struct cursor *in)
{
	while (in->at < in->end && is_blank(*in->at))
		in->at++;
}

static bool
starts(const struct cursor *in, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(in->end - in->at) >= length && memcmp(in->at, text, length) == 0;
}

/* Goes behind the next `text`, or to the end. */
static void
skip_past(struct cursor *in, const char *text)
{
	size_t length = strlen(text);
	const char *found = memmem(in->at, (size_t)(in->end - in->at), text, length);

	in->at = found == NULL ? in->end : found + length;
}

/* To the '>' that ends a tag; one within quotes does not. */
static const char *
tag_end(struct cursor in)
{
	char quote = 0;

	for (; in.at < in.end; in.at++) {
		if (quote != 0)
			quote = *in.at == quote ? 0 : quote;
		else if (*in.at == '"' || *in.at == '\'')
			quote = *in.at;
		else if (*in.at == '>')
			return in.at;
	}
	return NULL;
}

static struct tag
cut_tag(struct cursor *in)
{
	struct tag tag = {.kind = TAG_OPEN};
	const char *end = tag_end(*in);

	if (end == NULL) {
		in->at = in->end;
		return (struct tag){.kind = TAG_NONE};
	}
	in->at++;
	if (*in->at == '/') {
		tag.kind = TAG_CLOSE;
		in->at++;
	} else if (end[-1] == '/') {
		tag.kind = TAG_EMPTY;
	}
	tag.name = in->at;
	while (in->at < end && !is_blank(*in->at) && *in->at != '/')
		in->at++;
	tag.name_length = (size_t)(in->at - tag.name);
	tag.attributes = (struct cursor){.at = in->at, .end = end};
	in->at = end + 1;
	return tag;
}

/* The next tag; comments, instructions and CDATA are passed over. */
static struct tag
next_tag(struct cursor *in)
{
	for (;;) {
		const char *found = memchr(in->at, '<', (size_t)(in->end - in->at));

		in->at = found == NULL ? in->end : found;
		if (found == NULL)
			return (struct tag){.kind = TAG_NONE};
		if (starts(in, "<!--"))
			skip_past(in, "-->");
		else if (starts(in, "<![CDATA["))
			skip_past(in, "]]>");
		else if (starts(in, "<?") || starts(in, "<!"))
			skip_past(in, ">");
		else
			return cut_tag(in);
	}
}

static bool
next_attribute(struct cursor *in, struct attribute *ret_attribute)
{
	const char *close;

	skip_blanks(in);
	ret_attribute->name = in->at;
	while (in->at < in->end && *in->at != '=' && !is_blank(*in->at))
		in->at++;
	ret_attribute->name_length = (size_t)(in->at - ret_attribute->name);
	skip_blanks(in);
	if (in->at >= in->end || *in->at != '=')
		return false;
	in->at++;
	skip_blanks(in);
	if (in->at >= in->end || (*in->at != '"' && *in->at != '\''))
		return false;
	close = memchr(in->at + 1, *in->at, (size_t)(in->end - in->at - 1));
	if (close == NULL)
		return false;
	ret_attribute->value = in->at + 1;
	ret_attribute->value_length = (size_t)(close - in->at - 1);
	in->at = close + 1;
	return true;
}

static bool
is(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool
has(const struct tag *tag, const char *name, const char *value)
{
	struct cursor in = tag->attributes;
	struct attribute attribute;

	while (next_attribute(&in, &attribute))
		if (is(attribute.name, attribute.name_length, name))
			return is(attribute.value, attribute.value_length, value);
	return false;
}

/* ---- lockable ---- */

#define DEPTH_MAX 64

struct disk {
	bool file, writable, shared;
};

static void
look_at_disk(const struct tag *tag, int depth, struct disk *disk)
{
	if (depth == 2)
		*disk = (struct disk){.file = has(tag, "type", "file"),
		    .writable = !has(tag, "device", "cdrom") && !has(tag, "device", "floppy")};
	else if (depth == 3 && is(tag->name, tag->name_length, "readonly"))
		disk->writable = false;
	else if (depth == 3 && is(tag->name, tag->name_length, "shareable"))
		disk->shared = true;
}

bool
xn_virt_xml_lockable(const char *xml, size_t length)
{
	struct cursor in = {.at = xml, .end = xml + length};
	struct disk disk = {.file = false};
	/* domain, devices, disk: the only path that counts, whatever stands inside metadata. */
	bool on_path[3] = {false, false, false};
	int depth = 0;

	for (struct tag tag = next_tag(&in); tag.kind != TAG_NONE; tag = next_tag(&in)) {
		if (tag.kind == TAG_CLOSE) {
			if (--depth < 0)
				return false;
			if (depth == 2 && on_path[2] && disk.file && disk.writable && !disk.shared)
				return true;
			continue;
		}
		if (depth < 3) {
			static const char *const path[3] = {"domain", "devices", "disk"};

			on_path[depth] = is(tag.name, tag.name_length, path[depth]) &&
			    (depth == 0 || on_path[depth - 1]);
		}
		if (depth >= 2 && on_path[2])
			look_at_disk(&tag, depth, &disk);
		if (tag.kind == TAG_OPEN && ++depth > DEPTH_MAX)
			return false;
	}
	return false;
}

/* ---- metadata ---- */

void
xn_virt_text_copy(const char *text, char *ret_text, size_t size)
{
	size_t length = strnlen(text, size - 1);

	if (text[length] != '\0') /* cut: not in the middle of a character */
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		ret_text[i] = c < 0x20 || c == 0x7f ? '?' : text[i];
	}
	ret_text[length] = '\0';
}

static const struct {
	const char *name;
	char character;
} entities[] = {
    {"&amp;", '&'},
    {"&lt;", '<'},
    {"&gt;", '>'},
    {"&quot;", '"'},
    {"&apos;", '\''},
};

/* One character or entity; 0 for what a value may not hold. */
static char
next_character(struct cursor *in)
{
	if (*in->at == '&') {
		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
			if (starts(in, entities[i].name)) {
				in->at += strlen(entities[i].name);
				return entities[i].character;
			}
		}
		return 0;
	}
	if ((unsigned char)*in->at < 0x20 || *in->at == 0x7f)
		return 0;
	return *in->at++;
}

static bool
read_value(const struct attribute *attribute, char *ret_text, size_t size)
{
	struct cursor in = {
	    .at = attribute->value, .end = attribute->value + attribute->value_length};
	char text[XN_LABELS_SIZE];
	size_t used = 0;

	while (in.at < in.end) {
		char c = next_character(&in);

		if (c == 0 || used + 1 >= size || used + 1 >= sizeof(text))
			return false;
		text[used++] = c;
	}
	text[used] = '\0';
	memcpy(ret_text, text, used + 1);
	return true;
}

static void
read_level(const struct attribute *attribute, uint8_t *level)
{
	if (attribute->value_length == 1 && *attribute->value >= '1' && *attribute->value <= '5')
		*level = (uint8_t)(*attribute->value - '0');
}

static void
read_attribute(const struct attribute *attribute, struct xn_vm_facts *facts)
{
	const char *name = attribute->name;
	size_t length = attribute->name_length;

	if (is(name, length, "group"))
		read_value(attribute, facts->group, sizeof(facts->group));
	else if (is(name, length, "platform"))
		read_value(attribute, facts->platform, sizeof(facts->platform));
	else if (is(name, length, "agency"))
		read_value(attribute, facts->agency, sizeof(facts->agency));
	else if (is(name, length, "labels"))
		read_value(attribute, facts->labels, sizeof(facts->labels));
	else if (is(name, length, "security-level"))
		read_level(attribute, &facts->security_level);
	else if (is(name, length,
		     "movable")) /* anything but a plain yes keeps the VM where it is */
		facts->movable = is(attribute->value, attribute->value_length, "yes") ||
		    is(attribute->value, attribute->value_length, "true");
}

void
xn_virt_metadata_read(const char *xml, size_t length, struct xn_vm_facts *facts)
{
	struct cursor in = {.at = xml, .end = xml + length};
	struct tag tag = next_tag(&in);
	struct attribute attribute;

	if (tag.kind != TAG_OPEN && tag.kind != TAG_EMPTY)
		return;
	if (tag.attributes.end > tag.attributes.at && tag.attributes.end[-1] == '/')
		tag.attributes.end--;
	while (next_attribute(&tag.attributes, &attribute))
		read_attribute(&attribute, facts);
}
