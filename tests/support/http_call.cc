#include "support/http_call.h"

#include <curl/curl.h>

#include <cstdlib>

#include "base/check.h"

namespace tandem::support {
namespace {

constexpr std::string_view kIndexHeader = "x-db-index:";

size_t take_body(char* data, size_t size, size_t count, void* out) {
  static_cast<Answer*>(out)->body.append(data, size * count);
  return size * count;
}

size_t take_header(char* data, size_t size, size_t count, void* out) {
  const std::string line(data, size * count);
  if (line.size() > kIndexHeader.size() &&
      curl_strnequal(line.data(), kIndexHeader.data(), kIndexHeader.size()) != 0) {
    static_cast<Answer*>(out)->index =
        std::strtoull(line.c_str() + kIndexHeader.size(), nullptr, 10);
  }
  return size * count;
}

}  // namespace

struct HttpCall::Handle {
  CURL* curl = nullptr;
  long timeout_ms = 0;
};

HttpCall::HttpCall(long timeout_ms) : handle_(std::make_unique<Handle>()) {
  handle_->curl = curl_easy_init();
  handle_->timeout_ms = timeout_ms;
  CHECK(handle_->curl != nullptr);
  curl_easy_setopt(handle_->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_PROXY, "");
  curl_easy_setopt(handle_->curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle_->curl, CURLOPT_HEADERFUNCTION, take_header);
}

HttpCall::~HttpCall() { curl_easy_cleanup(handle_->curl); }

Answer HttpCall::call(std::string_view method, const std::string& url, std::string_view body,
                      const CallOptions& options) {
  CURL* curl = handle_->curl;
  const std::string verb(method);
  Answer answer;
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  if (!options.key.empty()) {
    headers = curl_slist_append(headers, ("Idempotency-Key: " + std::string(options.key)).c_str());
  }
  if (options.index != 0) {
    headers = curl_slist_append(headers, ("X-Db-Index: " + std::to_string(options.index)).c_str());
  }
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                   options.timeout_ms != 0 ? options.timeout_ms : handle_->timeout_ms);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, verb.c_str());
  if (verb == "GET") {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, nullptr);
  } else {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body.empty() ? "" : std::string(body).c_str());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  if (curl_easy_perform(curl) == CURLE_OK) {
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  }
  curl_slist_free_all(headers);
  return answer;
}

}  // namespace tandem::support
