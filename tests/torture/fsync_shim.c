// Preloaded into replicas: makes one sync of a file below the replica's data directory fail with EIO
// when the torture asks for it. The switch is the first byte of the file that TANDEM_TORTURE_DISK
// names, which the torture sets to 1 and this sets back to 0; TANDEM_TORTURE_DATA is a part of the
// paths of the data.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned char* control;
static const char* data;

__attribute__((constructor)) static void open_control(void) {
  const char* path = getenv("TANDEM_TORTURE_DISK");
  data = getenv("TANDEM_TORTURE_DATA");
  if (path == NULL || data == NULL) return;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) control = page;
}

// The files of the coordination are not the replica's own.
static int is_data(int fd) {
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  return strstr(path, data) != NULL;
}

static int fails(int fd) {
  if (control == NULL || __atomic_load_n(control, __ATOMIC_SEQ_CST) == 0 || !is_data(fd)) return 0;
  unsigned char armed = 1;
  if (!__atomic_compare_exchange_n(control, &armed, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    return 0;
  }
  errno = EIO;
  return 1;
}

int fsync(int fd) { return fails(fd) ? -1 : (int)syscall(SYS_fsync, fd); }

int fdatasync(int fd) { return fails(fd) ? -1 : (int)syscall(SYS_fdatasync, fd); }
