// Parts of URLs (RFC 3986).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::fetch {

// `text` as one segment of a path or one value of a query: everything but letters, digits, '-',
// '_' and '~' is percent-encoded. Dots as well: a segment "." or ".." would change the path.
std::string percent_encode(std::string_view text);

// What paths can be appended to: http://HOST[:PORT][/PATH] or the same with https, without query,
// fragment and user; HOST:PORT[/PATH] is taken for http. Read by libcurl, which sends the requests.
// Gives it without slashes at its end. Fails with kConfig, and says what is wrong.
Result<std::string> base_url(std::string_view url);

}  // namespace tandem::fetch
