/* What the process may still do from its start on. Must not know what it does. */
#ifndef AUTOPROV_SANDBOX_H
#define AUTOPROV_SANDBOX_H

#include "autoprov/config.h"

/* Which files are in use, and the fence around them. */
struct sandbox;

/* Fence the calling thread in, and those that it makes: files by Landlock, calls by seccomp. A
 * kernel that lacks one of them goes without; sandbox_describe() tells. Before the first thread,
 * when ports are bound and nothing is left that needs more.
 * *ret_sandbox: free with sandbox_free(), which frees no prisoner.
 * Errors: AP_EIO, AP_ENOMEM; then the process may be half fenced in and must end. */
AP_MUSTCHECK int sandbox_enter(const struct config *config, struct sandbox **ret_sandbox,
                               struct ap_error *error);
void sandbox_free(struct sandbox *sandbox);

/* Everything that a new configuration names can be read in here.
 * Errors: AP_EPERM, with a line that names key and path and says what to do. */
AP_MUSTCHECK int sandbox_check(struct sandbox *sandbox, const struct config *config,
                               struct ap_error *error);

/* "landlock=abi3 seccomp=on"; for each: on, none (the kernel has it not) or off. Borrowed. */
const char *sandbox_describe(const struct sandbox *sandbox);

/* -- sandbox_filter.c ---------------------------------------------------------------------------
 */

/* Allow the calls of a running daemon alone, in all threads. *ret_state: "on", "none", "off".
 * Errors: AP_EIO, AP_ENOMEM. */
AP_MUSTCHECK int sandbox_filter_calls(const char **ret_state, struct ap_error *error);

#endif
