// SHA-256 (libcrypto) of what comes piece by piece: names the content of a file.
#pragma once

#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace tandem::client {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  // 64 lower-case hex digits. REQUIRES: once, nothing is added any more.
  std::string hex();

 private:
  evp_md_ctx_st* context_;
};

}  // namespace tandem::client
