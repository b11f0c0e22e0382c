#include "bench_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

double bench_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

SSL_CTX *bench_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context)
        abort();
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    return context;
}

void bench_proxy_header(uint8_t header[static BENCH_HEADER_BYTES], uint32_t source)
{
    uint32_t address = htonl(0x0a000000u + source);

    memcpy(header, "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c", 16);
    memcpy(header + 16, &address, 4);
    memcpy(header + 20, "\x7f\x00\x00\x01\x1f\x90\x01\xbb", 8);
}

/* Bound to an address of loopback, unless from is 0; ports are chosen when the other end is known.
 */
static int open_socket(uint32_t from, int flags)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct linger linger = {.l_onoff = 1, .l_linger = 0}; /* no TIME_WAIT: ports last longer */
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    own.sin_addr.s_addr = htonl(from);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) != 0 ||
        (from != 0 &&
         (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) != 0 ||
          bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0))) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_connection(unsigned short port, uint32_t from, int flags)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = open_socket(from, flags);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

int bench_connect(unsigned short port, uint32_t from)
{
    return open_connection(port, from, 0);
}

int bench_connect_later(unsigned short port, uint32_t from)
{
    return open_connection(port, from, SOCK_NONBLOCK);
}

bool bench_choose(SSL_CTX *context, const char *version, const char *cipher)
{
    bool tls13 = strcmp(version, "tls1.3") == 0;
    int number = tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;

    return SSL_CTX_set_min_proto_version(context, number) == 1 &&
           SSL_CTX_set_max_proto_version(context, number) == 1 &&
           (tls13 ? SSL_CTX_set_ciphersuites(context, cipher)
                  : SSL_CTX_set_cipher_list(context, cipher)) == 1;
}

SSL *bench_dial(SSL_CTX *context, unsigned short port, const uint8_t *header)
{
    int fd = bench_connect(port, 0);
    SSL *ssl = fd >= 0 ? SSL_new(context) : NULL;

    if (!ssl || (header && send(fd, header, BENCH_HEADER_BYTES, MSG_NOSIGNAL) < 0) ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        bench_close(fd);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

void bench_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

void bench_hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    SSL_free(ssl);
    close(fd);
}

bool bench_is_whole(const char *answer, size_t len)
{
    const char *body = strstr(answer, "\r\n\r\n");
    const char *length = body ? strcasestr(answer, "content-length:") : NULL;

    return length && len >= (size_t)(body + 4 - answer) + strtoul(length + 15, NULL, 10);
}

static unsigned hex_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

size_t bench_unescape(const char *text, char *out)
{
    size_t len = 0;

    for (; *text; text++) {
        if (text[0] != '\\' || !text[1]) {
            out[len++] = *text;
            continue;
        }
        text++;
        if (*text == 'x' && text[1] && text[2]) {
            out[len++] = (char)(hex_of(text[1]) << 4 | hex_of(text[2]));
            text += 2;
        } else {
            out[len++] = (char)(*text == 'r' ? '\r' : *text == 'n' ? '\n' : *text);
        }
    }
    return len;
}
