#include "edge/odata_metadata.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "meta/registry.h"
#include "serve/access.h"
#include "serve/actor.h"

#define VOCABULARIES "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/"

struct model {
	struct buf *b;
	struct arena *arena;
	const struct registry *reg;
	const struct actor *actor;
	const struct access *access; /* of the section being written */
};

static bool visible(const struct model *m, struct section *s)
{
	return access_exists(access_get(m->reg, m->actor, s));
}

static bool readable(const struct model *m, const struct field *f)
{
	return access_field(m->access, GRANT_READ, f) != ACCESS_NONE;
}

/* A navigation exists where its target does. */
static bool navigates(const struct model *m, const struct field *f)
{
	return f->to && readable(m, f) && visible(m, f->to);
}

static const char *label(const struct model *m, const struct label *l)
{
	return label_get(l, m->actor->lang);
}

/* Values of one kind: a property's type without collection. */
static const char *type_of(const struct field *f)
{
	if (f->to)
		return "Edm.Int64";
	switch (f->expr.type.kind) {
	case EXPR_INT:
	case EXPR_RECORD: return "Edm.Int64";
	case EXPR_DEC: return "Edm.Decimal";
	case EXPR_BOOL: return "Edm.Boolean";
	case EXPR_DATE: return "Edm.Date";
	case EXPR_TIME: return "Edm.DateTimeOffset";
	case EXPR_DURATION: return "Edm.Duration";
	default: return "Edm.String";
	}
}

static bool computed(const struct field *f)
{
	return f->builtin || f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP || f->type == FIELD_AUTONUMBER;
}

static bool always_there(const struct field *f)
{
	return f->type == FIELD_ID || (f->builtin && f->type == FIELD_DATETIME);
}

/* A line of a checklist: the same for all sections. */
static const struct {
	const char *name, *type;
	bool nullable;
} task_properties[] = {
	{"id", "Edm.Int64", false},        {"name", "Edm.String", false},           {"stage", "Edm.String", false},
	{"label", "Edm.String", true},     {"required", "Edm.Boolean", false},      {"state", "Edm.String", false},
	{"done_by_id", "Edm.Int64", true}, {"done_at", "Edm.DateTimeOffset", true},
};
enum { TASK_PROPERTIES = sizeof task_properties / sizeof *task_properties };
static const char *const task_actions[] = {"finish", "reopen"};

static bool has_tasks(const struct model *m)
{
	for (size_t i = 0; i < m->reg->nsections; i++)
		if (m->reg->sections[i]->ntasks && visible(m, m->reg->sections[i]))
			return true;
	return false;
}

/* ---- XML ---- */

static void xml(struct buf *b, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '&': buf_puts(b, "&amp;"); break;
		case '<': buf_puts(b, "&lt;"); break;
		case '>': buf_puts(b, "&gt;"); break;
		case '"': buf_puts(b, "&quot;"); break;
		default:
			/* other control characters have no place in XML 1.0 */
			if ((unsigned char)*s >= ' ' || *s == '\t' || *s == '\n')
				buf_putc(b, *s);
		}
}

static void xml_description(struct model *m, const struct label *l)
{
	buf_puts(m->b, "<Annotation Term=\"Core.Description\" String=\"");
	xml(m->b, label(m, l));
	buf_puts(m->b, "\"/>");
}

static void xml_allowed(struct model *m, const struct field *f)
{
	if (!f->nvalues)
		return;
	buf_puts(m->b, "<Annotation Term=\"Validation.AllowedValues\"><Collection>");
	for (size_t i = 0; i < f->nvalues; i++) {
		buf_puts(m->b, "<Record><PropertyValue Property=\"Value\" String=\"");
		xml(m->b, f->values[i].code);
		buf_puts(m->b, "\"/>");
		xml_description(m, &f->values[i].label);
		buf_puts(m->b, "</Record>");
	}
	buf_puts(m->b, "</Collection></Annotation>");
}

static void xml_property(struct model *m, const struct field *f)
{
	const char *type = type_of(f);
	buf_printf(m->b, f->many ? "<Property Name=\"%s\" Type=\"Collection(%s)\"" : "<Property Name=\"%s\" Type=\"%s\"",
			   field_property(m->arena, f), type);
	if (f->many || always_there(f))
		buf_puts(m->b, " Nullable=\"false\"");
	if (!f->to && f->expr.type.kind == EXPR_DEC)
		buf_printf(m->b, " Scale=\"%d\"", f->expr.type.scale);
	if (!f->to && f->expr.type.kind == EXPR_TIME)
		buf_puts(m->b, " Precision=\"6\"");
	buf_putc(m->b, '>');
	xml_description(m, &f->label);
	if (computed(f))
		buf_puts(m->b, "<Annotation Term=\"Core.Computed\"/>");
	xml_allowed(m, f);
	buf_puts(m->b, "</Property>");
}

static void xml_navigation(struct model *m, const struct field *f)
{
	bool collection = f->many || f->type == FIELD_DETAIL;
	buf_printf(m->b,
			   collection ? "<NavigationProperty Name=\"%s\" Type=\"Collection(ostov.%s)\">"
						  : "<NavigationProperty Name=\"%s\" Type=\"ostov.%s\">",
			   f->expr.name, f->to->expr.name);
	if (!collection)
		buf_printf(m->b, "<ReferentialConstraint Property=\"%s\" ReferencedProperty=\"id\"/>", field_property(m->arena, f));
	xml_description(m, &f->label);
	buf_puts(m->b, "</NavigationProperty>");
}

static void xml_type(struct model *m, struct section *s)
{
	m->access = access_get(m->reg, m->actor, s);
	buf_printf(m->b, "<EntityType Name=\"%s\"><Key><PropertyRef Name=\"id\"/></Key>", s->expr.name);
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i]->type != FIELD_DETAIL && readable(m, s->fields[i]))
			xml_property(m, s->fields[i]);
	for (size_t i = 0; i < s->nfields; i++)
		if (navigates(m, s->fields[i]))
			xml_navigation(m, s->fields[i]);
	if (s->ntasks)
		buf_puts(m->b, "<NavigationProperty Name=\"tasks\" Type=\"Collection(ostov.task)\" ContainsTarget=\"true\"/>");
	xml_description(m, &s->label);
	buf_puts(m->b, "</EntityType>");
}

static void xml_task(struct model *m)
{
	buf_puts(m->b, "<EntityType Name=\"task\"><Key><PropertyRef Name=\"id\"/></Key>");
	for (size_t i = 0; i < TASK_PROPERTIES; i++)
		buf_printf(m->b, "<Property Name=\"%s\" Type=\"%s\"%s%s/>", task_properties[i].name, task_properties[i].type,
				   task_properties[i].nullable ? "" : " Nullable=\"false\"",
				   strcmp(task_properties[i].type, "Edm.DateTimeOffset") == 0 ? " Precision=\"6\"" : "");
	buf_puts(m->b, "</EntityType>");
}

static void xml_task_actions(struct model *m)
{
	for (size_t i = 0; i < 2; i++)
		buf_printf(m->b,
				   "<Action Name=\"%s\" IsBound=\"true\"><Parameter Name=\"task\" Type=\"ostov.task\" Nullable=\"false\"/><ReturnType "
				   "Type=\"ostov.task\"/></Action>",
				   task_actions[i]);
}

static void xml_actions(struct model *m, const struct section *s)
{
	for (size_t i = 0; i < s->moves.count; i++) {
		const struct move *move = s->moves.items[i].value;
		buf_printf(m->b,
				   "<Action Name=\"%s\" IsBound=\"true\"><Parameter Name=\"record\" Type=\"ostov.%s\" Nullable=\"false\"/><Parameter "
				   "Name=\"comment\" Type=\"Edm.String\"/>",
				   move->name, s->expr.name);
		buf_printf(m->b, "<ReturnType Type=\"ostov.%s\"/>", s->expr.name);
		xml_description(m, &move->label);
		buf_puts(m->b, "</Action>");
	}
}

static void xml_set(struct model *m, struct section *s)
{
	m->access = access_get(m->reg, m->actor, s);
	buf_printf(m->b, "<EntitySet Name=\"%s\" EntityType=\"ostov.%s\">", s->expr.name, s->expr.name);
	for (size_t i = 0; i < s->nfields; i++)
		if (navigates(m, s->fields[i]))
			buf_printf(m->b, "<NavigationPropertyBinding Path=\"%s\" Target=\"%s\"/>", s->fields[i]->expr.name,
					   s->fields[i]->to->expr.name);
	xml_description(m, &s->plural);
	buf_puts(m->b, "</EntitySet>");
}

void odata_metadata_xml(struct buf *b, struct arena *a, const struct registry *reg, const struct actor *actor, const char *version)
{
	struct model m = {.b = b, .arena = a, .reg = reg, .actor = actor};
	buf_printf(
		b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"%s\">",
		version);
	buf_puts(b, "<edmx:Reference Uri=\"" VOCABULARIES
				"Org.OData.Core.V1.xml\"><edmx:Include Namespace=\"Org.OData.Core.V1\" Alias=\"Core\"/></edmx:Reference>"
				"<edmx:Reference Uri=\"" VOCABULARIES
				"Org.OData.Validation.V1.xml\"><edmx:Include Namespace=\"Org.OData.Validation.V1\" Alias=\"Validation\"/></edmx:Reference>"
				"<edmx:DataServices><Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"ostov\">");
	for (size_t i = 0; i < reg->nsections; i++)
		if (visible(&m, reg->sections[i]))
			xml_type(&m, reg->sections[i]);
	if (has_tasks(&m))
		xml_task(&m);
	buf_puts(b, "</Schema><Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"ostov.act\">");
	for (size_t i = 0; i < reg->nsections; i++)
		if (visible(&m, reg->sections[i]))
			xml_actions(&m, reg->sections[i]);
	if (has_tasks(&m))
		xml_task_actions(&m);
	buf_puts(b, "<EntityContainer Name=\"Container\">");
	for (size_t i = 0; i < reg->nsections; i++)
		if (visible(&m, reg->sections[i]))
			xml_set(&m, reg->sections[i]);
	/* actions may be called by their plain name */
	buf_puts(b, "</EntityContainer><Annotation Term=\"Core.DefaultNamespace\"/></Schema></edmx:DataServices></edmx:Edmx>\n");
}

/* ---- JSON ---- */

static void json_description(struct model *m, const struct label *l)
{
	const char *text = label(m, l);
	buf_puts(m->b, "\"@Core.Description\":");
	buf_json(m->b, text, strlen(text));
}

static void json_property(struct model *m, const struct field *f)
{
	const char *type = type_of(f);
	buf_printf(m->b, ",\"%s\":{", field_property(m->arena, f));
	if (f->many)
		buf_puts(m->b, "\"$Collection\":true,");
	else if (!always_there(f))
		buf_puts(m->b, "\"$Nullable\":true,");
	if (strcmp(type, "Edm.String") != 0)
		buf_printf(m->b, "\"$Type\":\"%s\",", type);
	if (!f->to && f->expr.type.kind == EXPR_DEC)
		buf_printf(m->b, "\"$Scale\":%d,", f->expr.type.scale);
	if (!f->to && f->expr.type.kind == EXPR_TIME)
		buf_puts(m->b, "\"$Precision\":6,");
	if (computed(f))
		buf_puts(m->b, "\"@Core.Computed\":true,");
	for (size_t i = 0; i < f->nvalues; i++) {
		buf_puts(m->b, i ? ",{\"Value\":" : "\"@Validation.AllowedValues\":[{\"Value\":");
		buf_json(m->b, f->values[i].code, strlen(f->values[i].code));
		buf_putc(m->b, ',');
		json_description(m, &f->values[i].label);
		buf_puts(m->b, i + 1 < f->nvalues ? "}" : "}],");
	}
	json_description(m, &f->label);
	buf_putc(m->b, '}');
}

static void json_navigation(struct model *m, const struct field *f)
{
	bool collection = f->many || f->type == FIELD_DETAIL;
	buf_printf(m->b, ",\"%s\":{\"$Kind\":\"NavigationProperty\",\"$Type\":\"ostov.%s\",", f->expr.name, f->to->expr.name);
	if (collection)
		buf_puts(m->b, "\"$Collection\":true,");
	else
		buf_printf(m->b, "\"$Nullable\":true,\"$ReferentialConstraint\":{\"%s\":\"id\"},", field_property(m->arena, f));
	json_description(m, &f->label);
	buf_putc(m->b, '}');
}

static void json_type(struct model *m, struct section *s)
{
	m->access = access_get(m->reg, m->actor, s);
	buf_printf(m->b, "\"%s\":{\"$Kind\":\"EntityType\",\"$Key\":[\"id\"]", s->expr.name);
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i]->type != FIELD_DETAIL && readable(m, s->fields[i]))
			json_property(m, s->fields[i]);
	for (size_t i = 0; i < s->nfields; i++)
		if (navigates(m, s->fields[i]))
			json_navigation(m, s->fields[i]);
	if (s->ntasks)
		buf_puts(m->b,
				 ",\"tasks\":{\"$Kind\":\"NavigationProperty\",\"$Type\":\"ostov.task\",\"$Collection\":true,\"$ContainsTarget\":true}");
	buf_putc(m->b, ',');
	json_description(m, &s->label);
	buf_putc(m->b, '}');
}

static void json_task(struct model *m)
{
	buf_puts(m->b, ",\"task\":{\"$Kind\":\"EntityType\",\"$Key\":[\"id\"]");
	for (size_t i = 0; i < TASK_PROPERTIES; i++) {
		bool time = strcmp(task_properties[i].type, "Edm.DateTimeOffset") == 0;
		buf_printf(m->b, ",\"%s\":{\"$Type\":\"%s\"%s%s}", task_properties[i].name, task_properties[i].type,
				   task_properties[i].nullable ? ",\"$Nullable\":true" : "", time ? ",\"$Precision\":6" : "");
	}
	buf_putc(m->b, '}');
}

static void json_task_action(struct model *m, bool overload)
{
	buf_printf(m->b,
			   "%s{\"$Kind\":\"Action\",\"$IsBound\":true,\"$Parameter\":[{\"$Name\":\"task\",\"$Type\":\"ostov.task\"}],\"$ReturnType\":{"
			   "\"$Type\":\"ostov.task\"}}",
			   overload ? "," : "");
}

/* All overloads of a name stand in one list, at its first section. */
static void json_actions(struct model *m)
{
	struct map written;
	map_create(&written, m->arena);
	for (size_t i = 0; i < m->reg->nsections; i++) {
		struct section *s = m->reg->sections[i];
		for (size_t k = 0; visible(m, s) && k < s->moves.count; k++) {
			const char *name = s->moves.items[k].key;
			if (map_put(&written, name, s))
				continue;
			bool first = true;
			buf_printf(m->b, "\"%s\":[", name);
			for (size_t j = i; j < m->reg->nsections; j++) {
				struct section *other = m->reg->sections[j];
				const struct move *move = visible(m, other) ? section_find_move(other, name) : NULL;
				if (!move)
					continue;
				buf_printf(m->b,
						   "%s{\"$Kind\":\"Action\",\"$IsBound\":true,\"$Parameter\":[{\"$Name\":\"record\",\"$Type\":\"ostov.%s\"},{\"$"
						   "Name\":\"comment\",\"$Nullable\":true}],",
						   first ? "" : ",", other->expr.name);
				buf_printf(m->b, "\"$ReturnType\":{\"$Type\":\"ostov.%s\"},", other->expr.name);
				json_description(m, &move->label);
				buf_putc(m->b, '}');
				first = false;
			}
			for (size_t j = 0; j < 2; j++)
				if (has_tasks(m) && strcmp(name, task_actions[j]) == 0)
					json_task_action(m, true);
			buf_puts(m->b, "],");
		}
	}
	for (size_t j = 0; j < 2; j++) {
		if (!has_tasks(m) || map_find(&written, task_actions[j]))
			continue;
		buf_printf(m->b, "\"%s\":[", task_actions[j]);
		json_task_action(m, false);
		buf_puts(m->b, "],");
	}
}

static void json_set(struct model *m, struct section *s)
{
	bool first = true;
	m->access = access_get(m->reg, m->actor, s);
	buf_printf(m->b, ",\"%s\":{\"$Collection\":true,\"$Type\":\"ostov.%s\",", s->expr.name, s->expr.name);
	for (size_t i = 0; i < s->nfields; i++)
		if (navigates(m, s->fields[i])) {
			buf_printf(m->b, "%s\"%s\":\"%s\"", first ? "\"$NavigationPropertyBinding\":{" : ",", s->fields[i]->expr.name,
					   s->fields[i]->to->expr.name);
			first = false;
		}
	if (!first)
		buf_puts(m->b, "},");
	json_description(m, &s->plural);
	buf_putc(m->b, '}');
}

void odata_metadata_json(struct buf *b, struct arena *a, const struct registry *reg, const struct actor *actor)
{
	struct model m = {.b = b, .arena = a, .reg = reg, .actor = actor};
	buf_puts(b, "{\"$Version\":\"4.01\",\"$EntityContainer\":\"ostov.act.Container\",\"$Reference\":{"
				"\"" VOCABULARIES "Org.OData.Core.V1.json\":{\"$Include\":[{\"$Namespace\":\"Org.OData.Core.V1\",\"$Alias\":\"Core\"}]},"
				"\"" VOCABULARIES "Org.OData.Validation.V1.json\":{\"$Include\":[{\"$Namespace\":\"Org.OData.Validation.V1\",\"$Alias\":"
				"\"Validation\"}]}},\"ostov\":{");
	bool first = true;
	for (size_t i = 0; i < reg->nsections; i++)
		if (visible(&m, reg->sections[i])) {
			buf_puts(b, first ? "" : ",");
			json_type(&m, reg->sections[i]);
			first = false;
		}
	if (has_tasks(&m))
		json_task(&m);
	buf_puts(b, "},\"ostov.act\":{");
	json_actions(&m);
	buf_puts(b, "\"Container\":{\"$Kind\":\"EntityContainer\"");
	for (size_t i = 0; i < reg->nsections; i++)
		if (visible(&m, reg->sections[i]))
			json_set(&m, reg->sections[i]);
	buf_puts(b, "},\"@Core.DefaultNamespace\":true}}");
}

int odata_metadata(struct http_request *r, struct app_request *q, const struct odata_format *format, struct err *err)
{
	(void)err;
	http_set_header(r, "Vary", "Accept, Accept-Language, OData-MaxVersion");
	if (!format->xml) {
		odata_metadata_json(&r->out, r->arena, q->reg, q->actor);
		http_reply_json(r, 200);
		return 0;
	}
	odata_metadata_xml(&r->out, r->arena, q->reg, q->actor, format->version);
	r->status = 200;
	http_set_header(r, "Content-Type", "application/xml; charset=utf-8");
	return 0;
}
