// Decoding of what browsers and curl send in paths, queries and HTML forms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"

namespace tandem::http {

// True where `text` is well-formed UTF-8 (no surrogates, no overlong forms) without NUL.
bool is_clean_utf8(std::string_view text);

// Appends `text` with %XX decoded (and '+' as a blank where `plus_is_blank`) to `out`. False where
// an escape is broken; `out` then holds a part.
bool percent_decode(std::string_view text, bool plus_is_blank, std::string& out);

// Of a form or a query. What looks them through may go through all of them for each.
constexpr size_t kMaxFields = 1000;

// Splits application/x-www-form-urlencoded `text` into decoded pairs. The views point into
// `storage`, which is replaced; `out` is replaced too. kBadInput: a broken escape, NUL, no UTF-8.
// kTooLarge: more than kMaxFields.
Status parse_form(std::string_view text, std::string& storage, std::vector<NameValue>& out);

}  // namespace tandem::http
