#include "past.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "group_files.h"
#include "moment.h"
#include "sim/random.h"

namespace tandem::torture {
namespace {

constexpr int64_t kOldEnoughUs = 1'000'000;  // something has been acknowledged since
constexpr uint32_t kCopyPermille = 250;
constexpr uint64_t kPassing = 0x70617373;  // another series than that of the fault's own choices

std::string name_of(const Group& group, int id) {
  return group.name() + " replica " + std::to_string(id);
}

int replicas_of(const Group& group) { return static_cast<int>(group.directories().size()); }

std::string directory_of(const Group& group, int id) {
  return group.directories()[static_cast<size_t>(id - 1)];
}

}  // namespace

std::string Past::copy_of(const Group& group, const std::string& what) const {
  return directory_ + "/" + group.name() + "-" + what;
}

void Past::remember_replica(const Group& group, int id) {
  const std::string copy = copy_of(group, std::to_string(id));
  copied_us_[copy] = now_us();
  // What cannot be copied now is another time; a part of a copy is what a bad backup is.
  (void)copy_files(directory_of(group, id), copy);
}

void Past::pass(const Group& group, uint64_t choice) {
  if (halted_ != nullptr) return;
  sim::Random random(choice ^ kPassing);
  if (random.chance(kCopyPermille)) remember_replica(group, random.between(1, replicas_of(group)));
  if (random.chance(kCopyPermille))
    (void)group.coordination().copy_record(copy_of(group, "record"));
}

Status Past::halt(Group& group, Group::Who who) {
  halted_ = &group;
  if (Status done = group.halt(who); !done) return done;
  const std::optional<RecordVersion> record = group.coordination().record();
  for (const std::string& directory : group.directories()) {
    if (!record || !names(*record, storage_id_in(directory)))
      return fail(ErrorKind::kUnavailable, "not all replicas were in sync");
  }
  return {};
}

Result<std::string> Past::directory_goes_back(Group& group, uint64_t choice) {
  if (replicas_of(group) == 1) return fail(ErrorKind::kUnavailable, "there is no other copy");
  sim::Random random(choice);
  const int id = random.between(1, replicas_of(group));
  const std::string copy = copy_of(group, std::to_string(id));
  if (copied_us_.count(copy) == 0) remember_replica(group, id);
  if (now_us() - copied_us_[copy] < kOldEnoughUs)
    return fail(ErrorKind::kUnavailable, "there is no copy that is old enough");
  const Status halted = halt(group, random.chance(700) ? Group::Who::kAll : Group::Who::kReplicas);
  if (!halted) return fail(halted.error());
  remember_replica(group, id % replicas_of(group) + 1);
  const std::string directory = directory_of(group, id);
  const std::string before = storage_id_in(directory);
  const bool lacks_something = !have_same_log(copy, directory);
  if (const Status put = copy_files(copy, directory); !put) return fail(put.error());
  ++directories_;
  const bool is_same = before == storage_id_in(copy);
  if (is_same && lacks_something) {
    const std::optional<RecordVersion> record = group.coordination().record();
    went_back_.push_back(
        {directory, before, &group.coordination(), record ? record->name : std::string()});
  }
  const std::string whom = name_of(group, id) + (is_same ? "" : ", as the member that it once was");
  // Alone and with one copy that is enough, it would lead after a second, and rightly so.
  const bool may_be_alone = group.min_in_sync() > 1;
  switch (random.below(3)) {
    case 0:
      return whom + ", all start at once";
    case 1:
      group.start_controllers();
      if (may_be_alone) group.start_replica(id);
      return whom + (may_be_alone ? ", starts first" : ", after the controllers");
    default:
      group.start_controllers();
      for (int other = 1; other <= replicas_of(group); ++other) {
        if (other != id) group.start_replica(other);
      }
      return whom + ", starts last";
  }
}

Result<std::string> Past::record_goes_back(Group& group, uint64_t choice) {
  sim::Random random(choice);
  const bool controllers_only = random.chance(250);
  if (controllers_only) {
    halted_ = &group;
    const Status halted = group.halt(Group::Who::kControllers);
    if (!halted) return fail(halted.error());
  } else if (const Status halted = halt(group, Group::Who::kAll); !halted) {
    return fail(halted.error());
  }
  const std::string copy = copy_of(group, "record");
  std::string done;
  const uint64_t how = random.below(3);
  if (how == 0 && std::filesystem::exists(copy)) {
    const Status put = group.coordination().put_record_back(copy);
    if (!put) return fail(put.error());
    done = "an earlier record is put back";
  } else if (how == 1) {
    const auto removed = group.coordination().remove_record();
    if (!removed) return fail(ErrorKind::kUnavailable, removed.error().message);
    done = *removed;
  } else {
    const auto removed = group.coordination().remove_newest_record(random.next());
    if (!removed) return fail(ErrorKind::kUnavailable, removed.error().message);
    done = *removed;
  }
  ++records_;
  if (!controllers_only && random.chance(500)) group.start_controllers();
  return group.name() + (controllers_only ? ", replicas run: " : ": ") + done;
}

void Past::heal() {
  if (halted_ != nullptr) halted_->start_all();
  halted_ = nullptr;
}

void Past::look() {
  for (const WentBack& each : went_back_) {
    if (storage_id_in(each.directory) != each.storage_id) {
      ++anew_;
    } else if (!each.coordination->has_left(each.storage_id, each.record_version)) {
      violations_.push_back("the replica in '" + each.directory +
                            "' went back, and is a member as if it had not");
    }
  }
  went_back_.clear();
}

void Past::judge(Judgement& judgement) {
  look();
  judgement.violations.insert(judgement.violations.end(), violations_.begin(), violations_.end());
  if (directories_ + records_ == 0) return;
  judgement.facts.push_back(std::to_string(directories_) + " directories went back, " +
                            std::to_string(anew_) + " of them back under a new storage_id; " +
                            std::to_string(records_) + " records went back");
}

}  // namespace tandem::torture
