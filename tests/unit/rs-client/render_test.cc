#include "rs-client/render.h"

#include <gtest/gtest.h>

namespace tandem::client {
namespace {

std::string rendered(std::string_view json, Format format, bool color = false) {
  return render(wire::parse_json(json).value(), format, color);
}

constexpr std::string_view kRides =
    R"([{"rideId":7,"username":"ann"},{"rideId":12,"username":"bob the 2nd"}])";

TEST(Render, MakesATableOfObjectsForPeople) {
  EXPECT_EQ(rendered(kRides, Format::kPretty),
            "rideId  username\n"
            "     7  ann\n"
            "    12  bob the 2nd\n");
}

TEST(Render, MakesTheHeadBoldWithColor) {
  EXPECT_EQ(rendered(R"([{"a":"x"}])", Format::kPretty, true), "\033[1ma\033[0m\nx\n");
}

TEST(Render, SeparatesValuesByTabsWithoutAHeadForScripts) {
  EXPECT_EQ(rendered(kRides, Format::kTsv), "7\tann\n12\tbob the 2nd\n");
}

TEST(Render, KeepsColumnsWhereRowsDiffer) {
  EXPECT_EQ(rendered(R"([{"a":1,"b":2},{"b":3,"c":null}])", Format::kTsv), "1\t2\t\n\t3\t\n");
}

TEST(Render, GivesJsonOnOneLine) {
  EXPECT_EQ(rendered("[ {\"a\" : 1} ]", Format::kJson), "[{\"a\":1}]\n");
}

TEST(Render, GivesALineForEachScalar) {
  EXPECT_EQ(rendered(R"(["ann","b\tb",3,true])", Format::kTsv), "ann\nb\\tb\n3\ntrue\n");
  EXPECT_EQ(rendered(R"(["ann","b\u001bb"])", Format::kPretty), "ann\nb\\x1bb\n");
}

TEST(Render, ShowsAnObjectAsNamesAndValues) {
  const char* ride = R"({"rideId":1,"users":["ann","bob"]})";
  EXPECT_EQ(rendered(ride, Format::kPretty), "rideId  1\nusers   ann,bob\n");
  EXPECT_EQ(rendered(ride, Format::kTsv), "1\tann,bob\n");
}

TEST(Render, WritesPricesWithTwoDecimals) {
  EXPECT_EQ(rendered(R"([20.0,15.99,0.5,1.125,1e9])", Format::kTsv),
            "20.00\n15.99\n0.50\n1.125\n1000000000.00\n");
  EXPECT_EQ(rendered(R"({"price":20.0})", Format::kPretty), "price  20.00\n");
}

TEST(Render, PutsTheDotsOfAColumnBelowEachOther) {
  EXPECT_EQ(rendered(R"([{"ms":0.5},{"ms":12.125},{"ms":3},{"ms":null}])", Format::kPretty),
            "    ms\n 0.500\n12.125\n 3.000\n\n");
  EXPECT_EQ(rendered(R"([{"n":1},{"n":null},{"n":12}])", Format::kPretty), " n\n 1\n\n12\n");
}

TEST(Render, PrintsNothingForNothing) {
  for (const Format format : {Format::kPretty, Format::kTsv}) {
    EXPECT_EQ(rendered("[]", format), "");
    EXPECT_EQ(rendered("{}", format), "");
  }
  EXPECT_EQ(rendered("[]", Format::kJson), "[]\n");
}

TEST(CellsOf, TakesMembersElementsOrTheValue) {
  EXPECT_EQ(cells_of(wire::parse_json(R"({"a":1,"b":[1,2]})").value()),
            (std::vector<std::string>{"1", "1,2"}));
  EXPECT_EQ(cells_of(wire::Json(7)), std::vector<std::string>{"7"});
}

}  // namespace
}  // namespace tandem::client
