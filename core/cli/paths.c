/* paths: the choice between build tree, source folder and installed folder. */
#include "cli/paths.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool folder_has(const char *dir, const char *sub)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", dir, sub);
	return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

/* Installed under DESTDIR, or moved as a whole since: what stands beside bin/ is the program's own. */
static bool beside_bin(const char *dir, char *out, size_t size)
{
	size_t len = strlen(dir);
	if (len < 4 || strcmp(dir + len - 4, "/bin") != 0)
		return false;
	int n = snprintf(out, size, "%.*s/share/ostov", (int)len - 4, dir);
	return n > 0 && (size_t)n < size;
}

const char *paths_home(void)
{
	static char home[PATH_MAX];
	if (home[0])
		return home;
	const char *chosen = OST_PKGDATADIR;
	char exe[PATH_MAX], beside[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	exe[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(exe, '/');
	if (slash && slash != exe) {
		*slash = '\0';
		/* config.status marks a build tree; the source folder that was configured is right only there */
		if (folder_has(exe, "configure.ac"))
			chosen = exe;
		else if (folder_has(exe, "config.status"))
			chosen = OST_SRCDIR;
		else if (beside_bin(exe, beside, sizeof beside) && folder_has(beside, "lua/core/module.lua"))
			chosen = beside;
	}
	snprintf(home, sizeof home, "%s", chosen);
	return home;
}

int paths_join(char *buf, size_t size, const char *sub)
{
	int n = snprintf(buf, size, "%s/%s", paths_home(), sub);
	return n > 0 && (size_t)n < size ? 0 : -1;
}
