#include "wire/key.h"

#include "wire/utf8.h"

namespace tandem::wire {
namespace {

tl::unexpected<Error> refuse(std::string_view what) {
  return fail(ErrorKind::kBadInput, "Idempotency-Key " + std::string(what));
}

}  // namespace

Status check_key(std::string_view key) {
  if (key.empty()) return refuse("is empty");
  if (key.size() > kMaxKeyBytes) {
    return refuse("has " + std::to_string(key.size()) + " bytes, more than the limit of " +
                  std::to_string(kMaxKeyBytes));
  }
  if (!is_utf8(key)) return refuse("is not UTF-8");
  if (has_control_character(key)) return refuse("holds a control character");
  return {};
}

}  // namespace tandem::wire
