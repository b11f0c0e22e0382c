/* Starting, running and stopping the whole. */
#ifndef AUTOPROV_DAEMON_H
#define AUTOPROV_DAEMON_H

#include "autoprov/err.h"

/* No core file, no debugger: memory holds SIP passwords. Not under sanitizers, whose leak check
 * must read the process. */
void daemon_hide_memory(void);

/* Run until SIGTERM or SIGINT. Errors of the start, with one line: then nothing was changed. */
AP_MUSTCHECK int daemon_run(const char *config_path, struct ap_error *error);

#endif
