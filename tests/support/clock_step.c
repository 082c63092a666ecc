// Preloaded into programs: moves the wall clock of one process by as many seconds as a file says,
// and no other clock. TANDEM_CLOCKS names a directory; a process has its file there, named by its
// number, which holds a decimal number in kBytes bytes and may be written over at any time.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { kBytes = 32 };

static const char* offset;

__attribute__((constructor)) static void open_offset(void) {
  const char* directory = getenv("TANDEM_CLOCKS");
  if (directory == NULL) return;
  char path[4096];
  snprintf(path, sizeof path, "%s/%d", directory, (int)getpid());
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  const char* page = MAP_FAILED;
  if (ftruncate(fd, kBytes) == 0) page = mmap(NULL, kBytes, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) offset = page;
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  const long result = syscall(SYS_clock_gettime, clock, time);
  const int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (result == 0 && is_wall && offset != NULL) time->tv_sec += atol(offset);
  return (int)result;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
