// The pages of share/ui, compiled in, for people with a browser.
#pragma once

#include <span>
#include <string_view>

#include "http/router.h"

namespace tandem::ui {

struct File {
  std::string_view name;
  std::string_view content;
};

// All of them; made by the build.
std::span<const File> files();

// The content of that file, or "".
std::string_view find(std::string_view name);

// GET /ui/{file}. What a browser keeps it asks about again, so that it never mixes two versions.
void add_routes(http::Router& router);

}  // namespace tandem::ui
