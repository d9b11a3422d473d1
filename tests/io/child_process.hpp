// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sched.h>

#include <filesystem>

// Processes that are limited, or killed, so that the tests themselves are not.

namespace samples {

/// The exit code of `body` run in a process of its own; -1 if a signal ended it.
template <class Body>
int in_child(Body&& body) {
  pid_t const child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Starts `body` in a process of its own and kills it after some microseconds.
template <class Body>
void killed_after(unsigned microseconds, Body&& body) {
  pid_t const child = ::fork();
  if (child == 0) ::_exit(body());
  ::usleep(microseconds);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
}

/// Files of this process may not grow beyond a size: writing fails as on a full disk.
inline void limit_file_size(rlim_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit const limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// Puts a disk of this size at a directory, for this process only. False if that is not permitted.
inline bool mount_small_disk(std::filesystem::path const& path, char const* size) {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", path.c_str(), "tmpfs", 0, (std::string{"size="} + size).c_str()) == 0;
}

}  // namespace samples
