#include "consulhost/record_move.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tandem::consulhost {
namespace {

const KeptGroup* find(const std::vector<KeptGroup>& groups, const std::string& name) {
  const auto it = std::find_if(groups.begin(), groups.end(),
                               [&](const KeptGroup& group) { return group.name == name; });
  return it == groups.end() ? nullptr : &*it;
}

// Whether `there` is what `group` is, or has gone on from that. Where neither counts, a move was
// interrupted: the newer one is what counted last.
bool is_there(const KeptGroup& group, const KeptGroup* there) {
  if (there == nullptr || !there->record.damage.empty()) return false;
  if (!there->moved_to && there->record == group.record) return true;
  return group.moved_to.has_value() && there->record.version > group.record.version;
}

Status check_source(const KeptGroup& group, const RecordHome& from, const RecordHome& to) {
  const std::string rest = "; nothing was moved";
  if (!group.record.damage.empty()) {
    return fail(ErrorKind::kCorrupt,
                group.record.damage + rest + ": start the system where it is, which puts it right");
  }
  if (!group.moved_to || *group.moved_to == to.name()) return {};
  return fail(ErrorKind::kConflict, "the record of the group '" + group.name + "' has gone from " +
                                        from.name() + " to " + *group.moved_to + " before" + rest);
}

Status check_target(const KeptGroup& group, const KeptGroup* there, const RecordHome& to) {
  if (there == nullptr || there->moved_to || is_there(group, there)) return {};
  return fail(ErrorKind::kConflict,
              "there is another record of the group '" + group.name + "' in " + to.name() +
                  ", version " + std::to_string(there->record.version) + ", and version " +
                  std::to_string(group.record.version) + " was to be moved; nothing was moved");
}

// What is there already is left, and marked by nobody.
Status copy(const std::vector<KeptGroup>& moving, const std::vector<KeptGroup>& there,
            const RecordHome& from, RecordHome& to) {
  bool begun = false;
  for (const KeptGroup& group : moving) {
    const KeptGroup* old = find(there, group.name);
    if (is_there(group, old)) continue;
    if (!std::exchange(begun, true)) {
      if (Status begins = to.begin_move(from.name()); !begins) return begins;
    }
    if (Status put = to.put(group, old); !put) return put;
  }
  return {};
}

}  // namespace

Result<std::vector<KeptGroup>> move_records(RecordHome& from, RecordHome& to) {
  const auto there = to.groups();
  if (!there) return fail(there.error());
  auto moving = from.groups();
  if (!moving) return fail(moving.error());
  for (const KeptGroup& group : *moving) {
    if (Status good = check_source(group, from, to); !good) return fail(good.error());
    const Status good = check_target(group, find(*there, group.name), to);
    if (!good) return fail(good.error());
  }
  for (RecordHome* home : {&from, &to}) {
    if (Status nobody = home->nobody_lives(); !nobody) return fail(nobody.error());
  }

  if (Status copied = copy(*moving, *there, from, to); !copied) return fail(copied.error());
  if (Status marked = from.mark_moved(to.name()); !marked) return fail(marked.error());
  if (Status ended = to.end_move(*moving); !ended) return fail(ended.error());
  return moving;
}

}  // namespace tandem::consulhost
