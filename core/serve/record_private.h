/* record_private: what the files of the write path share; not for others.
 *
 * A struct record_plan is derived from a section's definition once, in the registry's arena. A unit's identity map, queues and notes live in the unit's arena. */
#ifndef OST_SERVE_RECORD_PRIVATE_H
#define OST_SERVE_RECORD_PRIVATE_H

#include "base/buf.h"
#include "base/say.h"
#include "serve/access.h"
#include "serve/change.h"
#include "serve/record.h"
#include "serve/unit.h"

struct pg_query;
struct pg_rows;

/* A parent whose stored rollups or checks the rows of a section touch, or through which such a rollup reads them. */
struct record_parent {
	struct field *by; /* lookup of the section to the parent */
	bool checks;
	bool watched; /* rules of what the parent is a line of look at the rows */
};

/* Rules of records that look at the section's rows as lines of their lines, or at sums that their lines keep. */
struct record_watch {
	struct field **steps; /* lookups, from the section's own up to the record with the rule */
	size_t nsteps;
	struct field **reads; /* fields of the section that the rules read */
	size_t nreads;
	bool sums; /* stored rollups among them */
};

/* Rows of a section above a line that a write locks: its parents, what they are lines of in their turn, what keeps rollups of rollups. */
struct record_above {
	struct section *section;
	struct record_way *ways;
	size_t nways;
};

/* One way to them. */
struct record_way {
	size_t parent;   /* the first step: its place in `parents` */
	const char *ids; /* SQL of their ids: $1 is the line, $(parent + 2) further targets of the first step */
};

/* A place from which a stored rollup reads the section's rows. */
struct record_place {
	const struct expr_reach *reach;
	struct section *from;  /* the rows that hold the rollup, or those on the way to them; NULL: the row itself holds it */
	struct field *by;      /* the rows are lines: the lookup to `from` */
	const char *back;      /* the rows that hold the rollup, of rows $1 */
	const char *back_from; /* the same, of rows $1 of `from`; NULL: these are it */
};

/* A stored rollup that reads the section. */
struct record_feed {
	struct field *rollup;
	struct record_place *places;
	size_t nplaces;
	struct field **reads; /* fields of the section that it reads, in any place */
	size_t nreads;
	bool through; /* it reads rows that lookups lead to */
};

/* Statements that keep others from writing what rollups read beyond rows of the section. */
struct record_hold {
	struct field *by; /* a lookup of the section: $1 are its targets; NULL: of rows $1 all that their lookups and lines lead to */
	const char **texts;
	size_t ntexts;
};

struct record_plan {
	struct section *section;
	size_t nfields;
	struct field **columns; /* stored in a column, id excepted */
	size_t ncolumns;
	struct field **links; /* several lookups or files */
	size_t nlinks;
	struct field *stage, *created_at, *created_by, *changed_at, *changed_by;
	const char *select;                              /* "SELECT … FROM app.x AS t WHERE ", columns as in `columns`, then links */
	const char *by_id, *by_ids, *lock, *lock_delete; /* whole statements, $1 the id or ids */
	const char *next_id, *next_ids;                  /* $1: how many */
	const char *keep;                                /* statement that keeps versions (version.h), made when first needed */
	struct record_parent *parents;
	size_t nparents;
	struct record_above *above; /* what a write of lines locks first, in order of rank */
	size_t nabove;
	struct record_feed *feeds;
	size_t nfeeds;
	struct record_watch *watches;
	size_t nwatches;
	struct record_hold *holds; /* by lookup, in order of the targets' rank; the last without one, if any */
	size_t nholds;
	struct field **rollups; /* own stored rollups */
	size_t nrollups;
	int passes;          /* how often they are computed: one may read another of the same row */
	bool *late;          /* by pos: the field's check reads lines or rollups: tested after the write */
	bool late_check;     /* the section's check does */
	bool *late_required; /* by pos: whether it is required is decided by owned lines, which may be written without it */
	bool fills_by_lines; /* a fill names lines or rollups */
	bool hooks[HOOK_EVENTS];
};

struct record_private {
	struct pg_query *query; /* its row is on its way */
	bool reread;            /* the database computed something: read again before use */
	bool absent;            /* there is no such row */
	bool *given;            /* by pos: the client set it in this write */
	bool *unread;           /* by pos: sent, but not to be read, or computed from such a field; NULL: none */
	bool writing;           /* a write of it is under way: a hook does not write it again */
	const char *prefix;     /* of targets: "payments/2/", or "" */
	struct err *faults;     /* of the write under way: list collected, or NULL */
	unsigned flags;         /* enum record_flags */
	const char *move, *comment;
	struct record *owner;    /* of a line written with its parent */
	struct task_item *tasks; /* the checklist in force, once it was asked for */
	size_t ntasks;
	bool touched; /* lines were written through it: its version rises */
	bool leaving; /* a line that this write removes */
	struct record *next_drafted;
	bool drafted;
};

struct id_pool {
	struct section *section;
	int64_t *ids;
	size_t n, used;
	size_t taken;           /* in all: decides how many are reserved next */
	struct pg_query *query; /* one id on its way */
	struct id_pool *next;
};

struct rollup_note {
	struct section *section;
	int64_t id;
};

struct unit_changed {
	int64_t section, id;
};

struct rollup_held {
	const struct record_hold *hold;
	int64_t id;
};

struct parent_query {
	struct pg_query *query;
	struct section *section;
};

struct unit_callback {
	void (*fn)(void *);
	void *arg;
	struct unit_callback *next;
};

enum { UNIT_NESTS = 16 };

struct unit_private {
	struct unit_config config;
	struct pg_query *clock;
	bool ready;
	int64_t number;        /* of ostov.unit: one write, one number */
	struct record **slots; /* identity map: open addressing, power of two */
	size_t nslots, nrecords;
	struct record *drafted; /* records with drafts, newest first: the overlay over details */
	struct id_pool *pools;
	struct {
		struct parent_query *items;
		size_t count, cap;
	} asked; /* parents on their way */
	struct {
		struct rollup_note *items;
		size_t count, cap;
	} notes; /* rows whose rollups have to be recomputed */
	struct {
		struct rollup_note *items;
		size_t count, cap;
	} checks; /* rows whose late checks have to be run */
	struct {
		struct unit_changed *items;
		size_t count, cap;
	} changed; /* records that open pages are told of (live.h) */
	struct {
		struct rollup_held *items;
		size_t count, cap;
	} held; /* looked-up records that stay as they are until the end (rollup_hold) */
	struct unit_callback *after;
	size_t written; /* records */
	bool jobs;      /* a job was queued: NOTIFY at commit */
	bool form;      /* a draft is looked at, nothing is written: rollups come from the drafts, what is missing is no fault yet */
	bool thorough;  /* what the database would refuse is looked for before: something is wrong, and all of it is to be told */
	int hook_depth;
	struct actor system;
	int nests;
	size_t notes_at[UNIT_NESTS], checks_at[UNIT_NESTS]; /* their counts when a savepoint was set */
	struct rollup_note *notes_kept[UNIT_NESTS];         /* the notes of then, if they were recomputed since; NULL: they stand */
	const signed char *calendar;                        /* exceptions of the working week by day from calendar_first */
	int64_t calendar_first, calendar_count;
	bool calendar_loaded;
};

/* unit.c */
/* Notes are about to be recomputed: a savepoint that is undone brings them back. */
void unit_notes_keep(struct unit *u);

/* record_plan.c */
struct record_plan *record_plan_get(const struct registry *reg, struct section *s);

/* record_watch.c: rules of records above what the section's rows are lines of */
/* Adds the watches of a rule of `owner` that names lines of the plan's section; `owned`: only where each step is to an owner. */
void record_watch_plan(struct record_plan *p, struct arena *a, const struct section *owner, const struct expr *e, bool owned);
/* A rule further up reads stored rollups of the section. */
bool record_watch_sums(const struct record_plan *p);
/* Locks and notes whose late checks have to be run after the record was written or removed. */
int record_watch_touch(struct record *r, struct err *err);
/* The same after the stored rollups of the rows were recomputed. */
int record_watch_recomputed(struct unit *u, struct section *s, const int64_t *ids, size_t n, struct err *err);

/* rollup_plan.c: the parts of a plan that stored rollups make */
void rollup_plan_feeds(struct record_plan *p, struct arena *a, const struct registry *reg);
void rollup_plan_holds(struct record_plan *p, struct arena *a);
/* Looks at the plans of others. */
void rollup_plan_above(struct record_plan *p, struct arena *a, const struct registry *reg);
/* The lookup's parent, added when it is none yet; valid until the next one is added. */
struct record_parent *rollup_plan_parent(struct record_plan *p, struct arena *a, struct field *by);

/* The field as expr hands it back. */
static inline struct field *record_field(const struct expr_field *f)
{
	return (struct field *)f;
}
static inline struct section *record_section(const struct expr_table *t)
{
	return (struct section *)t;
}
/* A value is kept in the row (column or link). */
static inline bool record_stores(const struct field *f)
{
	return f->expr.storage == EXPR_COLUMN || f->expr.storage == EXPR_LINK;
}

/* record_load.c */
struct record *record_find(struct unit *u, const struct section *s, int64_t id);
struct record *record_new(struct unit *u, struct section *s, int64_t id);
/* Waits for a prefetched row. */
int record_settle(struct record *r, struct err *err);
/* Reads and locks, parents that the input touches first or last as the order of sections wants; ERR_NOT_FOUND. */
int record_lock(struct unit *u, struct section *s, int64_t id, bool to_delete, const struct record_input *in, struct record **out,
				struct err *err);
/* Starts locking the parents that line `id` (0: a new one) has and that the input gives it; queued. `after`: of sections behind s in the order of locks, else before. */
void record_ask_parents(struct unit *u, struct section *s, int64_t id, const struct record_input *in, bool after);
/* Locks the parents of the record (was and now) that its write touches, in order, those that are not locked yet. */
int record_lock_parents(struct unit *u, struct record **rs, size_t n, struct err *err);
/* Reserves an id; queued until record_take_id. */
void record_ask_id(struct unit *u, struct section *s);
int record_take_id(struct unit *u, struct section *s, int64_t *id, struct err *err);
/* Forgets all records (a savepoint was undone). */
void record_forget_all(struct unit *u);
void record_set_drafted(struct record *r);
/* Fills unit->env. */
void record_env(struct unit *u);
/* A row of plan->select as values by pos. */
void record_read_row(const struct record_plan *p, struct arena *a, const struct pg_rows *rows, size_t row, int64_t *id, int64_t *version,
					 struct value *values);
/* Reads ostov.calendar_day for workdays(); cheap when done. */
int unit_calendar(struct unit *u, struct err *err);

/* record_check.c */
/* The rule on the record as it stands (old: as it was): its constant, `unset` when it was not given, else its expression. */
int record_rule(struct record *r, const struct rule *rule, bool unset, bool *out, struct err *err);
/* Adds a fault to the write's list; f NULL: of the whole record. */
void record_fault(struct record *r, enum err_code code, const struct field *f, const char *message);
/* The stored rollup as the drafts make it, while a write with lines of its record is under way; false: what the row holds is right. */
bool record_rollup_open(const struct record *r, const struct field *f);
/* A value that counts as empty: nil or an empty list. */
bool record_empty(const struct value *v);
/* The draft differs from the row (always true for a new record). */
bool record_changed(const struct record *r, const struct field *f);
/* The field's value could not be read from the input: nothing that depends on it is judged. */
static inline bool record_unread(const struct record *r, const struct field *f)
{
	return r->priv->unread && r->priv->unread[f->pos];
}
/* The expression names such a field. */
bool record_names_unread(const struct record *r, const struct expr *e);
/* Adds a fault as it is; of those with one target the first stays. */
void record_fault_add(struct record *r, const struct err *fault);
/* The expression names a field of the record that changed; true for a new record. */
bool record_names_changed(const struct record *r, const struct expr *e);
/* required, min, max, check, lookups, files, the section's check, the tree: faults are collected, -1 only when the database fails. */
int record_check(struct record *r, struct err *err);
/* Starts reading the targets of lookups that the draft changes; then whether they are there and the actor's to choose, those too that are else left to the
 * foreign key (u->priv->thorough). */
void record_ask_references(struct record *r);
int record_check_references(struct record *r, struct err *err);
/* The checks that read lines or rollups, on the drafts (u->priv->form): for an answer that tells all faults; what is written is asked of the database. */
int record_check_late(struct record *r, struct err *err);
/* Whether the record as it stands must have a value in the field: its rule, or the stage it is on. */
int record_needs(struct record *r, const struct field *f, bool *out, struct err *err);
/* A target that the actor does not see is told as one that is not there, before a rule of the record could tell of it: what depends on it is not judged. */
int record_conceal(struct record *r, struct err *err);
/* The choice of a lookup's target by `where`: a comparison with an empty field of the record, or of one that it points to, offers all. */
int record_where(struct record *r, const struct field *f, struct record *target, bool *out, struct err *err);
/* Checks that read lines or rollups, after the write: queued, tested by the next call of record_late_run. */
int record_late_run(struct unit *u, struct err *err);
void record_late_note(struct record *r);

/* record_value.c */
/* A computed number as its field keeps it: rounded to the scale; what has too many digits for its column, or for a formula, is nil. */
void record_fit(struct arena *a, const struct field *f, struct value *v);

/* record_draft.c */
/* Is the field read-only for whom no grant names it? A stored record is asked as it was, a new one as it is drafted. */
int record_readonly(struct record *r, const struct field *f, bool *out, struct err *err);
/* Puts the input into the draft after looking whether each field may be written; faults are collected. */
int record_apply(struct record *r, const struct record_input *in, struct err *err);
/* For a new record, when its draft stands: do the grants that hold on it give the fields and details set? */
int record_apply_new(struct record *r, const struct record_input *in, struct err *err);
/* May lines of the detail be written on this record? A fault when not; a new record is asked by record_apply_new. */
int record_apply_lines(struct record *r, const struct field *detail, bool *ok, struct err *err);
/* Would a row that exists take a value of the actor in this field now? No faults: for forms. */
int record_takes(struct record *r, const struct field *f, bool *ok, struct err *err);
/* The stage that freezes the record: its own, or that of an owner it has or had; NULL none. */
int record_frozen(struct record *r, const struct stage **out, struct err *err);
/* Default, initial and fill. `changed` NULL: what differs from the row. */
int record_derive(struct record *r, struct field *const *changed, size_t nchanged, struct err *err);
/* The fills that name lines or rollups, once the lines of the write are drafts. */
int record_derive_lines(struct record *r, struct field *const *changed, size_t nchanged, struct err *err);

/* record_write.c */
/* Queues INSERT or UPDATE with links, history and what hangs on the section; nothing when nothing changed. */
int record_write(struct record *r, enum change_kind kind, struct err *err);
/* The write is queued: what was a draft is what the row holds now. */
void record_settled(struct record *r);
/* Queues DELETE and its history. */
int record_erase(struct record *r, struct err *err);

/* record_delete.c */
/* Deletes a locked record after rights were asked: hooks, on_delete of what points here, owned lines, the row. */
int record_remove(struct record *r, struct err *err);

/* change.c */
/* The JSON of what changed: {"field id":[old,new]}; of a deletion everything that was there. */
void change_json(struct buf *out, const struct record *r, enum change_kind kind);
/* Whose line the record is: its section and id, 0 when it is nobody's. */
void change_parent(const struct record *r, int64_t *section, int64_t *id);

#endif
