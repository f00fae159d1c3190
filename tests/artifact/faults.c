// Calls that change files below a folder, counted; one of them, or all from one on, fail. Loaded by LD_PRELOAD, so that
// what libraries in C and Rust write is under test, too.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// ONCE: one call fails. FULL: so do all later ones that need room on the disk. DEAD: all later ones, as after a crash;
// what is half written stays so. KILL: the process ends by SIGKILL.
enum { ONCE, FULL, DEAD, KILL };

static char root[PATH_MAX], calls_log[1 << 20];
static long number, at;
static int mode, code;
static size_t logged;

// Count the calls below `folder`; with `call` > 0 the one of that number fails with `error`.
void faults_arm(const char* folder, long call, int how, int error) {
  snprintf(root, sizeof root, "%s", folder);
  number = 0, at = call, mode = how, code = error, logged = 0, calls_log[0] = 0;
}

// Stop counting; returns how many calls there were.
long faults_disarm(void) {
  root[0] = 0;
  return number;
}

// Return one line for each call that was counted: its name, and the path.
const char* faults_log(void) { return calls_log; }

static int fails(const char* name, const char* path, int needs_room) {
  if (!root[0] || strncmp(path, root, strlen(root))) return 0;
  ++number;
  logged += (size_t)snprintf(calls_log + logged, sizeof calls_log - logged, "%s %s\n", name, path);
  if (logged >= sizeof calls_log) logged = sizeof calls_log - 1;
  if (!at || number < at) return 0;
  if (number == at && mode == KILL) kill(getpid(), SIGKILL);
  if (number > at && (mode == ONCE || (mode == FULL && !needs_room))) return 0;
  if (mode == FULL && !needs_room) {  // the next one that does will
    ++at;
    return 0;
  }
  errno = code;
  return 1;
}

static void path_of(int handle, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = 0;
}

static int handle_fails(const char* name, int handle, int needs_room) {
  if (!root[0]) return 0;
  char path[PATH_MAX];
  path_of(handle, path);
  return fails(name, path, needs_room);
}

static int path_fails(const char* name, int folder, const char* path, int needs_room) {
  if (!root[0]) return 0;
  char whole[2 * PATH_MAX];
  if (path[0] == '/') {
    snprintf(whole, sizeof whole, "%s", path);
  } else {
    if (folder == AT_FDCWD) {
      if (!getcwd(whole, PATH_MAX)) return 0;
    } else {
      path_of(folder, whole);
    }
    snprintf(whole + strlen(whole), PATH_MAX, "/%s", path);
  }
  return fails(name, whole, needs_room);
}

// The line of a rename has both paths, with a tab between them.
static int rename_fails(int folder, const char* from, const char* to) {
  if (!root[0]) return 0;
  char both[2 * PATH_MAX];
  snprintf(both, sizeof both, "%s\t%s", from, to);
  return path_fails("rename", folder, both, 0);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

#define OPEN(name)                                                                        \
  int name(const char* path, int flags, ...) {                                            \
    va_list more;                                                                         \
    va_start(more, flags);                                                                \
    mode_t rights = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;           \
    va_end(more);                                                                         \
    if (flags & WRITES && path_fails("open", AT_FDCWD, path, flags & O_CREAT)) return -1; \
    return REAL(name)(path, flags, rights);                                               \
  }
#define OPENAT(name)                                                                    \
  int name(int folder, const char* path, int flags, ...) {                              \
    va_list more;                                                                       \
    va_start(more, flags);                                                              \
    mode_t rights = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;         \
    va_end(more);                                                                       \
    if (flags & WRITES && path_fails("open", folder, path, flags & O_CREAT)) return -1; \
    return REAL(name)(folder, path, flags, rights);                                     \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

// a disk that fills up takes the first half
ssize_t write(int handle, const void* bytes, size_t count) {
  if (!handle_fails("write", handle, 1)) return REAL(write)(handle, bytes, count);
  int error = errno;
  if (number == at && count > 1) REAL(write)(handle, bytes, count / 2);
  errno = error;
  return -1;
}

#define FAILING(kind, name, parameters, arguments, failing) \
  kind name parameters { return (failing) ? -1 : REAL(name) arguments; }
FAILING(ssize_t, pwrite, (int h, const void* b, size_t n, off_t o), (h, b, n, o), handle_fails("write", h, 1))
FAILING(ssize_t, pwrite64, (int h, const void* b, size_t n, off64_t o), (h, b, n, o), handle_fails("write", h, 1))
FAILING(ssize_t, writev, (int h, const struct iovec* v, int n), (h, v, n), handle_fails("write", h, 1))
FAILING(ssize_t, sendfile64, (int h, int f, off64_t* o, size_t n), (h, f, o, n), handle_fails("write", h, 1))
FAILING(ssize_t, sendfile, (int h, int f, off_t* o, size_t n), (h, f, o, n), handle_fails("write", h, 1))
FAILING(ssize_t, copy_file_range, (int f, off64_t* i, int h, off64_t* o, size_t n, unsigned g), (f, i, h, o, n, g),
        handle_fails("write", h, 1))
FAILING(int, ftruncate, (int h, off_t n), (h, n), handle_fails("truncate", h, 1))
FAILING(int, ftruncate64, (int h, off64_t n), (h, n), handle_fails("truncate", h, 1))
FAILING(int, fsync, (int h), (h), handle_fails("fsync", h, 1))
FAILING(int, fdatasync, (int h), (h), handle_fails("fsync", h, 1))
FAILING(int, fchmod, (int h, mode_t m), (h, m), handle_fails("chmod", h, 0))
FAILING(int, chmod, (const char* p, mode_t m), (p, m), path_fails("chmod", AT_FDCWD, p, 0))
FAILING(int, fchmodat, (int d, const char* p, mode_t m, int g), (d, p, m, g), path_fails("chmod", d, p, 0))
FAILING(int, utimensat, (int d, const char* p, const struct timespec t[2], int g), (d, p, t, g),
        path_fails("utime", d, p, 0))
FAILING(int, mkdir, (const char* p, mode_t m), (p, m), path_fails("mkdir", AT_FDCWD, p, 1))
FAILING(int, mkdirat, (int d, const char* p, mode_t m), (d, p, m), path_fails("mkdir", d, p, 1))
FAILING(int, symlink, (const char* t, const char* p), (t, p), path_fails("symlink", AT_FDCWD, p, 1))
FAILING(int, symlinkat, (const char* t, int d, const char* p), (t, d, p), path_fails("symlink", d, p, 1))
FAILING(int, link, (const char* t, const char* p), (t, p), path_fails("link", AT_FDCWD, p, 1))
FAILING(int, linkat, (int f, const char* t, int d, const char* p, int g), (f, t, d, p, g), path_fails("link", d, p, 1))
FAILING(int, unlink, (const char* p), (p), path_fails("unlink", AT_FDCWD, p, 0))
FAILING(int, unlinkat, (int d, const char* p, int g), (d, p, g), path_fails("unlink", d, p, 0))
FAILING(int, rmdir, (const char* p), (p), path_fails("rmdir", AT_FDCWD, p, 0))
FAILING(int, rename, (const char* p, const char* q), (p, q), rename_fails(AT_FDCWD, p, q))
FAILING(int, renameat, (int d, const char* p, int e, const char* q), (d, p, e, q), rename_fails(d, p, q))
FAILING(int, renameat2, (int d, const char* p, int e, const char* q, unsigned g), (d, p, e, q, g),
        rename_fails(d, p, q))
