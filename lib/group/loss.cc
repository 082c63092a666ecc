#include "group/loss.h"

#include <unistd.h>

#include <algorithm>

#include "loop/process.h"
#include "rpc/url.h"
#include "storage/directory.h"
#include "storage/identity.h"
#include "storage/set_aside.h"

namespace tandem::group {
namespace {

using Process = LossEvidence::Process;

// Whether what is in the directory is not what the record names. What cannot be read, or is of
// another format version, is there: it may be put right.
bool data_is_lost(const repl::Member& member, const std::string& directory) {
  const auto identity = storage::load_identity(directory);
  if (!identity) return identity.error().kind == ErrorKind::kCorrupt;
  if (!*identity || (*identity)->storage_id != member.storage_id) return true;
  const auto distrust = storage::distrust_mark(directory);
  return distrust && distrust->has_value();
}

// Whether the directory is by now that of another member with the same number: who holds its lock
// is that one.
bool is_another_member(const repl::Member& member, const std::string& directory) {
  const auto identity = storage::load_identity(directory);
  return identity && *identity && (*identity)->storage_id != member.storage_id;
}

void take_process(LossEvidence& evidence, const loop::ProcessIdentity& identity) {
  evidence.pid = identity.pid;
  evidence.process = loop::is_stopped(identity) ? Process::kStopped : Process::kRuns;
}

std::string ids_of(const std::vector<LossEvidence>& evidence) {
  std::string ids;
  for (const LossEvidence& one : evidence) {
    ids += (ids.empty() ? "" : ",") + std::to_string(one.member.id);
  }
  return ids;
}

bool all_proven(const std::vector<LossEvidence>& evidence) {
  return std::all_of(evidence.begin(), evidence.end(),
                     [](const LossEvidence& one) { return one.proven(); });
}

std::string all_advice(const std::vector<LossEvidence>& evidence, const LossWords& words) {
  std::string text;
  for (const LossEvidence& one : evidence) {
    if (one.proven()) continue;
    text += (text.empty() ? "" : "; ") + advice(one, words);
  }
  return text;
}

std::string survivor_text(const LossWords& words, const std::optional<repl::Candidate>& survivor) {
  if (!survivor) return "no other " + words.replica + " that answers has data";
  return words.replica + " " + std::to_string(survivor->member.id) +
         " would lead then, with its log up to index " +
         std::to_string(survivor->state.last_index) + " of epoch " +
         std::to_string(survivor->state.last_epoch);
}

// The data that is gone: "the data of 1,2 is gone from 'a', 'b'".
std::string gone_text(const std::vector<LossEvidence>& evidence) {
  std::string ids;
  std::string places;
  for (const LossEvidence& one : evidence) {
    if (!one.data_lost) continue;
    ids += (ids.empty() ? "" : ",") + std::to_string(one.member.id);
    if (one.directory.empty()) continue;
    places += (places.empty() ? "'" : ", '") + one.directory + "'";
  }
  if (ids.empty()) return {};
  return ", the data of " + ids + " is gone" + (places.empty() ? "" : " from " + places);
}

}  // namespace

std::string directory_of(const coord::Member& entry) {
  const size_t slash = entry.lock_path.find_last_of('/');
  return slash == std::string::npos ? std::string() : entry.lock_path.substr(0, slash);
}

LossEvidence look_at_member(const repl::Member& member, const std::string& directory,
                            const std::optional<coord::Member>& entry, bool registered) {
  LossEvidence evidence;
  evidence.member = member;
  evidence.directory = directory;
  evidence.registered = registered;
  if (entry && rpc::socket_file_is_missing(entry->address)) evidence.missing = entry->address;
  if (directory.empty()) return evidence;
  evidence.data_lost = data_is_lost(member, directory);
  const bool own_entry = entry && entry->storage_id == member.storage_id;
  const auto holder = storage::directory_holder(directory);
  const auto holding = holder && *holder ? loop::process_identity(**holder)
                                         : fail(ErrorKind::kNotFound, "nobody holds it");
  if (holding && (own_entry || !is_another_member(member, directory))) {
    take_process(evidence, *holding);
  } else if (own_entry) {
    // The lock's file may be gone and its process live.
    const loop::ProcessIdentity identity{static_cast<pid_t>(entry->pid), entry->start_ticks,
                                         entry->boot_id};
    evidence.process = Process::kDead;
    if (loop::same_process(identity)) take_process(evidence, identity);
  } else if (holding || (holder && !*holder)) {
    evidence.process = Process::kDead;  // its lock is free, or another member has it
  }
  return evidence;
}

std::string advice(const LossEvidence& evidence, const LossWords& words) {
  const std::string name =
      words.program + (words.numbered ? " " + std::to_string(evidence.member.id) : "");
  const std::string pid = std::to_string(evidence.pid);
  const std::string data =
      evidence.directory.empty() ? std::string() : " (data: " + evidence.directory + ")";
  switch (evidence.process) {
    case Process::kStopped:
      return name + " (pid " + pid + ") is stopped: kill -CONT " + pid;
    case Process::kRuns:
      if (!evidence.registered) {
        return name + " (pid " + pid +
               ") runs and holds its lock, but its registry entry is missing: it registers again "
               "by itself";
      }
      if (!evidence.missing.empty()) {
        return name + " (pid " + pid + ") runs, but its socket '" + evidence.missing +
               "' is missing: it makes it again by itself";
      }
      return name + " (pid " + pid + ") is running and does not answer";
    case Process::kDead:
      if (!evidence.data_lost) return name + " is not running: start it" + data;
      return "the data of " + name + " is gone" + data;
    case Process::kUnknown:
      return "nothing is known of the process of " + name + ": start it on its directory";
  }
  return {};
}

int64_t tell_after_ms(const std::vector<LossEvidence>& evidence) {
  constexpr int64_t kSoonMs = 1000;
  constexpr int64_t kStartMs = 10'000;  // an in-sync replica may take so long to start
  if (all_proven(evidence)) return 0;
  const bool seen = std::all_of(evidence.begin(), evidence.end(), [](const LossEvidence& one) {
    return one.process == Process::kStopped || one.process == Process::kDead;
  });
  return seen ? kSoonMs : kStartMs;
}

std::string silent_text(const std::vector<LossEvidence>& evidence, const LossWords& words,
                        const std::optional<repl::Candidate>& survivor) {
  std::string text = "none of the in-sync " + words.replica + "s " + ids_of(evidence) + " answers" +
                     gone_text(evidence) + ": ";
  return text + missing_text(evidence, words, survivor);
}

std::string missing_text(const std::vector<LossEvidence>& evidence, const LossWords& words,
                         const std::optional<repl::Candidate>& survivor) {
  if (!all_proven(evidence)) return all_advice(evidence, words);
  // Else there is nothing to accept: nobody could lead then.
  if (!survivor) return "restore their directories; " + survivor_text(words, survivor);
  return "restore their directories, or accept that what only they had is lost with '" +
         words.command + " " + ids_of(evidence) + "'; " + survivor_text(words, survivor);
}

std::string waiting_text(const std::vector<LossEvidence>& silent, const LossWords& words,
                         uint32_t min_in_sync) {
  std::string text;
  for (const LossEvidence& one : silent) {
    text += (text.empty() ? "" : "; ") + advice(one, words);
  }
  return "writes wait for in-sync " + words.replica + "s, at least " + std::to_string(min_in_sync) +
         " of which have to answer: " + text;
}

Status may_give_up(const std::vector<LossEvidence>& evidence, const LossWords& words,
                   const std::optional<repl::Candidate>& survivor) {
  if (all_proven(evidence)) return {};
  return fail(ErrorKind::kConflict,
              "not proven to be lost: " + all_advice(evidence, words) + ". With force what only " +
                  ids_of(evidence) +
                  " have is lost, acknowledged or not: " + survivor_text(words, survivor));
}

}  // namespace tandem::group
