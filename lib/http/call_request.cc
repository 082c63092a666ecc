#include "http/call_request.h"

#include <optional>
#include <vector>

#include "base/number.h"
#include "wire/key.h"

namespace tandem::http {
namespace {

constexpr size_t kMaxShownBytes = 64;

tl::unexpected<Error> refuse(std::string_view word, std::string_view what) {
  return fail(ErrorKind::kBadInput, std::string(word) + " " + std::string(what));
}

// What a client sent, for a message: bytes of a header may be no text at all.
std::string shown(std::string_view value) {
  if (value.size() > kMaxShownBytes) return "a longer text";
  std::string out = "'";
  for (const char c : value) out += c >= ' ' && c <= '~' ? c : '?';
  return out + '\'';
}

Result<std::optional<std::string_view>> one_header(const Request& request, std::string_view name) {
  std::optional<std::string_view> found;
  for (const NameValue& header : request.headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (found) return refuse("header " + std::string(name), "is given twice");
    found = header.value;
  }
  return found;
}

Status read_consistency(const Request& request, wire::Consistency& consistency) {
  bool found = false;
  for (const NameValue& parameter : request.query) {
    if (parameter.name != "consistency") continue;
    if (found) return refuse("parameter consistency", "is given twice");
    found = true;
    if (!wire::parse_consistency(parameter.value, consistency)) {
      return refuse("parameter consistency",
                    shown(parameter.value) + " is not linearizable, session or eventual");
    }
  }
  return {};
}

Status read_index(const Request& request, uint64_t& min_index) {
  const auto text = one_header(request, "X-Db-Index");
  if (!text) return fail(text.error());
  if (!*text) return {};
  const auto index = parse_number<uint64_t>(**text);
  if (!index) return refuse("header X-Db-Index", shown(**text) + " is not an index");
  min_index = *index;
  return {};
}

}  // namespace

Result<ReadWords> read_words(const Request& request) {
  ReadWords words;
  words.request_id = request.request_id;
  Status read = read_consistency(request, words.consistency);
  if (read) read = read_index(request, words.min_index);
  if (!read) return fail(std::move(read.error()));
  return words;
}

Result<WriteWords> write_words(const Request& request) {
  WriteWords words;
  words.request_id = request.request_id;
  const auto key = one_header(request, "Idempotency-Key");
  if (!key) return fail(key.error());
  if (!*key) return words;
  if (Status good = wire::check_key(**key); !good) {
    return fail(ErrorKind::kBadInput, "header " + good.error().message);
  }
  words.key = **key;
  return words;
}

}  // namespace tandem::http
