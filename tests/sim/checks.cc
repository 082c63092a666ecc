#include "sim/checks.h"

#include <algorithm>

#include "base/check.h"

namespace tandem::sim {
namespace {

#define HOLDS(condition, what)        \
  do {                                \
    if (!(condition)) violated(what); \
  } while (false)

}  // namespace

void violated(std::string_view what) { check_failed(__FILE__, __LINE__, "invariant", what); }

bool Checks::is_there(const repl::Member& member) const {
  const auto it = disks_.find(member.id);
  if (it == disks_.end() || it->second->storage_id() != member.storage_id) return false;
  return !it->second->went_back() || holds_all(*it->second);
}

bool Checks::holds_all(const Disk& disk) const {
  for (repl::Index index = disk.snapshot().index + 1; index <= committed_.size(); ++index) {
    if (!disk.durable_log().holds(committed_[index - 1])) return false;
  }
  return true;
}

void Checks::record_changes(const repl::Record* before, const repl::Record& after) {
  HOLDS(after.find(after.leader) != nullptr, "the leader of the record is outside its set");
  if (before != nullptr) {
    HOLDS(after.lineage == before->lineage, "the lineage of the record changes");
    HOLDS(after.version == before->version + 1, "a record version is left out or used again");
    const bool went_back = *before != record_;
    // A swap that was decided before that, and is one of those that were carried out then: the
    // record went back less far.
    if (went_back && was_there(after)) return;
    HOLDS(went_back ? after.epoch > record_.epoch : after.epoch >= before->epoch,
          "the epoch of the record goes back");
    const bool led_by_image = before->in_sync.size() == 1 && is_image(before->leader);
    HOLDS(went_back || led_by_image ||
              (after.epoch == before->epoch ? after.leader == before->leader
                                            : after.in_sync == before->in_sync),
          "somebody changes what is not theirs in the record");
    HOLDS(after.in_sync.size() >= std::min<size_t>(after.min_in_sync, record_.in_sync.size()),
          "the in-sync set goes below its minimum");
  }
  record_ = after;
  records_.push_back(after);
  in_sync_disks_hold(after, 1);
}

bool Checks::was_there(const repl::Record& record) const {
  return std::find(records_.begin(), records_.end(), record) != records_.end();
}

void Checks::in_sync_disks_hold(const repl::Record& record, repl::Index from) const {
  for (const auto& [id, disk] : disks_) {
    if (!record.contains(repl::Member{id, disk->storage_id()}) || disk->went_back()) continue;
    for (repl::Index index = from; index <= committed_.size(); ++index) {
      HOLDS(index <= disk->snapshot().index || disk->durable_log().holds(committed_[index - 1]),
            "the disk of an in-sync replica lacks a committed entry");
    }
  }
}

void Checks::appended(const Log& log, repl::Index first) {
  for (repl::Index index = first; index <= log.last_index(); ++index) {
    const wire::Entry& entry = log.at(index);
    const repl::Epoch epoch_before = log.epoch_at(index - 1);
    HOLDS(epoch_before <= entry.epoch, "epochs go back in a log");
    const auto [it, fresh] =
        entries_.try_emplace(std::pair{index, entry.epoch}, Identity{entry, epoch_before});
    HOLDS(fresh || (it->second.entry == entry && it->second.epoch_before == epoch_before),
          "two logs differ where index and epoch are the same");
  }
}

// One outside the set may hold by chance what is committed later, and follow a leader of the past.
void Checks::cuts(const repl::Member& member, const Log& log, repl::Index from) const {
  if (!record_.contains(member)) return;
  for (repl::Index index = from; index <= std::min(log.last_index(), committed_.size()); ++index) {
    HOLDS(log.at(index) != committed_[index - 1], "a committed entry is cut");
  }
}

void Checks::leads(repl::ReplicaId id, uint64_t session, repl::Epoch epoch, const Log& log) {
  const auto [it, fresh] = leaders_.try_emplace(epoch, id, session);
  HOLDS(it->second == std::pair(id, session), "two processes lead in one epoch");
  leading_[id] = Leading{epoch, &log};
  if (!fresh) return;
  // One that slept through later epochs may begin its own yet: it gets nowhere.
  for (repl::Index index = 1; index <= committed_.size(); ++index) {
    HOLDS(committed_in_[index - 1] >= epoch || log.holds(committed_[index - 1]),
          "a new leader lacks a committed entry");
  }
}

void Checks::dies(repl::ReplicaId id, uint64_t session, const Disk& disk) {
  leading_.erase(id);
  std::erase_if(leaders_, [&](const auto& leader) {
    const auto& [epoch, process] = leader;
    if (process.second != session || epoch <= disk.promise()) return false;
    std::erase_if(entries_, [&](const auto& entry) { return entry.first.second == epoch; });
    return true;
  });
}

void Checks::leader_commits(repl::Epoch epoch, const Log& log, repl::Index before,
                            repl::Index now) {
  HOLDS(now <= log.last_index(), "committed beyond the end of the log");
  HOLDS(log.at(now).epoch == epoch, "a leader commits an earlier epoch's entry by itself");
  for (repl::Index index = before + 1; index <= now; ++index) {
    const wire::Entry& entry = log.at(index);
    if (index <= committed_.size()) {
      HOLDS(committed_[index - 1] == entry, "two different entries are committed at one index");
      committed_in_[index - 1] = std::min(committed_in_[index - 1], epoch);
    } else {
      committed_.push_back(entry);
      committed_in_.push_back(epoch);
    }
    for (const auto& [id, other] : leading_) {
      HOLDS(other.epoch <= epoch || other.log->holds(entry),
            "an earlier leader commits what a later one lacks");
    }
  }
  in_sync_disks_hold(record_, before + 1);
}

void Checks::follower_commits(const Log& log, repl::Index before, repl::Index now) const {
  HOLDS(now <= committed_.size(), "a follower takes for committed what is not");
  for (repl::Index index = std::max(before + 1, log.first_index()); index <= now; ++index) {
    HOLDS(index <= log.last_index() && log.at(index) == committed_[index - 1],
          "a follower takes another entry for the committed one");
  }
}

void Checks::leaves(const repl::Message& message, const Disk& disk) const {
  HOLDS(message.epoch <= disk.promise(), "a message leaves before its epoch's promise is durable");
  // Once a later epoch is promised, the log may be another one than that which was acknowledged.
  if (message.type != repl::MessageType::kAppendAck || message.epoch < disk.promise()) return;
  HOLDS(message.match <= std::max(disk.durable_log().last_index(), disk.snapshot().index),
        "an acknowledgement leaves before the entries are durable");
}

void Checks::disk_is_renewed(const repl::Member& member) const {
  HOLDS(!record_.contains(member), "an in-sync replica finds its disk damaged");
}

void Checks::applies(const wire::Entry& entry) const {
  HOLDS(entry.index <= committed_.size() && committed_[entry.index - 1] == entry,
        "an entry is applied that is not committed");
}

// Clocks run up to 5 % fast.
void Checks::has_log_time(const wire::Entry& entry, int64_t now_ns) {
  if (entry.type != wire::EntryType::kCommand) return;
  if (first_time_ms_ == 0) first_time_ms_ = entry.time_ms;
  HOLDS(entry.time_ms >= first_time_ms_ &&
            entry.time_ms - first_time_ms_ <= now_ns / kMs * 106 / 100 + 1,
        "log time follows no clock that counts");
}

void Checks::takes_effect(const std::string& key, repl::Index index) {
  HOLDS(effects_.try_emplace(key, index).first->second == index, "a key is applied twice");
}

void Checks::acknowledged(const std::string& key, const repl::Applied& answer) {
  const auto [it, fresh] = answers_.try_emplace(key, answer);
  HOLDS(fresh || (it->second.status == answer.status && it->second.body == answer.body),
        "a repeated command has another answer");
}

}  // namespace tandem::sim
