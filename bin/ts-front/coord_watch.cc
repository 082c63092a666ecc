#include "coord_watch.h"

#include "base/log.h"

namespace tandem::front {
namespace {

constexpr uint64_t kEveryMs = 500;

}  // namespace

CoordWatch::CoordWatch(loop::Loop& loop, const coord::Coord& coord)
    : trouble_(coord), looker_(loop, [this] { look(); }) {
  looker_.start(kEveryMs, kEveryMs);
}

void CoordWatch::look() {
  const auto news = trouble_.look();
  if (news) log::write(news->over ? log::Level::kInfo : log::Level::kError, news->text, {});
}

}  // namespace tandem::front
