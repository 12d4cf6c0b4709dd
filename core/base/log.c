#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static enum log_level shown = LOG_INFO;
static char process_name[32] = "ostov";
static const char *const names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level level, const char *process)
{
	shown = level;
	snprintf(process_name, sizeof process_name, "%s", process);
}

void log_event(enum log_level level, const char *fmt, ...)
{
	if (level < shown)
		return;
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	struct tm tm;
	gmtime_r(&ts.tv_sec, &tm);
	char when[40];
	size_t n = strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when + n, sizeof when - n, ".%03ldZ", ts.tv_nsec / 1000000);
	struct buf text = BUF_INIT, line = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_room(&text, 0);
	if (isatty(STDERR_FILENO)) {
		buf_printf(&line, "%s %-5s %s: %s\n", when, names[level], process_name, text.data);
	} else {
		buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"message\":", when, names[level], process_name);
		buf_json(&line, text.data, text.len);
		buf_puts(&line, "}\n");
	}
	/* one write, so that lines of several processes do not mix */
	ssize_t done = write(STDERR_FILENO, line.data, line.len);
	(void)done;
	buf_destroy(&text);
	buf_destroy(&line);
}
