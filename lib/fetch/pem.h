// What is wrong with the files that Tls names, before a connection fails of it: libcurl reads them
// at each one, and says less. All take a file's content and say in an Error (kConfig) what it lacks.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tandem::fetch {

// At least one certificate, and nothing that is damaged.
Status check_authorities(std::string_view pem);
// A certificate comes first.
Status check_certificate(std::string_view pem);
// A private key, without a password, that is the one of the certificate.
// REQUIRES: that is good.
Status check_key(std::string_view pem, std::string_view certificate);

}  // namespace tandem::fetch
