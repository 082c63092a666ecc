#include "tables_declaration.h"

#include <gtest/gtest.h>

namespace tandem::orch {
namespace {

using News = TablesDeclaration::News;

TEST(TablesDeclaration, EachMasterIsGivenThemOnce) {
  TablesDeclaration tables;
  EXPECT_FALSE(tables.trouble().empty());
  EXPECT_TRUE(tables.due(3, 0));
  EXPECT_FALSE(tables.due(3, 0)) << "it is under way";
  EXPECT_EQ(tables.ended(200, "{}", 10).news, News::kNone);
  EXPECT_TRUE(tables.trouble().empty());
  EXPECT_FALSE(tables.due(3, 100'000));
  EXPECT_TRUE(tables.due(4, 100'000));
}

TEST(TablesDeclaration, WhatFailsIsDueAgainALittleLaterAndTheTablesStayAsTheyWere) {
  TablesDeclaration tables;
  tables.due(3, 0);
  tables.ended(200, "{}", 0);
  tables.due(4, 5000);
  EXPECT_EQ(tables.ended(503, "no master", 5000).news, News::kNone);
  EXPECT_TRUE(tables.trouble().empty());
  EXPECT_FALSE(tables.due(4, 5999));
  EXPECT_FALSE(tables.due(5, 5999)) << "whoever leads";
  EXPECT_TRUE(tables.due(4, 6000));
}

TEST(TablesDeclaration, ARefusalIsToldAndHoldsUntilTheyAreTaken) {
  TablesDeclaration tables;
  tables.due(3, 0);
  const auto refused = tables.ended(409, "a column is missing", 0);
  EXPECT_EQ(refused.news, News::kTrouble);
  EXPECT_EQ(refused.text, "the declared tables are refused: a column is missing");
  EXPECT_EQ(tables.trouble(), refused.text);
  EXPECT_FALSE(tables.due(3, 100'000)) << "the same master would say the same";
  tables.due(4, 100'000);
  const auto over = tables.ended(200, "{}", 100'000);
  EXPECT_EQ(over.news, News::kTroubleOver);
  EXPECT_EQ(over.text, refused.text);
  EXPECT_TRUE(tables.trouble().empty());
}

}  // namespace
}  // namespace tandem::orch
