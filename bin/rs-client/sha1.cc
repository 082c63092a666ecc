#include "sha1.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace tandem::client {
namespace {

constexpr size_t kDigestBytes = 20;

}  // namespace

std::string sha1_hex(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int bytes = 0;
  CHECK(EVP_Digest(data.data(), data.size(), digest.data(), &bytes, EVP_sha1(), nullptr) == 1);
  CHECK(bytes == kDigestBytes);
  std::string hex;
  for (size_t i = 0; i < kDigestBytes; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

bool is_sha1_hex(std::string_view text) {
  return text.size() == 2 * kDigestBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::string password_digest(std::string_view password) {
  return is_sha1_hex(password) ? std::string(password) : sha1_hex(password);
}

}  // namespace tandem::client
