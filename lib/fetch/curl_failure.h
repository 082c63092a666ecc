// The errors of libcurl as Error. Private to lib/fetch.
#pragma once

#include <curl/curl.h>

#include <string>

#include "base/result.h"
#include "fetch/fetcher.h"

namespace tandem::fetch {

// `easy` has just ended with `code`, which is not CURLE_OK; `name` says where it went, `detail` is
// what libcurl left in CURLOPT_ERRORBUFFER, `tls` names the files that were used.
Error curl_failure(CURL* easy, CURLcode code, const std::string& name, const std::string& detail,
                   const Tls& tls);

}  // namespace tandem::fetch
