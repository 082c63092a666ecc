// A text as a JSON string, for log lines and for JSON.
#pragma once

#include <string>
#include <string_view>

namespace tandem {

// With quotes, appended to `out`. What is not ASCII stays as it is.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tandem
