#include "base/ids.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"
#include "base/number.h"

namespace tandem {
namespace {

constexpr std::string_view kMadePrefix = "i-";
constexpr std::string_view kRandomPrefix = "r-";
constexpr size_t kHexDigits = 16;
constexpr size_t kCheckDigits = 4;

// getrandom(2) is a system call; a buffer makes an id cost nanoseconds, not a microsecond. A fork
// never happens in tandem (processes are spawned), so two processes cannot share a buffer.
uint64_t next_random() {
  thread_local uint64_t buffer[64];
  thread_local size_t used = 64;
  if (used == 64) {
    size_t have = 0;
    while (have < sizeof buffer) {
      const ssize_t got =
          getrandom(reinterpret_cast<char*>(buffer) + have, sizeof buffer - have, 0);
      if (got > 0) have += static_cast<size_t>(got);
      CHECK(got > 0 || errno == EINTR);
    }
    used = 0;
  }
  return buffer[used++];
}

// FNV-1a, 64 bit, folded: not against an adversary, who could only spoil his own requests.
std::string check_digits(std::string_view text) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  hash ^= hash >> 32;
  return hex_id((hash ^ hash >> 16) & 0xffff).substr(kHexDigits - kCheckDigits);
}

}  // namespace

uint64_t random_id() {
  uint64_t id = 0;
  while (id == 0) id = next_random();
  return id;
}

std::string hex_id(uint64_t id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(kHexDigits, '0');
  for (size_t i = kHexDigits; i-- > 0; id >>= 4) text[i] = kDigits[id & 15];
  return text;
}

Result<uint64_t> parse_hex_id(std::string_view text) {
  const auto id = parse_hex<uint64_t>(text);
  if (!id || text.size() != kHexDigits || text.find_first_of("ABCDEF") != std::string_view::npos) {
    return fail(ErrorKind::kBadInput,
                "'" + std::string(text) + "' is not an id of 16 lower-case hex digits");
  }
  return *id;
}

std::string random_key(uint64_t random) { return std::string(kRandomPrefix) + hex_id(random); }

std::string random_key() { return random_key(next_random()); }

std::string made_key(uint64_t heard_index, uint64_t random) {
  std::string key(kMadePrefix);
  key += std::to_string(heard_index) + "-" + hex_id(random);
  key.resize(key.size() - kCheckDigits);
  return key + check_digits(key);
}

std::string make_key(uint64_t heard_index) { return made_key(heard_index, next_random()); }

std::optional<uint64_t> key_birth(std::string_view key) {
  if (!key.starts_with(kMadePrefix) || key.size() < kMadePrefix.size() + 2 + kHexDigits) return {};
  const std::string_view number =
      key.substr(kMadePrefix.size(), key.size() - kMadePrefix.size() - 1 - kHexDigits);
  if (number[0] == '0' && number.size() > 1) return {};
  const auto birth = parse_number<uint64_t>(number);
  if (!birth || key[kMadePrefix.size() + number.size()] != '-') return {};
  if (!parse_hex_id(key.substr(key.size() - kHexDigits))) return {};
  const size_t checked = key.size() - kCheckDigits;
  if (check_digits(key.substr(0, checked)) != key.substr(checked)) return {};
  return birth;
}

}  // namespace tandem
