#include "directories.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/number.h"
#include "storage/directory.h"
#include "storage/format_check.h"
#include "storage/identity.h"
#include "storage/replacement.h"
#include "storage/set_aside.h"

namespace tandem::orch {

std::string Directories::path(repl::ReplicaId id) const { return root_ + "/" + std::to_string(id); }

std::vector<repl::ReplicaId> Directories::ids() const {
  std::vector<repl::ReplicaId> ids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root_, error)) {
    const std::string name = entry.path().filename();
    if (const auto id = parse_number<repl::ReplicaId>(name, 1)) ids.push_back(*id);
  }
  return ids;
}

bool Directories::holds_data(repl::ReplicaId id) const {
  if (storage::has_replacement(path(id))) return true;
  const auto identity = storage::load_identity(path(id));
  if (!identity) return true;
  if (*identity) return (*identity)->lineage != 0;
  return std::filesystem::exists(path(id) + "/promise");
}

DirectoryFacts Directories::look(repl::ReplicaId id) const {
  DirectoryFacts facts;
  facts.has_data = holds_data(id);
  const auto mark = storage::distrust_mark(path(id));
  facts.marked = mark && *mark;
  facts.old = facts.marked && (*mark)->kind == storage::Distrust::Kind::kOld;
  const auto given_up = given_up_.find(id);
  if (given_up == given_up_.end()) return facts;
  const auto identity = storage::load_identity(path(id));
  facts.given_up = identity && *identity && (*identity)->storage_id == given_up->second;
  return facts;
}

std::string Directories::refused(repl::ReplicaId id) const {
  const Status known = storage::check_formats(path(id));
  const bool refused = !known && known.error().kind == ErrorKind::kConfig;
  return refused ? known.error().message : std::string();
}

Result<std::string> Directories::prepare(repl::ReplicaId id, StartFate fate) {
  Result<std::string> aside = std::string();
  Status done;
  switch (fate) {
    case StartFate::kStart:
    case StartFate::kWait:
      break;
    case StartFate::kTrust:
      done = storage::clear_distrust(path(id));
      break;
    case StartFate::kStartNew:
      // The worker could not leave the mark itself.
      if (!look(id).marked) {
        done = storage::mark_distrusted(path(id), {"its worker ended with 74"});
      }
      break;
    case StartFate::kMoveAway:
      aside = move_aside(id);
      break;
  }
  if (!done) return fail(done.error());
  if (aside) given_up_.erase(id);
  return aside;
}

// Below the directory, as everything that is set aside: the worker lists it, and its number is
// bounded. Nothing is deleted here.
Result<std::string> Directories::move_aside(repl::ReplicaId id) const {
  const auto given_up = given_up_.find(id);
  const auto identity = storage::load_identity(path(id));
  const bool there = given_up != given_up_.end() && identity && *identity &&
                     (*identity)->storage_id == given_up->second;
  if (!there) return std::string();
  const auto locked = storage::Directory::open(path(id));
  if (!locked) return fail(locked.error());
  return storage::set_data_aside(path(id),
                                 "its loss was accepted: the group went on without this data");
}

Result<bool> Directories::remove(repl::ReplicaId id, const std::optional<repl::Record>& record) {
  std::set<uint64_t> given_up;
  if (record) {
    for (const repl::Member& member : record->given_up) given_up.insert(member.storage_id);
  }
  return storage::remove_directory(path(id), record ? record->lineage : 0, given_up);
}

}  // namespace tandem::orch
