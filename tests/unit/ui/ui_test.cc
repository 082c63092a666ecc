#include "ui/ui.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tandem::ui {
namespace {

TEST(Files, HaveNamesOfTheirOwnAndAreWhole) {
  std::set<std::string_view> names;
  for (const File& file : files()) {
    EXPECT_TRUE(names.insert(file.name).second) << file.name;
    EXPECT_FALSE(file.content.empty()) << file.name;
  }
  EXPECT_TRUE(find("index.html").ends_with("</html>\n"));
  EXPECT_NE(find("uPlot.iife.min.js").find("uPlot"), std::string_view::npos);
  EXPECT_EQ(find("nothing"), "");
}

}  // namespace
}  // namespace tandem::ui
