/* pg_private_files: the files and folders of a private cluster: where they may lie, who owns them, which programs fit.
 *
 * Private to pg_private. Texts live in the arena given. */
#ifndef OST_PG_PG_PRIVATE_FILES_H
#define OST_PG_PG_PRIVATE_FILES_H

#include <stddef.h>
#include <sys/types.h>

struct arena;
struct err;

/* At most `limit` bytes of a file's end, or NULL. */
char *private_file_read(struct arena *a, const char *path, size_t limit);
/* Writes a file as a whole (new name, then rename), owned by uid and gid when we are root. */
int private_file_write(const char *path, const char *text, uid_t uid, gid_t gid);
/* Makes the folder with its owner and mode, or makes sure that the one there has them and is no link. */
int private_dir_make(const char *path, mode_t mode, uid_t uid, gid_t gid);
/* Removes a folder with everything in it; 0 when it is not there. */
int private_tree_remove(const char *path);
/* 16 hexadecimal digits that stand for a path. */
const char *private_path_hash(struct arena *a, const char *path);
/* The folder of PostgreSQL's programs: those of the cluster's own version, or the newest for a cluster to come. */
int private_bin_find(struct arena *a, const char *data, const char **bin, struct err *err);

#endif
