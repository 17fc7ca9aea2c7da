#define _GNU_SOURCE
#include "CFanout.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, OCTETS = 2048 };

uint64_t fanout_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

static cpu_set_t everywhere;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void note_processors(void) { sched_getaffinity(0, sizeof everywhere, &everywhere); }

void fanout_place(int alone) {
    pthread_once(&once, note_processors);
    if (CPU_COUNT(&everywhere) < 2) return;
    cpu_set_t place = everywhere;
    int first = 0;
    while (!CPU_ISSET(first, &everywhere)) first++;
    if (alone) {
        CPU_ZERO(&place);
        CPU_SET(first, &place);
    } else {
        CPU_CLR(first, &place);
    }
    sched_setaffinity(0, sizeof place, &place);
}

static int open_socket(int buffer, uint16_t *port) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    if (bind(fd, (struct sockaddr *)&name, length) != 0 || getsockname(fd, (struct sockaddr *)&name, &length) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(name.sin_port);
    return fd;
}

struct fanout_sink {
    uint32_t count;
    int *sockets;
    uint16_t *ports;
    int epoll;
    atomic_bool stop;
    atomic_ullong received;
    pthread_t thread;
};

static void *sink_run(void *argument) {
    struct fanout_sink *sink = argument;
    struct epoll_event events[256];
    uint8_t octets[OCTETS];
    while (!atomic_load(&sink->stop)) {
        int ready = epoll_wait(sink->epoll, events, 256, 50);
        for (int i = 0; i < ready; i++)
            while (recv(events[i].data.fd, octets, sizeof octets, MSG_DONTWAIT) >= 0) atomic_fetch_add(&sink->received, 1);
    }
    return NULL;
}

struct fanout_sink *fanout_sink_start(uint32_t listeners) {
    struct fanout_sink *sink = calloc(1, sizeof *sink);
    if (!sink) return NULL;
    sink->count = listeners;
    sink->sockets = calloc(listeners, sizeof *sink->sockets);
    sink->ports = calloc(listeners, sizeof *sink->ports);
    sink->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!sink->sockets || !sink->ports || sink->epoll < 0) return NULL;
    for (uint32_t i = 0; i < listeners; i++) {
        sink->sockets[i] = open_socket(1 << 18, &sink->ports[i]);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = sink->sockets[i]};
        if (sink->sockets[i] < 0 || epoll_ctl(sink->epoll, EPOLL_CTL_ADD, sink->sockets[i], &event) != 0) return NULL;
    }
    if (pthread_create(&sink->thread, NULL, sink_run, sink) != 0) return NULL;
    return sink;
}

uint16_t fanout_sink_port(const struct fanout_sink *sink, uint32_t listener) { return sink->ports[listener]; }
uint64_t fanout_sink_received(struct fanout_sink *sink) { return atomic_load(&sink->received); }

void fanout_sink_stop(struct fanout_sink *sink) {
    atomic_store(&sink->stop, true);
    pthread_join(sink->thread, NULL);
    for (uint32_t i = 0; i < sink->count; i++) close(sink->sockets[i]);
    close(sink->epoll);
    free(sink->sockets);
    free(sink->ports);
    free(sink);
}

struct fanout_plain {
    int fd;
    uint16_t port;
    uint32_t count;
    struct sockaddr_in *names;
    struct mmsghdr *headers;
    struct iovec payload;
    uint64_t copies;
    int64_t processor;
    pthread_t thread;
};

static void *plain_run(void *argument) {
    struct fanout_plain *plain = argument;
    static _Thread_local uint8_t storage[BATCH][OCTETS];
    struct mmsghdr incoming[BATCH];
    struct iovec vectors[BATCH];
    struct sockaddr_in names[BATCH];
    for (bool running = true; running;) {
        for (int i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){storage[i], OCTETS};
            incoming[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_namelen = sizeof names[i],
                                                  .msg_iov = &vectors[i], .msg_iovlen = 1};
        }
        int received = recvmmsg(plain->fd, incoming, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++) {
            if (incoming[i].msg_len < 12) {
                running = false;
                continue;
            }
            plain->payload = (struct iovec){storage[i], incoming[i].msg_len};
            for (uint32_t done = 0; done < plain->count;) {
                int sent = sendmmsg(plain->fd, plain->headers + done, plain->count - done, 0);
                if (sent <= 0) {
                    if (errno == EINTR) continue;
                    break;
                }
                done += (uint32_t)sent;
                plain->copies += (uint64_t)sent;
            }
        }
    }
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    plain->processor = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    return NULL;
}

struct fanout_plain *fanout_plain_start(const struct fanout_sink *sink, uint32_t listeners) {
    struct fanout_plain *plain = calloc(1, sizeof *plain);
    if (!plain || listeners > sink->count) return NULL;
    plain->count = listeners;
    plain->names = calloc(listeners, sizeof *plain->names);
    plain->headers = calloc(listeners, sizeof *plain->headers);
    plain->fd = open_socket(8 << 20, &plain->port);
    if (!plain->names || !plain->headers || plain->fd < 0) return NULL;
    for (uint32_t i = 0; i < listeners; i++) {
        plain->names[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                               .sin_port = htons(sink->ports[i])};
        plain->headers[i].msg_hdr = (struct msghdr){.msg_name = &plain->names[i],
                                                    .msg_namelen = sizeof plain->names[i],
                                                    .msg_iov = &plain->payload, .msg_iovlen = 1};
    }
    if (pthread_create(&plain->thread, NULL, plain_run, plain) != 0) return NULL;
    return plain;
}

uint16_t fanout_plain_port(const struct fanout_plain *plain) { return plain->port; }

int64_t fanout_plain_stop(struct fanout_plain *plain, uint64_t *copies) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons(plain->port)};
    uint8_t end = 0;
    sendto(plain->fd, &end, 1, 0, (struct sockaddr *)&name, sizeof name);
    pthread_join(plain->thread, NULL);
    int64_t processor = plain->processor;
    *copies = plain->copies;
    close(plain->fd);
    free(plain->names);
    free(plain->headers);
    free(plain);
    return processor;
}
