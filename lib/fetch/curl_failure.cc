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
      return ErrorKind::kUnavailable;
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorKind::kTimeout;
    default:
      return ErrorKind::kUnknown;
  }
}

}  // namespace

Error curl_failure(CURL* easy, CURLcode code, const std::string& url) {
  long os_error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
  double connected_after = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &connected_after);
  ErrorKind kind = kind_of(code);
  // A deadline that passed while connecting: nothing was sent.
  const bool unconnected = kind == ErrorKind::kTimeout && connected_after <= 0;
  if (unconnected) kind = ErrorKind::kUnavailable;

  std::string why = curl_easy_strerror(code);
  if (unconnected) {
    why = "no connection in time";
  } else if (kind == ErrorKind::kTimeout) {
    why = "no answer in time";
  } else if (code == CURLE_COULDNT_CONNECT && os_error != 0) {
    why = std::strerror(static_cast<int>(os_error));
  }
  const char* what = kind == ErrorKind::kUnavailable ? "cannot connect to '"
                     : kind == ErrorKind::kUnknown   ? "lost the connection to '"
                                                     : "cannot use '";
  if (kind == ErrorKind::kTimeout) what = "waiting for '";
  return Error{kind, what + url + "': " + why};
}

}  // namespace tandem::fetch
