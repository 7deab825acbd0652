/* A wall clock that a test moves. Preloaded into a process, it adds the seconds that a file holds to every
   reading of the real-time clock; the file is named after the process, in the folder TEST_CLOCKS. Time that
   only goes on (CLOCK_MONOTONIC) stays what it is, as when an administrator sets the clock.

   Whoever waits until a moment of that clock waits as the kernel would let him: less where it jumps ahead,
   longer where it jumps back. Condition variables of another clock are waited for by other calls. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
/* How often a waiting thread looks whether the clock has jumped. */
#define LOOK_NS (SECOND_NS / 20)

static _Atomic int64_t *ahead_s;

__attribute__((constructor)) static void find_clock(void) {
  const char *folder = getenv("TEST_CLOCKS");
  char path[4096];
  if (folder == NULL || snprintf(path, sizeof path, "%s/%d", folder, getpid()) >= (int)sizeof path)
    return;
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  if (ftruncate(file, sizeof *ahead_s) == 0) {
    void *mapped = mmap(NULL, sizeof *ahead_s, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
      ahead_s = mapped;
  }
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = (int)syscall(SYS_clock_gettime, clock, now);
  if (failed == 0 && ahead_s != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += *ahead_s;
  return failed;
}

int timespec_get(struct timespec *now, int base) {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
    return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec precise;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
    return (time_t)-1;
  if (now != NULL)
    *now = precise.tv_sec;
  return precise.tv_sec;
}

static int64_t ns(const struct timespec *moment) {
  return moment->tv_sec * SECOND_NS + moment->tv_nsec;
}

int pthread_cond_timedwait(pthread_cond_t *restrict changed, pthread_mutex_t *restrict lock,
                           const struct timespec *restrict until) {
  for (;;) {
    struct timespec now, look;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t left = ns(until) - ns(&now);
    if (left <= 0)
      return ETIMEDOUT;
    clock_gettime(CLOCK_MONOTONIC, &look);
    int64_t next = ns(&look) + (left < LOOK_NS ? left : LOOK_NS);
    look.tv_sec = next / SECOND_NS;
    look.tv_nsec = next % SECOND_NS;
    int woken = pthread_cond_clockwait(changed, lock, CLOCK_MONOTONIC, &look);
    if (woken != ETIMEDOUT)
      return woken;
  }
}

/* The same by its other name; the C library sees the same objects in both. */
int cnd_timedwait(cnd_t *restrict changed, mtx_t *restrict lock, const struct timespec *restrict until) {
  switch (pthread_cond_timedwait((pthread_cond_t *)changed, (pthread_mutex_t *)lock, until)) {
  case 0:
    return thrd_success;
  case ETIMEDOUT:
    return thrd_timedout;
  default:
    return thrd_error;
  }
}
