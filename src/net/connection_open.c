/* A connection's beginning: counted, identified, watched.
 * Must not know what follows. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autoprov/limits.h"
#include "connection.h"

/* An answer's head; libmicrohttpd's pool bounds it too. */
#define ANSWER_HEAD_MAX_BYTES 4096

/* Who is at the other end (unix(7)); groups need their length asked for first. */
static int read_peer_user(int fd, struct http_peer_user **ret_user)
{
    struct ucred cred;
    socklen_t cred_len = sizeof(cred);
    socklen_t groups_len = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) != 0)
        return AP_EIO;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &groups_len) != 0 && errno != ERANGE)
        return AP_EIO;
    struct http_peer_user *user = calloc(1, sizeof(*user) + groups_len);
    if (!user)
        return AP_ENOMEM;
    gid_t *groups = (gid_t *)(user + 1);
    if (groups_len > 0 && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_len) != 0) {
        free(user);
        return AP_EIO;
    }
    user->uid = cred.uid;
    user->gid = cred.gid;
    user->pid = cred.pid;
    user->groups = groups;
    user->group_count = groups_len / sizeof(*groups);
    *ret_user = user;
    return 0;
}

static void link_connection(struct connection *connection)
{
    struct connection_list *list = &connection->front->connections;

    connection->previous = list->last;
    if (list->last)
        list->last->next = connection;
    else
        list->first = connection;
    list->last = connection;
    connection->front->stats.open_connections++;
}

/* Count it in total. Nobody gives way to a source that would be refused for its own limit. */
static int admit(const struct connection *connection)
{
    struct source_table *sources = connection->front->setup.sources;
    struct source_key key;

    int err = source_table_admit(sources);
    if (err != AP_EBUSY || connection->listener->proxy_peers)
        return err;
    address_source_key(&connection->peer, &key);
    if (!source_table_has_room(sources, &key) || !front_make_room(connection->front))
        return err;
    return source_table_admit(sources);
}

/* What its kind needs. On error the caller undoes. */
static int prepare(struct connection *connection)
{
    struct source_table *sources = connection->front->setup.sources;
    bool is_admin = listener_profile(connection->listener) == GATE_ADMIN;

    buf_init_secret(&connection->out, ANSWER_HEAD_MAX_BYTES + (is_admin ? AP_ADMIN_ANSWER_MAX_BYTES
                                                                        : AP_BODY_MAX_BYTES));
    if (connection->listener->kind == FRONT_ADMIN_UNIX)
        return read_peer_user(connection->fd, &connection->peer_user);
    if (!sources)
        return 0;
    int err = admit(connection);
    connection->is_counted = err == 0;
    /* Behind a proxy nobody knows yet whose it is. */
    if (!err && !connection->listener->proxy_peers)
        err = connection_take_source(connection);
    return err;
}

int connection_take_source(struct connection *connection)
{
    struct source_table *sources = connection->front->setup.sources;
    struct source_key key;

    if (!sources)
        return 0;
    address_source_key(&connection->peer, &key);
    int err = source_table_assign(sources, &key);
    connection->has_source = err == 0;
    return err;
}

void connection_begin(struct connection *connection)
{
    bool is_plain = listener_is_plain(connection->listener);

    if (is_plain)
        stream_start_plain(&connection->stream, connection->fd);
    connection_change_state(connection, is_plain ? CONNECTION_IDLE : CONNECTION_SILENT);
}

/* Go to its first state behind accept. */
static void begin(struct connection *connection, bool must_wait)
{
    if (must_wait) {
        connection_change_state(connection, CONNECTION_WAITING);
        front_add_waiting(connection);
        connection->front->may_begin = true;
        return;
    }
    connection->events = EPOLLIN;
    if (connection->listener->proxy_peers) {
        stream_start_plain(&connection->stream, connection->fd);
        connection_change_state(connection, CONNECTION_PROXY);
    } else {
        connection_begin(connection);
    }
    connection_watch(connection);
}

int connection_open(struct listener *listener, int fd, const struct address *peer)
{
    struct front *front = listener->front;
    struct connection *connection = calloc(1, sizeof(*connection));
    int err = AP_ENOMEM;

    if (!connection)
        goto out;
    connection->front = front;
    connection->listener = listener;
    connection->fd = fd;
    connection->peer = *peer;
    connection->opened_at_ms = uv_now(front->setup.loop);
    buf_init_secret(&connection->in, AP_HEAD_MAX_BYTES); /* paths hold tokens */
    err = prepare(connection);
    if (err)
        goto out;
    /* More come than can be served, and most of them leave unserved: watching costs more than all
     * else of them. */
    bool must_wait = front->is_late && !listener->proxy_peers && !listener_is_plain(listener);
    err = must_wait ? 0 : watch_change(&front->watches, fd, 0, EPOLLIN, connection);
    if (err)
        goto out;
    front->parts++;
    listener->connections++;
    link_connection(connection);
    begin(connection, must_wait);
    return 0;
out:
    if (connection) {
        connection_uncount(connection);
        free(connection->peer_user);
        free(connection);
    }
    (void)close(fd); /* nothing was written */
    return err;
}
