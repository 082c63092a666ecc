#include "http/buffer_budget.h"

#include "base/log.h"

namespace tandem::http {

BufferBudget::BufferBudget(loop::Loop& loop, size_t limit_bytes, uint64_t calm_ms)
    : loop_(loop), limit_(limit_bytes), calm_ms_(calm_ms), calm_(loop, [this] { tell_end(); }) {
  calm_.unref();
}

bool BufferBudget::has_room(size_t own_bytes, size_t more_bytes) const {
  const size_t reserve = limit_ / 8;
  if (own_bytes + more_bytes <= kLittleBytes) {
    return used_ + more_bytes <= limit_ || used_by_little_ + more_bytes <= reserve;
  }
  return used_ + more_bytes <= limit_ - reserve || used_ - own_bytes <= reserve;
}

void BufferBudget::on_refused() {
  if (!calm_.active()) {
    refused_before_ = refused_;
    began_ms_ = loop_.now_ms();
    log::warning("requests are refused: the buffers are full, see http.max_buffered",
                 {{"held", used_}, {"max_buffered", limit_}});
  }
  ++refused_;
  calm_.start(calm_ms_);
}

void BufferBudget::tell_end() {
  log::info("there is room in the buffers again", {{"held", used_},
                                                   {"refused", refused_ - refused_before_},
                                                   {"ms", loop_.now_ms() - began_ms_ - calm_ms_}});
}

}  // namespace tandem::http
