/* Messages from any thread to one loop. */
#include "autoprov/mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/alloc_fault.h"

#define SENDERS         4
#define SENDER_MESSAGES 2000

struct note {
    struct mailbox_message message;
    unsigned sender, number;
    struct office *office;
};

struct office {
    uv_loop_t loop;
    struct mailbox *mailbox;
    struct note *notes;     /* SENDER_MESSAGES of each sender */
    unsigned next[SENDERS]; /* number expected of each sender */
    unsigned total;
    unsigned close_after; /* close the mailbox when total is reached; 0: never */
};

static void run_note(struct mailbox_message *message)
{
    struct note *note = (struct note *)message;
    struct office *office = note->office;

    assert_int_equal(note->number, office->next[note->sender]++);
    office->total++;
    if (office->close_after && office->total == office->close_after)
        mailbox_close(office->mailbox);
}

static void post(struct office *office, unsigned sender, unsigned number)
{
    struct note *note = &office->notes[sender * SENDER_MESSAGES + number];

    note->message.run = run_note;
    note->sender = sender;
    note->number = number;
    note->office = office;
    mailbox_post(office->mailbox, &note->message);
}

static int open_office(void **state)
{
    struct office *office = calloc(1, sizeof(*office));

    assert_non_null(office);
    office->notes = calloc((size_t)SENDERS * SENDER_MESSAGES, sizeof(*office->notes));
    assert_non_null(office->notes);
    assert_int_equal(uv_loop_init(&office->loop), 0);
    assert_int_equal(mailbox_open(&office->loop, &office->mailbox), 0);
    *state = office;
    return 0;
}

static int close_office(void **state)
{
    struct office *office = *state;

    assert_int_equal(uv_run(&office->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&office->loop), 0);
    free(office->notes);
    free(office);
    return 0;
}

static void test_messages_run_in_order_on_the_loop_only(void **state)
{
    struct office *office = *state;

    for (unsigned i = 0; i < 10; i++)
        post(office, 0, i);
    assert_int_equal(office->total, 0);
    (void)uv_run(&office->loop, UV_RUN_NOWAIT);
    assert_int_equal(office->total, 10);
    post(office, 0, 10);
    (void)uv_run(&office->loop, UV_RUN_NOWAIT);
    assert_int_equal(office->total, 11);
    mailbox_close(office->mailbox);
}

static void test_messages_posted_before_the_close_are_run(void **state)
{
    struct office *office = *state;

    for (unsigned i = 0; i < 5; i++)
        post(office, 0, i);
    mailbox_close(office->mailbox);
    assert_int_equal(office->total, 5);
}

static void test_a_message_may_close_the_mailbox(void **state)
{
    struct office *office = *state;

    office->close_after = 3;
    for (unsigned i = 0; i < 3; i++)
        post(office, 0, i);
    assert_int_equal(uv_run(&office->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(office->total, 3);
}

struct sender {
    struct office *office;
    unsigned number;
};

static void *send_many(void *data)
{
    const struct sender *sender = data;

    for (unsigned i = 0; i < SENDER_MESSAGES; i++)
        post(sender->office, sender->number, i);
    return NULL;
}

static void test_messages_of_four_threads_all_arrive_in_each_ones_order(void **state)
{
    struct office *office = *state;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];

    office->close_after = SENDERS * SENDER_MESSAGES;
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){office, i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &senders[i]), 0);
    }
    /* Ends when the last message has closed the mailbox: nobody polls. */
    assert_int_equal(uv_run(&office->loop, UV_RUN_DEFAULT), 0);
    for (unsigned i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(office->next[i], SENDER_MESSAGES);
    }
}

static int open_and_close(void *data)
{
    struct mailbox *mailbox = NULL;
    int err = mailbox_open(data, &mailbox);

    mailbox_close(mailbox);
    (void)uv_run(data, UV_RUN_DEFAULT); /* nothing but the close is left to do */
    return err;
}

static void test_failed_allocation_gives_no_mailbox(void **state)
{
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(alloc_fault_run(open_and_close, &loop) > 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_messages_run_in_order_on_the_loop_only, open_office,
                                        close_office),
        cmocka_unit_test_setup_teardown(test_messages_posted_before_the_close_are_run, open_office,
                                        close_office),
        cmocka_unit_test_setup_teardown(test_a_message_may_close_the_mailbox, open_office,
                                        close_office),
        cmocka_unit_test_setup_teardown(test_messages_of_four_threads_all_arrive_in_each_ones_order,
                                        open_office, close_office),
        cmocka_unit_test(test_failed_allocation_gives_no_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
