// What Consul holds of a group, below its prefix. Of the record it keeps the newest version alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "consul.h"
#include "coordination.h"

namespace tandem::torture {

class ConsulKeys final : public Coordination {
 public:
  ConsulKeys(Consul& consul, std::string group) : consul_(consul), group_(std::move(group)) {}

  std::optional<RecordVersion> record() override;
  bool has_left(const std::string& storage_id, const std::string& since) override;
  Result<std::string> remove_newest_record(uint64_t choice) override;
  Result<std::string> remove_record() override;
  Status copy_record(const std::string& to) override;
  Status put_record_back(const std::string& from) override;
  // Members, and locks that are held.
  Result<std::string> remove_registry() override;

  // A record of this epoch is there, as many members, and somebody holds the lock of the active one.
  bool holds_all(int members, int64_t epoch);

 private:
  std::string key(const std::string& name) const {
    return std::string(Consul::kPrefix) + "/" + group_ + "/" + name;
  }
  Status remove(const std::string& name, const char* options);

  Consul& consul_;
  const std::string group_;
};

}  // namespace tandem::torture
