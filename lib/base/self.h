// What a completion holds of its owner, which may be gone by the time it comes: it looks before it
// touches anything.
//
//   coord_.read_record(group_, [self = self_.ref()](const auto& record) {
//     if (self) self->take(record);
//   });
//
// One thread. Not for what has to stay alive: that is shared.
#pragma once

#include <memory>
#include <utility>

namespace tandem {

template <typename T>
class SelfRef {
 public:
  SelfRef() = default;  // refers to nobody
  explicit SelfRef(std::shared_ptr<T*> owner) : owner_(std::move(owner)) {}

  // Whether it is still there. REQUIRES, of the next two: it is.
  explicit operator bool() const { return owner_ != nullptr && *owner_ != nullptr; }
  T* operator->() const { return *owner_; }
  T& operator*() const { return **owner_; }
  // Refers to somebody, who may be gone.
  bool is_set() const { return owner_ != nullptr; }

 private:
  std::shared_ptr<T*> owner_;
};

// The last member of its owner, so that nothing meets one that is half destroyed.
template <typename T>
class Self {
 public:
  explicit Self(T& owner) : owner_(std::make_shared<T*>(&owner)) {}
  ~Self() { *owner_ = nullptr; }
  Self(const Self&) = delete;
  Self& operator=(const Self&) = delete;

  SelfRef<T> ref() const { return SelfRef<T>(owner_); }

 private:
  const std::shared_ptr<T*> owner_;
};

}  // namespace tandem
