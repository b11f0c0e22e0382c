#include "net_support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* -- files ------------------------------------------------------------------------------------ */

void folder_make(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/autoprov-net-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

void folder_remove(struct folder *folder)
{
    DIR *dir = opendir(folder->path);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
    assert_int_equal(rmdir(folder->path), 0);
}

const char *folder_path(const struct folder *folder, const char *name)
{
    static char paths[8][128];
    static unsigned turn;
    char *path = paths[turn++ % 8];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder->path, name);
    return path;
}

static FILE *file_create_for(const struct folder *folder, const char *name)
{
    int fd = open(folder_path(folder, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file;

    assert_true(fd >= 0);
    file = fdopen(fd, "w");
    assert_non_null(file);
    return file;
}

void folder_write(const struct folder *folder, const char *name, const char *text)
{
    FILE *file = file_create_for(folder, name);

    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* -- certificates ----------------------------------------------------------------------------- */

EVP_PKEY *key_rsa(unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);

    assert_non_null(key);
    return key;
}

EVP_PKEY *key_ec(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);

    assert_non_null(key);
    return key;
}

static void set_name(X509_NAME *name, const char *text)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)text, -1, -1, 0),
                     1);
}

X509 *cert_make(const struct cert_spec *spec)
{
    static long serial = 1;
    bool is_ed =
        EVP_PKEY_get_base_id(spec->issuer_key ? spec->issuer_key : spec->key) == EVP_PKEY_ED25519;
    X509 *cert = X509_new();

    assert_non_null(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    set_name(X509_get_subject_name(cert), spec->name);
    set_name(X509_get_issuer_name(cert), spec->issuer_name ? spec->issuer_name : spec->name);
    X509_gmtime_adj(X509_getm_notBefore(cert), -2L * 86400);
    X509_gmtime_adj(X509_getm_notAfter(cert), spec->ends_in_s ? spec->ends_in_s : 86400);
    assert_int_equal(X509_set_pubkey(cert, spec->key), 1);
    if (spec->names) {
        X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, spec->names);
        assert_true(names && X509_add_ext(cert, names, -1) == 1);
        X509_EXTENSION_free(names);
    }
    assert_true(X509_sign(cert, spec->issuer_key ? spec->issuer_key : spec->key,
                          is_ed ? NULL : (spec->digest ? spec->digest : EVP_sha256())) > 0);
    return cert;
}

void cert_write(const struct folder *folder, const char *name, X509 **certs, size_t count)
{
    FILE *file = file_create_for(folder, name);

    for (size_t i = 0; i < count; i++)
        assert_int_equal(PEM_write_X509(file, certs[i]), 1);
    assert_int_equal(fclose(file), 0);
}

void key_write(const struct folder *folder, const char *name, EVP_PKEY *key)
{
    FILE *file = file_create_for(folder, name);

    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

struct tls_context *tls_for_tests(const struct folder *folder)
{
    EVP_PKEY *key = key_ec("P-256");
    X509 *cert = cert_make(&(struct cert_spec){.key = key, .name = "localhost"});
    struct tls_certificate files = {folder_path(folder, "cert.pem"),
                                    folder_path(folder, "key.pem")};
    struct tls_context *context = NULL;
    struct ap_error error;

    cert_write(folder, "cert.pem", &cert, 1);
    key_write(folder, "key.pem", key);
    assert_int_equal(
        tls_context_new(&(struct tls_setup){.certificates = &files, .certificate_count = 1},
                        &context, &error),
        0);
    X509_free(cert);
    EVP_PKEY_free(key);
    return context;
}

/* -- a client --------------------------------------------------------------------------------- */

static void connect_to(struct client *client, const struct sockaddr *sockaddr, socklen_t len)
{
    memset(client, 0, offsetof(struct client, in));
    client->in_len = 0;
    client->fd = socket(sockaddr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, sockaddr, len), 0);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
}

void client_connect_silent(struct client *client, uint16_t port)
{
    struct sockaddr_in sockaddr = {.sin_family = AF_INET, .sin_port = htons(port)};

    sockaddr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(client, (const struct sockaddr *)&sockaddr, sizeof(sockaddr));
}

void client_connect_plain(struct client *client, uint16_t port)
{
    client_connect_silent(client, port);
    client->is_ready = true;
}

void client_start_tls(struct client *client, int version)
{
    client->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(client->context);
    SSL_CTX_set_verify(client->context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_min_proto_version(client->context, version ? version : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(client->context, version ? version : TLS1_3_VERSION);
    client->ssl = SSL_new(client->context);
    assert_non_null(client->ssl);
    SSL_set_fd(client->ssl, client->fd);
    SSL_set_connect_state(client->ssl);
}

void client_connect(struct client *client, uint16_t port, int version)
{
    client_connect_silent(client, port);
    client_start_tls(client, version);
}

void client_connect_unix(struct client *client, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    memcpy(name.sun_path, path, strlen(path));
    connect_to(client, (const struct sockaddr *)&name, sizeof(name));
    client->is_ready = true;
}

void client_done(struct client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    client->ssl = NULL;
    client->context = NULL;
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

static bool tls_failed(struct client *client, int got)
{
    int why = SSL_get_error(client->ssl, got);

    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return false;
    client->had_goodbye = why == SSL_ERROR_ZERO_RETURN;
    client->is_closed = true;
    return true;
}

static bool step_plain(struct client *client)
{
    ssize_t got =
        recv(client->fd, client->in + client->in_len, sizeof(client->in) - client->in_len - 1, 0);

    if (got > 0)
        client->in_len += (size_t)got;
    else if (got == 0 || errno != EAGAIN)
        client->is_closed = true;
    return got > 0 || client->is_closed;
}

bool client_step(struct client *client)
{
    size_t got_bytes = 0;

    if (client->is_closed)
        return false;
    if (!client->ssl)
        return step_plain(client);
    ERR_clear_error();
    if (!client->is_ready) {
        int got = SSL_do_handshake(client->ssl);
        client->is_ready = got == 1;
        return client->is_ready || tls_failed(client, got);
    }
    assert_true(client->in_len < sizeof(client->in) - 1);
    int got = SSL_read_ex(client->ssl, client->in + client->in_len,
                          sizeof(client->in) - client->in_len - 1, &got_bytes);
    if (got != 1)
        return tls_failed(client, got);
    client->in_len += got_bytes;
    client->in[client->in_len] = '\0';
    return true;
}

void client_send(struct client *client, const void *data, size_t len)
{
    size_t sent = 0;

    if (client->ssl)
        assert_int_equal(SSL_write_ex(client->ssl, data, len, &sent), 1);
    else
        sent = (size_t)send(client->fd, data, len, MSG_NOSIGNAL);
    assert_int_equal(sent, len);
}

void client_send_text(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

/* -- answers ---------------------------------------------------------------------------------- */

const char *answer_header(const struct answer_view *answer, const char *name)
{
    static char value[256];
    size_t name_len = strlen(name);
    const char *line = strchr(answer->head, '\n');

    for (; line && line[1] != '\0'; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, name, name_len) != 0 || line[1 + name_len] != ':')
            continue;
        const char *from = line + 1 + name_len + 2;
        const char *end = strchr(from, '\r');
        (void)snprintf(value, sizeof(value), "%.*s", (int)(end - from), from);
        return value;
    }
    return NULL;
}

bool answer_read(const struct client *client, bool has_no_body, struct answer_view *ret_answer)
{
    const char *end = memmem(client->in, client->in_len, "\r\n\r\n", 4);
    size_t head_len;
    const char *length;

    if (!end)
        return false;
    head_len = (size_t)(end - client->in) + 2;
    assert_true(head_len < sizeof(ret_answer->head));
    memset(ret_answer, 0, sizeof(*ret_answer));
    memcpy(ret_answer->head, client->in, head_len);
    assert_memory_equal(ret_answer->head, "HTTP/1.1 ", 9);
    ret_answer->status = atoi(ret_answer->head + 9);
    length = answer_header(ret_answer, "Content-Length");
    ret_answer->body = client->in + head_len + 2;
    ret_answer->body_len = has_no_body || !length ? 0 : (size_t)atoi(length);
    ret_answer->total = head_len + 2 + ret_answer->body_len;
    return client->in_len >= ret_answer->total;
}

void answer_take(struct client *client, const struct answer_view *answer)
{
    memmove(client->in, client->in + answer->total, client->in_len - answer->total);
    client->in_len -= answer->total;
}

/* -- a server --------------------------------------------------------------------------------- */

static int64_t server_monotonic_ms(void *data)
{
    const struct server *server = data;

    return server->monotonic_ms ? server->monotonic_ms : clock_monotonic_ms(clock_system());
}

static int64_t server_wall_s(void *data)
{
    (void)data;
    return clock_wall_s(clock_system());
}

static void fill(struct http_answer *answer, const char *text)
{
    buf_init_secret(&answer->body, 16 << 20);
    if (buf_append_text(&answer->body, text) != 0)
        answer->status = 503;
}

static void remember(struct server *server, const struct http_request *request)
{
    server->calls++;
    server->refusal = request->refusal;
    server->method = request->method;
    (void)snprintf(server->path, sizeof(server->path), "%s", request->path);
    (void)snprintf(server->body, sizeof(server->body), "%s", request->body);
    server->body_len = request->body_len;
    server->had_peer_user = request->peer_user != NULL;
    server->had_forwarded = request->has_forwarded;
    server->was_plain = request->is_plain;
    server->listener = request->listener;
    if (request->peer_user) {
        server->peer_uid = request->peer_user->uid;
        server->peer_groups = request->peer_user->group_count;
    }
    address_format(request->peer, server->peer);
}

static void answer_path(const struct http_request *request, struct http_answer *answer)
{
    if (strcmp(request->path, "/etag") == 0) {
        answer->status = strcmp(request->if_none_match, "\"abc\"") == 0 ? 304 : 200;
        (void)snprintf(answer->etag, sizeof(answer->etag), "\"abc\"");
        fill(answer, "tagged");
    } else if (strncmp(request->path, "/big/", 5) == 0) {
        size_t len = (size_t)atoi(request->path + 5);
        buf_init_secret(&answer->body, 16 << 20);
        assert_int_equal(buf_reserve(&answer->body, len), 0);
        for (size_t i = 0; i < len; i++)
            answer->body.data[i] = (char)('a' + i % 23);
        answer->body.len = len;
    } else if (strncmp(request->path, "/hit", 4) == 0) {
        fill(answer, request->path);
    } else if (strncmp(request->path, "/late", 5) == 0) {
        answer->status = 404;
        answer->when = HTTP_LATE;
        fill(answer, "no\n");
    } else if (strcmp(request->path, "/close") == 0) {
        answer->close = true;
        fill(answer, "bye");
    } else {
        answer->status = 404;
        answer->when = HTTP_AT_DUE_TIME;
        fill(answer, "no\n");
    }
}

static void handle(void *data, struct http_exchange *exchange)
{
    struct server *server = data;
    const struct http_request *request = http_exchange_request(exchange);
    char type[] = "text/plain"; /* of the handler: it may be gone when the answer is framed */
    struct http_answer answer = {.status = 200, .content_type = type};

    remember(server, request);
    if (strcmp(request->path, "/later") == 0) {
        assert_null(server->kept);
        assert_non_null(arena_strndup(http_exchange_arena(exchange), "secret", 6));
        server->kept = exchange;
        return;
    }
    if (strcmp(request->path, "/shutdown") == 0) {
        front_close(server->front);
        server->front = NULL;
    }
    if (request->refusal == GATE_REASON_METHOD) {
        answer.status = 405;
        answer.allow = "GET, HEAD";
        answer.when = HTTP_AT_DUE_TIME;
    } else {
        answer_path(request, &answer);
    }
    http_exchange_answer(exchange, &answer);
    memset(type, 0, sizeof(type));
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in sockaddr;
    socklen_t len = sizeof(sockaddr);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &len), 0);
    return ntohs(sockaddr.sin_port);
}

void server_open(struct server *server, const struct source_limits *limits)
{
    struct ap_error error;
    struct address address;
    int fd = -1;

    memset(server, 0, sizeof(*server));
    server->clock = (struct ap_clock){server_monotonic_ms, server_wall_s, server};
    folder_make(&server->folder);
    server->tls = tls_for_tests(&server->folder);
    assert_int_equal(uv_loop_init(&server->loop), 0);
    if (limits)
        assert_int_equal(source_table_new(limits, &server->sources), 0);
    struct front_setup setup = {
        .loop = &server->loop,
        .clock = &server->clock,
        .sources = server->sources,
        .handler = handle,
        .handler_data = server,
    };
    assert_int_equal(penalty_table_new(&server->penalties), 0);
    setup.penalties = server->penalties;
    assert_int_equal(front_open(&setup, &server->front), 0);
    assert_int_equal(address_parse("127.0.0.1", &address), 0);
    assert_int_equal(listener_open_tcp(&address, true, &fd, &error), 0);
    server->port = port_of(fd);
    assert_int_equal(front_add_listener(server->front, fd, FRONT_PHONE_TLS, 0, server->tls), 0);
    assert_int_equal(listener_open_tcp(&address, true, &fd, &error), 0);
    server->plain_port = port_of(fd);
    assert_int_equal(front_add_listener(server->front, fd, FRONT_PHONE_PLAIN, 2, NULL), 0);
    server->unix_path = folder_path(&server->folder, "control.sock");
    assert_int_equal(listener_open_unix(server->unix_path, (gid_t)-1, &fd, &error), 0);
    assert_int_equal(front_add_listener(server->front, fd, FRONT_ADMIN_UNIX, 1, NULL), 0);
}

void server_close(struct server *server)
{
    struct penalty_totals penalties;
    struct source_totals totals;

    front_close(server->front);
    assert_int_equal(uv_run(&server->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&server->loop), 0);
    if (server->kept) {
        struct http_answer answer = {.status = 200};
        fill(&answer, "too late");
        http_exchange_answer(server->kept, &answer);
    }
    if (server->sources) {
        source_table_totals(server->sources, &totals);
        assert_int_equal(totals.connections, 0);
        assert_int_equal(totals.handshakes, 0);
    }
    penalty_table_totals(server->penalties, 0, &penalties);
    assert_int_equal(penalties.held, 0);
    penalty_table_free(server->penalties);
    source_table_free(server->sources);
    tls_context_unref(server->tls);
    folder_remove(&server->folder);
}

int64_t now_us(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Wait for either side instead of spinning. */
static void wait_a_moment(struct server *server, const struct client *client)
{
    struct pollfd polls[2] = {{.fd = uv_backend_fd(&server->loop), .events = POLLIN},
                              {.fd = client ? client->fd : -1, .events = POLLIN}};
    int timeout = uv_backend_timeout(&server->loop);

    if (client && client->is_closed)
        polls[1].fd = -1;
    (void)poll(polls, 2, timeout < 0 || timeout > 5 ? 5 : timeout);
}

void run_until(struct server *server, struct client *client, bool (*done)(void *data), void *data)
{
    int64_t end = now_us() + 10000000;

    for (;;) {
        (void)uv_run(&server->loop, UV_RUN_NOWAIT);
        bool moved = client && client_step(client);
        if (done(data))
            return;
        if (now_us() > end)
            fail_msg("nothing happened for 10 s");
        if (!moved)
            wait_a_moment(server, client);
    }
}

static bool is_ready(void *data)
{
    const struct client *client = data;

    return client->is_ready || client->is_closed;
}

void run_until_ready(struct server *server, struct client *client)
{
    run_until(server, client, is_ready, client);
    assert_true(client->is_ready);
}

static bool is_closed(void *data)
{
    return ((const struct client *)data)->is_closed;
}

void run_until_closed(struct server *server, struct client *client)
{
    run_until(server, client, is_closed, client);
}

struct answer_wait {
    struct client *client;
    bool has_no_body;
    struct answer_view answer;
    bool is_there;
};

static bool has_answer(void *data)
{
    struct answer_wait *wait = data;

    wait->is_there = answer_read(wait->client, wait->has_no_body, &wait->answer);
    return wait->is_there || wait->client->is_closed;
}

void run_until_answer(struct server *server, struct client *client, bool has_no_body,
                      struct answer_view *ret_answer)
{
    static char body[1 << 20];
    struct answer_wait wait = {.client = client, .has_no_body = has_no_body};

    run_until(server, client, has_answer, &wait);
    assert_true(wait.is_there);
    *ret_answer = wait.answer;
    memcpy(body, wait.answer.body, wait.answer.body_len);
    body[wait.answer.body_len] = '\0';
    ret_answer->body = body;
    answer_take(client, ret_answer);
}

void run_some_turns(struct server *server, struct client *client)
{
    for (int i = 0; i < 20; i++, client ? (void)client_step(client) : (void)0)
        (void)uv_run(&server->loop, UV_RUN_NOWAIT);
}
