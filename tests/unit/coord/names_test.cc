#include "coord/names.h"

#include <gtest/gtest.h>

namespace tandem::coord {
namespace {

TEST(NamesTest, LettersDigitsAndSomeSigns) {
  for (const std::string& name : {std::string("orders"), std::string("rides-db"),
                                  std::string("A.9_"), std::string(64, 'x')}) {
    EXPECT_TRUE(check_group_name(name)) << name;
  }
}

TEST(NamesTest, NothingThatLeavesTheDirectoryOrHidesInIt) {
  for (const std::string& name :
       {std::string(), std::string(".."), std::string(".orders"), std::string("../orders"),
        std::string("a/b"), std::string("a b"), std::string("\xC3\xA4"), std::string(65, 'x')}) {
    const Status checked = check_group_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(
        checked.error().message,
        "group '" + name + "' is not 1 to 64 letters, digits, '-', '_' and '.', the first no '.'");
  }
}

}  // namespace
}  // namespace tandem::coord
