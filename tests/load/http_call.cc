#include "http_call.h"

#include <curl/curl.h>

#include "base/check.h"

namespace tandem::load {

struct HttpCall::Handle {
  CURL* curl = nullptr;
};

HttpCall::HttpCall(long timeout_ms) : handle_(std::make_unique<Handle>()) {
  handle_->curl = curl_easy_init();
  CHECK(handle_->curl != nullptr);
  curl_easy_setopt(handle_->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_PROXY, "");
  curl_easy_setopt(handle_->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
}

HttpCall::~HttpCall() { curl_easy_cleanup(handle_->curl); }

Answer HttpCall::call(std::string_view method, const std::string& url, std::string_view body,
                      std::string_view key) {
  CURL* curl = handle_->curl;
  const std::string verb(method);
  Answer answer;
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  if (!key.empty()) {
    headers = curl_slist_append(headers, ("Idempotency-Key: " + std::string(key)).c_str());
  }
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
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION, +[](char* data, size_t size, size_t count, void* out) -> size_t {
        static_cast<std::string*>(out)->append(data, size * count);
        return size * count;
      });
  if (curl_easy_perform(curl) == CURLE_OK) {
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  }
  curl_slist_free_all(headers);
  return answer;
}

}  // namespace tandem::load
