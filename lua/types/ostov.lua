---@meta
-- luacheck: ignore
-- Types of the configuration language for editors with the Lua language server. Made by `ostov doc types`: do not edit.
-- In a configuration's .luarc.json: { "workspace.library": [".../lua/types"] }

---@class ostov.declaration

---One column of an imported file; its title there is the first value.
---@class ostov.column
---@field [integer] string
---@field to? string The field.
---@field by? string Of a lookup: the field of the target that the cell holds.
---@field create? boolean Of a lookup: create the target when there is none.
---@field strip? string Removed from the beginning of the cell.
---@field values? table<string, string|number|boolean> Text in the file → value.
---@field skip? boolean Leave the column out.

---What a hook may use.
---@class ostov.context
---@field user any The signed-in user's record.
---@field now any Business time.
---@field money fun(self: ostov.context, amount: number|string): any An exact decimal.
---@field query fun(self: ostov.context, section: string, where?: string): any Records.
---@field create fun(self: ostov.context, section: string, values: table): any A new record.
---@field refuse fun(self: ostov.context, field: string|nil, message: string) Ends the write with this message.
---@field as_user fun(self: ostov.context): ostov.context The same with the user's rights.
---@field setting fun(self: ostov.context, name: string): any

---@class ostov.module
---@field label? string What users read. Default: from the name.
---@field version? string Version of this module, major.minor.patch.
---@field core? string Major version of the platform that it is written for.
---@field depends? table<string, string> Modules that it stands on, with their major versions. Default: none.
---@field language? "en"|"ru" Language of the source texts: "ru" asks for no translation. Default: en.
---@field zone? string Time zone of the organisation. Default: UTC.
---@field currency? string Currency of money without a currency field, ISO 4217. Default: RUB.
---@field week? integer[] Working days of the week, 1 is Monday. Default: { 1, 2, 3, 4, 5 }.

---What the folder is: its name, version and what it depends on.
---@param name string
---@return fun(options: ostov.module): ostov.declaration
function module(name) end

---@class ostov.section
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.
---@field plural? string Several of them. Default: the label.
---@field title? string How a record is called, fields and paths in braces. Default: first text or autonumber field.
---@field was? string Its former name: a rename keeps the data.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field tree? string The lookup that points to the parent.
---@field history? boolean Keep whole versions too. Default: false.
---@field calendar? boolean The rows are exceptions from the working week. Default: false.
---@field check? string What must hold.

---A kind of record: a table, an entity set of the API, a list and a page.
---@param name string
---@return fun(options: ostov.section): ostov.declaration
function section(name) end

---@class ostov.extend
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.
---@field plural? string Several of them. Default: the label.
---@field title? string How a record is called, fields and paths in braces. Default: first text or autonumber field.
---@field was? string Its former name: a rename keeps the data.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field tree? string The lookup that points to the parent.
---@field history? boolean Keep whole versions too. Default: false.
---@field calendar? boolean The rows are exceptions from the working week. Default: false.
---@field check? string What must hold.

---Adds to a section of a module that this one depends on, or changes it.
---@param name string
---@return fun(options: ostov.extend): ostov.declaration
function extend(name) end

---@class ostov.role
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field includes? string|string[] Roles whose rights it has too. Default: none.

---A role that people hold.
---@param name string
---@return fun(options: ostov.role): ostov.declaration
function role(name) end

---@class ostov.allow
---@field on? string|string[] The section, or several.
---@field create? boolean|string On which records. Default: false.
---@field read? boolean|string On which records. Default: false.
---@field update? boolean|string On which records, before and after the change. Default: false.
---@field delete? boolean|string On which records. Default: false.
---@field fields? string|string[] Which fields this grant gives. Default: all.

---One grant to a role: these fields on these rows.
---@param name string
---@return fun(options: ostov.allow): ostov.declaration
function allow(name) end

---A hook: Lua that runs at an event of a section.
---@param event string "section.before_save"
---@return fun(name: string): fun(handler: fun(record: table, ctx: ostov.context))
function on(event) end

---@class ostov.data
---@field [integer] table<string, any>
---@field key? string The field by which a row is found again.

---Rows that an installation has.
---@param name string
---@return fun(options: ostov.data): ostov.declaration
function data(name) end

---@class ostov.import
---@field label? string What users read. Default: from the name.
---@field key? string The field by which a row is found again.
---@field on? string The section.
---@field columns? ostov.column[] One table for each column of the file.
---@field set? table<string, string|number|boolean> Values given to every row. Default: none.

---A mapping of a file's columns to fields.
---@param name string
---@return fun(options: ostov.import): ostov.declaration
function import(name) end

---@class ostov.change
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field search? boolean Text search finds records by it. Default: false.
---@field long? boolean Several lines. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.
---@field scale? integer Digits after the point. Default: 2.
---@field currency? string The field that holds the currency. Default: the organisation's.
---@field many? boolean Several values, kept in order. Default: false.
---@field to? string The section referred to.
---@field create? boolean "Create" beside the field. Default: false.
---@field where? boolean|string Which records. Default: all.
---@field on_delete? "restrict"|"clear"|"cascade" What happens here when the target is deleted. Default: restrict.
---@field section? string The section of the lines.
---@field by? string Their lookup that points here.
---@field owned? boolean The lines live and die with this record and take its rights. Default: false.
---@field pattern? string Text with {yyyy} {yy} {mm} {dd} {seq} {seq:5}. Default: {seq}.
---@field gapless? boolean No number is ever lost. Default: false.
---@field at? string The stage whose entry assigns the number. Default: on creating.
---@field type? "text"|"integer"|"decimal"|"money"|"percent"|"boolean"|"date"|"datetime"|"duration"|"choice"|"lookup"|"email"|"phone"|"url" Type of the value.
---@field when? boolean|string Which records go this path; whether the move is possible. Default: true.
---@field freeze? boolean People cannot change the record while it stands here. Default: false.
---@field final? boolean The way ends here. Default: false.
---@field from? string|string[] Stages it starts from.
---@field allow? boolean|string Who may make it. Default: whoever may update.
---@field comment? boolean Asks for a comment. Default: false.
---@field columns? string[] Fields and paths through lookups. Default: the first fields.
---@field sort? string[] Fields, "-name" for descending. Default: the title.

---Other options of a field, list, stage or move that is there.
---@param name string
---@return fun(options: ostov.change): ostov.declaration
function change(name) end

---@class ostov.tab
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.

---A tab of the form.
---@param name string
---@return fun(options: ostov.tab): ostov.declaration
function tab(name) end

---@class ostov.group
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.

---A group of fields on the form.
---@param name string
---@return fun(options: ostov.group): ostov.declaration
function group(name) end

---@class ostov.value
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field colour? "grey"|"red"|"orange"|"yellow"|"green"|"cyan"|"blue"|"purple" Colour of the tag. Default: none.

---One value of a choice.
---@param name string
---@return fun(options: ostov.value): ostov.declaration
function value(name) end

---@class ostov.stages
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.
---@field when? boolean|string Which records go this path; whether the move is possible. Default: true.

---The stages of a record and the moves between them; a name makes another path.
---@overload fun(options: ostov.stages): ostov.declaration
---@param name string
---@return fun(options: ostov.stages): ostov.declaration
function stages(name) end

---@class ostov.stage
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field freeze? boolean People cannot change the record while it stands here. Default: false.
---@field required? string|string[] Fields without which the stage is not entered. Default: none.
---@field final? boolean The way ends here. Default: false.

---A stage that a record stands on.
---@param name string
---@return fun(options: ostov.stage): ostov.declaration
function stage(name) end

---@class ostov.move
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field when? boolean|string Which records go this path; whether the move is possible. Default: true.
---@field from? string|string[] Stages it starts from.
---@field to? string The stage it leads to.
---@field allow? boolean|string Who may make it. Default: whoever may update.
---@field comment? boolean Asks for a comment. Default: false.

---A way from one or several stages to another.
---@param name string
---@return fun(options: ostov.move): ostov.declaration
function move(name) end

---@class ostov.task
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field required? boolean No move leaves the stage before it is ticked. Default: false.
---@field who? string Who may tick it: users, by a path or role('…'). Default: whoever may update the record.

---A line of the stage's checklist.
---@param name string
---@return fun(options: ostov.task): ostov.declaration
function task(name) end

---@class ostov.list
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field where? boolean|string Which records. Default: all.
---@field columns? string[] Fields and paths through lookups. Default: the first fields.
---@field sort? string[] Fields, "-name" for descending. Default: the title.

---A list of the section's records.
---@param name string
---@return fun(options: ostov.list): ostov.declaration
function list(name) end

---@class ostov.unique
---@field [integer] string

---No two records have the same values in these fields.
---@param options ostov.unique
---@return ostov.declaration
function unique(options) end

---@class ostov.text
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field search? boolean Text search finds records by it. Default: false.
---@field long? boolean Several lines. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A text.
---@param name string
---@return fun(options: ostov.text): ostov.declaration
function text(name) end

---@class ostov.integer
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A whole number.
---@param name string
---@return fun(options: ostov.integer): ostov.declaration
function integer(name) end

---@class ostov.decimal
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.
---@field scale? integer Digits after the point. Default: 2.

---An exact decimal number.
---@param name string
---@return fun(options: ostov.decimal): ostov.declaration
function decimal(name) end

---@class ostov.money
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.
---@field scale? integer Digits after the point. Default: 2.
---@field currency? string The field that holds the currency. Default: the organisation's.

---A sum of money.
---@param name string
---@return fun(options: ostov.money): ostov.declaration
function money(name) end

---@class ostov.percent
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.
---@field scale? integer Digits after the point. Default: 2.

---A percentage, stored as 20 for 20 %.
---@param name string
---@return fun(options: ostov.percent): ostov.declaration
function percent(name) end

---@class ostov.boolean
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.

---Yes or no.
---@param name string
---@return fun(options: ostov.boolean): ostov.declaration
function boolean(name) end

---@class ostov.date
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A calendar day.
---@param name string
---@return fun(options: ostov.date): ostov.declaration
function date(name) end

---@class ostov.datetime
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A moment.
---@param name string
---@return fun(options: ostov.datetime): ostov.declaration
function datetime(name) end

---@class ostov.duration
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A length of time.
---@param name string
---@return fun(options: ostov.duration): ostov.declaration
function duration(name) end

---@class ostov.choice
---@field [integer] ostov.declaration
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field search? boolean Text search finds records by it. Default: false.

---One of the values that it lists.
---@param name string
---@return fun(options: ostov.choice): ostov.declaration
function choice(name) end

---@class ostov.lookup
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field many? boolean Several values, kept in order. Default: false.
---@field to? string The section referred to.
---@field create? boolean "Create" beside the field. Default: false.
---@field where? boolean|string Which records. Default: all.
---@field on_delete? "restrict"|"clear"|"cascade" What happens here when the target is deleted. Default: restrict.

---A reference to a record.
---@param name string
---@return fun(options: ostov.lookup): ostov.declaration
function lookup(name) end

---@class ostov.detail
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field section? string The section of the lines.
---@field by? string Their lookup that points here.
---@field owned? boolean The lines live and die with this record and take its rights. Default: false.

---The records whose lookup points here.
---@param name string
---@return fun(options: ostov.detail): ostov.declaration
function detail(name) end

---@class ostov.file
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field many? boolean Several values, kept in order. Default: false.

---An uploaded file.
---@param name string
---@return fun(options: ostov.file): ostov.declaration
function file(name) end

---@class ostov.email
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field search? boolean Text search finds records by it. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A mail address.
---@param name string
---@return fun(options: ostov.email): ostov.declaration
function email(name) end

---@class ostov.phone
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field search? boolean Text search finds records by it. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A telephone number.
---@param name string
---@return fun(options: ostov.phone): ostov.declaration
function phone(name) end

---@class ostov.url
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field message? string What is said when the check fails or the move is closed. Default: a general one.
---@field required? boolean|string Must have a value. Default: false.
---@field readonly? boolean|string Nobody changes it unless a grant names it. Default: false.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field check? string What must hold.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field unique? boolean No two records with the same value. Default: false.
---@field default? string|number|boolean Value of a new record.
---@field initial? string Value of a new record, computed when it is begun.
---@field fill? string Set again when a field that it names changes; may be overwritten.
---@field index? boolean Make an index. Default: false.
---@field search? boolean Text search finds records by it. Default: false.
---@field min? string|number|boolean Least value; of a text, number of characters.
---@field max? string|number|boolean Greatest value; of a text, number of characters.

---A web address.
---@param name string
---@return fun(options: ostov.url): ostov.declaration
function url(name) end

---@class ostov.autonumber
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field index? boolean Make an index. Default: false.
---@field search? boolean Text search finds records by it. Default: false.
---@field pattern? string Text with {yyyy} {yy} {mm} {dd} {seq} {seq:5}. Default: {seq}.
---@field gapless? boolean No number is ever lost. Default: false.
---@field at? string The stage whose entry assigns the number. Default: on creating.

---A number that nobody types.
---@param name string
---@return fun(options: ostov.autonumber): ostov.declaration
function autonumber(name) end

---@class ostov.formula
---@field [integer] string
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field index? boolean Make an index. Default: false.
---@field scale? integer Digits after the point. Default: 2.
---@field type? "text"|"integer"|"decimal"|"money"|"percent"|"boolean"|"date"|"datetime"|"duration"|"choice"|"lookup"|"email"|"phone"|"url" Type of the value.

---A value computed when it is read.
---@param name string
---@return fun(options: ostov.formula): ostov.declaration
function formula(name) end

---@class ostov.rollup
---@field [integer] string
---@field label? string What users read. Default: from the name.
---@field was? string Its former name: a rename keeps the data.
---@field help? string A sentence under the field.
---@field hidden? boolean|string Not shown on the form. Default: false.
---@field after? string The field it stands behind on the form. Default: at the end.
---@field index? boolean Make an index. Default: false.
---@field scale? integer Digits after the point. Default: 2.
---@field type? "text"|"integer"|"decimal"|"money"|"percent"|"boolean"|"date"|"datetime"|"duration"|"choice"|"lookup"|"email"|"phone"|"url" Type of the value.

---A value over the lines of a detail, kept right by every write.
---@param name string
---@return fun(options: ostov.rollup): ostov.declaration
function rollup(name) end
