/* An import as its files see it. On the control loop's thread until it runs, then on its job
 * thread until that is done; atomics are for both. */
#ifndef AUTOPROV_APP_IMPORT_JOB_H
#define AUTOPROV_APP_IMPORT_JOB_H

#include <stdatomic.h>
#include <stdio.h>

#include "import.h"
#include "import_private.h"
#include "import_writer.h"

struct import {
    char id[STORE_ID_TEXT_MAX];
    struct import_setup setup;
    enum import_phase phase;
    int64_t touched_ms;

    struct import_file *text; /* sealed pieces */
    uint32_t pieces;
    uint64_t bytes; /* of the text */
    uint8_t digest[VAULT_TAG_BYTES];
    struct import_file *problems;
    struct import_list *list;

    struct api_job job;
    struct store_db *reader;
    struct snapshot *snapshot;
    bool update, dry_run;
    char actor[API_ACTOR_MAX];
    void (*done)(void *data);
    void *done_data;
    _Atomic bool cancelled;
    _Atomic uint64_t read_bytes;

    /* What the job found. */
    int err;
    struct ap_error error;
    uint64_t rows, problem_count;
    struct import_tally tallies[IMPORT_KIND_COUNT];
};

void import_job_run(struct api_job *job);

#endif
