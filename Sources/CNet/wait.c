#define _GNU_SOURCE
#include "CNet.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int cnet_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cnet_epoll_add(int epoll, int fd, uint32_t number) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int cnet_epoll_remove(int epoll, int fd) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == 0 ? 0 : -errno;
}

int cnet_epoll_wait(int epoll, int64_t nanoseconds, uint32_t *ready, uint32_t count) {
    struct epoll_event events[64];
    if (count > 64) count = 64;
    int number;
    if (nanoseconds < 0) {
        number = epoll_wait(epoll, events, (int)count, -1);
    } else if (nanoseconds == 0) {
        number = epoll_wait(epoll, events, (int)count, 0);
    } else {
        struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
        number = epoll_pwait2(epoll, events, (int)count, &timeout, NULL);
        if (number < 0 && errno == ENOSYS) {
            // Linux before 5.11 counts in milliseconds; rounded up, so that a deadline is over when it returns.
            int64_t milliseconds = (nanoseconds + 999999) / 1000000;
            number = epoll_wait(epoll, events, (int)count, milliseconds > 60000 ? 60000 : (int)milliseconds);
        }
    }
    if (number < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < number; i++) ready[i] = events[i].data.u32;
    return number;
}

int cnet_event_create(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void cnet_event_signal(int fd) {
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void cnet_event_clear(int fd) {
    uint64_t value;
    while (read(fd, &value, sizeof value) < 0 && errno == EINTR) {
    }
}

static int64_t reading(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t cnet_monotonic(void) { return reading(CLOCK_MONOTONIC); }
int64_t cnet_realtime(void) { return reading(CLOCK_REALTIME); }
int64_t cnet_thread_time(void) { return reading(CLOCK_THREAD_CPUTIME_ID); }

struct cnet_thread {
    pthread_t handle;
    void (*run)(void *);
    void *context;
};

static void *enter(void *argument) {
    struct cnet_thread *thread = argument;
    thread->run(thread->context);
    return NULL;
}

struct cnet_thread *cnet_thread_start(const char *name, void (*run)(void *), void *context) {
    struct cnet_thread *thread = calloc(1, sizeof *thread);
    if (!thread) return NULL;
    thread->run = run;
    thread->context = context;
    if (pthread_create(&thread->handle, NULL, enter, thread) != 0) {
        free(thread);
        return NULL;
    }
    pthread_setname_np(thread->handle, name);
    return thread;
}

void cnet_thread_join(struct cnet_thread *thread) {
    if (!thread) return;
    pthread_join(thread->handle, NULL);
    free(thread);
}

int64_t cnet_thread_time_of(const struct cnet_thread *thread) {
    clockid_t clock;
    return pthread_getcpuclockid(thread->handle, &clock) == 0 ? reading(clock) : 0;
}
