/* A locked list and a uv_async handle: the only way into another thread's loop. */
#include "autoprov/mailbox.h"

#include <stdlib.h>

struct mailbox {
    uv_async_t async;
    uv_mutex_t lock;
    struct mailbox_message *first;
    struct mailbox_message **end;
};

static struct mailbox_message *take_all(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->lock);
    struct mailbox_message *first = mailbox->first;
    mailbox->first = NULL;
    mailbox->end = &mailbox->first;
    uv_mutex_unlock(&mailbox->lock);
    return first;
}

static void run_messages(struct mailbox *mailbox)
{
    struct mailbox_message *message = take_all(mailbox);

    while (message) {
        /* run may free the message. */
        struct mailbox_message *next = message->next;
        message->run(message);
        message = next;
    }
}

static void on_async(uv_async_t *async)
{
    run_messages(async->data);
}

int mailbox_open(uv_loop_t *loop, struct mailbox **ret_mailbox)
{
    struct mailbox *mailbox = calloc(1, sizeof(*mailbox));

    if (!mailbox)
        return AP_ENOMEM;
    mailbox->end = &mailbox->first;
    if (uv_mutex_init(&mailbox->lock) != 0) {
        free(mailbox);
        return AP_EIO;
    }
    if (uv_async_init(loop, &mailbox->async, on_async) != 0) {
        uv_mutex_destroy(&mailbox->lock);
        free(mailbox);
        return AP_EIO;
    }
    mailbox->async.data = mailbox;
    *ret_mailbox = mailbox;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct mailbox *mailbox = handle->data;

    uv_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

void mailbox_close(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    run_messages(mailbox);
    uv_close((uv_handle_t *)&mailbox->async, on_closed);
}

void mailbox_post(struct mailbox *mailbox, struct mailbox_message *message)
{
    message->next = NULL;
    uv_mutex_lock(&mailbox->lock);
    *mailbox->end = message;
    mailbox->end = &message->next;
    /* Inside the lock: after unlocking the loop may already have closed the mailbox. */
    (void)uv_async_send(&mailbox->async); /* fails only on a closed handle */
    uv_mutex_unlock(&mailbox->lock);
}
