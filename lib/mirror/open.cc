#include "mirror/open.h"

#include <utility>

#include "tables/session_options.h"

namespace tandem::mirror {

Result<std::unique_ptr<Mirror>> open(loop::Loop& loop, const replica::TablesConfig& tables,
                                     const replica::HostOptions& host, const Source& source) {
  if (tables.backend == "file") return nullptr;
  auto session = tables::session_options(tables.url, tables.password_file, host.group, host.id);
  if (!session) return fail(std::move(session.error()));
  return std::make_unique<Mirror>(
      loop, MirrorOptions{.session = std::move(*session), .group = host.group}, source);
}

}  // namespace tandem::mirror
