// The directories of the fleet: what is in them, and carrying out what directory_fate.h decides.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include "base/log.h"
#include "fleet.h"
#include "storage/directory.h"
#include "storage/format_check.h"
#include "storage/identity.h"
#include "storage/set_aside.h"

namespace tandem::orch {
namespace {

constexpr int64_t kLookAgainMs = 5000;  // at files that somebody else has to change

// Of a database, or nobody knows of what.
bool holds_data(const std::string& directory) {
  const auto identity = storage::load_identity(directory);
  if (!identity) return true;
  if (*identity) return (*identity)->lineage != 0;
  return std::filesystem::exists(directory + "/promise");
}

void look_for_mark(const std::string& directory, DirectoryFacts& facts) {
  const auto mark = storage::distrust_mark(directory);
  facts.marked = mark && *mark;
  facts.old = facts.marked && (*mark)->kind == storage::Distrust::Kind::kOld;
}

}  // namespace

std::string Fleet::directory_of(repl::ReplicaId id) const {
  return config_.worker_directory + "/" + std::to_string(id);
}

// Directories that earlier workers left. True where one of them holds data of a database.
bool Fleet::find_directories() {
  bool data = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(config_.worker_directory, error)) {
    const std::string name = entry.path().filename();
    repl::ReplicaId id = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (code != std::errc{} || end != name.data() + name.size() || id == 0) continue;
    last_id_ = std::max(last_id_, id);
    slot(id);
    data = data || holds_data(entry.path());
  }
  return data;
}

// --- what is known of one ---

// A member of the set that is seen to have everything: with the storage that the record names,
// answering now, and its disk not known to have failed.
bool Fleet::is_good_copy(const repl::Member& member) const {
  const group::ReplicaLink* worker = workers_.find(member.id);
  return worker != nullptr && worker->identity() == member && worker->connected() &&
         !leadership_.quiet(member.id) &&
         leadership_.lineage_of(member.id) == leadership_.record()->lineage;
}

size_t Fleet::good_copies_beside(repl::ReplicaId id) const {
  const auto& record = leadership_.record();
  if (!record) return 0;
  return static_cast<size_t>(
      std::count_if(record->in_sync.begin(), record->in_sync.end(),
                    [&](const auto& member) { return member.id != id && is_good_copy(member); }));
}

// Those that are being killed are not counted.
bool Fleet::is_last_good_copy(const Slot& slot) const {
  const auto& record = leadership_.record();
  if (!record || record->find(slot.id) == nullptr) return false;
  return std::none_of(record->in_sync.begin(), record->in_sync.end(), [&](const auto& member) {
    const auto other = slots_.find(member.id);
    const bool lives = other != slots_.end() && other->second.session != 0 &&
                       !other->second.is_crashed() && !other->second.told_to_stop;
    return member.id != slot.id && lives && is_good_copy(member);
  });
}

// Of in-sync members that do not answer.
std::vector<group::LossEvidence> Fleet::loss_evidence(
    const std::vector<repl::Member>& members) const {
  std::vector<group::LossEvidence> evidence;
  for (const repl::Member& member : members) {
    const coord::Member* last = workers_.last_known(member.id);
    group::LossEvidence one = group::look_at_member(
        member, directory_of(member.id), last == nullptr ? std::nullopt : std::optional(*last),
        workers_.registered(member.id));
    const auto it = slots_.find(member.id);
    const bool own = it != slots_.end() && it->second.running() && !one.data_lost;
    if (own && one.process != group::LossEvidence::Process::kStopped) {
      one.process = group::LossEvidence::Process::kRuns;
      one.pid = it->second.pid;
      one.registered = one.registered || it->second.session == 0;  // it is only starting
    }
    evidence.push_back(std::move(one));
  }
  return evidence;
}

bool Fleet::disk_failed(const Slot& slot) const {
  DirectoryFacts facts;
  facts.exit_status = slot.exit_status;
  look_for_mark(directory_of(slot.id), facts);
  return !slot.running() && is_distrusted(facts);
}

DirectoryFacts Fleet::facts_of(const Slot& slot) const {
  DirectoryFacts facts;
  const std::string directory = directory_of(slot.id);
  facts.has_data = holds_data(directory);
  look_for_mark(directory, facts);
  const auto identity = storage::load_identity(directory);
  facts.given_up =
      slot.aside != 0 && identity && *identity && (*identity)->storage_id == slot.aside;
  facts.exit_status = slot.exit_status;
  facts.leader_open = leadership_.leader_open();
  facts.good_copies = good_copies_beside(slot.id);
  const auto& record = leadership_.record();
  if (!record) return facts;
  facts.record_known = true;
  facts.in_set = record->find(slot.id) != nullptr;
  facts.leads = record->leader == slot.id;
  facts.set_may_shrink = record->in_sync.size() > record->min_in_sync;
  facts.min_in_sync = record->min_in_sync;
  facts.others_may_lead =
      std::any_of(record->in_sync.begin(), record->in_sync.end(), [&](const auto& member) {
        const auto it = slots_.find(member.id);
        return member.id != slot.id && (it == slots_.end() || !disk_failed(it->second));
      });
  return facts;
}

// A worker would end with 78 for it, and that is not to be started again and again.
bool Fleet::formats_are_known(Slot& slot) {
  const Status known = storage::check_formats(directory_of(slot.id));
  const bool refused = !known && known.error().kind == ErrorKind::kConfig;
  const std::string why = refused ? known.error().message : std::string();
  if (slot.refused != why && refused) {
    events_.tell("trouble", "a worker is not started: " + why, worker_fields(slot.id, 0));
  }
  slot.refused = why;
  if (refused) slot.next_start_ms = now_ms() + kLookAgainMs;
  return !refused;
}

// --- what is done to one ---

// Before a worker starts on it. False: not now.
bool Fleet::prepare_directory(Slot& slot) {
  const std::string directory = directory_of(slot.id);
  const DirectoryFacts facts = facts_of(slot);
  Status done;
  switch (fate_at_start(facts)) {
    case StartFate::kStart:
      break;
    case StartFate::kWait:
      return false;
    case StartFate::kTrust:
      events_.tell("trouble", "a disk failed, and nobody else has the data: it is used again",
                   worker_fields(slot.id, 0));
      done = storage::clear_distrust(directory);
      break;
    case StartFate::kStartNew:
      // The worker could not leave the mark itself.
      if (!facts.marked) done = storage::mark_distrusted(directory, {"its worker ended with 74"});
      break;
    case StartFate::kMoveAway:
      done = move_aside(slot);
      break;
  }
  if (done) {
    slot.aside = 0;
    slot.exit_status.reset();
    return true;
  }
  slot.next_start_ms = now_ms() + kLookAgainMs;
  events_.tell("trouble", "cannot start a worker: " + done.error().message,
               worker_fields(slot.id, 0));
  return false;
}

// Below the directory, as everything that is set aside: the worker lists it, and its number is
// bounded. Nothing is deleted here.
Status Fleet::move_aside(Slot& slot) {
  const std::string directory = directory_of(slot.id);
  const auto identity = storage::load_identity(directory);
  if (!identity || !*identity || (*identity)->storage_id != slot.aside) {
    slot.aside = 0;  // what was given up is not there
    return {};
  }
  const auto locked = storage::Directory::open(directory);
  if (!locked) return fail(locked.error());
  const auto aside = storage::set_data_aside(
      directory, "its loss was accepted: the group went on without this data");
  if (!aside) return fail(aside.error());
  slot.aside = 0;
  events_.tell("aside", "the data of a worker that was given up is in '" + *aside + "'",
               worker_fields(slot.id, 0));
  return {};
}

// Of a retired worker: until then it is kept, and looked at again.
void Fleet::erase_if_safe(repl::ReplicaId id) {
  if (!may_be_removed(facts_of(slots_.at(id)))) return;
  const auto& record = leadership_.record();
  std::set<uint64_t> given_up;
  if (record) {
    for (const repl::Member& member : record->given_up) given_up.insert(member.storage_id);
  }
  const std::string directory = directory_of(id);
  const auto removed = storage::remove_directory(directory, record ? record->lineage : 0, given_up);
  if (!removed) {
    log::warning("cannot remove a directory", {{"error", removed.error().message}});
  } else if (!*removed) {
    log::warning("of the directory of a retired worker what was set aside is left",
                 {{"path", directory}});
  }
  slots_.erase(id);
}

}  // namespace tandem::orch
