#include "fetch/curl_failure.h"

#include <cstring>

namespace tandem::fetch {
namespace {

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return ErrorKind::kConfig;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorKind::kUnavailable;
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorKind::kTimeout;
    default:
      return ErrorKind::kUnknown;
  }
}

// Whether any byte of the request has left. The times that libcurl keeps do not tell: the time of
// connecting is 0 on every connection that is used again. The number of bytes is counted over all
// connections of one request, those included from which it was sent again on another.
bool was_sent(CURL* easy) {
  long bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes > 0;
}

// libcurl says of none of them which it is.
std::string own_files(const Tls& tls) {
  const std::string key = tls.key_file.empty() ? tls.cert_file : tls.key_file;
  return "certificate '" + tls.cert_file + "', key '" + key + "'";
}

std::string reason(CURL* easy, CURLcode code, const std::string& detail, const Tls& tls) {
  long os_error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
  if (code == CURLE_COULDNT_CONNECT && os_error != 0) {
    return std::strerror(static_cast<int>(os_error));
  }
  // Which of the many things that can be wrong with a certificate it is.
  const bool theirs = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR;
  if (theirs && !detail.empty()) return detail;
  const std::string text = curl_easy_strerror(code);
  if (code == CURLE_SSL_CERTPROBLEM) return text + " (" + own_files(tls) + ")";
  if (code == CURLE_SSL_CACERT_BADFILE && !tls.ca_file.empty()) {
    return text + " (authorities '" + tls.ca_file + "')";
  }
  return text;
}

}  // namespace

Error curl_failure(CURL* easy, CURLcode code, const std::string& name, const std::string& detail,
                   const Tls& tls) {
  const ErrorKind kind = kind_of(code);
  const std::string where = name + ": ";
  const bool sent = was_sent(easy);
  if (kind == ErrorKind::kTimeout) {
    if (sent) return {kind, "waiting for " + where + "no answer in time"};
    return {ErrorKind::kUnavailable, "cannot connect to " + where + "no connection in time"};
  }
  const std::string why = reason(easy, code, detail, tls);
  if (kind == ErrorKind::kUnavailable && sent) {
    return {ErrorKind::kUnknown,
            "lost the connection to " + where + "it cannot be made again: " + why};
  }
  if (kind == ErrorKind::kUnavailable) return {kind, "cannot connect to " + where + why};
  if (kind == ErrorKind::kUnknown) return {kind, "lost the connection to " + where + why};
  return {kind, "cannot use " + where + why};
}

}  // namespace tandem::fetch
