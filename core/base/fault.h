/* fault: named points at which a test makes the program die, fail or wait.
 *
 * OSTOV_FAULT="name=kill,other=fail:3" in the environment arms points ("kill" ends the process by SIGKILL, "fail" makes
 * fault_hit return true, "stop:MS" sleeps; ":N" acts at the Nth passage). Unarmed points cost one comparison. */
#ifndef OST_BASE_FAULT_H
#define OST_BASE_FAULT_H

#include <stdbool.h>

/* Reads OSTOV_FAULT; called once by main. */
void fault_setup(void);
/* Passes the point `name`; true when the caller shall fail here. */
bool fault_hit(const char *name);

#endif
