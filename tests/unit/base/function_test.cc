#include "base/function.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tandem {
namespace {

// Counts the living copies of a callable.
struct Counted {
  explicit Counted(int& n) : living(&n) { ++*living; }
  Counted(Counted&& other) noexcept : living(other.living) { ++*living; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&&) = delete;
  ~Counted() { --*living; }
  int operator()() const { return *living; }
  int* living;
};

struct Large : Counted {
  using Counted::Counted;
  std::array<char, 200> ballast{};
};

template <typename T>
class OwnedCallable : public testing::Test {};
using Sizes = testing::Types<Counted, Large>;
TYPED_TEST_SUITE(OwnedCallable, Sizes);

TYPED_TEST(OwnedCallable, IsDestroyedOnce) {
  int living = 0;
  {
    UniqueFunction<int()> function = TypeParam(living);
    EXPECT_EQ(function(), 1);
    UniqueFunction<int()> moved = std::move(function);
    EXPECT_FALSE(function);  // NOLINT: that a moved function is empty is promised
    EXPECT_EQ(moved(), 1);
    UniqueFunction<int()> assigned = TypeParam(living);
    EXPECT_EQ(living, 2);
    assigned = std::move(moved);
    EXPECT_EQ(living, 1);
    assigned = nullptr;
    EXPECT_FALSE(assigned);
    EXPECT_EQ(living, 0);
  }
  EXPECT_EQ(living, 0);
}

TEST(UniqueFunction, TakesWhatCannotBeCopied) {
  UniqueFunction<int(int)> add = [p = std::make_unique<int>(40)](int n) { return *p + n; };
  EXPECT_EQ(add(2), 42);
  EXPECT_EQ(add(3), 43);
}

TEST(UniqueFunction, PassesReferencesAndMovesArguments) {
  UniqueFunction<void(std::string&, std::unique_ptr<int>)> function =
      [](std::string& text, std::unique_ptr<int> n) { text += std::to_string(*n); };
  std::string text = "n";
  function(text, std::make_unique<int>(7));
  EXPECT_EQ(text, "n7");
}

TEST(UniqueFunction, KeepsStateBetweenCalls) {
  UniqueFunction<int()> next = [n = 0]() mutable { return ++n; };
  next();
  EXPECT_EQ(next(), 2);
}

TEST(UniqueFunctionDeathTest, CallingAnEmptyOneEnds) {
  UniqueFunction<void()> empty;
  EXPECT_FALSE(empty);
  EXPECT_DEATH(empty(), "table_ != nullptr");
}

}  // namespace
}  // namespace tandem
