// What an HTTP server answered, as a Fetcher hands it out.
#pragma once

#include <string>
#include <string_view>

namespace tandem::fetch {

struct Answer {
  int status = 0;
  std::string body;  // empty where Request::on_body took it
  std::string head;  // the header lines as they came, each with its line end

  // The first header of that name (any case) without blanks around it, or "" where there is none.
  std::string_view header(std::string_view name) const;
};

}  // namespace tandem::fetch
