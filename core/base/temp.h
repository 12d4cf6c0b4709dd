/* temp: files without a name: what a killed process held there is gone with it.
 *
 * Not here: files that somebody else is to find. */
#ifndef OST_BASE_TEMP_H
#define OST_BASE_TEMP_H

enum { TEMP_PATH = 32 };

/* An empty file below TMPDIR (else /tmp), open for reading and writing, close-on-exec; -1 and errno. The caller closes it. */
int temp_open(void);
/* A path under which this process may open the file again: for libraries that want a name. */
void temp_path(int fd, char out[TEMP_PATH]);

#endif
