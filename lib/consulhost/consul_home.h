// Records in Consul, in the keys that consul/consul_coord.h describes. The mark of a move is a bit of
// the record's Flags.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "consul/client.h"
#include "consulhost/record_home.h"

namespace tandem::consulhost {

class ConsulHome final : public RecordHome {
 public:
  // `turn` waits for events and gives them to the client, which outlives this. `host`: the name of
  // this one. Waits up to `patience_ms` for sessions of the dead to end.
  ConsulHome(consul::Client& client, std::function<void()> turn, std::string prefix,
             std::string host, int64_t patience_ms = 25'000)
      : client_(client),
        turn_(std::move(turn)),
        prefix_(std::move(prefix)),
        host_(std::move(host)),
        patience_ms_(patience_ms) {}

  std::string name() const override { return "Consul, below '" + prefix_ + "'"; }
  Result<std::vector<KeptGroup>> groups() override;
  Status nobody_lives() override;
  Status mark_moved(const std::string& to) override;
  Status begin_move(const std::string&) override {
    return {};
  }  // each record has a mark of its own
  Status put(const KeptGroup& group, const KeptGroup* there) override;
  Status end_move(const std::vector<KeptGroup>& groups) override;

 private:
  // A key below the prefix that is of a group: "<group>/record", or "<group>/<part>/<name>".
  struct Key {
    std::string group;
    std::string part;
    std::string name;
    const consul::Entry* entry;
  };
  static std::vector<Key> keys(const consul::Listing& listing, const std::string& prefix);
  std::string key_of(const std::string& group, const std::string& rest) const;

  // Whatever an attempt that is not answered may have done, the same put may be done again.
  Status write(const std::string& key, const std::string& value, uint64_t cas, uint64_t flags);
  Result<consul::Listing> list(uint64_t index = 0, int64_t wait_ms = 0);
  Status no_replica_runs(const consul::Listing& listing) const;

  consul::Client& client_;
  const std::function<void()> turn_;
  const std::string prefix_;
  const std::string host_;
  const int64_t patience_ms_;
};

}  // namespace tandem::consulhost
