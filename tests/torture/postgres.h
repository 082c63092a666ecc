// PostgreSQL for the tables of some replicas: a cluster each, so that what goes wrong with one meets
// that replica alone. They run as another user than root (tests/support/postgres.sh), without
// namespaces of their own: a socket is reached from everywhere. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "processes.h"
#include "programs.h"
#include "settings.h"

namespace tandem::torture {

class Postgres {
 public:
  // For replicas 1 to `count`; none where that is 0. They become the next of `programs`, which
  // starts again what is killed.
  Postgres(const Settings& settings, Processes& processes, Programs& programs, int count);

  // Makes and starts all of them, and waits until they take connections.
  Status start();
  // The settings of a replica's tables.
  std::string tables() const;

  // SIGKILL to the postmaster; its children find out by themselves. It stays down until heal() where
  // that is wanted.
  Status kill(int id, bool stays_down);
  // A signal to one of the sessions, or where `any_child` one of all children of the postmaster. With
  // SIGKILL all sessions end and the cluster recovers as after a crash. Gives what it was.
  Result<std::string> strike_child(int id, int number, uint64_t choice, bool any_child);
  // SIGSTOP to one of the sessions, or to all processes of the cluster; until heal().
  Result<std::string> stop_session(int id, uint64_t choice);
  Status stop(int id);
  // A person holds a lock for so long, that of a table or of the row that says whose the tables are.
  Result<std::string> lock(int id, uint64_t choice, int64_t hold_ms);
  // Starts what was stopped or was to stay down.
  void heal();

  // What is wrong with what the clusters of these replicas hold: it is to be the same in all, tables,
  // keys and the index of the last entry; empty: nothing. REQUIRES: they have applied the same.
  Result<std::string> compare(const std::vector<int>& ids);
  // Takes a row of the keys away, past the worker: a mistake that compare() is to find.
  Status remove_row(int id);

 private:
  struct Process {
    pid_t pid = 0;
    std::string name;  // that ps shows
  };

  std::string directory(int id) const;
  Program& program(int id) { return *servers_[static_cast<size_t>(id - 1)]; }
  // All but the postmaster, by pid.
  std::vector<Process> children(int id) const;
  std::vector<Process> sessions(int id) const;
  // Signals a process of this cluster, and no other.
  Status signal(int id, pid_t pid, int number) const;
  Status stop_process(int id, pid_t pid);

  const Settings& settings_;
  Processes& processes_;
  Programs& programs_;
  std::vector<Program*> servers_;
  std::vector<std::pair<int, pid_t>> stopped_;  // replica and process
};

}  // namespace tandem::torture
