#include "replica/other_copies.h"

#include <utility>
#include <vector>

#include "replica/wait_for.h"

namespace tandem::replica {

Result<bool> others_have_the_data(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                                  const repl::Member& self) {
  const auto text = wait_for<coord::Versioned>(
      loop, [&](auto done) { coord.read_record(group, std::move(done)); });
  if (!text) return fail(text.error());
  if (text->version == 0) return false;
  if (!text->damage.empty()) return fail(ErrorKind::kUnavailable, text->damage);
  const auto record = repl::parse_record(text->text);
  if (!record) return fail(record.error());
  if (!record->contains(self)) return true;
  const auto members = wait_for<std::vector<coord::Member>>(
      loop, [&](auto done) { coord.members(group, std::move(done)); });
  if (!members) return fail(members.error());
  for (const coord::Member& member : *members) {
    const repl::Member other{member.id, member.storage_id};
    if (other.id == self.id || !record->contains(other)) continue;
    const auto dead =
        wait_for<bool>(loop, [&](auto done) { coord.proven_dead(member, std::move(done)); });
    if (!dead) return fail(dead.error());
    if (!*dead) return true;
  }
  return false;
}

}  // namespace tandem::replica
