#include "base/fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FAULTS = 16 };

static struct {
	char name[64], action[16];
	long at, arg, passed;
} faults[MAX_FAULTS];
static int nfaults;

void fault_setup(void)
{
	const char *env = getenv("OSTOV_FAULT");
	if (!env)
		return;
	char copy[1024], *save = NULL;
	snprintf(copy, sizeof copy, "%s", env);
	for (char *one = strtok_r(copy, ",", &save); one && nfaults < MAX_FAULTS; one = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(one, '=');
		if (!eq)
			continue;
		*eq++ = 0;
		char *colon = strchr(eq, ':');
		long n = 1;
		if (colon) {
			*colon++ = 0;
			n = strtol(colon, NULL, 10);
		}
		snprintf(faults[nfaults].name, sizeof faults[0].name, "%s", one);
		snprintf(faults[nfaults].action, sizeof faults[0].action, "%s", eq);
		faults[nfaults].at = strcmp(eq, "stop") == 0 ? 1 : n;
		faults[nfaults].arg = n;
		nfaults++;
	}
}

bool fault_hit(const char *name)
{
	for (int i = 0; i < nfaults; i++) {
		if (strcmp(faults[i].name, name) != 0)
			continue;
		faults[i].passed++;
		if (strcmp(faults[i].action, "stop") == 0) {
			usleep((useconds_t)faults[i].arg * 1000);
			return false;
		}
		if (faults[i].passed != faults[i].at)
			return false;
		if (strcmp(faults[i].action, "kill") == 0)
			kill(getpid(), SIGKILL);
		return true;
	}
	return false;
}
