/* Private: the target of a request line, in canonical form. */
#ifndef AUTOPROV_NET_REQUEST_TARGET_H
#define AUTOPROV_NET_REQUEST_TARGET_H

#include <stdbool.h>

#include "autoprov/request_gate.h"

/* Split target at '?' and '#' and write its canonical path (request_gate.h). target: visible ASCII
 * only, at most AP_REQUEST_LINE_MAX_BYTES. False: not origin form, or something forbidden in it;
 * the path is then in an unknown state. query: absent without '?'. */
bool request_target_read(const struct gate_text *target, struct gate_result *result,
                         struct gate_text *ret_query);

#endif
