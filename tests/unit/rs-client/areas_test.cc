#include "rs-client/areas.h"

#include <gtest/gtest.h>

namespace tandem::client {
namespace {

const wire::Json kAreas = wire::parse_json(R"([
  {"area": 1, "name": "Kempegowda Ward"}, {"area": 2, "name": "Chowdeswari Ward"},
  {"area": 3, "name": "Atturu"}, {"area": 4, "name": "Atturu Layout"}
])")
                              .value();

std::string number(const std::string& word) {
  const auto found = area_number(kAreas, word);
  return found ? *found : found.error().message;
}

TEST(Areas, AreFoundByANameOrAPartThatOnlyOneHas) {
  EXPECT_EQ(number("Kempegowda Ward"), "1");
  EXPECT_EQ(number("chowdes"), "2");
  // The whole name of one, though it is a part of another's.
  EXPECT_EQ(number("ATTURU"), "3");
  EXPECT_EQ(number("layout"), "4");
}

TEST(Areas, ThatAreNotUniqueAreNamed) {
  EXPECT_EQ(number("ward"), "'ward' is more than one area: 1 Kempegowda Ward, 2 Chowdeswari Ward");
  EXPECT_EQ(number("nowhere"), "there is no area 'nowhere': 'areas' lists them");
}

TEST(Areas, AreListedByAWord) {
  EXPECT_EQ(matching_areas(kAreas, "").size(), 4u);
  EXPECT_EQ(matching_areas(kAreas, "WARD").size(), 2u);
  EXPECT_EQ(matching_areas(kAreas, "x").size(), 0u);
}

}  // namespace
}  // namespace tandem::client
