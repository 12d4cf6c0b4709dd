/* log: one line of JSON per event on stderr (time, level, process, message, fields), or plain text on a terminal.
 * Secrets (passwords, tokens, cookies) are never given to it. */
#ifndef OST_BASE_LOG_H
#define OST_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Sets what is shown (default LOG_INFO) and the name of this process in each line ("web 1"). */
void log_setup(enum log_level level, const char *process);
/* Writes one event, printf. */
void log_event(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_event(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_event(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)

#endif
