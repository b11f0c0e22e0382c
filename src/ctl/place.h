/* What commands without the daemon work on: configuration, database, lock, key. */
#ifndef AUTOPROV_CTL_PLACE_H
#define AUTOPROV_CTL_PLACE_H

#include <sys/types.h>

#include "autoprov/config.h"
#include "autoprov/store.h"
#include "autoprov/vault.h"
#include "ctl_private.h"

#define CTL_PLACE_PATH_MAX 4200

struct ctl_place {
    struct config *config;
    char database[CTL_PLACE_PATH_MAX];
    char lock[CTL_PLACE_PATH_MAX];
    uid_t uid; /* (uid_t)-1: leave */
    gid_t gid;
    struct vault *vault;
    int lock_fd; /* -1: not held */
};

/* Each returns an exit code, after a line on standard error. Also after a failed open the place is
 * closed. */
int ctl_place_open(const struct ctl_args *args, struct ctl_place *place);
void ctl_place_close(struct ctl_place *place);

/* From here on root works as the daemon's user: the state folder is that user's, who may put links
 * where root would follow them. */
int ctl_place_become_owner(const struct ctl_place *place);
/* The place, its key and a reader of its database, as the daemon's user: *ret_db is closed by the
 * caller, place in any case. Returns an exit code. */
int ctl_place_open_reader(const struct ctl_args *args, struct ctl_place *place,
                          struct store_db **ret_db);
/* Back to who started the tool. Nothing is done with it but ending, removing what is ours, and
 * writing where the caller said. */
void ctl_place_become_oneself(void);

int ctl_place_lock(struct ctl_place *place);
int ctl_place_open_vault(struct ctl_place *place);
/* Make a master key at path, for the daemon's user. Never replaces one. */
int ctl_place_make_key(const struct ctl_place *place, const char *path);

#endif
