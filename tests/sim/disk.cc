#include "sim/disk.h"

#include <algorithm>

#include "base/check.h"

namespace tandem::sim {

// --- Log ---

repl::Epoch Log::epoch_at(repl::Index index) const {
  if (index == base_) return base_epoch_;
  CHECK_MSG(index > base_ && index <= last_index(), "an epoch outside the log was asked for");
  return at(index).epoch;
}

std::vector<wire::Entry> Log::read(repl::Index from, size_t max_bytes) const {
  CHECK_MSG(from > base_, "entries before the log were asked for");
  std::vector<wire::Entry> entries;
  size_t bytes = 0;
  for (repl::Index index = from; index <= last_index(); ++index) {
    bytes += wire::encoded_size(at(index));
    if (!entries.empty() && bytes > max_bytes) break;
    entries.push_back(at(index));
  }
  return entries;
}

bool Log::holds(const wire::Entry& entry) const {
  return entry.index <= base_ || (entry.index <= last_index() && at(entry.index) == entry);
}

void Log::append(const wire::Entry& entry) {
  CHECK_MSG(entry.index == last_index() + 1, "an append leaves a gap");
  entries_.push_back(entry);
}

void Log::cut(repl::Index from) {
  CHECK_MSG(from > base_, "a cut below the snapshot");
  while (last_index() >= from) entries_.pop_back();
}

void Log::drop_before(repl::Index first) {
  while (base_ + 1 < first && !entries_.empty()) {
    base_epoch_ = entries_.front().epoch;
    ++base_;
    entries_.pop_front();
  }
}

void Log::restart(repl::Index base, repl::Epoch epoch) {
  entries_.clear();
  base_ = base;
  base_epoch_ = epoch;
}

// --- Disk ---

namespace {

constexpr size_t kSectorBytes = 128;  // small, as the entries are

void apply_to(Log& log, const Disk::What& what) {
  if (const auto* append = std::get_if<repl::AppendEntries>(&what)) {
    for (const wire::Entry& entry : append->entries) log.append(entry);
  } else if (const auto* cut = std::get_if<repl::CutLog>(&what)) {
    log.cut(cut->from);
  } else if (const auto* restart = std::get_if<RestartLog>(&what)) {
    log.restart(restart->index, restart->epoch);
  } else if (const auto* drop = std::get_if<DropLog>(&what)) {
    log.drop_before(drop->before);
  }
}

}  // namespace

void Disk::write(repl::Ticket ticket, What what) {
  apply_to(written_, what);
  writes_.push_back(Write{ticket, std::move(what), durable_.last_index()});
}

void Disk::make_durable(const Write& write) {
  if (const auto* promise = std::get_if<repl::SavePromise>(&write.what)) {
    promise_ = std::max(promise_, promise->epoch);
  } else if (const auto* lineage = std::get_if<repl::SaveLineage>(&write.what)) {
    lineage_ = lineage->lineage;
  } else if (const auto* committed = std::get_if<repl::SaveCommitted>(&write.what)) {
    committed_ = committed->position;
  }
  apply_to(durable_, write.what);
  claims_.erase(claims_.upper_bound(durable_.last_index()), claims_.end());
  claims_.erase(claims_.begin(), claims_.lower_bound(durable_.first_index()));
  if (const auto* append = std::get_if<repl::AppendEntries>(&write.what)) {
    for (const wire::Entry& entry : append->entries) claims_[entry.index] = write.durable_before;
  }
}

repl::Ticket Disk::sync(size_t count, bool lost) {
  repl::Ticket ticket = 0;
  for (; count > 0; --count) {
    const Write& write = writes_.front();
    if (!lost) make_durable(write);
    ticket = write.ticket;
    writes_.pop_front();
  }
  return ticket;
}

void Disk::crash(Random& random) {
  tail_was_cut_ = false;
  sync(random.below(writes_.size() + 1));
  tear(random);
  // Promises and the identity are files of their own: they may overtake the log.
  for (const Write& write : writes_) {
    const bool other_file = std::holds_alternative<repl::SavePromise>(write.what) ||
                            std::holds_alternative<repl::SaveLineage>(write.what) ||
                            std::holds_alternative<repl::SaveCommitted>(write.what);
    if (other_file && random.chance(300)) make_durable(write);
  }
  writes_.clear();
}

// The sectors of the appends under way reach the disk in any order. Recovery takes the records that
// are whole up to the first that is not.
void Disk::tear(Random& random) {
  std::vector<bool> sectors;
  size_t at = random.below(kSectorBytes);
  bool whole = true;
  for (const Write& write : writes_) {
    const auto* append = std::get_if<repl::AppendEntries>(&write.what);
    if (append == nullptr) break;
    for (const wire::Entry& entry : append->entries) {
      const size_t first = at / kSectorBytes;
      at += wire::encoded_size(entry);
      while (sectors.size() * kSectorBytes < at) sectors.push_back(random.chance(500));
      const auto from = sectors.begin() + static_cast<std::ptrdiff_t>(first);
      whole = whole && std::all_of(from, sectors.end(), [](bool there) { return there; });
      if (whole) {
        make_durable(Write{0, repl::AppendEntries{{entry}}, write.durable_before});
      } else if (std::any_of(from, sectors.end(), [](bool there) { return there; })) {
        tail_was_cut_ = true;
      }
    }
  }
}

std::optional<repl::Record> Disk::newest_record() const {
  std::optional<repl::Record> newest = snapshot_.record;
  for (repl::Index index = durable_.first_index(); index <= durable_.last_index(); ++index) {
    const wire::Entry& entry = durable_.at(index);
    if (entry.type != wire::EntryType::kOpen) continue;
    const auto record = repl::parse_record(entry.payload);
    CHECK(record);
    if (!newest || newest->order() < record->order()) newest = *record;
  }
  return newest;
}

void Disk::go_back_to(const Disk& image) {
  *this = image;
  writes_.clear();
  written_ = durable_;
  tail_was_cut_ = false;
  went_back_ = true;
}

bool Disk::flip_bit(Random& random, uint64_t new_storage_id) {
  const repl::Index claimed = claims_.empty() ? 0 : claims_.rbegin()->second;
  if (snapshot_.index > 0 && random.chance(300)) {
    snapshot_ = {};
    durable_.restart(0, 0);
  } else if (claimed >= durable_.first_index()) {
    durable_.cut(random.between(durable_.first_index(), claimed));
  } else {
    return false;
  }
  claims_.clear();
  storage_id_ = new_storage_id;
  committed_ = {};
  recover(new_storage_id);
  return true;
}

bool Disk::recover(uint64_t new_storage_id) {
  const bool goes_on = durable_.first_index() <= snapshot_.index + 1 &&
                       durable_.last_index() >= snapshot_.index &&
                       durable_.epoch_at(snapshot_.index) == snapshot_.epoch;
  if (!goes_on) {
    storage_id_ = new_storage_id;
    committed_ = {};
    durable_.restart(snapshot_.index, snapshot_.epoch);
    claims_.clear();
  }
  // The last record of the log is a promise too.
  promise_ = std::max(promise_, durable_.epoch_at(durable_.last_index()));
  written_ = durable_;
  return goes_on;
}

}  // namespace tandem::sim
