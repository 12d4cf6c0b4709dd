#include "meta/words.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define B(id) WORD_IN(WORD_##id)

#define NUMBERS (B(INTEGER) | B(DECIMAL) | B(MONEY) | B(PERCENT))
#define TEXTS (B(TEXT) | B(EMAIL) | B(PHONE) | B(URL))
#define TIMES (B(DATE) | B(DATETIME) | B(DURATION))
#define SCALARS (NUMBERS | TEXTS | TIMES | B(BOOLEAN) | B(CHOICE))
#define COMPUTED (B(FORMULA) | B(ROLLUP))
#define STORED (SCALARS | B(LOOKUP) | B(FILE) | B(AUTONUMBER))
#define FIELDS (STORED | COMPUTED | B(DETAIL))
/* `change` takes whatever the thing that it names takes; which that is, is known only when names are resolved */
#define ON_SECTION (B(SECTION) | B(EXTEND))
#define IN_LAYOUT (ON_SECTION | B(TAB) | B(GROUP))
#define EDITABLE (SCALARS | B(LOOKUP) | B(FILE))

const word_set word_fields = FIELDS, word_stored = STORED;

const char *const word_reserved_sections[] = {"task", "user", "role", "file", "comment", NULL};
const char *const word_reserved_fields[] = {"id", "stage", "created_at", "created_by", "changed_at", "changed_by", "row_version", NULL};
const char *const word_colours[] = {"grey", "red", "orange", "yellow", "green", "cyan", "blue", "purple", NULL};

#define FIELD(id, text, doc) [WORD_##id] = {text, IN_LAYOUT, NAMED, HOLDS_NOTHING, doc}

const struct word words[WORD_COUNT] = {
	[WORD_MODULE] = {"module", WORD_TOP, NAMED, HOLDS_NOTHING, "What the folder is: its name, version and what it depends on."},
	[WORD_SECTION] = {"section", WORD_TOP, NAMED, HOLDS_WORDS, "A kind of record: a table, an entity set of the API, a list and a page."},
	[WORD_EXTEND] = {"extend", WORD_TOP, NAMED, HOLDS_WORDS, "Adds to a section of a module that this one depends on, or changes it."},
	[WORD_ROLE] = {"role", WORD_TOP, NAMED, HOLDS_NOTHING, "A role that people hold."},
	[WORD_ALLOW] = {"allow", WORD_TOP, NAMED, HOLDS_NOTHING, "One grant to a role: these fields on these rows."},
	[WORD_ON] = {"on", WORD_TOP, NAMED, HOLDS_HOOK, "A hook: Lua that runs at an event of a section."},
	[WORD_DATA] = {"data", WORD_TOP, NAMED, HOLDS_ROWS, "Rows that an installation has."},
	[WORD_IMPORT] = {"import", WORD_TOP, NAMED, HOLDS_NOTHING, "A mapping of a file's columns to fields."},
	[WORD_CHANGE] = {"change", IN_LAYOUT | B(STAGES), NAMED, HOLDS_WORDS, "Other options of a field, list, stage or move that is there."},
	[WORD_TAB] = {"tab", ON_SECTION, NAMED, HOLDS_WORDS, "A tab of the form."},
	[WORD_GROUP] = {"group", ON_SECTION | B(TAB), NAMED, HOLDS_WORDS, "A group of fields on the form."},
	[WORD_VALUE] = {"value", B(CHOICE) | B(CHANGE), NAMED, HOLDS_NOTHING, "One value of a choice."},
	[WORD_STAGES] = {"stages", ON_SECTION, NAMED_MAYBE, HOLDS_WORDS,
					 "The stages of a record and the moves between them; a name makes another path."},
	[WORD_STAGE] = {"stage", B(STAGES), NAMED, HOLDS_WORDS, "A stage that a record stands on."},
	[WORD_TASK] = {"task", B(STAGE) | B(CHANGE), NAMED, HOLDS_NOTHING, "A line of the stage's checklist."},
	[WORD_MOVE] = {"move", B(STAGES), NAMED, HOLDS_NOTHING, "A way from one or several stages to another."},
	[WORD_LIST] = {"list", ON_SECTION, NAMED, HOLDS_NOTHING, "A list of the section's records."},
	[WORD_UNIQUE] = {"unique", ON_SECTION, NAMELESS, HOLDS_NAMES, "No two records have the same values in these fields."},
	FIELD(TEXT, "text", "A text."),
	FIELD(INTEGER, "integer", "A whole number."),
	FIELD(DECIMAL, "decimal", "An exact decimal number."),
	FIELD(MONEY, "money", "A sum of money."),
	FIELD(PERCENT, "percent", "A percentage, stored as 20 for 20 %."),
	FIELD(BOOLEAN, "boolean", "Yes or no."),
	FIELD(DATE, "date", "A calendar day."),
	FIELD(DATETIME, "datetime", "A moment."),
	FIELD(DURATION, "duration", "A length of time."),
	[WORD_CHOICE] = {"choice", IN_LAYOUT, NAMED, HOLDS_WORDS, "One of the values that it lists."},
	FIELD(LOOKUP, "lookup", "A reference to a record."),
	FIELD(DETAIL, "detail", "The records whose lookup points here."),
	FIELD(FILE, "file", "An uploaded file."),
	FIELD(EMAIL, "email", "A mail address."),
	FIELD(PHONE, "phone", "A telephone number."),
	FIELD(URL, "url", "A web address."),
	FIELD(AUTONUMBER, "autonumber", "A number that nobody types."),
	[WORD_FORMULA] = {"formula", IN_LAYOUT, NAMED, HOLDS_EXPR, "A value computed when it is read."},
	[WORD_ROLLUP] = {"rollup", IN_LAYOUT, NAMED, HOLDS_EXPR, "A value over the lines of a detail, kept right by every write."},
};

#define CH B(CHANGE)

const struct word_option word_options[] = {
	{"label",
	 B(MODULE) | ON_SECTION | B(ROLE) | B(IMPORT) | CH | B(TAB) | B(GROUP) | B(VALUE) | B(STAGES) | B(STAGE) | B(TASK) | B(MOVE) | B(LIST) |
		 FIELDS,
	 OPTION_LABEL, NULL, "from the name", "What users read."},
	{"plural", ON_SECTION, OPTION_LABEL, NULL, "the label", "Several of them."},
	{"title", ON_SECTION, OPTION_TITLE, NULL, "first text or autonumber field", "How a record is called, fields and paths in braces."},
	{"was", ON_SECTION | B(ROLE) | CH | B(VALUE) | B(STAGE) | B(TASK) | B(MOVE) | B(LIST) | FIELDS, OPTION_NAME, NULL, NULL,
	 "Its former name: a rename keeps the data."},
	{"help", CH | FIELDS, OPTION_LABEL, NULL, NULL, "A sentence under the field."},
	{"message", ON_SECTION | CH | B(MOVE) | EDITABLE, OPTION_LABEL, NULL, "a general one",
	 "What is said when the check fails or the move is closed."},

	{"version", B(MODULE), OPTION_TEXT, NULL, NULL, "Version of this module, major.minor.patch."},
	{"core", B(MODULE), OPTION_TEXT, NULL, NULL, "Major version of the platform that it is written for."},
	{"depends", B(MODULE), OPTION_VERSIONS, NULL, "none", "Modules that it stands on, with their major versions."},
	{"language", B(MODULE), OPTION_CODE, "en ru", "en", "Language of the source texts: \"ru\" asks for no translation."},
	{"zone", B(MODULE), OPTION_TEXT, NULL, "UTC", "Time zone of the organisation."},
	{"currency", B(MODULE), OPTION_TEXT, NULL, "RUB", "Currency of money without a currency field, ISO 4217."},
	{"week", B(MODULE), OPTION_DAYS, NULL, "{ 1, 2, 3, 4, 5 }", "Working days of the week, 1 is Monday."},

	{"tree", ON_SECTION, OPTION_NAME, NULL, NULL, "The lookup that points to the parent."},
	{"history", ON_SECTION, OPTION_BOOL, NULL, "false", "Keep whole versions too."},
	{"calendar", ON_SECTION, OPTION_BOOL, NULL, "false", "The rows are exceptions from the working week."},

	{"required", CH | EDITABLE, OPTION_RULE, NULL, "false", "Must have a value."},
	{"readonly", CH | EDITABLE, OPTION_RULE, NULL, "false", "Nobody changes it unless a grant names it."},
	{"hidden", CH | FIELDS, OPTION_RULE, NULL, "false", "Not shown on the form."},
	{"check", ON_SECTION | CH | EDITABLE, OPTION_EXPR, NULL, NULL, "What must hold."},
	{"after", FIELDS | CH, OPTION_NAME, NULL, "at the end", "The field it stands behind on the form."},
	{"unique", CH | SCALARS | B(LOOKUP), OPTION_BOOL, NULL, "false", "No two records with the same value."},
	{"default", CH | SCALARS, OPTION_LITERAL, NULL, NULL, "Value of a new record."},
	{"initial", CH | SCALARS | B(LOOKUP), OPTION_EXPR, NULL, NULL, "Value of a new record, computed when it is begun."},
	{"fill", CH | SCALARS | B(LOOKUP), OPTION_EXPR, NULL, NULL, "Set again when a field that it names changes; may be overwritten."},
	{"index", CH | SCALARS | B(LOOKUP) | B(AUTONUMBER) | COMPUTED, OPTION_BOOL, NULL, "false", "Make an index."},
	{"search", CH | TEXTS | B(CHOICE) | B(AUTONUMBER), OPTION_BOOL, NULL, "false", "Text search finds records by it."},
	{"long", CH | B(TEXT), OPTION_BOOL, NULL, "false", "Several lines."},
	{"min", CH | NUMBERS | TIMES | TEXTS, OPTION_LITERAL, NULL, NULL, "Least value; of a text, number of characters."},
	{"max", CH | NUMBERS | TIMES | TEXTS, OPTION_LITERAL, NULL, NULL, "Greatest value; of a text, number of characters."},
	{"scale", CH | B(DECIMAL) | B(MONEY) | B(PERCENT) | COMPUTED, OPTION_INT, NULL, "2", "Digits after the point."},
	{"currency", CH | B(MONEY), OPTION_NAME, NULL, "the organisation's", "The field that holds the currency."},
	{"many", CH | B(LOOKUP) | B(FILE), OPTION_BOOL, NULL, "false", "Several values, kept in order."},
	{"to", CH | B(LOOKUP), OPTION_NAME, NULL, NULL, "The section referred to."},
	{"create", CH | B(LOOKUP), OPTION_BOOL, NULL, "false", "\"Create\" beside the field."},
	{"where", CH | B(LOOKUP) | B(LIST), OPTION_RULE, NULL, "all", "Which records."},
	{"on_delete", CH | B(LOOKUP), OPTION_CODE, "restrict clear cascade", "restrict", "What happens here when the target is deleted."},
	{"section", CH | B(DETAIL), OPTION_NAME, NULL, NULL, "The section of the lines."},
	{"by", CH | B(DETAIL), OPTION_NAME, NULL, NULL, "Their lookup that points here."},
	{"owned", CH | B(DETAIL), OPTION_BOOL, NULL, "false", "The lines live and die with this record and take its rights."},
	{"pattern", CH | B(AUTONUMBER), OPTION_TEXT, NULL, "{seq}", "Text with {yyyy} {yy} {mm} {dd} {seq} {seq:5}."},
	{"gapless", CH | B(AUTONUMBER), OPTION_BOOL, NULL, "false", "No number is ever lost."},
	{"at", CH | B(AUTONUMBER), OPTION_NAME, NULL, "on creating", "The stage whose entry assigns the number."},
	{"type", CH | COMPUTED, OPTION_CODE, "text integer decimal money percent boolean date datetime duration choice lookup email phone url",
	 NULL, "Type of the value."},
	{"colour", B(VALUE), OPTION_CODE, "grey red orange yellow green cyan blue purple", "none", "Colour of the tag."},

	{"when", B(STAGES) | CH | B(MOVE), OPTION_RULE, NULL, "true", "Which records go this path; whether the move is possible."},
	{"freeze", B(STAGE) | CH, OPTION_BOOL, NULL, "false", "People cannot change the record while it stands here."},
	{"required", B(STAGE), OPTION_NAMES, NULL, "none", "Fields without which the stage is not entered."},
	{"required", B(TASK), OPTION_BOOL, NULL, "false", "No move leaves the stage before it is ticked."},
	{"who", B(TASK), OPTION_EXPR, NULL, "whoever may update the record", "Who may tick it: users, by a path or role('…')."},
	{"final", B(STAGE) | CH, OPTION_BOOL, NULL, "false", "The way ends here."},
	{"from", B(MOVE) | CH, OPTION_NAMES, NULL, NULL, "Stages it starts from."},
	{"to", B(MOVE), OPTION_NAME, NULL, NULL, "The stage it leads to."},
	{"allow", B(MOVE) | CH, OPTION_RULE, NULL, "whoever may update", "Who may make it."},
	{"comment", B(MOVE) | CH, OPTION_BOOL, NULL, "false", "Asks for a comment."},

	{"columns", B(LIST) | CH, OPTION_PATHS, NULL, "the first fields", "Fields and paths through lookups."},
	{"sort", B(LIST) | CH, OPTION_PATHS, NULL, "the title", "Fields, \"-name\" for descending."},

	{"includes", B(ROLE), OPTION_NAMES, NULL, "none", "Roles whose rights it has too."},
	{"on", B(ALLOW), OPTION_NAMES, NULL, NULL, "The section, or several."},
	{"create", B(ALLOW), OPTION_RULE, NULL, "false", "On which records."},
	{"read", B(ALLOW), OPTION_RULE, NULL, "false", "On which records."},
	{"update", B(ALLOW), OPTION_RULE, NULL, "false", "On which records, before and after the change."},
	{"delete", B(ALLOW), OPTION_RULE, NULL, "false", "On which records."},
	{"fields", B(ALLOW), OPTION_NAMES, NULL, "all", "Which fields this grant gives."},

	{"key", B(DATA) | B(IMPORT), OPTION_NAME, NULL, NULL, "The field by which a row is found again."},
	{"on", B(IMPORT), OPTION_NAME, NULL, NULL, "The section."},
	{"columns", B(IMPORT), OPTION_COLUMNS, NULL, NULL, "One table for each column of the file."},
	{"set", B(IMPORT), OPTION_ROW, NULL, "none", "Values given to every row."},
};
const size_t word_option_count = sizeof word_options / sizeof *word_options;

/* Words of later versions and what they come with. */
static const struct {
	const char *word, *what;
} later[] = {
	{"process", "processes"},
	{"branch", "processes"},
	{"approve", "processes"},
	{"parallel", "processes"},
	{"set", "processes"},
	{"create", "processes"},
	{"call", "processes"},
	{"wait", "processes"},
	{"notify", "processes"},
	{"mail", "processes"},
	{"webhook", "processes"},
	{"script", "processes"},
	{"finish", "processes"},
	{"build", "processes"},
	{"sign", "processes"},
	{"extend_process", "processes"},
	{"test", "tests"},
	{"template", "document templates"},
	{"notification", "notifications"},
	{"report", "reports"},
	{"dashboard", "dashboards"},
	{"board", "boards"},
	{"calendar", "calendar views"},
	{"workplace", "workplaces"},
	{"web_form", "web forms"},
	{"inbound", "incoming mail"},
	{"segment", "segments"},
	{"mailing", "mailings"},
	{"setting", "settings"},
	{"discussion", "discussions"},
	{"duplicates", "the search for duplicates"},
	{"archive", "archives"},
};

enum word_id word_find(const char *text)
{
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (strcmp(words[i].text, text) == 0)
			return (enum word_id)i;
	return WORD_COUNT;
}

const char *word_later(const char *text)
{
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (strcmp(later[i].word, text) == 0)
			return later[i].what;
	return NULL;
}

const char *word_later_at(size_t i)
{
	return i < sizeof later / sizeof *later ? later[i].word : NULL;
}

const char *word_option_later(enum word_id word, const char *option)
{
	if (WORD_IN(word) & ON_SECTION) {
		static const char *const options[] = {"board", "discussion", "duplicates", "archive"};
		for (size_t i = 0; i < sizeof options / sizeof *options; i++)
			if (strcmp(options[i], option) == 0)
				return word_later(option);
	}
	if (word == WORD_ROLE && strcmp(option, "external") == 0)
		return "external roles";
	return NULL;
}

bool word_expression_name(const char *name)
{
	static const char *const names[] = {"me", "nil", "true", "false", "and", "or", "not", "in"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

const struct word_option *word_option_find(enum word_id word, const char *name)
{
	for (size_t i = 0; i < word_option_count; i++)
		if (word_options[i].words & WORD_IN(word) && strcmp(word_options[i].name, name) == 0)
			return &word_options[i];
	return NULL;
}

bool word_takes_expression(enum word_id word, const char *option)
{
	if (!option)
		return words[word].content == HOLDS_EXPR;
	const struct word_option *o = word_option_find(word, option);
	return o && (o->type == OPTION_RULE || o->type == OPTION_EXPR);
}

const char *word_nearest(const char *text)
{
	const char *names[WORD_COUNT];
	for (size_t i = 0; i < WORD_COUNT; i++)
		names[i] = words[i].text;
	return text_nearest(text, names, WORD_COUNT);
}

const char *word_option_nearest(enum word_id word, const char *name)
{
	const char *names[sizeof word_options / sizeof *word_options];
	size_t n = 0;
	for (size_t i = 0; i < word_option_count; i++)
		if (word_options[i].words & WORD_IN(word))
			names[n++] = word_options[i].name;
	return text_nearest(name, names, n);
}

enum field_type word_field_type(enum word_id word)
{
	switch (word) {
	case WORD_TEXT: return FIELD_TEXT;
	case WORD_INTEGER: return FIELD_INTEGER;
	case WORD_DECIMAL: return FIELD_DECIMAL;
	case WORD_MONEY: return FIELD_MONEY;
	case WORD_PERCENT: return FIELD_PERCENT;
	case WORD_BOOLEAN: return FIELD_BOOLEAN;
	case WORD_DATE: return FIELD_DATE;
	case WORD_DATETIME: return FIELD_DATETIME;
	case WORD_DURATION: return FIELD_DURATION;
	case WORD_CHOICE: return FIELD_CHOICE;
	case WORD_LOOKUP: return FIELD_LOOKUP;
	case WORD_DETAIL: return FIELD_DETAIL;
	case WORD_FILE: return FIELD_FILE;
	case WORD_EMAIL: return FIELD_EMAIL;
	case WORD_PHONE: return FIELD_PHONE;
	case WORD_URL: return FIELD_URL;
	case WORD_AUTONUMBER: return FIELD_AUTONUMBER;
	case WORD_FORMULA: return FIELD_FORMULA;
	case WORD_ROLLUP: return FIELD_ROLLUP;
	default: return FIELD_TYPE_COUNT;
	}
}
