// UniqueFunction<R(Args...)>: a callable that is moved, never copied, and called as often as its
// owner likes. std::function wants copies, which a completion that owns a request cannot give.
// Small callables (up to 48 bytes) are stored in place: no allocation for a completion a request.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace tandem {

template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT: "no function" reads as nullptr at call sites

  template <typename F>
  requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      UniqueFunction(F&& f) {  // NOLINT: implicit, as with std::function
    using Fn = std::decay_t<F>;
    if constexpr (fits<Fn>()) {
      ::new (static_cast<void*>(storage_)) Fn(std::forward<F>(f));
      table_ = &kInPlace<Fn>;
    } else {
      ::new (static_cast<void*>(storage_)) Fn*(std::make_unique<Fn>(std::forward<F>(f)).release());
      table_ = &kOnHeap<Fn>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return table_ != nullptr; }

  R operator()(Args... args) {
    CHECK(table_ != nullptr);
    return table_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr size_t kInPlaceBytes = 48;

  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <typename Fn>
  static constexpr bool fits() {
    constexpr bool kSmall = sizeof(Fn) <= kInPlaceBytes;
    constexpr bool kAligned = alignof(Fn) <= alignof(std::max_align_t);
    return kSmall && kAligned && std::is_nothrow_move_constructible_v<Fn>;
  }

  template <typename Fn>
  static constexpr Table kInPlace = {[](void* p, Args&&... args) -> R {
                                       return (*static_cast<Fn*>(p))(std::forward<Args>(args)...);
                                     },
                                     [](void* from, void* to) noexcept {
                                       ::new (to) Fn(std::move(*static_cast<Fn*>(from)));
                                       static_cast<Fn*>(from)->~Fn();
                                     },
                                     [](void* p) noexcept { static_cast<Fn*>(p)->~Fn(); }};

  template <typename Fn>
  static constexpr Table kOnHeap = {
      [](void* p, Args&&... args) -> R {
        return (**static_cast<Fn**>(p))(std::forward<Args>(args)...);
      },
      [](void* from, void* to) noexcept { ::new (to) Fn*(*static_cast<Fn**>(from)); },
      [](void* p) noexcept { std::unique_ptr<Fn>(*static_cast<Fn**>(p)).reset(); }};

  void take(UniqueFunction& other) noexcept {
    table_ = other.table_;
    if (table_ != nullptr) table_->move(other.storage_, storage_);
    other.table_ = nullptr;
  }
  void reset() noexcept {
    if (table_ != nullptr) table_->destroy(storage_);
    table_ = nullptr;
  }

  alignas(std::max_align_t) std::byte storage_[kInPlaceBytes];
  const Table* table_ = nullptr;
};

}  // namespace tandem
