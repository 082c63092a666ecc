// SHA-1 (libcrypto): the form in which the ride-share application takes passwords. Good for that
// contract alone; it protects nothing by itself.
#pragma once

#include <string>
#include <string_view>

namespace tandem::client {

// 40 lower-case hex digits.
std::string sha1_hex(std::string_view data);

// 40 hex digits of any case.
bool is_sha1_hex(std::string_view text);

// What the services take as a password: `password` itself where it is 40 hex digits, else its
// SHA-1.
std::string password_digest(std::string_view password);

}  // namespace tandem::client
