#include "rs-client/client_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace tandem::client {
namespace {

class ClientFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "client_file.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    before_ = std::filesystem::current_path();
    std::filesystem::create_directory(directory_ / "here");
    std::filesystem::current_path(directory_ / "here");
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(directory_);
  }
  void write_below(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory / "run");
    std::ofstream(directory / "run/client.toml") << "[users]\n";
  }
  std::string find(const std::string& tandem_dir) {
    return find_client_file(tandem_dir,
                            [this](const std::string& text) { warnings_.push_back(text); });
  }

  std::filesystem::path directory_;
  std::filesystem::path before_;
  std::vector<std::string> warnings_;
};

TEST_F(ClientFileTest, ThereMayBeNone) {
  EXPECT_EQ(find(""), "");
  EXPECT_EQ(find(directory_.string()), "");
}

TEST_F(ClientFileTest, TheVariableComesBeforeTheWorkingDirectory) {
  write_below(".");
  EXPECT_EQ(find(""), "run/client.toml");
  EXPECT_EQ(find((directory_ / "there").string()), "run/client.toml");
  write_below(directory_ / "there");
  EXPECT_EQ(find((directory_ / "there").string()), (directory_ / "there/run/client.toml").string());
}

TEST_F(ClientFileTest, WhatSomebodyElseWroteIsNotTrusted) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  write_below(".");
  ASSERT_EQ(chown("run/client.toml", 1234, 1234), 0);
  std::filesystem::permissions(directory_, std::filesystem::perms::all);
  ASSERT_EQ(seteuid(4321), 0);
  const std::string found = find("");
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(found, "");
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("'run/client.toml' belongs to another user"), std::string::npos);
}

}  // namespace
}  // namespace tandem::client
