/* paths: where the program finds what it is shipped with: lua/, modules/, configs/, web/dist/.
 *
 * In a build tree these stand beside the executable, or in the source folder when the build is out of the source tree; after
 * `make install` they stand in share/ostov beside the bin/ of the executable, wherever the prefix lies now, or else under $(pkgdatadir). The strings live as long as the process.
 * Not here: what an operator names on the command line (configuration, data). */
#ifndef OST_CLI_PATHS_H
#define OST_CLI_PATHS_H

#include <stddef.h>

/* The folder that holds lua/, modules/, configs/ and web/: absolute, without a trailing slash. */
const char *paths_home(void);
/* Writes "<home>/<sub>" to buf of `size` bytes; -1 if it does not fit. */
int paths_join(char *buf, size_t size, const char *sub);

#endif
