/* Test support: certificates made on the spot, a front on loopback, clients in the same thread. */
#ifndef AUTOPROV_TESTS_NET_SUPPORT_H
#define AUTOPROV_TESTS_NET_SUPPORT_H

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "autoprov/front.h"

/* -- files ------------------------------------------------------------------------------------ */

struct folder {
    char path[64];
};
void folder_make(struct folder *folder);
void folder_remove(struct folder *folder); /* with the files in it */

/* A path in the folder; in one of a few buffers that are reused in turn. */
const char *folder_path(const struct folder *folder, const char *name);
void folder_write(const struct folder *folder, const char *name, const char *text);

/* -- certificates ----------------------------------------------------------------------------- */

EVP_PKEY *key_rsa(unsigned bits);
EVP_PKEY *key_ec(const char *curve);

struct cert_spec {
    EVP_PKEY *key;
    const char *name;
    const char *issuer_name; /* NULL: self-signed */
    EVP_PKEY *issuer_key;
    long ends_in_s;
    const EVP_MD *digest; /* NULL: SHA-256 */
    const char *names;    /* "DNS:a.example, DNS:*.b.example": subjectAltName */
};
X509 *cert_make(const struct cert_spec *spec);

/* Write PEM files into the folder; takes nothing. */
void cert_write(const struct folder *folder, const char *name, X509 **certs, size_t count);
void key_write(const struct folder *folder, const char *name, EVP_PKEY *key);

/* An EC P-256 certificate as tls_context. */
struct tls_context *tls_for_tests(const struct folder *folder);

/* -- a client --------------------------------------------------------------------------------- */

struct client {
    int fd;
    SSL_CTX *context; /* NULL: plain */
    SSL *ssl;
    bool is_ready;    /* connected, handshake done */
    bool is_closed;   /* the server has closed, or reset */
    bool had_goodbye; /* close_notify came */
    char in[1 << 20];
    size_t in_len;
};

/* Non-blocking; the handshake is made by client_step(). version: 0 any, or TLS1_2_VERSION, …. */
void client_connect(struct client *client, uint16_t port, int version);
/* TCP only, the caller sends what it likes. */
void client_connect_silent(struct client *client, uint16_t port);
/* HTTP without TLS: ready at once. */
void client_connect_plain(struct client *client, uint16_t port);
void client_connect_unix(struct client *client, const char *path);
/* TLS on a connection that was silent. */
void client_start_tls(struct client *client, int version);
void client_done(struct client *client);

/* One go at handshake and reading. True: something happened. */
bool client_step(struct client *client);
/* All of it; the connection must be ready. */
void client_send(struct client *client, const void *data, size_t len);
void client_send_text(struct client *client, const char *text);

/* -- answers ---------------------------------------------------------------------------------- */

/* The first answer in client->in: head and body. False: not whole yet. */
struct answer_view {
    int status;
    char head[2048];
    const char *body;
    size_t body_len;
    size_t total;
};
bool answer_read(const struct client *client, bool has_no_body, struct answer_view *ret_answer);
/* Remove it. */
void answer_take(struct client *client, const struct answer_view *answer);
/* A header's value, or NULL; borrowed until the next call. */
const char *answer_header(const struct answer_view *answer, const char *name);

/* -- a server --------------------------------------------------------------------------------- */

struct server {
    uv_loop_t loop;
    struct front *front;
    struct source_table *sources;
    struct penalty_table *penalties;
    struct tls_context *tls;
    struct folder folder;
    struct ap_clock clock;
    int64_t monotonic_ms; /* of clock; 0: the system's */
    uint16_t port;
    uint16_t plain_port; /* without TLS: listener 2 */
    const char *unix_path;
    /* What the handler saw last, and what it keeps unanswered. */
    unsigned calls;
    enum gate_reason refusal;
    enum gate_method method;
    char path[256];
    char body[256];
    size_t body_len;
    uid_t peer_uid;
    size_t peer_groups;
    bool had_peer_user;
    bool had_forwarded;
    bool was_plain;
    unsigned listener;
    char peer[AP_ADDRESS_TEXT_MAX];
    struct http_exchange *kept;
    bool is_drained;
};

/* limits NULL: nothing is counted. */
void server_open(struct server *server, const struct source_limits *limits);
void server_close(struct server *server);

/* Run the loop and step the client until done says so; fails the test after 10 s. */
void run_until(struct server *server, struct client *client, bool (*done)(void *data), void *data);
void run_until_ready(struct server *server, struct client *client);
void run_until_closed(struct server *server, struct client *client);
/* The next answer, taken out of the client's buffer; body and head stay in ret_answer's hands until
 * the next call. */
void run_until_answer(struct server *server, struct client *client, bool has_no_body,
                      struct answer_view *ret_answer);
/* A few turns, for what must not happen. */
void run_some_turns(struct server *server, struct client *client);

int64_t now_us(void);

#endif
