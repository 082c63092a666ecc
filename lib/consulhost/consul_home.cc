#include "consulhost/consul_home.h"

#include <map>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "consul/consul_coord.h"
#include "coord/member_text.h"
#include "coord/names.h"

namespace tandem::consulhost {
namespace {

// The result of a call that gives it to a completion.
template <typename T, typename Start>
Result<T> wait_for(const std::function<void()>& turn, Start start) {
  std::optional<Result<T>> got;
  start([&](Result<T> result) { got = std::move(result); });
  while (!got) turn();
  return std::move(*got);
}

tl::unexpected<Error> changed_meanwhile(const std::string& key) {
  return fail(ErrorKind::kConflict,
              "somebody has changed the key '" + key + "' in Consul meanwhile");
}

}  // namespace

std::string ConsulHome::key_of(const std::string& group, const std::string& rest) const {
  return prefix_ + "/" + group + "/" + rest;
}

Result<consul::Listing> ConsulHome::list(uint64_t index, int64_t wait_ms) {
  return wait_for<consul::Listing>(
      turn_, [&](auto done) { client_.list(prefix_ + "/", index, wait_ms, std::move(done)); });
}

Status ConsulHome::write(const std::string& key, const std::string& value, uint64_t cas,
                         uint64_t flags) {
  const Result<bool> written = wait_for<bool>(turn_, [&](auto done) {
    client_.put(key, value, {.cas = cas, .flags = flags, .timeout_ms = 5000}, std::move(done));
  });
  if (!written) return fail(written.error());
  if (*written) return {};
  return changed_meanwhile(key);
}

// Other systems may have prefixes that begin with this one and a slash.
std::vector<ConsulHome::Key> ConsulHome::keys(const consul::Listing& listing,
                                              const std::string& prefix) {
  std::vector<Key> keys;
  for (const consul::Entry& entry : listing.entries) {
    std::string_view rest = entry.key;
    rest.remove_prefix(prefix.size() + 1);
    std::string parts[3];
    size_t n = 0;
    for (; n < 3 && !rest.empty(); ++n) {
      const size_t slash = n == 2 ? std::string_view::npos : rest.find('/');
      parts[n] = rest.substr(0, slash);
      rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    }
    const bool single = parts[1] == "record";
    const bool several = parts[1] == "members" || parts[1] == "last" || parts[1] == "locks";
    if (!coord::check_group_name(parts[0]) || !(n == 2 ? single : several && n == 3)) continue;
    keys.push_back({parts[0], parts[1], parts[2], &entry});
  }
  return keys;
}

Result<std::vector<KeptGroup>> ConsulHome::groups() {
  const auto listing = list();
  if (!listing) return fail(listing.error());
  std::map<std::string, KeptGroup> groups;
  std::map<std::string, std::vector<coord::Member>> last;
  for (const Key& key : keys(*listing, prefix_)) {
    if (key.part == "record") {
      const consul::Entry& entry = *key.entry;
      KeptGroup& group = groups[key.group];
      group = {key.group, {entry.flags & ~consul::kMovedFlag, entry.value, {}}, {}};
      if (group.record.version == 0 || group.record.version > consul::kMovedFlag) {
        group.record.damage = "the record in Consul's key '" + entry.key + "' has no version";
      }
      if (consul::is_moved(entry)) group.moved_to = kLocalFiles;
    } else if (key.part == "last") {
      auto member = coord::decode_member(key.entry->value);
      if (member) {
        last[key.group].push_back(std::move(*member));
      } else {
        log::warning("passed over a member",
                     {{"key", key.entry->key}, {"error", member.error().message}});
      }
    }
  }
  std::vector<KeptGroup> all;
  for (auto& [name, group] : groups) {
    group.last = std::move(last[name]);
    all.push_back(std::move(group));
  }
  return all;
}

// Of this host also those that have gone from the registry, as far as they are remembered.
Status ConsulHome::no_replica_runs(const consul::Listing& listing) const {
  for (const Key& key : keys(listing, prefix_)) {
    if (key.part != "members" && key.part != "last") continue;
    const auto member = coord::decode_member(key.entry->value);
    if (!member || (key.part == "last" && member->host != host_)) continue;
    const std::string who =
        "replica " + std::to_string(member->id) + " of the group '" + key.group + "'";
    if (member->host != host_) {
      return fail(ErrorKind::kBusy, who + " is registered, and may run, on the host '" +
                                        member->host +
                                        "': stop it there; where that host is gone " +
                                        "for good, delete the key '" + key.entry->key + "'");
    }
    const auto held = lock_is_held(member->lock_path);
    if (!held) return fail(held.error());
    if (*held) {
      return fail(ErrorKind::kBusy, who + " runs: a process holds '" + member->lock_path +
                                        "'; stop the system first");
    }
  }
  return {};
}

// The session of a process that was killed may go on for twice its TTL.
Status ConsulHome::nobody_lives() {
  uint64_t index = 0;
  for (int64_t left_ms = patience_ms_;;) {
    constexpr int64_t kWaitMs = 1000;
    const auto listing = list(index, kWaitMs);
    if (!listing) return fail(listing.error());
    const Key* holding = nullptr;
    const std::vector<Key> all = keys(*listing, prefix_);
    for (const Key& key : all) {
      if (key.part == "locks" && !key.entry->session.empty()) holding = &key;
    }
    if (holding == nullptr) return no_replica_runs(*listing);
    if (left_ms <= 0) {
      return fail(ErrorKind::kBusy, "a process holds the lock '" + holding->entry->key +
                                        "' in Consul: " + holding->entry->value +
                                        "; stop the system first");
    }
    left_ms -= kWaitMs;
    index = listing->index;
  }
}

// The text stays as it is, for people.
Status ConsulHome::mark_moved(const std::string& to) {
  CHECK(to == kLocalFiles);
  const auto listing = list();
  if (!listing) return fail(listing.error());
  for (const Key& key : keys(*listing, prefix_)) {
    const consul::Entry& entry = *key.entry;
    if (key.part != "record" || consul::is_moved(entry)) continue;
    const Status marked =
        write(entry.key, entry.value, entry.modify_index, entry.flags | consul::kMovedFlag);
    if (!marked) return marked;
  }
  return {};
}

Status ConsulHome::put(const KeptGroup& group, const KeptGroup* there) {
  const auto listing = list();
  if (!listing) return fail(listing.error());
  for (const coord::Member& member : group.last) {
    const std::string key = key_of(group.name, "last/" + std::to_string(member.id));
    const consul::Entry* earlier = listing->find(key);
    const std::string text = coord::encode_member(member);
    if (earlier != nullptr && earlier->value == text) continue;
    const uint64_t index = earlier == nullptr ? 0 : earlier->modify_index;
    if (Status written = write(key, text, index, 0); !written) return written;
  }
  const std::string key = key_of(group.name, "record");
  const consul::Entry* earlier = listing->find(key);
  if ((earlier != nullptr && consul::is_moved(*earlier)) != (there != nullptr)) {
    return changed_meanwhile(key);
  }
  return write(key, group.record.text, earlier == nullptr ? 0 : earlier->modify_index,
               group.record.version | consul::kMovedFlag);
}

Status ConsulHome::end_move(const std::vector<KeptGroup>& groups) {
  const auto listing = list();
  if (!listing) return fail(listing.error());
  for (const KeptGroup& group : groups) {
    const std::string key = key_of(group.name, "record");
    const consul::Entry* entry = listing->find(key);
    if (entry == nullptr) return changed_meanwhile(key);
    if (!consul::is_moved(*entry)) continue;
    const Status counts =
        write(key, entry->value, entry->modify_index, entry->flags & ~consul::kMovedFlag);
    if (!counts) return counts;
  }
  return {};
}

}  // namespace tandem::consulhost
