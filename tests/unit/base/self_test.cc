#include "base/self.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/function.h"

namespace tandem {
namespace {

struct Owner {
  int told = 0;
  Self<Owner> self{*this};
};

TEST(SelfTest, ACompletionReachesItsOwnerWhileItIsThere) {
  std::optional<Owner> owner(std::in_place);
  UniqueFunction<bool()> done = [self = owner->self.ref()] {
    if (self) ++self->told;
    return static_cast<bool>(self);
  };
  EXPECT_TRUE(done());
  EXPECT_EQ(owner->told, 1);
  owner.reset();
  EXPECT_FALSE(done());
}

TEST(SelfTest, AReferenceToWhatIsGoneStaysSet) {
  SelfRef<Owner> ref;
  EXPECT_FALSE(ref.is_set());
  EXPECT_FALSE(ref);
  {
    const Owner owner;
    ref = owner.self.ref();
    EXPECT_TRUE(ref);
    EXPECT_EQ(&*ref, &owner);
  }
  EXPECT_TRUE(ref.is_set());
  EXPECT_FALSE(ref);
}

}  // namespace
}  // namespace tandem
