/* expr_system: the tables and functions of schema ostov on which generated SQL relies. */
#ifndef OST_EXPR_EXPR_SYSTEM_H
#define OST_EXPR_EXPR_SYSTEM_H

/* One statement (a DO block) that makes them and may run again: schema ostov, tables organisation and calendar_day if missing, functions anew. The
 * view role_member(role text, user_id bigint) is not here: it stands on section tables. */
const char *expr_system_sql(void);

#endif
