#include "toys/product_cache.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "toys/planted.h"

namespace tandem::toys {
namespace {

constexpr size_t kMaxFills = 4096;  // under way at a time; further queries go alone

}  // namespace

ProductCache::ProductCache(const CacheOptions& options, uint64_t front_id)
    : options_(options), front_id_(front_id) {}

// --- queries ---

const std::string* ProductCache::find(std::string_view name, int64_t now) {
  const auto it = by_name_.find(name);
  const bool may_serve = leased(now) || planted(Bug::kHitWithoutLease);
  if (it == by_name_.end() || !may_serve) {
    ++figures_.misses;
    return nullptr;
  }
  ++figures_.hits;
  entries_.splice(entries_.begin(), entries_, it->second);
  return &it->second->text;
}

ProductCache::Join ProductCache::join_fill(std::string_view name, int64_t now) {
  if (!options_.enabled || options_.size == 0) return {};
  if (!leased(now) && !planted(Bug::kJoinWithoutLease)) return {};
  std::string key(name);
  const auto it = fills_.find(key);
  if (it == fills_.end()) {
    if (fills_.size() >= kMaxFills) return {};
    fills_.emplace(std::move(key), Fill{0, subscription_});
    return {Join::How::kBegin, 0};
  }
  // Begun under another subscription it has not heard of the changes in between.
  if (it->second.subscription != subscription_) return {};
  return {Join::How::kWait, it->second.floor};
}

bool ProductCache::end_fill(std::string_view name, uint64_t version, std::string text) {
  const auto it = fills_.find(std::string(name));
  if (it == fills_.end()) return false;
  const Fill fill = it->second;
  fills_.erase(it);
  if (version == 0) return false;
  const bool of_another = fill.subscription != subscription_ && !planted(Bug::kStoreOldFill);
  const bool too_old = version < fill.floor && !planted(Bug::kNoFloor);
  if (of_another || too_old) {
    ++figures_.refused;
    return false;
  }
  store(name, version, std::move(text));
  return true;
}

void ProductCache::fail_fill(std::string_view name) { fills_.erase(std::string(name)); }

void ProductCache::store(std::string_view name, uint64_t version, std::string text) {
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) {
    const auto entry = known->second;
    by_name_.erase(known);
    entries_.erase(entry);
  } else if (entries_.size() >= options_.size) {
    by_name_.erase(entries_.back().name);
    entries_.pop_back();
    ++figures_.evicted;
  }
  entries_.push_front({std::string(name), version, std::move(text)});
  by_name_.emplace(entries_.front().name, entries_.begin());
  ++figures_.stored;
}

// --- the subscription ---

Poll ProductCache::begin_poll(int64_t now) {
  polled_at_ = now;
  return {front_id_, subscription_, acknowledged_, now};
}

void ProductCache::pushed(const Push& push, int64_t now) {
  if (!polled_at_ || push.stamp_ns != *polled_at_) return;  // of an earlier poll
  polled_at_.reset();
  if (push.fresh && push.subscription != 0) {
    unsubscribe();
    subscription_ = push.subscription;
  } else if (push.fresh || push.subscription != subscription_) {
    unsubscribe();
    return;
  }
  for (const Invalidation& item : push.invalidations) {
    if (item.sequence <= acknowledged_) continue;
    if (item.name.empty()) {
      const bool keeps = push.fresh && planted(Bug::kKeepOnReconnect);
      if (!keeps) drop_all();
    } else if (item.sequence == acknowledged_ + 1) {
      drop(item.name, item.version);
    } else {
      unsubscribe();  // something was missed
      return;
    }
    acknowledged_ = item.sequence;
  }
  // Nine tenths, so that it ends before the catalog's count of it where clocks run less than a
  // tenth apart.
  const int64_t from_ns = planted(Bug::kFrontLeaseFromReceipt) ? now : push.stamp_ns;
  const int64_t tenths = planted(Bug::kNoMargin) ? 10 : 9;
  lease_until_ = std::max(lease_until_, from_ns + push.lease_ns / 10 * tenths);
}

void ProductCache::drop(std::string_view name, uint64_t version) {
  const auto it = by_name_.find(name);
  if (it != by_name_.end() && it->second->version < version) {
    const auto entry = it->second;
    by_name_.erase(it);
    entries_.erase(entry);
    ++figures_.invalidated;
  }
  const auto fill = fills_.find(std::string(name));
  if (fill != fills_.end()) fill->second.floor = std::max(fill->second.floor, version);
}

void ProductCache::drop_all() {
  if (!entries_.empty()) ++figures_.emptied;
  by_name_.clear();
  entries_.clear();
  if (planted(Bug::kStoreOldFill)) return;
  for (auto& [name, fill] : fills_) fill.floor = std::numeric_limits<uint64_t>::max();
}

void ProductCache::unsubscribe() {
  if (!planted(Bug::kKeepOnReconnect)) drop_all();
  subscription_ = 0;
  acknowledged_ = 0;
  lease_until_ = 0;
}

}  // namespace tandem::toys
