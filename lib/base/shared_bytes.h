// Bytes that never change and that several owners hold without a copy, such as the body of a large
// answer on its way through a process. Owners may be on different threads.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tandem {

class SharedBytes {
 public:
  // What is shorter costs less to copy than to share.
  static constexpr size_t kWorthSharing = size_t{64} << 10;

  SharedBytes() = default;  // none
  explicit SharedBytes(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    view_ = *owner;
    owner_ = std::move(owner);
  }
  // Of what `owner` keeps.
  SharedBytes(std::shared_ptr<const void> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}

  std::string_view view() const { return view_; }
  size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  // The first `count`, and those after them. REQUIRES: there are so many.
  SharedBytes first(size_t count) const { return {owner_, view_.substr(0, count)}; }
  SharedBytes from(size_t count) const { return {owner_, view_.substr(count)}; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace tandem
