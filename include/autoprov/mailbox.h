/* Messages from any thread to one libuv loop. */
#ifndef AUTOPROV_MAILBOX_H
#define AUTOPROV_MAILBOX_H

#include <uv.h>

#include "autoprov/err.h"

/* Lives inside the sender's object, which must stay until run was called. */
struct mailbox_message {
    struct mailbox_message *next;
    void (*run)(struct mailbox_message *message); /* on the loop's thread */
};

struct mailbox;

/* Caller owns; close with mailbox_close() on the loop's thread, then run the loop to its end.
 * Errors: AP_ENOMEM, AP_EIO. Loop thread. */
AP_MUSTCHECK int mailbox_open(uv_loop_t *loop, struct mailbox **ret_mailbox);

/* Messages already posted are run first. Nothing may be posted afterwards. Loop thread. */
void mailbox_close(struct mailbox *mailbox);

/* Never fails, never blocks for long. Messages of one sender run in order. Any thread. */
void mailbox_post(struct mailbox *mailbox, struct mailbox_message *message);

#endif
