/* An email service that takes everything and looks at nothing, fast enough to be left out of account.
 *
 *     fast_sink STATUS DELAY_MS MARK BEFORE BETWEEN AFTER
 *
 * Listens on a free port of the loopback address; the first line of its output is its URL. It reads
 * HTTP/1.1 whose bodies have a Content-Length, throws the bodies away and answers each POST with
 * STATUS, DELAY_MS after its last byte; nobody waits for somebody else's delay.
 *
 * MARK stands in a body once for each mail, and the answer has an id for each:
 *
 *     BEFORE id BETWEEN id BETWEEN id AFTER
 *
 * One id where BETWEEN is empty, none where BEFORE is empty. With an empty MARK nothing is counted
 * but requests and bytes, and a body never leaves the kernel.
 *
 * Whatever is no POST (GET /_count) is told what came: {"requests": 1, "mails": 2, "bytes": 3}.
 * It ends on SIGTERM, or when its standard input is closed, as it is when its parent dies.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    HEAD_MAX = 16384, MARK_MAX = 256, EVENTS = 256,
    ROOM = 1 << 20, /* bytes read at once */
    ID_LENGTH = 36, /* of a UUID: some clients look whether it is one */
};

typedef struct {
    int fd;
    bool in_body;
    bool writing;         /* epoll tells when the kernel takes more */
    bool broken, closed;  /* to be closed soon; kept only for the answers it still awaits */
    uint64_t left, mails; /* bytes of the body to come, and mails in it so far */
    int awaited;          /* answers in the queue */
    size_t head_length, carried;
    char head[HEAD_MAX + 1];
    char carry[MARK_MAX]; /* the end of what was read, in which a mark may have begun */
    char *out;            /* to be written, from `written` to `length` */
    size_t written, length, room;
} Line;

typedef struct Answer { struct Answer *next; Line *line; uint64_t due, mails; } Answer;

static struct {
    int status;
    uint64_t delay; /* in ns */
    const char *mark, *before, *between, *after;
    size_t mark_length;
} service;
static struct { unsigned long long requests, mails, bytes; } taken;
static Answer *first, *last; /* the delay is the same for all, so they are due in their order */
static int poller;
static char buffer[MARK_MAX + ROOM]; /* what a line carried over stands before what is read */

static void *sure(void *memory) {
    if (!memory) abort();
    return memory;
}

static uint64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void add(Line *line, const char *bytes) {
    size_t size = strlen(bytes);
    if (line->length + size > line->room) {
        line->room = 2 * (line->length + size);
        line->out = sure(realloc(line->out, line->room));
    }
    memcpy(line->out + line->length, bytes, size);
    line->length += size;
}

static void add_id(Line *line) {
    static unsigned long long number;
    char id[ID_LENGTH + 8];
    snprintf(id, sizeof id, "00000000-0000-4000-8000-%012llx", ++number & 0xffffffffffff);
    add(line, id);
}

static void add_head(Line *line, int status, size_t length) {
    char head[160];
    snprintf(head, sizeof head, "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\nX-Message-Id: ", status, length);
    add(line, head);
    add_id(line);
    add(line, "\r\n\r\n");
}

static void add_answer(Line *line, uint64_t mails) {
    const char *before = service.before, *between = service.between, *after = service.after;
    uint64_t count = !*before ? 0 : *between && mails ? mails : 1;
    size_t betweens = count ? (count - 1) * strlen(between) : 0;
    add_head(line, service.status, strlen(before) + count * ID_LENGTH + betweens + strlen(after));
    add(line, before);
    for (uint64_t n = 0; n < count; n++) {
        if (n) add(line, between);
        add_id(line);
    }
    add(line, after);
}

static void add_count(Line *line) {
    char told[128];
    int size = snprintf(told, sizeof told, "{\"requests\":%llu,\"mails\":%llu,\"bytes\":%llu}",
                        taken.requests, taken.mails, taken.bytes);
    add_head(line, 200, (size_t)size);
    add(line, told);
}

static void flush(Line *line) {
    while (line->written < line->length && !line->broken) {
        ssize_t sent = send(line->fd, line->out + line->written, line->length - line->written,
                            MSG_NOSIGNAL);
        if (sent >= 0) line->written += (size_t)sent;
        else if (errno == EAGAIN) break;
        else line->broken = errno != EINTR;
    }
    bool all = line->written == line->length;
    if (all) line->written = line->length = 0;
    if (line->broken || line->writing == !all) return;
    struct epoll_event event = {.events = EPOLLIN | (all ? 0 : EPOLLOUT), .data.ptr = line};
    epoll_ctl(poller, EPOLL_CTL_MOD, line->fd, &event);
    line->writing = !all;
}

static void discard(Line *line) {
    if (!line->closed) close(line->fd);
    line->closed = true;
    if (line->awaited) return;
    free(line->out);
    free(line);
}

static void finish(Line *line) {
    taken.requests++;
    taken.mails += line->mails;
    line->in_body = false, line->awaited++;
    Answer *answer = sure(malloc(sizeof *answer));
    *answer = (Answer){.line = line, .due = now() + service.delay, .mails = line->mails};
    if (first) last->next = answer;
    else first = answer;
    last = answer;
}

static void say_what_is_due(void) {
    while (first && first->due <= now()) {
        Answer *answer = first;
        Line *line = answer->line;
        first = answer->next;
        line->awaited--;
        if (!line->closed) add_answer(line, answer->mails), flush(line);
        if (line->closed || line->broken) discard(line);
        free(answer);
    }
}

static void begin(Line *line) {
    const char *length = strcasestr(line->head, "\r\nContent-Length:");
    line->head_length = line->carried = line->mails = 0;
    if (strncmp(line->head, "POST ", 5) != 0) {
        add_count(line);
    } else if (!length) {
        line->broken = true; /* chunked, which no client of a bench sends */
    } else {
        line->left = strtoull(length + 17, NULL, 10);
        line->in_body = true;
        if (line->left && strcasestr(line->head, "\r\nExpect: 100-continue"))
            add(line, "HTTP/1.1 100 Continue\r\n\r\n");
    }
}

/* Takes what belongs to the head and returns how much that was. */
static size_t take_head(Line *line, const char *data, size_t size) {
    size_t had = line->head_length, room = HEAD_MAX - had, seen = had > 3 ? had - 3 : 0;
    size_t copied = size < room ? size : room;
    memcpy(line->head + had, data, copied);
    line->head_length += copied;
    char *end = memmem(line->head + seen, line->head_length - seen, "\r\n\r\n", 4);
    if (!end) {
        line->broken = line->head_length == HEAD_MAX;
        return size;
    }
    end[4] = 0;
    begin(line);
    return (size_t)(end + 4 - line->head) - had;
}

/* Takes a part of the body; a mark that began in the part before is found with its help. */
static void take_body(Line *line, char *data, size_t size) {
    taken.bytes += size;
    line->left -= size;
    if (!service.mark_length) return;
    char *from = data - line->carried, *end = data + size, *hit;
    memcpy(from, line->carry, line->carried);
    while ((hit = memmem(from, (size_t)(end - from), service.mark, service.mark_length))) {
        line->mails++;
        from = hit + service.mark_length;
    }
    size_t rest = (size_t)(end - from);
    line->carried = rest < service.mark_length ? rest : service.mark_length - 1;
    memcpy(line->carry, end - line->carried, line->carried);
}

static void take(Line *line, char *data, size_t size) {
    while (!line->broken) {
        if (line->in_body && !line->left) finish(line);
        if (!size) break;
        size_t used = size;
        if (!line->in_body) used = take_head(line, data, size);
        else take_body(line, data, used = size < line->left ? size : line->left);
        data += used;
        size -= used;
    }
}

static void hear(Line *line) {
    ssize_t got;
    if (line->in_body && !service.mark_length) { /* dropped by the kernel, not copied to us */
        got = recv(line->fd, NULL, line->left, MSG_TRUNC);
        if (got > 0) take_body(line, NULL, (size_t)got), take(line, NULL, 0);
    } else {
        got = recv(line->fd, buffer + MARK_MAX, ROOM, 0);
        if (got > 0) take(line, buffer + MARK_MAX, (size_t)got);
    }
    if (!got || (got < 0 && errno != EAGAIN && errno != EINTR)) line->broken = true;
}

static void greet(int server) {
    int fd = accept4(server, NULL, NULL, SOCK_NONBLOCK), on = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Line *line = sure(calloc(1, sizeof *line));
    line->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static int listening(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (server < 0 || bind(server, (struct sockaddr *)&at, size) || listen(server, 1024) ||
        getsockname(server, (struct sockaddr *)&at, &size)) {
        perror("fast_sink");
        exit(1);
    }
    printf("http://127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return server;
}

int main(int count, char **given) {
    static Line server, parent; /* only what events of these two are known by */
    if (count != 7 || strlen(given[3]) >= MARK_MAX) {
        fputs("usage: fast_sink STATUS DELAY_MS MARK BEFORE BETWEEN AFTER\n", stderr);
        return 2;
    }
    service.status = atoi(given[1]);
    service.delay = strtoull(given[2], NULL, 10) * 1000000u;
    service.mark = given[3], service.mark_length = strlen(given[3]);
    service.before = given[4], service.between = given[5], service.after = given[6];
    poller = epoll_create1(0);
    server.fd = listening();
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data.ptr = &server};
    epoll_ctl(poller, EPOLL_CTL_ADD, server.fd, &event);
    event.data.ptr = &parent;
    epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event); /* refused for a file: nobody's pipe */
    for (;;) {
        uint64_t at = now();
        int wait = !first ? -1 : first->due <= at ? 0 : (int)((first->due - at) / 1000000 + 1);
        int ready = epoll_wait(poller, events, EVENTS, wait);
        for (int n = 0; n < ready; n++) {
            Line *line = events[n].data.ptr;
            if (line == &server) {
                greet(server.fd);
            } else if (line == &parent) {
                if (read(STDIN_FILENO, buffer, ROOM) <= 0) return 0;
            } else {
                if (events[n].events & ~(uint32_t)EPOLLOUT) hear(line);
                if (!line->broken) flush(line);
                if (line->broken) discard(line);
            }
        }
        say_what_is_due();
    }
}
