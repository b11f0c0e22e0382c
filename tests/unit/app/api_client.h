/* The admin API behind a control socket of its own, and a client on the same loop. */
#ifndef AUTOPROV_TESTS_API_CLIENT_H
#define AUTOPROV_TESTS_API_CLIENT_H

#include <jansson.h>
#include <uv.h>

#include "app_fixture.h"
#include "autoprov/api.h"
#include "autoprov/front.h"
#include "resync_fixture.h"

struct api_reply {
    int status;
    char content_type[64];
    char etag[64];
    json_t *json; /* NULL: no body, or none of JSON */
    char text[65536];
};

struct api_server {
    struct app_fixture *fixture;
    uv_loop_t loop;
    struct mailbox *mailbox;
    struct snapshot *snapshot;
    struct front *front;
    struct api *api;
    char socket_path[FIXTURE_PATH_MAX];
    unsigned reloads, option_switches;
    int reload_err;            /* what the next reload ends with */
    unsigned jobs;             /* run, each at once and on this thread */
    int job_err;               /* what the next start of a job ends with */
    struct api_health health;  /* what the daemon says of itself */
    bool throttles;            /* the misses of every source */
    struct resync_fixture rig; /* the resync of the API, with its notices */
    struct api_reply reply;    /* of api_expect() */
};

/* own_uid, group_gid: as in struct api_setup. more: of the configuration. */
void api_server_open(struct api_server *server, struct app_fixture *fixture, const char *more,
                     uid_t own_uid, gid_t group_gid);
void api_server_close(struct api_server *server);
/* Take what is in the folders now, as a reload does. */
void api_server_reload(struct api_server *server);

/* Ask and run the loop until the answer is there. body: NULL, or JSON text. Drop with
 * api_reply_done(). */
void api_ask(struct api_server *server, const char *method, const char *path, const char *body,
             struct api_reply *ret_reply);
/* The same with header fields, each ended by CR LF. */
void api_ask_with(struct api_server *server, const char *fields, const char *method,
                  const char *path, const char *body, struct api_reply *ret_reply);
/* The same with any request text. */
void api_ask_raw(struct api_server *server, const char *request, struct api_reply *ret_reply);
void api_reply_done(struct api_reply *reply);

/* Ask, and fail unless the answer has that status; it is in server->reply until the next one. */
void api_expect(struct api_server *server, const char *method, const char *path, const char *body,
                int status);
/* The same with header fields, each ended by CR LF. */
void api_expect_with(struct api_server *server, const char *fields, const char *method,
                     const char *path, const char *body, int status);
/* A text of the answer. */
const char *api_member(const struct api_server *server, const char *name);
/* The answer's "items"; and one of them, whose member has that text: NULL if there is none. */
json_t *api_items(const struct api_server *server);
json_t *api_item(const struct api_server *server, const char *member, const char *text);
const char *api_text_of(const json_t *object, const char *member);
/* The problem's detail holds what; its pointer is pointer (NULL: it has none). */
void api_told(const struct api_server *server, const char *what);
void api_points(const struct api_server *server, const char *pointer);

/* Run the loop until data says so. */
void api_run_until(struct api_server *server, bool (*done)(void *data), void *data);

#endif
