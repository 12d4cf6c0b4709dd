/* config_report: errors of a configuration as people and programs read them: place, source line, caret, hint; or JSON. */
#ifndef OST_EDGE_CONFIG_REPORT_H
#define OST_EDGE_CONFIG_REPORT_H

#include "base/err.h"
#include "meta/decl.h"

struct buf;

/* Puts the list at *errs into the order of modules, files, lines. */
void config_report_sort(const struct config *config, struct err *errs);
/* Appends every error and warning as text; `config` (may be NULL) has the source lines. */
void config_report_text(struct buf *b, const struct config *config, const struct err *errs);
/* Appends a JSON array of {file,line,column,code,message,hint,severity}. */
void config_report_json(struct buf *b, const struct err *errs);
/* Errors, and warnings, in the list. */
void config_report_count(const struct err *errs, size_t *errors, size_t *warnings);

#endif
