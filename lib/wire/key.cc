#include "wire/key.h"

#include "base/ids.h"
#include "wire/utf8.h"

namespace tandem::wire {
namespace {

constexpr std::string_view kClientMark = "c-";

tl::unexpected<Error> refuse(std::string_view what) {
  return fail(ErrorKind::kBadInput, "Idempotency-Key " + std::string(what));
}

// A client's key that could be taken for one of tandem's: it has the form of a made one behind any
// number of marks. One with a mark already counts, or it would become that of a key without.
bool has_made_form(std::string_view key) {
  while (key.starts_with(kClientMark)) key.remove_prefix(kClientMark.size());
  return key_birth_ms(key) >= 0;
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

std::string logged_key(std::string_view key) {
  if (!has_made_form(key) || is_made_key(key)) return std::string(key);
  return std::string(kClientMark) + std::string(key);
}

std::string_view client_key(std::string_view logged) {
  const bool marked = logged.starts_with(kClientMark) && has_made_form(logged);
  return marked ? logged.substr(kClientMark.size()) : logged;
}

Status check_logged_key(std::string_view key) { return check_key(client_key(key)); }

}  // namespace tandem::wire
