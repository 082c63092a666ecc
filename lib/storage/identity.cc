#include "storage/identity.h"

#include "base/ids.h"
#include "storage/format_check.h"
#include "wire/json.h"
#include "wire/sealed_text.h"

namespace tandem::storage {
namespace {

constexpr std::string_view kFormat = "tandem-identity-1";
constexpr std::string_view kName = "identity";

Result<uint64_t> id_member(const wire::Json& json, std::string_view key) {
  const wire::Json* member = json.find(key);
  if (member == nullptr || member->as_string() == nullptr) {
    return fail(ErrorKind::kCorrupt, "no id '" + std::string(key) + "'");
  }
  return parse_hex_id(*member->as_string());
}

}  // namespace

Result<std::optional<Identity>> load_identity(const std::string& directory, Disk& disk) {
  const std::string path = directory + "/" + std::string(kName);
  const Result<std::string> content = read_file(disk, path);
  if (!content && content.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!content) return fail(content.error());
  const auto damaged = [&](const std::string& why) {
    return fail(ErrorKind::kCorrupt, "identity file '" + path + "' is damaged: " + why);
  };
  // The format first: another one may be sealed in another way.
  const Result<wire::Json> json =
      wire::parse_json(std::string_view(*content).substr(0, content->find('\n')));
  const wire::Json* format = json ? json->find("format") : nullptr;
  const std::string* name = format == nullptr ? nullptr : format->as_string();
  if (name != nullptr && is_other_version(*name, kFormat)) {
    return other_format(path, "'" + *name + "'", "'" + std::string(kFormat) + "'");
  }
  if (!wire::unseal_text(*content)) return damaged("its checksum is wrong");
  if (!json) return damaged(json.error().message);
  if (name == nullptr || *name != kFormat) {
    return damaged("its format is not " + std::string(kFormat));
  }
  const Result<uint64_t> lineage = id_member(*json, "lineage");
  const Result<uint64_t> storage_id = id_member(*json, "storage_id");
  if (!lineage) return damaged(lineage.error().message);
  if (!storage_id) return damaged(storage_id.error().message);
  return Identity{*lineage, *storage_id};
}

Status save_identity(const std::string& directory, const Identity& identity, Disk& disk) {
  wire::Json json;
  json.set("format", kFormat);
  json.set("lineage", hex_id(identity.lineage));
  json.set("storage_id", hex_id(identity.storage_id));
  return replace_file(disk, directory, std::string(kName), wire::seal_text(json.dump()));
}

Result<Identity> renew_identity(const std::string& directory, uint64_t lineage, Disk& disk) {
  const Identity identity{lineage, random_id()};
  if (Status saved = save_identity(directory, identity, disk); !saved) return fail(saved.error());
  return identity;
}

}  // namespace tandem::storage
